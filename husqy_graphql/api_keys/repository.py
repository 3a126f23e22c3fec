"""Every statement about API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.api_keys.models import ApiKey
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import rows_by_keys

_KEYS = ApiKey.__table__

_BY_DIGEST = select(_KEYS.c.id, _KEYS.c.guild_id, _KEYS.c.last_use).where(
    _KEYS.c.digest.in_(bindparam("digests", expanding=True))
)
_BY_IDS = rows_by_keys(select(_KEYS), _KEYS.c.id)
_OF_GUILD = (
    select(_KEYS)
    .where(_KEYS.c.guild_id == bindparam("guild_id"), _KEYS.c.id > bindparam("after_id"))
    .order_by(_KEYS.c.id)
)


async def key_by_digest(reads: Reads, digests: Sequence[bytes]) -> Row[Any] | None:
    """(id, guild_id, last_use) of the key with one of these digests."""
    return await reads.first(_BY_DIGEST, digests=digests)


async def keys_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _BY_IDS.read(reads, row_ids)


async def keys_of_guild(reads: Reads, guild_id: int, *, after_id: int, limit: int | None) -> Sequence[Row[Any]]:
    """The keys of a guild by row id, from above `after_id`."""
    return await reads.all(_OF_GUILD.limit(limit), guild_id=guild_id, after_id=after_id)


async def find_key(session: AsyncSession, guild_id: int, digests: Sequence[bytes]) -> ApiKey | None:
    return await session.scalar(select(ApiKey).where(ApiKey.guild_id == guild_id, ApiKey.digest.in_(digests)))


async def find_key_by_id(session: AsyncSession, guild_id: int, row_id: int) -> ApiKey | None:
    return await session.scalar(select(ApiKey).where(ApiKey.guild_id == guild_id, ApiKey.id == row_id))


async def all_keys(session: AsyncSession) -> Sequence[ApiKey]:
    return (await session.scalars(select(ApiKey).order_by(ApiKey.id).with_for_update())).all()


async def touch_key(session: AsyncSession, row_id: int, *, now: datetime, not_since: datetime) -> None:
    """Note a use, unless another process has noted one since `not_since`."""
    await session.execute(
        update(ApiKey)
        .where(ApiKey.id == row_id, or_(ApiKey.last_use.is_(None), ApiKey.last_use < not_since))
        .values(last_use=now)
    )
