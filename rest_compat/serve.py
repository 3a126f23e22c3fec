"""Endpoints over HTTP: one ASGI door for everything below the prefix.

path ── 404, 405 ──> credential ── 401 ──> values ── 400, 413, 415 ──> execute ──> {"data": …} or a problem
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol, TypeAlias, cast

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from rest_compat.body import MAX_BODY, parse_object
from rest_compat.compile import OPENAPI_PATH, PARAMETER, PREFIX, Endpoint
from rest_compat.problem import Fault, Refusal, Statuses, pointer, problem_response, retry_after, to_refusal
from rest_compat.transform import Absent
from rest_compat.variables import bad_values, coerce_variables, parse_query

_JSON: Final = "application/json"
_MODULE_OFF: Final = "MODULE_DISABLED"


class RestContext(Protocol):
    """The part of a request's context that this package looks at."""

    @property
    def anonymous(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs the documents; the application hands it in.

    `open` authenticates a request, and raises an exception with `extensions["code"]` for a bad credential. `prepare`
    makes what `execute` runs, once an endpoint, out of a document and the name of its operation. `execute` runs it with
    variables in a context; the errors of its result are masked, and carry `extensions["code"]`.
    `statuses` has the HTTP status and the title of each code. `document` is the OpenAPI document to serve. `absent` has
    the code and the sentence for a null of a GraphQL type, where that says more than that it was not found.
    """

    open: Callable[[Request], Awaitable[Any]]
    prepare: Callable[[DocumentNode, str], Any]
    execute: Callable[[Any, dict[str, Any], Any], Awaitable[ExecutionResult]]
    statuses: Statuses
    document: Mapping[str, Any]
    absent: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])


Answer: TypeAlias = Callable[[Request, dict[str, str]], Awaitable[Response]]


@dataclass(slots=True)
class _Node:
    """A segment of a path: the literal segments below it, the one with a variable, and what is served here."""

    literal: dict[str, _Node] = field(default_factory=dict[str, "_Node"])
    variable: _Node | None = None
    answers: dict[str, tuple[tuple[str, ...], Answer]] = field(default_factory=dict[str, Any])


def routes(endpoints: Sequence[Endpoint], runtime: Runtime) -> list[BaseRoute]:
    """The Starlette routes of the whole REST API, its OpenAPI document included."""
    root = _Node()
    for endpoint in endpoints:
        answer = partial(_answer, endpoint, runtime, runtime.prepare(endpoint.document, endpoint.name))
        for path in endpoint.paths:
            _add(root, endpoint.method, path, answer)
    _add(root, "GET", OPENAPI_PATH, partial(_constant, orjson.dumps(runtime.document)))
    return [_Door(root, runtime)]


@dataclass(frozen=True, slots=True)
class _Door(BaseRoute):
    """Takes every path below the prefix; a mount would leave the prefix itself, and line breaks, to others."""

    root: _Node
    runtime: Runtime

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = _path(scope)
        below = scope["type"] == "http" and (path == PREFIX or path.startswith(f"{PREFIX}/"))
        return (Match.FULL if below else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except ClientDisconnect:
            return
        except Exception as error:
            refusal = to_refusal(error)
            if refusal is None:
                raise
            response = problem_response(refusal, self.runtime.statuses)
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        found = _find(self.root, _path(request.scope).removeprefix("/").removesuffix("/").split("/"), ())
        if found is None:
            raise Refusal("NOT_FOUND", "There is nothing at this path.")
        node, values = found
        allow = ", ".join(_methods(node))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": allow})
        served = node.answers.get("GET" if request.method == "HEAD" else request.method)
        if served is None:
            detail = f"{request.method[:20]} is not served at this path; {allow} are."
            raise Refusal("METHOD_NOT_ALLOWED", detail, headers={"allow": allow})
        names, answer = served
        return await answer(request, dict(zip(names, values, strict=True)))


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _methods(node: _Node) -> list[str]:
    methods: set[str] = {*node.answers, "OPTIONS"}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


def _add(root: _Node, method: str, path: str, answer: Answer) -> None:
    node = root
    for segment in path.strip("/").split("/"):
        if segment.startswith("{"):
            node.variable = node.variable or _Node()
            node = node.variable
        else:
            node = node.literal.setdefault(segment, _Node())
    node.answers[method] = (tuple(PARAMETER.findall(path)), answer)


def _find(node: _Node, segments: Sequence[str], values: tuple[str, ...]) -> tuple[_Node, tuple[str, ...]] | None:
    """The node of a path, and the texts of its variables; a literal segment goes before a variable."""
    if not segments:
        return (node, values) if node.answers else None
    head, rest = segments[0], segments[1:]
    found = _find(node.literal[head], rest, values) if head in node.literal else None
    if found is None and node.variable is not None and head:
        found = _find(node.variable, rest, (*values, head))
    return found


async def _constant(body: bytes, _request: Request, _path: dict[str, str]) -> Response:
    return Response(body, media_type=_JSON)


async def _answer(
    endpoint: Endpoint, runtime: Runtime, operation: Any, request: Request, path: dict[str, str]
) -> Response:
    context = await runtime.open(_without_credential(request) if endpoint.anonymous else request)
    if context.anonymous and not endpoint.anonymous:
        raise Refusal("UNAUTHENTICATED", "This operation needs a credential: send `Authorization: Bearer <token>`.")
    query: dict[str, list[str]] = {}
    body: dict[str, Any] = {}
    faults: list[Fault] = []
    if endpoint.has_body:
        body, faults = await _body(request)
    if endpoint.has_query:
        query = parse_query(request.scope["query_string"])
    variables = coerce_variables(endpoint.variables, path, query, body, faults)
    variables.update(endpoint.constants)
    result = await runtime.execute(operation, variables, context)
    if result.errors:
        raise _refusal(endpoint, result.errors)
    try:
        data = endpoint.transform(result.data)
    except Absent as absent:
        code, detail = runtime.absent.get(absent.type, ("NOT_FOUND", absent.detail))
        raise Refusal(_declared(endpoint, code, _MODULE_OFF), detail) from None
    if endpoint.message is not None:
        data = {"message": endpoint.message}
    # What executes may leave times as they are, in UTC.
    return Response(orjson.dumps({"data": data}, option=orjson.OPT_UTC_Z), media_type=_JSON)


def _without_credential(request: Request) -> Request:
    """The request as if nobody had sent it: probes must work while credentials can't be checked."""
    return Request({**request.scope, "headers": []}, request.receive)


async def _body(request: Request) -> tuple[dict[str, Any], list[Fault]]:
    """The JSON object of a request; empty for an empty body. Raises Refusal when it can't be taken."""
    too_large = Refusal("PAYLOAD_TOO_LARGE", f"The body is larger than {MAX_BODY} bytes.")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 9 or int(length) > MAX_BODY):
        raise too_large
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise too_large
    if not data.strip():
        return {}, []
    _check_content_type(request.headers.get("content-type"))
    return parse_object(bytes(data))


