"""Refusals as RFC 9457 bodies: one shape for everything that is not a 200."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson
from starlette.responses import Response

PROBLEM_JSON = "application/problem+json"

# Error code -> (HTTP status, title), the table that GraphQL's errors use too.
Statuses = Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one value of a request. `pointer` is a JSON pointer as a URI fragment (RFC 6901, 6)."""

    pointer: str
    detail: str


@dataclass(eq=False)
class Refusal(Exception):
    """A request that is answered with a problem body instead of data; the door turns it into the response."""

    code: str
    detail: str
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    retry_after: float | None = None


def pointer(path: Iterable[str | int]) -> str:
    """`#/field/0/sub` for a path into a request (RFC 6901, sections 3 and 6)."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "#" + "".join("/" + quote(step, safe="~!$&'()*+,;=:@", errors="replace") for step in steps)


def problem_body(
    status: int, title: str, detail: str, code: str, faults: Iterable[Fault] = ()
) -> dict[str, str | int | list[dict[str, str]]]:
    """The members of a problem body (RFC 9457, section 3); `message` repeats `detail`, as the contract has both."""
    body: dict[str, Any] = {
        "type": f"urn:husqy:problem:{code.lower().replace('_', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "message": detail,
    }
    errors = [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]
    if errors:
        body["errors"] = errors
    return body


def problem_response(refusal: Refusal, statuses: Statuses) -> Response:
    """The HTTP answer to a refusal; a code that the table does not know is an internal error."""
    status, title = statuses.get(refusal.code, (500, "Internal error"))
    headers = dict(refusal.headers)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if refusal.retry_after is not None:
        headers["retry-after"] = str(math.ceil(refusal.retry_after))
    body = problem_body(status, title, refusal.detail, refusal.code, refusal.faults)
    return Response(orjson.dumps(body), status, headers, PROBLEM_JSON)


def to_refusal(error: BaseException) -> Refusal | None:
    """The refusal that an exception with `extensions["code"]` stands for; None for any other exception."""
    if isinstance(error, Refusal):
        return error
    extensions = getattr(error, "extensions", None)
    if not isinstance(extensions, Mapping) or not isinstance(code := extensions.get("code"), str):  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
        return None
    detail = getattr(error, "detail", None)
    return Refusal(
        code,
        detail if isinstance(detail, str) else str(error),
        retry_after=retry_after(extensions),  # pyright: ignore[reportUnknownArgumentType]
    )


def retry_after(extensions: Mapping[str, Any]) -> float | None:
    """The seconds of an error's `retryAfter`, where it has any."""
    seconds = extensions.get("retryAfter")
    return float(seconds) if isinstance(seconds, int | float) and math.isfinite(seconds) and seconds >= 0 else None
