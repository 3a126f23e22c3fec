"""A member answers a prompt of the verifier, and what other modules do once that member has passed."""

from __future__ import annotations

from typing import Annotated

import strawberry
import structlog

from husqy_graphql.core.access import MemberAccess
from husqy_graphql.core.errors import CodedError
from husqy_graphql.discord.port import DiscordError
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.lifecycle import work_of
from husqy_graphql.modules import MODULES
from husqy_graphql.modules.verifier.graphql import (
    VerifierVerificationHandleInput,
    VerifierVerificationHandlePayload,
    handle_verification,
)
from husqy_graphql.modules.verifier.types import VerifierId, to_entry

log = structlog.get_logger()


@strawberry.type
class VerificationMutation:
    @strawberry.mutation(
        description="Check whether the acting member passes, and give the roles. For Husqy itself on behalf of the "
        "member whom the verification is about, and for that member signed in."
    )
    async def verifier_verification_handle(
        self,
        info: Info,
        verifier_id: VerifierId,
        input: Annotated[VerifierVerificationHandleInput, strawberry.argument(description="The answer.")],
    ) -> VerifierVerificationHandlePayload | None:
        handled = await handle_verification(info, verifier_id, input)
        if handled.member is not None:
            await _go_on(info.context, handled.member)
        return VerifierVerificationHandlePayload(
            verified=handled.member is not None,
            entry=None if handled.entry is None else to_entry(handled.entry),
            message=handled.message,
        )


async def _go_on(context: Context, member: MemberAccess) -> None:
    """Let the modules that follow the verifier do their part; the verification stands whatever becomes of it."""
    for module in MODULES.values():
        if module.after_verification is None or not await context.is_module_enabled(member.guild_id, module.name):
            continue
        try:
            await module.after_verification(work_of(context), member)
        except (CodedError, DiscordError) as error:
            log.warning("after_verification_failed", module=module.name.value, error=type(error).__name__)
