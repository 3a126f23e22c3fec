"""The verifier module in the schema."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import Permission, acting_user_id
from husqy_graphql.core.errors import BadUserInput
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.snowflake import parse_snowflake
from husqy_graphql.gql.arguments import After, First, GuildId
from husqy_graphql.gql.connections import Connection, load_page
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.interactions import InteractionInput
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.modules.verifier import repository, service
from husqy_graphql.modules.verifier.checking import Attempt, InteractionKind
from husqy_graphql.modules.verifier.handling import Handled, begin, handle
from husqy_graphql.modules.verifier.service import VerifierType
from husqy_graphql.modules.verifier.types import (
    ENTRY_ROWS,
    VerifierEntry,
    VerifierId,
    VerifierModule,
    VerifierSettings,
    load_settings,
    to_entry,
    to_settings,
)

_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_CONTENT = "1 to 2,000 characters, or the JSON of 1 to 5 embeds; null stays."


@strawberry.input(description="Changes to the verifier. What is left out stays.")
class VerifierSettingsUpdateInput:
    type: VerifierType | None = strawberry.field(description="What a member must do; null stays.", default=None)
    channel_id: strawberry.Maybe[Snowflake | None] = strawberry.field(
        description="The channel of the prompts: text, news or voice; null sends them to the members directly.",
        default=None,
    )
    verified_role_ids: strawberry.Maybe[list[Snowflake] | None] = strawberry.field(
        description="The roles of those who pass, in place of the ones before; Husqy must be able to give them. Null "
        "or an empty list gives none.",
        default=None,
    )
    prompt_content: str | None = strawberry.field(description=f"What a prompt says: {_CONTENT}", default=None)
    prompt_is_embed: bool | None = strawberry.field(
        description="Whether `promptContent` is the JSON of embeds; null stays.", default=None
    )
    completed_content: str | None = strawberry.field(
        description=f"What a member is told who has passed: {_CONTENT}", default=None
    )
    completed_is_embed: bool | None = strawberry.field(
        description="Whether `completedContent` is the JSON of embeds; null stays.", default=None
    )
    passphrase: strawberry.Maybe[str | None] = strawberry.field(
        description="What members must enter, 1 to 100 characters; needed for the type PASSPHRASE. Null clears it.",
        default=None,
    )


@strawberry.type(description="What a change of the verifier's settings answers.")
class VerifierSettingsUpdatePayload:
    settings: VerifierSettings = strawberry.field(description="The settings as they are now.")


@strawberry.input(description="Why the acting member gets a prompt.")
class VerifierVerificationCreateInput:
    requester: strawberry.ID = strawberry.field(
        description="The Discord id of the administrator who asks for it, or a word like `husqy` for a member who has "
        "just joined."
    )
    interaction: InteractionInput | None = strawberry.field(
        description="The administrator's command, whose deferred reply is filled.", default=None
    )


@strawberry.type(description="What sending a prompt answers.")
class VerifierVerificationCreatePayload:
    entry: VerifierEntry | None = strawberry.field(description="The new verification; null for a bot.")
    message: str = strawberry.field(description="What was done, in a few words.")


@strawberry.input(description="How a member answers a prompt.")
class VerifierVerificationHandleInput:
    type: InteractionKind | None = strawberry.field(
        description="By what; null when Husqy verifies the member without an interaction.", default=None
    )
    interaction_id: Snowflake | None = strawberry.field(
        description="The interaction's Discord id; it is answered directly, so it must not be deferred.", default=None
    )
    token: str | None = strawberry.field(description="The interaction's token.", default=None)
    passphrase: str | None = strawberry.field(description="What the member entered.", default=None)


@strawberry.type(description="What the answer to a prompt answers.")
class VerifierVerificationHandlePayload:
    verified: bool = strawberry.field(description="Whether the member has passed; not yet where a form was shown.")
    entry: VerifierEntry | None = strawberry.field(
        description="The verification; null before it is passed, and where the member lets nothing be kept."
    )
    message: str = strawberry.field(description="What was done, in a few words.")


@strawberry.type
class VerifierFields(GuildObject):
    """The verifier in `Guild`."""

    @strawberry.field(description="The verifier module; null while it is off.")
    async def verifier(self) -> VerifierModule | None:
        settings = await self.context.load(load_settings, self.guild_id)
        return VerifierModule(settings=settings) if settings else None

    @strawberry.field(
        description="The verifications, the oldest first; null while the verifier is off. For administrators."
    )
    async def verifier_entries(
        self,
        first: First = None,
        after: After = None,
        verified: Annotated[
            bool | None, strawberry.argument(description="Only passed ones, or only those still open.")
        ] = None,
        user_id: Annotated[Snowflake | None, strawberry.argument(description="Only this member's.")] = None,
    ) -> Connection[VerifierEntry] | None:
        context = self.context
        await context.authorize(self.guild_id, Permission.ADMINISTER)
        if not await context.is_module_enabled(self.guild_id, ModuleName.VERIFIER):
            return None
        read = partial(
            repository.entries,
            context.resources.reads,
            self.guild_id,
            verified=verified,
            user_id=user_id,
        )
        return await load_page(context, first, after, read, ENTRY_ROWS)


@strawberry.type
class VerifierQuery:
    @strawberry.field(
        description="One verification; null when it is not there. For the member whom it is about, the guild's "
        "administrators, and Husqy itself."
    )
    async def verifier_entry(self, info: Info, verifier_id: VerifierId) -> VerifierEntry | None:
        context = info.context
        context.require_actor()
        row = await repository.entry(context.resources.reads, verifier_id)
        if row is None:
            return None
        if acting_user_id(context.actor) == row.user_id:
            await context.authorize_member(row.guild_id, row.user_id)
        else:
            await context.authorize(row.guild_id, Permission.READ)
        return to_entry(row)


@strawberry.type
class VerifierMutation:
    @strawberry.mutation(
        description="Change how members are verified; prompts that are sent stay as they are. For administrators."
    )
    async def verifier_settings_update(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[VerifierSettingsUpdateInput, strawberry.argument(description="What to change.")],
    ) -> VerifierSettingsUpdatePayload | None:
        context, resources = info.context, info.context.resources
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        changes = _changes(input)
        try:
            async with context.unit_of_work() as uow:
                await service.require_settings(uow, guild_id)
            channel_id, role_ids = changes.get("channel_id"), changes.get("role_ids") or ()
            await service.check_places(resources.bot, guild_id, channel_id, role_ids)
            async with context.unit_of_work() as uow:
                changed = await service.update_settings(uow, access, resources.key_ring, changes)
        except Exception as error:
            await context.log_failure(access, LogEvent.MODULES, error)
            raise
        context.forget()
        return VerifierSettingsUpdatePayload(settings=to_settings(changed))

    @strawberry.mutation(
        description="Send the acting member a prompt, in place of an open one. For Husqy itself, when a member has "
        "joined or an administrator asks for it."
    )
    async def verifier_verification_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[VerifierVerificationCreateInput, strawberry.argument(description="Why, and for whom.")],
    ) -> VerifierVerificationCreatePayload | None:
        access = info.context.authorize_service(guild_id)
        entry = await begin(info.context, access, _requester(input.requester), input.interaction)
        if entry is None:
            return VerifierVerificationCreatePayload(entry=None, message="Bots are not verified.")
        return VerifierVerificationCreatePayload(entry=to_entry(entry), message="The prompt is sent.")


async def handle_verification(info: Info, verifier_id: str, input: VerifierVerificationHandleInput) -> Handled:
    """Let the acting member try to pass; raises what `handle` raises."""
    interaction = None
    if input.interaction_id is not None and input.token:
        interaction = (int(input.interaction_id), input.token)
    return await handle(info.context, verifier_id, Attempt(input.type, interaction, input.passphrase))


def _changes(input: VerifierSettingsUpdateInput) -> dict[str, Any]:
    """The given values by column; null keeps what must have a value, and clears the others (G10)."""
    kept = {
        "verifier_type": input.type and input.type.value,
        "prompt_content": input.prompt_content,
        "prompt_is_embed": input.prompt_is_embed,
        "completed_content": input.completed_content,
        "completed_is_embed": input.completed_is_embed,
    }
    cleared = {"channel_id": input.channel_id, "role_ids": input.verified_role_ids, "passphrase": input.passphrase}
    return {
        **{name: value for name, value in kept.items() if value is not None},
        **{name: given.value for name, given in cleared.items() if given is not None},
    }


def _requester(given: str) -> int | None:
    """The id of the administrator who asks; None for a word. Raises BadUserInput for anything else."""
    if _LABEL.fullmatch(given):
        return None
    try:
        return parse_snowflake(given)
    except ValueError:
        raise BadUserInput(
            "This is nobody who can ask for a verification.",
            {"input.requester": "must be a Discord id, or a word of up to 100 letters, digits, `_` and `-`"},
        ) from None
