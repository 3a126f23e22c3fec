"""Server-sent events: the distinct connections mode of the GraphQL over SSE protocol (graphql-sse, PROTOCOL.md).

One operation a connection: an event `next` for each result, then `complete`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from graphql import ExecutionResult
from starlette.types import Receive, Scope, Send

from husqy_graphql.core.errors import CodedError, Internal, RateLimited, Unavailable
from husqy_graphql.engine.errors import to_graphql_error
from husqy_graphql.transport.operations import response_body
from husqy_graphql.transport.responses import to_json

EVENT_STREAM = "text/event-stream"
HEARTBEAT_SECONDS = 12.0
RECHECK_SECONDS = 30.0
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # Proxies must neither keep nor collect what is news.
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_HEARTBEAT = b":\n\n"
_COMPLETE = b"event: complete\ndata: \n\n"


@dataclass(frozen=True, slots=True)
class EventStreamResponse:
    """The results as a stream, until they end or the client goes away. `recheck` raises a CodedError when the caller
    may not listen any more."""

    results: AsyncGenerator[ExecutionResult]
    recheck: Callable[[], Awaitable[Any]]
    recheck_seconds: float = RECHECK_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            # A copy: what stands in front of us adds to it.
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS]})
            # The headers leave with it: the client sees that it listens.
            await send({"type": "http.response.body", "body": _HEARTBEAT, "more_body": True})
            async for chunk in self._chunks(gone):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            pass  # the server's word for a client that is gone
        finally:
            gone.cancel()
            await self.results.aclose()

    async def _look_at_caller(self) -> None:
        try:
            await self.recheck()
        except CodedError as error:
            if not says_nothing_of_caller(error):
                raise

    async def _chunks(self, gone: asyncio.Future[None]) -> AsyncGenerator[bytes]:
        checked_at = monotonic()
        pause = min(HEARTBEAT_SECONDS, self.recheck_seconds)
        coming: asyncio.Future[ExecutionResult | None] | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(self.results, None))
                await asyncio.wait({coming, gone}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    return
                if monotonic() - checked_at >= self.recheck_seconds:
                    await self._look_at_caller()
                    checked_at = monotonic()
                if not coming.done():
                    yield _HEARTBEAT
                    continue
                result, coming = coming.result(), None
                if result is None:
                    break
                yield _next(result)
        except CodedError as error:
            yield _next(ExecutionResult(None, [to_graphql_error(error)]))
        finally:
            if coming is not None:
                coming.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await coming
        yield _COMPLETE


def says_nothing_of_caller(error: CodedError) -> bool:
    """Whether a second look at a caller failed for a reason that is not the caller's: nothing was revoked then."""
    return isinstance(error, Unavailable | RateLimited | Internal)


def single_result(result: ExecutionResult) -> EventStreamResponse:
    """A stream of one result; its caller needs no second look."""

    async def results() -> AsyncGenerator[ExecutionResult]:
        yield result

    async def recheck() -> None:
        return None

    return EventStreamResponse(results(), recheck)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _next(result: ExecutionResult) -> bytes:
    return b"event: next\ndata: " + to_json(response_body(result)) + b"\n\n"
