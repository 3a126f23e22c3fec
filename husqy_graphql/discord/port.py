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

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Protocol


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
class DiscordChannel:
    id: int
    guild_id: int | None
    name: str | None
    type: int  # a `ChannelType` as far as known; Discord adds new ones
    position: int
    parent_id: int | None
    topic: str | None
    nsfw: bool


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


class BotPort(Protocol):
    """What the bot itself may ask, with the bot's token."""

    async def current_user(self) -> DiscordUser:
        """The bot's own user; the cheapest proof that Discord answers and takes the token."""
        ...

    async def guild(self, guild_id: int) -> DiscordGuild | None:
        """The guild with its roles and emojis; None when the bot is not in it."""
        ...

    async def channels(self, guild_id: int) -> Sequence[DiscordChannel] | None:
        """All channels of the guild but its threads; None when the bot is not in it."""
        ...

    async def members(self, guild_id: int) -> Sequence[DiscordMember] | None:
        """Every member, bots included, by ascending id (pages of 1,000); None when the bot is not in the guild."""
        ...

    async def member(self, guild_id: int, user_id: int) -> DiscordMember | None: ...

    async def user(self, user_id: int) -> DiscordUser | None: ...

    async def entitlements(self) -> Sequence[DiscordEntitlement]:
        """Every entitlement of the application, ended and deleted ones included."""
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
