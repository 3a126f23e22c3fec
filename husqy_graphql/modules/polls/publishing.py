"""Polls on Discord: sent, shown as they stand, ended and deleted. Nothing here is inside a transaction.

A poll is written down before its message is sent, and published once that stands. What comes in between (a crash, an
answer that got lost) is settled by a job: it looks for the message, and publishes the poll or forgets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog

from husqy_graphql.core.access import GuildAccess, ServiceActor, authorize_service
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import NotFound
from husqy_graphql.core.jobs import Job, JobKind
from husqy_graphql.core.languages import DEFAULT_LANGUAGE
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.guilds import guild_settings_rows, lock_guild
from husqy_graphql.db.jobs import finish_job
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.lookup import find_channel
from husqy_graphql.discord.objects import DiscordMessage
from husqy_graphql.discord.polls import NewPoll as DiscordPoll
from husqy_graphql.discord.polls import NewPollAnswer
from husqy_graphql.discord.port import NO_MENTIONS, BotPort, NotThere, PollExpired
from husqy_graphql.lifecycle import Work
from husqy_graphql.modules.polls import repository, service
from husqy_graphql.modules.polls.creating import (
    HOUR,
    NewPoll,
    check_creator,
    forget_unsent,
    publish_poll,
    store_poll,
)
from husqy_graphql.modules.polls.models import PollType
from husqy_graphql.modules.polls.rendering import emoji_of, is_message_of, render_notice, render_poll
from husqy_graphql.modules.polls.repository import FullPoll
from husqy_graphql.sending import Intent, nonce_of, send_intended, send_notice, settle_intended

log = structlog.get_logger()


async def create_poll(work: Work, access: GuildAccess, new: NewPoll) -> FullPoll:
    """Ask members something: write the poll down, send it, and let it begin.

    Raises what `store_poll` raises, NotFound for a channel or an owner that is not in the guild, and what Discord
    answers; nothing is stored then, or (Unreachable, ambiguous) what is stored is settled later.
    """
    async with work.units() as uow:
        await check_creator(uow, access, new)
    if await find_channel(work.bot, access.guild_id, new.channel_id) is None:
        raise NotFound("There is no such channel in this server.")
    if await work.bot.member(access.guild_id, new.owner_id) is None:
        raise NotFound("The owner is not a member of this server.")
    reported = await _reported(work.bot, new)
    async with work.units() as uow:
        poll = await store_poll(uow, access, new)
        language = await _language(uow, access.guild_id)
        if reported is not None:
            published = await _publish(uow, access, poll.row.poll_id, reported)
            assert published is not None
            return published
    return await send_intended(work, _intent(access, poll.row), lambda: _send(work.bot, poll, language))


async def end_on_discord(work: Work, poll: FullPoll) -> None:
    """End a poll of Discord's own kind there, before it counts as ended here; raises what Discord answers."""
    row = poll.row
    if row.type == PollType.DISCORD.value and not row.ended:
        with suppress(PollExpired):
            await work.bot.expire_poll(row.channel_id, row.message_id)


async def perform(work: Work, job: Job) -> None:
    """Do one of the module's jobs. Raises what Discord answers, and LeaseLost."""
    match job.kind:
        case JobKind.POLL_SETTLE:
            await _settle(work, job)
        case JobKind.POLL_SHOW:
            await _show(work, job)
        case JobKind.POLL_REACT:
            await _react(work, job)
        case JobKind.POLL_UNREACT | JobKind.POLL_UNREACT_MEMBER:
            await _unreact(work, job)
        case JobKind.POLL_NOTICE:
            await _notify(work, job)
        case JobKind.POLL_MESSAGE_DELETE:
            await work.bot.delete_message(job.payload["channel_id"], job.payload["message_id"])
        case JobKind.POLL_END:
            await _end(work, job)
        case JobKind.POLL_PURGE:
            await _purge(work, job)
        case _:
            raise AssertionError(f"{job.kind} is no job of polls")


def _intent(access: GuildAccess, row: Any) -> Intent[FullPoll]:
    poll_id: str = row.poll_id
    return Intent(
        access.guild_id,
        row.channel_id,
        ModuleName.POLLS,
        publish=lambda uow, sent: _publish(uow, access, poll_id, sent),
        forget=lambda uow: forget_unsent(uow, access.guild_id, poll_id),
    )


async def _publish(uow: UnitOfWork, access: GuildAccess, poll_id: str, sent: DiscordMessage) -> FullPoll | None:
    return await publish_poll(uow, access, poll_id, sent.id, sent.poll.expires_at if sent.poll else None)


async def _reported(bot: BotPort, new: NewPoll) -> DiscordMessage | None:
    """The message of a poll that stands on Discord already. Raises NotFound for a message without a poll."""
    if new.message_id is None:
        return None
    message = await bot.message(new.channel_id, new.message_id)
    if message is None or message.poll is None:
        raise NotFound("There is no such poll in this channel.")
    return message


