"""Members enter and leave. Source: giveaways.md, sections 3 and 7. The guild's lock puts them one after the other."""

from __future__ import annotations

import asyncio
from typing import Final

from husqy_graphql.core.access import GuildAccess, acting_user_id, require_acting_user_id
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import BotPort, DiscordError
from husqy_graphql.lifecycle import require_data_collection
from husqy_graphql.modules.giveaways import repository, service
from husqy_graphql.modules.giveaways.models import Giveaway, GiveawayParticipant

PATIENCE: Final = 2.0  # seconds


async def check_is_person(bot: BotPort, access: GuildAccess) -> None:
    """Raise BadUserInput where another bot acts.

    Where Discord does not answer soon, the member is let in: many press at once, and the draw takes no bots anyway.
    """
    user_id = acting_user_id(access.actor)
    if user_id is None:  # `enter` says so in its turn
        return
    try:
        async with asyncio.timeout(PATIENCE):
            member = await bot.member(access.guild_id, user_id)
    except (DiscordError, TimeoutError):
        return
    if member is not None and member.user.bot:
        raise BadUserInput("A bot cannot enter a giveaway.")


async def enter(uow: UnitOfWork, access: GuildAccess, giveaway_id: str) -> Giveaway:
    """Let the acting member take part.

    Raises NotFound, Conflict when the module is off, the member takes part already (DUPLICATE) or the time is up
    (WRONG_STATE), BadUserInput without an acting member, and Forbidden for one who forbids that data is collected.
    """
    user_id, row = await _open(uow, access, giveaway_id)
    if await repository.find_participant(uow.session, row, user_id) is not None:
        raise Conflict("You take part in this giveaway already.", ConflictReason.DUPLICATE, logged_as="already_entered")
    uow.session.add(GiveawayParticipant(guild_id=row.guild_id, giveaway_row_id=row.id, user_id=user_id))
    uow.log(access, LogEvent.GIVEAWAYS_ENTERED, name=giveaway_id)
    uow.count(access, Metric.GIVEAWAYS_GIVEAWAY_ENTERS)
    _tell(uow, row)
    return row


async def leave(uow: UnitOfWork, access: GuildAccess, giveaway_id: str) -> Giveaway:
    """Let the acting member take part no more. Raises what `enter` raises, but Conflict (WRONG_STATE) for who does not
    take part."""
    user_id, row = await _open(uow, access, giveaway_id)
    participant = await repository.find_participant(uow.session, row, user_id)
    if participant is None:
        raise Conflict("You do not take part in this giveaway.", ConflictReason.WRONG_STATE)
    await uow.session.delete(participant)
    uow.log(access, LogEvent.GIVEAWAYS_LEAVES, name=giveaway_id)
    uow.count(access, Metric.GIVEAWAYS_GIVEAWAY_LEAVES)
    _tell(uow, row)
    return row


async def _open(uow: UnitOfWork, access: GuildAccess, giveaway_id: str) -> tuple[int, Giveaway]:
    """Who acts, and a giveaway that still runs."""
    await service.require_settings(uow, access.guild_id)
    user_id = require_acting_user_id(access.actor)
    await require_data_collection(uow, access.guild_id, user_id, logged_as="prevent_data_collection")
    row = await service.find_giveaway(uow, access.guild_id, giveaway_id)
    service.require_running(uow, row)
    return user_id, row


def _tell(uow: UnitOfWork, row: Giveaway) -> None:
    key = service.object_key(row.giveaway_id)
    uow.effect(row.guild_id, JobKind.GIVEAWAY_SHOW, key, delay=service.SHOW_AFTER)
    uow.announce(row.guild_id, AuditAction.GIVEAWAY_ENTRY, service.target_of(row.giveaway_id), "participants")
