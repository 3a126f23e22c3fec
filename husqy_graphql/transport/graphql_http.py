"""GraphQL over HTTP (the specification's draft, in the profile that its audit suite checks).

POST with a JSON body, GET for queries. Answers `application/graphql-response+json` to clients that ask for it, else
`application/json`, where a request that GraphQL itself refuses is still a 200.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
from graphql import ExecutionResult, GraphQLError, OperationDefinitionNode, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from husqy_graphql.core.errors import (
    BadUserInput,
    ErrorCode,
    MethodNotAllowed,
    NotAcceptable,
    PayloadTooLarge,
    TimedOut,
    Unavailable,
    UnsupportedMediaType,
)
from husqy_graphql.engine.documents import DocumentStore
from husqy_graphql.engine.errors import coded
from husqy_graphql.engine.execution import Engine
from husqy_graphql.gql.context import Context
from husqy_graphql.transport.middleware import request_id_of
from husqy_graphql.transport.negotiation import best_media_type
from husqy_graphql.transport.responses import error_headers, error_response, json_response

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
ALLOW = "GET, POST, OPTIONS"
_OBJECTS = ("variables", "extensions")


@dataclass(frozen=True, slots=True)
class GraphQLParameters:
    """What a request asks for: the specification's request parameters."""

    query: str
    operation_name: str | None
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """The `/graphql` endpoint. `max_body` is in bytes, `deadline` in seconds."""

    engine: Engine
    documents: DocumentStore
    open_context: Callable[[Request], Awaitable[Context]]
    max_body: int = 100_000
    deadline: float = 10.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of any method; raises nothing."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": ALLOW})
        try:
            media_type = _media_type(request)
            context = await self.open_context(request)
            parameters = await self._parameters(request)
            return await self._run(request.method, parameters, context, media_type)
        except MethodNotAllowed as error:
            return error_response(error, {"allow": "POST" if request.method == "GET" else ALLOW})
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 - masked and logged
            return error_response(coded(error, request_id_of(request.scope)))

    async def _parameters(self, request: Request) -> GraphQLParameters:
        if request.method == "GET":
            return _from_query(request)
        if request.method != "POST":
            raise MethodNotAllowed("GraphQL takes GET and POST.")
        content_type = request.headers.get("content-type", "")
        kind, _, parameters = content_type.partition(";")
        if kind.strip().lower() != JSON:
            raise UnsupportedMediaType(f"Send the request as JSON, with `Content-Type: {JSON}`.")
        charset = parameters.strip().lower().replace('"', "")
        if charset.startswith("charset=") and charset not in {"charset=utf-8", "charset=utf8"}:
            raise UnsupportedMediaType("Send the JSON in UTF-8.")
        return _checked(_decode(await self._body(request)))

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.max_body:
                raise PayloadTooLarge(f"The request is larger than {self.max_body} bytes.")
        return bytes(body)

    async def _run(self, method: str, parameters: GraphQLParameters, context: Context, media_type: str) -> Response:
        prepared = self.documents.get(parameters.query)
        if prepared.errors or prepared.document is None:
            return _response(ExecutionResult(None, list(prepared.errors)), media_type)
        operation = prepared.operation(parameters.operation_name)
        if operation is None:
            return _response(ExecutionResult(None, [_no_operation(parameters, prepared.operations)]), media_type)
        if method == "GET" and operation.operation is not OperationType.QUERY:
            raise MethodNotAllowed("A GET may only query; send mutations with POST.")
        try:
            async with asyncio.timeout(self.deadline):
                result = await self.engine.execute(
                    prepared.document, parameters.operation_name, parameters.variables, context
                )
        except TimeoutError:
            raise TimedOut(f"The operation took longer than {self.deadline:g} seconds and was stopped.") from None
        return _response(result, media_type)


def _media_type(request: Request) -> str:
    media_type = best_media_type(request.headers.get("accept"), (JSON, GRAPHQL_JSON))
    if media_type is None:
        raise NotAcceptable(f"This endpoint answers {GRAPHQL_JSON} and {JSON} only; accept one of them.")
    return media_type


def _from_query(request: Request) -> GraphQLParameters:
    given: dict[str, Any] = {}
    for name in ("query", "operationName", "variables", "extensions"):
        values = [value for value in request.query_params.getlist(name) if value]
        if len(values) > 1:
            raise BadUserInput(f"`{name}` was sent more than once.")
        if values:
            given[name] = _decode(values[0].encode(errors="surrogatepass")) if name in _OBJECTS else values[0]
    return _checked(given)


def _decode(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadUserInput(f"This is not JSON in UTF-8: {error}.") from None


def _checked(given: Any) -> GraphQLParameters:
    if not isinstance(given, dict):
        raise BadUserInput("The request must be a JSON object with a `query`; batches are not taken.")
    parameters = cast("dict[str, Any]", given)
    query, operation_name = parameters.get("query"), parameters.get("operationName")
    if not isinstance(query, str) or not query:
        raise BadUserInput("`query` must be the text of a GraphQL document.")
    if operation_name is not None and not isinstance(operation_name, str):
        raise BadUserInput("`operationName` must be a string.")
    for name in _OBJECTS:
        if parameters.get(name) is not None and not isinstance(parameters[name], dict):
            raise BadUserInput(f"`{name}` must be a JSON object.")
    return GraphQLParameters(query, operation_name or None, parameters.get("variables") or {})


def _no_operation(parameters: GraphQLParameters, operations: Mapping[str, OperationDefinitionNode]) -> GraphQLError:
    if parameters.operation_name is not None:
        message = f"The document has no operation named {parameters.operation_name!r}."
    elif operations:
        message = "The document has several operations: name one in `operationName`."
    else:
        message = "The document has no operation."
    return GraphQLError(message, extensions={"code": ErrorCode.BAD_USER_INPUT.name})


def _response(result: ExecutionResult, media_type: str) -> Response:
    errors = result.errors or []
    body: dict[str, Any] = {}
    if errors:
        body["errors"] = [error.formatted for error in errors]
    # A request that GraphQL refused has no data at all; one whose root became null has it as null.
    executed = result.data is not None or any(error.path for error in errors)
    if executed:
        body["data"] = result.data
    status = 200 if executed or media_type == JSON else 400
    return json_response(body, status, media_type, _headers(errors))


def _headers(errors: list[GraphQLError]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for error in errors:
        if isinstance(error.original_error, Unavailable):
            headers.update(error_headers(error.original_error))
    return headers
