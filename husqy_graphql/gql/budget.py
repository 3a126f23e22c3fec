"""What a request has paid for: its points come out of the buckets of its credential, its address and its guilds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from husqy_graphql.core.errors import RateLimited
from husqy_graphql.core.rate_limits import Bucket, BucketState, RateLimiter, RatePolicy


@dataclass(slots=True)
class Budget:
    """The points of one operation. `payers` pay at its start; each guild that it is allowed to touch pays too, once.

    Without payers and guild policy nothing is limited: that is Husqy's own bot.
    """

    limiter: RateLimiter | None = None
    payers: Sequence[Bucket] = ()
    guild_policy: RatePolicy | None = None
    points: int = 0
    states: dict[str, BucketState] = field(default_factory=dict[str, BucketState])  # by the policy's name
    _guilds: dict[int, asyncio.Future[None]] = field(default_factory=dict[int, "asyncio.Future[None]"])

    async def charge(self, points: int) -> None:
        """Take the points of an operation; raises RateLimited, with nothing taken."""
        self.points = points
        await self._take(self.payers, points)

    async def charge_guild(self, guild_id: int) -> None:
        """Let a guild pay for the operation, after it was seen that the caller may act there: else anybody could use
        up what belongs to others. Raises RateLimited.
        """
        if self.guild_policy is None:
            return
        paid = self._guilds.get(guild_id)
        if paid is None:
            bucket = Bucket(self.guild_policy, str(guild_id))
            paid = self._guilds[guild_id] = asyncio.ensure_future(self._take([bucket], max(1, self.points)))
        await asyncio.shield(paid)

    async def _take(self, buckets: Sequence[Bucket], points: int) -> None:
        if self.limiter is None or not buckets:
            return
        states = await self.limiter.take(buckets, points)
        self.states.update((state.policy.name, state) for state in states)
        refused = max((state for state in states if state.refused), key=lambda each: each.retry_after, default=None)
        if refused is not None:
            raise RateLimited(
                f"This costs {points} points, and {int(refused.remaining)} of {refused.policy.points} are left in the "
                f"rate limit of the {refused.policy.name}. Wait {refused.retry_after:.1f} seconds.",
                refused.retry_after,
            )
