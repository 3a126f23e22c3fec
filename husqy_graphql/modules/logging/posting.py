"""Writes the pending lines of guilds into their logs channels: in order, several to a message under bursts.

Lines are rows, written in the transaction of their cause. Whoever committed one wakes this; the worker looks for those
that a crash or a Discord that was down has left. A lease on the guild's settings keeps two processes from writing at
once, and a nonce Discord from writing one twice. No transaction is open while Discord is called.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from husqy_graphql.core.clock import Clock
from husqy_graphql.core.log_events import EVENTS_BY_SWITCH, LogEvent
from husqy_graphql.core.log_lines import LINE_MAX, messages, render_line
from husqy_graphql.core.time_zones import time_zone_or_utc
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import NO_MENTIONS, BotPort, DiscordError, NotThere, Throttled, Unreachable
from husqy_graphql.modules.logging import repository

log = structlog.get_logger()

LEASE = timedelta(seconds=30)
GIVEN_UP_AFTER = timedelta(minutes=10)
GUILDS_AT_ONCE = 20
REFUSALS_KEPT = 1_000


@dataclass(slots=True)
class LogPoster:
    """One for the process."""

    reads: Reads
    units: Callable[[], AbstractAsyncContextManager[UnitOfWork]]
    bot: BotPort
    clock: Clock
    _running: dict[int, asyncio.Task[None]] = field(default_factory=dict[int, "asyncio.Task[None]"])
    _woken: set[int] = field(default_factory=set[int])
    _refused: OrderedDict[int, str] = field(default_factory=OrderedDict[int, str])  # by line
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(GUILDS_AT_ONCE))

    def wake(self, guild_ids: Iterable[int]) -> None:
        """Write the lines of these guilds soon; returns at once, and raises nothing."""
        for guild_id in guild_ids:
            self._woken.add(guild_id)
            if guild_id not in self._running:
                self._running[guild_id] = asyncio.create_task(self._run(guild_id), name="log lines")

    async def wait(self, guild_id: int, seconds: float) -> bool:
        """Wait until the lines of a guild are written, but not longer than this; whether they are."""
        task = self._running.get(guild_id)
        if task is not None:
            await asyncio.wait({task}, timeout=seconds)
        return task is None or task.done()

    def refusal(self, line_id: int) -> str | None:
        """Why Discord refused the message that a line was in; None when it did not."""
        return self._refused.get(line_id)

    async def wake_all(self) -> None:
        """Write whatever is still to be written anywhere."""
        self.wake(await repository.guilds_with_lines(self.reads))

    async def close(self, seconds: float = 2.0) -> None:
        """Let what runs come to its end, for so long; what is left is written after the next start."""
        running = list(self._running.values())
        if running:
            _, late = await asyncio.wait(running, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, guild_id: int) -> None:
        try:
            async with self._slots:
                while guild_id in self._woken:
                    self._woken.discard(guild_id)
                    await self._post_all(guild_id)
        except Exception as error:  # noqa: BLE001 - the worker tries again
            log.warning("log_lines_not_written", guild_id=guild_id, error=type(error).__name__)
        finally:
            self._running.pop(guild_id, None)
            if guild_id in self._woken:
                self.wake([guild_id])

    async def _post_all(self, guild_id: int) -> None:
        now = self.clock()
        until = now + LEASE
        async with self.units() as uow:
            if not await repository.claim_posting(uow.session, guild_id, now=now, until=until):
                return
        try:
            while await self._post_some(guild_id):
                pass
        finally:
            async with self.units() as uow:
                await repository.release_posting(uow.session, guild_id, until)

    async def _post_some(self, guild_id: int) -> bool:
        """Write one message; whether there may be more to write now."""
        settings = await repository.settings_for_posting(self.reads, guild_id)
        pending = await repository.pending_lines(self.reads, guild_id)
        if settings is None or not pending:
            return False
        wanted = [line for line in pending if is_wanted(line.event, settings.switched_off, succeeded=line.succeeded)]
        if settings.channel_gone or not wanted:
            return await self._delete(pending)
        written, text, nonce = await self._next_message(wanted, settings)
        # Unwanted lines go with the wanted ones that they stand before.
        done = [line for line in pending if line.id <= written[-1].id]
        try:
            await self.bot.send_message(
                settings.logs_channel_id, content=text, allowed_mentions=NO_MENTIONS, nonce=nonce
            )
        except NotThere:
            async with self.units() as uow:
                await repository.mark_channel_gone(uow.session, guild_id, settings.logs_channel_id)
            return await self._delete(pending)
        except (Unreachable, Throttled):
            if self.clock() - written[0].at < GIVEN_UP_AFTER:
                raise
            log.warning("log_lines_given_up", guild_id=guild_id, lines=len(done))
        except DiscordError as error:
            log.warning("log_lines_refused", guild_id=guild_id, error=type(error).__name__, lines=len(done))
            self._refused.update((line.id, str(error)) for line in written)
            while len(self._refused) > REFUSALS_KEPT:
                self._refused.popitem(last=False)
        return await self._delete(done)

    async def _next_message(self, wanted: Sequence[Any], settings: Any) -> tuple[Sequence[Any], str, str]:
        """The lines of the next message, its text and its nonce. Which lines go together is stored before it is sent:
        with others in it, a second try would be another message, or lose them to the first one."""
        nonce = wanted[0].nonce
        if nonce is not None:
            again = [line for line in wanted if line.nonce == nonce]
            return again, "\n".join(_rendered(line, settings) for line in again)[:LINE_MAX], nonce
        fresh = [line for line in wanted if line.nonce is None]
        text, taken = messages([_rendered(line, settings) for line in fresh])
        nonce = f"log{fresh[0].id}"
        async with self.units() as uow:
            await repository.set_nonce(uow.session, [line.id for line in fresh[:taken]], nonce)
        return fresh[:taken], text, nonce

    async def _delete(self, lines: Sequence[Any]) -> bool:
        async with self.units() as uow:
            await repository.delete_lines(uow.session, [line.id for line in lines])
        return True


def is_wanted(switch: str, switched_off: Sequence[str], *, succeeded: bool) -> bool:
    """Whether a line is to be written: a success by its own switch, a failure by that of errors (logging.md, 4)."""
    event = EVENTS_BY_SWITCH.get(switch)
    if event is None or event.dormant:
        return False
    deciding = event if succeeded else LogEvent.ERRORS
    return deciding.switch not in switched_off


def _rendered(line: Any, settings: Any) -> str:
    return render_line(
        line.event,
        at=line.at,
        zone=time_zone_or_utc(settings.time_zone),
        succeeded=line.succeeded,
        reason=line.reason,
        actor_kind=line.actor_kind,
        actor_user_id=line.actor_user_id,
        data=line.data,
    )
