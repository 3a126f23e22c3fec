"""GraphQL over HTTP (the specification's draft, in the profile that its audit suite checks).

POST with a JSON body, GET for queries. Answers `application/graphql-response+json` to clients that ask for it, else
`application/json`, where a request that GraphQL itself refuses is still a 200; `text/event-stream` streams.
`multipart/mixed` (`@defer`, `@stream`) is not offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from graphql import ExecutionResult, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from husqy_graphql.core.errors import (
    BadUserInput,
    CodedError,
    MethodNotAllowed,
    NotAcceptable,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from husqy_graphql.engine.errors import coded
from husqy_graphql.gql.context import Context
from husqy_graphql.transport.credentials import Gate
from husqy_graphql.transport.csrf import check_preflight
from husqy_graphql.transport.event_stream import EVENT_STREAM, RECHECK_SECONDS, EventStreamResponse, single_result
from husqy_graphql.transport.middleware import request_id_of
from husqy_graphql.transport.negotiation import best_media_type
from husqy_graphql.transport.operations import Operations, response_body, was_executed
from husqy_graphql.transport.parameters import GraphQLParameters, from_json, from_query, parse_json
from husqy_graphql.transport.responses import error_headers, error_response, json_response

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
ALLOW = "GET, POST, OPTIONS"


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """The `/graphql` endpoint. `max_body` is in bytes; `require_preflight` asks a GET for a header that no foreign page
    can send unasked; `recheck` is in seconds, of streams."""

    operations: Operations
    gate: Gate
    max_body: int = 100_000
    require_preflight: bool = False
    recheck: float = RECHECK_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of any method; raises nothing."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": ALLOW})
        try:
            media_type = _media_type(request)
            context = await self.gate.open(request)
            parameters = await self._parameters(request)
            return await self._run(request, parameters, context, media_type)
        except MethodNotAllowed as error:
            return error_response(error, {"allow": "POST" if request.method == "GET" else ALLOW})
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 - masked and logged
            return error_response(coded(error, request_id_of(request.scope)))

    async def _parameters(self, request: Request) -> GraphQLParameters:
        if request.method == "GET":
            if self.require_preflight:
                check_preflight(request)
            return from_query(request.query_params)
        if request.method != "POST":
            raise MethodNotAllowed("GraphQL takes GET and POST.")
        _check_content_type(request.headers.get("content-type", ""))
        return from_json(parse_json(await self._body(request)))

    async def _body(self, request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.max_body:
                raise PayloadTooLarge(f"The request is larger than {self.max_body} bytes.")
        return bytes(body)

    async def _run(self, request: Request, parameters: GraphQLParameters, context: Context, media_type: str) -> ASGIApp:
        operation = self.operations.find(parameters)
        if isinstance(operation, ExecutionResult):
            return _response(operation, parameters, context, media_type)
        if request.method == "GET" and operation.type is OperationType.MUTATION:
            raise MethodNotAllowed("A GET may only query; send mutations with POST.")
        if operation.type is OperationType.SUBSCRIPTION:
            if media_type != EVENT_STREAM:
                raise BadUserInput(
                    f"A subscription needs a stream: send `Accept: {EVENT_STREAM}`, or use a WebSocket with the "
                    "subprotocol graphql-transport-ws."
                )
            results = await self.operations.subscribe(operation, parameters.variables, context)
            if isinstance(results, ExecutionResult):
                return _response(results, parameters, context, media_type)
            return EventStreamResponse(results, partial(self.gate.caller, request, fresh=True), self.recheck)
        result = await self.operations.run(operation, parameters.variables, context)
        return _response(result, parameters, context, media_type)


def _media_type(request: Request) -> str:
    media_type = best_media_type(request.headers.get("accept"), (JSON, GRAPHQL_JSON, EVENT_STREAM))
    if media_type is None:
        raise NotAcceptable(f"This endpoint answers {GRAPHQL_JSON}, {JSON} and {EVENT_STREAM}; accept one of them.")
    return media_type


def _check_content_type(content_type: str) -> None:
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() != JSON:
        raise UnsupportedMediaType(f"Send the request as JSON, with `Content-Type: {JSON}`.")
    charset = parameters.strip().lower().replace('"', "")
    if charset.startswith("charset=") and charset not in {"charset=utf-8", "charset=utf8"}:
        raise UnsupportedMediaType("Send the JSON in UTF-8.")


def _response(result: ExecutionResult, parameters: GraphQLParameters, context: Context, media_type: str) -> ASGIApp:
    refusals = [error.original_error for error in result.errors or () if isinstance(error.original_error, CodedError)]
    headers = {name: value for error in refusals for name, value in error_headers(error).items()}
    status = _status(result, refusals, media_type)
    if media_type == EVENT_STREAM:
        if status in {200, 400}:
            return single_result(result)
        media_type = JSON
    return json_response(response_body(result, parameters, context), status, media_type, headers)


def _status(result: ExecutionResult, refusals: list[CodedError], media_type: str) -> int:
    if was_executed(result):
        return 200
    # What is not about the document itself has a status of its own, whatever the media type.
    for error in refusals:
        if error.code.status != 400:
            return error.code.status
    return 200 if media_type == JSON else 400
