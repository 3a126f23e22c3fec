"""Events of guilds on their way to subscribers: in this process, or through Redis to every process.

They are news, not a journal: an event that could not be told is lost, and whoever may have missed one is told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from weakref import WeakSet

import orjson
import structlog

from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import Unavailable
from husqy_graphql.core.events import GuildEvent

log = structlog.get_logger()

QUEUE_LENGTH = 100
RECONNECT_SECONDS = 1.0
MISSED = "Some events could not be told. Read what you show anew, and subscribe again."


class Relay(Protocol):
    """Carries messages between processes; both raise OSError or RuntimeError while it cannot."""

    async def publish(self, messages: Sequence[bytes]) -> None: ...

    def messages(self) -> AsyncGenerator[bytes | None]:
        """Every message of every process; None first, once it listens."""
        ...


@dataclass(slots=True, eq=False, weakref_slot=True)
class _Subscriber:
    queue: asyncio.Queue[GuildEvent] = field(default_factory=lambda: asyncio.Queue[GuildEvent](QUEUE_LENGTH))
    missed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class GuildEvents:
    """The subscribers of this process, by guild; one for the process.

    The sets are weak, because a generator that is never asked for anything never comes to its end.
    """

    relay: Relay | None = None
    _subscribers: dict[int, WeakSet[_Subscriber]] = field(default_factory=dict[int, "WeakSet[_Subscriber]"])

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return sum(map(len, self._subscribers.values()))

    async def publish(self, events: Sequence[GuildEvent]) -> None:
        """Tell the events to every subscriber of every process; a relay that fails is logged, and this process is
        told at least."""
        if self.relay is not None:
            try:
                await self.relay.publish([_encode(event) for event in events])
            except (OSError, RuntimeError) as error:
                log.warning("events_not_relayed", events=len(events), error=type(error).__name__)
            else:
                return  # they come back through the relay
        for event in events:
            self._tell(event)

    def watch(self, guild_id: int) -> AsyncGenerator[GuildEvent]:
        """The events of a guild from this call on. The generator raises Unavailable when some were missed: a reader who
        is too slow, or a relay that failed, must not look like nothing happened."""
        subscriber = _Subscriber()
        subscribers = self._subscribers.setdefault(guild_id, WeakSet())
        subscribers.add(subscriber)
        return _watch(subscriber, subscribers)

    async def run(self) -> None:
        """Listen to the relay until cancelled; returns at once without one."""
        connected_before = False
        while self.relay is not None:
            try:
                async with aclosing(self.relay.messages()) as messages:
                    async for message in messages:
                        if message is not None:
                            self._tell(_decode(message))
                        elif connected_before:
                            self._tell_missed()
                        connected_before = True
            except (OSError, RuntimeError) as error:
                log.warning("relay_not_heard", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    def _tell(self, event: GuildEvent) -> None:
        for subscriber in list(self._subscribers.get(event.guild_id, ())):
            try:
                subscriber.queue.put_nowait(event)
            except asyncio.QueueFull:
                subscriber.missed.set()
        if not self._subscribers.get(event.guild_id):
            self._subscribers.pop(event.guild_id, None)

    def _tell_missed(self) -> None:
        for subscribers in self._subscribers.values():
            for subscriber in list(subscribers):
                subscriber.missed.set()


async def _watch(subscriber: _Subscriber, among: WeakSet[_Subscriber]) -> AsyncGenerator[GuildEvent]:
    try:
        while True:
            yield await _next(subscriber)
    finally:
        among.discard(subscriber)


async def _next(subscriber: _Subscriber) -> GuildEvent:
    if not subscriber.queue.empty() and not subscriber.missed.is_set():
        return subscriber.queue.get_nowait()
    event = asyncio.ensure_future(subscriber.queue.get())
    missed = asyncio.ensure_future(subscriber.missed.wait())
    try:
        await asyncio.wait((event, missed), return_when=asyncio.FIRST_COMPLETED)
        if missed.done():
            raise Unavailable(MISSED, retry_after=0)
        return event.result()
    finally:
        event.cancel()
        missed.cancel()


def _encode(event: GuildEvent) -> bytes:
    return orjson.dumps(
        {
            "guild_id": event.guild_id,
            "action": event.action.value,
            "target": event.target,
            "changed_fields": event.changed_fields,
            "at": event.at,
        }
    )


def _decode(message: bytes) -> GuildEvent:
    given: dict[str, Any] = orjson.loads(message)
    return GuildEvent(
        guild_id=given["guild_id"],
        action=AuditAction(given["action"]),
        target=given["target"],
        changed_fields=tuple(given["changed_fields"]),
        at=datetime.fromisoformat(given["at"]),
    )
