"""Channels of guilds and channels for direct messages: made, read and deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.invites import delete_invites_of_channel
from husqy_graphql.discord.sandbox.places import DM, Permission, find_place, missing_permissions
from husqy_graphql.discord.sandbox.state import Refusal, State, body_of, invalid, parts

TEXT, VOICE, CATEGORY, NEWS, STAGE, FORUM, MEDIA = 0, 2, 4, 5, 13, 15, 16
TYPES = (TEXT, VOICE, CATEGORY, NEWS, STAGE, FORUM, MEDIA)
# Their names are written like addresses.
PLAIN_NAMES = {TEXT, NEWS, FORUM, MEDIA}
MAX_CHANNELS, MAX_IN_CATEGORY, MAX_OVERWRITES = 500, 50, 100


def routes(state: State) -> list[Route]:
    """`/guilds/{guild_id}/channels` (POST), `/channels/{channel_id}` and `/users/@me/channels`."""

    async def create(request: Request) -> Response:
        guild, member = state.guild_of_caller(request)
        permissions = state.permissions(guild, member)
        if not permissions & Permission.MANAGE_CHANNELS:
            raise missing_permissions()
        body = await body_of(request)
        overwrites = _overwrites(parts(body, "permission_overwrites"), permissions)
        kind = body.get("type", TEXT)
        if kind not in TYPES:
            raise invalid("type", f"Value must be one of {TYPES}.", "BASE_TYPE_CHOICES")
        with state.store.transaction():
            siblings = state.store.all("channel", f"{guild['id']}:")
            if len(siblings) >= MAX_CHANNELS:
                raise Refusal(400, 30013, f"Maximum number of guild channels reached ({MAX_CHANNELS})")
            category = _category(siblings, body.get("parent_id"))
            if category is not None and not overwrites:
                overwrites = category["permission_overwrites"]
            made = {
                "id": state.new_id(),
                "type": kind,
                "guild_id": guild["id"],
                "name": _name(body.get("name"), kind),
                "position": body.get("position") or len(siblings),
                "parent_id": None if category is None else category["id"],
                "permission_overwrites": overwrites,
                "topic": _topic(body.get("topic"), kind),
                "nsfw": bool(body.get("nsfw")),
                "flags": 0,
                "rate_limit_per_user": body.get("rate_limit_per_user") or 0,
                "last_message_id": None,
                **({"bitrate": 64_000, "user_limit": 0, "rtc_region": None} if kind in {VOICE, STAGE} else {}),
            }
            state.store.put("channel", f"{guild['id']}:{made['id']}", made)
        return JSONResponse(made, 201)

    async def channel(request: Request) -> Response:
        return JSONResponse(shown_channel(state, find_place(state, request).channel, state.caller(request)))

    async def delete(request: Request) -> Response:
        place = find_place(state, request)
        if place.guild is None:
            # Discord only hides a channel for direct messages; it is there again with the next message.
            return JSONResponse(shown_channel(state, place.channel, state.caller(request)))
        place.require(Permission.MANAGE_CHANNELS)
        guild_id, channel_id = place.guild["id"], place.channel["id"]
        with state.store.transaction():
            state.store.delete("channel", f"{guild_id}:{channel_id}")
            for each in state.store.all("channel", f"{guild_id}:"):
                if each["parent_id"] == channel_id:
                    state.store.put("channel", f"{guild_id}:{each['id']}", {**each, "parent_id": None})
            delete_invites_of_channel(state, guild_id, channel_id)
            for each in state.store.all("message", f"{channel_id}:"):
                state.store.delete("message", f"{channel_id}:{each['id']}")
        return JSONResponse(place.channel)

    async def open_dm(request: Request) -> Response:
        user_id = str(state.caller(request))
        recipient = state.store.get("user", str((await body_of(request))["recipient_id"]))
        if recipient is None or recipient["id"] == user_id:
            raise Refusal(400, 50033, "Invalid Recipient(s)")
        pair = ":".join(sorted((user_id, recipient["id"])))
        with state.store.transaction():
            found = state.store.get("dm_of_pair", pair)
            if found is None:
                found = {"id": state.new_id()}
                state.store.put("dm_of_pair", pair, found)
                state.store.put(
                    "dm",
                    found["id"],
                    {"id": found["id"], "type": DM, "recipient_ids": pair.split(":"), "last_message_id": None},
                )
        made = state.store.get("dm", found["id"])
        return JSONResponse(shown_channel(state, made or {}, user_id))

    return [
        Route("/guilds/{guild_id:int}/channels", create, methods=["POST"]),
        Route("/channels/{channel_id:int}", channel),
        Route("/channels/{channel_id:int}", delete, methods=["DELETE"]),
        Route("/users/@me/channels", open_dm, methods=["POST"]),
    ]


def shown_channel(state: State, channel: Mapping[str, Any], user_id: object) -> dict[str, Any]:
    """A channel as Discord answers it; one for direct messages shows the others in it."""
    if channel["type"] != DM:
        return dict(channel)
    others = [each for each in channel["recipient_ids"] if each != str(user_id)]
    shown = {name: value for name, value in channel.items() if name != "recipient_ids"}
    return {**shown, "flags": 0, "recipients": [state.store.get("user", each) for each in others]}


def may_message(state: State, sender_id: str, channel: Mapping[str, Any]) -> bool:
    """Whether the other one takes direct messages from the sender: no bot, in a guild with them, and not closed."""
    [other_id] = [each for each in channel["recipient_ids"] if each != sender_id]
    other = state.store.get("user", other_id)
    sender = state.store.get("user", sender_id)
    if other is None or sender is None or (other["bot"] and sender["bot"]):
        return False
    if state.store.get("closed_dms", other_id) is not None:
        return False
    return any(
        state.store.get("member", f"{guild['id']}:{sender_id}")
        and state.store.get("member", f"{guild['id']}:{other_id}")
        for guild in state.store.all("guild")
    )


def _name(given: object, kind: int) -> str:
    name = str(given or "").strip()
    if not 1 <= len(name) <= 100:
        raise invalid("name", "Must be between 1 and 100 in length.")
    return "-".join(name.lower().split()) if kind in PLAIN_NAMES else name


def _topic(given: object, kind: int) -> str | None:
    longest = 4096 if kind in {FORUM, MEDIA} else 1024
    if given is not None and len(str(given)) > longest:
        raise invalid("topic", f"Must be {longest} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    return None if given is None else str(given)


def _category(siblings: Sequence[Mapping[str, Any]], given: object) -> Mapping[str, Any] | None:
    if given is None:
        return None
    found = next((each for each in siblings if each["id"] == str(given) and each["type"] == CATEGORY), None)
    if found is None:
        raise invalid("parent_id", "Category does not exist", "CHANNEL_PARENT_INVALID")
    if sum(each["parent_id"] == found["id"] for each in siblings) >= MAX_IN_CATEGORY:
        message = f"Maximum number of channels in category reached ({MAX_IN_CATEGORY})"
        raise invalid("parent_id", message, "CHANNEL_PARENT_MAX_CHANNELS")
    return found


def _overwrites(given: Sequence[Mapping[str, Any]], permissions: int) -> list[dict[str, Any]]:
    """The overwrites as kept. Nobody gives or takes what they have not got; Manage Roles takes an administrator."""
    if len(given) > MAX_OVERWRITES:
        raise invalid("permission_overwrites", f"Must be {MAX_OVERWRITES} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    kept: list[dict[str, Any]] = []
    for each in given:
        allow, deny = int(each.get("allow") or 0), int(each.get("deny") or 0)
        touched = allow | deny
        administers = permissions & Permission.ADMINISTRATOR
        if touched & ~permissions or (touched & Permission.MANAGE_ROLES and not administers):
            raise missing_permissions()
        kind = int(each["type"])
        if kind not in {0, 1}:
            raise invalid("permission_overwrites", "Value must be one of (0, 1).", "BASE_TYPE_CHOICES")
        kept.append({"id": str(int(each["id"])), "type": kind, "allow": str(allow), "deny": str(deny)})
    return kept
