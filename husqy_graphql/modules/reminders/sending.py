"""Reminders on their way to Discord, and all jobs of the module. Nothing here is inside a transaction.

The time of a reminder marks its row, and asks for its message in the same transaction. Once that is sent, another one
writes down what became of it: only then a scheduled reminder goes. So whatever comes in between, a message that has
been sent is found before it is sent again, and a deletion or an erasure still reaches what was not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from time import perf_counter
from typing import Any

from husqy_graphql.core.access import GuildAccess
from husqy_graphql.core.jobs import Job, JobKind
from husqy_graphql.core.pasted_json import BadPastedJSON
from husqy_graphql.core.templates import TemplateContext
from husqy_graphql.core.time_zones import time_zone_or_utc
from husqy_graphql.db.guilds import guild_settings_rows, lock_guild
from husqy_graphql.db.jobs import finish_job, repeat_job
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.lookup import find_own_message
from husqy_graphql.discord.port import (
    BotPort,
    DiscordError,
    NotThere,
    Refused,
    Throttled,
    Unauthorized,
    Unreachable,
)
from husqy_graphql.discord.variables import load_context
from husqy_graphql.lifecycle import Work
from husqy_graphql.modules.reminders import repository, service
from husqy_graphql.modules.reminders.models import Reminder, ReminderType, TriggerType, is_direct
from husqy_graphql.modules.reminders.rendering import ReminderMessage, is_message_of, render_reminder
from husqy_graphql.modules.reminders.scheduling import next_run
from husqy_graphql.modules.reminders.service import Outcome

NO_DIRECT_MESSAGES = 50007  # Discord's code where somebody takes none from the bot
MESSAGE_DELETED = 10008  # what was sent with this nonce stood there, and somebody has deleted it
NO_CHANNEL = 10003
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Run:
    """One time that a reminder comes. `tried` says that its message may have been sent before."""

    guild_id: int
    reminder_id: str
    at: datetime
    tried: bool

    @property
    def nonce(self) -> str:
        """Another one for each run: a renewed effect keeps its own."""
        return blake2b(f"{self.reminder_id} {self.at.isoformat()}".encode(), digest_size=12).hexdigest()


async def send_now(work: Work, access: GuildAccess, reminder_id: str) -> None:
    """Send a reminder at once. Raises what `begin_now` raises, and what Discord answers: what it refuses is written
    down like every failure, what it does not answer is tried again."""
    async with work.units() as uow:
        _, at = await service.begin_now(uow, access.guild_id, reminder_id)
    await _deliver(work, Run(access.guild_id, reminder_id, at, tried=False))


async def perform(work: Work, job: Job) -> None:
    """Do one of the module's jobs. Raises what Discord does not answer, and LeaseLost."""
    match job.kind:
        case JobKind.REMINDER_RUN:
            await _come(work, job)
        case JobKind.REMINDER_SEND:
            await _send(work, job)
        case JobKind.REMINDER_BUTTONS_REMOVE:
            payload = job.payload
            channel_id = await _channel_id(work.bot, payload["destination_id"], direct=payload["direct"])
            await work.bot.remove_components(channel_id, payload["message_id"])
        case _:
            raise AssertionError(f"{job.kind} is no job of reminders")


async def _come(work: Work, job: Job) -> None:
    """The time of a reminder: rows alone. However many times of a repeated one were missed, it comes once."""
    async with work.units() as uow:
        settings = await lock_guild(uow.session, job.guild_id)
        row = await repository.find_reminder(uow.session, job.guild_id, job.object_id)
        if settings is None or row is None or row.sent_at is not None:
            await finish_job(uow.session, job)
            return
        if row.reminder_type != ReminderType.REPEATED.value:
            await finish_job(uow.session, job)
            row.next_run_at = None
        elif not await _repeat(uow, job, row, settings.time_zone):
            return
        service.begin_run(uow, row)


