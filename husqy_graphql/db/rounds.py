"""Who does a round of background work: one process at a time, and none before it is time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, row_id, utc


class WorkerRound(Base):
    """A round of background work, and until when nobody else does it."""

    __tablename__ = "worker_rounds"

    id: Mapped[row_id] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    until: Mapped[utc]

    __table_args__ = ({"sqlite_autoincrement": True},)


_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


async def claim_round(session: AsyncSession, name: str, *, now: datetime, until: datetime) -> bool:
    """Take a round for oneself until a time; False while it is another one's, or was done a moment ago."""
    insert = _INSERTS[session.get_bind().dialect.name](WorkerRound).values(name=name, until=until)
    claimed = await session.scalar(
        insert.on_conflict_do_update(
            index_elements=["name"], set_={"until": insert.excluded.until}, where=WorkerRound.until <= now
        ).returning(WorkerRound.name)
    )
    return claimed is not None


async def end_round(session: AsyncSession, name: str, *, until: datetime, next_at: datetime) -> None:
    """Let anybody do the round again from a time on, unless the claim `until` is not ours any more."""
    await session.execute(
        update(WorkerRound).where(WorkerRound.name == name, WorkerRound.until == until).values(until=next_at)
    )
