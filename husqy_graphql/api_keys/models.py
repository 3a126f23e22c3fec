"""The table of API keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id


class ApiKey(Base):
    """A key of one guild: found by its keyed hash, kept encrypted because administrators may copy it again."""

    __tablename__ = "api_keys"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    encrypted: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_use: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (Index(None, "guild_id"), {"sqlite_autoincrement": True})
