"""Jobs in the database: written in the transaction of their cause, claimed by one worker at a time.

A claim is a lease: whoever holds it may write the job's end, and nobody else. On PostgreSQL workers that claim at the
same moment skip each other's rows (`FOR UPDATE SKIP LOCKED`); SQLite has one writer.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import JSON, Index, Row, String, UniqueConstraint, bindparam, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from husqy_graphql.core.jobs import Job, JobKind, JobState
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, utc
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import GuildRows, rows_by_keys
from husqy_graphql.db.prepared import Prepared

ERROR_MAX: Final = 200  # characters
PAUSE: Final = timedelta(seconds=1)  # between two runs of an effect that was asked for again while it ran


class LeaseLost(Exception):
    """The job is not (any more) the claimant's: another one has it, or it was asked for anew or called off."""


class JobRow(Base):
    """Something to be done at a time; see `core/jobs.py`. Gone once it is done."""

    __tablename__ = "jobs"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    kind: Mapped[str] = mapped_column(String(40))
    object_key: Mapped[str] = mapped_column(String(80))
    part: Mapped[str] = mapped_column(String(40))
    ordered: Mapped[bool]
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[utc]
    due_at: Mapped[utc]
    state: Mapped[str] = mapped_column(String(8), default=JobState.PENDING.value)
    asked: Mapped[int] = mapped_column(default=1)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(ERROR_MAX), default=None)
    lease: Mapped[str | None] = mapped_column(String(32), default=None)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (
        UniqueConstraint("guild_id", "object_key", "kind", "part"),
        Index("ix_jobs_due", "state", "ordered", "due_at"),
        {"sqlite_autoincrement": True},
    )


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is asked for. One that is there already is renewed: it runs once more, with the payload of now.

    A timer goes to the new time; an effect keeps the earlier one.
    """

    guild_id: int
    kind: JobKind
    object_key: str
    due_at: datetime
    part: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])


_JOBS: Any = JobRow.__table__
_OLDER = aliased(_JOBS)


def _upsert(insert: Any, *, effect: bool) -> Any:
    new = insert(_JOBS).values(
        **{name: bindparam(f"new_{name}") for name in ("guild_id", "kind", "object_key", "part", "payload")},
        ordered=effect,
        created_at=bindparam("now"),
        due_at=bindparam("new_due_at"),
        state=JobState.PENDING.value,
        asked=1,
        attempts=0,
    )
    waits = (_JOBS.c.state == JobState.PENDING.value) & (_JOBS.c.due_at < new.excluded.due_at)
    earlier = case((waits, _JOBS.c.due_at), else_=new.excluded.due_at)
    return new.on_conflict_do_update(
        index_elements=["guild_id", "object_key", "kind", "part"],
        set_={
            "payload": new.excluded.payload,
            "created_at": new.excluded.created_at,
            "due_at": earlier if effect else new.excluded.due_at,
            "state": new.excluded.state,
            "asked": _JOBS.c.asked + 1,
            "attempts": 0,
            "last_error": None,
        },
    )


# Statements of timers and effects are made once: making one costs more than running it.
_UPSERTS: Any = {
    (dialect, effect): _upsert(insert, effect=effect)
    for dialect, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
    for effect in (True, False)
}
_CANCEL = delete(_JOBS).where(_JOBS.c.guild_id == bindparam("of_guild"), _JOBS.c.object_key == bindparam("of_object"))
_CANCEL_KINDS = _CANCEL.where(_JOBS.c.kind.in_(bindparam("kinds", expanding=True)))
_FINISH = delete(_JOBS).where(
    _JOBS.c.id == bindparam("job_id"), _JOBS.c.lease == bindparam("held"), _JOBS.c.asked == bindparam("times_asked")
)


async def add_jobs(session: AsyncSession, jobs: Iterable[NewJob], now: datetime) -> None:
    """Ask for jobs; for effects in this order."""
    connection = await session.connection()
    asked: dict[bool, list[dict[str, Any]]] = {}
    for job in jobs:
        asked.setdefault(job.kind.is_effect, []).append(
            {
                "new_guild_id": job.guild_id,
                "new_kind": job.kind.value,
                "new_object_key": job.object_key,
                "new_part": job.part,
                "new_payload": dict(job.payload),
                "new_due_at": job.due_at,
                "now": now,
            }
        )
    for effect, rows in asked.items():
        await connection.execute(_UPSERTS[connection.dialect.name, effect], rows)


async def cancel_jobs(session: AsyncSession, guild_id: int, object_key: str, *kinds: JobKind) -> bool:
    """Call off the jobs of an object: those of these kinds, or all; whether there were any. Whoever has one claimed
    loses it."""
    which = {"of_guild": guild_id, "of_object": object_key}
    connection = await session.connection()
    if kinds:
        gone = await connection.execute(_CANCEL_KINDS, {**which, "kinds": [kind.value for kind in kinds]})
    else:
        gone = await connection.execute(_CANCEL, which)
    return gone.rowcount > 0


async def cancel_jobs_of_module(session: AsyncSession, guild_id: int, module: ModuleName) -> None:
    """Call off every job of a module in a guild."""
    await session.execute(
        delete(JobRow)
        .where(JobRow.guild_id == guild_id, JobRow.kind.startswith(f"{module.value}."))
        .execution_options(synchronize_session=False)
    )


def _claim(*which: Any) -> Any:
    # An effect waits for every older one of its object, also while that one waits to be tried again; not for one that
    # was asked for with a delay, which shows what is true by then.
    blocked = (
        select(_OLDER.c.id)
        .where(
            _OLDER.c.guild_id == _JOBS.c.guild_id,
            _OLDER.c.object_key == _JOBS.c.object_key,
            _OLDER.c.ordered,
            _OLDER.c.id < _JOBS.c.id,
            _OLDER.c.state == JobState.PENDING.value,
            or_(_OLDER.c.due_at <= bindparam("now"), _OLDER.c.attempts > 0),
        )
        .correlate(_JOBS)
        .exists()
    )
    free = or_(_JOBS.c.leased_until.is_(None), _JOBS.c.leased_until <= bindparam("now"))
    found = (
        select(_JOBS.c.id)
        .where(_JOBS.c.state == JobState.PENDING.value, _JOBS.c.due_at <= bindparam("now"), free, *which)
        .where(or_(_JOBS.c.ordered.is_(False), ~blocked))
        .order_by(_JOBS.c.due_at, _JOBS.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
    return (
        update(JobRow)
        .where(JobRow.id.in_(found))
        .values(lease=bindparam("claimant"), leased_until=bindparam("until"), attempts=JobRow.attempts + 1)
        .returning(_JOBS)
        .execution_options(synchronize_session=False)
    )


_CLAIM = _claim(_JOBS.c.ordered == bindparam("of_effects"))
_CLAIM_OF_OBJECT = _claim(
    _JOBS.c.ordered.is_(True),
    _JOBS.c.guild_id == bindparam("of_guild"),
    _JOBS.c.object_key == bindparam("of_object"),
)


async def claim_jobs(
    session: AsyncSession, *, effects: bool, now: datetime, until: datetime, most: int
) -> Sequence[Job]:
    """Claim up to so many effects, or timers, that are due; the longest due first."""
    return await _claimed(session, _CLAIM, now, until, most, of_effects=effects)


async def claim_effect_of(
    session: AsyncSession, guild_id: int, object_key: str, *, now: datetime, until: datetime
) -> Job | None:
    """Claim the next effect of an object, if it is due and nobody has it."""
    found = await _claimed(session, _CLAIM_OF_OBJECT, now, until, 1, of_guild=guild_id, of_object=object_key)
    return found[0] if found else None


async def _claimed(
    session: AsyncSession, statement: Any, now: datetime, until: datetime, most: int, **values: Any
) -> Sequence[Job]:
    claimant = secrets.token_hex(16)
    rows = await session.execute(statement, {"now": now, "until": until, "most": most, "claimant": claimant, **values})
    found = [
        Job(
            id=row.id,
            guild_id=row.guild_id,
            kind=JobKind(row.kind),
            object_key=row.object_key,
            part=row.part,
            payload=row.payload,
            created_at=row.created_at,
            due_at=row.due_at,
            asked=row.asked,
            attempts=row.attempts,
            lease=claimant,
            leased_until=until,
        )
        for row in rows
    ]
    return sorted(found, key=lambda job: (job.due_at, job.id))


async def finish_job(session: AsyncSession, job: Job) -> None:
    """End a timer in the transaction that does what it is for. Raises LeaseLost: then nothing may be done."""
    connection = await session.connection()
    _require_held(await connection.execute(_FINISH, {"job_id": job.id, "held": job.lease, "times_asked": job.asked}))


async def repeat_job(session: AsyncSession, job: Job, due_at: datetime) -> None:
    """Let a timer wait for its next time, in the transaction that does what this time is for. Raises LeaseLost."""
    done = await session.execute(
        update(JobRow)
        .where(*_held(job), JobRow.asked == job.asked)
        .values(due_at=due_at, lease=None, leased_until=None, attempts=0, asked=JobRow.asked + 1)
    )
    _require_held(done)


async def end_effect(session: AsyncSession, job: Job, now: datetime) -> None:
    """Note that an effect is done; one that was asked for again meanwhile runs again, after a pause."""
    await session.execute(delete(JobRow).where(*_held(job), JobRow.asked == job.asked))
    again = case((JobRow.due_at < now + PAUSE, now + PAUSE), else_=JobRow.due_at)
    await session.execute(update(JobRow).where(*_held(job)).values(lease=None, leased_until=None, due_at=again))


async def release_job(
    session: AsyncSession, job: Job, *, due_at: datetime | None = None, error: str | None = None
) -> None:
    """Give a claimed job back, to be tried again at `due_at`."""
    changes: dict[str, Any] = {"lease": None, "leased_until": None}
    if due_at is not None:
        # Whoever asked for it anew has said when.
        changes["due_at"] = case((JobRow.asked == job.asked, due_at), else_=JobRow.due_at)
        changes["last_error"] = error and error[:ERROR_MAX]
    await session.execute(update(JobRow).where(*_held(job)).values(changes))


async def release_jobs(session: AsyncSession, jobs: Iterable[Job], *, due_at: datetime) -> None:
    """Give claimed jobs back that were not brought to their end."""
    for job in jobs:
        await release_job(session, job, due_at=due_at)


async def fail_job(session: AsyncSession, job: Job, error: str) -> None:
    """Note that a job was refused for good; unless it was asked for again meanwhile, nothing more is done."""
    ended = JobRow.asked == job.asked
    await session.execute(
        update(JobRow)
        .where(*_held(job))
        .values(
            lease=None,
            leased_until=None,
            last_error=error[:ERROR_MAX],
            state=case((ended, JobState.FAILED.value), else_=JobRow.state),
        )
    )


def _require_held(done: Any) -> None:
    if not done.rowcount:
        raise LeaseLost


def _held(job: Job) -> tuple[Any, ...]:
    return JobRow.id == job.id, JobRow.lease == job.lease


async def find_failed(session: AsyncSession, guild_id: int, job_id: int) -> JobRow | None:
    """An effect that Discord has refused for good."""
    return await session.scalar(
        select(JobRow).where(
            JobRow.guild_id == guild_id, JobRow.id == job_id, JobRow.state == JobState.FAILED.value, JobRow.ordered
        )
    )


_NEXT_DUE = Prepared(
    select(_JOBS.c.due_at)
    .where(
        _JOBS.c.state == JobState.PENDING.value,
        _JOBS.c.ordered == bindparam("ordered"),
        or_(_JOBS.c.leased_until.is_(None), _JOBS.c.leased_until <= bindparam("now")),
    )
    .order_by(_JOBS.c.due_at)
    .limit(1)
)
_LEASES = rows_by_keys(select(_JOBS.c.id, _JOBS.c.lease), _JOBS.c.id)
_EFFECTS_OF_GUILD = GuildRows(_JOBS)
_EFFECTS_OF_OBJECTS = rows_by_keys(
    select(_JOBS).where(_JOBS.c.ordered.is_(True)).order_by(_JOBS.c.id), _JOBS.c.object_key
)
_DEPTHS = select(
    _JOBS.c.ordered,
    _JOBS.c.state,
    func.count().label("jobs"),
    func.min(_JOBS.c.created_at).label("oldest"),
).group_by(_JOBS.c.ordered, _JOBS.c.state)
_EFFECTS_BY_IDS = rows_by_keys(select(_JOBS).where(_JOBS.c.ordered.is_(True)), _JOBS.c.id)
_OVERDUE = select(func.count().label("jobs"), func.min(_JOBS.c.due_at).label("oldest")).where(
    _JOBS.c.state == JobState.PENDING.value, _JOBS.c.ordered.is_(False), _JOBS.c.due_at <= bindparam("now")
)


async def next_due(reads: Reads, *, effects: bool, now: datetime) -> datetime | None:
    """When the next effect, or timer, that nobody has claimed is due; None without any."""
    row = await reads.first(_NEXT_DUE, ordered=effects, now=now)
    return None if row is None else row.due_at


async def held_jobs(reads: Reads, jobs: Sequence[Job]) -> Sequence[Job]:
    """Those of the jobs that are still there, and their claimant's."""
    leases = {row.id: row.lease for row in await _LEASES.read(reads, [job.id for job in jobs])}
    return [job for job in jobs if leases.get(job.id) == job.lease]


