"""Every statement about logging."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import rows_by_keys
from husqy_graphql.db.guilds import GuildSettings
from husqy_graphql.db.journals import LogLine
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.logging.models import LoggingSettings

_SETTINGS = LoggingSettings.__table__
_GUILDS = GuildSettings.__table__
_LINES = LogLine.__table__

_OF_GUILDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.guild_id)
_BY_IDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.id)
_FOR_POSTING = Prepared(
    select(_SETTINGS, _GUILDS.c.language, _GUILDS.c.time_zone)
    .join(_GUILDS, _GUILDS.c.guild_id == _SETTINGS.c.guild_id)
    .where(_SETTINGS.c.guild_id == bindparam("guild_id"))
)
_PENDING = Prepared(select(_LINES).where(_LINES.c.guild_id == bindparam("guild_id")).order_by(_LINES.c.id).limit(100))
_GUILDS_WITH_LINES = Prepared(select(_LINES.c.guild_id).distinct().limit(1_000))


async def settings_of_guilds(reads: Reads, guild_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """The settings rows of those of the guilds that log."""
    return await _OF_GUILDS.read(reads, guild_ids)


async def settings_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _BY_IDS.read(reads, row_ids)


async def settings_for_posting(reads: Reads, guild_id: int) -> Row[Any] | None:
    """The settings of a guild with its language and time zone."""
    return await reads.first(_FOR_POSTING, guild_id=guild_id)


async def pending_lines(reads: Reads, guild_id: int) -> Sequence[Row[Any]]:
    """The first hundred lines that are still to be written, in order."""
    return await reads.all(_PENDING, guild_id=guild_id)


async def guilds_with_lines(reads: Reads) -> list[int]:
    """Guilds that have lines to be written."""
    return [row.guild_id for row in await reads.all(_GUILDS_WITH_LINES)]


async def find_settings(session: AsyncSession, guild_id: int) -> LoggingSettings | None:
    return await session.scalar(select(LoggingSettings).where(LoggingSettings.guild_id == guild_id))


async def delete_of_guild(session: AsyncSession, guild_id: int) -> list[LoggingSettings]:
    """Delete the settings and the pending lines of a guild; the settings that were there."""
    await session.execute(delete(LogLine).where(LogLine.guild_id == guild_id))
    found = await find_settings(session, guild_id)
    if found is None:
        return []
    await session.delete(found)
    return [found]


async def claim_posting(session: AsyncSession, guild_id: int, *, now: datetime, until: datetime) -> bool:
    """Take the lease on writing a guild's lines, unless somebody has it."""
    claim = (
        update(LoggingSettings)
        .where(
            LoggingSettings.guild_id == guild_id,
            or_(LoggingSettings.posting_until.is_(None), LoggingSettings.posting_until <= now),
        )
        .values(posting_until=until)
        .returning(LoggingSettings.id)
    )
    return await session.scalar(claim) is not None


async def release_posting(session: AsyncSession, guild_id: int, until: datetime) -> None:
    """Give the lease back, if it is still ours."""
    await session.execute(
        update(LoggingSettings)
        .where(LoggingSettings.guild_id == guild_id, LoggingSettings.posting_until == until)
        .values(posting_until=None)
    )


async def mark_channel_gone(session: AsyncSession, guild_id: int, channel_id: int) -> None:
    """Note that Discord does not know the channel any more, unless another one was chosen meanwhile."""
    await session.execute(
        update(LoggingSettings)
        .where(LoggingSettings.guild_id == guild_id, LoggingSettings.logs_channel_id == channel_id)
        .values(channel_gone=True)
    )


async def set_nonce(session: AsyncSession, row_ids: Sequence[int], nonce: str) -> None:
    """Note that these lines are written in one message."""
    await session.execute(update(LogLine).where(LogLine.id.in_(row_ids)).values(nonce=nonce))


async def delete_lines(session: AsyncSession, row_ids: Sequence[int]) -> None:
    await session.execute(delete(LogLine).where(LogLine.id.in_(row_ids)))
