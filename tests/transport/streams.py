"""Clients of streams over ASGI, in process: httpx2's transport would wait for the end of a stream that has none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from starlette.types import Message

from husqy_graphql.app import Program


@dataclass
class Stream:
    """An answer whose body comes piece by piece."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    chunks: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The data of each `next`, until `complete`."""
        buffered = b""
        while (chunk := await asyncio.wait_for(self.chunks.get(), 10)) is not None:
            buffered += chunk
            while b"\n\n" in buffered:
                event, _, buffered = buffered.partition(b"\n\n")
                lines = dict(line.split(b": ", 1) for line in event.split(b"\n") if not line.startswith(b":"))
                if lines.get(b"event") == b"complete":
                    return
                if lines:
                    yield json.loads(lines[b"data"])


@asynccontextmanager
async def stream(
    program: Program, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> AsyncGenerator[Stream]:
    """One request whose answer is read while it is written; leaving the block is a client that goes away."""
    path, _, query = target.partition("?")
    answer = Stream()
    gone = asyncio.Event()
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        if message.get("body"):
            await answer.chunks.put(message["body"])
        if not message.get("more_body"):
            await answer.chunks.put(None)
        answer.started.set()

    given = {"host": "127.0.0.1", **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    running = asyncio.ensure_future(program.asgi(scope, receive, send))
    try:
        await asyncio.wait_for(answer.started.wait(), 10)
        yield answer
    finally:
        gone.set()
        await asyncio.wait_for(asyncio.gather(running, return_exceptions=True), 10)


@asynccontextmanager
async def event_stream(
    program: Program, parameters: httpx2.QueryParams, headers: Mapping[str, str]
) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
    """The events of a GET that asks for a stream."""
    accept = {"accept": "text/event-stream"}
    async with stream(program, "GET", f"/graphql?{parameters}", {**headers, **accept}) as answer:
        assert answer.status == 200
        yield answer.events()
