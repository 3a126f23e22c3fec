"""Every statement about welcoming."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import Columns, GuildRows, rows_by_keys
from husqy_graphql.db.guilds import GuildSettings
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.welcoming.models import (
    WelcomingAutorole,
    WelcomingResponse,
    WelcomingSettings,
    WelcomingTimedRole,
)

_GUILDS = GuildSettings.__table__
_SETTINGS = WelcomingSettings.__table__
_AUTOROLES = WelcomingAutorole.__table__
_RESPONSES = WelcomingResponse.__table__
_TIMED_ROLES = WelcomingTimedRole.__table__

_SETTINGS_OF_GUILDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.guild_id)
_SETTINGS_BY_IDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.id)
_AUTOROLES_OF_GUILDS = rows_by_keys(select(_AUTOROLES).order_by(_AUTOROLES.c.id), _AUTOROLES.c.guild_id)
_RESPONSES_OF_GUILD = GuildRows(_RESPONSES)
_RESPONSES_BY_IDS = rows_by_keys(select(_RESPONSES), _RESPONSES.c.id)
_RESPONSES_BY_NAMES = rows_by_keys(select(_RESPONSES), _RESPONSES.c.response_id)
_TIMED_ROLES_OF_GUILD = GuildRows(_TIMED_ROLES)
_TIMED_ROLE = Prepared(
    select(_TIMED_ROLES).where(
        _TIMED_ROLES.c.guild_id == bindparam("guild_id"), _TIMED_ROLES.c.timed_role_id == bindparam("timed_role_id")
    )
)
_TIMED_ROLES_BY_IDS = rows_by_keys(select(_TIMED_ROLES), _TIMED_ROLES.c.id)
_TIMED_ROLES_AT_WORK = Prepared(
    select(_TIMED_ROLES)
    .join(_SETTINGS, _SETTINGS.c.guild_id == _TIMED_ROLES.c.guild_id)
    .join(_GUILDS, _GUILDS.c.guild_id == _TIMED_ROLES.c.guild_id)
    .where(_GUILDS.c.module_welcoming, _SETTINGS.c.timed_roles_enabled)
    .order_by(_TIMED_ROLES.c.guild_id, _TIMED_ROLES.c.id)
)


@dataclass(frozen=True, slots=True)
class FullSettings:
    """A settings row with the roles of the autorole, in order."""

    row: Any
    autorole_ids: tuple[int, ...]

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


async def responses(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    columns: Columns = None,
    response_type: int | None = None,
) -> Sequence[Row[Any]]:
    """The responses of a guild by row id, from above `after_id`."""
    return await _RESPONSES_OF_GUILD.read(
        reads, guild_id, after_id=after_id, limit=limit, columns=columns, response_type=response_type
    )


async def responses_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _RESPONSES_BY_IDS.read(reads, row_ids)


async def responses_by_names(reads: Reads, response_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Those of the responses that are there, by their `response_id`, of whatever guild."""
    return await _RESPONSES_BY_NAMES.read(reads, response_ids)


async def timed_roles(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    columns: Columns = None,
    role_id: int | None = None,
) -> Sequence[Row[Any]]:
    """The timed roles of a guild by row id, from above `after_id`."""
    return await _TIMED_ROLES_OF_GUILD.read(
        reads, guild_id, after_id=after_id, limit=limit, columns=columns, role_id=role_id
    )


async def timed_role(reads: Reads, guild_id: int, timed_role_id: str) -> Row[Any] | None:
    return await reads.first(_TIMED_ROLE, guild_id=guild_id, timed_role_id=timed_role_id)


async def timed_roles_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _TIMED_ROLES_BY_IDS.read(reads, row_ids)


async def timed_roles_at_work(reads: Reads) -> Sequence[Row[Any]]:
    """The timed roles of every guild that has the module and the component on, guild by guild."""
    return await reads.all(_TIMED_ROLES_AT_WORK)


async def stored_texts(reads: Reads, guild_id: int) -> list[str]:
    """Every free text of the guild."""
    return [row.content for row in await responses(reads, guild_id)]


async def find_settings(session: AsyncSession, guild_id: int) -> WelcomingSettings | None:
    return await session.scalar(select(WelcomingSettings).where(WelcomingSettings.guild_id == guild_id))


async def find_autorole_ids(session: AsyncSession, guild_id: int) -> tuple[int, ...]:
    """The roles of the autorole as the transaction sees them, in order."""
    found = select(WelcomingAutorole.role_id).where(WelcomingAutorole.guild_id == guild_id)
    return tuple(await session.scalars(found.order_by(WelcomingAutorole.id)))


