"""The reminders module in the schema."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import GuildAccess, Permission
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.events import GuildEvent
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.changes import watch
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.interactions import Interaction, reply_in_language
from husqy_graphql.gql.scalars import JSONObject, Snowflake
from husqy_graphql.lifecycle import work_of
from husqy_graphql.modules.reminders import service
from husqy_graphql.modules.reminders.creating import NewReminder, create_reminder
from husqy_graphql.modules.reminders.models import ReminderType
from husqy_graphql.modules.reminders.sending import send_now
from husqy_graphql.modules.reminders.types import (
    Reminder,
    ReminderId,
    RemindersModule,
    load_reminders,
    to_reminder,
)


class ReminderAction(Enum):
    """What the owner of a quick reminder presses; the value is the contract's."""

    COMPLETE = "complete"
    REMIND_LATER = "remind_later"


graphql_enum(
    ReminderAction,
    "What the owner of a quick reminder does with it, by a button of its message.",
    {"COMPLETE": "It is done: it is deleted.", "REMIND_LATER": "It comes again later, as another reminder."},
)


@strawberry.type(description="What the reminders module had stored.")
class DeletedReminders:
    reminders: list[Reminder] = strawberry.field(description="Its reminders, the oldest first.")


@strawberry.input(description="A reminder that is to be set. What its kind has no use for is left aside.")
class ReminderCreateInput:
    type: ReminderType = strawberry.field(description="What kind of reminder it is.")
    schedule_details: JSONObject = strawberry.field(
        description="When it comes. Quick and scheduled: one of `duration` (`20m`, `12h`, `2d`) and `run_date` "
        "(ISO 8601, without an offset in the guild's time zone). Repeated: `schedule_type` is `cron`, with any of "
        "`year`, `month`, `day`, `week`, `day_of_week`, `hour`, `minute` and `second` (`15,31`, `mon-fri`, `*`), by "
        "the guild's time zone; or `interval`, with `weeks`, `days`, `hours`, `minutes` and `seconds`, from 60 "
        "seconds on. Members that are null count as absent."
    )
    destination_id: Snowflake | None = strawberry.field(
        description="The channel or thread that it is sent to; for a quick one also its owner, who then gets a direct "
        "message.",
        default=None,
    )
    owner_id: Snowflake | None = strawberry.field(
        description="Whose quick reminder it is: the acting member without one. Administrators may name others, and "
        "API keys must name somebody.",
        default=None,
    )
    title: str | None = strawberry.field(
        description="The title of a quick one: 1 to 256 characters, with variables.", default=None
    )
    description: str | None = strawberry.field(
        description="What else a quick one says: at most 2,000 characters, with variables.", default=None
    )
    url: str | None = strawberry.field(
        description="The address that the title of a quick one links to: at most 512 characters.", default=None
    )
    content: str | None = strawberry.field(
        description="What a repeated or scheduled one says: 1 to 2,000 characters, or the JSON of 1 to 5 embeds, with "
        "variables but those of a user.",
        default=None,
    )
    content_is_embed: bool = strawberry.field(description="Whether the content is the JSON of embeds.", default=False)


@strawberry.input(description="What the owner of a quick reminder does with it.")
class ReminderInteractInput:
    action: ReminderAction = strawberry.field(description="Which button was pressed.")
    new_delay: str | None = strawberry.field(
        description="In how long it comes again, such as `20m`; needed to be reminded later.", default=None
    )


@strawberry.type(description="What setting a reminder answers.")
class ReminderCreatePayload:
    reminder: Reminder = strawberry.field(description="The new reminder.")


@strawberry.type(description="What deleting a reminder answers.")
class ReminderDeletePayload:
    reminder: Reminder = strawberry.field(description="The reminder that is gone.")


@strawberry.type(description="What sending a reminder answers.")
class ReminderSendPayload:
    reminder_id: str = strawberry.field(description="The `reminderId` of what was sent.")
    reminder: Reminder | None = strawberry.field(
        description="The reminder as it is now; null for a scheduled one, which is gone."
    )


@strawberry.type(description="What pressing a button of a quick reminder answers.")
class ReminderInteractPayload:
    reminder_id: str = strawberry.field(description="The `reminderId` of the reminder whose button it was.")
    reminder: Reminder | None = strawberry.field(
        description="The reminder that comes later in its place; null when it was completed."
    )


@strawberry.type(description="A reminder that has come.")
class ReminderFired:
    reminder_id: str = strawberry.field(description="The `reminderId`.")
    at: datetime = strawberry.field(description="When that was.")
    succeeded: bool = strawberry.field(description="Whether its message was sent; Discord refused it otherwise.")
    reminder: Reminder | None = strawberry.field(
        description="The reminder as it is now; null for a scheduled one, which is gone."
    )


@strawberry.type
class RemindersFields(GuildObject):
    """The reminders module in `Guild`."""

    @strawberry.field(description="The reminders module; null while it is off.")
    async def reminders(self) -> RemindersModule | None:
        await self.context.authorize(self.guild_id, Permission.READ)
        on = await self.context.is_module_enabled(self.guild_id, ModuleName.REMINDERS)
        return RemindersModule(guild_id=self.guild_id) if on else None


