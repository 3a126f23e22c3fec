"""Token buckets, by the clock."""

from __future__ import annotations

from husqy_graphql.core.rate_limits import Bucket, MemoryRateLimiter, RatePolicy
from tests.conftest import Monotonic

TEN = RatePolicy("ten", points=10, refill=2)
HUNDRED = RatePolicy("hundred", points=100, refill=1)


async def test_a_bucket_empties_and_fills_at_its_rate() -> None:
    now = Monotonic()
    limiter = MemoryRateLimiter(now)
    bucket = [Bucket(TEN, "a")]

    [state] = await limiter.take(bucket, 7)
    assert (state.remaining, state.refused, state.full_in) == (3, False, 3.5)
    [state] = await limiter.take(bucket, 4)
    assert (state.remaining, state.refused, state.retry_after) == (3, True, 0.5)
    now.advance(0.5)
    [state] = await limiter.take(bucket, 4)
    assert (state.remaining, state.refused) == (0, False)
    now.advance(1_000)
    [state] = await limiter.take(bucket, 0)
    assert (state.remaining, state.full_in) == (10, 0)


async def test_points_come_out_of_all_buckets_or_out_of_none() -> None:
    limiter = MemoryRateLimiter(Monotonic())
    both = [Bucket(TEN, "a"), Bucket(HUNDRED, "a")]

    await limiter.take(both, 8)
    ten, hundred = await limiter.take(both, 8)
    assert (ten.remaining, ten.refused) == (2, True)
    assert (hundred.remaining, hundred.refused) == (92, False)


async def test_buckets_of_others_are_others() -> None:
    limiter = MemoryRateLimiter(Monotonic())
    await limiter.take([Bucket(TEN, "a")], 10)

    [state] = await limiter.take([Bucket(TEN, "b")], 10)
    assert not state.refused


async def test_what_costs_more_than_a_bucket_holds_needs_a_full_bucket() -> None:
    now = Monotonic()
    limiter = MemoryRateLimiter(now)

    [state] = await limiter.take([Bucket(TEN, "a")], 50)
    assert (state.remaining, state.refused) == (0, False)
    [state] = await limiter.take([Bucket(TEN, "a")], 50)
    assert (state.refused, state.retry_after) == (True, 5)
