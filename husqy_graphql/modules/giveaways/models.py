"""The tables of the giveaways module."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, snowflake, utc

SAVE_DURATION = 604_800  # seconds: 7 days
PRIZE_MAX, DESCRIPTION_MAX = 256, 2_000  # characters


class GiveawaysSettings(Base):
    """The one row of a guild whose members give things away."""

    __tablename__ = "module_giveaways"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key] = mapped_column(unique=True)
    save_duration_timeout: Mapped[int] = mapped_column(default=SAVE_DURATION)  # seconds
    delete_ended_giveaways: Mapped[bool] = mapped_column(default=False)

    __table_args__ = ({"sqlite_autoincrement": True},)


class Giveaway(Base):
    """A giveaway. Until its message is known to stand, it is only meant (`published` is false) and nobody sees it.

    `closed` is set when its time is up: nobody enters any more. `ended` is set when its winners are drawn, which has to
    wait for Discord; `draw_row_id` is the last draw then.
    """

    __tablename__ = "giveaways"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    giveaway_id: Mapped[str] = mapped_column(String(36), unique=True)
    channel_id: Mapped[snowflake]
    prize: Mapped[str] = mapped_column(String(PRIZE_MAX))
    description: Mapped[str | None] = mapped_column(Text)
    winner_count: Mapped[int]
    owner_id: Mapped[snowflake | None]  # None: the owner's data was erased
    created_at: Mapped[utc]
    end_time: Mapped[utc]
    delete_at: Mapped[utc]
    message_id: Mapped[snowflake | None] = mapped_column(default=None)
    published: Mapped[bool] = mapped_column(default=False)
    closed: Mapped[bool] = mapped_column(default=False)
    ended: Mapped[bool] = mapped_column(default=False)
    draw_row_id: Mapped[int | None] = mapped_column(BigInteger, default=None)

    __table_args__ = (
        Index(None, "guild_id", "id"),
        UniqueConstraint("channel_id", "message_id"),
        {"sqlite_autoincrement": True},
    )


class GiveawayParticipant(Base):
    """Somebody who entered a giveaway. By ascending id they stand in order."""

    __tablename__ = "giveaway_participants"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    giveaway_row_id: Mapped[int] = mapped_column(ForeignKey("giveaways.id", ondelete="CASCADE"))
    user_id: Mapped[snowflake]

    __table_args__ = (
        UniqueConstraint("giveaway_row_id", "user_id"),
        Index(None, "guild_id", "user_id"),
        {"sqlite_autoincrement": True},
    )


class GiveawayDraw(Base):
    """A draw of winners. Its seed is chosen before anybody is looked at, and never changed: see `drawing.py`."""

    __tablename__ = "giveaway_draws"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    giveaway_row_id: Mapped[int] = mapped_column(ForeignKey("giveaways.id", ondelete="CASCADE"))
    seed: Mapped[str] = mapped_column(String(64))  # hexadecimal
    drawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)  # None: it waits for Discord

    __table_args__ = (Index(None, "giveaway_row_id", "id"), {"sqlite_autoincrement": True})


class GiveawayWinner(Base):
    """Somebody whom a draw has drawn. By ascending id they stand in order."""

    __tablename__ = "giveaway_winners"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    draw_row_id: Mapped[int] = mapped_column(ForeignKey("giveaway_draws.id", ondelete="CASCADE"))
    user_id: Mapped[snowflake]  # 0: the winner's data was erased, or the winner left

    __table_args__ = (
        Index(None, "draw_row_id", "id"),
        Index(None, "guild_id", "user_id"),
        {"sqlite_autoincrement": True},
    )
