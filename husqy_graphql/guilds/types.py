"""The types of a guild in the schema, and how rows and Discord's objects become them."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.discord.cdn import emoji_url
from husqy_graphql.discord.port import DiscordEmoji
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.scalars import AutoDeleteSeconds, Snowflake
from husqy_graphql.lifecycle import is_enabled


class ChannelFilter(Enum):
    TEXT = "text"
    VOICE = "voice"
    CATEGORY = "category"
    NEWS = "news"
    STAGE = "stage"
    FORUM = "forum"


graphql_enum(
    ChannelFilter,
    "Which channels to list.",
    {
        "TEXT": "Channels that take messages: text and voice channels.",
        "VOICE": "Voice channels.",
        "CATEGORY": "Categories.",
        "NEWS": "Announcement channels.",
        "STAGE": "Stage channels.",
        "FORUM": "Forums.",
    },
)


class EntitlementType(Enum):
    PURCHASE = 1
    PREMIUM_SUBSCRIPTION = 2
    DEVELOPER_GIFT = 3
    TEST_MODE_PURCHASE = 4
    FREE_PURCHASE = 5
    USER_GIFT = 6
    PREMIUM_PURCHASE = 7
    APPLICATION_SUBSCRIPTION = 8


graphql_enum(
    EntitlementType,
    "How a guild came by an entitlement; Discord's entitlement types.",
    {
        "PURCHASE": "Bought by a user.",
        "PREMIUM_SUBSCRIPTION": "Part of a Discord Nitro subscription.",
        "DEVELOPER_GIFT": "Given by the developer.",
        "TEST_MODE_PURCHASE": "Bought by a developer while testing.",
        "FREE_PURCHASE": "Taken while it was free.",
        "USER_GIFT": "Given by another user.",
        "PREMIUM_PURCHASE": "Claimed as a Nitro subscriber.",
        "APPLICATION_SUBSCRIPTION": "A subscription to Husqy.",
    },
)


@strawberry.type(description="A module of a guild, and whether it is on.")
class ModuleStatus:
    name: ModuleName = strawberry.field(description="Which module.")
    enabled: bool = strawberry.field(description="Whether it is switched on in this guild.")


@strawberry.type(description="The general settings of a guild.")
class GuildSettings(Node):
    row: strawberry.Private[Any]

    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("GuildSettings", self.row.id)

    database_id: int = strawberry.field(description="The row number, which the REST API calls `id`.")
    guild_id: Snowflake = strawberry.field(description="The guild that these settings are for.")
    language: str = strawberry.field(description="The language of all that Husqy writes, like `en`.")
    time_zone: str = strawberry.field(description="The IANA name of the zone that times are shown in.")
    unit_system: str = strawberry.field(description="`metric` or `imperial`.")
    auto_delete: AutoDeleteSeconds = strawberry.field(
        description="Seconds until Husqy removes its own replies; 0 keeps them."
    )

    @strawberry.field(description="Whether a module is switched on in this guild.")
    def module_enabled(self, name: Annotated[ModuleName, strawberry.argument(description="Which module.")]) -> bool:
        return is_enabled(self.row, name)


@strawberry.type(description="Something that Discord says the guild has bought or been given, such as Husqy+.")
class Entitlement(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("Entitlement", self.database_id)

    database_id: int = strawberry.field(description="The row number, which the REST API calls `id`.")
    guild_id: Snowflake = strawberry.field(description="The guild that has it.")
    sku_id: Snowflake = strawberry.field(description="The product, by Discord's SKU id.")
    type: EntitlementType = strawberry.field(description="How the guild came by it.")
    start_at: datetime = strawberry.field(description="From when on it is valid.")
    ends_at: datetime | None = strawberry.field(description="Until when it is valid; null while no end is known.")
    deleted: bool = strawberry.field(description="Whether Discord has taken it back.")


@strawberry.type(description="A custom emoji of a guild.")
class Emoji:
    id: Snowflake = strawberry.field(description="The emoji's Discord id.")
    name: str = strawberry.field(description="The emoji's name, without colons.")
    animated: bool = strawberry.field(description="Whether it moves.")
    colons_required: bool = strawberry.field(description="Whether its name is written between colons.")
    managed: bool = strawberry.field(description="Whether an integration owns it.")
    url: str = strawberry.field(description="The address of its image.")


def to_settings(row: Any) -> GuildSettings:
    """A settings row, loaded either way, as the schema shows it."""
    return GuildSettings(
        row=row,
        database_id=row.id,
        guild_id=row.guild_id,
        language=row.language,
        time_zone=row.time_zone,
        unit_system=row.unit_system,
        auto_delete=row.auto_delete,
    )


def to_entitlement(row: Any) -> Entitlement:
    """An entitlement row, loaded either way, as the schema shows it."""
    return Entitlement(
        database_id=row.id,
        guild_id=row.guild_id,
        sku_id=row.sku_id,
        type=EntitlementType(row.type),
        start_at=row.start_at,
        ends_at=row.ends_at,
        deleted=row.deleted,
    )


def to_emoji(emoji: DiscordEmoji) -> Emoji:
    """A custom emoji of Discord's as the schema shows it."""
    return Emoji(
        id=Snowflake(emoji.id),
        name=emoji.name,
        animated=emoji.animated,
        colons_required=emoji.require_colons,
        managed=emoji.managed,
        url=emoji_url(emoji.id, animated=emoji.animated),
    )
