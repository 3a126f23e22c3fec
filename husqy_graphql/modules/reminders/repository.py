"""Every statement about reminders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import GuildRows, rows_by_keys
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.reminders.models import Reminder

_REMINDERS: Any = Reminder.__table__

_OF_GUILD = GuildRows(_REMINDERS)
_BY_REMINDER_IDS = rows_by_keys(select(_REMINDERS), _REMINDERS.c.reminder_id)
_BY_IDS = rows_by_keys(select(_REMINDERS), _REMINDERS.c.id)
_TEXTS = Prepared(
    select(
        _REMINDERS.c.title,
        _REMINDERS.c.description,
        _REMINDERS.c.url,
        _REMINDERS.c.content,
        _REMINDERS.c.content_is_embed,
        _REMINDERS.c.owner_id,
        _REMINDERS.c.destination_id,
    ).where(_REMINDERS.c.guild_id == bindparam("guild_id"))
)


async def reminders(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    reminder_type: int | None = None,
    owner_id: int | None = None,
) -> Sequence[Row[Any]]:
    """The reminders of a guild by row id, from above `after_id`."""
    return await _OF_GUILD.read(
        reads, guild_id, after_id=after_id, limit=limit, reminder_type=reminder_type, owner_id=owner_id
    )


async def reminders_by_reminder_ids(reads: Reads, reminder_ids: Sequence[str]) -> Sequence[Row[Any]]:
    return await _BY_REMINDER_IDS.read(reads, reminder_ids)


async def reminders_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _BY_IDS.read(reads, row_ids)


async def texts_of_guild(reads: Reads, guild_id: int) -> Sequence[Row[Any]]:
    """What people wrote in the reminders of a guild, and the ids of people in them."""
    return await reads.all(_TEXTS, guild_id=guild_id)


async def find_reminder(session: AsyncSession, guild_id: int, reminder_id: str) -> Reminder | None:
    return await session.scalar(
        select(Reminder).where(Reminder.guild_id == guild_id, Reminder.reminder_id == reminder_id)
    )


async def count(session: AsyncSession, guild_id: int, reminder_type: int, owner_id: int | None) -> int:
    """How many reminders of a type the guild has, or the owner where one is named; hold the guild's lock."""
    own = [] if owner_id is None else [Reminder.owner_id == owner_id]
    wanted = select(func.count()).where(Reminder.guild_id == guild_id, Reminder.reminder_type == reminder_type, *own)
    return await session.scalar(wanted) or 0


async def reminders_in(session: AsyncSession, guild_id: int) -> Sequence[Reminder]:
    """All reminders of a guild by row id, to be changed."""
    found = await session.scalars(select(Reminder).where(Reminder.guild_id == guild_id).order_by(Reminder.id))
    return found.all()


async def delete_of_guild(session: AsyncSession, guild_id: int) -> Sequence[Reminder]:
    """Delete all reminders of a guild; what was there."""
    found = await reminders_in(session, guild_id)
    await session.execute(
        delete(Reminder).where(Reminder.guild_id == guild_id).execution_options(synchronize_session=False)
    )
    return found
