"""The fake Discord as an ASGI app: `/api/v10` speaks Discord's REST API, `/oauth2/authorize` is the page that asks for
consent, `/control` pulls the strings."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from starlette.responses import JSONResponse
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from husqy_graphql.core.clock import Clock
from husqy_graphql.discord.sandbox import (
    audit_log,
    channels,
    consent,
    control,
    entitlements,
    guilds,
    interactions,
    invites,
    members,
    messages,
    oauth,
    polls,
    reactions,
    users,
)
from husqy_graphql.discord.sandbox.state import Dropped, Fault, Refusal, State
from husqy_graphql.discord.sandbox.store import Store

API = "/api/v10"
BASE_URL = f"http://sandbox{API}"
_INTERACTION_TOKEN = re.compile(r"(/(?:webhooks|interactions)/[0-9]+/)[^/]+")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The fake Discord. `app` is for mounting, `transport` for the adapter in this process."""

    app: ASGIApp
    state: State

    @property
    def transport(self) -> httpx2.AsyncBaseTransport:
        return _SandboxTransport(self.app)

    def close(self) -> None:
        self.state.store.close()


def create_sandbox(path: Path | None, clock: Clock) -> Sandbox:
    """A sandbox that keeps its objects in the file (in memory without one), beginning with the demo world."""
    state = State(Store(path), clock)
    state.seed_if_new()
    parts = (
        users,
        guilds,
        channels,
        members,
        messages,
        reactions,
        polls,
        interactions,
        invites,
        audit_log,
        entitlements,
        oauth,
    )
    api = Router([route for part in parts for route in part.routes(state)])
    rest = Router([*consent.routes(state), *control.routes(state)])
    app = Router([Mount(API, _Api(api, state)), Mount("/", _Refusals(rest))])
    return Sandbox(app, state)


@dataclass(frozen=True, slots=True)
class _Refusals:
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Refusal as refusal:
            await refusal.response()(scope, receive, send)
        except (AttributeError, KeyError, TypeError, ValueError):
            await Refusal(400, 50035, "Invalid Form Body").response()(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Api:
    """The REST API: notes each call, lets it fail as told, and adds the rate limit headers."""

    app: ASGIApp
    state: State

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The list of calls shows no token, of an interaction either.
        path = _INTERACTION_TOKEN.sub(r"\1{token}", scope["path"])
        at = self.state.clock().isoformat()
        call: dict[str, Any] = {"at": at, "method": scope["method"], "path": path, "status": 0}
        self.state.calls.append(call)
        fault = self._fault(scope["method"], scope["path"])

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                if fault is not None and fault.answer_delay:
                    await asyncio.sleep(fault.answer_delay)
                call["status"] = message["status"]
                message["headers"] = [*message["headers"], *_LIMIT_HEADERS]
            await send(message)

        async def swallow(_: Message) -> None:
            return

        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.drop == "before":
                raise Dropped
            if fault.status is not None:
                await _refused(fault)(scope, receive, send_noted)
                return
        dropped = fault is not None and fault.drop == "after"
        await _Refusals(self.app)(scope, receive, swallow if dropped else send_noted)
        if dropped:
            raise Dropped

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.state.faults:
            if fault.times > 0 and fault.method in {None, method} and fault.path.search(path):
                fault.times -= 1
                return fault
        return None


# Generous, and told on every answer, because clients behave differently once they know a bucket.
_LIMIT_HEADERS = [
    (b"x-ratelimit-bucket", b"sandbox"),
    (b"x-ratelimit-limit", b"1000"),
    (b"x-ratelimit-remaining", b"999"),
    (b"x-ratelimit-reset-after", b"1.000"),
]


def _refused(fault: Fault) -> JSONResponse:
    status = fault.status or 500
    if status == 429:
        body = {"message": "You are being rate limited.", "retry_after": fault.retry_after, "global": False}
        return JSONResponse(body, status, {"retry-after": str(fault.retry_after), "x-ratelimit-scope": "shared"})
    return JSONResponse({"message": f"{status}: told to fail", "code": 0}, status)


class _SandboxTransport(httpx2.AsyncBaseTransport):
    """Calls the sandbox in process; a dropped connection is the error that a network would give."""

    def __init__(self, app: ASGIApp) -> None:
        self._inner = httpx2.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await self._inner.handle_async_request(request)
        except Dropped:
            raise httpx2.ReadError("the connection was dropped", request=request) from None