async def replace_autoroles(session: AsyncSession, guild_id: int, role_ids: Iterable[int]) -> None:
    """Let the autorole have exactly these roles, in this order."""
    await session.execute(delete(WelcomingAutorole).where(WelcomingAutorole.guild_id == guild_id))
    for role_id in role_ids:
        session.add(WelcomingAutorole(guild_id=guild_id, role_id=role_id))
        await session.flush()  # one by one: their ids are their order


async def find_response(session: AsyncSession, guild_id: int, response_id: str) -> WelcomingResponse | None:
    return await session.scalar(
        select(WelcomingResponse).where(
            WelcomingResponse.guild_id == guild_id, WelcomingResponse.response_id == response_id
        )
    )


async def count_responses(session: AsyncSession, guild_id: int, response_type: int) -> int:
    """How many responses of a type the guild has; hold its lock."""
    found = select(func.count()).where(
        WelcomingResponse.guild_id == guild_id, WelcomingResponse.response_type == response_type
    )
    return await session.scalar(found) or 0


async def find_timed_role(session: AsyncSession, guild_id: int, timed_role_id: str) -> WelcomingTimedRole | None:
    return await session.scalar(
        select(WelcomingTimedRole).where(
            WelcomingTimedRole.guild_id == guild_id, WelcomingTimedRole.timed_role_id == timed_role_id
        )
    )


async def find_same_timed_role(
    session: AsyncSession, guild_id: int, role_id: int, add_after: int
) -> WelcomingTimedRole | None:
    """The timed role that gives this role after this time."""
    return await session.scalar(
        select(WelcomingTimedRole).where(
            WelcomingTimedRole.guild_id == guild_id,
            WelcomingTimedRole.role_id == role_id,
            WelcomingTimedRole.add_after == add_after,
        )
    )


async def count_timed_roles(session: AsyncSession, guild_id: int) -> int:
    """How many timed roles the guild has; hold its lock."""
    return await session.scalar(select(func.count()).where(WelcomingTimedRole.guild_id == guild_id)) or 0


async def delete_of_guild(
    session: AsyncSession, guild_id: int
) -> tuple[FullSettings | None, Sequence[WelcomingResponse], Sequence[WelcomingTimedRole]]:
    """Delete everything of a guild; what was there."""
    row = await find_settings(session, guild_id)
    settings = FullSettings(row, await find_autorole_ids(session, guild_id)) if row else None
    found: list[Sequence[Any]] = []
    for table in (WelcomingResponse, WelcomingTimedRole):
        rows = select(table).where(table.guild_id == guild_id).order_by(table.id)
        found.append((await session.scalars(rows)).all())
    for table in (WelcomingAutorole, WelcomingResponse, WelcomingTimedRole, WelcomingSettings):
        gone = delete(table).where(table.guild_id == guild_id)
        await session.execute(gone.execution_options(synchronize_session=False))
    return settings, found[0], found[1]


async def delete_newest_responses(session: AsyncSession, guild_id: int, response_type: int, keep: int) -> None:
    """Delete responses of a type but the `keep` oldest."""
    these = (WelcomingResponse.guild_id == guild_id, WelcomingResponse.response_type == response_type)
    oldest = select(WelcomingResponse.id).where(*these).order_by(WelcomingResponse.id).limit(keep)
    await session.execute(delete(WelcomingResponse).where(*these, WelcomingResponse.id.not_in(oldest)))


async def delete_newest_timed_roles(session: AsyncSession, guild_id: int, keep: int) -> None:
    """Delete timed roles but the `keep` oldest."""
    these = WelcomingTimedRole.guild_id == guild_id
    oldest = select(WelcomingTimedRole.id).where(these).order_by(WelcomingTimedRole.id).limit(keep)
    await session.execute(delete(WelcomingTimedRole).where(these, WelcomingTimedRole.id.not_in(oldest)))


async def _full(reads: Reads, rows: Sequence[Any]) -> list[FullSettings]:
    if not rows:
        return []
    roles: dict[int, list[int]] = {row.guild_id: [] for row in rows}
    for each in await _AUTOROLES_OF_GUILDS.read(reads, list(roles)):
        roles[each.guild_id].append(each.role_id)
    return [FullSettings(row, tuple(roles[row.guild_id])) for row in rows]
