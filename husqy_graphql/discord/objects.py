"""What Discord knows, as frozen dataclasses in the project's own words. Callers find them in `port.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any


class ChannelType(IntEnum):
    """Discord's channel types, with the spelling that the REST contract and `<channel_type>` use."""

    GUILD_TEXT = 0
    DM = 1
    GUILD_VOICE = 2
    GROUP_DM = 3
    GUILD_CATEGORY = 4
    GUILD_NEWS = 5
    GUILD_NEWS_THREAD = 10
    GUILD_PUBLIC_THREAD = 11
    GUILD_PRIVATE_THREAD = 12
    GUILD_STAGE = 13
    GUILD_DIRECTORY = 14
    GUILD_FORUM = 15
    GUILD_MEDIA = 16


@dataclass(frozen=True, slots=True)
class DiscordGuild:
    id: int
    name: str
    owner_id: int
    icon: str | None  # the image hash
    description: str | None
    afk_timeout: int  # seconds
    mfa_level: int
    preferred_locale: str
    premium_subscription_count: int
    premium_tier: int
    verification_level: int
    nsfw_level: int
    public_updates_channel_id: int | None
    rules_channel_id: int | None
    system_channel_id: int | None
    widget_channel_id: int | None
    roles: tuple[DiscordRole, ...]  # Discord answers a guild with its roles and emojis
    emojis: tuple[DiscordEmoji, ...]


@dataclass(frozen=True, slots=True)
class DiscordRole:
    id: int
    name: str
    color: int
    position: int
    permissions: int  # the bit field
    managed: bool
    hoist: bool
    mentionable: bool


@dataclass(frozen=True, slots=True)
class DiscordEmoji:
    id: int
    name: str
    animated: bool
    require_colons: bool
    managed: bool
    available: bool


@dataclass(frozen=True, slots=True)
class PermissionOverwrite:
    """What a channel allows and denies a role or a member, as bit fields."""

    id: int
    type: int  # 0 = role, 1 = member
    allow: int
    deny: int


@dataclass(frozen=True, slots=True)
class DiscordChannel:
    id: int
    guild_id: int | None
    name: str | None
    type: int  # a `ChannelType` as far as known; Discord adds new ones
    position: int
    parent_id: int | None
    topic: str | None
    nsfw: bool
    permission_overwrites: tuple[PermissionOverwrite, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscordUser:
    id: int
    username: str
    global_name: str | None
    avatar: str | None  # the image hash
    discriminator: str  # "0" for all but bots
    bot: bool


@dataclass(frozen=True, slots=True)
class DiscordMember:
    user: DiscordUser
    nick: str | None
    avatar: str | None  # the image hash of the guild avatar
    role_ids: tuple[int, ...]
    joined_at: datetime | None
    premium_since: datetime | None
    deaf: bool
    mute: bool
    pending: bool
    communication_disabled_until: datetime | None


@dataclass(frozen=True, slots=True)
class DiscordPollAnswer:
    id: int
    text: str
    emoji: str | None  # Unicode, or `name:id`
    votes: int | None  # None where Discord did not tell; not quite accurate before the poll is finalized


@dataclass(frozen=True, slots=True)
class DiscordPoll:
    """A poll of Discord's own, which is a part of its message."""

    question: str
    answers: tuple[DiscordPollAnswer, ...]
    expires_at: datetime | None
    allow_multiselect: bool
    finalized: bool  # it is over, and every vote is counted


@dataclass(frozen=True, slots=True)
class DiscordMessage:
    id: int
    channel_id: int
    author: DiscordUser  # for a webhook's message: the webhook, with its name
    content: str  # empty, as embeds, components and poll are, for others' when the bot lacks the intent MESSAGE_CONTENT
    webhook_id: int | None
    type: int  # 0 = written by somebody, 19 = a reply; the others are Discord's own notices
    timestamp: datetime
    embeds: tuple[Mapping[str, Any], ...] = ()  # Discord's JSON, like the components
    components: tuple[Mapping[str, Any], ...] = ()
    poll: DiscordPoll | None = None

    @property
    def custom_ids(self) -> tuple[str, ...]:
        """The custom ids of all its buttons and menus, from the top."""
        return tuple(_custom_ids(self.components))

    def says(self, content: str | None, embeds: Sequence[Mapping[str, Any]] = ()) -> bool:
        """Whether it is what became of a message that was sent with this."""
        sent = [list(_embed_texts(each)) for each in embeds]
        same = self.content.strip() == (content or "").strip()  # Discord takes the blanks around a text away
        return same and [list(_embed_texts(each)) for each in self.embeds] == sent


@dataclass(frozen=True, slots=True)
class DiscordInvite:
    """An invite; what only its guild's list tells is None where the bot may not read that list."""

    code: str
    channel_id: int | None
    guild_id: int | None
    inviter_id: int | None  # None for one that a widget or Discord itself made
    expires_at: datetime | None
    uses: int | None
    max_uses: int | None  # 0 = any number
    max_age: int | None  # seconds; 0 = for ever
    temporary: bool | None  # who joins by it leaves with their connection, unless they are given a role
    created_at: datetime | None


class AuditLogAction(IntEnum):
    """Those of Discord's audit log events that Husqy asks about."""

    INVITE_CREATE = 40
    INVITE_DELETE = 42


@dataclass(frozen=True, slots=True)
class AuditLogChange:
    key: str
    old_value: Any
    new_value: Any


@dataclass(frozen=True, slots=True)
class AuditLogEntry:
    id: int
    action_type: int
    user_id: int | None  # who did it
    target_id: int | None  # None for invites: their change `code` names them
    reason: str | None
    changes: tuple[AuditLogChange, ...]


@dataclass(frozen=True, slots=True)
class DiscordEntitlement:
    id: int
    sku_id: int
    guild_id: int | None
    type: int
    starts_at: datetime | None
    ends_at: datetime | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class UserGuild:
    """A guild as its member sees it, with that member's permissions there."""

    id: int
    name: str
    icon: str | None
    owner: bool
    permissions: int


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What Discord says of an OAuth access token (`GET /oauth2/@me`)."""

    application_id: int
    scopes: frozenset[str]
    expires_at: datetime
    user: DiscordUser | None  # only with the scope `identify`


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What the token endpoint gives (RFC 6749, section 5.1); `expires_in` is the access token's life in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    scopes: frozenset[str]


def _embed_texts(embed: Mapping[str, Any]) -> Iterator[str]:
    """What an embed says, without what Discord adds or writes in another way."""
    fields: Sequence[Mapping[str, Any]] = embed.get("fields") or ()
    parts: Sequence[Mapping[str, Any]] = [embed.get("author") or {}, embed.get("footer") or {}]
    yield from ((embed.get(name) or "").strip() for name in ("title", "description"))
    yield from ((part.get(name) or "").strip() for part in parts for name in ("name", "text"))
    yield from (each[name].strip() for each in fields for name in ("name", "value"))


def _custom_ids(components: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for component in components:
        if component.get("custom_id"):
            yield component["custom_id"]
        yield from _custom_ids(component.get("components") or ())
        # A section has a button at its side, a label its input inside.
        yield from _custom_ids([component[name] for name in ("accessory", "component") if component.get(name)])
