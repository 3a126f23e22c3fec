"""The rules module in the schema."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import Permission, require_acting_user_id
from husqy_graphql.core.errors import DiscordRefused, Forbidden
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.discord.port import DiscordError
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.interactions import (
    Interaction,
    InteractionInput,
    reply_in_language,
)
from husqy_graphql.gql.scalars import DIRECT_MESSAGE, ChannelOrDirectMessage, Snowflake
from husqy_graphql.lifecycle import work_of
from husqy_graphql.modules.rules import permanent, service
from husqy_graphql.modules.rules.answering import Click, answer_rules, guild_of_click, send_rules
from husqy_graphql.modules.rules.rendering import RulesAnswer
from husqy_graphql.modules.rules.service import DeniedAction
from husqy_graphql.modules.rules.types import (
    EntryId,
    RulesActiveEntry,
    RulesEntry,
    RulesModule,
    RulesSettings,
    load_settings,
    to_active_entry,
    to_entry,
    to_settings,
)

graphql_enum(
    RulesAnswer,
    "The button below the rules that a member clicked.",
    {"ACCEPT": "The member accepts the rules.", "DENY": "The member denies them."},
)


@strawberry.type(description="What the rules module had stored.")
class DeletedRules:
    settings: RulesSettings | None = strawberry.field(description="Its settings; null when it had none.")
    entries: list[RulesEntry] = strawberry.field(description="The rules.")
    active_entries: list[RulesActiveEntry] = strawberry.field(
        description="The direct messages that no member had answered."
    )


@strawberry.input(
    description="Changes to the settings of the rules. What is left out stays; a list that is given replaces the one "
    "before, and null or an empty one clears it."
)
class RulesSettingsUpdateInput:
    channel: strawberry.Maybe[ChannelOrDirectMessage | None] = strawberry.field(
        description="The channel for the rules: text, news or voice, in which Husqy may write. `dm`, or null, sends "
        "them to members instead.",
        default=None,
    )
    actions_enabled: bool | None = strawberry.field(
        description="Whether there are buttons to accept and to deny the rules; null stays.", default=None
    )
    accepted_role_ids: strawberry.Maybe[list[Snowflake] | None] = strawberry.field(
        description="The roles that accepting gives: below Husqy's own, and owned by no integration.", default=None
    )
    denied_action: DeniedAction | None = strawberry.field(
        description="What happens to a member who denies the rules; null stays.", default=None
    )
    denied_role_ids: strawberry.Maybe[list[Snowflake] | None] = strawberry.field(
        description="The roles that denying gives, if the action is to add roles.", default=None
    )


@strawberry.type(description="What a change of the settings of the rules answers.")
class RulesSettingsUpdatePayload:
    settings: RulesSettings = strawberry.field(description="The settings as they are now.")


@strawberry.input(description="A rule that is to be added behind the others.")
class RulesEntryCreateInput:
    text: str = strawberry.field(
        description="What it says, 1 to 1,000 characters, with variables of the server, like `<server_name>`; in "
        "direct messages also of the member."
    )


@strawberry.type(description="What adding a rule answers.")
class RulesEntryCreatePayload:
    entry: RulesEntry = strawberry.field(description="The new rule.")


@strawberry.type(description="What deleting a rule answers.")
class RulesEntryDeletePayload:
    entry: RulesEntry = strawberry.field(description="The rule that is gone.")


@strawberry.input(description="Why the rules are to be sent to the member that Husqy acts for.")
class RulesSendCheckInput:
    requester_id: Snowflake | None = strawberry.field(
        description="The administrator who wants them sent again; null when the member has joined, or is verified.",
        default=None,
    )


@strawberry.type(description="What sending the rules answers.")
class RulesSendCheckPayload:
    sent: bool = strawberry.field(description="Whether the member got a direct message.")
    message: str = strawberry.field(description="What was done, in a few words.")


@strawberry.input(description="The click of the member that Husqy acts for on a button below the rules.")
class RulesInteractionCheckInput:
    channel_id: Snowflake = strawberry.field(
        description="The channel of the message, in a guild or of direct messages."
    )
    message_id: Snowflake = strawberry.field(description="The message with the rules.")
    answer: RulesAnswer = strawberry.field(description="Which button it was.")


@strawberry.type(description="What a click below the rules answers.")
class RulesInteractionCheckPayload:
    message: str = strawberry.field(description="What was done, in a few words.")


@strawberry.type
class RulesFields(GuildObject):
    """The rules module in `Guild`."""

    @strawberry.field(description="The rules module; null while it is off.")
    async def rules(self) -> RulesModule | None:
        settings = await self.context.load(load_settings, self.guild_id)
        return RulesModule(guild_id=self.guild_id, settings=settings) if settings else None


@strawberry.type
class RulesMutation:
    @strawberry.mutation(
        description="Change where the rules stand, and what accepting and denying them does. The message with the "
        "rules follows; where Discord refuses it, nothing is changed. For administrators."
    )
    async def rules_settings_update(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[RulesSettingsUpdateInput, strawberry.argument(description="What to change.")],
    ) -> RulesSettingsUpdatePayload | None:
        context = info.context
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        changes: dict[str, Any] = {}
        if input.channel is not None:
            given = input.channel.value
            changes["rules_channel"] = None if given is None or given == DIRECT_MESSAGE else int(given)
        if input.actions_enabled is not None:
            changes["rules_actions_enabled"] = input.actions_enabled
        if input.denied_action is not None:
            changes["rules_denied_action"] = input.denied_action.value
        for name in ("accepted_role_ids", "denied_role_ids"):
            if (listed := getattr(input, name)) is not None:
                changes[name] = listed.value or ()
        try:
            changed = await permanent.update_settings(work_of(context), access, changes)
        except Exception as error:
            await context.log_failure(access, LogEvent.MODULES, error)
            raise
        context.forget()
        return RulesSettingsUpdatePayload(settings=to_settings(changed))

    @strawberry.mutation(description="Add a rule; the message with the rules follows. For administrators.")
    async def rules_entry_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[RulesEntryCreateInput, strawberry.argument(description="The rule.")],
        interaction: Interaction = None,
    ) -> RulesEntryCreatePayload | None:
        context = info.context
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        async with context.change(access, LogEvent.RULES_RULE_ADD) as uow:
            row = await service.create_entry(uow, access, input.text)
        await _follow(context, access, LogEvent.RULES_RULE_ADD)
        await reply_in_language(context, guild_id, interaction, "rules.added")
        return RulesEntryCreatePayload(entry=to_entry(row))

    @strawberry.mutation(description="Delete a rule; the message with the rules follows. For administrators.")
    async def rules_entry_delete(
        self, info: Info, guild_id: GuildId, entry_id: EntryId, interaction: Interaction = None
    ) -> RulesEntryDeletePayload | None:
        context = info.context
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        async with context.change(access, LogEvent.RULES_RULE_REMOVE) as uow:
            row = await service.delete_entry(uow, access, entry_id)
        await _follow(context, access, LogEvent.RULES_RULE_REMOVE)
        await reply_in_language(context, guild_id, interaction, "rules.removed")
        return RulesEntryDeletePayload(entry=to_entry(row))

    @strawberry.mutation(
        description="Send the rules to the member that Husqy acts for, by direct message. For Husqy itself."
    )
    async def rules_send_check(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[RulesSendCheckInput, strawberry.argument(description="Why they are sent.")],
        interaction: Interaction = None,
    ) -> RulesSendCheckPayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        member_id = require_acting_user_id(access.actor)
        requester = input.requester_id
        if requester is not None and not await context.resources.credentials.target_administers(
            guild_id, str(requester)
        ):
            raise Forbidden("Only an administrator of this guild may have the rules sent again.")
        try:
            sent = await send_rules(work_of(context), access, member_id, requested=requester is not None)
        except Exception as error:
            await context.log_failure(access, LogEvent.RULES_SEND_CHECK, error)
            raise
        if not sent:
            await reply_in_language(context, guild_id, interaction, "rules.nothing_to_send")
            return RulesSendCheckPayload(sent=False, message="There is nothing to send to this member.")
        await reply_in_language(context, guild_id, interaction, "rules.sent")
        return RulesSendCheckPayload(sent=True, message="The rules are sent.")

    @strawberry.mutation(
        description="Do what accepting or denying the rules brings, for the member that Husqy acts for; the guild "
        "follows from the message. For Husqy itself."
    )
    async def rules_interaction_check(
        self,
        info: Info,
        input: Annotated[RulesInteractionCheckInput, strawberry.argument(description="The click.")],
        interaction: Annotated[
            InteractionInput | None, strawberry.argument(description="The click to answer, whose reply is deferred.")
        ] = None,
    ) -> RulesInteractionCheckPayload | None:
        context = info.context
        member_id = require_acting_user_id(context.require_service())
        click = Click(int(input.channel_id), int(input.message_id), member_id, input.answer)
        guild_id = await guild_of_click(context.resources.reads, click)
        access = context.authorize_service(guild_id)
        lost: DiscordRefused | None = None

        async def confirm(key: str) -> None:
            nonlocal lost
            try:
                await reply_in_language(context, guild_id, interaction, key)
                lost = None
            except DiscordRefused as error:
                lost = error  # told when all is done

        try:
            await answer_rules(work_of(context), access, click, confirm)
        except Exception as error:
            await context.log_failure(access, LogEvent.RULES_INTERACTION_CHECK, error)
            raise
        if lost is not None:
            raise lost
        word = "accepted" if input.answer is RulesAnswer.ACCEPT else "denied"
        return RulesInteractionCheckPayload(message=f"The rules are {word}.")


def to_deleted(wiped: Any) -> DeletedRules:
    """What was wiped, as the schema shows it."""
    return DeletedRules(
        settings=next((to_settings(each) for each in wiped["settings"]), None),
        entries=[to_entry(row) for row in wiped["entries"]],
        active_entries=[to_active_entry(row) for row in wiped["active_entries"]],
    )


async def _follow(context: Context, access: Any, event: LogEvent) -> None:
    """Bring the permanent message in line; the rules are changed whatever becomes of it."""
    try:
        await permanent.settle(work_of(context), access.guild_id)
    except DiscordError as error:
        await context.log_failure(access, event, error)
