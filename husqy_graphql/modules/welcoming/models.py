"""The tables of the welcoming module."""

from __future__ import annotations

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, guild_key, row_id, snowflake


class WelcomingSettings(Base):
    """The one row of a guild that has the module on. Each component has a switch of its own.

    A chosen response may be gone: what is trimmed when Husqy+ ends stays chosen.
    """

    __tablename__ = "welcoming_settings"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key] = mapped_column(unique=True)
    dm_enabled: Mapped[bool] = mapped_column(default=False)
    dm_randomized: Mapped[bool] = mapped_column(default=False)
    dm_response_id: Mapped[str | None] = mapped_column(String(36), default=None)
    welcome_enabled: Mapped[bool] = mapped_column(default=False)
    welcome_randomized: Mapped[bool] = mapped_column(default=False)
    welcome_channel_id: Mapped[snowflake | None] = mapped_column(default=None)
    welcome_response_id: Mapped[str | None] = mapped_column(String(36), default=None)
    leave_enabled: Mapped[bool] = mapped_column(default=False)
    leave_randomized: Mapped[bool] = mapped_column(default=False)
    leave_channel_id: Mapped[snowflake | None] = mapped_column(default=None)
    leave_response_id: Mapped[str | None] = mapped_column(String(36), default=None)
    autorole_enabled: Mapped[bool] = mapped_column(default=False)
    timed_roles_enabled: Mapped[bool] = mapped_column(default=False)

    __table_args__ = ({"sqlite_autoincrement": True},)


class WelcomingAutorole(Base):
    """A role that everybody gets on joining; by ascending id they stand in the order of the administrator."""

    __tablename__ = "welcoming_autoroles"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    role_id: Mapped[snowflake]

    __table_args__ = (UniqueConstraint("guild_id", "role_id"), {"sqlite_autoincrement": True})


class WelcomingResponse(Base):
    """A message of one kind, as an administrator wrote it: a text, or the JSON of embeds."""

    __tablename__ = "welcoming_responses"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    response_id: Mapped[str] = mapped_column(String(36), unique=True)
    response_type: Mapped[int]
    is_embed: Mapped[bool]
    content: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index(None, "guild_id", "id"), {"sqlite_autoincrement": True})


class WelcomingTimedRole(Base):
    """A role that members get once they have been there for some seconds."""

    __tablename__ = "welcoming_timed_roles"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    timed_role_id: Mapped[str] = mapped_column(String(36), unique=True)
    role_id: Mapped[snowflake]
    add_after: Mapped[int]  # seconds

    __table_args__ = (UniqueConstraint("guild_id", "role_id", "add_after"), {"sqlite_autoincrement": True})
