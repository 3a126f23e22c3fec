"""What is still to be done on Discord for a guild, or was refused there: seen and tried again by administrators."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import strawberry

from husqy_graphql.core.access import Permission
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import NotFound
from husqy_graphql.core.jobs import JobKind, JobState
from husqy_graphql.db.jobs import effects_by_ids, effects_of_guild, find_failed
from husqy_graphql.gql.arguments import After, First, GuildId
from husqy_graphql.gql.connections import Connection, load_page
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.effects import Effect, to_effect
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.lifecycle import require_guild


@strawberry.type
class EffectFields(GuildObject):
    """The effects of `Guild`."""

    @strawberry.field(
        description="What is still to be done on Discord, or was refused there, the oldest first. For administrators."
    )
    async def effects(
        self,
        first: First = None,
        after: After = None,
        state: Annotated[JobState | None, strawberry.argument(description="Only these.")] = None,
    ) -> Connection[Effect] | None:
        context = self.context
        await context.authorize(self.guild_id, Permission.ADMINISTER)
        read = partial(
            effects_of_guild, context.resources.reads, self.guild_id, state=None if state is None else state.value
        )
        return await load_page(context, first, after, read, to_effect)


@strawberry.type(description="What trying something again answers.")
class EffectRetryPayload:
    effect: Effect | None = strawberry.field(description="What was tried, as it is now; null once it is done.")


@strawberry.type
class EffectMutation:
    @strawberry.mutation(
        description="Try once more what Discord has refused, after its cause (a missing permission, say) was mended. "
        "For administrators."
    )
    async def effect_retry(
        self,
        info: Info,
        guild_id: GuildId,
        effect_id: Annotated[int, strawberry.argument(description="The effect's `databaseId`.")],
    ) -> EffectRetryPayload | None:
        context = info.context
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        async with context.unit_of_work() as uow:
            await require_guild(uow, guild_id)
            row = await find_failed(uow.session, guild_id, effect_id)
            if row is None:
                raise NotFound("There is nothing like this that Discord has refused.")
            kind = JobKind(row.kind)
            uow.effect(guild_id, kind, row.object_key, part=row.part, **row.payload)
            uow.audit(access, AuditAction.EFFECT_RETRY, f"{row.kind} {row.object_key}", module=kind.module)
        left = await effects_by_ids(context.resources.reads, [effect_id])
        return EffectRetryPayload(effect=to_effect(left[0]) if left else None)
