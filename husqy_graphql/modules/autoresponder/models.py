"""The tables of the autoresponder module."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, guild_key, row_id, snowflake


class AutoresponderTrigger(Base):
    """When to react: a text, and where and by whom it must be written."""

    __tablename__ = "autoresponder_triggers"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    trigger_id: Mapped[str] = mapped_column(String(36), unique=True)
    trigger_type: Mapped[int]
    match_case: Mapped[bool]
    trigger: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index(None, "guild_id", "id"), {"sqlite_autoincrement": True})


class AutoresponderFilter(Base):
    """A channel or role that a trigger allows or ignores."""

    __tablename__ = "autoresponder_filters"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    trigger_row_id: Mapped[int] = mapped_column(ForeignKey("autoresponder_triggers.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))  # allowed_channel, ignored_channel, allowed_role, ignored_role
    target_id: Mapped[snowflake]

    __table_args__ = (
        Index(None, "guild_id", "id"),
        Index(None, "trigger_row_id"),
        {"sqlite_autoincrement": True},
    )


class AutoresponderResponse(Base):
    """What to do: a message, embeds or a reaction."""

    __tablename__ = "autoresponder_responses"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    response_id: Mapped[str] = mapped_column(String(36), unique=True)
    response_type: Mapped[int]
    response_content: Mapped[str | None] = mapped_column(Text)
    emoji_name: Mapped[str | None] = mapped_column(String(100))
    emoji_id: Mapped[str | None] = mapped_column(String(20))

    __table_args__ = (Index(None, "guild_id", "id"), {"sqlite_autoincrement": True})


class AutoresponderLink(Base):
    """A response that a trigger runs; by ascending id they run in order."""

    __tablename__ = "autoresponder_links"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    trigger_row_id: Mapped[int] = mapped_column(ForeignKey("autoresponder_triggers.id", ondelete="CASCADE"))
    response_row_id: Mapped[int] = mapped_column(ForeignKey("autoresponder_responses.id", ondelete="CASCADE"))

    __table_args__ = (
        Index(None, "guild_id", "id"),
        Index(None, "trigger_row_id"),
        Index(None, "response_row_id"),
        {"sqlite_autoincrement": True},
    )