@strawberry.type
class RemindersMutation:
    @strawberry.mutation(
        description="Set a reminder. Quick ones are for every member, through Husqy's slash command, but not for who "
        "forbids that data is collected; repeated and scheduled ones are for administrators."
    )
    async def reminder_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[ReminderCreateInput, strawberry.argument(description="The reminder.")],
        interaction: Interaction = None,
    ) -> ReminderCreatePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        administers = await _administers(context, access)
        async with context.telling_failures(access, LogEvent.REMINDERS_CREATED):
            row = await create_reminder(work_of(context), access, _new_reminder(input), administers=administers)
        await reply_in_language(context, guild_id, interaction, "reminders.created", time=_shown_time(row.next_run_at))
        return ReminderCreatePayload(reminder=to_reminder(row))

    @strawberry.mutation(
        description="Delete a reminder; what it has sent stays. A quick one is for its owner, not even for "
        "administrators; the others are for administrators."
    )
    async def reminder_delete(
        self, info: Info, guild_id: GuildId, reminder_id: ReminderId, interaction: Interaction = None
    ) -> ReminderDeletePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        administers = await _administers(context, access)
        async with context.change(access, LogEvent.REMINDERS_DELETED) as uow:
            row = await service.delete_reminder(uow, access, reminder_id, administers=administers)
        await reply_in_language(context, guild_id, interaction, "reminders.deleted")
        return ReminderDeletePayload(reminder=to_reminder(row))

    @strawberry.mutation(
        description="Send a reminder now, ahead of its time; a repeated one keeps its times. For Husqy itself."
    )
    async def reminder_send(self, info: Info, guild_id: GuildId, reminder_id: ReminderId) -> ReminderSendPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        await send_now(work_of(context), access, str(reminder_id))
        [row] = await load_reminders(context, [str(reminder_id)])
        return ReminderSendPayload(reminder_id=str(reminder_id), reminder=None if row is None else to_reminder(row))

    @strawberry.mutation(
        description="Complete a quick reminder that was sent, or be reminded later, on behalf of its owner, who is the "
        "acting member. The buttons of its message go. For Husqy itself."
    )
    async def reminder_interact(
        self,
        info: Info,
        guild_id: GuildId,
        reminder_id: ReminderId,
        input: Annotated[ReminderInteractInput, strawberry.argument(description="What to do with it.")],
        interaction: Interaction = None,
    ) -> ReminderInteractPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        if input.action is ReminderAction.COMPLETE:
            async with context.change(access, LogEvent.REMINDERS_COMPLETED) as uow:
                await service.complete_reminder(uow, access, reminder_id)
            await reply_in_language(context, guild_id, interaction, "reminders.completed")
            return ReminderInteractPayload(reminder_id=str(reminder_id), reminder=None)
        async with context.change(access, LogEvent.REMINDERS_REMINDED_LATER) as uow:
            row = await service.postpone_reminder(uow, access, reminder_id, input.new_delay)
        shown = _shown_time(row.next_run_at)
        await reply_in_language(context, guild_id, interaction, "reminders.reminded_later", time=shown)
        return ReminderInteractPayload(reminder_id=str(reminder_id), reminder=to_reminder(row))


@strawberry.type
class RemindersSubscription:
    @strawberry.subscription(
        description="The reminders of a guild, each time that one has come. For administrators and Husqy itself."
    )
    async def reminder_fired(self, info: Info, guild_id: GuildId) -> AsyncGenerator[ReminderFired]:
        context = info.context

        async def change(event: GuildEvent) -> ReminderFired:
            reminder_id = event.target.removeprefix(service.target(""))
            [row] = await load_reminders(context, [reminder_id])
            return ReminderFired(
                reminder_id=reminder_id,
                at=event.at,
                succeeded="sent" in event.changed_fields,
                reminder=None if row is None else to_reminder(row),
            )

        return await watch(context, guild_id, lambda event: event.action is AuditAction.REMINDER_SEND, change)


def to_deleted(wiped: Any) -> DeletedReminders:
    """What was wiped, as the schema shows it."""
    return DeletedReminders(reminders=[to_reminder(row) for row in wiped["reminders"]])


async def _administers(context: Context, access: GuildAccess) -> bool:
    """Whether the caller is an administrator; an API key counts as one."""
    return access.permission is Permission.ADMINISTER or await context.administers_in_person(access)


def _shown_time(moment: datetime | None) -> str:
    """A time as Discord shows it to each reader in the reader's own zone."""
    assert moment is not None
    return f"<t:{int(moment.timestamp())}:F>"


def _new_reminder(input: ReminderCreateInput) -> NewReminder:
    return NewReminder(
        type=input.type,
        schedule_details=input.schedule_details,
        owner_id=input.owner_id,
        destination_id=input.destination_id,
        title=input.title,
        description=input.description or None,
        url=input.url or None,
        content=input.content,
        content_is_embed=input.content_is_embed,
    )
