"""What processes share through Redis: events and rate limits. It holds nothing that must survive."""

# redis-py leaves the types of its keyword arguments and of its answers open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from husqy_graphql.core.rate_limits import Bucket, BucketState, MemoryRateLimiter, settle

log = structlog.get_logger()

DEADLINE_SECONDS = 1.0

# KEYS: buckets. ARGV: the points, then capacity and refill of each bucket.
# Answers what was in each bucket, before anything is taken, as text: Redis would cut numbers to integers.
_TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local left, refused = {}, false
for i, key in ipairs(KEYS) do
  local capacity, refill = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local stored = redis.call('HMGET', key, 'left', 'at')
  left[i] = capacity
  if stored[1] then
    left[i] = math.min(capacity, tonumber(stored[1]) + math.max(0, now - tonumber(stored[2])) * refill)
  end
  refused = refused or left[i] < math.min(tonumber(ARGV[1]), capacity)
end
local answer = {}
for i, key in ipairs(KEYS) do
  local capacity, refill = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local after = left[i]
  if not refused then after = after - math.min(tonumber(ARGV[1]), capacity) end
  redis.call('HSET', key, 'left', tostring(after), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', key, math.ceil(capacity / refill) + 1)
  answer[i] = tostring(left[i])
end
return answer
"""


def connect(url: str) -> Redis:
    """A client for an address; connects to nothing yet."""
    return Redis.from_url(url, socket_connect_timeout=DEADLINE_SECONDS, health_check_interval=15)


@dataclass(slots=True)
class RedisRateLimiter:
    """Buckets that all processes share. While Redis does not answer, each process goes on with its own."""

    redis: Redis
    prefix: str
    fallback: MemoryRateLimiter = field(default_factory=MemoryRateLimiter)

    async def take(self, buckets: Sequence[Bucket], points: int) -> Sequence[BucketState]:
        keys = [f"{self.prefix}:rate:{bucket.policy.name}:{bucket.key}" for bucket in buckets]
        arguments = [number for bucket in buckets for number in (bucket.policy.points, bucket.policy.refill)]
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                left: Any = await self.redis.eval(_TAKE, len(keys), *keys, points, *arguments)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("rate_limits_not_shared", error=type(error).__name__)
            return await self.fallback.take(buckets, points)
        return settle([(bucket.policy, float(each)) for bucket, each in zip(buckets, left, strict=True)], points)


@dataclass(frozen=True, slots=True)
class RedisRelay:
    """Events by publish and subscribe."""

    redis: Redis
    prefix: str

    @property
    def channel(self) -> str:
        return f"{self.prefix}:guild-events"

    async def publish(self, messages: Sequence[bytes]) -> None:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), self.redis.pipeline(transaction=False) as pipeline:
                for message in messages:
                    pipeline.publish(self.channel, message)
                await pipeline.execute()
        except RedisError as error:
            raise OSError("Redis does not answer") from error

    async def messages(self) -> AsyncGenerator[bytes | None]:
        try:
            async with self.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(self.channel)
                yield None
                async for message in pubsub.listen():
                    yield message["data"]
        except RedisError as error:
            raise OSError("Redis does not answer") from error
