"""The welcoming module's checks in the schema: what the bot asks for when members join, leave, and stay."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Annotated

import strawberry
import structlog

from husqy_graphql.core.access import GuildAccess, require_acting_user_id
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.guilds import GuildSettings
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.lifecycle import module_off, require_enabled
from husqy_graphql.modules.welcoming import repository
from husqy_graphql.modules.welcoming.greeting import Greeter, Greeting, greet
from husqy_graphql.modules.welcoming.repository import FullSettings
from husqy_graphql.modules.welcoming.roles import Given, Sweeper, count_time, give_on_joining, sweep_timed_roles
from husqy_graphql.modules.welcoming.service import ResponseType

log = structlog.get_logger()

_EVENTS = {
    ResponseType.DM_WELCOME: LogEvent.WELCOMING_CHECK_WELCOME_DM,
    ResponseType.CHANNEL_WELCOME: LogEvent.WELCOMING_CHECK_WELCOME_CHANNEL,
    ResponseType.CHANNEL_LEAVE: LogEvent.WELCOMING_CHECK_LEAVE_CHANNEL,
}
_FOR_HUSQY = "For Husqy itself, on behalf of that member."
_MESSAGE = "What was done, in a few words."


@strawberry.type(description="What a check for a welcoming message answers.")
class WelcomingMessageCheckPayload:
    sent: bool = strawberry.field(description="Whether a message was sent.")
    message: str = strawberry.field(description=_MESSAGE)


@strawberry.type(description="What a check for the autorole answers.")
class WelcomingAutoroleCheckPayload:
    role_ids: list[Snowflake] = strawberry.field(description="The Discord ids of the roles that were given.")
    skipped_role_ids: list[Snowflake] = strawberry.field(
        description="The Discord ids of those that cannot be given: gone, or not below Husqy's own role."
    )
    message: str = strawberry.field(description=_MESSAGE)


@strawberry.type(description="What a sweep of all timed roles answers.")
class WelcomingTimedRolesCheckPayload:
    given: int = strawberry.field(description="How many roles were given.")
    message: str = strawberry.field(description=_MESSAGE)


@strawberry.type
class WelcomingCheckMutation:
    @strawberry.mutation(
        description="Somebody joined or left: send the message of this type, if the guild has one. " + _FOR_HUSQY
    )
    async def welcoming_message_check(
        self,
        info: Info,
        guild_id: GuildId,
        type: Annotated[ResponseType, strawberry.argument(description="Which message.")],
    ) -> WelcomingMessageCheckPayload | None:
        context, resources = info.context, info.context.resources
        access = context.authorize_service(guild_id)
        user_id = require_acting_user_id(access.actor)
        began = perf_counter()
        guild, settings = await _settings(context, access)
        greeter = Greeter(resources.bot, resources.reads, resources.clock, guild.language, guild.time_zone)
        try:
            greeting = await greet(greeter, settings, type, user_id)
        except Exception as error:
            await context.log_failure(access, _EVENTS[type], error)
            raise
        await _note_greeting(context, access, _EVENTS[type], greeting, perf_counter() - began)
        return WelcomingMessageCheckPayload(sent=greeting.sent, message=greeting.said)

    @strawberry.mutation(description=f"Somebody joined: give the roles of the autorole. {_FOR_HUSQY}")
    async def welcoming_autorole_check(self, info: Info, guild_id: GuildId) -> WelcomingAutoroleCheckPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        user_id = require_acting_user_id(access.actor)
        began = perf_counter()
        _, settings = await _settings(context, access)
        event = LogEvent.WELCOMING_CHECK_ROLE_ON_JOIN
        try:
            given = await give_on_joining(context.resources.bot, settings, user_id)
        except Exception as error:
            await context.log_failure(access, event, error)
            raise
        await _note_roles(context, access, given, perf_counter() - began)
        return WelcomingAutoroleCheckPayload(
            role_ids=[Snowflake(each) for each in given.role_ids],
            skipped_role_ids=[Snowflake(each) for each in given.skipped_ids],
            message=_said(len(given.role_ids)),
        )

    @strawberry.mutation(description="Give every timed role that is due, in all guilds. For Husqy itself.")
    async def welcoming_timed_roles_check(self, info: Info) -> WelcomingTimedRolesCheckPayload | None:
        context, resources = info.context, info.context.resources
        context.require_service()
        sweeper = Sweeper(resources.reads, resources.bot, resources.clock, context.unit_of_work)
        given = await sweep_timed_roles(sweeper)
        return WelcomingTimedRolesCheckPayload(given=given, message=_said(given))


async def _settings(context: Context, access: GuildAccess) -> tuple[GuildSettings, FullSettings]:
    """The guild's and the module's settings. Raises NotFound, and Conflict while the module is off."""
    async with context.unit_of_work() as uow:
        guild = await require_enabled(uow, access.guild_id, ModuleName.WELCOMING)
        row = await repository.find_settings(uow.session, access.guild_id)
        if row is None:
            raise module_off(ModuleName.WELCOMING)
        return guild, FullSettings(row, await repository.find_autorole_ids(uow.session, access.guild_id))


async def _note_greeting(
    context: Context, access: GuildAccess, event: LogEvent, greeting: Greeting, seconds: float
) -> None:
    if not greeting.sent and greeting.failure is None:
        return
    async with _on_the_side(), context.unit_of_work() as uow:
        uow.log(
            access,
            event,
            succeeded=greeting.sent,
            reason=greeting.failure,
            channel_id=greeting.channel_id,
        )
        if greeting.sent:
            count_time(uow, access.guild_id, seconds)


async def _note_roles(context: Context, access: GuildAccess, given: Given, seconds: float) -> None:
    if not given.role_ids and not given.skipped_ids:
        return
    event = LogEvent.WELCOMING_CHECK_ROLE_ON_JOIN
    async with _on_the_side(), context.unit_of_work() as uow:
        for role_id in given.role_ids:
            uow.log(access, event, role_id=role_id)
        for role_id in given.skipped_ids:
            uow.log(access, event, succeeded=False, reason="role_cannot_be_given", role_id=role_id)
        if given.role_ids:
            count_time(uow, access.guild_id, seconds)


@asynccontextmanager
async def _on_the_side() -> AsyncGenerator[None]:
    """Lets nothing out: what Discord has done is done, and a failure would only make the bot ask for it again (G13)."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        log.warning("check_not_noted", error=type(error).__name__)


def _said(roles: int) -> str:
    if not roles:
        return "No role was given."
    return f"{roles} role{' was' if roles == 1 else 's were'} given."
