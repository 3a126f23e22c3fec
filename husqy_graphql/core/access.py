"""Who calls, and what they may do.

`authorize` and `authorize_member` are the only makers of `GuildAccess` and `MemberAccess`; a service takes one of these
instead of a guild id, so that it cannot be called without the question having been asked.
Source: contract conventions G5 to G9 and open points 7, 10 and 16 of the general service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from husqy_graphql.core.errors import BadUserInput, Forbidden, Unauthenticated

ADMINISTRATOR_PERMISSION = 0x8
API_KEY_PREFIX = "hq_"  # tells an API key from a Discord access token


@dataclass(frozen=True, slots=True)
class UserActor:
    """A person, signed in with a Discord OAuth access token."""

    user_id: int


@dataclass(frozen=True, slots=True)
class ApiKeyActor:
    """A program with an API key: an administrator of exactly one guild (G9)."""

    key_id: int
    guild_id: int


@dataclass(frozen=True, slots=True)
class ServiceActor:
    """Husqy's own bot process, on behalf of a member when `acting_user_id` is set (G7)."""

    acting_user_id: int | None


Actor = UserActor | ApiKeyActor | ServiceActor


def acting_user_id(actor: Actor) -> int | None:
    """The person who acts, where one is known: a signed-in user, or whom the bot acts for."""
    match actor:
        case UserActor(user_id):
            return user_id
        case ServiceActor(acting_user_id):
            return acting_user_id
        case ApiKeyActor():
            return None


# Answers whether the actor's own person administers a guild; asks Discord, so it is handed in.
GuildCheck = Callable[[int], Awaitable[bool]]


class Permission(Enum):
    """What an operation asks of its caller (G8)."""

    READ = auto()  # administrators and the bot
    ADMINISTER = auto()  # administrators: in person, by API key, or the bot on behalf of one
    MANAGE_API_KEYS = auto()  # administrators in person only (G9)
    BOT = auto()  # Husqy itself


@dataclass(frozen=True, slots=True)
class GuildAccess:
    """Proof that `actor` may act on `guild_id`."""

    guild_id: int
    actor: Actor
    permission: Permission


@dataclass(frozen=True, slots=True)
class MemberAccess:
    """Proof that `actor` is, or acts for, the member `user_id` of `guild_id`."""

    guild_id: int
    user_id: int
    actor: Actor


def require_actor(actor: Actor | None) -> Actor:
    """The caller, or Unauthenticated when there is no credential."""
    if actor is None:
        raise Unauthenticated(
            "This needs a credential: send `Authorization: Bearer <token>` with a Discord access token, an API key or "
            "the service credential."
        )
    return actor


async def authorize(actor: Actor | None, guild_id: int, permission: Permission, administers: GuildCheck) -> GuildAccess:
    """Proof that the caller has `permission` in the guild.

    Raises Unauthenticated without a credential, Forbidden otherwise; a guild that does not exist is forbidden like any
    other that the caller does not administer (G5).
    """
    actor = require_actor(actor)
    if not await _allowed(actor, guild_id, permission, administers):
        raise Forbidden(_REFUSALS[permission])
    return GuildAccess(guild_id, actor, permission)


async def authorize_member(actor: Actor | None, guild_id: int, user_id: int, belongs_to: GuildCheck) -> MemberAccess:
    """Proof that the caller is the member, or is the bot acting for that member (G8, open points 7 and 16).

    `belongs_to` answers whether the signed-in user is in the guild; the bot is trusted to know.
    Raises Unauthenticated or Forbidden.
    """
    actor = require_actor(actor)
    own = (isinstance(actor, ServiceActor) and actor.acting_user_id == user_id) or (
        isinstance(actor, UserActor) and actor.user_id == user_id and await belongs_to(guild_id)
    )
    if not own:
        raise Forbidden(
            "A member's data is for that member only: signed in, or through the bot on the member's behalf."
        )
    return MemberAccess(guild_id, user_id, actor)


def require_service(actor: Actor | None) -> ServiceActor:
    """The caller, where that is Husqy's own bot process; raises Unauthenticated or Forbidden."""
    actor = require_actor(actor)
    if not isinstance(actor, ServiceActor):
        raise Forbidden(_REFUSALS[Permission.BOT])
    return actor


def authorize_service(actor: Actor | None, guild_id: int) -> GuildAccess:
    """Proof that the caller is Husqy's own bot process; raises Unauthenticated or Forbidden."""
    return GuildAccess(guild_id, require_service(actor), Permission.BOT)


def require_acting_user_id(actor: Actor) -> int:
    """The member whom the caller is, or acts for. Raises BadUserInput without one (G8)."""
    user_id = acting_user_id(actor)
    if user_id is None:
        raise BadUserInput("This is about a member: name the member with the header `X-Husqy-Acting-User`.")
    return user_id


def require_owner(
    actor: Actor, owner_id: int | None, detail: str, *, stands_in: bool, logged_as: str | None = None
) -> None:
    """Raise Forbidden (with `detail`) for who does not own something, and does not stand in for its owner. An API key
    is nobody, so it owns nothing. Raises BadUserInput for Husqy on behalf of nobody."""
    me = require_acting_user_id(actor) if isinstance(actor, ServiceActor) else acting_user_id(actor)
    if me is None or not (me == owner_id or stands_in):
        raise Forbidden(detail, logged_as=logged_as)


async def _allowed(actor: Actor, guild_id: int, permission: Permission, administers: GuildCheck) -> bool:
    match actor, permission:
        case ServiceActor(), Permission.READ | Permission.BOT:
            return True
        case ServiceActor(acting_user_id=int()), Permission.ADMINISTER:
            return await administers(guild_id)
        case ApiKeyActor(guild_id=own_guild), Permission.READ | Permission.ADMINISTER:
            return own_guild == guild_id
        case UserActor(), Permission.READ | Permission.ADMINISTER | Permission.MANAGE_API_KEYS:
            return await administers(guild_id)
        case _:
            return False


_REFUSALS = {
    Permission.READ: "Only administrators of this guild and Husqy itself may do this.",
    Permission.ADMINISTER: "Only administrators of this guild may do this.",
    Permission.MANAGE_API_KEYS: "Only an administrator of this guild, signed in with Discord, may manage API keys.",
    Permission.BOT: "Only Husqy itself may do this.",
}
