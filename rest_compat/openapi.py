"""The OpenAPI 3.1 document of the REST API, derived from endpoints: nothing in it is written twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from rest_compat.compile import Endpoint
from rest_compat.json_schema import Components, Schema, described, object_schema, record_schema, request_schema
from rest_compat.problem import PROBLEM_JSON
from rest_compat.variables import Variable

_PROBLEM: Final[Schema] = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "required": ["type", "title", "status", "detail", "message"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "What kind of refusal it is."},
        "title": {"type": "string", "description": "The kind in words."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": ["string", "null"], "description": "What is wrong with this very request."},
        "message": {"type": ["string", "null"], "description": "The same text as `detail`."},
        "errors": {
            "type": "array",
            "description": "The values that cannot be accepted; only where there are any.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "Where in the request, as a JSON pointer: `#/field`."},
                    "detail": {"type": "string", "description": "What is wrong with the value there."},
                },
            },
        },
    },
}


def openapi(endpoints: Sequence[Endpoint], *, title: str, version: str, description: str) -> dict[str, Any]:
    """The document as JSON data. Aliases of a path are not in it: it publishes one address an operation."""
    components = Components()
    components.schemas["Problem"] = _PROBLEM
    paths: dict[str, dict[str, Any]] = {}
    used: set[int] = set()
    for endpoint in endpoints:
        operation = _operation(endpoint, components, used)
        paths.setdefault(endpoint.paths[0], {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "servers": [{"url": "/"}],
        "tags": [{"name": service} for service in dict.fromkeys(endpoint.service for endpoint in endpoints)],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {str(status): _refusal(status) for status in sorted(used)},
            "schemas": dict(sorted(components.schemas.items())),
        },
    }


def _operation(endpoint: Endpoint, components: Components, used: set[int]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [endpoint.service],
        "operationId": endpoint.id,
        "summary": summary(endpoint.description),
        "description": endpoint.description,
        "security": [] if endpoint.anonymous else [{"bearer": []}],
    }
    outside = [variable for variable in endpoint.variables if variable.place != "body"]
    inside = [variable for variable in endpoint.variables if variable.place == "body"]
    if outside:
        operation["parameters"] = [_parameter(variable, endpoint, components) for variable in outside]
    if inside:
        properties = {variable.written: _schema(variable, endpoint, components) for variable in inside}
        required = [variable.written for variable in inside if variable.required]
        operation["requestBody"] = {
            "required": bool(required),
            "content": {"application/json": {"schema": object_schema(properties, required)}},
        }
    statuses = _statuses(endpoint)
    used.update(statuses)
    operation["responses"] = {
        "200": {
            "description": "Done.",
            "content": {"application/json": {"schema": _data(endpoint, components)}},
        },
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses},
    }
    return operation


def _parameter(variable: Variable, endpoint: Endpoint, components: Components) -> dict[str, Any]:
    schema = request_schema(variable.type, components, endpoint.service)
    parameter: dict[str, Any] = {
        "name": variable.written,
        "in": variable.place,
        "required": variable.required or variable.place == "path",
        "schema": schema if variable.default is None else {**schema, "default": variable.default},
    }
    if variable.description:
        parameter["description"] = variable.description
    return parameter


def _schema(variable: Variable, endpoint: Endpoint, components: Components) -> Schema:
    schema = described(request_schema(variable.type, components, endpoint.service), variable.description)
    return schema if variable.default is None else {**schema, "default": variable.default}


def _data(endpoint: Endpoint, components: Components) -> Schema:
    if endpoint.message is not None:
        data = object_schema({"message": {"type": "string", "const": endpoint.message}}, ["message"])
    else:
        data = record_schema(endpoint.shape, components, endpoint.service)
    return object_schema({"data": data}, ["data"])


def _statuses(endpoint: Endpoint) -> list[int]:
    statuses = {503}
    if not endpoint.anonymous:
        statuses |= {401, 429, 500}
    if endpoint.variables or endpoint.method != "GET":  # whoever changes something may be the wrong one
        statuses |= {400, 403, 404}
    if endpoint.has_body:
        statuses |= {413, 415}
    if endpoint.conflict:
        statuses.add(409)
    return sorted(statuses)


def _refusal(status: int) -> dict[str, Any]:
    refusal: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == 401:
        refusal["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`."}}
    if status in {429, 503}:
        refusal["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait, where they are known."}
        }
    return refusal


def summary(description: str) -> str:
    """The first sentence of a description, without its full stop."""
    text = " ".join(description.split())
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0].removesuffix(".")