async def effects_of_guild(
    reads: Reads, guild_id: int, *, after_id: int = 0, limit: int | None = None, state: str | None = None
) -> Sequence[Row[Any]]:
    """The effects of a guild that are not done, by row id."""
    return await _EFFECTS_OF_GUILD.read(reads, guild_id, after_id=after_id, limit=limit, ordered=True, state=state)


async def effects_of_objects(reads: Reads, object_keys: Sequence[str]) -> Sequence[Row[Any]]:
    """The effects of objects that are not done, by row id."""
    return await _EFFECTS_OF_OBJECTS.read(reads, object_keys)


async def effects_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _EFFECTS_BY_IDS.read(reads, row_ids)


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How many jobs there are, for whoever watches the program. Ages are in seconds."""

    effects_pending: int
    effects_failed: int
    oldest_effect_age: float
    timers: int
    timers_late: int
    latest_timer_age: float


async def count_jobs(reads: Reads, now: datetime) -> JobCounts:
    """Count the jobs of all guilds."""
    depths = {(bool(row.ordered), row.state): row for row in await reads.all(_DEPTHS)}
    late = await reads.first(_OVERDUE, now=now)
    pending, failed = depths.get((True, JobState.PENDING.value)), depths.get((True, JobState.FAILED.value))
    timers = depths.get((False, JobState.PENDING.value))
    return JobCounts(
        effects_pending=pending.jobs if pending else 0,
        effects_failed=failed.jobs if failed else 0,
        oldest_effect_age=max(0.0, (now - pending.oldest).total_seconds()) if pending else 0.0,
        timers=timers.jobs if timers else 0,
        timers_late=late.jobs if late else 0,
        latest_timer_age=max(0.0, (now - late.oldest).total_seconds()) if late and late.oldest else 0.0,
    )
