"""The tables of the polls module."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, snowflake, utc

SAVE_DURATION = 604_800  # seconds: 7 days


class PollType(Enum):
    """Whose kind of poll it is; the value is the contract's."""

    DISCORD = 1
    HUSQY = 2


class PollAnswerType(Enum):
    """How members vote in a poll of Husqy's kind; the value is the contract's."""

    EMOJI = 1
    BUTTON = 2
    DROPDOWN = 3


class PollsSettings(Base):
    """The one row of a guild that polls its members."""

    __tablename__ = "module_polls"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key] = mapped_column(unique=True)
    save_duration_timeout: Mapped[int] = mapped_column(default=SAVE_DURATION)  # seconds
    delete_ended_discord_polls: Mapped[bool] = mapped_column(default=False)
    delete_ended_husqy_polls: Mapped[bool] = mapped_column(default=False)

    __table_args__ = ({"sqlite_autoincrement": True},)


class Poll(Base):
    """A poll. Until its message is known to stand, it is only meant (`published` is false) and nobody sees it."""

    __tablename__ = "polls"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    poll_id: Mapped[str] = mapped_column(String(36), unique=True)
    channel_id: Mapped[snowflake]
    message_id: Mapped[snowflake | None]
    published: Mapped[bool]
    type: Mapped[int]
    answer_type: Mapped[int]
    question: Mapped[str] = mapped_column(String(300))
    description: Mapped[str | None] = mapped_column(Text)
    is_anonymous: Mapped[bool]
    is_multi_select: Mapped[bool]
    max_votes_per_answer: Mapped[int]
    sent_by_husqy: Mapped[bool]
    owner_id: Mapped[snowflake | None]  # None: the owner's data was erased
    created_at: Mapped[utc]
    end_time: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: open until somebody closes it
    delete_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        Index(None, "guild_id", "id"),
        UniqueConstraint("channel_id", "message_id"),
        {"sqlite_autoincrement": True},
    )


class PollAnswer(Base):
    """What can be voted for in a poll."""

    __tablename__ = "poll_answers"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    poll_row_id: Mapped[int] = mapped_column(ForeignKey("polls.id", ondelete="CASCADE"))
    answer_id: Mapped[int]  # its place in the poll, from 1; Discord numbers its own answers so too
    answer_text: Mapped[str] = mapped_column(String(300))
    label: Mapped[str | None] = mapped_column(String(100))
    description: Mapped[str | None] = mapped_column(String(100))
    emoji_name: Mapped[str | None] = mapped_column(String(100))
    emoji_id: Mapped[snowflake | None]

    __table_args__ = (
        UniqueConstraint("poll_row_id", "answer_id"),
        Index(None, "guild_id", "id"),
        {"sqlite_autoincrement": True},
    )


class PollVote(Base):
    """One vote for an answer; a member may have several. By ascending id they stand in order."""

    __tablename__ = "poll_votes"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    answer_row_id: Mapped[int] = mapped_column(ForeignKey("poll_answers.id", ondelete="CASCADE"))
    user_id: Mapped[snowflake]  # 0: the voter's data was erased, or the voter left

    __table_args__ = (
        Index(None, "answer_row_id", "id"),
        Index(None, "guild_id", "user_id"),
        {"sqlite_autoincrement": True},
    )
