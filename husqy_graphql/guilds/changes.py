"""Subscriptions: what changes in a guild, as it happens."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import strawberry
from strawberry.utils.str_converters import to_camel_case

from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.events import GuildEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.changes import watch
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.guilds.types import GuildSettings, to_settings


@strawberry.type
class GuildChangeFields(GuildObject):
    """The fields of `GuildChange` that say what happened."""

    event: strawberry.Private[GuildEvent]

    @strawberry.field(description="What was done.")
    def action(self) -> AuditAction:
        return self.event.action

    @strawberry.field(description="The module that it belongs to; null for what is of no module.")
    def module(self) -> ModuleName | None:
        return self.event.module

    @strawberry.field(description="What it was done to.")
    def target(self) -> str:
        return self.event.target

    @strawberry.field(description="The names of the fields that have another value now.")
    def changed_fields(self) -> list[str]:
        return _field_names(self.event)

    @strawberry.field(description="When it was done.")
    def at(self) -> datetime:
        return self.event.at


@strawberry.type(description="A change of the general settings of a guild.")
class GuildSettingsChange:
    settings: GuildSettings = strawberry.field(description="The settings as they are now.")
    changed_fields: list[str] = strawberry.field(description="The names of the fields that have another value now.")
    at: datetime = strawberry.field(description="When they were changed.")


@strawberry.type
class GuildSettingsSubscription:
    @strawberry.subscription(
        description="The general settings of a guild, each time that they are changed. For its administrators and "
        "Husqy itself."
    )
    async def guild_settings_changed(self, info: Info, guild_id: GuildId) -> AsyncGenerator[GuildSettingsChange]:
        context = info.context

        async def change(event: GuildEvent) -> GuildSettingsChange | None:
            row = await context.guild_settings(guild_id)
            if row is None:
                return None
            return GuildSettingsChange(settings=to_settings(row), changed_fields=_field_names(event), at=event.at)

        return await watch(context, guild_id, lambda event: event.action is AuditAction.GUILD_SETTINGS_UPDATE, change)


ChangeT = TypeVar("ChangeT", bound=GuildChangeFields)
Modules = Annotated[
    list[ModuleName] | None,
    strawberry.argument(description="Tell only of changes in these modules; of all changes when left out."),
]


async def watch_guild(
    info: Info, guild_id: int, modules: Sequence[ModuleName] | None, make: type[ChangeT]
) -> AsyncGenerator[ChangeT]:
    """Every change of a guild as a `make` object. Raises Unauthenticated, Forbidden, or NotFound when Husqy is not in
    the guild."""
    wanted = None if modules is None else set(modules)

    async def change(event: GuildEvent) -> ChangeT:
        return make(guild_id=guild_id, context=info.context, event=event)

    return await watch(info.context, guild_id, lambda event: wanted is None or event.module in wanted, change)


def _field_names(event: GuildEvent) -> list[str]:
    return [to_camel_case(name) for name in event.changed_fields]
