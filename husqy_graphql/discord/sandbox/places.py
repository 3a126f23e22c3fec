"""Channels as one caller finds them: what they may do there, computed as Discord does it.

Written anew on purpose, without Husqy's own computing: a mistake in one of them shows in a test.
Source: Discord's API reference, section "Permissions".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag
from typing import Any

from starlette.requests import Request

from husqy_graphql.discord.permissions import ALL_PERMISSIONS
from husqy_graphql.discord.sandbox.state import Refusal, State

DM = 1


class Permission(IntFlag):
    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    MANAGE_ROLES = 1 << 28
    SEND_POLLS = 1 << 49


IN_TIMEOUT = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, the guild around it (None for direct messages), and what the caller may do in it."""

    channel: dict[str, Any]
    guild: dict[str, Any] | None
    user_id: str
    permissions: int

    def may(self, permission: Permission) -> bool:
        return bool(self.permissions & permission)

    def require(self, permission: Permission) -> None:
        """Raise Discord's 50013 unless the caller has the permission here."""
        if not self.may(permission):
            raise missing_permissions()


def missing_permissions() -> Refusal:
    return Refusal(403, 50013, "Missing Permissions")


def missing_access() -> Refusal:
    return Refusal(403, 50001, "Missing Access")


def find_place(state: State, request: Request) -> Place:
    """The channel in the path; raises 401, 404 (10003) and 403 (50001) for one that the caller does not see."""
    return place_of(state, str(state.caller(request)), str(request.path_params["channel_id"]))


def place_of(state: State, user_id: str, channel_id: str) -> Place:
    """A channel as this user finds it; raises what `find_place` raises, but for 401."""
    channel = find_channel(state, channel_id)
    if channel is None:
        raise Refusal(404, 10003, "Unknown Channel")
    if channel["type"] == DM:
        if user_id not in channel["recipient_ids"]:
            raise missing_access()
        return Place(channel, None, user_id, ALL_PERMISSIONS & ~Permission.MANAGE_MESSAGES)
    guild = state.store.get("guild", channel["guild_id"])
    member = state.store.get("member", f"{channel['guild_id']}:{user_id}")
    if guild is None or member is None:
        raise missing_access()
    place = Place(channel, guild, user_id, channel_permissions(state, guild, member, channel))
    if not place.may(Permission.VIEW_CHANNEL):
        raise missing_access()
    return place


def find_channel(state: State, channel_id: str) -> dict[str, Any] | None:
    """A guild's channel, or one for direct messages."""
    found = state.store.get("dm", channel_id)
    if found is not None:
        return found
    return next((each for each in state.store.all("channel") if each["id"] == channel_id), None)


def channel_permissions(
    state: State, guild: Mapping[str, Any], member: Mapping[str, Any], channel: Mapping[str, Any]
) -> int:
    """Everyone's overwrite, then those of the roles together, then the member's own; a denial first, each time."""
    permissions = state.permissions(dict(guild), dict(member))
    if permissions & Permission.ADMINISTRATOR:
        return ALL_PERMISSIONS
    overwrites = {each["id"]: each for each in channel["permission_overwrites"]}
    for ids in ([guild["id"]], member["roles"], [member["user_id"]]):
        found = [overwrites[each] for each in ids if each in overwrites]
        for each in found:
            permissions &= ~int(each["deny"])
        for each in found:
            permissions |= int(each["allow"])
    if _timed_out(member, state.clock()):
        permissions &= IN_TIMEOUT
    return permissions if permissions & Permission.VIEW_CHANNEL else 0


def rank(guild: Mapping[str, Any], member: Mapping[str, Any]) -> tuple[int, int]:
    """How high somebody's highest role stands; the owner stands above all."""
    if guild["owner_id"] == member["user_id"]:
        return (1 << 31, 0)
    return max((role_rank(role) for role in guild["roles"] if role["id"] in member["roles"]), default=(-1, 0))


def role_rank(role: Mapping[str, Any]) -> tuple[int, int]:
    """Of two roles at one position, the older one stands higher."""
    return (role["position"], -int(role["id"]))


def _timed_out(member: Mapping[str, Any], now: datetime) -> bool:
    until = member["communication_disabled_until"]
    return until is not None and datetime.fromisoformat(until) > now