async def _send(bot: BotPort, poll: FullPoll, language: str) -> DiscordMessage:
    row = poll.row
    nonce = nonce_of(row.poll_id)
    if row.type == PollType.HUSQY.value:
        said = render_poll(poll, language)
        return await bot.send_message(
            row.channel_id, embeds=said.embeds, components=said.components, allowed_mentions=NO_MENTIONS, nonce=nonce
        )
    native = DiscordPoll(
        question=row.question,
        answers=[NewPollAnswer(answer.row.answer_text, emoji_of(answer.row)) for answer in poll.answers],
        duration=(row.end_time - row.created_at) // HOUR,
        allow_multiselect=row.is_multi_select,
    )
    return await bot.send_message(row.channel_id, poll=native, allowed_mentions=NO_MENTIONS, nonce=nonce)


async def _settle(work: Work, job: Job) -> None:
    """Publish a poll whose message stands, and forget one that has none."""
    async with work.units() as uow:
        row = await repository.find_poll(uow.session, job.guild_id, job.object_id)
        if row is None or row.published:
            return
        poll = await repository.load_full(uow.session, row)
        taken = await repository.published_message_ids(uow.session, row.channel_id)
    access = authorize_service(ServiceActor(row.owner_id), job.guild_id)
    await settle_intended(
        work, job, _intent(access, row), row.created_at, lambda each: each.id not in taken and _is_of(poll, each)
    )


def _is_of(poll: FullPoll, message: DiscordMessage) -> bool:
    if poll.row.type == PollType.HUSQY.value:
        return is_message_of(poll.row.poll_id, message.embeds, message.custom_ids)
    texts = [answer.row.answer_text for answer in poll.answers]
    native = message.poll
    return native is not None and native.question == poll.row.question and [a.text for a in native.answers] == texts


async def _show(work: Work, job: Job) -> None:
    poll, language = await _read(work, job)
    if poll is None or poll.row.type != PollType.HUSQY.value:
        return
    said = render_poll(poll, language)
    with suppress(NotThere):  # whoever deleted the message deleted the poll: the gateway tells us so
        await work.bot.edit_message(
            poll.row.channel_id,
            poll.row.message_id,
            embeds=said.embeds,
            components=said.components,
            allowed_mentions=NO_MENTIONS,
        )


async def _react(work: Work, job: Job) -> None:
    poll, _ = await _read(work, job)
    answer = poll and next((each for each in poll.answers if str(each.row.answer_id) == job.part), None)
    emoji = answer and emoji_of(answer.row)
    if poll is not None and emoji and not poll.row.ended:
        with suppress(NotThere):
            await work.bot.add_reaction(poll.row.channel_id, poll.row.message_id, emoji)


async def _unreact(work: Work, job: Job) -> None:
    poll, _ = await _read(work, job)
    if poll is None:
        return
    row = poll.row
    with suppress(NotThere):
        if job.kind is JobKind.POLL_UNREACT:
            await work.bot.clear_reactions(row.channel_id, row.message_id)
        else:
            emoji, user_id = job.payload["emoji"], job.payload["user_id"]
            await work.bot.remove_reaction(row.channel_id, row.message_id, emoji, user_id)


async def _notify(work: Work, job: Job) -> None:
    poll, language = await _read(work, job)
    if poll is None:
        return
    await send_notice(work.bot, job, poll.row.channel_id, render_notice(poll, language))


async def _end(work: Work, job: Job) -> None:
    async with work.units() as uow:
        poll = await _claimed_poll(uow, job)
        settings = await repository.find_settings(uow.session, job.guild_id)
        if poll is None or settings is None or poll.ended:
            return
        await service.end_poll(uow, settings, poll)
        access = authorize_service(ServiceActor(None), job.guild_id)
        uow.announce(job.guild_id, AuditAction.POLL_END, f"poll {poll.poll_id}", "ended")
        uow.log(access, LogEvent.POLLS_CLOSED, name=service.shown(poll))


async def _purge(work: Work, job: Job) -> None:
    async with work.units() as uow:
        poll = await _claimed_poll(uow, job)
        settings = await repository.find_settings(uow.session, job.guild_id)
        if poll is not None and settings is not None:
            await service.purge_poll(uow, settings, poll)


async def _claimed_poll(uow: UnitOfWork, job: Job) -> Any:
    """The poll of a timer, under the guild's lock, with the timer ended. Raises LeaseLost."""
    await lock_guild(uow.session, job.guild_id)
    await finish_job(uow.session, job)
    return await repository.find_poll(uow.session, job.guild_id, job.object_id)


async def _read(work: Work, job: Job) -> tuple[FullPoll | None, str]:
    """The poll of an effect as it is stored now, and the guild's language."""
    found = await repository.polls_by_poll_ids(work.reads, [job.object_id])
    if not found:
        return None, DEFAULT_LANGUAGE
    row = found[0]
    answers: Sequence[Any] = (await repository.answers_of_polls(work.reads, [row.id]))[row.id]
    settings = await guild_settings_rows(work.reads, [job.guild_id])
    return FullPoll(row, answers), settings[0].language if settings else DEFAULT_LANGUAGE


async def _language(uow: UnitOfWork, guild_id: int) -> str:
    settings = await lock_guild(uow.session, guild_id)
    return DEFAULT_LANGUAGE if settings is None else settings.language
