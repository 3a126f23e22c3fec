"""The program on a real socket, in this event loop: for clients that speak WebSocket, and for streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect

from husqy_graphql.app import Program

GRAPHQL_WS = "graphql-transport-ws"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that nobody tells of; fails after 10 seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@asynccontextmanager
async def served(program: Program) -> AsyncGenerator[str]:
    """Serve the program on a free port; gives `127.0.0.1:PORT`."""
    async with listening(program.asgi) as address:
        yield address


@asynccontextmanager
async def listening(app: ASGIApp, port: int = 0) -> AsyncGenerator[str]:
    """Serve any app, on a free port unless told which; gives `127.0.0.1:PORT`."""
    config = uvicorn.Config(
        app, port=port, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    await until(lambda: server.started)
    try:
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:  # or a test that fails leaves a socket to the next one
        server.should_exit = True
        await asyncio.wait_for(serving, 15)


@dataclass
class GraphQLSocket:
    """A client of `graphql-transport-ws` that shows every message."""

    connection: ClientConnection

    async def send(self, kind: str, **members: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **members}))

    async def receive(self) -> dict[str, Any]:
        return json.loads(await asyncio.wait_for(self.connection.recv(), 10))

    async def initialise(self, token: str | None = "sandbox-owner") -> None:
        await self.send("connection_init", payload={"authorization": f"Bearer {token}"} if token else None)
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, key: str, query: str, **variables: Any) -> None:
        await self.send("subscribe", id=key, payload={"query": query, "variables": variables})

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes; what it sends before is left out."""
        async with asyncio.timeout(10):
            await self.connection.wait_closed()
        return self.connection.close_code or 0, self.connection.close_reason or ""


@asynccontextmanager
async def graphql_socket(
    address: str, *, name: str | None = None, subprotocols: Any = (GRAPHQL_WS,), **options: Any
) -> AsyncGenerator[GraphQLSocket]:
    """A socket that is open and not initialised; `name` is the host that it asks for, in place of the address."""
    host, port = address.split(":")
    uri = f"ws://{name or address}/graphql"
    async with connect(uri, host=host, port=int(port), subprotocols=subprotocols, **options) as connection:
        yield GraphQLSocket(connection)
