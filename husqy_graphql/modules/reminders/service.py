"""The rules of reminders. Source: reminders.md, sections 3, 4 and 7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from husqy_graphql.core.access import (
    GuildAccess,
    ServiceActor,
    acting_user_id,
    authorize_service,
    require_acting_user_id,
)
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, Forbidden, NotFound
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.limits import Limit
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.pasted_json import replace_strings, strings
from husqy_graphql.core.privacy import MemberNames, erase_names
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.lifecycle import StoredTexts, require_data_collection, require_enabled, require_guild
from husqy_graphql.modules.reminders import repository
from husqy_graphql.modules.reminders.models import Reminder, ReminderType, is_direct
from husqy_graphql.modules.reminders.scheduling import Planned, plan_later
from husqy_graphql.sending import SETTLE_AFTER

TITLE_MAX, DESCRIPTION_MAX, URL_MAX, CONTENT_MAX = 256, 2_000, 512, 2_000  # characters
NO_REMINDER = "There is no such reminder in this server."
NOT_ADMINISTRATOR = "Only administrators of this guild may do this with repeated and scheduled reminders."
LIMITS = {
    ReminderType.QUICK: Limit.REMINDERS_QUICK,
    ReminderType.REPEATED: Limit.REMINDERS_REPEATED,
    ReminderType.SCHEDULED: Limit.REMINDERS_SCHEDULED,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run: its message, or why there is none (a word for the logs)."""

    message_id: int | None = None
    failure: str | None = None
    seconds: float = 0.0


def object_key(reminder_id: str) -> str:
    """How a reminder is named in jobs."""
    return f"reminder:{reminder_id}"


def target(reminder_id: str) -> str:
    """How a reminder is named in the audit log and in events."""
    return f"reminder {reminder_id}"


async def find_reminder(uow: UnitOfWork, guild_id: int, reminder_id: str) -> Reminder:
    """A reminder of a guild that has the module on, with the guild locked. Raises NotFound, or Conflict."""
    await require_enabled(uow, guild_id, ModuleName.REMINDERS)
    row = await repository.find_reminder(uow.session, guild_id, reminder_id)
    if row is None:
        raise NotFound(NO_REMINDER, logged_as="not_found")
    return row


async def add_reminder(uow: UnitOfWork, guild_id: int, planned: Planned, **columns: Any) -> Reminder:
    """Write a reminder down, with the timer of its first run; nothing is checked."""
    row = Reminder(
        guild_id=guild_id,
        reminder_id=str(uuid4()),
        trigger_type=planned.trigger_type.value,
        schedule_details=planned.details,
        created_at=uow.clock(),
        next_run_at=planned.next_run_at,
        **columns,
    )
    uow.session.add(row)
    await uow.session.flush()
    uow.timer(guild_id, JobKind.REMINDER_RUN, object_key(row.reminder_id), planned.next_run_at)
    return row


async def delete_reminder(uow: UnitOfWork, access: GuildAccess, reminder_id: str, *, administers: bool) -> Reminder:
    """Delete a reminder; what it was. A message that was sent stays.

    Raises what `find_reminder` raises, BadUserInput for Husqy on behalf of nobody, Forbidden for a quick reminder of
    somebody else's, and for another one unless the caller `administers` the guild.
    """
    row = await find_reminder(uow, access.guild_id, reminder_id)
    if row.reminder_type == ReminderType.QUICK.value:
        _require_owner(access, row)
    elif not administers:
        raise Forbidden(NOT_ADMINISTRATOR, logged_as="not_administrator")
    await _remove(uow, row)
    uow.audit(access, AuditAction.REMINDER_DELETE, target(reminder_id))
    uow.log(access, LogEvent.REMINDERS_DELETED, name=reminder_id)
    uow.count(access, Metric.REMINDERS_REMINDER_DELETED)
    return row


async def complete_reminder(uow: UnitOfWork, access: GuildAccess, reminder_id: str) -> Reminder:
    """Delete a quick reminder that its owner, the acting member, is done with. Raises what `_sent` raises."""
    row = await _own_quick(uow, access, reminder_id)
    _require_sent(row)
    await _remove(uow, row)
    _take_buttons_off(uow, row)
    uow.audit(access, AuditAction.REMINDER_COMPLETE, target(reminder_id))
    uow.log(access, LogEvent.REMINDERS_COMPLETED, name=reminder_id)
    return row


