"""The tables of the invite tracker."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, snowflake, utc

CODE_MAX = 100  # characters
LINK_MAX = 255


class InviteTrackerSettings(Base):
    """The one row of a guild that has the module on."""

    __tablename__ = "module_invite_tracker"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key] = mapped_column(unique=True)
    join_messages_enabled: Mapped[bool] = mapped_column(default=False)
    join_messages_channel_id: Mapped[snowflake | None] = mapped_column(default=None)
    join_message_is_embed: Mapped[bool] = mapped_column(default=False)
    join_message_content: Mapped[str | None] = mapped_column(Text, default=None)
    leave_messages_enabled: Mapped[bool] = mapped_column(default=False)
    leave_messages_channel_id: Mapped[snowflake | None] = mapped_column(default=None)
    leave_message_is_embed: Mapped[bool] = mapped_column(default=False)
    leave_message_content: Mapped[str | None] = mapped_column(Text, default=None)
    prevent_own_invite_code: Mapped[bool] = mapped_column(default=True)
    server_shared_invite_link: Mapped[str | None] = mapped_column(String(LINK_MAX), default=None)

    __table_args__ = ({"sqlite_autoincrement": True},)


class KnownInvite(Base):
    """An invite that is followed.

    `current_uses` is the count last seen at Discord; `pending_uses` of them, seen first at `pending_since`, still wait
    for the report of who joined by them. One that Discord no longer has may wait so too (`gone`); nobody else sees it.
    """

    __tablename__ = "invite_tracker_invites"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    code: Mapped[str] = mapped_column(String(CODE_MAX))
    channel_id: Mapped[snowflake]
    owner_id: Mapped[snowflake | None]  # None: nobody knows, or the owner's data was erased
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: never
    max_uses: Mapped[int | None] = mapped_column(default=None)  # 0: any number; None: nobody knows
    current_uses: Mapped[int] = mapped_column(default=0)
    pending_uses: Mapped[int] = mapped_column(default=0)
    pending_since: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    gone: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        UniqueConstraint("guild_id", "code"),
        Index(None, "guild_id", "id"),
        {"sqlite_autoincrement": True},
    )


class InviteUse(Base):
    """A member who joined by a known invite. `joined_at` is Discord's, and tells the stays of a member apart."""

    __tablename__ = "invite_tracker_uses"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    code: Mapped[str] = mapped_column(String(CODE_MAX))
    channel_id: Mapped[snowflake]
    member_id: Mapped[snowflake | None]  # None: the member's data was erased, or the member left
    inviter_id: Mapped[snowflake | None]
    timestamp: Mapped[utc]
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    has_left: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        Index(None, "guild_id", "id"),
        Index(None, "guild_id", "member_id"),
        Index(None, "guild_id", "inviter_id"),
        {"sqlite_autoincrement": True},
    )


class InviteIntent(Base):
    """An invite that is just being made; Discord gives it its code."""

    __tablename__ = "invite_tracker_intents"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    intent_id: Mapped[str] = mapped_column(String(36), unique=True)
    channel_id: Mapped[snowflake]
    max_age: Mapped[int]  # seconds
    max_uses: Mapped[int]
    owner_id: Mapped[snowflake | None]
    created_at: Mapped[utc]

    __table_args__ = (Index(None, "guild_id", "id"), {"sqlite_autoincrement": True})
