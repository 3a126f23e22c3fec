"""What Husqy asks of Discord, in the project's own words.

Services and resolvers know these Protocols and frozen dataclasses only; `adapter.py` speaks HTTP behind them. Ids are
integers. A read answers None for "not there". Errors are the tree below: a caller decides from the class alone whether
the call had an effect.

    DiscordError
    ├── Invalid        400: Discord did not accept a value
    │   ├── InvalidGrant   an authorization code or refresh token that is wrong, used or revoked
    │   └── PollExpired    a poll that is over
    ├── Unauthorized   401: the bot's or the user's token is not valid
    ├── Refused        403: a permission is missing, or the role hierarchy forbids it
    ├── NotThere       404: only for calls that need the object
    ├── TooMany        a count limit of Discord's is reached (30xxx)
    ├── Throttled      429 past the deadline of the call
    └── Unreachable    5xx, connection or deadline; `ambiguous` when the call may have had its effect
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

from husqy_graphql.discord.interactions import InteractionPort
from husqy_graphql.discord.invites import InvitePort
from husqy_graphql.discord.members import MemberPort
from husqy_graphql.discord.messages import MessagePort
from husqy_graphql.discord.objects import (
    AuditLogAction,
    AuditLogChange,
    AuditLogEntry,
    ChannelType,
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
    UserGuild,
)
from husqy_graphql.discord.polls import NewPoll, NewPollAnswer, PollPort

__all__ = (
    "NO_MENTIONS",
    "AuditLogAction",
    "AuditLogChange",
    "AuditLogEntry",
    "BotPort",
    "ChannelType",
    "DiscordChannel",
    "DiscordEmoji",
    "DiscordEntitlement",
    "DiscordError",
    "DiscordGuild",
    "DiscordInvite",
    "DiscordMember",
    "DiscordMessage",
    "DiscordPoll",
    "DiscordPollAnswer",
    "DiscordRole",
    "DiscordUser",
    "Invalid",
    "InvalidGrant",
    "NewPoll",
    "NewPollAnswer",
    "NotThere",
    "OAuthPort",
    "PermissionOverwrite",
    "PollExpired",
    "Refused",
    "Throttled",
    "TokenInfo",
    "TokenPair",
    "TooMany",
    "Unauthorized",
    "Unreachable",
    "UserGuild",
    "UserPort",
)

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


class PollExpired(Invalid):
    """Discord's 520001."""


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


class BotPort(InteractionPort, InvitePort, MemberPort, MessagePort, PollPort, Protocol):
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
