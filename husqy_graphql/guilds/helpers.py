"""Look-ups for dashboards: supported values, texts with their variables replaced, and a member's own data."""

from __future__ import annotations

from typing import Annotated

import strawberry

from husqy_graphql.core.access import MemberAccess, Permission
from husqy_graphql.core.languages import supported_languages
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.privacy import DataEntries
from husqy_graphql.core.time_zones import time_zone_names
from husqy_graphql.core.unit_systems import UNIT_SYSTEMS
from husqy_graphql.gql.arguments import GuildId, UserId
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.guilds import service

PrivacyModule = Annotated[
    ModuleName | None, strawberry.argument(description="Which module; the general service when left out.")
]


@strawberry.type(description="A language that Husqy can write in.")
class Language:
    name: str = strawberry.field(description="Its name, in the language itself.")
    abbreviation: str = strawberry.field(description="What `language` of the settings takes, like `en`.")


@strawberry.type(
    description="How many stored values refer to a member. A value counts in every field it matches: never add them up."
)
class MemberDataEntries:
    username: int = strawberry.field(description="Values that contain the unique name.")
    display_name: int = strawberry.field(description="Values that contain the name that is shown.")
    global_name: int = strawberry.field(description="Values that contain the name shown outside of guilds.")
    nickname: int = strawberry.field(description="Values that contain the name in this guild.")
    user_id: int = strawberry.field(description="Values that contain the Discord id.")


@strawberry.type(description="What the deletion of a member's data answers.")
class MemberDataDeletePayload:
    access: strawberry.Private[MemberAccess]
    module: strawberry.Private[ModuleName | None]
    user_id: Snowflake = strawberry.field(description="Whose data it was.")

    @strawberry.field(description="What still refers to the member, because it must.")
    async def entries(self, info: Info) -> MemberDataEntries:
        resources = info.context.resources
        entries = await service.member_data_entries(resources.reads, resources.bot, self.access, self.module)
        return to_data_entries(entries)


@strawberry.type
class HelpersQuery:
    @strawberry.field(description="The languages that Husqy can write in.")
    def supported_languages(self, info: Info) -> list[Language]:
        info.context.require_actor()
        return [Language(name=each.full_name, abbreviation=each.abbreviation) for each in supported_languages()]

    @strawberry.field(description="The time zones that a guild may choose, by IANA name.")
    def supported_time_zones(self, info: Info) -> list[str]:
        info.context.require_actor()
        return list(time_zone_names())

    @strawberry.field(description="The unit systems that a guild may choose.")
    def supported_unit_systems(self, info: Info) -> list[str]:
        info.context.require_actor()
        return list(UNIT_SYSTEMS)

    @strawberry.field(
        description=(
            "The text with its variables replaced, the way Husqy would send it. Variables of a group whose object is "
            "not given stay as they are; an object that is not there (any more) leaves its fallbacks."
        )
    )
    async def variable_replaced_content(
        self,
        info: Info,
        content: Annotated[str, strawberry.argument(description="The text, with variables like `<user_mention>`.")],
        language: Annotated[str, strawberry.argument(description="The language of labels, like `en`.")],
        time_zone: Annotated[str, strawberry.argument(description="The zone that times are shown in, by IANA name.")],
        guild_id: Annotated[
            Snowflake | None,
            strawberry.argument(description="Unlocks `<server_…>`; its administrators only."),
        ] = None,
        user_id: Annotated[Snowflake | None, strawberry.argument(description="Unlocks `<user_…>`.")] = None,
        channel_id: Annotated[
            Snowflake | None,
            strawberry.argument(description="Unlocks `<channel_…>`; the channel is looked for in the guild."),
        ] = None,
    ) -> str:
        context = info.context
        if guild_id is not None:
            await context.authorize(guild_id, Permission.ADMINISTER)
        context.require_actor()
        return await service.replace_variables(
            context.resources.bot,
            content,
            language=language,
            zone_name=time_zone,
            now=context.resources.clock(),
            guild_id=guild_id,
            user_id=user_id,
            channel_id=channel_id,
        )

    @strawberry.field(
        description=(
            "How much a part of Husqy stores about a member. For that member: signed in, or through the bot on the "
            "member's behalf."
        )
    )
    async def member_data_entries(
        self, info: Info, guild_id: GuildId, user_id: UserId, module: PrivacyModule = None
    ) -> MemberDataEntries:
        access = await info.context.authorize_member(guild_id, user_id)
        resources = info.context.resources
        return to_data_entries(await service.member_data_entries(resources.reads, resources.bot, access, module))


@strawberry.type
class PrivacyMutation:
    @strawberry.mutation(
        description=(
            "Delete what a part of Husqy stores about a member, but for what it cannot do without. For that member: "
            "signed in, or through the bot on the member's behalf. It cannot be undone."
        )
    )
    async def member_data_delete(
        self, info: Info, guild_id: GuildId, user_id: UserId, module: PrivacyModule = None
    ) -> MemberDataDeletePayload | None:
        access = await info.context.authorize_member(guild_id, user_id)
        async with info.context.unit_of_work() as uow:
            await service.delete_member_data(uow, access, module)
        return MemberDataDeletePayload(access=access, module=module, user_id=user_id)


def to_data_entries(entries: DataEntries) -> MemberDataEntries:
    """The counts as the schema shows them."""
    return MemberDataEntries(
        username=entries.username,
        display_name=entries.display_name,
        global_name=entries.global_name,
        nickname=entries.nickname,
        user_id=entries.id,
    )
