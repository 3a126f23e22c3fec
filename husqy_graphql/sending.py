"""Messages that are sent once, whatever crashes or gets lost: the order of writes of ADR 14.

What a message stands for is written down before it is sent (an intent that nobody sees), and published once the message
is known to stand. A job settles what a crash, or an answer that got lost, has left in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from husqy_graphql.core.jobs import Job, JobKind
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.db.jobs import finish_job
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.lookup import find_own_message
from husqy_graphql.discord.objects import DiscordMessage
from husqy_graphql.discord.port import NO_MENTIONS, BotPort, DiscordError, NotThere, Refused, Unreachable
from husqy_graphql.lifecycle import Work, module_off

NONCE_MAX: Final = 25  # characters
SETTLE_AFTER: Final = timedelta(seconds=30)  # more than a call to Discord may take
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Intent(Generic[T]):
    """What is to become of the rows of a message, under the guild's lock.

    `publish` answers None where they are not wanted any more; `forget` deletes them while they are not published.
    """

    guild_id: int
    channel_id: int
    module: ModuleName
    publish: Callable[[UnitOfWork, DiscordMessage], Awaitable[T | None]]
    forget: Callable[[UnitOfWork], Awaitable[object]]


def nonce_of(object_id: str) -> str:
    """The nonce of the one message of an object, out of its UUID."""
    return object_id.replace("-", "")[:NONCE_MAX]


async def send_intended(work: Work, intent: Intent[T], send: Callable[[], Awaitable[DiscordMessage]]) -> T:
    """Send the message, and publish its rows. Raises what Discord answers, with the rows gone, or (Unreachable,
    ambiguous) left to the job that settles them; and Conflict where the module was switched off meanwhile."""
    try:
        sent = await send()
    except DiscordError as error:
        # Where nobody knows whether it took place, the job finds out.
        if not (isinstance(error, Unreachable) and error.ambiguous):
            async with work.units() as uow:
                await lock_guild(uow.session, intent.guild_id)
                await intent.forget(uow)
        raise
    async with work.units() as uow:
        await lock_guild(uow.session, intent.guild_id)
        published = await intent.publish(uow, sent)
    if published is None:
        with suppress(DiscordError):
            await work.bot.delete_message(intent.channel_id, sent.id)
        raise module_off(intent.module)
    return published


async def settle_intended(
    work: Work, job: Job, intent: Intent[Any], since: datetime, is_it: Callable[[DiscordMessage], bool]
) -> None:
    """Publish the rows of a message that stands since a time, and forget those of one that does not. Raises what
    Discord answers, and LeaseLost."""
    try:
        sent = await find_own_message(work.bot, intent.channel_id, since, is_it)
    except NotThere:  # the channel is gone, and the message with it
        sent = None
    async with work.units() as uow:
        await lock_guild(uow.session, intent.guild_id)
        await finish_job(uow.session, job)
        await (intent.forget(uow) if sent is None else intent.publish(uow, sent))


async def settle_unstored(work: Work, job: Job, delete: JobKind, is_it: Callable[[DiscordMessage], bool]) -> None:
    """Have a message deleted that stands in the job's channel though nothing was stored of it: whoever sent it died, or
    never heard that it stands. Raises what Discord answers, and LeaseLost."""
    channel_id = job.payload["channel_id"]

    async def take_back(uow: UnitOfWork, sent: DiscordMessage) -> None:
        uow.effect(job.guild_id, delete, job.object_key, channel_id=channel_id, message_id=sent.id)

    async def forget(uow: UnitOfWork) -> None:
        """There is nothing but the job, which ends."""

    intent: Intent[None] = Intent(job.guild_id, channel_id, delete.module, publish=take_back, forget=forget)
    await settle_intended(work, job, intent, job.created_at, is_it)


async def delete_leftover(bot: BotPort, job: Job) -> None:
    """Delete the job's message, which means nothing any more: one that Discord does not let go may stay. Raises what
    may go better another time."""
    with suppress(NotThere, Refused):
        await bot.delete_message(job.payload["channel_id"], job.payload["message_id"])


async def remove_leftover_buttons(bot: BotPort, job: Job) -> None:
    """Take the buttons from the job's message, which find nothing any more. Raises what may go better another time."""
    with suppress(NotThere, Refused):
        await bot.remove_components(job.payload["channel_id"], job.payload["message_id"])


async def send_notice(bot: BotPort, job: Job, channel_id: int, text: str) -> None:
    """Say something in a channel, once for the job; nobody is notified. Raises what Discord answers."""
    if job.attempts > 1:  # an answer may have got lost, longer ago than Discord remembers a nonce
        sent = await find_own_message(bot, channel_id, job.created_at, lambda each: each.says(text))
        if sent is not None:
            return
    await bot.send_message(channel_id, content=text, allowed_mentions=NO_MENTIONS, nonce=job.nonce)
