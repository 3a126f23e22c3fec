"""The strings behind the stage: make calls fail, let people join and leave, look at what was called.

Loopback only, and nothing of it exists at Discord.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.interactions import shown_interaction
from husqy_graphql.discord.sandbox.messages import shown_message
from husqy_graphql.discord.sandbox.playing import pressed
from husqy_graphql.discord.sandbox.state import Fault, Refusal, State, body_of
from husqy_graphql.discord.sandbox.world import HUSQY, member


def routes(state: State) -> list[Route]:
    """`/control`, and `/interactions/{token}` to read what an interaction was answered."""

    async def faults(request: Request) -> Response:
        _local(request)
        if request.method == "PUT":
            state.faults[:] = [_fault(each) for each in await request.json()]
        elif request.method == "DELETE":
            state.faults.clear()
        return JSONResponse([{"path": each.path.pattern, "times": each.times} for each in state.faults])

    async def members(request: Request) -> Response:
        _local(request)
        guild_id, user_id = request.path_params["guild_id"], request.path_params.get("user_id", HUSQY)
        if state.store.get("guild", guild_id) is None or state.store.get("user", user_id) is None:
            raise Refusal(404, 0, "There is no such guild or user in the sandbox.")
        key = f"{guild_id}:{user_id}"
        with state.store.transaction():
            if request.method == "DELETE":
                state.store.delete("member", key)
            elif state.store.get("member", key) is None:
                state.store.put("member", key, member(guild_id, user_id, [], state.clock()))
        return Response(status_code=204)

    async def user(request: Request) -> Response:
        _local(request)
        user_id = str(request.path_params["user_id"])
        if state.store.get("user", user_id) is None:
            raise Refusal(404, 10013, "Unknown User")
        body: dict[str, Any] = await request.json()
        changes = {name: body[name] for name in ("username", "global_name", "avatar") if name in body}
        with state.store.transaction():
            changed = {**(state.store.get("user", user_id) or {}), **changes}
            state.store.put("user", user_id, changed)
        # Not a thing that others see of a user: it shows when one writes to them.
        if body.get("direct_messages") is False:
            state.store.put("closed_dms", user_id, {})
        elif body.get("direct_messages") is True:
            state.store.delete("closed_dms", user_id)
        return JSONResponse(changed)

    async def interactions(request: Request) -> Response:
        _local(request)
        body = await body_of(request)
        with state.store.transaction():
            made = pressed(state, body)
        return JSONResponse(made)

    async def next_token(request: Request) -> Response:
        _local(request)
        state.next_token.clear()
        state.next_token.update(await request.json())
        return Response(status_code=204)

    async def calls(request: Request) -> Response:
        _local(request)
        return JSONResponse(list(state.calls))

    async def reset(request: Request) -> Response:
        _local(request)
        state.reset()
        return Response(status_code=204)

    return [
        Route("/control/faults", faults, methods=["GET", "PUT", "DELETE"]),
        Route("/control/guilds/{guild_id:int}/members/{user_id:int}", members, methods=["PUT", "DELETE"]),
        Route("/control/guilds/{guild_id:int}/bot", members, methods=["PUT", "DELETE"]),
        Route("/control/users/{user_id:int}", user, methods=["PUT"]),
        *_shown(state),
        Route("/control/interactions", interactions, methods=["POST"]),
        Route("/control/next-token", next_token, methods=["PUT"]),
        Route("/control/calls", calls),
        Route("/control/reset", reset, methods=["POST"]),
    ]


def _shown(state: State) -> list[Route]:
    async def messages(request: Request) -> Response:
        _local(request)
        found = state.store.all("message", f"{request.path_params['channel_id']}:")
        shown = [
            {**shown_message(state, each, str(HUSQY)), "allowed_mentions": each["allowed_mentions"]} for each in found
        ]
        return JSONResponse(shown)

    async def interaction(request: Request) -> Response:
        _local(request)
        found = shown_interaction(state, request.path_params["token"])
        if found is None:
            raise Refusal(404, 0, "No interaction with this token was answered in the sandbox.")
        return JSONResponse(found)

    return [
        Route("/control/channels/{channel_id:int}/messages", messages),
        Route("/interactions/{token}", interaction),
    ]


def _local(request: Request) -> None:
    try:
        loopback = request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise Refusal(403, 0, "The control of the sandbox is for this machine alone.")


def _fault(given: dict[str, Any]) -> Fault:
    return Fault(
        path=re.compile(given.get("path", "")),
        method=given.get("method"),
        status=given.get("status"),
        delay=float(given.get("delay", 0)),
        answer_delay=float(given.get("answer_delay", 0)),
        drop=given.get("drop"),
        retry_after=float(given.get("retry_after", 1)),
        times=int(given.get("times", 1)),
    )
