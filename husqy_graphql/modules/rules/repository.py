"""Every statement about the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import Columns, GuildRows, rows_by_keys
from husqy_graphql.db.guilds import GuildSettings
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.rules.models import RulesActiveEntry, RulesEntry, RulesRole, RulesSettings

ROLE_KINDS = ("accepted", "denied")

_SETTINGS = RulesSettings.__table__
_ROLES = RulesRole.__table__
_ENTRIES = RulesEntry.__table__
_ACTIVE = RulesActiveEntry.__table__
_GUILDS = GuildSettings.__table__

_SETTINGS_OF_GUILDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.guild_id)
_SETTINGS_BY_IDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.id)
_ROLES_OF = rows_by_keys(select(_ROLES).order_by(_ROLES.c.id), _ROLES.c.settings_id)
_SHOWN = Prepared(
    select(_SETTINGS, _GUILDS.c.language, _GUILDS.c.time_zone, _GUILDS.c.auto_delete)
    .join(_GUILDS, _GUILDS.c.guild_id == _SETTINGS.c.guild_id)
    .where(_SETTINGS.c.guild_id == bindparam("guild_id"))
)
_GUILD_OF_MESSAGE = Prepared(
    select(_SETTINGS.c.guild_id).where(
        _SETTINGS.c.rules_channel == bindparam("channel_id"), _SETTINGS.c.rules_message_id == bindparam("message_id")
    )
)
_WAITING_IN = Prepared(select(_ACTIVE.c.message_id).where(_ACTIVE.c.channel_id == bindparam("channel_id")))
_GUILD_OF_ACTIVE_ENTRY = Prepared(
    select(_ACTIVE.c.guild_id).where(
        _ACTIVE.c.channel_id == bindparam("channel_id"),
        _ACTIVE.c.message_id == bindparam("message_id"),
        _ACTIVE.c.user_id == bindparam("user_id"),
    )
)
_ENTRIES_OF_GUILD = GuildRows(_ENTRIES)
_ENTRY = Prepared(
    select(_ENTRIES).where(_ENTRIES.c.guild_id == bindparam("guild_id"), _ENTRIES.c.rule_id == bindparam("rule_id"))
)
_ENTRIES_BY_IDS = rows_by_keys(select(_ENTRIES), _ENTRIES.c.id)
_ACTIVE_OF_GUILD = GuildRows(_ACTIVE)
_ACTIVE_BY_IDS = rows_by_keys(select(_ACTIVE), _ACTIVE.c.id)


@dataclass(frozen=True, slots=True)
class FullSettings:
    """A settings row with its roles by kind, in order."""

    row: Any
    roles: Mapping[str, Sequence[int]]

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def guild_id(self) -> int:
        return self.row.guild_id


async def settings_of_guilds(reads: Reads, guild_ids: Sequence[int]) -> list[FullSettings]:
    """The settings of those of the guilds that have the module on."""
    return await _full(reads, await _SETTINGS_OF_GUILDS.read(reads, guild_ids))


async def settings_by_ids(reads: Reads, row_ids: Sequence[int]) -> list[FullSettings]:
    return await _full(reads, await _SETTINGS_BY_IDS.read(reads, row_ids))


async def shown_settings(reads: Reads, guild_id: int) -> FullSettings | None:
    """The settings of a guild; their row has the guild's language, time zone and auto-delete seconds too."""
    found = await _full(reads, await reads.all(_SHOWN, guild_id=guild_id))
    return found[0] if found else None


async def guild_of_message(reads: Reads, channel_id: int, message_id: int) -> int | None:
    """The guild whose permanent message this is."""
    row = await reads.first(_GUILD_OF_MESSAGE, channel_id=channel_id, message_id=message_id)
    return row.guild_id if row else None


async def guild_of_active_entry(reads: Reads, channel_id: int, message_id: int, user_id: int) -> int | None:
    """The guild whose rules wait in this direct message for this member's answer."""
    row = await reads.first(_GUILD_OF_ACTIVE_ENTRY, channel_id=channel_id, message_id=message_id, user_id=user_id)
    return row.guild_id if row else None


async def entries(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    columns: Columns = None,
) -> Sequence[Row[Any]]:
    """The rules of a guild by row id, from above `after_id`."""
    return await _ENTRIES_OF_GUILD.read(reads, guild_id, after_id=after_id, limit=limit, columns=columns)


async def entry(reads: Reads, guild_id: int, rule_id: str) -> Row[Any] | None:
    return await reads.first(_ENTRY, guild_id=guild_id, rule_id=rule_id)


async def entries_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _ENTRIES_BY_IDS.read(reads, row_ids)


