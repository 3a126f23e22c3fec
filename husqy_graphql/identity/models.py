"""The table of sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, row_id, snowflake, utc


class Session(Base):
    """A browser that somebody is signed in with. Its id is known to the browser alone: here is the SHA-256 of it, and
    the Discord tokens behind it are encrypted."""

    __tablename__ = "sessions"

    id: Mapped[row_id] = mapped_column(init=False)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    user_id: Mapped[snowflake]
    access_token: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    refresh_token: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    token_expires_at: Mapped[utc]
    created_at: Mapped[utc]
    expires_at: Mapped[utc]
    # A lease: until then one process refreshes the tokens, and no other one may.
    refreshing_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (Index(None, "expires_at"), {"sqlite_autoincrement": True})
