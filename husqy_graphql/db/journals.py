"""The journals: what was changed, what is to be said in the logs channel, what is to be counted. Each row is written in
the transaction of its cause."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, guild_key, row_id, snowflake, utc


class AuditLogEntry(Base):
    """Who changed what in a guild, when, and from which request."""

    __tablename__ = "audit_log"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    at: Mapped[utc]
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_user_id: Mapped[snowflake | None]
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(100))
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    request_id: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        Index(None, "guild_id", "id"),
        {"sqlite_autoincrement": True},
    )


class LogLine(Base):
    """A line that is still to be written to the logs channel; deleted once it is. Only of guilds that log."""

    __tablename__ = "log_lines"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    at: Mapped[utc]
    event: Mapped[str] = mapped_column(String(64))
    succeeded: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(200))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_user_id: Mapped[snowflake | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    # Lines that are written in one message, once that was tried: its nonce, so that a second try is the same message.
    nonce: Mapped[str | None] = mapped_column(String(25), default=None)

    __table_args__ = (
        Index(None, "guild_id", "id"),
        {"sqlite_autoincrement": True},
    )


class StatisticsEntry(Base):
    """Something that the statistics are to count. Only of guilds that count."""

    __tablename__ = "statistics_journal"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    at: Mapped[utc]
    metric: Mapped[str] = mapped_column(String(80))
    user_id: Mapped[snowflake | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)

    __table_args__ = (
        Index(None, "guild_id", "id"),
        {"sqlite_autoincrement": True},
    )


class ModuleIntent(Base):
    """Something that is being made or changed on Discord for a module; gone once it is done, or was not.

    While a module is being switched on, it keeps others from doing the same at once. It tells the sweeper what a crash
    may have left.
    """

    __tablename__ = "module_intents"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    module: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[utc]

    __table_args__ = (
        Index(None, "guild_id", "module", unique=True),
        {"sqlite_autoincrement": True},
    )
