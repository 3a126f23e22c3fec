"""Discord's JSON as the port's frozen dataclasses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from husqy_graphql.discord.port import (
    AuditLogChange,
    AuditLogEntry,
    DiscordChannel,
    DiscordEmoji,
    DiscordEntitlement,
    DiscordGuild,
    DiscordInvite,
    DiscordMember,
    DiscordMessage,
    DiscordPoll,
    DiscordPollAnswer,
    DiscordRole,
    DiscordUser,
    PermissionOverwrite,
    TokenInfo,
    TokenPair,
    Unreachable,
    UserGuild,
)

T = TypeVar("T")


def parsed(parse: Callable[[Any], T], answer: Any, *, ambiguous: bool = False) -> T:
    """The answer as `parse` reads it. Raises Unreachable for one that lacks something; `ambiguous` after a write."""
    try:
        return parse(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        fault = f"Discord's answer lacks something: {type(error).__name__} {error}."
        raise Unreachable(fault, ambiguous=ambiguous) from None


def parsed_rows(parse: Callable[[Any], T], answer: Any) -> list[T]:
    return parsed(lambda rows: [parse(row) for row in rows], answer)


def _optional_id(value: Any) -> int | None:
    return None if value is None else int(value)


def _id_inside(holder: Any) -> int | None:
    return _optional_id(holder["id"]) if holder else None


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def parse_id(row: Mapping[str, Any]) -> int:
    return int(row["id"])


def parse_user(row: Mapping[str, Any]) -> DiscordUser:
    return DiscordUser(
        id=int(row["id"]),
        username=row["username"],
        global_name=row.get("global_name"),
        avatar=row.get("avatar"),
        discriminator=row.get("discriminator", "0"),
        bot=row.get("bot", False),
    )


def parse_member(row: Mapping[str, Any]) -> DiscordMember:
    return DiscordMember(
        user=parse_user(row["user"]),
        nick=row.get("nick"),
        avatar=row.get("avatar"),
        role_ids=tuple(int(each) for each in row["roles"]),
        joined_at=_time(row.get("joined_at")),
        premium_since=_time(row.get("premium_since")),
        deaf=row.get("deaf", False),
        mute=row.get("mute", False),
        pending=row.get("pending", False),
        communication_disabled_until=_time(row.get("communication_disabled_until")),
    )


def parse_role(row: Mapping[str, Any]) -> DiscordRole:
    return DiscordRole(
        id=int(row["id"]),
        name=row["name"],
        color=row["color"],
        position=row["position"],
        permissions=int(row["permissions"]),
        managed=row["managed"],
        hoist=row["hoist"],
        mentionable=row["mentionable"],
    )


def parse_emoji(row: Mapping[str, Any]) -> DiscordEmoji:
    return DiscordEmoji(
        id=int(row["id"]),
        name=row["name"],
        animated=row.get("animated", False),
        require_colons=row.get("require_colons", True),
        managed=row.get("managed", False),
        available=row.get("available", True),
    )


def parse_channel(row: Mapping[str, Any]) -> DiscordChannel:
    return DiscordChannel(
        id=int(row["id"]),
        guild_id=_optional_id(row.get("guild_id")),
        name=row.get("name"),
        type=row["type"],
        position=row.get("position", 0),
        parent_id=_optional_id(row.get("parent_id")),
        topic=row.get("topic"),
        nsfw=row.get("nsfw", False),
        permission_overwrites=tuple(_overwrite(each) for each in row.get("permission_overwrites") or ()),
    )


def _overwrite(row: Mapping[str, Any]) -> PermissionOverwrite:
    return PermissionOverwrite(id=int(row["id"]), type=int(row["type"]), allow=int(row["allow"]), deny=int(row["deny"]))


def parse_message(row: Mapping[str, Any]) -> DiscordMessage:
    return DiscordMessage(
        id=int(row["id"]),
        channel_id=int(row["channel_id"]),
        author=parse_user(row["author"]),
        content=row["content"],
        webhook_id=_optional_id(row.get("webhook_id")),
        type=row["type"],
        timestamp=datetime.fromisoformat(row["timestamp"]).astimezone(UTC),
        embeds=tuple(row.get("embeds") or ()),
        components=tuple(row.get("components") or ()),
        poll=_poll(row["poll"]) if row.get("poll") else None,
    )


def _poll(row: Mapping[str, Any]) -> DiscordPoll:
    results = row.get("results")
    # An answer that is not counted has no votes; without results nothing is known.
    counts = {each["id"]: each["count"] for each in results["answer_counts"]} if results else None
    return DiscordPoll(
        question=row["question"].get("text") or "",
        answers=tuple(
            DiscordPollAnswer(
                id=each["answer_id"],
                text=each["poll_media"].get("text") or "",
                emoji=_emoji_text(each["poll_media"].get("emoji")),
                votes=None if counts is None else counts.get(each["answer_id"], 0),
            )
            for each in row["answers"]
        ),
        expires_at=_time(row.get("expiry")),
        allow_multiselect=row["allow_multiselect"],
        finalized=bool(results and results["is_finalized"]),
    )


def _emoji_text(row: Mapping[str, Any] | None) -> str | None:
    if not row:
        return None
    return f"{row['name']}:{row['id']}" if row.get("id") else row["name"]


def parse_voters(row: Mapping[str, Any]) -> list[DiscordUser]:
    return [parse_user(each) for each in row["users"]]


def parse_guild(row: Mapping[str, Any]) -> DiscordGuild:
    return DiscordGuild(
        id=int(row["id"]),
        name=row["name"],
        owner_id=int(row["owner_id"]),
        icon=row.get("icon"),
        description=row.get("description"),
        afk_timeout=row["afk_timeout"],
        mfa_level=row["mfa_level"],
        preferred_locale=row["preferred_locale"],
        premium_subscription_count=row.get("premium_subscription_count") or 0,
        premium_tier=row["premium_tier"],
        verification_level=row["verification_level"],
        nsfw_level=row["nsfw_level"],
        public_updates_channel_id=_optional_id(row.get("public_updates_channel_id")),
        rules_channel_id=_optional_id(row.get("rules_channel_id")),
        system_channel_id=_optional_id(row.get("system_channel_id")),
        widget_channel_id=_optional_id(row.get("widget_channel_id")),
        roles=tuple(parse_role(each) for each in row["roles"]),
        emojis=tuple(parse_emoji(each) for each in row["emojis"]),
    )


def parse_invite(row: Mapping[str, Any]) -> DiscordInvite:
    return DiscordInvite(
        code=row["code"],
        channel_id=_id_inside(row.get("channel")),
        guild_id=_id_inside(row.get("guild")),
        inviter_id=_id_inside(row.get("inviter")),
        expires_at=_time(row.get("expires_at")),
        uses=row.get("uses"),
        max_uses=row.get("max_uses"),
        max_age=row.get("max_age"),
        temporary=row.get("temporary"),
        created_at=_time(row.get("created_at")),
    )


def parse_audit_log(row: Mapping[str, Any]) -> list[AuditLogEntry]:
    return [_audit_log_entry(each) for each in row["audit_log_entries"]]


def _audit_log_entry(row: Mapping[str, Any]) -> AuditLogEntry:
    return AuditLogEntry(
        id=int(row["id"]),
        action_type=row["action_type"],
        user_id=_optional_id(row.get("user_id")),
        target_id=_optional_id(row.get("target_id")),
        reason=row.get("reason"),
        changes=tuple(
            AuditLogChange(each["key"], each.get("old_value"), each.get("new_value"))
            for each in row.get("changes") or ()
        ),
    )


def parse_entitlement(row: Mapping[str, Any]) -> DiscordEntitlement:
    return DiscordEntitlement(
        id=int(row["id"]),
        sku_id=int(row["sku_id"]),
        guild_id=_optional_id(row.get("guild_id")),
        type=row["type"],
        starts_at=_time(row.get("starts_at")),
        ends_at=_time(row.get("ends_at")),
        deleted=row["deleted"],
    )


def parse_user_guild(row: Mapping[str, Any]) -> UserGuild:
    return UserGuild(
        id=int(row["id"]),
        name=row["name"],
        icon=row.get("icon"),
        owner=row["owner"],
        permissions=int(row["permissions"]),
    )


def parse_token_info(row: Mapping[str, Any]) -> TokenInfo:
    return TokenInfo(
        application_id=int(row["application"]["id"]),
        scopes=frozenset(row["scopes"]),
        expires_at=datetime.fromisoformat(row["expires"]).astimezone(UTC),
        user=parse_user(row["user"]) if row.get("user") else None,
    )


def parse_token_pair(row: Mapping[str, Any]) -> TokenPair:
    if row["token_type"].lower() != "bearer":
        raise ValueError("token_type")
    if not (isinstance(row["access_token"], str) and isinstance(row["refresh_token"], str)):
        raise TypeError("access_token and refresh_token must be text")
    return TokenPair(
        access_token=row["access_token"],
        refresh_token=row["refresh_token"],
        expires_in=int(row["expires_in"]),
        scopes=frozenset(row["scope"].split()),
    )