async def _repeat(uow: UnitOfWork, job: Job, row: Reminder, zone_name: str) -> bool:
    """Set the next time of a repeated reminder; False where this one is none, since the guild has another zone now."""
    zone = time_zone_or_utc(zone_name)
    due = job.due_at
    comes = row.trigger_type != TriggerType.CRON.value or next_run(row, due - INSTANT, zone) == due
    following = row.next_run_at = next_run(row, uow.clock(), zone)
    if following is None:
        await finish_job(uow.session, job)
    else:
        await repeat_job(uow.session, job, following)
    return comes


async def _send(work: Work, job: Job) -> None:
    tried = job.attempts > 1 or job.payload["tried"]
    try:
        await _deliver(work, Run(job.guild_id, job.object_id, datetime.fromisoformat(job.payload["run"]), tried=tried))
    except (Unauthorized, Throttled, Unreachable):
        raise
    except DiscordError:
        return  # it is written down with the reminder: nobody has to look after the effect


async def _deliver(work: Work, run: Run) -> None:
    """Send the message of a run, and write down what became of it. Raises what Discord answers."""
    began = perf_counter()
    found = await repository.reminders_by_reminder_ids(work.reads, [run.reminder_id])
    settings = await guild_settings_rows(work.reads, [run.guild_id])
    row: Any = next((each for each in found if each.guild_id == run.guild_id and each.sending_at == run.at), None)
    if row is None or not settings:
        return  # called off, or done
    refusal: DiscordError | None = None
    try:
        outcome = await _send_message(work.bot, row, run, settings[0])
    except (Unauthorized, Throttled, Unreachable):
        raise
    except BadPastedJSON:
        outcome = Outcome(failure="invalid_embeds")
    except DiscordError as error:
        refusal, outcome = error, Outcome(failure=_reason(error))
    if outcome.failure is None:
        outcome = Outcome(outcome.message_id, seconds=perf_counter() - began)
    async with work.units() as uow:
        await lock_guild(uow.session, run.guild_id)
        await service.end_run(uow, run.guild_id, run.reminder_id, run.at, outcome)
    if refusal is not None:
        raise refusal


async def _send_message(bot: BotPort, row: Reminder, run: Run, settings: Any) -> Outcome:
    direct = is_direct(row)
    channel_id = await _channel_id(bot, row.destination_id, direct=direct)
    said = render_reminder(row, await _context(bot, row, run, settings))
    if said.is_empty:
        return Outcome(failure="empty_content")
    if run.tried and (sent := await _sent_before(bot, channel_id, row, run, said)):
        return Outcome(sent)
    try:
        message = await bot.send_message(
            channel_id,
            content=said.content,
            embeds=said.embeds,
            components=said.components,
            allowed_mentions=said.allowed_mentions,
            nonce=run.nonce,
        )
    except NotThere as error:
        if error.code != MESSAGE_DELETED:
            raise
        return Outcome()
    return Outcome(message.id)


async def _context(bot: BotPort, row: Reminder, run: Run, settings: Any) -> TemplateContext:
    # The time of the run: the same text if it has to be looked for, and the time that it was meant for.
    return await load_context(
        bot,
        language=settings.language,
        zone=time_zone_or_utc(settings.time_zone),
        now=run.at,
        guild_id=run.guild_id,
        user_id=row.owner_id,
        channel_id=None if is_direct(row) else row.destination_id,
    )


async def _sent_before(bot: BotPort, channel_id: int, row: Reminder, run: Run, said: ReminderMessage) -> int | None:
    found = await find_own_message(bot, channel_id, run.at, lambda each: is_message_of(row, said, each))
    return None if found is None else found.id


async def _channel_id(bot: BotPort, destination_id: int, *, direct: bool) -> int:
    return await bot.open_dm(destination_id) if direct else destination_id


def _reason(error: DiscordError) -> str:
    if isinstance(error, Refused) and error.code == NO_DIRECT_MESSAGES:
        return "no_direct_messages"
    return "no_destination" if isinstance(error, NotThere) and error.code == NO_CHANNEL else "discord_refused"