async def active_entries(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    columns: Columns = None,
    user_id: int | None = None,
) -> Sequence[Row[Any]]:
    """The unanswered direct messages of a guild by row id, from above `after_id`."""
    return await _ACTIVE_OF_GUILD.read(
        reads, guild_id, after_id=after_id, limit=limit, columns=columns, user_id=user_id
    )


async def active_entries_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _ACTIVE_BY_IDS.read(reads, row_ids)


async def waiting_in(reads: Reads, channel_id: int) -> set[int]:
    """The messages of a channel that wait for an answer, of whatever guild."""
    return {row.message_id for row in await reads.all(_WAITING_IN, channel_id=channel_id)}


async def find_settings(session: AsyncSession, guild_id: int) -> RulesSettings | None:
    return await session.scalar(select(RulesSettings).where(RulesSettings.guild_id == guild_id))


async def load_settings(session: AsyncSession, row: RulesSettings) -> FullSettings:
    """The settings as the transaction sees them."""
    found = (await session.execute(_ROLES_OF.one.statement, {"key": row.id})).all()
    return FullSettings(row, _by_kind(found))


async def replace_roles(session: AsyncSession, row: RulesSettings, kind: str, role_ids: Iterable[int]) -> None:
    """Let the settings have exactly these roles of a kind, in this order."""
    await session.execute(delete(RulesRole).where(RulesRole.settings_id == row.id, RulesRole.kind == kind))
    for role_id in role_ids:
        session.add(RulesRole(guild_id=row.guild_id, settings_id=row.id, kind=kind, role_id=role_id))
        await session.flush()  # one by one: their ids are their order


async def entries_in(session: AsyncSession, guild_id: int) -> Sequence[RulesEntry]:
    """The rules of a guild in order, to be changed."""
    found = await session.scalars(select(RulesEntry).where(RulesEntry.guild_id == guild_id).order_by(RulesEntry.id))
    return found.all()


async def find_entry(session: AsyncSession, guild_id: int, rule_id: str) -> RulesEntry | None:
    return await session.scalar(
        select(RulesEntry).where(RulesEntry.guild_id == guild_id, RulesEntry.rule_id == rule_id)
    )


async def delete_newest_entries(session: AsyncSession, guild_id: int, keep: int) -> int:
    """Delete the rules of a guild but the `keep` oldest; how many went."""
    oldest = select(RulesEntry.id).where(RulesEntry.guild_id == guild_id).order_by(RulesEntry.id).limit(keep)
    gone = (
        delete(RulesEntry).where(RulesEntry.guild_id == guild_id, RulesEntry.id.not_in(oldest)).returning(RulesEntry.id)
    )
    return len((await session.execute(gone)).all())


async def find_active_entry(
    session: AsyncSession, guild_id: int, channel_id: int, message_id: int
) -> RulesActiveEntry | None:
    return await session.scalar(
        select(RulesActiveEntry).where(
            RulesActiveEntry.guild_id == guild_id,
            RulesActiveEntry.channel_id == channel_id,
            RulesActiveEntry.message_id == message_id,
        )
    )


async def delete_active_entries(session: AsyncSession, guild_id: int, user_id: int) -> Sequence[RulesActiveEntry]:
    """Forget the unanswered direct message of a member; what it was."""
    which = (RulesActiveEntry.guild_id == guild_id, RulesActiveEntry.user_id == user_id)
    found = (await session.scalars(select(RulesActiveEntry).where(*which))).all()
    for row in found:
        await session.delete(row)
    await session.flush()  # a member has one at most
    return found


async def delete_of_guild(
    session: AsyncSession, guild_id: int
) -> tuple[list[FullSettings], list[RulesEntry], list[RulesActiveEntry]]:
    """Delete everything of a guild; what was there."""
    row = await find_settings(session, guild_id)
    settings = [] if row is None else [await load_settings(session, row)]
    rules = list(await entries_in(session, guild_id))
    active = list(
        (
            await session.scalars(
                select(RulesActiveEntry).where(RulesActiveEntry.guild_id == guild_id).order_by(RulesActiveEntry.id)
            )
        ).all()
    )
    for table in (RulesActiveEntry, RulesEntry, RulesRole, RulesSettings):
        await session.execute(
            delete(table).where(table.guild_id == guild_id).execution_options(synchronize_session=False)
        )
    return settings, rules, active


async def _full(reads: Reads, rows: Sequence[Any]) -> list[FullSettings]:
    if not rows:
        return []
    found = await _ROLES_OF.read(reads, [row.id for row in rows])
    return [FullSettings(row, _by_kind([each for each in found if each.settings_id == row.id])) for row in rows]


def _by_kind(rows: Iterable[Any]) -> dict[str, list[int]]:
    roles: dict[str, list[int]] = {kind: [] for kind in ROLE_KINDS}
    for row in rows:
        roles[row.kind].append(row.role_id)
    return roles
