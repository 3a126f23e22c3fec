"""The types of reminders in the schema, and how rows become them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.errors import BadUserInput
from husqy_graphql.core.schedules import CRON_FIELDS, parse_interval
from husqy_graphql.discord.messages import message_url
from husqy_graphql.gql.arguments import After, First
from husqy_graphql.gql.connections import Connection, load_page
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.discord_types import Channel, Member, load_channels, load_members
from husqy_graphql.gql.effects import Effect, load_effects
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.scalars import Snowflake, parse_datetime
from husqy_graphql.modules.reminders import repository
from husqy_graphql.modules.reminders.models import ReminderType, TriggerType, is_direct
from husqy_graphql.modules.reminders.service import object_key


class ReminderState(Enum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"


graphql_enum(
    ReminderType,
    "What kind of reminder it is.",
    {
        "QUICK": "A member's own, which comes once and has buttons.",
        "REPEATED": "A message to a channel again and again, set by administrators.",
        "SCHEDULED": "A message to a channel once, set by administrators. It is gone once it was sent.",
    },
)
graphql_enum(
    TriggerType,
    "What makes a reminder come.",
    {
        "DATE": "A point in time.",
        "CRON": "The wall clock of the guild's time zone.",
        "INTERVAL": "Some time that has passed, again and again.",
    },
    name="ReminderTriggerType",
)
graphql_enum(
    ReminderState,
    "Where a reminder stands.",
    {
        "WAITING": "It waits for its time, or its next one.",
        "SENDING": "Its message is on its way to Discord.",
        "SENT": "It has come, and waits for its owner to do something with it. Quick ones alone.",
    },
)

ReminderId = Annotated[strawberry.ID, strawberry.argument(description="The reminder's `reminderId`.")]
_TYPE_NAMES = {each.name.title(): each for each in ReminderType}


@strawberry.type(description="A field of a schedule by the wall clock.")
class ReminderCronField:
    name: str = strawberry.field(
        description="Which: `year`, `month`, `day`, `week`, `day_of_week`, `hour`, `minute` or `second`."
    )
    value: str = strawberry.field(description="Its values, such as `15,31`, `mon-fri` or `*`.")


@strawberry.type(description="When a reminder comes, as it was asked for.")
class ReminderSchedule:
    trigger_type: TriggerType = strawberry.field(description="What makes it come.")
    duration: str | None = strawberry.field(
        description="The time from when it was set until it comes, such as `20m`; null unless that was asked for."
    )
    run_at: datetime | None = strawberry.field(description="When it comes; null for one that is repeated.")
    cron: list[ReminderCronField] = strawberry.field(
        description="The fields of the wall clock, the coarsest first. A finer field that is not here has its lowest "
        "value, a coarser one any. Empty unless it comes by the clock."
    )
    interval_seconds: int | None = strawberry.field(
        description="The seconds from one time to the next; null unless it comes in intervals."
    )


@strawberry.type(description="The message that a quick reminder came in.")
class ReminderMessage:
    id: Snowflake = strawberry.field(description="The message's Discord id.")
    url: str | None = strawberry.field(
        description="The address of the message in Discord's client; null for a direct message."
    )


@strawberry.type(description="A message that Husqy sends in time.")
class Reminder(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("Reminder", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    reminder_id: str = strawberry.field(description="The id by which it is named: a UUID.")
    type: ReminderType = strawberry.field(description="What kind of reminder it is.")
    trigger_type: TriggerType = strawberry.field(description="What makes it come.")
    schedule_details: str = strawberry.field(
        description="When it comes, as JSON with the names of the REST API; `schedule` has the same in fields."
    )
    owner_id: Snowflake | None = strawberry.field(description="Whose it is; null unless it is a quick one.")
    title: str | None = strawberry.field(description="The title of a quick one, with variables.")
    description: str | None = strawberry.field(description="What else a quick one says, with variables.")
    url: str | None = strawberry.field(description="The address that the title of a quick one links to.")
    destination_id: Snowflake = strawberry.field(
        description="Where it is sent: a channel, or the owner, who then gets a direct message."
    )
    is_direct: bool = strawberry.field(description="Whether it is sent by direct message.")
    content: str | None = strawberry.field(
        description="The text, or the JSON of embeds, of a repeated or scheduled one, with variables."
    )
    content_is_embed: bool = strawberry.field(description="Whether the content is the JSON of embeds.")
    created_at: datetime = strawberry.field(description="When it was set.")
    next_run_at: datetime | None = strawberry.field(description="When it comes (next); null when it does not any more.")
    sent_at: datetime | None = strawberry.field(description="When a quick one has come; null before.")
    state: ReminderState = strawberry.field(description="Where it stands.")
    message_id: Snowflake | None = strawberry.field(
        description="The Discord id of the message that a quick one came in; null before, and when Discord refused it."
    )

    @strawberry.field(description="When it comes, as it was asked for.")
    def schedule(self) -> ReminderSchedule:
        return _to_schedule(self.trigger_type, json.loads(self.schedule_details), self.created_at)

    @strawberry.field(description="The message that a quick one came in; null where there is none.")
    def message(self) -> ReminderMessage | None:
        if self.message_id is None:
            return None
        url = message_url(int(self.guild_id), int(self.destination_id), int(self.message_id))
        return ReminderMessage(id=self.message_id, url=None if self.is_direct else url)

    @strawberry.field(description="The channel that it is sent to; null when that is gone, and for a direct message.")
    async def channel(self, info: Info) -> Channel | None:
        if self.is_direct:
            return None
        return await info.context.load(load_channels, (int(self.guild_id), int(self.destination_id)))

    @strawberry.field(
        description="The member whose it is; null when that member is gone, and unless it is a quick one."
    )
    async def owner(self, info: Info) -> Member | None:
        if self.owner_id is None:
            return None
        return await info.context.load(load_members, (int(self.guild_id), int(self.owner_id)))

    @strawberry.field(description="What is still to be done for it on Discord, in order.")
    async def effects(self, info: Info) -> list[Effect]:
        return await info.context.load(load_effects, (int(self.guild_id), object_key(self.reminder_id)))


@strawberry.type(description="The reminders module of a guild that has it on.")
class RemindersModule:
    guild_id: strawberry.Private[int]

    @strawberry.field(description="The reminders, those of members included, the oldest first.")
    async def reminders(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        type: Annotated[ReminderType | None, strawberry.argument(description="Only these.")] = None,
        type_name: Annotated[
            str | None,
            strawberry.argument(
                description="The same as the REST API writes it: `Quick`, `Repeated`, `Scheduled`, or 1 to 3."
            ),
        ] = None,
        owner_id: Annotated[Snowflake | None, strawberry.argument(description="Only those of this member.")] = None,
    ) -> Connection[Reminder]:
        context = info.context
        wanted = type or _type_of(type_name)
        read = partial(
            repository.reminders,
            context.resources.reads,
            self.guild_id,
            reminder_type=wanted.value if wanted else None,
            owner_id=owner_id,
        )
        return await load_page(context, first, after, read, to_reminder)

    @strawberry.field(description="One reminder; null when it is not there.")
    async def reminder(self, info: Info, reminder_id: ReminderId) -> Reminder | None:
        found = await info.context.load(load_reminders, str(reminder_id))
        return to_reminder(found) if found is not None and found.guild_id == self.guild_id else None


async def load_reminders(context: Context, reminder_ids: Sequence[str]) -> list[Any]:
    """The row of each `reminderId`; None for one that is not there. A batch for `context.load`."""
    rows = await repository.reminders_by_reminder_ids(context.resources.reads, reminder_ids)
    found = {row.reminder_id: row for row in rows}
    return [found.get(reminder_id) for reminder_id in reminder_ids]


def to_reminder(row: Any) -> Reminder:
    """A row of a reminder, loaded either way, as the schema shows it."""
    quick = row.reminder_type == ReminderType.QUICK.value
    sent = ReminderState.SENT if row.sent_at is not None else ReminderState.WAITING
    return Reminder(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        reminder_id=row.reminder_id,
        type=ReminderType(row.reminder_type),
        trigger_type=TriggerType(row.trigger_type),
        schedule_details=row.schedule_details,
        owner_id=None if row.owner_id is None else Snowflake(row.owner_id),
        title=row.title,
        description=row.description,
        url=row.url,
        destination_id=Snowflake(row.destination_id),
        is_direct=is_direct(row),
        content=row.content,
        content_is_embed=row.content_is_embed,
        created_at=row.created_at,
        next_run_at=row.next_run_at,
        sent_at=row.sent_at,
        state=sent if row.sending_at is None else ReminderState.SENDING,
        message_id=Snowflake(row.last_message_id) if quick and row.last_message_id else None,
    )


def _to_schedule(trigger: TriggerType, details: dict[str, Any], start: datetime) -> ReminderSchedule:
    fields = {name: value for name, value in details.items() if name != "schedule_type"}
    interval = parse_interval(fields, start).interval if trigger is TriggerType.INTERVAL else None
    return ReminderSchedule(
        trigger_type=trigger,
        duration=fields.get("duration"),
        run_at=parse_datetime(fields["run_date"]) if trigger is TriggerType.DATE else None,
        cron=[
            ReminderCronField(name=name, value=str(fields[name]))
            for name in CRON_FIELDS
            if trigger is TriggerType.CRON and name in fields
        ],
        interval_seconds=None if interval is None else int(interval.total_seconds()),
    )


def _type_of(name: str | None) -> ReminderType | None:
    if name is None:
        return None
    found = _TYPE_NAMES.get(name) or next((each for each in ReminderType if str(each.value) == name), None)
    if found is None:
        raise BadUserInput(
            "This is no kind of reminder.", {"typeName": f"must be {', '.join(_TYPE_NAMES)}, or a number from 1 to 3"}
        )
    return found
