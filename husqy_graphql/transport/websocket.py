"""GraphQL over WebSocket: the subprotocol `graphql-transport-ws` (graphql-ws, PROTOCOL.md), and no other.

connection_init ──> connection_ack, then each `subscribe` runs on its own until `complete` or `error`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import structlog
from graphql import ExecutionResult, OperationType
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from husqy_graphql.core.access import ServiceActor
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, Forbidden, Unavailable
from husqy_graphql.engine.errors import coded, to_graphql_error
from husqy_graphql.identity.service import Caller
from husqy_graphql.transport.credentials import Gate
from husqy_graphql.transport.event_stream import RECHECK_SECONDS, says_nothing_of_caller
from husqy_graphql.transport.middleware import request_id_of
from husqy_graphql.transport.operations import Operations, response_body, was_executed
from husqy_graphql.transport.parameters import from_json
from husqy_graphql.transport.rate_limits import subject_of
from husqy_graphql.transport.responses import error_response, to_json

log = structlog.get_logger()

SUBPROTOCOL = "graphql-transport-ws"
CREDENTIAL_NAMES = ("authorization", "x-api-key", "x-husqy-acting-user")

BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
SUBPROTOCOL_NOT_ACCEPTABLE = 4406
INITIALISATION_TIMEOUT = 4408
SUBSCRIBER_EXISTS = 4409
TOO_MANY_INITIALISATIONS = 4429
TRY_AGAIN_LATER = 1013


class Closed(Exception):
    """The socket must be closed with this code and reason (the protocol's own)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class WebSocketEndpoint:
    """The sockets of `/graphql`. `init_wait` and `recheck` are in seconds, `max_message` in bytes."""

    operations: Operations
    gate: Gate
    max_message: int = 100_000
    max_operations: int = 20
    max_sockets: int = 5
    init_wait: float = 10.0
    recheck: float = RECHECK_SECONDS
    sockets: Counter[str] = field(default_factory=Counter[str])  # by whose they are

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is closed."""
        socket = WebSocket(scope, receive, send)
        try:
            refusal = self._refusal(socket)
            if refusal is not None:
                await socket.send_denial_response(refusal)
                return
            await self._serve(socket)
        except Closed as closed:
            if socket.application_state is WebSocketState.CONNECTED:
                with suppress(RuntimeError, WebSocketDisconnect):
                    await socket.close(closed.code, closed.reason)
        except WebSocketDisconnect:
            pass

    def _refusal(self, socket: WebSocket) -> Response | None:
        """Why the upgrade is refused. Browsers name the page's origin and would send its cookies; others have none."""
        if "origin" in socket.headers and not self.gate.origins.accepts(socket):
            return error_response(Forbidden("Pages of this origin may not open a socket here."))
        return None

    async def _serve(self, socket: WebSocket) -> None:
        spoken = SUBPROTOCOL in socket.scope["subprotocols"]
        await socket.accept(SUBPROTOCOL if spoken else None)
        if not spoken:
            raise Closed(SUBPROTOCOL_NOT_ACCEPTABLE, f"Subprotocol not acceptable: speak {SUBPROTOCOL}")
        identified, caller = await self._initialise(socket)
        subject = subject_of(caller.actor)
        if self.sockets[subject] >= self.max_sockets and not isinstance(caller.actor, ServiceActor):
            raise Closed(TRY_AGAIN_LATER, f"At most {self.max_sockets} sockets are open for one credential")
        self.sockets[subject] += 1
        try:
            await socket.send_text('{"type":"connection_ack"}')
            await _Session(self, socket, identified, caller).run()
        finally:
            self.sockets[subject] -= 1
            if not self.sockets[subject]:
                del self.sockets[subject]

    async def _initialise(self, socket: WebSocket) -> tuple[HTTPConnection, Caller]:
        """The connection with the credentials that count, those of `connection_init` before those of the upgrade."""
        try:
            async with asyncio.timeout(self.init_wait):
                message = await receive_message(socket, self.max_message)
        except TimeoutError:
            raise Closed(INITIALISATION_TIMEOUT, "Connection initialisation timeout") from None
        if message["type"] != "connection_init":
            raise Closed(UNAUTHORIZED, "Unauthorized")
        identified = _identified(socket, message.get("payload"))
        try:
            caller = await self.gate.caller(identified)
        except Exception as error:  # noqa: BLE001 - masked and logged
            shown = coded(error, request_id_of(socket.scope))
            code = TRY_AGAIN_LATER if isinstance(shown, Unavailable) else FORBIDDEN
            raise Closed(code, _reason(shown.detail)) from None
        if caller.actor is None:
            raise Closed(FORBIDDEN, "Send a credential in the payload of connection_init")
        return identified, caller


@dataclass(slots=True)
class _Session:
    """An initialised socket and the operations that run on it."""

    endpoint: WebSocketEndpoint
    socket: WebSocket
    identified: HTTPConnection
    caller: Caller
    running: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, "asyncio.Task[None]"])
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        listening = asyncio.ensure_future(self._listen())
        watching = asyncio.ensure_future(self._watch_credential())
        try:
            done, _ = await asyncio.wait({listening, watching}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            tasks = [listening, watching, *self.running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            message = await receive_message(self.socket, self.endpoint.max_message)
            match message["type"]:
                case "ping":
                    await self._send("pong")
                case "pong":
                    pass
                case "subscribe":
                    await self._subscribe(message)
                case "complete":
                    task = self.running.pop(_id(message), None)
                    if task is not None:
                        task.cancel()
                case "connection_init":
                    raise Closed(TOO_MANY_INITIALISATIONS, "Too many initialisation requests")
                case _:
                    raise Closed(BAD_REQUEST, "This type of message is not one that clients send")

    async def _watch_credential(self) -> None:
        while True:
            await asyncio.sleep(self.endpoint.recheck)
            try:
                self.caller = await self.endpoint.gate.caller(self.identified, fresh=True)
            except Exception as error:  # noqa: BLE001 - masked and logged
                shown = coded(error, request_id_of(self.socket.scope))
                if says_nothing_of_caller(shown):
                    continue
                raise Closed(FORBIDDEN, _reason(shown.detail)) from None

    async def _subscribe(self, message: Mapping[str, Any]) -> None:
        key = _id(message)
        if key in self.running:
            raise Closed(SUBSCRIBER_EXISTS, _reason(f"Subscriber for {key} already exists"))
        if len(self.running) >= self.endpoint.max_operations:
            detail = f"At most {self.endpoint.max_operations} operations run on one socket."
            refused = Conflict(detail, ConflictReason.LIMIT_REACHED)
            await self._send_errors(key, ExecutionResult(None, [to_graphql_error(refused)]))
            return
        self.running[key] = asyncio.ensure_future(self._run(key, message.get("payload")))

    async def _run(self, key: str, payload: object) -> None:
        try:
            async for result in self._results(payload):
                if not was_executed(result):
                    await self._send_errors(key, result)
                    return
                await self._send("next", key, response_body(result))
            await self._send("complete", key)
        except Exception as error:  # noqa: BLE001 - masked and logged
            # A client that is gone is seen by the listener as well.
            if self.socket.application_state is WebSocketState.CONNECTED and not isinstance(error, WebSocketDisconnect):
                shown = to_graphql_error(coded(error, request_id_of(self.socket.scope)))
                with suppress(RuntimeError, WebSocketDisconnect):
                    await self._send_errors(key, ExecutionResult(None, [shown]))
        finally:
            if self.running.get(key) is asyncio.current_task():
                del self.running[key]

    async def _results(self, payload: object) -> AsyncGenerator[ExecutionResult]:
        operations = self.endpoint.operations
        context = self.endpoint.gate.context(self.identified, self.caller)
        try:
            parameters = from_json(payload)
            operation = operations.find(parameters)
            if isinstance(operation, ExecutionResult):
                yield operation
            elif operation.type is not OperationType.SUBSCRIPTION:
                yield await operations.run(operation, parameters.variables, context)
            else:
                results = await operations.subscribe(operation, parameters.variables, context)
                if isinstance(results, ExecutionResult):
                    yield results
                    return
                async with aclosing(results):
                    async for result in results:
                        yield result
        except BadUserInput as error:
            yield ExecutionResult(None, [to_graphql_error(error)])

    async def _send_errors(self, key: str, result: ExecutionResult) -> None:
        await self._send("error", key, response_body(result)["errors"])

    async def _send(self, kind: str, key: str | None = None, payload: object = None) -> None:
        message: dict[str, Any] = {"type": kind}
        if key is not None:
            message["id"] = key
        if payload is not None:
            message["payload"] = payload
        async with self.sending:
            await self.socket.send_text(to_json(message).decode())


async def receive_message(socket: WebSocket, max_bytes: int) -> dict[str, Any]:
    """The next message of a client; raises Closed for one that is none, WebSocketDisconnect at the end."""
    received = await socket.receive()
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1000), received.get("reason"))
    text = received.get("text")
    if text is None or len(text) > max_bytes:
        raise Closed(BAD_REQUEST, f"A message must be JSON text of at most {max_bytes} bytes")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Closed(BAD_REQUEST, "A message must be JSON") from None
    if not isinstance(message, dict) or not isinstance(cast("dict[str, Any]", message).get("type"), str):
        raise Closed(BAD_REQUEST, "A message must be an object with a `type`")
    return cast("dict[str, Any]", message)


