"""JSON answers, and errors as GraphQL's `errors` list."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from husqy_graphql.core.errors import CodedError, RateLimited, Unauthenticated, Unavailable


def json_response(
    body: Any, status: int = 200, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer in UTF-8."""
    return Response(to_json(body), status, dict(headers or {}), media_type=f"{media_type}; charset=utf-8")


def to_json(body: Any) -> bytes:
    """A GraphQL response as JSON in UTF-8. Times in UTC, which the compiled executor leaves as they are, are written as
    the scalar DateTime writes them."""
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def error_response(error: CodedError, headers: Mapping[str, str] | None = None) -> Response:
    """The refusal of a whole request; plain `application/json`, since no GraphQL ran."""
    body = {"errors": [{"message": error.detail, "extensions": error.extensions}]}
    return json_response(body, error.code.status, headers={**error_headers(error), **(headers or {})})


def error_headers(error: CodedError) -> dict[str, str]:
    """The headers that HTTP wants beside an error."""
    match error:
        case Unauthenticated():
            return {"www-authenticate": "Bearer"}
        case RateLimited(retry_after=seconds) | Unavailable(retry_after=seconds):
            return {"retry-after": str(math.ceil(seconds))}
        case _:
            return {}
