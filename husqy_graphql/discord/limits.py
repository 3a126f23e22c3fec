"""Discord's rate limits, kept before Discord has to refuse.

A bucket is learned from the headers of an answer. While the bucket of a route is unknown, its requests go one at a
time, so that a burst on a new channel is not refused. Source: Discord's API reference, section "Rate Limits".
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from husqy_graphql.discord.port import Throttled

WAIT = "Discord asks us to wait."
MAX_BUCKETS = 2_000
INVALID_WINDOW = 600.0  # seconds
INVALID_MAX = 5_000  # Discord bans an address at 10,000


@dataclass(slots=True)
class Bucket:
    """What is left of one bucket; `remaining` is None until Discord has said."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    remaining: int | None = None
    resets_at: float = 0.0


class RateLimits:
    """The buckets of all tokens, the global limit of each, and the count of invalid requests."""

    def __init__(
        self,
        per_second: int,
        now: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_second = per_second
        self.now = now
        self.sleep = sleep
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()
        self._sent: dict[str, deque[float]] = {}
        self._paused_until: dict[str, float] = {}
        self._invalid: deque[float] = deque()

    def bucket(self, token: str, route: str) -> Bucket:
        """The bucket of a route (method, template and major parameters) for a token's digest."""
        key = (token, route)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket()
            while len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        return bucket

    async def wait(self, token: str, bucket: Bucket, at_most: float) -> None:
        """Wait for a place in the bucket and in the token's global limit. The caller holds `bucket.lock`.

        Raises Throttled at once where that takes as many seconds as the caller has, or more.
        """
        while True:
            now = self.now()
            wait = max(self._paused_until.get(token, 0.0) - now, self._global_wait(token, now))
            if bucket.remaining == 0:
                wait = max(wait, bucket.resets_at - now)
            if wait <= 0:
                break
            if wait >= at_most:
                raise Throttled(WAIT, retry_after=wait)
            await self.sleep(wait)
        if bucket.remaining == 0:
            bucket.remaining = None  # the window is over; one request finds out about the next
        if bucket.remaining:
            bucket.remaining -= 1
        self._sent.setdefault(token, deque()).append(self.now())

    def learn(self, bucket: Bucket, headers: Mapping[str, str]) -> None:
        """Take the bucket's state from an answer."""
        try:
            remaining = int(headers["x-ratelimit-remaining"])
            resets_at = self.now() + float(headers["x-ratelimit-reset-after"])
        except (KeyError, ValueError):
            return
        # Answers overtake each other: within one window the lower number is the later one.
        if bucket.remaining is None or resets_at > bucket.resets_at + 0.5:
            bucket.remaining = remaining
        else:
            bucket.remaining = min(bucket.remaining, remaining)
        bucket.resets_at = resets_at

    def refused(self, token: str, bucket: Bucket, retry_after: float, *, everywhere: bool, hidden: bool) -> None:
        """A 429. A global one pauses the token; a hidden limit behind a bucket that is not empty pauses nothing."""
        if everywhere:
            self._paused_until[token] = self.now() + retry_after
        elif not hidden:
            bucket.remaining = 0
            bucket.resets_at = self.now() + retry_after

    @property
    def buckets(self) -> int:
        """How many are known."""
        return len(self._buckets)

    def empty_buckets(self) -> int:
        """How many have nothing left now."""
        now = self.now()
        return sum(each.remaining == 0 and each.resets_at > now for each in self._buckets.values())

    def count_invalid(self) -> None:
        """Note a 401, 403 or unshared 429."""
        self._invalid.append(self.now())

    def too_many_invalid(self) -> bool:
        """Whether so many requests were invalid that the next ones could get the address banned."""
        return self.invalid_requests() >= INVALID_MAX

    def invalid_requests(self) -> int:
        """How many requests were invalid in the last ten minutes."""
        while self._invalid and self._invalid[0] < self.now() - INVALID_WINDOW:
            self._invalid.popleft()
        return len(self._invalid)

    def _global_wait(self, token: str, now: float) -> float:
        sent = self._sent.setdefault(token, deque())
        while sent and sent[0] <= now - 1:
            sent.popleft()
        if not sent and len(self._sent) > MAX_BUCKETS:
            del self._sent[token]
        return 0.0 if len(sent) < self._per_second else sent[0] + 1 - now
