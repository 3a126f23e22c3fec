"""What the bot reports of invites, joins and leaves, in the schema."""

from __future__ import annotations

from typing import Annotated

import strawberry

from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.lifecycle import work_of
from husqy_graphql.modules.invite_tracker.inviting import ReportOutcome, note_created, note_deleted
from husqy_graphql.modules.invite_tracker.joining import JoinOutcome, check_join, check_leave
from husqy_graphql.modules.invite_tracker.types import InviteCode, InviteUse, to_use

_FOR_HUSQY = "For Husqy itself."
_ON_BEHALF = "For Husqy itself, on behalf of that member."


@strawberry.type(description="What the report of a new invite answers.")
class InviteCreationReportPayload:
    outcome: ReportOutcome = strawberry.field(description="What became of it.")


@strawberry.type(description="What the report of a deleted invite answers.")
class InviteDeletionReportPayload:
    was_tracked: bool = strawberry.field(description="Whether the invite was followed until now.")


@strawberry.type(description="What the report that somebody joined answers.")
class InviteJoinCheckPayload:
    outcome: JoinOutcome = strawberry.field(description="What became of it.")
    use: InviteUse | None = strawberry.field(description="What was stored; null when nothing was.")


@strawberry.type(description="What the report that somebody left answers.")
class InviteLeaveCheckPayload:
    was_tracked: bool = strawberry.field(description="Whether the member had come by an invite that is known.")
    use: InviteUse | None = strawberry.field(
        description="The use of an invite that has ended; null when the member had come by none that is known."
    )


@strawberry.type
class InviteReportMutation:
    @strawberry.mutation(description=f"Somebody made an invite on Discord: follow it. {_FOR_HUSQY}")
    async def invite_creation_report(
        self,
        info: Info,
        guild_id: GuildId,
        code: InviteCode,
        channel_id: Annotated[Snowflake, strawberry.argument(description="The channel that it leads to.")],
    ) -> InviteCreationReportPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        async with context.telling_failures(access, LogEvent.INVITE_CREATED):
            outcome = await note_created(work_of(context), access, code, channel_id)
        return InviteCreationReportPayload(outcome=outcome)

    @strawberry.mutation(description=f"An invite is gone from Discord: follow it no more. {_FOR_HUSQY}")
    async def invite_deletion_report(
        self, info: Info, guild_id: GuildId, code: InviteCode
    ) -> InviteDeletionReportPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        async with context.telling_failures(access, LogEvent.INVITE_DELETED):
            was_tracked = await note_deleted(work_of(context), access, code)
        return InviteDeletionReportPayload(was_tracked=was_tracked)

    @strawberry.mutation(
        description=f"Somebody joined: find out by whose invite, count it, and say so where wanted. {_ON_BEHALF}"
    )
    async def invite_join_check(self, info: Info, guild_id: GuildId) -> InviteJoinCheckPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        async with context.telling_failures(access, LogEvent.INVITE_BASED_JOIN):
            joined = await check_join(work_of(context), access)
        return InviteJoinCheckPayload(outcome=joined.outcome, use=None if joined.use is None else to_use(joined.use))

    @strawberry.mutation(
        description="Somebody left: note it with the invite that they had come by, and say so where wanted. Report it "
        f"before `memberLeave`, which forgets who it was. {_ON_BEHALF}"
    )
    async def invite_leave_check(self, info: Info, guild_id: GuildId) -> InviteLeaveCheckPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        async with context.telling_failures(access, LogEvent.INVITE_BASED_LEAVE):
            use = await check_leave(work_of(context), access)
        return InviteLeaveCheckPayload(was_tracked=use is not None, use=None if use is None else to_use(use))
