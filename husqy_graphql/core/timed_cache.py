"""A cache whose answers grow old, with one load at a time for a key."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    value: V
    loaded_at: float


class TimedCache(Generic[K, V]):
    """At most `size` values, the least recently used one leaving first; `now` gives seconds that never go back."""

    def __init__(self, size: int, now: Callable[[], float] = monotonic) -> None:
        self._size = size
        self._now = now
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._loading: dict[K, asyncio.Task[V]] = {}
        self.hits = 0  # questions that an entry answered
        self.loads = 0

    async def get(self, key: K, load: Callable[[], Awaitable[V]], max_age: Callable[[V], float]) -> V:
        """The cached value while it is younger than `max_age` of it, in seconds; else a newly loaded one.

        Callers that ask at once share one load, and what the load raises; nothing is cached then.
        """
        entry = self._entries.get(key)
        if entry is not None and self._now() - entry.loaded_at < max_age(entry.value):
            self._entries.move_to_end(key)
            self.hits += 1
            return entry.value
        task = self._loading.get(key)
        if task is None:
            task = self._loading[key] = asyncio.ensure_future(self._load(key, load))
            task.add_done_callback(lambda done: self._finish(key, done))
        # A caller that goes away must not take the others' load with it.
        return await asyncio.shield(task)

    def peek(self, key: K, max_age: float) -> V | None:
        """The cached value if it is younger than `max_age` seconds, without loading."""
        entry = self._entries.get(key)
        return entry.value if entry is not None and self._now() - entry.loaded_at < max_age else None

    def put(self, key: K, value: V) -> None:
        """Cache a value that was learned without a load."""
        self._keep(key, value, self._now())

    def forget(self, key: K) -> None:
        """Drop the value of a key."""
        self._entries.pop(key, None)

    def _finish(self, key: K, task: asyncio.Task[V]) -> None:
        self._loading.pop(key, None)
        if not task.cancelled():
            task.exception()  # read, so that a failure which nobody waits for any more is not reported as lost

    async def _load(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        # The age counts from the question: what was true when it was asked may have changed since.
        asked_at = self._now()
        self.loads += 1
        value = await load()
        self._keep(key, value, asked_at)
        return value

    def _keep(self, key: K, value: V, loaded_at: float) -> None:
        self._entries[key] = _Entry(value, loaded_at)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)
