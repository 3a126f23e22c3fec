"""The table of the reminders module."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, snowflake, utc


class ReminderType(Enum):
    """Whose reminder it is, and how often it comes; the value is the contract's."""

    QUICK = 1
    REPEATED = 2
    SCHEDULED = 3


class TriggerType(Enum):
    """What makes a reminder come; the value is the contract's."""

    DATE = "date"
    CRON = "cron"
    INTERVAL = "interval"


class Reminder(Base):
    """A message that is to be sent in time.

    `sending_at` is the run that is on its way to Discord. A scheduled reminder is gone once its run is over; a quick
    one stays, with `sent_at`, until its owner has done something with it.
    """

    __tablename__ = "reminders"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    reminder_id: Mapped[str] = mapped_column(String(36), unique=True)
    reminder_type: Mapped[int]
    trigger_type: Mapped[str] = mapped_column(String(8))
    schedule_details: Mapped[str] = mapped_column(Text)  # JSON
    owner_id: Mapped[snowflake | None]
    title: Mapped[str | None] = mapped_column(String(256))
    description: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(String(512))
    destination_id: Mapped[snowflake]  # a channel, or the owner
    content: Mapped[str | None] = mapped_column(Text)
    content_is_embed: Mapped[bool]
    created_at: Mapped[utc]
    next_run_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: it does not come (again)
    sending_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    # Of a quick one. Of a repeated one, the last: so that a look for the next does not take it for that.
    last_message_id: Mapped[snowflake | None] = mapped_column(default=None)

    __table_args__ = (
        Index(None, "guild_id", "id"),
        Index(None, "guild_id", "owner_id"),
        {"sqlite_autoincrement": True},
    )


def is_direct(row: Any) -> bool:
    """Whether a reminder, loaded either way, is sent to its owner by direct message."""
    return row.owner_id is not None and row.destination_id == row.owner_id