def _id(message: Mapping[str, Any]) -> str:
    key = message.get("id")
    if not isinstance(key, str) or not 0 < len(key) <= 100:
        raise Closed(BAD_REQUEST, "A message of an operation needs an `id` of 1 to 100 characters")
    return key


def _identified(socket: WebSocket, payload: object) -> HTTPConnection:
    """The upgrade's request, with the credentials of `connection_init` in place of its own where there are any.

    The payload has the names of the headers, at its top or in `headers`.
    """
    given: dict[str, Any] = {}
    if isinstance(payload, dict):
        top = cast("dict[str, Any]", payload)
        inner: Any = top.get("headers")
        for source in (cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}, top):
            given.update({name.lower(): value for name, value in source.items()})
    credentials = [(name, given[name]) for name in CREDENTIAL_NAMES if given.get(name) is not None]
    if not credentials:
        return socket
    if not all(isinstance(value, str) and value.isascii() for _, value in credentials):
        raise Closed(BAD_REQUEST, "The credentials of connection_init must be ASCII strings")
    kept = [(name, value) for name, value in socket.scope["headers"] if name.decode("latin-1") not in CREDENTIAL_NAMES]
    headers = [*kept, *((name.encode(), value.encode()) for name, value in credentials)]
    return HTTPConnection({**socket.scope, "headers": headers})


def _reason(text: str) -> str:
    return text.encode()[:123].decode(errors="ignore")  # the most that a close frame takes
