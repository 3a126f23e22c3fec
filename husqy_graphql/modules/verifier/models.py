"""The tables of the verifier module."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, snowflake


class VerifierSettings(Base):
    """The one row of a guild that verifies its members."""

    __tablename__ = "module_verifier"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key] = mapped_column(unique=True)
    verifier_type: Mapped[int]
    prompt_content: Mapped[str] = mapped_column(Text)
    completed_content: Mapped[str] = mapped_column(Text)
    prompt_is_embed: Mapped[bool] = mapped_column(default=True)
    completed_is_embed: Mapped[bool] = mapped_column(default=True)
    channel_id: Mapped[snowflake | None] = mapped_column(default=None)  # None: the member's direct messages
    passphrase_encrypted: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)

    __table_args__ = ({"sqlite_autoincrement": True},)


class VerifierRole(Base):
    """A role that a member gets who has passed; by ascending id they stand in order."""

    __tablename__ = "verifier_roles"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    role_id: Mapped[snowflake]

    __table_args__ = (Index(None, "guild_id", "id"), {"sqlite_autoincrement": True})


class VerifierEntry(Base):
    """One verification of one member. At most one of a member is open; the guild's lock sees to it."""

    __tablename__ = "verifier_entries"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    verifier_id: Mapped[str] = mapped_column(String(36), unique=True)
    user_id: Mapped[snowflake]
    message_id: Mapped[snowflake]
    channel_id: Mapped[snowflake]
    direct: Mapped[bool]  # whether the prompt is a direct message
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_verified: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        Index(None, "guild_id", "id"),
        Index("ix_verifier_entries_member", "guild_id", "user_id"),
        {"sqlite_autoincrement": True},
    )
