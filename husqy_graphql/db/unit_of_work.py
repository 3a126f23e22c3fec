"""One session, one transaction, and the only code that commits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from husqy_graphql.core.access import GuildAccess, MemberAccess, acting_user_id
from husqy_graphql.core.audit import AuditAction, changed_fields, describe_actor
from husqy_graphql.core.clock import Clock
from husqy_graphql.core.events import GuildEvent
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.guilds import GuildMember, GuildSettings
from husqy_graphql.db.jobs import NewJob, add_jobs, cancel_jobs, cancel_jobs_of_module
from husqy_graphql.db.journals import AuditLogEntry, LogLine, StatisticsEntry


@dataclass(frozen=True, slots=True)
class Committed:
    """What has to happen because a transaction was committed: events to tell, guilds whose logs have new lines, and
    jobs that were asked for."""

    events: Sequence[GuildEvent]
    logged_guilds: frozenset[int]
    jobs: Sequence[NewJob]


# Gets what was committed; raises nothing.
AfterCommit = Callable[[Committed], Awaitable[None]]


async def after_commit_nothing(_: Committed) -> None:
    """For programs that nobody watches."""


# Made once: making a statement costs more than running it.
_ADD_AUDIT_ENTRIES = insert(AuditLogEntry.__table__)  # pyright: ignore[reportArgumentType]
_SETTINGS = select(GuildSettings.guild_id, GuildSettings.module_logging, GuildSettings.module_serverstats).where(
    GuildSettings.guild_id.in_(bindparam("guild_ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """What a service changes rows with; made by `unit_of_work` and gone with its transaction."""

    session: AsyncSession
    clock: Clock
    request_id: str
    events: list[GuildEvent] = field(default_factory=list[GuildEvent])
    audit_entries: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    log_lines: list[LogLine] = field(default_factory=list[LogLine])
    statistics: list[StatisticsEntry] = field(default_factory=list[StatisticsEntry])
    jobs: list[NewJob] = field(default_factory=list[NewJob])

    def audit(
        self,
        access: GuildAccess | MemberAccess,
        action: AuditAction,
        target: str,
        *,
        module: ModuleName | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        hidden: Collection[str] = (),
    ) -> None:
        """Write the change down, and announce it. `before` and `after` hold JSON values by field; only fields that
        differ are kept, of `hidden` ones the name alone. `module` is needed where the action's own name does not tell
        it."""
        kind, user_id = describe_actor(access.actor)
        guild_id = access.guild_id
        changes = changed_fields(before or {}, after or {}, hidden)
        self.audit_entries.append(
            {
                "guild_id": guild_id,
                "at": self.clock(),
                "actor_kind": kind.value,
                "actor_user_id": user_id,
                "action": action.value,
                "target": target[:100],
                "changes": changes,
                "request_id": self.request_id,
            }
        )
        self.announce(guild_id, action, target, *(change["field"] for change in changes), module=module)

    def announce(
        self, guild_id: int, action: AuditAction, target: str, *changed: str, module: ModuleName | None = None
    ) -> None:
        """Tell whoever watches the guild of a change, once it is committed; `audit` does so by itself."""
        self.events.append(GuildEvent(guild_id, action, module or action.module, target, changed, self.clock()))

    def log(
        self,
        access: GuildAccess | MemberAccess,
        event: LogEvent,
        *,
        succeeded: bool = True,
        reason: str | None = None,
        **data: str | int | None,
    ) -> LogLine:
        """Write a line to the guild's logs channel, once this is committed, if the guild logs and its switch is on.

        `data` has the values of the event's sentence: ids as `channel_id`, `member_id`, ...
        """
        kind, user_id = describe_actor(access.actor)
        line = LogLine(
            guild_id=access.guild_id,
            at=self.clock(),
            event=event.switch,
            succeeded=succeeded,
            reason=reason and reason[:200],
            actor_kind=kind.value,
            actor_user_id=user_id,
            data={name: str(value) for name, value in data.items() if value is not None},
        )
        self.log_lines.append(line)
        return line

    def count(
        self, access: GuildAccess | MemberAccess, metric: Metric, *, user_id: int | None = None, **data: str | float
    ) -> None:
        """Count something in the statistics of the guild, if it keeps any. It is about `user_id`, else about whoever
        acts; without either about Husqy itself."""
        about = acting_user_id(access.actor) if user_id is None else user_id
        self.statistics.append(
            StatisticsEntry(
                guild_id=access.guild_id, at=self.clock(), metric=metric.value, user_id=about, data=dict(data)
            )
        )

    def effect(
        self,
        guild_id: int,
        kind: JobKind,
        object_key: str,
        *,
        part: str = "",
        delay: timedelta = timedelta(0),
        **payload: Any,
    ) -> None:
        """Have something done on Discord once this is committed, or after a delay: see `core/jobs.py`. What the object
        looks like is read when it is done; the payload (JSON) has what is not in its rows."""
        self.jobs.append(NewJob(guild_id, kind, object_key, self.clock() + delay, part, payload))

    def timer(self, guild_id: int, kind: JobKind, object_key: str, due_at: datetime) -> None:
        """Have something happen at a time; a timer that is set already is moved there."""
        self.jobs.append(NewJob(guild_id, kind, object_key, due_at))

    async def cancel(self, guild_id: int, object_key: str, *kinds: JobKind) -> bool:
        """Call off what was to be done with an object: jobs of these kinds, or all. What was asked for before in this
        transaction is called off too. Whether something was stored that is called off."""
        self.jobs[:] = [
            job
            for job in self.jobs
            if (job.guild_id, job.object_key) != (guild_id, object_key) or (kinds and job.kind not in kinds)
        ]
        return await cancel_jobs(self.session, guild_id, object_key, *kinds)

    async def cancel_module(self, guild_id: int, module: ModuleName) -> None:
        """Call off everything that was to be done for a module."""
        self.jobs[:] = [job for job in self.jobs if (job.guild_id, job.kind.module) != (guild_id, module)]
        await cancel_jobs_of_module(self.session, guild_id, module)

    async def flush_journals(self) -> frozenset[int]:
        """Add the entries of the audit log, and the lines and counts of the guilds that want them; the guilds that got
        lines. `unit_of_work` calls it."""
        await self.session.flush()  # what is added refers to its guild, which may be as new
        if self.audit_entries:
            await (await self.session.connection()).execute(_ADD_AUDIT_ENTRIES, self.audit_entries)
        guild_ids = {row.guild_id for row in (*self.log_lines, *self.statistics)}
        if not guild_ids:
            return frozenset()
        rows = await self._settings_of(guild_ids)
        logging = {row.guild_id for row in rows if row.module_logging}
        counting = {row.guild_id for row in rows if row.module_serverstats}
        self.session.add_all(line for line in self.log_lines if line.guild_id in logging)
        counted = [entry for entry in self.statistics if entry.guild_id in counting]
        preventing = await self._preventing(counted)
        self.session.add_all(each for each in counted if (each.guild_id, each.user_id) not in preventing)
        return frozenset(line.guild_id for line in self.log_lines if line.guild_id in logging)

    async def _settings_of(self, guild_ids: Collection[int]) -> Sequence[Any]:
        """Who logs and counts: mostly the row that is locked, and need not be read again."""
        held = [row for row in self.session.identity_map.values() if isinstance(row, GuildSettings)]
        if {row.guild_id for row in held} >= set(guild_ids):
            return held
        return (await self.session.execute(_SETTINGS, {"guild_ids": list(guild_ids)})).all()

    async def _preventing(self, entries: Sequence[StatisticsEntry]) -> set[tuple[int, int]]:
        """Which (guild, user) of the entries forbid that data is collected."""
        user_ids = {entry.user_id for entry in entries if entry.user_id is not None}
        if not user_ids:
            return set()
        found = await self.session.execute(
            select(GuildMember.guild_id, GuildMember.user_id).where(
                GuildMember.user_id.in_(user_ids), GuildMember.prevent_data_collection
            )
        )
        return {(row.guild_id, row.user_id) for row in found}


@asynccontextmanager
async def unit_of_work(
    engine: AsyncEngine, clock: Clock, after_commit: AfterCommit, request_id: str
) -> AsyncGenerator[UnitOfWork]:
    """A transaction that is committed when the block ends and rolled back when it raises; then `after_commit` gets what
    follows from it."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        uow = UnitOfWork(session, clock, request_id)
        yield uow
        logged = await uow.flush_journals()
        if uow.jobs:
            await add_jobs(session, uow.jobs, clock())
        await session.commit()
    if uow.events or logged or uow.jobs:
        await after_commit(Committed(uow.events, logged, uow.jobs))