async def postpone_reminder(uow: UnitOfWork, access: GuildAccess, reminder_id: str, delay: str | None) -> Reminder:
    """Put a quick reminder in place of one that was sent, which comes after a delay; the new one. No limit is asked
    for: it is one for one.

    Raises NotFound, Conflict (module off), BadUserInput for another kind of reminder, Forbidden for who does not own it
    or forbids that data is collected, then BadUserInput for no delay, a direct message, and one that was not sent yet.
    """
    row = await _own_quick(uow, access, reminder_id)
    assert row.owner_id is not None
    await require_data_collection(uow, access.guild_id, row.owner_id, logged_as="prevent_data_collection_enabled")
    planned = plan_later(delay, uow.clock())
    if is_direct(row):
        raise BadUserInput(
            "A reminder by direct message cannot be put off.",
            {"input.action": "must be complete"},
            logged_as="invalid_dm_channel",
        )
    _require_sent(row)
    await _remove(uow, row)
    _take_buttons_off(uow, row)
    made = await add_reminder(
        uow,
        access.guild_id,
        planned,
        reminder_type=row.reminder_type,
        owner_id=row.owner_id,
        title=row.title,
        description=row.description,
        url=row.url,
        destination_id=row.destination_id,
        content=None,
        content_is_embed=False,
    )
    uow.audit(
        access,
        AuditAction.REMINDER_POSTPONE,
        target(reminder_id),
        before={"reminder_id": reminder_id},
        after={"reminder_id": made.reminder_id},
    )
    uow.log(access, LogEvent.REMINDERS_REMINDED_LATER, name=reminder_id)
    return made


async def begin_now(uow: UnitOfWork, guild_id: int, reminder_id: str) -> tuple[Reminder, datetime]:
    """Let a reminder come at once; a repeated one keeps its times. The caller sends it; should it crash, an effect
    looks after it. Raises what `find_reminder` raises, and Conflict (WRONG_STATE) for one that is sent already."""
    row = await find_reminder(uow, guild_id, reminder_id)
    if row.sent_at is not None or row.sending_at is not None:
        raise Conflict("This reminder is sent already.", ConflictReason.WRONG_STATE)
    if row.reminder_type != ReminderType.REPEATED.value:
        await uow.cancel(guild_id, object_key(reminder_id), JobKind.REMINDER_RUN)
        row.next_run_at = None
    return row, begin_run(uow, row, delay=SETTLE_AFTER)


def begin_run(uow: UnitOfWork, row: Reminder, delay: timedelta = timedelta(0)) -> datetime:
    """Mark a reminder as on its way, and ask for its message; with a delay somebody has tried before. The run's name is
    its time."""
    run = row.sending_at = uow.clock()
    uow.effect(
        row.guild_id,
        JobKind.REMINDER_SEND,
        object_key(row.reminder_id),
        delay=delay,
        run=run.isoformat(),
        tried=delay > timedelta(0),
    )
    return run


