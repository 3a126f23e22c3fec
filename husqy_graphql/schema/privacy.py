"""What Husqy knows of a member, over all its parts: counted, deleted, and forgotten when the member leaves.

Source: section 4 of the general service, and the privacy operations of every module.
"""

from __future__ import annotations

from typing import Annotated

import strawberry

from husqy_graphql.core.access import MemberAccess
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.privacy import DataEntries, count_entries
from husqy_graphql.gql.arguments import GuildId, UserId
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.guilds import service as guilds
from husqy_graphql.lifecycle import settle_module, work_of
from husqy_graphql.modules import MODULES

PrivacyModule = Annotated[
    ModuleName | None, strawberry.argument(description="Which module; the general service when left out.")
]


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
        return _to_entries(await _count(info.context, self.access, self.module))


@strawberry.type(description="What the report of a member who left answers.")
class MemberLeavePayload:
    deleted: bool = strawberry.field(description="Whether anything was cached of the member.")


@strawberry.type
class PrivacyQuery:
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
        return _to_entries(await _count(info.context, access, module))


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
        context = info.context
        access = await context.authorize_member(guild_id, user_id)
        names = await guilds.member_names(context.resources.reads, context.resources.bot, guild_id, user_id)
        erase = MODULES[module].erase_member if module in MODULES else None
        async with context.unit_of_work() as uow:
            if module is None:
                await guilds.delete_member_data(uow, access)
            elif erase is not None:
                await erase(uow, guild_id, names)
        if module in MODULES:
            await settle_module(work_of(context), guild_id, MODULES[module])
        return MemberDataDeletePayload(access=access, module=module, user_id=user_id)

    @strawberry.mutation(description="A member has left the guild: forget what is stored of that member everywhere.")
    async def member_leave(self, info: Info, guild_id: GuildId, user_id: UserId) -> MemberLeavePayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        names = await guilds.member_names(context.resources.reads, context.resources.bot, guild_id, user_id)
        async with context.unit_of_work() as uow:
            deleted = await guilds.remove_member(uow, access, user_id)
            for module in MODULES.values():
                if module.member_left is not None:  # first: it still finds what is the member's
                    await module.member_left(uow, guild_id, user_id)
                if module.erase_member is not None:
                    await module.erase_member(uow, guild_id, names)
        work = work_of(context)
        for module in MODULES.values():
            await settle_module(work, guild_id, module)
        return MemberLeavePayload(deleted=deleted)


async def _count(context: Context, access: MemberAccess, module: ModuleName | None) -> DataEntries:
    reads = context.resources.reads
    names = await guilds.member_names(reads, context.resources.bot, access.guild_id, access.user_id)
    if module is None:
        stored = await guilds.stored_about_member(reads, access)
    else:
        read = MODULES[module].stored_texts if module in MODULES else None
        if read is None:
            return DataEntries()
        stored = await read(reads, access.guild_id)
    return count_entries(names, stored.texts, stored.user_ids)


def _to_entries(entries: DataEntries) -> MemberDataEntries:
    return MemberDataEntries(
        username=entries.username,
        display_name=entries.display_name,
        global_name=entries.global_name,
        nickname=entries.nickname,
        user_id=entries.id,
    )
