"""Who pays for a request, and how clients are told what they have left."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic

from starlette.requests import HTTPConnection

from husqy_graphql.core.access import Actor, ApiKeyActor, ServiceActor, UserActor
from husqy_graphql.core.errors import RateLimited
from husqy_graphql.core.rate_limits import Bucket, MemoryRateLimiter, RateLimiter, RatePolicy
from husqy_graphql.gql.budget import Budget

# What a credential that is none costs its address: guessing must be slow, and each guess may ask Discord.
BAD_CREDENTIAL_POINTS = 20
BLOCKED_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The policies; None where nothing is limited. `blocked` holds addresses that guessed too often, and until when, so
    that they are turned away before anything is asked on their behalf."""

    credential: RatePolicy | None = None
    guild: RatePolicy | None = None
    address: RatePolicy | None = None
    limiter: RateLimiter = field(default_factory=MemoryRateLimiter)
    now: Callable[[], float] = monotonic
    blocked: OrderedDict[str, float] = field(default_factory=OrderedDict[str, float])

    def check_address(self, connection: HTTPConnection) -> None:
        """Raise RateLimited for an address that sent too many bad credentials."""
        until = self.blocked.get(address_of(connection)) if self.blocked else None
        if until is not None and until > self.now():
            raise RateLimited("Too many bad credentials came from your address. Wait.", until - self.now())

    async def charge_bad_credential(self, connection: HTTPConnection) -> None:
        """Let the address pay for a credential that was none."""
        if self.address is None:
            return
        address = address_of(connection)
        [state] = await self.limiter.take([Bucket(self.address, address)], BAD_CREDENTIAL_POINTS)
        if state.refused:
            self.blocked[address] = self.now() + state.retry_after
            while len(self.blocked) > BLOCKED_KEPT:
                self.blocked.popitem(last=False)

    def budget(self, actor: Actor | None, connection: HTTPConnection) -> Budget:
        """What a request may spend; Husqy's own bot is not limited."""
        if isinstance(actor, ServiceActor):
            return Budget()
        payers: list[Bucket] = []
        if actor is not None and self.credential is not None:
            payers.append(Bucket(self.credential, subject_of(actor)))
        if self.address is not None:
            payers.append(Bucket(self.address, address_of(connection)))
        return Budget(self.limiter, payers, self.guild)


def address_of(connection: HTTPConnection) -> str:
    """The address of a client; of IPv6 the network of 64 bits, which one person may have whole."""
    return _network(connection.client.host if connection.client else "")


@lru_cache(maxsize=10_000)
def _network(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host


def rate_limit_headers(budget: Budget | None) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).

    Quota `q` is in points, window `w` in seconds; `r` points are left, and in `t` seconds the bucket is full again.
    """
    if budget is None or not budget.states:
        return {}
    states = budget.states.values()
    return {
        "ratelimit-policy": ", ".join(
            f'"{each.policy.name}";q={each.policy.points};w={each.policy.window}' for each in states
        ),
        "ratelimit": ", ".join(
            f'"{each.policy.name}";r={int(each.remaining)};t={math.ceil(each.full_in)}' for each in states
        ),
    }


def subject_of(actor: Actor | None) -> str:
    """Whose requests are counted together: a person's, whatever the token; a key's; the bot's; nobody's."""
    match actor:
        case UserActor(user_id):
            return f"user:{user_id}"
        case ApiKeyActor(key_id):
            return f"key:{key_id}"
        case ServiceActor():
            return "service"
        case None:
            return "nobody"
