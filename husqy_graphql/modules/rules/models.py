"""The tables of the rules module."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, snowflake, utc


class RulesSettings(Base):
    """How a guild shows its rules: in a channel, or by direct message when there is none."""

    __tablename__ = "module_rules"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key] = mapped_column(unique=True)
    rules_channel: Mapped[snowflake | None] = mapped_column(default=None)
    rules_message_id: Mapped[snowflake | None] = mapped_column(default=None)
    rules_actions_enabled: Mapped[bool] = mapped_column(default=True)
    rules_denied_action: Mapped[int] = mapped_column(default=1)
    # Goes up with every change of what the permanent message has to say, so that an older one never has the last word.
    message_version: Mapped[int] = mapped_column(default=0)
    # A message that is just being sent to another channel, and the nonce by which a crash finds it again.
    pending_channel: Mapped[snowflake | None] = mapped_column(default=None)
    pending_nonce: Mapped[str | None] = mapped_column(String(25), default=None)
    pending_since: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    __table_args__ = (Index(None, "rules_channel", "rules_message_id"), {"sqlite_autoincrement": True})


class RulesRole(Base):
    """A role that accepting or denying the rules gives; by ascending id they are in the order of the request."""

    __tablename__ = "rules_roles"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    settings_id: Mapped[int] = mapped_column(ForeignKey("module_rules.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))  # accepted, denied
    role_id: Mapped[snowflake]

    __table_args__ = (
        Index(None, "guild_id", "id"),
        Index(None, "settings_id"),
        {"sqlite_autoincrement": True},
    )


class RulesEntry(Base):
    """One rule; by ascending id they are numbered from 1."""

    __tablename__ = "rules_entries"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    rule_id: Mapped[str] = mapped_column(String(36), unique=True)
    rule_text: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index(None, "guild_id", "id"), {"sqlite_autoincrement": True})


class RulesActiveEntry(Base):
    """A direct message with the rules that a member has not answered yet."""

    __tablename__ = "rules_active_entries"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    channel_id: Mapped[snowflake]
    message_id: Mapped[snowflake]
    user_id: Mapped[snowflake]
    timestamp: Mapped[utc]

    __table_args__ = (
        Index(None, "guild_id", "id"),
        UniqueConstraint("channel_id", "message_id"),
        UniqueConstraint("guild_id", "user_id"),
        {"sqlite_autoincrement": True},
    )
