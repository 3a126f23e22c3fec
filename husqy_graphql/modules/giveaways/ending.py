"""Giveaways come to their end: closed in time, drawn once Discord has said who is still there, drawn again, forgotten.

A timer changes rows only, so the end has two steps. The timer closes the giveaway: nobody enters any more, and the seed
of the draw is stored. The draw itself is an effect: it asks Discord whether those who would win are still in the
server, and writes the winners down in a transaction under the guild's lock. Where Discord is silent the effect is tried
again until it answers. That wait decides nothing: who would win is settled by the seed, and nobody sees it before; but
whoever leaves the server meanwhile is passed over, as if the end had been later. Where Discord refuses for good, the
giveaway stays closed without winners, administrators see the effect as failed and can ask for it again.

However many workers try, the step from not ended to ended is made by one of them, and that one alone writes winners
down and asks for the notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from husqy_graphql.core.access import GuildAccess, ServiceActor, authorize_service
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import Conflict, ConflictReason
from husqy_graphql.core.jobs import Job, JobKind, JobState
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.db.jobs import effects_of_objects, finish_job, repeat_job
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import BotPort, NotThere
from husqy_graphql.lifecycle import Work
from husqy_graphql.modules.giveaways import repository, service
from husqy_graphql.modules.giveaways.drawing import draw_order, new_seed
from husqy_graphql.modules.giveaways.models import Giveaway, GiveawayDraw
from husqy_graphql.modules.giveaways.repository import FullGiveaway

LOOKS_MAX: Final = 10  # members asked for one by one; the list of a server has 1,000 in an answer
WAIT_FOR_EFFECTS: Final = timedelta(seconds=30)


async def close_giveaway(work: Work, job: Job) -> None:
    """The timer at the end: nobody enters any more, and the draw is asked for. Raises LeaseLost."""
    async with work.units() as uow:
        await lock_guild(uow.session, job.guild_id)
        await finish_job(uow.session, job)
        row = await repository.find_giveaway(uow.session, job.guild_id, job.object_id)
        if row is None or row.closed:
            return
        row.closed = True
        uow.session.add(GiveawayDraw(guild_id=row.guild_id, giveaway_row_id=row.id, seed=new_seed().hex()))
        uow.effect(row.guild_id, JobKind.GIVEAWAY_DRAW, job.object_key)
        uow.timer(row.guild_id, JobKind.GIVEAWAY_PURGE, job.object_key, row.delete_at)
        uow.announce(row.guild_id, AuditAction.GIVEAWAY_CLOSE, service.target_of(row.giveaway_id), "state")


async def draw_giveaway(work: Work, job: Job) -> None:
    """The effect behind it: draw the winners of a closed giveaway. Raises what Discord answers."""
    known: dict[int, bool] = {}
    while True:
        async with work.units() as uow:
            await lock_guild(uow.session, job.guild_id)
            row = await repository.find_giveaway(uow.session, job.guild_id, job.object_id)
            draw = None if row is None else await repository.find_waiting_draw(uow.session, row)
            if row is None or draw is None:
                return
            order = draw_order(bytes.fromhex(draw.seed), await repository.participant_ids(uow.session, row))
            winner_ids = _winners(order, row.winner_count, known)
            if winner_ids is not None:
                await _end(uow, row, draw, winner_ids, len(order))
                return
        await _look(work.bot, job.guild_id, order, row.winner_count, known)


async def reroll(work: Work, access: GuildAccess, giveaway_id: str, *, administers: bool) -> FullGiveaway:
    """Draw again among those who have won no draw of the giveaway yet; where nobody is left, nobody wins.

    Raises what `find_own_giveaway` raises, Conflict (WRONG_STATE) while there was no draw, and what Discord answers.
    """
    seed = new_seed()
    known: dict[int, bool] = {}
    while True:
        async with work.units() as uow:
            row = await service.find_own_giveaway(uow, access, giveaway_id, administers=administers)
            if not row.ended:
                raise Conflict(
                    "The winners of this giveaway are not drawn yet.",
                    ConflictReason.WRONG_STATE,
                    logged_as="still_active",
                )
            former = await repository.former_winner_ids(uow.session, row)
            entrants = set(await repository.participant_ids(uow.session, row)) - former
            order = draw_order(seed, entrants)
            winner_ids = _winners(order, row.winner_count, known)
            if winner_ids is not None:
                draw = GiveawayDraw(guild_id=row.guild_id, giveaway_row_id=row.id, seed=seed.hex())
                await _store(uow, access, AuditAction.GIVEAWAY_REROLL, row, draw, winner_ids, len(order))
                uow.log(access, LogEvent.GIVEAWAYS_REROLLED, name=giveaway_id)
                uow.count(access, Metric.GIVEAWAYS_GIVEAWAY_REROLLED)
                return await repository.load_full(uow.session, row)
        await _look(work.bot, access.guild_id, order, row.winner_count, known)


async def purge_giveaway(work: Work, job: Job) -> None:
    """The timer of a giveaway that is kept no longer; it waits for what is still to be done for it on Discord. Raises
    LeaseLost."""
    effects = await effects_of_objects(work.reads, [job.object_key])
    waiting = any(row.guild_id == job.guild_id and row.state == JobState.PENDING.value for row in effects)
    async with work.units() as uow:
        await lock_guild(uow.session, job.guild_id)
        if waiting:
            await repeat_job(uow.session, job, uow.clock() + WAIT_FOR_EFFECTS)
            return
        await finish_job(uow.session, job)
        settings = await repository.find_settings(uow.session, job.guild_id)
        row = await repository.find_giveaway(uow.session, job.guild_id, job.object_id)
        if row is not None and settings is not None:
            await service.remove(uow, row, delete_message=settings.delete_ended_giveaways)
            uow.announce(row.guild_id, AuditAction.GIVEAWAY_DELETE, service.target_of(row.giveaway_id))


async def _end(uow: UnitOfWork, row: Giveaway, draw: GiveawayDraw, winner_ids: Sequence[int], entrants: int) -> None:
    if not await repository.end_giveaway(uow.session, row):
        return
    access = authorize_service(ServiceActor(None), row.guild_id)
    await _store(uow, access, AuditAction.GIVEAWAY_DRAW, row, draw, winner_ids, entrants)
    uow.effect(row.guild_id, JobKind.GIVEAWAY_NOTICE, service.object_key(row.giveaway_id))
    uow.log(access, LogEvent.GIVEAWAYS_FINISHED, name=row.giveaway_id)


async def _store(
    uow: UnitOfWork,
    access: GuildAccess,
    action: AuditAction,
    row: Giveaway,
    draw: GiveawayDraw,
    winner_ids: Sequence[int],
    entrants: int,
) -> None:
    await repository.store_winners(uow.session, row, draw, winner_ids, uow.clock())
    # With the seed, whoever has the entrants can draw again. No names: members may have them erased.
    drawn = {"seed": draw.seed, "entrants": entrants, "winners": len(winner_ids)}
    uow.audit(access, action, service.target_of(row.giveaway_id), after=drawn)
    uow.effect(row.guild_id, JobKind.GIVEAWAY_SHOW, service.object_key(row.giveaway_id))


def _winners(order: Sequence[int], count: int, known: dict[int, bool]) -> list[int] | None:
    """The first of those who are there; None where it is not known of somebody who might win."""
    found: list[int] = []
    for user_id in order:
        if len(found) == count:
            break
        there = known.get(user_id)
        if there is None:
            return None
        if there:
            found.append(user_id)
    return found


async def _look(bot: BotPort, guild_id: int, order: Sequence[int], count: int, known: dict[int, bool]) -> None:
    """Find out who of those that might win is there. Raises what Discord answers, and NotThere without the guild."""
    for _ in range(LOOKS_MAX if count <= LOOKS_MAX else 0):
        if _winners(order, count, known) is not None:
            break
        user_id = next(each for each in order if each not in known)
        member = await bot.member(guild_id, user_id)
        known[user_id] = member is not None and not member.user.bot
    if _winners(order, count, known) is None or not any(known.values()):
        members = await bot.members(guild_id)
        if members is None:
            raise NotThere("Husqy is not in this server", status=404)
        there = {each.user.id for each in members if not each.user.bot}
        known.update({user_id: user_id in there for user_id in order})
