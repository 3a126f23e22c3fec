"""The tables as SQLAlchemy's documentation declares them, for the peers that load objects."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, String, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

DATABASE_URL = os.environ["BENCH_DATABASE_URL"]

row_id = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
big = Annotated[int, mapped_column(BigInteger)]


class TZDateTime(TypeDecorator[datetime]):
    """The recipe of SQLAlchemy's documentation for aware times in databases without zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None or dialect.name != "sqlite" else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    pass


class Entry(Base):
    __tablename__ = "verifier_entries"

    id: Mapped[row_id]
    guild_id: Mapped[big]
    verifier_id: Mapped[str] = mapped_column(String(36))
    user_id: Mapped[big]
    message_id: Mapped[big]
    channel_id: Mapped[big]
    direct: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(TZDateTime)
    is_verified: Mapped[bool]


class Settings(Base):
    __tablename__ = "guild_settings"

    id: Mapped[row_id]
    guild_id: Mapped[big]
    language: Mapped[str] = mapped_column(String(16))
    time_zone: Mapped[str] = mapped_column(String(64))
    unit_system: Mapped[str] = mapped_column(String(16))
    auto_delete: Mapped[int]
    module_logging: Mapped[bool]
    module_welcoming: Mapped[bool]
    module_tempchannels: Mapped[bool]
    module_socials: Mapped[bool]
    module_reactionroles: Mapped[bool]
    module_autoresponder: Mapped[bool]
    module_tickets: Mapped[bool]
    module_serverstats: Mapped[bool]
    module_tags: Mapped[bool]
    module_verifier: Mapped[bool]
    module_rules: Mapped[bool]
    module_invite_tracker: Mapped[bool]
    module_polls: Mapped[bool]
    module_giveaways: Mapped[bool]
    module_reminders: Mapped[bool]


class Audit(Base):
    __tablename__ = "audit_log"

    id: Mapped[row_id]
    guild_id: Mapped[big]
    at: Mapped[datetime] = mapped_column(TZDateTime)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_user_id: Mapped[big | None]
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(100))
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    request_id: Mapped[str] = mapped_column(String(64))


engine = create_async_engine(DATABASE_URL, pool_size=16, max_overflow=0)
new_session = async_sessionmaker(engine, expire_on_commit=False, class_=AsyncSession)


if DATABASE_URL.startswith("sqlite"):

    @event.listens_for(engine.sync_engine, "connect")
    def use_wal(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA busy_timeout = 10000")
        cursor.close()
