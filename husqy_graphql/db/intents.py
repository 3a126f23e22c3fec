"""Statements about what is just being done on Discord for modules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.journals import ModuleIntent
from husqy_graphql.db.prepared import Prepared

_INTENTS = ModuleIntent.__table__
_OLDER = Prepared(select(_INTENTS).where(_INTENTS.c.created_at < bindparam("before")).order_by(_INTENTS.c.id))


async def add_intent(session: AsyncSession, guild_id: int, module: ModuleName, now: datetime) -> None:
    """Note that something is being done for the module; one that was left over is replaced. Hold the guild's lock."""
    await delete_intent(session, guild_id, module)
    session.add(ModuleIntent(guild_id=guild_id, module=module.value, created_at=now))


async def find_intent(session: AsyncSession, guild_id: int, module: ModuleName) -> ModuleIntent | None:
    return await session.scalar(
        select(ModuleIntent).where(ModuleIntent.guild_id == guild_id, ModuleIntent.module == module.value)
    )


async def delete_intent(session: AsyncSession, guild_id: int, module: ModuleName) -> None:
    await session.execute(
        delete(ModuleIntent).where(ModuleIntent.guild_id == guild_id, ModuleIntent.module == module.value)
    )


async def intents_before(reads: Reads, before: datetime) -> Sequence[Row[Any]]:
    """What was begun before a time and not ended, the oldest first."""
    return await reads.all(_OLDER, before=before)
