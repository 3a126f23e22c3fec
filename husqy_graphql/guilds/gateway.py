"""Facts that the bot learns from Discord's gateway, as mutations that only the service credential may call.

All of them are idempotent: the gateway repeats itself after a reconnect.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from husqy_graphql.db.guilds import GuildMember
from husqy_graphql.gql.arguments import GuildId, UserId
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.guilds import service
from husqy_graphql.guilds.types import Entitlement, EntitlementType, GuildSettings, to_entitlement, to_settings


@strawberry.type(description="What Husqy has cached of a member.")
class CachedMember:
    guild_id: Snowflake = strawberry.field(description="The guild.")
    user_id: Snowflake = strawberry.field(description="The member's Discord id.")
    username: str | None = strawberry.field(description="The unique name.")
    display_name: str | None = strawberry.field(description="The name that is shown.")
    global_name: str | None = strawberry.field(description="The name that is shown outside of guilds.")
    nickname: str | None = strawberry.field(description="The name in this guild.")
    avatar: str | None = strawberry.field(description="The image hash or address of the picture.")
    prevent_data_collection: bool = strawberry.field(
        description="Whether the member forbids that data is collected in this guild."
    )


@strawberry.input(description="Names and picture of a member. What is left out stays; null clears.")
class MemberUpdateInput:
    username: strawberry.Maybe[str | None] = strawberry.field(description="The unique name.", default=None)
    display_name: strawberry.Maybe[str | None] = strawberry.field(description="The name that is shown.", default=None)
    global_name: strawberry.Maybe[str | None] = strawberry.field(
        description="The name that is shown outside of guilds.", default=None
    )
    nickname: strawberry.Maybe[str | None] = strawberry.field(description="The name in this guild.", default=None)
    avatar: strawberry.Maybe[str | None] = strawberry.field(
        description="The image hash or address of the picture.", default=None
    )


@strawberry.input(description="A member's choice about data collection.")
class MemberDataCollectionSetInput:
    prevented: bool = strawberry.field(description="True forbids that data about the member is collected.")


@strawberry.input(description="An entitlement as Discord reports it.")
class GuildEntitlementUpsertInput:
    entitlement_id: Snowflake = strawberry.field(description="The entitlement's Discord id.")
    sku_id: Snowflake = strawberry.field(description="The product, by Discord's SKU id.")
    type: EntitlementType = strawberry.field(description="How the guild came by it.")
    start_at: datetime | None = strawberry.field(
        description="From when on it is valid; from now on when left out.", default=None
    )
    ends_at: datetime | None = strawberry.field(
        description="Until when it is valid; null without an end.", default=None
    )
    deleted: bool = strawberry.field(description="Whether Discord has taken it back.", default=False)


@strawberry.type(description="What joining a guild answers.")
class GuildJoinPayload:
    settings: GuildSettings = strawberry.field(description="The guild's settings, the default ones if it is new.")


@strawberry.type(description="What leaving a guild answers.")
class GuildLeavePayload:
    deleted: bool = strawberry.field(description="Whether anything of the guild was stored.")


@strawberry.type(description="What a report about a member answers.")
class MemberUpdatePayload:
    member: CachedMember = strawberry.field(description="What is cached of the member now.")


@strawberry.type(description="What a member's choice about data collection answers.")
class MemberDataCollectionSetPayload:
    member: CachedMember = strawberry.field(description="What is cached of the member now.")


@strawberry.type(description="What the report of an entitlement answers.")
class GuildEntitlementUpsertPayload:
    entitlement: Entitlement = strawberry.field(description="The entitlement as it is stored now.")


@strawberry.type
class GatewayMutation:
    @strawberry.mutation(description="Husqy has joined the guild: give it default settings, unless it has some.")
    async def guild_join(self, info: Info, guild_id: GuildId) -> GuildJoinPayload | None:
        access = info.context.authorize_service(guild_id)
        async with info.context.unit_of_work() as uow:
            settings = await service.join_guild(uow, access)
        return GuildJoinPayload(settings=to_settings(settings))

    @strawberry.mutation(description="Husqy has left the guild: delete everything of it.")
    async def guild_leave(self, info: Info, guild_id: GuildId) -> GuildLeavePayload | None:
        access = info.context.authorize_service(guild_id)
        async with info.context.unit_of_work() as uow:
            return GuildLeavePayload(deleted=await service.leave_guild(uow, access))

    @strawberry.mutation(description="A member's names or picture are new: cache them.")
    async def member_update(
        self,
        info: Info,
        guild_id: GuildId,
        user_id: UserId,
        input: Annotated[MemberUpdateInput, strawberry.argument(description="What is new.")],
    ) -> MemberUpdatePayload | None:
        access = info.context.authorize_service(guild_id)
        changes = {
            column: given.value
            for column in ("username", "display_name", "global_name", "nickname", "avatar")
            if (given := getattr(input, column)) is not None
        }
        async with info.context.unit_of_work() as uow:
            member = await service.update_member(uow, access, user_id, changes)
        return MemberUpdatePayload(member=_to_cached_member(member))

    @strawberry.mutation(description="A member has chosen whether data may be collected in the guild.")
    async def member_data_collection_set(
        self,
        info: Info,
        guild_id: GuildId,
        user_id: UserId,
        input: Annotated[MemberDataCollectionSetInput, strawberry.argument(description="The choice.")],
    ) -> MemberDataCollectionSetPayload | None:
        access = info.context.authorize_service(guild_id)
        async with info.context.unit_of_work() as uow:
            member = await service.set_data_collection(uow, access, user_id, prevented=input.prevented)
        return MemberDataCollectionSetPayload(member=_to_cached_member(member))

    @strawberry.mutation(description="Discord reports an entitlement of the guild: mirror it.")
    async def guild_entitlement_upsert(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[GuildEntitlementUpsertInput, strawberry.argument(description="The entitlement.")],
    ) -> GuildEntitlementUpsertPayload | None:
        access = info.context.authorize_service(guild_id)
        reported = service.Entitlement(
            entitlement_id=input.entitlement_id,
            sku_id=input.sku_id,
            type=input.type.value,
            start_at=input.start_at,
            ends_at=input.ends_at,
            deleted=input.deleted,
        )
        async with info.context.unit_of_work() as uow:
            row = await service.upsert_entitlement(uow, access, reported)
        return GuildEntitlementUpsertPayload(entitlement=to_entitlement(row))


def _to_cached_member(member: GuildMember) -> CachedMember:
    return CachedMember(
        guild_id=Snowflake(member.guild_id),
        user_id=Snowflake(member.user_id),
        username=member.username,
        display_name=member.display_name,
        global_name=member.global_name,
        nickname=member.nickname,
        avatar=member.avatar,
        prevent_data_collection=member.prevent_data_collection,
    )
