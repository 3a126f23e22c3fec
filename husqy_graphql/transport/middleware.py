"""Around every request: an id that the log, the answer and a masked error share, one log line, and the headers that
keep browsers from doing harm."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from husqy_graphql.core.errors import Internal
from husqy_graphql.transport.rate_limits import rate_limit_headers
from husqy_graphql.transport.request_metrics import RequestMetrics
from husqy_graphql.transport.responses import error_response

log = structlog.get_logger()

_ACCEPTABLE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FIRST_ANSWERS = {"http.response.start", "websocket.accept", "websocket.http.response.start"}
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


@dataclass(frozen=True, slots=True)
class RequestMiddleware:
    """Gives the request its id, logs and counts it, and answers what nobody else has caught with a masked error."""

    app: ASGIApp
    metrics: RequestMetrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        given = header_of(scope, b"x-request-id") or ""
        request_id = given if _ACCEPTABLE_REQUEST_ID.fullmatch(given) else secrets.token_hex(12)
        scope.setdefault("state", {})["request_id"] = request_id
        started = perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] in _FIRST_ANSWERS:
                status = message.get("status", 101)
                message["headers"] = [*message.get("headers", ()), *_own_headers(scope, message, request_id)]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_headers)
            except Exception:
                log.exception("unexpected_error")
                if status or scope["type"] != "http":
                    raise  # the answer is half sent: the server must break it off
                await error_response(Internal(request_id))(scope, receive, send_with_headers)
            finally:
                method, seconds = scope.get("method", "WEBSOCKET"), perf_counter() - started
                self.metrics.count(scope["path"], method, status, seconds)
                log.info(
                    "request", method=method, path=scope["path"], status=status, duration_ms=round(seconds * 1000, 2)
                )


def header_of(scope: Scope, name: bytes) -> str | None:
    """The first header of this name, in lower case; None without one."""
    for key, value in scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None


def _own_headers(scope: Scope, message: Message, request_id: str) -> Iterator[tuple[bytes, bytes]]:
    """What is added to an answer's headers; what it says itself about security and caching stays."""
    given = {name for name, _ in message.get("headers", ())}
    yield b"x-request-id", request_id.encode()
    for name, value in _SECURITY_HEADERS:
        if name not in given:
            yield name, value
    for name, value in rate_limit_headers(scope["state"].get("budget")).items():
        yield name.encode(), value.encode()
    if b"cache-control" not in given and header_of(scope, b"cookie") is not None:
        # Shared caches keep no answers to bearer tokens (RFC 9111, section 3.5), but those to cookies.
        yield b"cache-control", b"no-store"


def request_id_of(scope: Scope) -> str:
    """The id that the middleware gave the request."""
    return scope["state"]["request_id"]
