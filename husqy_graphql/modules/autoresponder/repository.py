"""Every statement about the autoresponder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import Columns, GuildRows, rows_by_keys
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.autoresponder.models import (
    AutoresponderFilter,
    AutoresponderLink,
    AutoresponderResponse,
    AutoresponderTrigger,
)

FILTER_KINDS = ("allowed_channel", "ignored_channel", "allowed_role", "ignored_role")

_TRIGGERS = AutoresponderTrigger.__table__
_FILTERS = AutoresponderFilter.__table__
_RESPONSES = AutoresponderResponse.__table__
_LINKS = AutoresponderLink.__table__

_TRIGGERS_OF_GUILD = GuildRows(_TRIGGERS)
_RESPONSES_OF_GUILD = GuildRows(_RESPONSES)
_TRIGGER = Prepared(
    select(_TRIGGERS).where(
        _TRIGGERS.c.guild_id == bindparam("guild_id"), _TRIGGERS.c.trigger_id == bindparam("trigger_id")
    )
)
_RESPONSE = Prepared(
    select(_RESPONSES).where(
        _RESPONSES.c.guild_id == bindparam("guild_id"), _RESPONSES.c.response_id == bindparam("response_id")
    )
)
_TRIGGERS_BY_IDS = rows_by_keys(select(_TRIGGERS), _TRIGGERS.c.id)
_RESPONSES_BY_IDS = rows_by_keys(select(_RESPONSES), _RESPONSES.c.id)
_FILTERS_OF = rows_by_keys(select(_FILTERS).order_by(_FILTERS.c.id), _FILTERS.c.trigger_row_id)
_LINKED = (
    select(_LINKS.c.trigger_row_id, _RESPONSES)
    .join(_RESPONSES, _RESPONSES.c.id == _LINKS.c.response_row_id)
    .where(_LINKS.c.trigger_row_id.in_(bindparam("row_ids", expanding=True)))
    .order_by(_LINKS.c.id)
)
_TEXTS = Prepared(
    select(_TRIGGERS.c.trigger.label("text"))
    .where(_TRIGGERS.c.guild_id == bindparam("guild_id"), _TRIGGERS.c.trigger.is_not(None))
    .union_all(
        select(_RESPONSES.c.response_content.label("text")).where(
            _RESPONSES.c.guild_id == bindparam("guild_id"), _RESPONSES.c.response_content.is_not(None)
        )
    )
)


@dataclass(frozen=True, slots=True)
class FullTrigger:
    """A trigger row with what hangs on it: ids by the kind of their filter, and its responses in order."""

    row: Any
    filters: dict[str, list[int]]
    responses: list[Any]

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def guild_id(self) -> int:
        return self.row.guild_id


async def triggers(
    reads: Reads, guild_id: int, *, after_id: int = 0, limit: int | None = None, trigger_type: int | None = None
) -> list[FullTrigger]:
    """The triggers of a guild by row id, from above `after_id`: three statements, however many there are."""
    rows = await _TRIGGERS_OF_GUILD.read(reads, guild_id, after_id=after_id, limit=limit, trigger_type=trigger_type)
    return await _full(reads, rows)


async def trigger(reads: Reads, guild_id: int, trigger_id: str) -> FullTrigger | None:
    row = await reads.first(_TRIGGER, guild_id=guild_id, trigger_id=trigger_id)
    return (await _full(reads, [row]))[0] if row else None


async def triggers_by_ids(reads: Reads, row_ids: Sequence[int]) -> list[FullTrigger]:
    return await _full(reads, await _TRIGGERS_BY_IDS.read(reads, row_ids))


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


async def response(reads: Reads, guild_id: int, response_id: str) -> Row[Any] | None:
    return await reads.first(_RESPONSE, guild_id=guild_id, response_id=response_id)


async def responses_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _RESPONSES_BY_IDS.read(reads, row_ids)


async def stored_texts(reads: Reads, guild_id: int) -> list[str]:
    """Every free text of the guild."""
    return [row.text for row in await reads.all(_TEXTS, guild_id=guild_id)]


async def count(session: AsyncSession, table: type[Any], guild_id: int) -> int:
    """How many rows of a table the guild has; hold its lock."""
    return await session.scalar(select(func.count()).select_from(table).where(table.guild_id == guild_id)) or 0


async def find_trigger(session: AsyncSession, guild_id: int, trigger_id: str) -> AutoresponderTrigger | None:
    return await session.scalar(
        select(AutoresponderTrigger).where(
            AutoresponderTrigger.guild_id == guild_id, AutoresponderTrigger.trigger_id == trigger_id
        )
    )


async def find_response(session: AsyncSession, guild_id: int, response_id: str) -> AutoresponderResponse | None:
    return await session.scalar(
        select(AutoresponderResponse).where(
            AutoresponderResponse.guild_id == guild_id, AutoresponderResponse.response_id == response_id
        )
    )


async def find_responses(
    session: AsyncSession, guild_id: int, response_ids: Sequence[str]
) -> dict[str, AutoresponderResponse]:
    """Those of the responses that are there, by their id."""
    found = await session.scalars(
        select(AutoresponderResponse).where(
            AutoresponderResponse.guild_id == guild_id, AutoresponderResponse.response_id.in_(response_ids)
        )
    )
    return {row.response_id: row for row in found}


async def load_trigger(session: AsyncSession, row: AutoresponderTrigger) -> FullTrigger:
    """The trigger as the transaction sees it."""
    filters: dict[str, list[int]] = {}
    for each in await session.execute(_FILTERS_OF.one.statement, {"key": row.id}):
        filters.setdefault(each.kind, []).append(each.target_id)
    linked = (await session.execute(_LINKED, {"row_ids": [row.id]})).all()
    return FullTrigger(row, filters, list(linked))


async def replace_filters(session: AsyncSession, row: AutoresponderTrigger, kind: str, ids: Iterable[int]) -> None:
    """Let the trigger have exactly these filters of a kind, in this order."""
    await session.execute(
        delete(AutoresponderFilter).where(
            AutoresponderFilter.trigger_row_id == row.id, AutoresponderFilter.kind == kind
        )
    )
    session.add_all(
        AutoresponderFilter(guild_id=row.guild_id, trigger_row_id=row.id, kind=kind, target_id=each) for each in ids
    )
    await session.flush()


async def replace_links(session: AsyncSession, row: AutoresponderTrigger, response_row_ids: Iterable[int]) -> None:
    """Let the trigger run exactly these responses, in this order."""
    await session.execute(delete(AutoresponderLink).where(AutoresponderLink.trigger_row_id == row.id))
    for each in response_row_ids:
        session.add(AutoresponderLink(guild_id=row.guild_id, trigger_row_id=row.id, response_row_id=each))
        await session.flush()  # one by one: their ids are their order


async def delete_of_guild(session: AsyncSession, guild_id: int) -> tuple[list[FullTrigger], list[Any]]:
    """Delete everything of a guild; the triggers and responses that were there."""
    rows = (
        await session.scalars(
            select(AutoresponderTrigger)
            .where(AutoresponderTrigger.guild_id == guild_id)
            .order_by(AutoresponderTrigger.id)
        )
    ).all()
    found = [await load_trigger(session, row) for row in rows]
    kept = list(
        (
            await session.scalars(
                select(AutoresponderResponse)
                .where(AutoresponderResponse.guild_id == guild_id)
                .order_by(AutoresponderResponse.id)
            )
        ).all()
    )
    for table in (AutoresponderLink, AutoresponderFilter, AutoresponderTrigger, AutoresponderResponse):
        await session.execute(
            delete(table).where(table.guild_id == guild_id).execution_options(synchronize_session=False)
        )
    return found, kept


async def delete_newest(session: AsyncSession, table: type[Any], guild_id: int, keep: int) -> int:
    """Delete rows of a guild but the `keep` oldest; how many went."""
    oldest = select(table.id).where(table.guild_id == guild_id).order_by(table.id).limit(keep)
    gone = delete(table).where(table.guild_id == guild_id, table.id.not_in(oldest)).returning(table.id)
    return len((await session.execute(gone)).all())


async def rows_with_text(
    session: AsyncSession, guild_id: int
) -> tuple[Sequence[AutoresponderTrigger], Sequence[AutoresponderResponse]]:
    """Every trigger and response of the guild that has a free text."""
    return (
        (
            await session.scalars(
                select(AutoresponderTrigger).where(
                    AutoresponderTrigger.guild_id == guild_id, AutoresponderTrigger.trigger.is_not(None)
                )
            )
        ).all(),
        (
            await session.scalars(
                select(AutoresponderResponse).where(
                    AutoresponderResponse.guild_id == guild_id, AutoresponderResponse.response_content.is_not(None)
                )
            )
        ).all(),
    )


async def _full(reads: Reads, rows: Sequence[Any]) -> list[FullTrigger]:
    if not rows:
        return []
    row_ids = [row.id for row in rows]
    filters: dict[int, dict[str, list[int]]] = {row_id: {} for row_id in row_ids}
    for each in await _FILTERS_OF.read(reads, row_ids):
        filters[each.trigger_row_id].setdefault(each.kind, []).append(each.target_id)
    linked: dict[int, list[Any]] = {row_id: [] for row_id in row_ids}
    for each in await reads.all(_LINKED, row_ids=row_ids):
        linked[each.trigger_row_id].append(each)
    return [FullTrigger(row, filters[row.id], linked[row.id]) for row in rows]
