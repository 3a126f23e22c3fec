"""Look-ups for dashboards: supported values, texts with their variables replaced, and a member's own data."""

from __future__ import annotations

from typing import Annotated

import strawberry

from husqy_graphql.core.access import Permission
from husqy_graphql.core.languages import supported_languages
from husqy_graphql.core.time_zones import time_zone_names
from husqy_graphql.core.unit_systems import UNIT_SYSTEMS
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.guilds import service


@strawberry.type(description="A language that Husqy can write in.")
class Language:
    name: str = strawberry.field(description="Its name, in the language itself.")
    abbreviation: str = strawberry.field(description="What `language` of the settings takes, like `en`.")


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