def _check_content_type(header: str | None) -> None:
    # Without the header it is JSON or a fault in it; forms are refused by name, because that is what `curl -d` sends.
    if header is None:
        return
    media_type, *parameters = (part.strip().lower() for part in header.split(";"))
    if media_type != _JSON and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", f"Send the body as JSON, with `Content-Type: {_JSON}`.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(' "') not in {"utf-8", "utf8", "us-ascii"}:
            raise Refusal("UNSUPPORTED_MEDIA_TYPE", "Send the JSON in UTF-8, the only encoding that JSON has.")


def _refusal(endpoint: Endpoint, errors: Sequence[GraphQLError]) -> Refusal:
    """The refusal for the error that comes first in the selection."""
    error = min(errors, key=partial(_place, endpoint))
    extensions = error.extensions or {}
    code = str(extensions.get("code", "INTERNAL"))
    fields: object = extensions.get("fields")
    if code == "BAD_USER_INPUT" and isinstance(fields, Mapping) and fields:
        keys = tuple(step for step in error.path or () if isinstance(step, str))
        written = {variable.name: variable.written for variable in endpoint.variables}
        faults: list[Fault] = []
        for name, detail in cast("Mapping[str, str]", fields).items():
            source = endpoint.arguments.source(keys, tuple(name.split(".")), written)
            faults.append(Fault(pointer(source), str(detail)))
        return bad_values(faults, error.message)
    return Refusal(
        _declared(endpoint, code, extensions.get("reason")), error.message, retry_after=retry_after(extensions)
    )


def _place(endpoint: Endpoint, error: GraphQLError) -> tuple[int, ...]:
    order = endpoint.arguments.order
    place: list[int] = []
    keys: tuple[str, ...] = ()
    for step in error.path or ():
        if isinstance(step, str):
            keys = (*keys, step)
        place.append(order.get(keys, len(order)) if isinstance(step, str) else step)
    return tuple(place)


def _declared(endpoint: Endpoint, code: str, reason: object) -> str:
    """A module that is off is a conflict only where the contract declares one (G4)."""
    off = code == "CONFLICT" and reason == _MODULE_OFF
    return "NOT_FOUND" if off and not endpoint.conflict else code
