"""The audit journal: one row a change, in the transaction of the change."""

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