async def end_run(uow: UnitOfWork, guild_id: int, reminder_id: str, run: datetime, outcome: Outcome) -> None:
    """Write down what became of a run, once; hold the guild's lock. One that was ended, or whose reminder is gone, is
    left as it is."""
    row = await repository.find_reminder(uow.session, guild_id, reminder_id)
    if row is None or row.sending_at != run:
        return
    await uow.cancel(guild_id, object_key(reminder_id), JobKind.REMINDER_SEND)
    row.sending_at = None
    row.last_message_id = outcome.message_id or row.last_message_id
    if row.reminder_type == ReminderType.QUICK.value:
        row.sent_at = uow.clock()
    elif row.reminder_type == ReminderType.SCHEDULED.value:
        await uow.session.delete(row)
    access = authorize_service(ServiceActor(None), guild_id)
    failed = outcome.failure is not None
    channel_id = None if is_direct(row) else row.destination_id
    uow.log(
        access,
        LogEvent.REMINDERS_SEND,
        succeeded=not failed,
        reason=outcome.failure,
        name=reminder_id,
        channel_id=channel_id,
    )
    uow.announce(guild_id, AuditAction.REMINDER_SEND, target(reminder_id), "failed" if failed else "sent")
    if not failed:
        uow.count(access, Metric.REMINDERS_REMINDER_SEND)
        uow.count(access, Metric.REMINDERS_SEND_TIME, send_time=round(outcome.seconds, 6))


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete everything of a guild; its messages stay."""
    await uow.cancel_module(guild_id, ModuleName.REMINDERS)
    return {"reminders": await repository.delete_of_guild(uow.session, guild_id)}


async def trim(uow: UnitOfWork, guild_id: int) -> None:
    """Delete the newest repeated reminders over the free limit, then the newest scheduled ones."""
    rows = await repository.reminders_in(uow.session, guild_id)
    for kind in (ReminderType.REPEATED, ReminderType.SCHEDULED):
        found = [row for row in rows if row.reminder_type == kind.value]
        for row in found[LIMITS[kind].value.free :]:
            await _remove(uow, row)
            uow.announce(guild_id, AuditAction.REMINDER_DELETE, target(row.reminder_id))


async def stored_texts(reads: Reads, guild_id: int) -> StoredTexts:
    """What people wrote, the ids of owners, and those of people who are reminded by direct message."""
    texts: list[str] = []
    user_ids: list[int] = []
    for row in await repository.texts_of_guild(reads, guild_id):
        texts += [text for text in (row.title, row.description, row.url) if text]
        if row.content:
            texts.append("\n".join(strings(row.content)) if row.content_is_embed else row.content)
        if row.owner_id is not None:
            user_ids.append(row.owner_id)
            user_ids += [row.owner_id] if is_direct(row) else []
    return StoredTexts(texts, user_ids)


async def erase_member(uow: UnitOfWork, guild_id: int, names: MemberNames) -> None:
    """Delete the quick reminders of a member, and replace the names in the texts of others. Raises NotFound."""
    await require_guild(uow, guild_id)
    await member_left(uow, guild_id, names.user_id)

    def erase(text: str) -> str:
        return erase_names(text, names)

    for row in await repository.reminders_in(uow.session, guild_id):
        row.title = row.title and erase(row.title)[:TITLE_MAX]
        row.description = row.description and erase(row.description)[:DESCRIPTION_MAX]
        row.url = row.url and erase(row.url)[:URL_MAX]
        if row.content:
            row.content = replace_strings(row.content, erase) if row.content_is_embed else erase(row.content)


async def member_left(uow: UnitOfWork, guild_id: int, user_id: int) -> None:
    """Delete the quick reminders of somebody who is gone."""
    for row in await repository.reminders_in(uow.session, guild_id):
        if row.owner_id == user_id:
            await _remove(uow, row)
            uow.announce(guild_id, AuditAction.REMINDER_DELETE, target(row.reminder_id))
    await uow.session.flush()


async def _own_quick(uow: UnitOfWork, access: GuildAccess, reminder_id: str) -> Reminder:
    row = await find_reminder(uow, access.guild_id, reminder_id)
    if row.reminder_type != ReminderType.QUICK.value:
        raise BadUserInput("Only quick reminders have buttons.", logged_as="not_a_quick_reminder")
    _require_owner(access, row)
    return row


def _require_owner(access: GuildAccess, row: Reminder) -> None:
    actor = access.actor
    me = require_acting_user_id(actor) if isinstance(actor, ServiceActor) else acting_user_id(actor)
    if me != row.owner_id:
        raise Forbidden("Only the owner of a quick reminder may do this.", logged_as="not_owner")


def _require_sent(row: Reminder) -> None:
    if row.sent_at is None:
        raise BadUserInput("This reminder was not sent yet.")


async def _remove(uow: UnitOfWork, row: Reminder) -> None:
    await uow.cancel(row.guild_id, object_key(row.reminder_id))
    await uow.session.delete(row)


def _take_buttons_off(uow: UnitOfWork, row: Reminder) -> None:
    if row.last_message_id is not None:
        uow.effect(
            row.guild_id,
            JobKind.REMINDER_BUTTONS_REMOVE,
            object_key(row.reminder_id),
            destination_id=row.destination_id,
            direct=is_direct(row),
            message_id=row.last_message_id,
        )
