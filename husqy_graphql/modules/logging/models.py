"""The table of the logging module."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, snowflake


class LoggingSettings(Base):
    """The one row of a guild that logs. Every switch is on but those that are named."""

    __tablename__ = "module_logging"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key] = mapped_column(unique=True)
    logs_channel_id: Mapped[snowflake]
    switched_off: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    # Discord said so; another channel clears it.
    channel_gone: Mapped[bool] = mapped_column(default=False)
    # A lease: until then one process writes the lines of the guild, so that they stay in order.
    posting_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = ({"sqlite_autoincrement": True},)
