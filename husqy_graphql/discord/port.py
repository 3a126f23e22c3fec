"""What Husqy asks of Discord, in the project's own words.

Services and resolvers know these Protocols and frozen dataclasses only; `adapter.py` speaks HTTP behind them. Ids are
integers. A read answers None for "not there". Errors are the tree below: a caller decides from the class alone whether
the call had an effect.

    DiscordError
    ├── Invalid        400: Discord did not accept a value
    │   └── InvalidGrant   an authorization code or refresh token that is wrong, used or revoked
    ├── Unauthorized   401: the bot's or the user's token is not valid
    ├── Refused        403: a permission is missing, or the role hierarchy forbids it
    ├── NotThere       404: only for calls that need the object
    ├── TooMany        a count limit of Discord's is reached (30xxx)
    ├── Throttled      429 past the deadline of the call
    └── Unreachable    5xx, connection or deadline; `ambiguous` when the call may have had its effect
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, Protocol

from husqy_graphql.discord.interactions import InteractionPort
from husqy_graphql.discord.members import MemberPort

# An `allowed_mentions` that notifies nobody.
NO_MENTIONS: Final[Mapping[str, Any]] = MappingProxyType({"parse": ()})


class DiscordError(Exception):
    """A call to Discord that did not succeed; `code` is Discord's JSON error code, 0 where there is none."""

    def __init__(self, message: str, *, status: int = 0, code: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Invalid(DiscordError):
    pass


class InvalidGrant(Invalid):
    """RFC 6749, section 5.2."""


class Unauthorized(DiscordError):
    pass


class Refused(DiscordError):
    pass


class NotThere(DiscordError):
    pass


class TooMany(DiscordError):
    pass


class Throttled(DiscordError):
    """`retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, status=429)
        self.retry_after = retry_after


class Unreachable(DiscordError):
    """Discord gave no usable answer; `ambiguous` says that the call may have had its effect all the same."""

    def __init__(self, message: str, *, status: int = 0, ambiguous: bool = False) -> None:
        super().__init__(message, status=status)
        self.ambiguous = ambiguous


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
class DiscordMessage:
    id: int
    channel_id: int
    author: DiscordUser  # for a webhook's message: the webhook, with its name
    content: str  # empty for messages of others when the bot lacks the intent MESSAGE_CONTENT
    webhook_id: int | None
    type: int  # 0 = written by somebody, 19 = a reply; the others are Discord's own notices
    timestamp: datetime


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


class BotPort(InteractionPort, MemberPort, Protocol):
    """What the bot itself may ask, with the bot's token.

    Everything may raise Unauthorized, Throttled and Unreachable; the methods name what else. Embeds and components are
    Discord's JSON. A `reason` stands in the guild's audit log (512 characters).
    """

    async def current_user(self) -> DiscordUser:
        """The bot's own user; the cheapest proof that Discord answers and takes the token."""
        ...

    async def guild(self, guild_id: int) -> DiscordGuild | None:
        """The guild with its roles and emojis; None when the bot is not in it."""
        ...

    async def channels(self, guild_id: int) -> Sequence[DiscordChannel] | None:
        """All channels of the guild but its threads; None when the bot is not in it."""
        ...

    async def channel(self, channel_id: int) -> DiscordChannel | None: ...

    async def members(self, guild_id: int) -> Sequence[DiscordMember] | None:
        """Every member, bots included, by ascending id (pages of 1,000); None when the bot is not in the guild."""
        ...

    async def member(self, guild_id: int, user_id: int) -> DiscordMember | None: ...

    async def user(self, user_id: int) -> DiscordUser | None: ...

    async def entitlements(self) -> Sequence[DiscordEntitlement]:
        """Every entitlement of the application, ended and deleted ones included."""
        ...

    async def message(self, channel_id: int, message_id: int) -> DiscordMessage | None:
        """The message; None when it or its channel is gone, or the bot may not read it."""
        ...

    async def send_message(
        self,
        channel_id: int,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
        nonce: str | None = None,
    ) -> DiscordMessage:
        """Post a message. A call whose answer is lost is repeated, and posts no second message. A nonce of
        your own (25 characters at most) makes a later call safe too, for some minutes: Discord answers what is there.
        Raises Invalid (50006 empty, 50008 no text channel), Refused (50001 the bot does not see the channel, 50013 it
        may not write there, 50007 the person takes no direct messages from it) and NotThere (10003 no such channel,
        10008 the message of this nonce has been deleted).
        """
        ...

    async def edit_message(
        self,
        channel_id: int,
        message_id: int,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
    ) -> DiscordMessage:
        """Replace what a message of the bot's own says; what is left out is taken away from it.
        Raises Invalid, Refused (50001, 50005 another one's message), NotThere (10003, 10008) and TooMany (30046).
        """
        ...

    async def remove_components(self, channel_id: int, message_id: int) -> bool:
        """Take the buttons and menus off a message of the bot's own, and leave the rest; False when it was gone. Raises
        Refused (50001, 50005)."""
        ...

    async def delete_message(self, channel_id: int, message_id: int, *, reason: str | None = None) -> bool:
        """Delete a message; False when it or its channel was gone. Raises Refused (50001, 50013)."""
        ...

    async def add_reaction(self, channel_id: int, message_id: int, emoji: str) -> None:
        """React as the bot, with a Unicode emoji or `name:id`; nothing happens if it already has.
        Raises Invalid (10014 no such emoji), Refused (50001, 50013), NotThere (10003, 10008) and TooMany (30010).
        """
        ...

    async def create_channel(
        self,
        guild_id: int,
        *,
        name: str,
        type: int,
        parent_id: int | None = None,
        topic: str | None = None,
        permission_overwrites: Sequence[PermissionOverwrite] = (),
        reason: str | None = None,
    ) -> DiscordChannel:
        """Make a channel; Discord may change its name (lower case, hyphens). Without overwrites it takes those of its
        category. There is no nonce: Unreachable may be `ambiguous`, and a repetition may make a second one.
        Raises Invalid (50035, also for a full category), Refused (50001 not in the guild, 50013), NotThere (10004) and
        TooMany (30013, 500 a guild).
        """
        ...

    async def delete_channel(self, channel_id: int, *, reason: str | None = None) -> bool:
        """Delete a channel; False when it was gone. Raises Refused (50001, 50013)."""
        ...

    async def open_dm(self, user_id: int) -> int:
        """The id of the channel for direct messages to a user (50007 shows when one is sent). Raises Invalid, 50033."""
        ...


class UserPort(Protocol):
    """What is asked with a user's OAuth access token."""

    async def token_info(self, token: str) -> TokenInfo:
        """Raises Unauthorized for a token that is unknown, expired or revoked."""
        ...

    async def user_guilds(self, token: str) -> Sequence[UserGuild]:
        """The guilds of the token's user (scope `guilds`)."""
        ...


class OAuthPort(Protocol):
    """What the application asks for people who sign in (RFC 6749). Unauthorized means a wrong client secret."""

    async def exchange_code(self, code: str, *, redirect_uri: str, code_verifier: str) -> TokenPair:
        """The tokens for an authorization code (PKCE, RFC 7636); raises InvalidGrant for one that is not good (any
        more)."""
        ...

    async def refresh(self, refresh_token: str) -> TokenPair:
        """New tokens for the same person; the old refresh token is used up. Raises InvalidGrant."""
        ...

    async def revoke(self, refresh_token: str) -> None:
        """End the authorization: its access tokens and its refresh token (RFC 7009)."""
        ...
