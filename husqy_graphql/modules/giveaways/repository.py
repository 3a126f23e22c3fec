"""Every statement about giveaways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import GuildRows, rows_by_keys
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.giveaways.models import (
    Giveaway,
    GiveawayDraw,
    GiveawayParticipant,
    GiveawaysSettings,
    GiveawayWinner,
)

_SETTINGS: Any = GiveawaysSettings.__table__
_GIVEAWAYS: Any = Giveaway.__table__
_PARTICIPANTS: Any = GiveawayParticipant.__table__
_WINNERS: Any = GiveawayWinner.__table__

_SETTINGS_OF_GUILDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.guild_id)
_SETTINGS_BY_IDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.id)
_GIVEAWAYS_OF_GUILD = GuildRows(_GIVEAWAYS)
_GIVEAWAYS_BY_GIVEAWAY_IDS = rows_by_keys(select(_GIVEAWAYS).where(_GIVEAWAYS.c.published), _GIVEAWAYS.c.giveaway_id)
_GIVEAWAYS_BY_IDS = rows_by_keys(select(_GIVEAWAYS).where(_GIVEAWAYS.c.published), _GIVEAWAYS.c.id)
_PARTICIPANTS_OF = rows_by_keys(
    select(_PARTICIPANTS.c.giveaway_row_id, _PARTICIPANTS.c.user_id).order_by(_PARTICIPANTS.c.id),
    _PARTICIPANTS.c.giveaway_row_id,
)
_NUMBERS_OF_PARTICIPANTS = rows_by_keys(
    select(_PARTICIPANTS.c.giveaway_row_id, func.count().label("number")).group_by(_PARTICIPANTS.c.giveaway_row_id),
    _PARTICIPANTS.c.giveaway_row_id,
)
_WINNERS_OF = rows_by_keys(
    select(_GIVEAWAYS.c.id.label("giveaway_row_id"), _WINNERS.c.user_id)
    .join(_GIVEAWAYS, _GIVEAWAYS.c.draw_row_id == _WINNERS.c.draw_row_id)
    .order_by(_WINNERS.c.id),
    _GIVEAWAYS.c.id,
)
_TEXTS = Prepared(
    select(_GIVEAWAYS.c.prize, _GIVEAWAYS.c.description, _GIVEAWAYS.c.owner_id).where(
        _GIVEAWAYS.c.guild_id == bindparam("guild_id")
    )
)
_ENTERED = Prepared(select(_PARTICIPANTS.c.user_id).where(_PARTICIPANTS.c.guild_id == bindparam("guild_id")))
_WON = Prepared(select(_WINNERS.c.user_id).where(_WINNERS.c.guild_id == bindparam("guild_id")))


@dataclass(frozen=True, slots=True)
class FullGiveaway:
    """A giveaway with who entered, in order, and who won the last draw."""

    row: Any
    participant_ids: Sequence[int]
    winner_ids: Sequence[int]


async def settings_of_guilds(reads: Reads, guild_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """The settings of those of the guilds that have the module on."""
    return await _SETTINGS_OF_GUILDS.read(reads, guild_ids)


async def settings_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _SETTINGS_BY_IDS.read(reads, row_ids)


async def giveaways(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    closed: bool | None = None,
    ended: bool | None = None,
    owner_id: int | None = None,
) -> Sequence[Row[Any]]:
    """The giveaways of a guild by row id, from above `after_id`."""
    return await _GIVEAWAYS_OF_GUILD.read(
        reads,
        guild_id,
        after_id=after_id,
        limit=limit,
        published=True,
        closed=closed,
        ended=ended,
        owner_id=owner_id,
    )


async def giveaways_by_giveaway_ids(reads: Reads, giveaway_ids: Sequence[str]) -> Sequence[Row[Any]]:
    return await _GIVEAWAYS_BY_GIVEAWAY_IDS.read(reads, giveaway_ids)


async def giveaways_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _GIVEAWAYS_BY_IDS.read(reads, row_ids)


async def participants_of(reads: Reads, row_ids: Sequence[int]) -> dict[int, list[int]]:
    """Who entered each giveaway, in order, by the giveaway's row id."""
    return _by_giveaway(row_ids, await _PARTICIPANTS_OF.read(reads, row_ids))


