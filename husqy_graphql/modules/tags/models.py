"""The tables of the tags module."""

from __future__ import annotations

from enum import Enum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, guild_key, row_id, snowflake, utc


class TagVisibility(Enum):
    """Who may send a tag; the value is the contract's."""

    PUBLIC = 1
    PRIVATE = 2


class Tag(Base):
    """A text that members post by its name."""

    __tablename__ = "tags"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    tag_id: Mapped[str] = mapped_column(String(36), unique=True)
    owner_id: Mapped[snowflake]
    visibility: Mapped[int]
    content: Mapped[str] = mapped_column(Text)
    created_at: Mapped[utc]
    last_update: Mapped[utc]

    __table_args__ = (Index(None, "guild_id", "id"), {"sqlite_autoincrement": True})


class TagName(Base):
    """A name of a tag. Several tags may have the same one, and one tag twice once names of a member were erased."""

    __tablename__ = "tag_names"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    tag_row_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[utc]

    __table_args__ = (
        Index(None, "guild_id", "name"),
        Index(None, "tag_row_id"),
        {"sqlite_autoincrement": True},
    )
