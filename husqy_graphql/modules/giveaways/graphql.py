"""The giveaways module in the schema."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import GuildAccess, Permission
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.changes import watch_target
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.interactions import Interaction, reply_in_language
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.lifecycle import work_of
from husqy_graphql.modules.giveaways import ending, entering, repository, service
from husqy_graphql.modules.giveaways.creating import NewGiveaway
from husqy_graphql.modules.giveaways.publishing import create_giveaway
from husqy_graphql.modules.giveaways.types import (
    Giveaway,
    GiveawayId,
    GiveawaysModule,
    GiveawaysSettings,
    load_settings,
    to_full_giveaway,
    to_giveaway,
    to_settings,
)


@strawberry.type(description="What the giveaways module had stored.")
class DeletedGiveaways:
    settings: GiveawaysSettings | None = strawberry.field(description="Its settings; null when it had none.")
    giveaways: list[Giveaway] = strawberry.field(description="Its giveaways, the oldest first.")


@strawberry.input(description="Changes to how giveaways are kept. What is left out stays; null is not allowed.")
class GiveawaysSettingsUpdateInput:
    save_duration_timeout: strawberry.Maybe[int | None] = strawberry.field(
        description="Seconds that a giveaway is kept after its end; for giveaways that are made from now on.",
        default=None,
    )
    delete_ended_giveaways: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether the message goes with the giveaway.", default=None
    )


@strawberry.input(description="A giveaway that is to be announced.")
class GiveawayCreateInput:
    channel_id: Snowflake = strawberry.field(description="The channel that it is announced in.")
    owner_id: Snowflake = strawberry.field(description="The member who may change, delete and reroll it.")
    prize: str = strawberry.field(description="What is given away: 1 to 256 characters.")
    winner_count: int = strawberry.field(description="How many winners are drawn: 1 to 100.")
    end_time: str | None = strawberry.field(
        description="When it ends, which must be said: in a while, such as `20m`, `12h` or `2d`, or at a time (ISO "
        "8601), such as `2026-03-01T20:00`. A time without an offset is one of the guild's time zone: one that exists "
        "twice, because clocks are set back, is the first; one that clocks skip is as late as if they had not. At most "
        "365 days ahead.",
        default=None,
    )
    description: str | None = strawberry.field(
        description="What else is said about it; at most 2,000 characters.", default=None
    )


@strawberry.input(description="Changes to a running giveaway. What is left out stays.")
class GiveawayUpdateInput:
    prize: strawberry.Maybe[str | None] = strawberry.field(
        description="What is given away; null is not allowed.", default=None
    )
    description: strawberry.Maybe[str | None] = strawberry.field(
        description="What else is said about it; null takes it away.", default=None
    )
    winner_count: strawberry.Maybe[int | None] = strawberry.field(
        description="How many winners are drawn, be it more than take part; null is not allowed.", default=None
    )


@strawberry.type(description="What a change of how giveaways are kept answers.")
class GiveawaysSettingsUpdatePayload:
    settings: GiveawaysSettings = strawberry.field(description="The settings as they are now.")


@strawberry.type(description="What making a giveaway answers.")
class GiveawayCreatePayload:
    giveaway: Giveaway = strawberry.field(description="The new giveaway.")


@strawberry.type(description="What changing a giveaway answers.")
class GiveawayUpdatePayload:
    giveaway: Giveaway = strawberry.field(description="The giveaway as it is now.")


@strawberry.type(description="What deleting a giveaway answers.")
class GiveawayDeletePayload:
    giveaway: Giveaway = strawberry.field(description="The giveaway that is gone.")


@strawberry.type(description="What drawing again answers.")
class GiveawayRerollPayload:
    giveaway: Giveaway = strawberry.field(description="The giveaway with its new winners.")


@strawberry.type(description="What entering a giveaway answers.")
class GiveawayEnterPayload:
    giveaway: Giveaway = strawberry.field(description="The giveaway as it is now.")


@strawberry.type(description="What leaving a giveaway answers.")
class GiveawayLeavePayload:
    giveaway: Giveaway = strawberry.field(description="The giveaway as it is now.")


@strawberry.type(description="A giveaway that somebody has entered, left or changed, or that has come to its end.")
class GiveawayChange:
    giveaway: Giveaway = strawberry.field(description="The giveaway as it is now.")


@strawberry.type
class GiveawaysFields(GuildObject):
    """The giveaways module in `Guild`."""

    @strawberry.field(description="The giveaways module; null while it is off.")
    async def giveaways(self) -> GiveawaysModule | None:
        await self.context.authorize(self.guild_id, Permission.READ)
        settings = await self.context.load(load_settings, self.guild_id)
        return GiveawaysModule(settings=settings) if settings else None


@strawberry.type
class GiveawaysMutation:
    @strawberry.mutation(description="Change how giveaways are kept. For administrators.")
    async def giveaways_settings_update(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[GiveawaysSettingsUpdateInput, strawberry.argument(description="What to change.")],
    ) -> GiveawaysSettingsUpdatePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        changes = _given(input, "save_duration_timeout", "delete_ended_giveaways")
        async with info.context.change(access, LogEvent.MODULES) as uow:
            row = await service.update_settings(uow, access, changes)
        info.context.forget()
        return GiveawaysSettingsUpdatePayload(settings=to_settings(row))

    @strawberry.mutation(
        description="Give something away. For administrators, and for every member through Husqy's slash command; not "
        "for members who forbid that data about them is collected."
    )
    async def giveaway_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[GiveawayCreateInput, strawberry.argument(description="The giveaway.")],
        interaction: Interaction = None,
    ) -> GiveawayCreatePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        new = NewGiveaway(
            channel_id=input.channel_id,
            owner_id=input.owner_id,
            prize=input.prize,
            description=input.description or None,
            winner_count=input.winner_count,
            end_time=input.end_time,
        )
        async with context.telling_failures(access, LogEvent.GIVEAWAYS_CREATED):
            giveaway = await create_giveaway(work_of(context), access, new)
        await reply_in_language(context, guild_id, interaction, "giveaways.created")
        return GiveawayCreatePayload(giveaway=to_full_giveaway(giveaway))

    @strawberry.mutation(description="Change a giveaway while it runs. For its owner.")
    async def giveaway_update(
        self,
        info: Info,
        guild_id: GuildId,
        giveaway_id: GiveawayId,
        input: Annotated[GiveawayUpdateInput, strawberry.argument(description="What to change.")],
        interaction: Interaction = None,
    ) -> GiveawayUpdatePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        changes = _given(input, "prize", "description", "winner_count")
        administers = await _stands_in(context, access, giveaway_id)
        async with context.change(access, LogEvent.GIVEAWAYS_EDITED) as uow:
            giveaway = await service.update_giveaway(uow, access, giveaway_id, changes, administers=administers)
        await reply_in_language(context, guild_id, interaction, "giveaways.edited")
        return GiveawayUpdatePayload(giveaway=to_full_giveaway(giveaway))

    @strawberry.mutation(description="Delete a giveaway, and its message. For its owner.")
    async def giveaway_delete(
        self, info: Info, guild_id: GuildId, giveaway_id: GiveawayId, interaction: Interaction = None
    ) -> GiveawayDeletePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        administers = await _stands_in(context, access, giveaway_id)
        async with context.change(access, LogEvent.GIVEAWAYS_DELETED) as uow:
            row = await service.find_own_giveaway(uow, access, giveaway_id, administers=administers)
            giveaway = await service.delete_giveaway(uow, access, row)
        await reply_in_language(context, guild_id, interaction, "giveaways.deleted")
        return GiveawayDeletePayload(giveaway=to_full_giveaway(giveaway))

    @strawberry.mutation(
        description="Draw the winners of a giveaway that has ended once more, among those who take part, are in the "
        "server and have not won it before; its message shows them. Where nobody is left, nobody wins. For its owner."
    )
    async def giveaway_reroll(
        self, info: Info, guild_id: GuildId, giveaway_id: GiveawayId, interaction: Interaction = None
    ) -> GiveawayRerollPayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        administers = await _stands_in(context, access, giveaway_id)
        async with context.telling_failures(access, LogEvent.GIVEAWAYS_REROLLED):
            giveaway = await ending.reroll(work_of(context), access, giveaway_id, administers=administers)
        await reply_in_language(context, guild_id, interaction, "giveaways.rerolled")
        return GiveawayRerollPayload(giveaway=to_full_giveaway(giveaway))

    @strawberry.mutation(
        description="Let the acting member, who has pressed the button, take part in a giveaway. For Husqy itself."
    )
    async def giveaway_enter(
        self, info: Info, guild_id: GuildId, giveaway_id: GiveawayId, interaction: Interaction = None
    ) -> GiveawayEnterPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        await entering.check_is_person(context.resources.bot, access)
        async with context.change(access, LogEvent.GIVEAWAYS_ENTERED) as uow:
            row = await entering.enter(uow, access, giveaway_id)
        await reply_in_language(context, guild_id, interaction, "giveaways.entered", prize=row.prize)
        return GiveawayEnterPayload(giveaway=to_giveaway(row))

    @strawberry.mutation(
        description="Let the acting member, who has pressed the button, take part in a giveaway no more. For Husqy "
        "itself."
    )
    async def giveaway_leave(
        self, info: Info, guild_id: GuildId, giveaway_id: GiveawayId, interaction: Interaction = None
    ) -> GiveawayLeavePayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        async with context.change(access, LogEvent.GIVEAWAYS_LEAVES) as uow:
            row = await entering.leave(uow, access, giveaway_id)
        await reply_in_language(context, guild_id, interaction, "giveaways.left", prize=row.prize)
        return GiveawayLeavePayload(giveaway=to_giveaway(row))


@strawberry.type
class GiveawaysSubscription:
    @strawberry.subscription(
        description="A giveaway, each time that somebody has entered, left or changed it, and when it comes to its "
        "end and its winners are drawn. For administrators and Husqy itself."
    )
    async def giveaway_changed(
        self, info: Info, guild_id: GuildId, giveaway_id: GiveawayId
    ) -> AsyncGenerator[GiveawayChange]:
        context = info.context

        async def change() -> GiveawayChange | None:
            found = await repository.giveaways_by_giveaway_ids(context.resources.reads, [str(giveaway_id)])
            here = [row for row in found if row.guild_id == guild_id]
            return GiveawayChange(giveaway=to_giveaway(here[0])) if here else None

        return await watch_target(context, guild_id, _SHOWN_CHANGES, service.target_of(str(giveaway_id)), change)


_SHOWN_CHANGES = {
    AuditAction.GIVEAWAY_ENTRY,
    AuditAction.GIVEAWAY_UPDATE,
    AuditAction.GIVEAWAY_CLOSE,
    AuditAction.GIVEAWAY_DRAW,
    AuditAction.GIVEAWAY_REROLL,
}


def to_deleted(wiped: Any) -> DeletedGiveaways:
    """What was wiped, as the schema shows it."""
    return DeletedGiveaways(
        settings=next((to_settings(row) for row in wiped["settings"]), None),
        giveaways=[to_full_giveaway(giveaway) for giveaway in wiped["giveaways"]],
    )


async def _stands_in(context: Context, access: GuildAccess, giveaway_id: str) -> bool:
    found = await repository.giveaways_by_giveaway_ids(context.resources.reads, [str(giveaway_id)])
    return await context.stands_in_for_erased(access, found)


def _given(input: object, *columns: str) -> dict[str, Any]:
    return {column: some.value for column in columns if (some := getattr(input, column)) is not None}
