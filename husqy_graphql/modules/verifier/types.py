"""The verifier's types in the schema, and how rows become them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import Permission
from husqy_graphql.core.errors import Forbidden
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.discord_types import Channel, Role, load_channels, load_roles
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.rows import row_type
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.modules.verifier import models, repository
from husqy_graphql.modules.verifier.checking import InteractionKind
from husqy_graphql.modules.verifier.repository import FullSettings
from husqy_graphql.modules.verifier.service import VerifierType

graphql_enum(
    VerifierType,
    "What a member must do to be verified.",
    {
        "CLICK": "Press a button.",
        "PASSPHRASE": "Press a button, and enter the passphrase.",
        "WEB": "Sign in on the dashboard, by a link.",
    },
)
graphql_enum(
    InteractionKind,
    "How a member answers a prompt.",
    {
        "COMPONENT": "By its button.",
        "MODAL": "By the form that asks for the passphrase.",
        "WEB_LOGIN": "On the dashboard, signed in.",
    },
    name="VerifierInteractionType",
)

VerifierId = Annotated[strawberry.ID, strawberry.argument(description="The verification's `verifierId`.")]


@strawberry.type(description="How a guild verifies its members.")
class VerifierSettings(Node):
    passphrase_encrypted: strawberry.Private[bytes | None]

    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("VerifierSettings", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    type: VerifierType = strawberry.field(description="What a member must do.")
    channel_id: Snowflake | None = strawberry.field(
        description="The Discord id of the channel of the prompts; null sends them to the members directly."
    )
    verified_role_ids: list[Snowflake] = strawberry.field(description="The roles that a member gets who has passed.")
    prompt_content: str = strawberry.field(
        description="What a prompt says: a text, or the JSON of embeds, with variables like `<user_mention>`."
    )
    prompt_is_embed: bool = strawberry.field(description="Whether `promptContent` is the JSON of embeds.")
    completed_content: str = strawberry.field(description="What a member is told who has passed, written likewise.")
    completed_is_embed: bool = strawberry.field(description="Whether `completedContent` is the JSON of embeds.")

    @strawberry.field(description="The channel of the prompts; null for direct messages, or when it is gone.")
    async def channel(self, info: Info) -> Channel | None:
        return await _channel(info.context, self.guild_id, self.channel_id)

    @strawberry.field(description="The roles that a member gets who has passed, without those that are gone.")
    async def verified_roles(self, info: Info) -> list[Role]:
        guild_id = int(self.guild_id)
        found = [await info.context.load(load_roles, (guild_id, int(each))) for each in self.verified_role_ids]
        return [role for role in found if role is not None]

    @strawberry.field(description="What members must enter; null when there is none, and for all but administrators.")
    async def passphrase(self, info: Info) -> str | None:
        if self.passphrase_encrypted is None:
            return None
        try:
            await info.context.authorize(int(self.guild_id), Permission.ADMINISTER)
        except Forbidden:
            return None
        return info.context.resources.key_ring.decrypt(self.passphrase_encrypted)


@strawberry.type(description="One verification of one member.")
class VerifierEntry(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("VerifierEntry", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    verifier_id: str = strawberry.field(description="The id by which it is named: a UUID.")
    user_id: Snowflake = strawberry.field(description="The member's Discord id.")
    verified: bool = strawberry.field(description="Whether the member has passed.")
    message_id: Snowflake = strawberry.field(description="The prompt's Discord id.")
    channel_id: Snowflake = strawberry.field(description="The channel of the prompt, a guild's or direct messages.")
    created_at: datetime = strawberry.field(description="When the prompt was sent.")

    @strawberry.field(description="The guild's channel of the prompt; null for direct messages, or when it is gone.")
    async def channel(self, info: Info) -> Channel | None:
        return await _channel(info.context, self.guild_id, self.channel_id)


@strawberry.type(description="The verifier of a guild that has it on.")
class VerifierModule:
    settings: VerifierSettings = strawberry.field(description="How it verifies members.")


@strawberry.type(description="What the verifier had stored.")
class DeletedVerifier:
    settings: VerifierSettings | None = strawberry.field(description="Its settings; null when it had none.")
    entries: list[VerifierEntry] = strawberry.field(description="Its verifications, the oldest first.")


async def load_settings(context: Context, guild_ids: Sequence[int]) -> list[VerifierSettings | None]:
    """The settings of each guild; None while the module is off. A batch for `context.load`."""
    found = {each.guild_id: each for each in await repository.settings_of_guilds(context.resources.reads, guild_ids)}
    return [to_settings(found[guild_id]) if guild_id in found else None for guild_id in guild_ids]


def to_settings(settings: FullSettings) -> VerifierSettings:
    """A settings row with its roles as the schema shows it."""
    row = settings.row
    return VerifierSettings(
        passphrase_encrypted=row.passphrase_encrypted,
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        type=VerifierType(row.verifier_type),
        channel_id=None if row.channel_id is None else Snowflake(row.channel_id),
        verified_role_ids=[Snowflake(each) for each in settings.role_ids],
        prompt_content=row.prompt_content,
        prompt_is_embed=row.prompt_is_embed,
        completed_content=row.completed_content,
        completed_is_embed=row.completed_is_embed,
    )


def to_entry(row: Any) -> VerifierEntry:
    """An entry row, loaded either way, as the schema shows it."""
    return VerifierEntry(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        verifier_id=row.verifier_id,
        user_id=Snowflake(row.user_id),
        verified=row.is_verified,
        message_id=Snowflake(row.message_id),
        channel_id=Snowflake(row.channel_id),
        created_at=row.created_at,
    )


def to_deleted(wiped: Any) -> DeletedVerifier:
    """What was wiped, as the schema shows it."""
    return DeletedVerifier(
        settings=next((to_settings(each) for each in wiped["settings"]), None),
        entries=[to_entry(row) for row in wiped["entries"]],
    )


async def _channel(context: Context, guild_id: int, channel_id: int | None) -> Channel | None:
    return None if channel_id is None else await context.load(load_channels, (int(guild_id), int(channel_id)))


ENTRY_ROWS = row_type(VerifierEntry, to_entry, models.VerifierEntry.__table__, database_id="id", verified="is_verified")
