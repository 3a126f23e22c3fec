"""Every statement about guilds: settings, entitlements, members, and the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import rows_by_keys
from husqy_graphql.db.guilds import GuildEntitlement, GuildMember, GuildSettings
from husqy_graphql.db.journals import AuditLogEntry
from husqy_graphql.db.prepared import Prepared

_SETTINGS = GuildSettings.__table__
_ENTITLEMENTS = GuildEntitlement.__table__
_MEMBERS = GuildMember.__table__
_AUDIT = AuditLogEntry.__table__

_SETTINGS_BY_IDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.id)
_ENTITLEMENTS_OF_GUILDS = rows_by_keys(select(_ENTITLEMENTS).order_by(_ENTITLEMENTS.c.id), _ENTITLEMENTS.c.guild_id)
_ENTITLEMENT_BY_IDS = rows_by_keys(select(_ENTITLEMENTS), _ENTITLEMENTS.c.id)
_MEMBER = Prepared(
    select(_MEMBERS).where(_MEMBERS.c.guild_id == bindparam("guild_id"), _MEMBERS.c.user_id == bindparam("user_id"))
)
_AUDIT_ROWS_OF_MEMBER = Prepared(
    select(func.count())
    .select_from(_AUDIT)
    .where(_AUDIT.c.guild_id == bindparam("guild_id"), _AUDIT.c.actor_user_id == bindparam("user_id"))
)
_AUDIT_BY_IDS = rows_by_keys(select(_AUDIT), _AUDIT.c.id)


async def settings_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _SETTINGS_BY_IDS.read(reads, row_ids)


async def entitlements_of_guilds(reads: Reads, guild_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """All entitlement rows of the guilds, ended and deleted ones included, by row id."""
    return await _ENTITLEMENTS_OF_GUILDS.read(reads, guild_ids)


async def entitlements_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _ENTITLEMENT_BY_IDS.read(reads, row_ids)


async def member(reads: Reads, guild_id: int, user_id: int) -> Row[Any] | None:
    return await reads.first(_MEMBER, guild_id=guild_id, user_id=user_id)


async def audit_rows_of_member(reads: Reads, guild_id: int, user_id: int) -> int:
    """How many audit rows name the member as the actor."""
    row = await reads.first(_AUDIT_ROWS_OF_MEMBER, guild_id=guild_id, user_id=user_id)
    return row[0] if row else 0


async def audit_log(
    reads: Reads,
    guild_id: int,
    *,
    before_id: int | None,
    limit: int | None,
    action: str | None = None,
    actor_user_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[Row[Any]]:
    """Audit rows of a guild, newest first, from below `before_id`; `since` is inclusive, `until` is not."""
    statement = select(_AUDIT).where(_AUDIT.c.guild_id == guild_id).order_by(_AUDIT.c.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(_AUDIT.c.id < before_id)
    if action is not None:
        statement = statement.where(_AUDIT.c.action == action)
    if actor_user_id is not None:
        statement = statement.where(_AUDIT.c.actor_user_id == actor_user_id)
    if since is not None:
        statement = statement.where(_AUDIT.c.at >= since)
    if until is not None:
        statement = statement.where(_AUDIT.c.at < until)
    return await reads.all(statement)


async def audit_entries_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _AUDIT_BY_IDS.read(reads, row_ids)


async def add_settings_if_absent(session: AsyncSession, guild_id: int) -> bool:
    """Insert the default settings row of a guild; False when another process was there first."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(GuildSettings).values(guild_id=guild_id).on_conflict_do_nothing(index_elements=["guild_id"])
    return bool((await session.execute(statement.returning(_SETTINGS.c.id))).all())


async def delete_settings(session: AsyncSession, guild_id: int) -> bool:
    """Delete the settings row, and with it every row of the guild; False when there was none."""
    statement = delete(GuildSettings).where(GuildSettings.guild_id == guild_id).returning(GuildSettings.id)
    return bool((await session.execute(statement)).all())


async def find_member(session: AsyncSession, guild_id: int, user_id: int) -> GuildMember | None:
    return await session.scalar(
        select(GuildMember).where(GuildMember.guild_id == guild_id, GuildMember.user_id == user_id)
    )


async def find_entitlement(session: AsyncSession, entitlement_id: int) -> GuildEntitlement | None:
    return await session.scalar(select(GuildEntitlement).where(GuildEntitlement.entitlement_id == entitlement_id))
