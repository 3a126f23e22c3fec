"""Every statement about API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.api_keys.models import ApiKey
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import GuildRows, rows_by_keys
from husqy_graphql.db.prepared import Prepared

_KEYS = ApiKey.__table__

_BY_DIGEST = Prepared(
    select(_KEYS.c.id, _KEYS.c.guild_id, _KEYS.c.last_use).where(_KEYS.c.digest == bindparam("digest"))
)
_BY_IDS = rows_by_keys(select(_KEYS), _KEYS.c.id)
_OF_GUILD = GuildRows(_KEYS)


async def key_by_digest(reads: Reads, digests: Sequence[bytes]) -> Row[Any] | None:
    """(id, guild_id, last_use) of the key with one of these digests."""
    for digest in digests:
        row = await reads.first(_BY_DIGEST, digest=digest)
        if row is not None:
            return row
    return None


async def keys_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _BY_IDS.read(reads, row_ids)


async def keys_of_guild(reads: Reads, guild_id: int, *, after_id: int, limit: int | None) -> Sequence[Row[Any]]:
    """The keys of a guild by row id, from above `after_id`."""
    return await _OF_GUILD.read(reads, guild_id, after_id=after_id, limit=limit)


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
