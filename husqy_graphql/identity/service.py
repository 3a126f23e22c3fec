"""Turns a credential into a caller.

Three kinds (G6): a Discord OAuth access token, which Discord is asked about; an API key `hq_…`, which is looked up; and
the bot's service credential. Answers of Discord are cached by the token's SHA-256, never by the token.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from husqy_graphql.core.access import (
    ADMINISTRATOR_PERMISSION,
    API_KEY_PREFIX,
    Actor,
    ApiKeyActor,
    ServiceActor,
    UserActor,
)
from husqy_graphql.core.clock import Clock
from husqy_graphql.core.errors import BadUserInput, Forbidden, Unauthenticated, Unavailable
from husqy_graphql.core.snowflake import parse_snowflake
from husqy_graphql.core.timed_cache import TimedCache
from husqy_graphql.discord.lookup import find_member
from husqy_graphql.discord.permissions import is_administrator
from husqy_graphql.discord.port import BotPort, Throttled, Unauthorized, Unreachable, UserGuild, UserPort

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

API_KEY_SUBJECT = "api-key:"
SERVICE_SUBJECT = "service"
CREDENTIAL_MAX_LENGTH = 512
ACTING_USER_REFUSED = "Only Husqy itself may send X-Husqy-Acting-User."
CACHE_SIZE = 10_000

# Seconds. What Discord says of a token changes rarely; who administers a guild must be forgotten quickly.
TOKEN_AGE = 300.0
FRESH_TOKEN_AGE = 30.0
REJECTED_TOKEN_AGE = 30.0
GUILDS_AGE = 60.0
FRESH_GUILDS_AGE = 15.0
STALE_AGE = 600.0


@dataclass(frozen=True, slots=True)
class AcceptedToken:
    user_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RejectedToken:
    reason: str


# The actor of a key that exists, and None for any other.
FindApiKey = Callable[[str], Awaitable[ApiKeyActor | None]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Resolves credentials; one for the process, since it holds the caches."""

    bot: BotPort
    users: UserPort
    find_api_key: FindApiKey
    guild_of_api_key: Callable[[int], Awaitable[int | None]]
    clock: Clock
    application_ids: frozenset[int]
    service_credentials: Sequence[str] = field(repr=False)
    tokens: TimedCache[bytes, AcceptedToken | RejectedToken] = field(repr=False)
    guilds: TimedCache[bytes, Sequence[UserGuild]] = field(repr=False)
    administrators: TimedCache[tuple[int, int], bool] = field(repr=False)

    async def resolve(self, credential: str, *, fresh: bool = False) -> Actor:
        """The actor of a credential; raises Unauthenticated with the reason, or Unavailable when Discord is needed and
        does not answer. `fresh` asks Discord about a token unless it did within the last half minute."""
        if not 0 < len(credential) <= CREDENTIAL_MAX_LENGTH or not credential.isascii() or not credential.isprintable():
            raise Unauthenticated("This is not a credential: it must be 1 to 512 visible ASCII characters.")
        if self._is_service(credential):
            return ServiceActor(None)
        if credential.startswith(API_KEY_PREFIX):
            actor = await self.find_api_key(credential)
            if actor is None:
                raise Unauthenticated("This API key does not exist, or has been deleted.")
            return actor
        return UserActor((await self._accepted(credential, fresh=fresh)).user_id)

    async def user_administers(self, guild_id: int, user_id: int, *, fresh: bool) -> bool:
        """Whether a user owns or administers a guild that Husqy is in, as the bot sees it."""

        async def load() -> bool:
            found = await find_member(self.bot, guild_id, user_id)
            return found is not None and is_administrator(*found)

        return await _or_stale(self.administrators, (guild_id, user_id), load, fresh=fresh)

    async def target_administers(self, guild_id: int, target: str) -> bool:
        """Whether the `subject` of an identity may administer the guild; False for all that does not exist.

        Raises BadUserInput for a target that can be no subject.
        """
        if target == SERVICE_SUBJECT:
            return False
        of_key = target.startswith(API_KEY_SUBJECT)
        try:
            number = parse_snowflake(target.removeprefix(API_KEY_SUBJECT))
        except ValueError:
            raise BadUserInput(
                "This is not the subject of an identity.",
                {"target": f"must be a Discord user id, or `{API_KEY_SUBJECT}` and a number"},
            ) from None
        if of_key:
            return await self.guild_of_api_key(number) == guild_id
        return await self.user_administers(guild_id, number, fresh=False)

    async def token_guilds(self, token: str, *, fresh: bool) -> Sequence[UserGuild]:
        """The guilds of a token's user; raises Unauthenticated when Discord has revoked the token meanwhile."""
        key = _digest(token)
        known = self.tokens.peek(key, REJECTED_TOKEN_AGE)
        if isinstance(known, RejectedToken):
            raise Unauthenticated(known.reason)
        try:
            return await _or_stale(self.guilds, key, lambda: self.users.user_guilds(token), fresh=fresh)
        except Unauthorized:
            # Remembered: Discord bans addresses that go on asking with tokens which it refuses.
            rejected = RejectedToken("Discord no longer accepts this access token: sign in again.")
            self.tokens.put(key, rejected)
            self.guilds.forget(key)
            raise Unauthenticated(rejected.reason) from None

    def _is_service(self, credential: str) -> bool:
        # Every one is compared, so that the time taken tells nothing.
        matches = [hmac.compare_digest(credential.encode(), known.encode()) for known in self.service_credentials]
        return any(matches)

    async def _accepted(self, token: str, *, fresh: bool) -> AcceptedToken:
        key = _digest(token)
        try:
            found = await self.tokens.get(key, lambda: self._introspect(token), _fresh_age if fresh else _age)
        except (Unreachable, Throttled) as error:
            found = self.tokens.peek(key, STALE_AGE)
            if found is None:
                raise Unavailable("Discord does not answer, so this access token cannot be checked.") from error
        if isinstance(found, RejectedToken):
            raise Unauthenticated(found.reason)
        if found.expires_at <= self.clock():
            raise Unauthenticated("This access token has expired: sign in again.")
        return found

    async def _introspect(self, token: str) -> AcceptedToken | RejectedToken:
        try:
            info = await self.users.token_info(token)
        except Unauthorized:
            return RejectedToken("Discord does not know this access token: it is wrong, expired or revoked.")
        # Without this check any other bot's login token would open our API as that administrator.
        if info.application_id not in self.application_ids:
            return RejectedToken("This access token was issued to another application, not to Husqy.")
        missing = {"identify", "guilds"} - info.scopes
        if missing or info.user is None:
            return RejectedToken(f"This access token lacks the scope `{min(missing, default='identify')}`.")
        return AcceptedToken(info.user.id, info.expires_at)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request; without an actor, somebody without a credential."""

    actor: Actor | None
    identity: Identity
    token: str | None = field(default=None, repr=False)

    async def administers(self, guild_id: int, *, fresh: bool) -> bool:
        """Whether the person behind the request owns or administers the guild."""
        match self.actor:
            case UserActor():
                return any(
                    guild.id == guild_id and (guild.owner or guild.permissions & ADMINISTRATOR_PERMISSION)
                    for guild in await self.guilds(fresh=fresh)
                )
            case ServiceActor(acting_user_id=int(user_id)):
                return await self.identity.user_administers(guild_id, user_id, fresh=fresh)
            case _:
                return False

    async def belongs_to(self, guild_id: int, *, fresh: bool) -> bool:
        """Whether the signed-in user is a member of the guild."""
        return any(guild.id == guild_id for guild in await self.guilds(fresh=fresh))

    async def guilds(self, *, fresh: bool) -> Sequence[UserGuild]:
        """The guilds of the signed-in user; none for other callers."""
        return await self.identity.token_guilds(self.token, fresh=fresh) if self.token else ()


async def authenticate(
    identity: Identity, credential: str | None, acting_user: str | None, *, fresh: bool = False
) -> Caller:
    """The caller of a request, from its credential and its `X-Husqy-Acting-User`.

    Raises Unauthenticated for a credential that is not valid, Forbidden for an acting user beside any credential but
    the service's, BadUserInput for one that is no id (G7, open point 10).
    """
    if credential is None:
        return Caller(None, identity)
    actor = await identity.resolve(credential, fresh=fresh)
    if acting_user is not None:
        if not isinstance(actor, ServiceActor):
            raise Forbidden(ACTING_USER_REFUSED)
        try:
            actor = ServiceActor(parse_snowflake(acting_user))
        except ValueError as error:
            raise BadUserInput(f"X-Husqy-Acting-User {error}.") from None
    return Caller(actor, identity, credential if isinstance(actor, UserActor) else None)


async def _or_stale(
    cache: TimedCache[K, V],
    key: K,
    load: Callable[[], Awaitable[V]],
    *,
    fresh: bool,
) -> V:
    """A young answer; an old one for reads while Discord is down. Raises Unavailable without either."""
    try:
        return await cache.get(key, load, lambda _: FRESH_GUILDS_AGE if fresh else GUILDS_AGE)
    except (Unreachable, Throttled) as error:
        stale = None if fresh else cache.peek(key, STALE_AGE)
        if stale is None:
            raise Unavailable("Discord does not answer, so permissions cannot be checked.") from error
        return stale


def _age(found: AcceptedToken | RejectedToken) -> float:
    return REJECTED_TOKEN_AGE if isinstance(found, RejectedToken) else TOKEN_AGE


def _fresh_age(_: AcceptedToken | RejectedToken) -> float:
    return FRESH_TOKEN_AGE


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
