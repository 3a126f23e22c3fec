"""Invites: made, read, deleted, and taken by the people of the demo world.

Discord's apps cannot take one; what people's own clients send (`POST /invites/{code}`) is in no reference of Discord's.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.audit_log import INVITE_CREATE, INVITE_DELETE, note_invite
from husqy_graphql.discord.sandbox.places import (
    Permission,
    channel_permissions,
    find_channel,
    find_place,
    missing_access,
    missing_permissions,
)
from husqy_graphql.discord.sandbox.state import Refusal, State, body_of, invalid
from husqy_graphql.discord.sandbox.world import member as new_member

MAX_INVITES, MAX_AGE, MAX_USES, DEFAULT_AGE = 1_000, 604_800, 100, 86_400
CATEGORY = 4
CODE_LENGTH = 8
METADATA = ("uses", "max_uses", "max_age", "temporary", "created_at")
OF_GUILD = ("id", "name", "splash", "banner", "description", "icon", "features", "verification_level")


def routes(state: State) -> list[Route]:
    """`/channels/{channel_id}/invites`, `/guilds/{guild_id}/invites` and `/invites/{code}`."""

    async def create(request: Request) -> Response:
        place = find_place(state, request)
        if place.guild is None:
            raise Refusal(400, 50003, "Cannot execute action on a DM channel")
        if place.channel["type"] == CATEGORY:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        place.require(Permission.CREATE_INSTANT_INVITE)
        body = await body_of(request)
        wanted = {
            "guild_id": place.guild["id"],
            "channel_id": place.channel["id"],
            "inviter_id": place.user_id,
            "max_age": _number(body, "max_age", MAX_AGE, DEFAULT_AGE),
            "max_uses": _number(body, "max_uses", MAX_USES, 0),
            "temporary": bool(body.get("temporary")),
        }
        with state.store.transaction():
            there = _invites(state, place.guild["id"])
            made = None if body.get("unique") else _similar(there, wanted)
            if made is None:
                if len(there) >= MAX_INVITES:
                    raise Refusal(400, 30016, f"Maximum number of invites reached ({MAX_INVITES})")
                made = _new(state, wanted)
                state.store.put("invite", made["code"], made)
                note_invite(state, request, INVITE_CREATE, place.user_id, made)
        return JSONResponse(_shown(state, made, metadata=True))

    async def of_channel(request: Request) -> Response:
        place = find_place(state, request)
        place.require(Permission.MANAGE_CHANNELS)
        there = _invites(state, place.channel.get("guild_id"))
        return JSONResponse(
            [_shown(state, each, metadata=True) for each in there if each["channel_id"] == place.channel["id"]]
        )

    async def of_guild(request: Request) -> Response:
        guild, member = state.guild_of_caller(request)
        permissions = state.permissions(guild, member)
        if not permissions & (Permission.MANAGE_GUILD | Permission.VIEW_AUDIT_LOG):
            raise missing_permissions()
        metadata = bool(permissions & Permission.MANAGE_GUILD)
        return JSONResponse([_shown(state, each, metadata=metadata) for each in _invites(state, guild["id"])])

    async def invite(request: Request) -> Response:
        return JSONResponse(_shown(state, _invite(state, request)))

    async def delete(request: Request) -> Response:
        user_id = str(state.caller(request))
        with state.store.transaction():
            found = _invite(state, request)
            _require_deleting(state, found, user_id)
            state.store.delete("invite", found["code"])
            note_invite(state, request, INVITE_DELETE, user_id, found)
        return JSONResponse(_shown(state, found))

    async def take(request: Request) -> Response:
        user_id = state.person(request)
        with state.store.transaction():
            found = _invite(state, request)
            key = f"{found['guild_id']}:{user_id}"
            joins = state.store.get("member", key) is None
            if joins:
                state.store.put("member", key, new_member(int(found["guild_id"]), user_id, [], state.clock()))
                used = {**found, "uses": found["uses"] + 1}
                if used["max_uses"] and used["uses"] >= used["max_uses"]:
                    state.store.delete("invite", used["code"])
                else:
                    state.store.put("invite", used["code"], used)
        return JSONResponse({**_shown(state, found), "new_member": joins})

    return [
        Route("/channels/{channel_id:int}/invites", create, methods=["POST"]),
        Route("/channels/{channel_id:int}/invites", of_channel),
        Route("/guilds/{guild_id:int}/invites", of_guild),
        Route("/invites/{code}", invite),
        Route("/invites/{code}", delete, methods=["DELETE"]),
        Route("/invites/{code}", take, methods=["POST"]),
    ]


def delete_invites_of_channel(state: State, guild_id: str, channel_id: str) -> None:
    """The invites to a channel go with it, and the audit log does not tell."""
    for each in _invites(state, guild_id):
        if each["channel_id"] == channel_id:
            state.store.delete("invite", each["code"])


def _number(body: Mapping[str, Any], name: str, most: int, default: int) -> int:
    given = body.get(name, default)
    if not isinstance(given, int) or isinstance(given, bool):
        raise invalid(name, f'Value "{given}" is not int.', "NUMBER_TYPE_COERCE")
    if not 0 <= given <= most:
        raise invalid(name, f"int value should be between 0 and {most}.", "NUMBER_TYPE_MAX")
    return given


def _new(state: State, wanted: Mapping[str, Any]) -> dict[str, Any]:
    now = state.clock()
    expires_at = (now + timedelta(seconds=wanted["max_age"])).isoformat() if wanted["max_age"] else None
    code = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(CODE_LENGTH))
    return {"code": code, **wanted, "uses": 0, "created_at": now.isoformat(), "expires_at": expires_at}


def _similar(there: Sequence[dict[str, Any]], wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    return next((each for each in there if all(each[name] == value for name, value in wanted.items())), None)


def _invites(state: State, guild_id: str | None) -> list[dict[str, Any]]:
    found = [each for each in state.store.all("invite") if each["guild_id"] == guild_id and _lives(state, each)]
    return sorted(found, key=lambda each: each["created_at"])


def _invite(state: State, request: Request) -> dict[str, Any]:
    found = state.store.get("invite", request.path_params["code"])
    if found is None or not _lives(state, found):
        raise Refusal(404, 10006, "Unknown Invite")
    return found


def _lives(state: State, invite: Mapping[str, Any]) -> bool:
    return invite["expires_at"] is None or state.clock() < datetime.fromisoformat(invite["expires_at"])


def _require_deleting(state: State, invite: Mapping[str, Any], user_id: str) -> None:
    guild = state.store.get("guild", invite["guild_id"])
    member = state.store.get("member", f"{invite['guild_id']}:{user_id}")
    channel = find_channel(state, invite["channel_id"])
    if guild is None or member is None or channel is None:
        raise missing_access()
    here = channel_permissions(state, guild, member, channel) & Permission.MANAGE_CHANNELS
    if not here and not state.permissions(guild, member) & Permission.MANAGE_GUILD:
        raise missing_permissions()


def _shown(state: State, invite: Mapping[str, Any], *, metadata: bool = False) -> dict[str, Any]:
    """An invite as Discord answers it; `metadata` says how often it was used and may be."""
    guild = state.store.get("guild", invite["guild_id"]) or {}
    channel = find_channel(state, invite["channel_id"]) or {}
    return {
        "type": 0,
        "code": invite["code"],
        "guild_id": invite["guild_id"],
        "guild": {name: guild.get(name) for name in OF_GUILD},
        "channel": {name: channel.get(name) for name in ("id", "name", "type")},
        "inviter": state.store.get("user", invite["inviter_id"]),
        "expires_at": invite["expires_at"],
        "flags": 0,
        **({name: invite[name] for name in METADATA} if metadata else {}),
    }
