"""The record of the invite tracker."""

from __future__ import annotations

from husqy_graphql.core.jobs import Job, JobKind
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module, Work
from husqy_graphql.modules.invite_tracker import service
from husqy_graphql.modules.invite_tracker.announcing import announce
from husqy_graphql.modules.invite_tracker.inviting import settle


async def perform(work: Work, job: Job) -> None:
    """Do one of the module's jobs. Raises what Discord answers, and LeaseLost."""
    match job.kind:
        case JobKind.INVITE_SETTLE:
            await settle(work, job)
        case JobKind.INVITE_JOIN_MESSAGE | JobKind.INVITE_LEAVE_MESSAGE:
            await announce(work, job)
        case _:
            raise AssertionError(f"{job.kind} is no job of the invite tracker")


MODULE = Module(
    ModuleName.INVITE_TRACKER,
    wipe=service.wipe,
    create=service.create,
    prepare=service.snapshot,
    stored_texts=service.stored_texts,
    erase_member=service.erase_member,
    member_left=service.member_left,
    perform=perform,
)
