"""Every statement about the verifier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import Columns, GuildRows, rows_by_keys
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.verifier.models import VerifierEntry, VerifierRole, VerifierSettings

_SETTINGS = VerifierSettings.__table__
_ROLES = VerifierRole.__table__
_ENTRIES = VerifierEntry.__table__

_SETTINGS_OF_GUILDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.guild_id)
_SETTINGS_BY_IDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.id)
_ROLES_OF_GUILDS = rows_by_keys(select(_ROLES).order_by(_ROLES.c.id), _ROLES.c.guild_id)
_ENTRIES_OF_GUILD = GuildRows(_ENTRIES)
_ENTRY = Prepared(select(_ENTRIES).where(_ENTRIES.c.verifier_id == bindparam("verifier_id")))
_ENTRIES_BY_IDS = rows_by_keys(select(_ENTRIES), _ENTRIES.c.id)
_USERS = Prepared(select(_ENTRIES.c.user_id).where(_ENTRIES.c.guild_id == bindparam("guild_id")))


@dataclass(frozen=True, slots=True)
class FullSettings:
    """A settings row with the roles of those who pass, in order."""

    row: Any
    role_ids: Sequence[int]

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def guild_id(self) -> int:
        return self.row.guild_id


async def settings_of_guilds(reads: Reads, guild_ids: Sequence[int]) -> list[FullSettings]:
    """The settings of those of the guilds that have the module on: two statements, however many there are."""
    return await _full(reads, await _SETTINGS_OF_GUILDS.read(reads, guild_ids))


async def settings_by_ids(reads: Reads, row_ids: Sequence[int]) -> list[FullSettings]:
    return await _full(reads, await _SETTINGS_BY_IDS.read(reads, row_ids))


async def entries(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    columns: Columns = None,
    verified: bool | None = None,
    user_id: int | None = None,
) -> Sequence[Row[Any]]:
    """The entries of a guild by row id, from above `after_id`."""
    return await _ENTRIES_OF_GUILD.read(
        reads, guild_id, after_id=after_id, limit=limit, columns=columns, is_verified=verified, user_id=user_id
    )


async def entry(reads: Reads, verifier_id: str) -> Row[Any] | None:
    return await reads.first(_ENTRY, verifier_id=verifier_id)


async def entries_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _ENTRIES_BY_IDS.read(reads, row_ids)


async def users_of_entries(reads: Reads, guild_id: int) -> list[int]:
    """Whom each entry of the guild is about."""
    return [row.user_id for row in await reads.all(_USERS, guild_id=guild_id)]


async def find_settings(session: AsyncSession, guild_id: int) -> VerifierSettings | None:
    return await session.scalar(select(VerifierSettings).where(VerifierSettings.guild_id == guild_id))


async def find_role_ids(session: AsyncSession, guild_id: int) -> list[int]:
    """The roles of those who pass, in order."""
    return [row.role_id for row in await session.execute(_ROLES_OF_GUILDS.one.statement, {"key": guild_id})]


async def replace_roles(session: AsyncSession, guild_id: int, role_ids: Iterable[int]) -> None:
    """Let those who pass get exactly these roles, in this order."""
    await session.execute(delete(VerifierRole).where(VerifierRole.guild_id == guild_id))
    for role_id in role_ids:
        session.add(VerifierRole(guild_id=guild_id, role_id=role_id))
        await session.flush()  # one by one: their ids are their order


async def find_entry(session: AsyncSession, guild_id: int, verifier_id: str) -> VerifierEntry | None:
    return await session.scalar(
        select(VerifierEntry).where(VerifierEntry.guild_id == guild_id, VerifierEntry.verifier_id == verifier_id)
    )


async def delete_entries(
    session: AsyncSession, guild_id: int, user_id: int, *, verified: bool | None = None
) -> Sequence[VerifierEntry]:
    """Delete the entries of a member, all or those that are or are not verified; what they were."""
    statement = select(VerifierEntry).where(VerifierEntry.guild_id == guild_id, VerifierEntry.user_id == user_id)
    if verified is not None:
        statement = statement.where(VerifierEntry.is_verified.is_(verified))
    found = (await session.scalars(statement.order_by(VerifierEntry.id))).all()
    for row in found:
        await session.delete(row)
    await session.flush()
    return found


async def delete_of_guild(session: AsyncSession, guild_id: int) -> tuple[list[FullSettings], list[VerifierEntry]]:
    """Delete everything of a guild; the settings and the entries that were there."""
    row = await find_settings(session, guild_id)
    settings = [] if row is None else [FullSettings(row, await find_role_ids(session, guild_id))]
    found = await session.scalars(
        select(VerifierEntry).where(VerifierEntry.guild_id == guild_id).order_by(VerifierEntry.id)
    )
    kept = list(found)
    for table in (VerifierEntry, VerifierRole, VerifierSettings):
        await session.execute(
            delete(table).where(table.guild_id == guild_id).execution_options(synchronize_session=False)
        )
    return settings, kept


async def settings_with_passphrase(session: AsyncSession) -> Sequence[VerifierSettings]:
    """The settings of every guild that has a passphrase, locked."""
    statement = select(VerifierSettings).where(VerifierSettings.passphrase_encrypted.is_not(None))
    return (await session.scalars(statement.order_by(VerifierSettings.id).with_for_update())).all()


async def _full(reads: Reads, rows: Sequence[Any]) -> list[FullSettings]:
    if not rows:
        return []
    role_ids: dict[int, list[int]] = {row.guild_id: [] for row in rows}
    for each in await _ROLES_OF_GUILDS.read(reads, list(role_ids)):
        role_ids[each.guild_id].append(each.role_id)
    return [FullSettings(row, role_ids[row.guild_id]) for row in rows]
