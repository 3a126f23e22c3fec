"""The welcoming module in the schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import Permission
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.scalars import MembershipSeconds, Snowflake
from husqy_graphql.lifecycle import module_off, require_enabled
from husqy_graphql.modules.welcoming import repository, service
from husqy_graphql.modules.welcoming.checks import WelcomingCheckMutation
from husqy_graphql.modules.welcoming.service import AUTOROLE_IDS, CHANNEL_COLUMNS, ResponseType
from husqy_graphql.modules.welcoming.types import (
    ResponseId,
    TimedRoleId,
    WelcomingModule,
    WelcomingResponse,
    WelcomingSettings,
    WelcomingTimedRole,
    to_response,
    to_settings,
    to_timed_role,
)

_ENABLED = "On or off; left out, or null, it stays."
_RANDOMIZED = "Whether any response of the type is sent in place of the chosen one; left out, or null, it stays."
_CHOSEN = "The response to send, by its `responseId`; null for none."
_CHANNEL = "The channel to write in: text, news or voice; null for none."


@strawberry.type(description="What the welcoming module had stored.")
class DeletedWelcoming:
    settings: WelcomingSettings | None = strawberry.field(description="Its settings; null when it had none.")
    responses: list[WelcomingResponse] = strawberry.field(description="Its responses.")
    timed_roles: list[WelcomingTimedRole] = strawberry.field(description="Its timed roles.")


@strawberry.input(description="Changes to the direct message to new members. What is left out stays.")
class WelcomingDirectMessageInput:
    enabled: bool | None = strawberry.field(description=_ENABLED, default=None)
    randomized: bool | None = strawberry.field(description=_RANDOMIZED, default=None)
    response_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(description=_CHOSEN, default=None)


@strawberry.input(description="Changes to a message in a channel. What is left out stays.")
class WelcomingChannelMessageInput:
    enabled: bool | None = strawberry.field(description=_ENABLED, default=None)
    randomized: bool | None = strawberry.field(description=_RANDOMIZED, default=None)
    channel_id: strawberry.Maybe[Snowflake | None] = strawberry.field(description=_CHANNEL, default=None)
    response_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(description=_CHOSEN, default=None)


@strawberry.input(description="Changes to the roles that everybody gets on joining. What is left out stays.")
class WelcomingAutoroleInput:
    enabled: bool | None = strawberry.field(description=_ENABLED, default=None)
    role_ids: strawberry.Maybe[list[Snowflake] | None] = strawberry.field(
        description="The roles in place of those before; null or an empty list for none.", default=None
    )


@strawberry.input(description="Changes to the welcoming settings. What is left out, or null, stays as it is.")
class WelcomingSettingsUpdateInput:
    direct_message: WelcomingDirectMessageInput | None = strawberry.field(
        description="The direct message to new members.", default=None
    )
    welcome_message: WelcomingChannelMessageInput | None = strawberry.field(
        description="The greeting in a channel.", default=None
    )
    leave_message: WelcomingChannelMessageInput | None = strawberry.field(
        description="The message about who left.", default=None
    )
    autorole: WelcomingAutoroleInput | None = strawberry.field(
        description="The roles that everybody gets on joining.", default=None
    )
    timed_roles_enabled: bool | None = strawberry.field(
        description="Whether timed roles are given; left out, or null, it stays.", default=None
    )


@strawberry.input(description="A response that is to be made. It cannot be changed later.")
class WelcomingResponseCreateInput:
    type: ResponseType = strawberry.field(description="What it is for.")
    is_embed: bool = strawberry.field(description="Whether the content is the JSON of embeds.", default=False)
    content: str = strawberry.field(
        description="A text of 1 to 2,000 characters, or the JSON of 1 to 5 embeds; with variables like "
        "`<user_mention>`."
    )


@strawberry.input(description="A timed role that is to be made. It cannot be changed later.")
class WelcomingTimedRoleCreateInput:
    role_id: Snowflake = strawberry.field(
        description="The role to give: not @everyone, nor one that an integration manages."
    )
    add_after: MembershipSeconds = strawberry.field(description="How long after joining it is given.")


@strawberry.type(description="What a change of the welcoming settings answers.")
class WelcomingSettingsUpdatePayload:
    settings: WelcomingSettings = strawberry.field(description="The settings as they are now.")


@strawberry.type(description="What making a welcoming response answers.")
class WelcomingResponseCreatePayload:
    response: WelcomingResponse = strawberry.field(description="The new response.")


@strawberry.type(description="What deleting a welcoming response answers.")
class WelcomingResponseDeletePayload:
    response: WelcomingResponse = strawberry.field(description="The response that is gone.")


@strawberry.type(description="What making a timed role answers.")
class WelcomingTimedRoleCreatePayload:
    timed_role: WelcomingTimedRole = strawberry.field(description="The new timed role.")


@strawberry.type(description="What deleting a timed role answers.")
class WelcomingTimedRoleDeletePayload:
    timed_role: WelcomingTimedRole = strawberry.field(description="The timed role that is gone.")


async def load_settings(context: Context, guild_ids: Sequence[int]) -> list[WelcomingSettings | None]:
    """The welcoming settings of each guild; null while the module is off. A batch for `context.load`."""
    rows = await repository.settings_of_guilds(context.resources.reads, guild_ids)
    found = {each.guild_id: to_settings(each) for each in rows}
    return [found.get(guild_id) for guild_id in guild_ids]


@strawberry.type
class WelcomingFields(GuildObject):
    """The welcoming module in `Guild`."""

    @strawberry.field(description="The welcoming module; null while it is off.")
    async def welcoming(self) -> WelcomingModule | None:
        await self.context.authorize(self.guild_id, Permission.READ)
        settings = await self.context.load(load_settings, self.guild_id)
        return WelcomingModule(settings=settings) if settings else None


@strawberry.type
class WelcomingMutation(WelcomingCheckMutation):
    @strawberry.mutation(description="Change what Husqy does when members join, leave, and stay. For administrators.")
    async def welcoming_settings_update(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[WelcomingSettingsUpdateInput, strawberry.argument(description="What to change.")],
    ) -> WelcomingSettingsUpdatePayload | None:
        context = info.context
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        changes = _changes(input)
        try:
            known = await _look_up(
                context,
                guild_id,
                channels=any(changes.get(each) is not None for each in CHANNEL_COLUMNS),
                roles=bool(changes.get(AUTOROLE_IDS)),
            )
            async with context.unit_of_work() as uow:
                changed = await service.update_settings(uow, access, changes, known)
        except Exception as error:
            await context.log_failure(access, LogEvent.MODULES, error)
            raise
        context.forget()
        return WelcomingSettingsUpdatePayload(settings=to_settings(changed))

    @strawberry.mutation(description="Make a response. For administrators.")
    async def welcoming_response_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[WelcomingResponseCreateInput, strawberry.argument(description="The response.")],
    ) -> WelcomingResponseCreatePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        async with info.context.change(access, LogEvent.WELCOMING_RESPONSE_CREATE) as uow:
            row = await service.create_response(uow, access, input.type, input.content, is_embed=input.is_embed)
        return WelcomingResponseCreatePayload(response=to_response(row))

    @strawberry.mutation(description="Delete a response, where it is chosen too. For administrators.")
    async def welcoming_response_delete(
        self, info: Info, guild_id: GuildId, response_id: ResponseId
    ) -> WelcomingResponseDeletePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        async with info.context.change(access, LogEvent.WELCOMING_RESPONSE_DELETE) as uow:
            row = await service.delete_response(uow, access, response_id)
        info.context.forget()
        return WelcomingResponseDeletePayload(response=to_response(row))

    @strawberry.mutation(
        description="Make a timed role. Members who have been there for longer get it within five minutes. For "
        "administrators."
    )
    async def welcoming_timed_role_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[WelcomingTimedRoleCreateInput, strawberry.argument(description="The timed role.")],
    ) -> WelcomingTimedRoleCreatePayload | None:
        context = info.context
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        try:
            known = await _look_up(context, guild_id, roles=True)
            async with context.unit_of_work() as uow:
                row = await service.create_timed_role(uow, access, input.role_id, input.add_after, known)
        except Exception as error:
            await context.log_failure(access, LogEvent.WELCOMING_TIMEDROLE_CREATE, error)
            raise
        return WelcomingTimedRoleCreatePayload(timed_role=to_timed_role(row))

    @strawberry.mutation(description="Delete a timed role; members keep what they were given. For administrators.")
    async def welcoming_timed_role_delete(
        self, info: Info, guild_id: GuildId, timed_role_id: TimedRoleId
    ) -> WelcomingTimedRoleDeletePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        async with info.context.change(access, LogEvent.WELCOMING_TIMEDROLE_DELETE) as uow:
            row = await service.delete_timed_role(uow, access, timed_role_id)
        return WelcomingTimedRoleDeletePayload(timed_role=to_timed_role(row))


def to_deleted(wiped: Any) -> DeletedWelcoming:
    """What was wiped, as the schema shows it."""
    return DeletedWelcoming(
        settings=next((to_settings(each) for each in wiped["settings"]), None),
        responses=[to_response(row) for row in wiped["responses"]],
        timed_roles=[to_timed_role(row) for row in wiped["timed_roles"]],
    )


async def _look_up(context: Context, guild_id: int, *, channels: bool = False, roles: bool = False) -> service.Known:
    """What Discord has, unless nothing is to be asked; a module that is off refuses before that."""
    if not await context.is_module_enabled(guild_id, ModuleName.WELCOMING):
        async with context.unit_of_work() as uow:
            await require_enabled(uow, guild_id, ModuleName.WELCOMING)
        raise module_off(ModuleName.WELCOMING)
    return await service.look_up(context.resources.bot, guild_id, channels=channels, roles=roles)


def _changes(input: WelcomingSettingsUpdateInput) -> dict[str, Any]:
    """What is given, by column."""
    changes: dict[str, Any] = {}
    for prefix, part in (
        ("dm", input.direct_message),
        ("welcome", input.welcome_message),
        ("leave", input.leave_message),
        ("autorole", input.autorole),
    ):
        for name in ("enabled", "randomized"):
            if (switch := getattr(part, name, None)) is not None:
                changes[f"{prefix}_{name}"] = switch
        for name in ("channel_id", "response_id", "role_ids"):
            if (given := getattr(part, name, None)) is not None:
                changes[f"{prefix}_{name}"] = given.value
    if input.timed_roles_enabled is not None:
        changes["timed_roles_enabled"] = input.timed_roles_enabled
    return changes
