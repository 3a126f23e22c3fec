"""The tables of a guild that every module stands on: settings, entitlements, and what is cached of members."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, snowflake


class GuildSettings(Base):
    """The one row of a guild that Husqy is in; every other row of the guild hangs on it."""

    __tablename__ = "guild_settings"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[snowflake] = mapped_column(unique=True)
    language: Mapped[str] = mapped_column(String(16), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    unit_system: Mapped[str] = mapped_column(String(16), default="metric")
    auto_delete: Mapped[int] = mapped_column(default=60)  # seconds; 0 keeps replies
    module_logging: Mapped[bool] = mapped_column(default=False)
    module_welcoming: Mapped[bool] = mapped_column(default=False)
    module_tempchannels: Mapped[bool] = mapped_column(default=False)
    module_socials: Mapped[bool] = mapped_column(default=False)
    module_reactionroles: Mapped[bool] = mapped_column(default=False)
    module_autoresponder: Mapped[bool] = mapped_column(default=False)
    module_tickets: Mapped[bool] = mapped_column(default=False)
    module_serverstats: Mapped[bool] = mapped_column(default=False)
    module_tags: Mapped[bool] = mapped_column(default=False)
    module_verifier: Mapped[bool] = mapped_column(default=False)
    module_rules: Mapped[bool] = mapped_column(default=False)
    module_invite_tracker: Mapped[bool] = mapped_column(default=False)
    module_polls: Mapped[bool] = mapped_column(default=False)
    module_giveaways: Mapped[bool] = mapped_column(default=False)
    module_reminders: Mapped[bool] = mapped_column(default=False)

    __table_args__ = ({"sqlite_autoincrement": True},)


class GuildEntitlement(Base):
    """The mirror of one of Discord's entitlements of the guild."""

    __tablename__ = "guild_entitlements"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    entitlement_id: Mapped[snowflake] = mapped_column(unique=True)
    sku_id: Mapped[snowflake]
    type: Mapped[int]
    start_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index(None, "guild_id"), {"sqlite_autoincrement": True})


class GuildMember(Base):
    """What is cached of a member: names, avatar, and whether the member forbids that data is collected."""

    __tablename__ = "guild_members"

    id: Mapped[row_id] = mapped_column(init=False)
    guild_id: Mapped[guild_key]
    user_id: Mapped[snowflake]
    username: Mapped[str | None] = mapped_column(String(100), default=None)
    display_name: Mapped[str | None] = mapped_column(String(100), default=None)
    global_name: Mapped[str | None] = mapped_column(String(100), default=None)
    nickname: Mapped[str | None] = mapped_column(String(100), default=None)
    avatar: Mapped[str | None] = mapped_column(String(512), default=None)
    prevent_data_collection: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (UniqueConstraint("guild_id", "user_id"), {"sqlite_autoincrement": True})


async def lock_guild(session: AsyncSession, guild_id: int) -> GuildSettings | None:
    """The settings row, locked until the transaction ends: the guild's lock, that serialises its changes.

    None when Husqy is not in the guild.
    """
    return await session.scalar(select(GuildSettings).where(GuildSettings.guild_id == guild_id).with_for_update())