async def numbers_of_participants(reads: Reads, row_ids: Sequence[int]) -> dict[int, int]:
    """How many entered each giveaway, by the giveaway's row id."""
    found = {row.giveaway_row_id: row.number for row in await _NUMBERS_OF_PARTICIPANTS.read(reads, row_ids)}
    return {row_id: found.get(row_id, 0) for row_id in row_ids}


async def winners_of(reads: Reads, row_ids: Sequence[int]) -> dict[int, list[int]]:
    """Who won the last draw of each giveaway, in order, by the giveaway's row id."""
    return _by_giveaway(row_ids, await _WINNERS_OF.read(reads, row_ids))


async def stored_texts(reads: Reads, guild_id: int) -> tuple[list[str], list[int]]:
    """The texts of giveaways; owners, participants and winners."""
    rows = await reads.all(_TEXTS, guild_id=guild_id)
    texts = [row.prize for row in rows] + [row.description for row in rows if row.description]
    people = [*await reads.all(_ENTERED, guild_id=guild_id), *await reads.all(_WON, guild_id=guild_id)]
    return texts, [row.owner_id for row in rows if row.owner_id is not None] + [each.user_id for each in people]


async def find_settings(session: AsyncSession, guild_id: int) -> GiveawaysSettings | None:
    return await session.scalar(select(GiveawaysSettings).where(GiveawaysSettings.guild_id == guild_id))


async def find_giveaway(session: AsyncSession, guild_id: int, giveaway_id: str) -> Giveaway | None:
    """The giveaway of this id, published or not."""
    return await session.scalar(
        select(Giveaway).where(Giveaway.guild_id == guild_id, Giveaway.giveaway_id == giveaway_id)
    )


async def published_message_ids(session: AsyncSession, channel_id: int) -> set[int]:
    """The messages of a channel that are giveaways."""
    found = await session.scalars(select(Giveaway.message_id).where(Giveaway.channel_id == channel_id))
    return {each for each in found if each is not None}


async def count_running(session: AsyncSession, guild_id: int) -> int:
    """How many giveaways run, those that are only meant included."""
    statement = select(func.count()).where(Giveaway.guild_id == guild_id, Giveaway.closed.is_(False))
    return await session.scalar(statement) or 0


async def find_participant(session: AsyncSession, giveaway: Giveaway, user_id: int) -> GiveawayParticipant | None:
    return await session.scalar(
        select(GiveawayParticipant).where(
            GiveawayParticipant.giveaway_row_id == giveaway.id, GiveawayParticipant.user_id == user_id
        )
    )


async def participant_ids(session: AsyncSession, giveaway: Giveaway) -> list[int]:
    """Who entered, in order."""
    found = await session.scalars(
        select(GiveawayParticipant.user_id)
        .where(GiveawayParticipant.giveaway_row_id == giveaway.id)
        .order_by(GiveawayParticipant.id)
    )
    return list(found)


async def former_winner_ids(session: AsyncSession, giveaway: Giveaway) -> set[int]:
    """Whoever won any draw of a giveaway."""
    found = await session.scalars(
        select(GiveawayWinner.user_id)
        .join(GiveawayDraw, GiveawayDraw.id == GiveawayWinner.draw_row_id)
        .where(GiveawayDraw.giveaway_row_id == giveaway.id)
    )
    return set(found)


async def find_waiting_draw(session: AsyncSession, giveaway: Giveaway) -> GiveawayDraw | None:
    """The draw of a giveaway that has its seed, and waits for Discord."""
    return await session.scalar(
        select(GiveawayDraw).where(GiveawayDraw.giveaway_row_id == giveaway.id, GiveawayDraw.drawn_at.is_(None))
    )


