"""API keys: made, listed, deleted, recognised.

A key is `hq_` and 256 random bits. It is found by a keyed hash, and kept encrypted because the contract lets
administrators copy it again later.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from husqy_graphql.api_keys import repository
from husqy_graphql.api_keys.models import ApiKey
from husqy_graphql.core.access import API_KEY_PREFIX, ApiKeyActor, GuildAccess
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.clock import Clock
from husqy_graphql.core.errors import NotFound
from husqy_graphql.core.key_ring import KeyRing
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.db.unit_of_work import UnitOfWork

log = structlog.get_logger()

KEY_BYTES = 32
LAST_USE_PRECISION = timedelta(minutes=1)
NO_GUILD = "Husqy is not in this guild, so it can have no API keys. Invite Husqy first."
NO_KEY = "This guild has no such API key."


@dataclass(frozen=True, slots=True)
class RevealedKey:
    """A key with its full value, for the eyes of an administrator."""

    id: int
    guild_id: int
    key: str = field(repr=False)
    created_at: datetime
    last_use: datetime | None


def reveal(row: Any, key_ring: KeyRing) -> RevealedKey:
    """A stored row with its key decrypted; raises ValueError when the ring has lost the key's secret."""
    return RevealedKey(row.id, row.guild_id, key_ring.decrypt(row.encrypted), row.created_at, row.last_use)


async def create_key(uow: UnitOfWork, access: GuildAccess, key_ring: KeyRing) -> RevealedKey:
    """Add one key to the guild. Raises NotFound when Husqy is not in the guild."""
    await _require_guild(uow, access)
    value = API_KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    row = ApiKey(
        guild_id=access.guild_id,
        digest=key_ring.digest(value),
        encrypted=key_ring.encrypt(value),
        created_at=uow.clock(),
    )
    uow.session.add(row)
    await uow.session.flush()  # the row's number names the key in the audit log
    uow.audit(access.actor, access.guild_id, AuditAction.API_KEY_CREATE, f"api key {row.id}")
    return reveal(row, key_ring)


async def delete_key(
    uow: UnitOfWork, access: GuildAccess, key_ring: KeyRing, *, key: str | None = None, row_id: int | None = None
) -> RevealedKey:
    """Delete the key with this value or this row number, and answer what it was.

    Raises NotFound when Husqy is not in the guild, or the key is not the guild's.
    """
    await _require_guild(uow, access)
    if key is not None:
        row = await repository.find_key(uow.session, access.guild_id, key_ring.digests(key))
    else:
        row = await repository.find_key_by_id(uow.session, access.guild_id, row_id or 0)
    if row is None:
        raise NotFound(NO_KEY)
    revealed = reveal(row, key_ring)
    await uow.session.delete(row)
    uow.audit(access.actor, access.guild_id, AuditAction.API_KEY_DELETE, f"api key {row.id}")
    return revealed


async def find_actor(
    reads: Reads,
    units: Callable[[], AbstractAsyncContextManager[UnitOfWork]],
    key_ring: KeyRing,
    clock: Clock,
    value: str,
) -> ApiKeyActor | None:
    """The actor of a key, or None when there is no such key (any more); notes the use once a minute at most."""
    row = await repository.key_by_digest(reads, key_ring.digests(value))
    if row is None:
        return None
    now = clock()
    if row.last_use is None or row.last_use < now - LAST_USE_PRECISION:
        try:
            async with units() as uow:
                await repository.touch_key(uow.session, row.id, now=now, not_since=now - LAST_USE_PRECISION)
        except Exception:  # a busy database must not refuse a valid key
            log.warning("api_key_use_not_noted", api_key_id=row.id, exc_info=True)
    return ApiKeyActor(row.id, row.guild_id)


async def guild_of_key(reads: Reads, row_id: int) -> int | None:
    """The guild of the key with this row number."""
    rows = await repository.keys_by_ids(reads, [row_id])
    return rows[0].guild_id if rows else None


async def rotate_keys(uow: UnitOfWork, key_ring: KeyRing) -> int:
    """Write every key again under the first secret of the ring; returns how many. Raises ValueError when one cannot be
    read."""
    rows = await repository.all_keys(uow.session)
    for row in rows:
        value = key_ring.decrypt(row.encrypted)
        row.encrypted, row.digest = key_ring.encrypt(value), key_ring.digest(value)
    return len(rows)


async def _require_guild(uow: UnitOfWork, access: GuildAccess) -> None:
    if await lock_guild(uow.session, access.guild_id) is None:
        raise NotFound(NO_GUILD)
