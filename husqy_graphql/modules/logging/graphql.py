"""The logging module in the schema."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import Permission
from husqy_graphql.core.errors import DiscordRefused, NotFound
from husqy_graphql.core.log_events import LogCategory, LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.discord_types import Channel, load_channels
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.scalars import JSONObject, Snowflake
from husqy_graphql.lifecycle import module_off, require_enabled
from husqy_graphql.modules.logging import repository, service
from husqy_graphql.modules.logging.posting import is_wanted

WAIT_SECONDS = 2.0

graphql_enum(
    LogCategory,
    "What an event of the logs belongs to: a part of Discord, or a module.",
    {
        "GENERAL": "Husqy as a whole.",
        "CHANNEL": "Channels, and who joins and leaves voice channels.",
        "ROLE": "Roles.",
        "USER": "Members: kicks, bans, and what they do in voice channels.",
        "MISC": "Games and memes.",
        "UTILS": "Embeds, forms, QR codes and times that were made with Husqy.",
        **{
            member.name: f"The module {member.value.replace('_', ' ')}."
            for member in LogCategory
            if member.value in {module.value for module in ModuleName}
        },
    },
)
graphql_enum(
    LogEvent,
    "An event that a switch of the logs turns on.",
    {
        event.name: "Kept for old settings: nothing raises it any more."
        if event.dormant
        else f"Somebody {re.sub('{.*?}', '…', event.sentence.replace('[', '').replace(']', ''))}."
        for event in LogEvent
    },
)


async def load_settings(context: Context, guild_ids: Sequence[int]) -> list[LoggingSettings | None]:
    """The logging settings of each guild; a batch for `context.load`."""
    rows = await repository.settings_of_guilds(context.resources.reads, guild_ids)
    found = {row.guild_id: to_settings(row) for row in rows}
    return [found.get(guild_id) for guild_id in guild_ids]


@strawberry.type(description="A switch of the logs.")
class LogSwitch:
    event: LogEvent = strawberry.field(description="What it turns on.")
    category: LogCategory = strawberry.field(description="What the event belongs to.")
    enabled: bool = strawberry.field(description="Whether it is on.")
    dormant: bool = strawberry.field(description="Whether nothing raises the event any more.")


@strawberry.type(description="What a guild logs, and where.")
class LoggingSettings(Node):
    switched_off: strawberry.Private[Sequence[str]]

    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("LoggingSettings", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    channel_id: Snowflake = strawberry.field(description="The Discord id of the channel that the logs go to.")

    @strawberry.field(description="The channel that the logs go to; null when it is gone.")
    async def channel(self, info: Info) -> Channel | None:
        return await info.context.load(load_channels, (int(self.guild_id), int(self.channel_id)))

    @strawberry.field(description="Whether an event is logged.")
    def logs(self, event: Annotated[LogEvent, strawberry.argument(description="Which event.")]) -> bool:
        return event.switch not in self.switched_off

    @strawberry.field(description="All switches, or those of one category.")
    def switches(
        self,
        category: Annotated[
            LogCategory | None, strawberry.argument(description="Only the switches of this one.")
        ] = None,
    ) -> list[LogSwitch]:
        return [
            LogSwitch(
                event=event,
                category=event.category,
                enabled=event.switch not in self.switched_off,
                dormant=event.dormant,
            )
            for event in LogEvent
            if category is None or event.category is category
        ]


@strawberry.type(description="The logging module of a guild that has it on.")
class LoggingModule:
    settings: LoggingSettings = strawberry.field(description="Where the logs go, and what they tell.")


@strawberry.type
class LoggingFields(GuildObject):
    """The logging module in `Guild`."""

    @strawberry.field(description="The logging module; null while it is off.")
    async def logging(self) -> LoggingModule | None:
        settings = await self.context.load(load_settings, self.guild_id)
        return LoggingModule(settings=settings) if settings else None


@strawberry.type(description="What the logging module had stored.")
class DeletedLogging:
    settings: LoggingSettings | None = strawberry.field(description="Its settings; null when it had none.")


@strawberry.input(description="A switch, and whether it is to be on.")
class LogSwitchInput:
    event: LogEvent = strawberry.field(description="Which switch.")
    enabled: bool | None = strawberry.field(description="On or off; left out, or null, it stays.", default=None)


@strawberry.input(description="Changes to the logging settings. What is left out, or null, stays as it is.")
class LoggingSettingsUpdateInput:
    channel_id: Snowflake | None = strawberry.field(
        description="Another channel: text, news or voice, in which Husqy may write.", default=None
    )
    switches: list[LogSwitchInput] | None = strawberry.field(description="Switches to turn.", default=None)


@strawberry.type(description="What a change of the logging settings answers.")
class LoggingSettingsUpdatePayload:
    settings: LoggingSettings = strawberry.field(description="The settings as they are now.")


@strawberry.input(description="Something that happened, as the bot saw it.")
class LoggingEventInput:
    category: LogCategory = strawberry.field(description="What the event belongs to.")
    success: bool = strawberry.field(description="Whether it took place; a failure is told where errors are logged.")
    event: str | None = strawberry.field(description="The name of the event's switch without `log_`.", default=None)
    command: str | None = strawberry.field(description="The slash command that caused it.", default=None)
    reason: str | None = strawberry.field(description="Why it failed, as a snake_case word.", default=None)
    data: JSONObject | None = strawberry.field(
        description="Values of the line, like `member_id`, `channel_id`, `role_id` and `name`.", default=None
    )


@strawberry.type(description="What a reported event answers.")
class LoggingEventCheckPayload:
    logged: bool = strawberry.field(description="Whether a line is written.")
    message: str = strawberry.field(description="What became of it, in a few words.")


@strawberry.type
class LoggingMutation:
    @strawberry.mutation(description="Change where the logs go, and what they tell. For administrators.")
    async def logging_settings_update(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[LoggingSettingsUpdateInput, strawberry.argument(description="What to change.")],
    ) -> LoggingSettingsUpdatePayload | None:
        context = info.context
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        switches = {each.event: each.enabled for each in input.switches or () if each.enabled is not None}
        bot = context.resources.bot
        try:
            if input.channel_id is not None:
                await _require_on(context, guild_id)
                await service.check_channel(bot, guild_id, input.channel_id)
            async with context.unit_of_work() as uow:
                row, old_channel_id = await service.update_settings(uow, access, input.channel_id, switches)
        except Exception as error:
            await context.log_failure(access, LogEvent.MODULES, error)
            raise
        if old_channel_id is not None:
            await service.tell_of_move(bot, access, old_channel_id, row.logs_channel_id)
        context.forget()
        return LoggingSettingsUpdatePayload(settings=to_settings(row))

    @strawberry.mutation(description="Write a line about an event to the logs, if its switch is on. For Husqy itself.")
    async def logging_event_check(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[LoggingEventInput, strawberry.argument(description="What happened.")],
    ) -> LoggingEventCheckPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        event = service.find_event(input.category, input.event)
        given: dict[str, Any] = input.data or {}
        data = {name: str(value) for name, value in given.items() if isinstance(value, str | int)}
        if input.command:
            data["command"] = input.command
        async with context.unit_of_work() as uow:
            await require_enabled(uow, guild_id, ModuleName.LOGGING)
            settings = await service.find_settings(uow, guild_id)
            if settings.channel_gone:
                raise NotFound(service.CHANNEL_GONE)
            if not is_wanted(event.switch, settings.switched_off, succeeded=input.success):
                return LoggingEventCheckPayload(logged=False, message="This event is not logged here.")
            line = uow.log(access, event, succeeded=input.success, reason=input.reason, **data)
        queue = context.resources.log_queue
        await queue.wait(guild_id, WAIT_SECONDS)
        if queue.refusal(line.id) is not None:
            raise DiscordRefused("Discord did not let Husqy write in the logs channel.")
        context.forget()
        if (await repository.settings_of_guilds(context.resources.reads, [guild_id]))[0].channel_gone:
            raise NotFound(service.CHANNEL_GONE)
        return LoggingEventCheckPayload(logged=True, message="The event is logged.")


def to_settings(row: Any) -> LoggingSettings:
    """A settings row, loaded either way, as the schema shows it."""
    return LoggingSettings(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        channel_id=Snowflake(row.logs_channel_id),
        switched_off=tuple(row.switched_off),
    )


def to_deleted(wiped: Any) -> DeletedLogging:
    """What was wiped, as the schema shows it."""
    return DeletedLogging(settings=next((to_settings(row) for row in wiped["settings"]), None))


async def _require_on(context: Context, guild_id: int) -> None:
    if await context.load(load_settings, guild_id) is None:
        async with context.unit_of_work() as uow:
            await require_enabled(uow, guild_id, ModuleName.LOGGING)
        raise module_off(ModuleName.LOGGING)
