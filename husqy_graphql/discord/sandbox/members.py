"""Roles given and taken, and members put out, within the hierarchy of roles."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.places import Permission, missing_permissions, rank, role_rank
from husqy_graphql.discord.sandbox.state import Refusal, State


def routes(state: State) -> list[Route]:
    """`/guilds/{guild_id}/members/{user_id}` (PATCH of its roles, DELETE) and its `/roles/{role_id}`."""

    async def role(request: Request) -> Response:
        guild, caller = state.guild_of_caller(request)
        key = f"{guild['id']}:{request.path_params['user_id']}"
        role_id = str(request.path_params["role_id"])
        if not state.permissions(guild, caller) & Permission.MANAGE_ROLES:
            raise missing_permissions()
        with state.store.transaction():
            member = state.store.get("member", key)
            if member is None:
                raise Refusal(404, 10007, "Unknown Member")
            found = next((each for each in guild["roles"] if each["id"] == role_id), None)
            if found is None:
                raise Refusal(404, 10011, "Unknown Role")
            if role_id == guild["id"]:
                raise Refusal(400, 50028, "Invalid Role")
            if found["managed"] or role_rank(found) >= rank(guild, caller):
                raise missing_permissions()
            others = [each for each in member["roles"] if each != role_id]
            roles = [*others, role_id] if request.method == "PUT" else others
            state.store.put("member", key, {**member, "roles": roles})
        return Response(status_code=204)

    async def edit(request: Request) -> Response:
        guild, caller = state.guild_of_caller(request)
        key = f"{guild['id']}:{request.path_params['user_id']}"
        if not state.permissions(guild, caller) & Permission.MANAGE_ROLES:
            raise missing_permissions()
        body: dict[str, Any] = await request.json()
        known = {role["id"]: role for role in guild["roles"] if role["id"] != guild["id"]}
        with state.store.transaction():
            member = state.store.get("member", key)
            if member is None:
                raise Refusal(404, 10007, "Unknown Member")
            wanted = list(dict.fromkeys(str(each) for each in body.get("roles", member["roles"])))
            for role_id in set(wanted) ^ set(member["roles"]):  # what stays is not looked at
                if role_id not in known:
                    raise Refusal(404, 10011, "Unknown Role")
                if known[role_id]["managed"] or role_rank(known[role_id]) >= rank(guild, caller):
                    raise missing_permissions()
            state.store.put("member", key, {**member, "roles": wanted})
        return JSONResponse(state.member(guild["id"], request.path_params["user_id"]))

    async def kick(request: Request) -> Response:
        guild, caller = state.guild_of_caller(request)
        key = f"{guild['id']}:{request.path_params['user_id']}"
        if not state.permissions(guild, caller) & Permission.KICK_MEMBERS:
            raise missing_permissions()
        member = state.store.get("member", key)
        if member is None:
            raise Refusal(404, 10007, "Unknown Member")
        if rank(guild, member) >= rank(guild, caller):
            raise missing_permissions()  # also for oneself
        state.store.delete("member", key)
        return Response(status_code=204)

    path = "/guilds/{guild_id:int}/members/{user_id:int}"
    return [
        Route(path, edit, methods=["PATCH"]),
        Route(path, kick, methods=["DELETE"]),
        Route(path + "/roles/{role_id:int}", role, methods=["PUT", "DELETE"]),
    ]
