"""Does what was asked for: effects right after their commit or soon after, timers in their time.

Rows are claimed, done, and ended under the same claim: effects with no transaction open, timers that are due together
in one. What Discord refuses for good stays as failed; what it did not answer is tried again, the later the older it is.
Any number of workers may run.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from husqy_graphql.core.clock import Clock
from husqy_graphql.core.jobs import Job
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.jobs import (
    LeaseLost,
    NewJob,
    claim_effect_of,
    claim_jobs,
    end_effect,
    fail_job,
    finish_job,
    held_jobs,
    next_due,
    release_job,
    release_jobs,
)
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import DiscordError, Throttled, Unauthorized, Unreachable

log = structlog.get_logger()

LEASE = timedelta(seconds=30)
DEADLINE = 20.0  # seconds for one job; less than the lease, so that nobody works on what is another's
DEADLINE_TOGETHER = 5.0  # seconds for the timers of one transaction
INLINE_DEADLINE = 5.0  # seconds that a request waits for the effects of its change
AT_ONCE = 20  # effects; and timers of one transaction
TRANSACTIONS_AT_ONCE = 2  # of timers: one may wait for the lock of a guild
GATHER_SECONDS = 0.05  # that a timer may wait, to be done together with those that come due meanwhile
STOP_SECONDS = 2.0  # that what is being done may take once the worker is to stop
LOOK_AGAIN = 1.0  # seconds until rows of other processes are seen at the latest
BACKOFF_MIN, BACKOFF_MAX = 1.0, 600.0  # seconds
PAUSE_WITHOUT_TOKEN = 60.0  # seconds


@dataclass(slots=True)
class Counters:
    """What was done since the start, for whoever watches the program."""

    done: int = 0
    failed: int = 0
    tried_again: int = 0
    lateness_sum: float = 0.0  # seconds, of timers
    lateness_max: float = 0.0
    timers: int = 0


Units = Callable[[], AbstractAsyncContextManager[UnitOfWork]]


@dataclass(slots=True)
class JobRunner:
    """One for the process. `perform` does a job with transactions of `units`, in which it ends a timer too."""

    perform: Callable[[Units, Job], Awaitable[None]]
    reads: Reads
    units: Units
    clock: Clock
    counters: Counters = field(default_factory=Counters)
    paused_until: datetime | None = None  # the bot's token is not valid
    # One for each loop, or one would take the other's call.
    _effects_woken: asyncio.Event = field(default_factory=asyncio.Event)
    _timers_woken: asyncio.Event = field(default_factory=asyncio.Event)
    _inline: dict[tuple[int, str], asyncio.Task[None]] = field(
        default_factory=dict[tuple[int, str], "asyncio.Task[None]"]
    )

    async def run(self) -> None:
        """Do whatever is due, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run(effects=True), name="effects")
            group.create_task(self._run(effects=False), name="timers")

    @property
    def paused(self) -> bool:
        """Whether nothing is done, because Discord rejects the bot's token."""
        return self.paused_until is not None and self.clock() < self.paused_until

    def wake(self) -> None:
        """Look again: something was asked for. Returns at once."""
        self._effects_woken.set()
        self._timers_woken.set()

    async def attempt(self, jobs: Collection[NewJob]) -> None:
        """Do the effects among jobs that are due, and wait for that, but not longer than the inline deadline; what is
        left is done in the background. Raises nothing."""
        if not jobs:
            return  # most changes ask for none, and a look is two selects
        now = self.clock()
        objects = {(job.guild_id, job.object_key) for job in jobs if job.kind.is_effect and job.due_at <= now}
        tasks = [self._attempt(*each) for each in objects]
        if tasks:
            await asyncio.wait(tasks, timeout=INLINE_DEADLINE)
        self.wake()

    async def run_due(self) -> int:
        """Do everything that is due now, and what follows from it; how many jobs were tried. For whoever cannot wait
        for `run`."""
        tried = 0
        while True:
            timers = await self._claim(effects=False, most=AT_ONCE)
            effects = await self._claim(effects=True, most=AT_ONCE)
            if not timers and not effects:
                return tried
            await asyncio.gather(self._do_together(timers), *map(self._do, effects))
            tried += len(timers) + len(effects)

    async def close(self) -> None:
        """Let what requests have begun come to its end."""
        await _stop(self._inline.values())

    def _attempt(self, guild_id: int, object_key: str) -> asyncio.Task[None]:
        key = (guild_id, object_key)
        task = asyncio.create_task(self._drain(guild_id, object_key, self._inline.get(key)), name="inline effects")
        self._inline[key] = task
        task.add_done_callback(lambda done: self._inline.pop(key, None) if self._inline.get(key) is done else None)
        return task

    async def _drain(self, guild_id: int, object_key: str, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        try:
            while not self.paused:
                now = self.clock()
                async with self.units() as uow:
                    job = await claim_effect_of(uow.session, guild_id, object_key, now=now, until=now + LEASE)
                if job is None:
                    return
                await self._do(job)
        except Exception as error:  # noqa: BLE001 - the change is made; the worker does the rest
            log.warning("effects_left", guild_id=guild_id, object=object_key, error=type(error).__name__)

    async def _run(self, *, effects: bool) -> None:
        running: set[asyncio.Task[None]] = set()
        woken = self._effects_woken if effects else self._timers_woken
        try:
            while True:
                woken.clear()  # before the look: what is asked for from here on is not missed
                most = AT_ONCE - len(running) if effects else AT_ONCE
                claimed, seconds = await self._look(effects=effects, most=most)
                if not claimed:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(seconds):
                            await woken.wait()
                elif effects:
                    running.update(asyncio.create_task(self._do(job), name=job.kind.value) for job in claimed)
                else:
                    running.add(asyncio.create_task(self._do_together(claimed), name="timers"))
                    if len(claimed) < most:
                        await asyncio.sleep(GATHER_SECONDS)
                # One claim for several effects: each is a transaction.
                few = AT_ONCE // 2 if effects else TRANSACTIONS_AT_ONCE - 1
                while len(running) > few:
                    _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _stop(running)

    async def _look(self, *, effects: bool, most: int) -> tuple[Sequence[Job], float]:
        """Claim what is due; where that is nothing, the seconds until another look."""
        if self.paused:
            return [], LOOK_AGAIN
        now = self.clock()
        try:
            due = await next_due(self.reads, effects=effects, now=now)
            if due is None:  # a look costs less than taking the lock to write
                return [], LOOK_AGAIN
            if due > now:
                return [], min((due - now).total_seconds(), LOOK_AGAIN)
            # What is due and cannot be claimed waits for another job: no use in asking at once.
            return await self._claim(effects=effects, most=most), LOOK_AGAIN
        except Exception as error:  # noqa: BLE001 - a database that is away comes back
            log.warning("jobs_not_claimed", error=type(error).__name__, detail=str(error))
            return [], LOOK_AGAIN

    async def _claim(self, *, effects: bool, most: int) -> Sequence[Job]:
        now = self.clock()
        async with self.units() as uow:
            return await claim_jobs(uow.session, effects=effects, now=now, until=now + LEASE, most=most)

    async def _do_together(self, timers: Sequence[Job]) -> None:
        """Do timers in one transaction, which costs a third of one for each. Where something is wrong with one of them
        nothing was done, and each is done alone; raises nothing but cancellation."""
        if len(timers) > 1:
            began = self.clock()
            try:
                async with asyncio.timeout(DEADLINE_TOGETHER), self.units() as uow:
                    # By guild: two transactions that lock several do so in the same order.
                    for job in sorted(timers, key=lambda each: (each.guild_id, each.due_at, each.id)):
                        await self.perform(lambda: nullcontext(uow), job)
            except asyncio.CancelledError:
                await self._give_back(timers)
                raise
            except Exception as error:  # noqa: BLE001 - it shows again, and is noted, where the job is alone
                log.info("timers_apart", timers=len(timers), error=type(error).__name__)
            else:
                await self._end_timers(timers, began)
                return
        await asyncio.gather(*map(self._do, timers))

    async def _do(self, job: Job) -> None:
        """Do a job and note how that ended; raises nothing but cancellation."""
        try:
            await self._perform(job)
        except asyncio.CancelledError:
            await self._give_back([job])
            raise
        except Exception as error:  # noqa: BLE001 - what cannot be noted is claimed again once its lease has ended
            log.warning("job_not_noted", kind=job.kind.value, object=job.object_key, error=type(error).__name__)
        if job.kind.is_effect:
            self._effects_woken.set()  # the next one of its object may go on

    async def _perform(self, job: Job) -> None:
        began = self.clock()
        try:
            async with asyncio.timeout(DEADLINE):
                await self.perform(self.units, job)
        except LeaseLost:
            log.info("job_lost", kind=job.kind.value, object=job.object_key)
            await self._note(lambda uow: release_job(uow.session, job))
        except Unauthorized as error:
            self.paused_until = self.clock() + timedelta(seconds=PAUSE_WITHOUT_TOKEN)
            log.warning("worker_paused", error=str(error))
            await self._again(job, PAUSE_WITHOUT_TOKEN, error)
        except Throttled as error:
            await self._again(job, error.retry_after, error)
        except (Unreachable, TimeoutError) as error:
            await self._again(job, self._backoff(job), error)
        except DiscordError as error:
            self.counters.failed += 1
            log.warning("effect_refused", kind=job.kind.value, object=job.object_key, code=error.code)
            said = f"{error} ({error.code or error.status})"
            await self._note(lambda uow: fail_job(uow.session, job, said))
        except Exception as error:  # a defect must not lose what was asked for
            log.exception("job_broken", kind=job.kind.value, object=job.object_key)
            await self._again(job, self._backoff(job), error)
        else:
            if job.kind.is_effect:
                self.counters.done += 1
                await self._note(lambda uow: end_effect(uow.session, job, uow.clock()))
            else:
                await self._end_timers([job], began)

    async def _end_timers(self, timers: Sequence[Job], began: datetime) -> None:
        """Count timers that were done, and take away those whose time has come to nothing."""
        for job in timers:
            self.counters.done += 1
            self._count_lateness((began - job.due_at).total_seconds())
        # A look costs less than a transaction, and most have ended theirs.
        for job in await held_jobs(self.reads, timers):
            await self._note(partial(end_timer, job=job))

    async def _again(self, job: Job, seconds: float, error: Exception) -> None:
        self.counters.tried_again += 1
        due_at = self.clock() + timedelta(seconds=seconds)
        said = str(error) or "Discord did not answer in time"
        await self._note(lambda uow: release_job(uow.session, job, due_at=due_at, error=said))

    async def _give_back(self, jobs: Sequence[Job]) -> None:
        """Let others have what this worker does not bring to its end; without that they wait for the leases."""
        # A call that was cut off may still be on its way: whoever repeats it comes after it.
        due_at = self.clock() + timedelta(seconds=STOP_SECONDS)
        with suppress(Exception):
            await self._note(lambda uow: release_jobs(uow.session, jobs, due_at=due_at))

    async def _note(self, write: Callable[[UnitOfWork], Awaitable[None]]) -> None:
        async with self.units() as uow:
            await write(uow)

    def _backoff(self, job: Job) -> float:
        """Seconds until another try: a quarter of the job's age, so that a short silence is made up for soon after, and
        a long one is not spent on asking."""
        age = (self.clock() - job.created_at).total_seconds() if job.kind.is_effect else float(2**job.attempts)
        return min(max(age / 4, BACKOFF_MIN), BACKOFF_MAX) * random.uniform(0.75, 1.0)  # noqa: S311

    def _count_lateness(self, seconds: float) -> None:
        self.counters.timers += 1
        self.counters.lateness_sum += max(0.0, seconds)
        self.counters.lateness_max = max(self.counters.lateness_max, seconds)


async def _stop(tasks: Collection[asyncio.Task[None]]) -> None:
    """Let tasks come to their end, and cancel those that do not in time."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


async def end_timer(uow: UnitOfWork, job: Job) -> None:
    """Take away a timer whose time has come to nothing; one that was ended or moved stays as it is."""
    with suppress(LeaseLost):
        await finish_job(uow.session, job)
