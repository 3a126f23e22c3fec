"""Giveaways on Discord: announced, shown as they stand, and all jobs. Nothing here calls it inside a transaction.

A giveaway is written down before its message is sent, and published once that stands. What comes in between (a crash,
an answer that got lost) is settled by a job: it looks for the message, and publishes the giveaway or forgets it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from husqy_graphql.core.access import GuildAccess, ServiceActor, authorize_service
from husqy_graphql.core.errors import NotFound
from husqy_graphql.core.jobs import Job, JobKind
from husqy_graphql.core.languages import DEFAULT_LANGUAGE
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.guilds import guild_settings_rows, lock_guild
from husqy_graphql.discord.lookup import find_channel
from husqy_graphql.discord.objects import DiscordMessage
from husqy_graphql.discord.port import NO_MENTIONS, BotPort, NotThere
from husqy_graphql.lifecycle import Work
from husqy_graphql.modules.giveaways import repository
from husqy_graphql.modules.giveaways.creating import (
    NewGiveaway,
    check_creator,
    forget_unsent,
    publish_giveaway,
    store_giveaway,
)
from husqy_graphql.modules.giveaways.ending import close_giveaway, draw_giveaway, purge_giveaway
from husqy_graphql.modules.giveaways.rendering import render_giveaway, render_notice
from husqy_graphql.modules.giveaways.repository import FullGiveaway
from husqy_graphql.sending import Intent, nonce_of, send_intended, send_notice, settle_intended


async def create_giveaway(work: Work, access: GuildAccess, new: NewGiveaway) -> FullGiveaway:
    """Give something away: write it down, announce it, and let it begin.

    Raises what `store_giveaway` raises, NotFound for a channel or an owner that is not in the guild, and what Discord
    answers; nothing is stored then, or (Unreachable, ambiguous) what is stored is settled later.
    """
    async with work.units() as uow:
        await check_creator(uow, access, new)
    if await find_channel(work.bot, access.guild_id, new.channel_id) is None:
        raise NotFound("There is no such channel in this server.")
    if await work.bot.member(access.guild_id, new.owner_id) is None:
        raise NotFound("The owner is not a member of this server.")
    async with work.units() as uow:
        giveaway = await store_giveaway(uow, access, new)
        settings = await lock_guild(uow.session, access.guild_id)
        language = DEFAULT_LANGUAGE if settings is None else settings.language
    return await send_intended(work, _intent(access, giveaway.row), lambda: _send(work.bot, giveaway, language))


async def perform(work: Work, job: Job) -> None:
    """Do one of the module's jobs. Raises what Discord answers, and LeaseLost."""
    match job.kind:
        case JobKind.GIVEAWAY_SETTLE:
            await _settle(work, job)
        case JobKind.GIVEAWAY_SHOW:
            await _show(work, job)
        case JobKind.GIVEAWAY_DRAW:
            await draw_giveaway(work, job)
        case JobKind.GIVEAWAY_NOTICE:
            await _notify(work, job)
        case JobKind.GIVEAWAY_MESSAGE_DELETE:
            await work.bot.delete_message(job.payload["channel_id"], job.payload["message_id"])
        case JobKind.GIVEAWAY_END:
            await close_giveaway(work, job)
        case JobKind.GIVEAWAY_PURGE:
            await purge_giveaway(work, job)
        case _:
            raise AssertionError(f"{job.kind} is no job of giveaways")


def _intent(access: GuildAccess, row: Any) -> Intent[FullGiveaway]:
    giveaway_id: str = row.giveaway_id
    return Intent(
        access.guild_id,
        row.channel_id,
        ModuleName.GIVEAWAYS,
        publish=lambda uow, sent: publish_giveaway(uow, access, giveaway_id, sent.id),
        forget=lambda uow: forget_unsent(uow, access.guild_id, giveaway_id),
    )


async def _send(bot: BotPort, giveaway: FullGiveaway, language: str) -> DiscordMessage:
    row = giveaway.row
    embed, components = render_giveaway(giveaway, language)
    return await bot.send_message(
        row.channel_id,
        embeds=[embed],
        components=components,
        allowed_mentions=NO_MENTIONS,
        nonce=nonce_of(row.giveaway_id),
    )


async def _settle(work: Work, job: Job) -> None:
    """Publish a giveaway whose message stands, and forget one that has none."""
    async with work.units() as uow:
        row = await repository.find_giveaway(uow.session, job.guild_id, job.object_id)
        if row is None or row.published:
            return
        taken = await repository.published_message_ids(uow.session, row.channel_id)
    enter = f"giveaway:{row.giveaway_id}:enter"
    access = authorize_service(ServiceActor(row.owner_id), job.guild_id)
    await settle_intended(
        work,
        job,
        _intent(access, row),
        row.created_at,
        lambda each: each.id not in taken and enter in each.custom_ids,
    )


async def _show(work: Work, job: Job) -> None:
    giveaway, language = await _read(work, job)
    if giveaway is None:
        return
    row = giveaway.row
    embed, components = render_giveaway(giveaway, language)
    with suppress(NotThere):  # a message that was deleted by hand; the giveaway goes on without it
        await work.bot.edit_message(
            row.channel_id, row.message_id, embeds=[embed], components=components, allowed_mentions=NO_MENTIONS
        )


async def _notify(work: Work, job: Job) -> None:
    giveaway, language = await _read(work, job)
    if giveaway is None:
        return
    await send_notice(work.bot, job, giveaway.row.channel_id, render_notice(giveaway.row, language))


async def _read(work: Work, job: Job) -> tuple[FullGiveaway | None, str]:
    """The giveaway of an effect as it is stored now, and the guild's language."""
    found = await repository.giveaways_by_giveaway_ids(work.reads, [job.object_id])
    if not found:
        return None, DEFAULT_LANGUAGE
    row = found[0]
    participants = await repository.participants_of(work.reads, [row.id])
    winners = await repository.winners_of(work.reads, [row.id])
    settings = await guild_settings_rows(work.reads, [job.guild_id])
    language = settings[0].language if settings else DEFAULT_LANGUAGE
    return FullGiveaway(row, participants[row.id], winners[row.id]), language
