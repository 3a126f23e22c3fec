"""Token buckets: how much may be asked in how short a time.

A bucket holds points, and fills at a steady rate up to its capacity. An operation takes its cost out of several buckets
at once: out of all of them, or out of none. The memory of one process is here; `db/redis.py` has the one that
processes share.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

BUCKETS_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class RatePolicy:
    """`name` is what clients see, `points` the capacity, `refill` the points that come back each second."""

    name: str
    points: int
    refill: float

    @property
    def window(self) -> int:
        """Seconds in which an empty bucket becomes full."""
        return math.ceil(self.points / self.refill)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of a policy; `key` says whose."""

    policy: RatePolicy
    key: str


@dataclass(frozen=True, slots=True)
class BucketState:
    """What is left in a bucket. `refused` when the bucket is why nothing was taken; then `retry_after` has seconds."""

    policy: RatePolicy
    remaining: float
    refused: bool = False
    retry_after: float = 0.0

    @property
    def full_in(self) -> float:
        """Seconds until the bucket is full again."""
        return (self.policy.points - self.remaining) / self.policy.refill


class RateLimiter(Protocol):
    """Keeps buckets."""

    async def take(self, buckets: Sequence[Bucket], points: int) -> Sequence[BucketState]:
        """Take points out of every bucket if each has as many; else out of none. The state of each afterwards."""
        ...


def settle(available: Sequence[tuple[RatePolicy, float]], points: int) -> list[BucketState]:
    """The states after an attempt to take points out of buckets that have this much.

    More than a bucket's capacity counts as its capacity: it must be possible at some time.
    """
    wanted = [min(points, policy.points) for policy, _ in available]
    taken = all(left >= want for (_, left), want in zip(available, wanted, strict=True))
    return [
        BucketState(
            policy,
            left - want if taken else left,
            refused=left < want,
            retry_after=max(0.0, (want - left) / policy.refill),
        )
        for (policy, left), want in zip(available, wanted, strict=True)
    ]


@dataclass(slots=True)
class MemoryRateLimiter:
    """The buckets of one process; the least recently used are forgotten, which can only be to a client's favour."""

    now: Callable[[], float] = monotonic
    _buckets: OrderedDict[tuple[str, str], tuple[float, float]] = field(
        default_factory=OrderedDict[tuple[str, str], tuple[float, float]]
    )

    async def take(self, buckets: Sequence[Bucket], points: int) -> Sequence[BucketState]:
        now = self.now()
        states = settle([(bucket.policy, self._available(bucket, now)) for bucket in buckets], points)
        for bucket, state in zip(buckets, states, strict=True):
            place = bucket.policy.name, bucket.key
            self._buckets[place] = state.remaining, now
            self._buckets.move_to_end(place)
        while len(self._buckets) > BUCKETS_KEPT:
            self._buckets.popitem(last=False)
        return states

    def _available(self, bucket: Bucket, now: float) -> float:
        policy = bucket.policy
        left, at = self._buckets.get((policy.name, bucket.key), (policy.points, now))
        return min(policy.points, left + (now - at) * policy.refill)