async def end_giveaway(session: AsyncSession, giveaway: Giveaway) -> bool:
    """Let a giveaway have ended; False for one that has: nobody draws for it a second time."""
    done: Any = await session.execute(
        update(Giveaway).where(Giveaway.id == giveaway.id, Giveaway.ended.is_(False)).values(closed=True, ended=True)
    )
    return done.rowcount == 1


async def store_winners(
    session: AsyncSession, giveaway: Giveaway, draw: GiveawayDraw, winner_ids: Sequence[int], now: datetime
) -> None:
    """Write down whom a draw has drawn; it is the giveaway's last one now."""
    session.add(draw)
    draw.drawn_at = now
    await session.flush()
    giveaway.draw_row_id = draw.id
    for user_id in winner_ids:
        session.add(GiveawayWinner(guild_id=giveaway.guild_id, draw_row_id=draw.id, user_id=user_id))
        await session.flush()  # one by one: their ids are their order


async def load_full(session: AsyncSession, giveaway: Giveaway) -> FullGiveaway:
    """The giveaway with who entered and who won the last draw."""
    winners = await session.scalars(
        select(GiveawayWinner.user_id)
        .where(GiveawayWinner.draw_row_id == giveaway.draw_row_id)
        .order_by(GiveawayWinner.id)
    )
    return FullGiveaway(giveaway, await participant_ids(session, giveaway), list(winners))


async def giveaways_in(session: AsyncSession, guild_id: int) -> Sequence[Giveaway]:
    """All giveaways of a guild."""
    return (await session.scalars(select(Giveaway).where(Giveaway.guild_id == guild_id).order_by(Giveaway.id))).all()


async def forget_member(session: AsyncSession, guild_id: int, user_id: int) -> set[int]:
    """Take a member out of all giveaways, and let what the member owned and won be nobody's; the row ids of the
    giveaways."""
    entered = await session.scalars(
        delete(GiveawayParticipant)
        .where(GiveawayParticipant.guild_id == guild_id, GiveawayParticipant.user_id == user_id)
        .returning(GiveawayParticipant.giveaway_row_id)
        .execution_options(synchronize_session=False)
    )
    row_ids = set(entered)
    won = await session.scalars(
        select(GiveawayDraw.giveaway_row_id)
        .join(GiveawayWinner, GiveawayWinner.draw_row_id == GiveawayDraw.id)
        .where(GiveawayWinner.guild_id == guild_id, GiveawayWinner.user_id == user_id)
    )
    row_ids.update(won)
    await session.execute(
        update(GiveawayWinner)
        .where(GiveawayWinner.guild_id == guild_id, GiveawayWinner.user_id == user_id)
        .values(user_id=0)
        .execution_options(synchronize_session=False)
    )
    owned = await session.scalars(
        update(Giveaway)
        .where(Giveaway.guild_id == guild_id, Giveaway.owner_id == user_id)
        .values(owner_id=None)
        .returning(Giveaway.id)
        .execution_options(synchronize_session=False)
    )
    return row_ids | set(owned)


async def delete_giveaway(session: AsyncSession, giveaway: Giveaway) -> None:
    """Delete a giveaway with all that hangs on it."""
    await session.execute(
        delete(Giveaway).where(Giveaway.id == giveaway.id).execution_options(synchronize_session=False)
    )


async def delete_of_guild(session: AsyncSession, guild_id: int) -> tuple[list[GiveawaysSettings], list[FullGiveaway]]:
    """Delete everything of a guild; the settings, and the giveaways that were there."""
    row = await find_settings(session, guild_id)
    found = [await load_full(session, each) for each in await giveaways_in(session, guild_id) if each.published]
    for table in (GiveawayWinner, GiveawayDraw, GiveawayParticipant, Giveaway, GiveawaysSettings):
        await session.execute(
            delete(table).where(table.guild_id == guild_id).execution_options(synchronize_session=False)
        )
    return [] if row is None else [row], found


def _by_giveaway(row_ids: Sequence[int], rows: Sequence[Any]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {row_id: [] for row_id in row_ids}
    for row in rows:
        found[row.giveaway_row_id].append(row.user_id)
    return found
