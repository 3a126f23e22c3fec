"""The tables of a guild that every module stands on: settings, entitlements, and what is cached of members."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Row, String, UniqueConstraint, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from husqy_graphql.core.premium import is_active
from husqy_graphql.db.base import Base, UtcDateTime, guild_key, row_id, snowflake
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import rows_by_keys
from husqy_graphql.db.prepared import Prepared

NO_GUILD = "Husqy is not in this guild, so there is nothing stored for it. Invite Husqy first."


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
    return await session.scalar(_LOCKED_SETTINGS, {"guild_id": guild_id})


async def is_premium(session: AsyncSession, guild_id: int, now: datetime) -> bool:
    """Whether the guild has Husqy+ now (G15)."""
    found = await session.scalars(select(GuildEntitlement).where(GuildEntitlement.guild_id == guild_id))
    return any(is_active(deleted=each.deleted, start_at=each.start_at, ends_at=each.ends_at, now=now) for each in found)


async def guild_settings_rows(reads: Reads, guild_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """The settings rows of those of the guilds that Husqy is in."""
    return await _SETTINGS_OF_GUILDS.read(reads, guild_ids)


async def preventing_members(reads: Reads, guild_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """(guild_id, user_id) of the members who forbid that data about them is collected."""
    return await reads.all(_PREVENTING_MEMBERS, guild_ids=guild_ids)


async def prevents_data_collection(session: AsyncSession, guild_id: int, user_id: int) -> bool:
    """Whether the member forbids that data about them is collected (G16)."""
    found = select(GuildMember.id).where(
        GuildMember.guild_id == guild_id, GuildMember.user_id == user_id, GuildMember.prevent_data_collection
    )
    return await session.scalar(found) is not None


async def guilds_with_entitlements(reads: Reads) -> list[int]:
    """Guilds that have, or once had, an entitlement."""
    return [row.guild_id for row in await reads.all(_GUILDS_WITH_ENTITLEMENTS)]


# Made once: making a statement costs more than running it.
_LOCKED_SETTINGS = select(GuildSettings).where(GuildSettings.guild_id == bindparam("guild_id")).with_for_update()
_GUILDS_WITH_ENTITLEMENTS = Prepared(select(GuildEntitlement.guild_id).distinct().order_by(GuildEntitlement.guild_id))
_MEMBERS = GuildMember.__table__
_PREVENTING_MEMBERS = select(_MEMBERS.c.guild_id, _MEMBERS.c.user_id).where(
    _MEMBERS.c.guild_id.in_(bindparam("guild_ids", expanding=True)), _MEMBERS.c.prevent_data_collection
)
_SETTINGS_OF_GUILDS = rows_by_keys(select(GuildSettings.__table__), GuildSettings.__table__.c.guild_id)
