"""The autoresponder module in the schema."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import Permission
from husqy_graphql.core.errors import DiscordRefused
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.guilds import GuildSettings
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.lifecycle import require_enabled
from husqy_graphql.modules.autoresponder import service
from husqy_graphql.modules.autoresponder.answering import answer, look_at
from husqy_graphql.modules.autoresponder.matching import TriggerType
from husqy_graphql.modules.autoresponder.repository import FILTER_KINDS, FullTrigger
from husqy_graphql.modules.autoresponder.service import NewResponse, ResponseType
from husqy_graphql.modules.autoresponder.types import (
    AutoresponderModule,
    AutoresponderResponse,
    AutoresponderTrigger,
    ResponseId,
    TriggerId,
    to_response,
    to_trigger,
)


@strawberry.type(description="What the autoresponder had stored.")
class DeletedAutoresponder:
    triggers: list[AutoresponderTrigger] = strawberry.field(description="Its triggers.")
    responses: list[AutoresponderResponse] = strawberry.field(description="Its responses.")


_TEXT = "What it looks for, 1 to 2,000 characters; needed for every type but the wildcard, which has none."
_IDS = {
    "allowed_channel_ids": "It reacts in these channels alone.",
    "ignored_channel_ids": "It does not react in these channels.",
    "allowed_role_ids": "It reacts to members with one of these roles alone.",
    "ignored_role_ids": "It does not react to members with one of these roles.",
}


@strawberry.input(description="A trigger that is to be made.")
class AutoresponderTriggerCreateInput:
    type: TriggerType = strawberry.field(description="Where it looks for its text.")
    match_case: bool = strawberry.field(description="Whether upper and lower case must agree.", default=False)
    text: str | None = strawberry.field(description=_TEXT, default=None)
    allowed_channel_ids: list[Snowflake] | None = strawberry.field(
        description=_IDS["allowed_channel_ids"], default=None
    )
    ignored_channel_ids: list[Snowflake] | None = strawberry.field(
        description=_IDS["ignored_channel_ids"], default=None
    )
    allowed_role_ids: list[Snowflake] | None = strawberry.field(description=_IDS["allowed_role_ids"], default=None)
    ignored_role_ids: list[Snowflake] | None = strawberry.field(description=_IDS["ignored_role_ids"], default=None)
    response_ids: list[strawberry.ID] | None = strawberry.field(
        description="The responses to run, in this order, by `responseId`.", default=None
    )


@strawberry.input(
    description="Changes to a trigger. What is left out stays; a list that is given replaces the one before, and null "
    "or an empty one clears it."
)
class AutoresponderTriggerUpdateInput:
    type: TriggerType | None = strawberry.field(description="Where it looks for its text; null stays.", default=None)
    match_case: bool | None = strawberry.field(
        description="Whether upper and lower case must agree; null stays.", default=None
    )
    text: strawberry.Maybe[str | None] = strawberry.field(description=_TEXT, default=None)
    allowed_channel_ids: strawberry.Maybe[list[Snowflake] | None] = strawberry.field(
        description=_IDS["allowed_channel_ids"], default=None
    )
    ignored_channel_ids: strawberry.Maybe[list[Snowflake] | None] = strawberry.field(
        description=_IDS["ignored_channel_ids"], default=None
    )
    allowed_role_ids: strawberry.Maybe[list[Snowflake] | None] = strawberry.field(
        description=_IDS["allowed_role_ids"], default=None
    )
    ignored_role_ids: strawberry.Maybe[list[Snowflake] | None] = strawberry.field(
        description=_IDS["ignored_role_ids"], default=None
    )
    response_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="The responses to run, in this order, by `responseId`.", default=None
    )


@strawberry.input(description="A response that is to be made.")
class AutoresponderResponseCreateInput:
    type: ResponseType = strawberry.field(description="What it does.")
    content: str | None = strawberry.field(
        description="The text of a message, 1 to 2,000 characters, or the JSON of 1 to 5 embeds; none for a reaction.",
        default=None,
    )
    emoji_name: str | None = strawberry.field(
        description="The emoji of a reaction, or the name of a custom one; none for the others.", default=None
    )
    emoji_id: str | None = strawberry.field(description="The Discord id of a custom emoji.", default=None)


@strawberry.input(description="A message that a member has written.")
class AutoresponderCheckInput:
    channel_id: Snowflake = strawberry.field(description="The channel or thread that it stands in.")
    message_id: Snowflake = strawberry.field(description="The message's Discord id.")
    member_role_ids: list[Snowflake] = strawberry.field(description="The roles of its author.")


@strawberry.type(description="What making a trigger answers.")
class AutoresponderTriggerCreatePayload:
    trigger: AutoresponderTrigger = strawberry.field(description="The new trigger.")


@strawberry.type(description="What changing a trigger answers.")
class AutoresponderTriggerUpdatePayload:
    trigger: AutoresponderTrigger = strawberry.field(description="The trigger as it is now.")


@strawberry.type(description="What deleting a trigger answers.")
class AutoresponderTriggerDeletePayload:
    trigger: AutoresponderTrigger = strawberry.field(description="The trigger that is gone.")


@strawberry.type(description="What making a response answers.")
class AutoresponderResponseCreatePayload:
    response: AutoresponderResponse = strawberry.field(description="The new response.")


@strawberry.type(description="What deleting a response answers.")
class AutoresponderResponseDeletePayload:
    response: AutoresponderResponse = strawberry.field(description="The response that is gone.")


@strawberry.type(description="What a look at a message answers.")
class AutoresponderCheckPayload:
    triggers: list[AutoresponderTrigger] = strawberry.field(description="The triggers that the message hit.")
    message: str = strawberry.field(description="What was done, in a few words.")


@strawberry.type
class AutoresponderFields(GuildObject):
    """The autoresponder in `Guild`."""

    @strawberry.field(description="The autoresponder module; null while it is off. For administrators.")
    async def autoresponder(self) -> AutoresponderModule | None:
        await self.context.authorize(self.guild_id, Permission.ADMINISTER)
        on = await self.context.is_module_enabled(self.guild_id, ModuleName.AUTORESPONDER)
        return AutoresponderModule(guild_id=self.guild_id) if on else None


@strawberry.type
class AutoresponderMutation:
    @strawberry.mutation(description="Make a trigger. For administrators.")
    async def autoresponder_trigger_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[AutoresponderTriggerCreateInput, strawberry.argument(description="The trigger.")],
    ) -> AutoresponderTriggerCreatePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        values = {"trigger_type": input.type.value, "match_case": input.match_case, "trigger": input.text}
        values |= {name: getattr(input, name) for name in _LISTS}
        async with info.context.change(access, LogEvent.AUTORESPONDER_TRIGGER_CREATED) as uow:
            made = await service.create_trigger(uow, access, values)
        return AutoresponderTriggerCreatePayload(trigger=to_trigger(made))

    @strawberry.mutation(description="Change a trigger. For administrators.")
    async def autoresponder_trigger_update(
        self,
        info: Info,
        guild_id: GuildId,
        trigger_id: TriggerId,
        input: Annotated[AutoresponderTriggerUpdateInput, strawberry.argument(description="What to change.")],
    ) -> AutoresponderTriggerUpdatePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        changes: dict[str, Any] = {}
        if input.type is not None:
            changes["trigger_type"] = input.type.value
        if input.match_case is not None:
            changes["match_case"] = input.match_case
        if input.text is not None:
            changes["trigger"] = input.text.value
        changes |= {name: given.value for name in _LISTS if (given := getattr(input, name)) is not None}
        async with info.context.change(access, LogEvent.AUTORESPONDER_TRIGGER_EDITED) as uow:
            changed = await service.update_trigger(uow, access, trigger_id, changes)
        return AutoresponderTriggerUpdatePayload(trigger=to_trigger(changed))

    @strawberry.mutation(description="Delete a trigger; its responses stay. For administrators.")
    async def autoresponder_trigger_delete(
        self, info: Info, guild_id: GuildId, trigger_id: TriggerId
    ) -> AutoresponderTriggerDeletePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        async with info.context.change(access, LogEvent.AUTORESPONDER_TRIGGER_DELETED) as uow:
            found = await service.delete_trigger(uow, access, trigger_id)
        return AutoresponderTriggerDeletePayload(trigger=to_trigger(found))

    @strawberry.mutation(description="Make a response. For administrators.")
    async def autoresponder_response_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[AutoresponderResponseCreateInput, strawberry.argument(description="The response.")],
    ) -> AutoresponderResponseCreatePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        new = NewResponse(input.type, input.content, input.emoji_name, input.emoji_id)
        async with info.context.change(access, LogEvent.AUTORESPONDER_RESPONSE_CREATED) as uow:
            row = await service.create_response(uow, access, new)
        return AutoresponderResponseCreatePayload(response=to_response(row))

    @strawberry.mutation(description="Delete a response, in the triggers that run it too. For administrators.")
    async def autoresponder_response_delete(
        self, info: Info, guild_id: GuildId, response_id: ResponseId
    ) -> AutoresponderResponseDeletePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        async with info.context.change(access, LogEvent.AUTORESPONDER_RESPONSE_DELETED) as uow:
            row = await service.delete_response(uow, access, response_id)
        return AutoresponderResponseDeletePayload(response=to_response(row))

    @strawberry.mutation(
        description="Look at a message that a member wrote, and run the responses of the triggers that it hits. For "
        "Husqy itself."
    )
    async def autoresponder_check(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[AutoresponderCheckInput, strawberry.argument(description="The message.")],
    ) -> AutoresponderCheckPayload | None:
        context, resources = info.context, info.context.resources
        access = context.authorize_service(guild_id)
        began = perf_counter()
        async with context.unit_of_work() as uow:
            settings: GuildSettings = await require_enabled(uow, guild_id, ModuleName.AUTORESPONDER)
        try:
            look = await look_at(
                resources.reads, resources.bot, guild_id, input.channel_id, input.message_id, input.member_role_ids
            )
        except Exception as error:
            await context.log_failure(access, LogEvent.AUTORESPONDER_TRIGGER_HIT, error)
            raise
        failures = await answer(
            resources.bot,
            look,
            guild_id=guild_id,
            language=settings.language,
            zone_name=settings.time_zone,
            now=resources.clock(),
        )
        author_id = look.message.author.id
        async with context.unit_of_work() as uow:
            service.note_hits(uow, access, author_id, input.channel_id, look.hit, perf_counter() - began)
        for failure in failures:
            await context.log_failure(access, LogEvent.AUTORESPONDER_TRIGGER_HIT, failure)
        if failures and len(failures) == len(look.responses):
            raise DiscordRefused(f"Discord refused every response: {failures[0]}")
        hit = [to_trigger(each) for each in look.hit]
        return AutoresponderCheckPayload(triggers=hit, message=_said(len(hit)))


_LISTS = (*(f"{kind}_ids" for kind in FILTER_KINDS), "response_ids")


def to_deleted(wiped: Any) -> DeletedAutoresponder:
    """What was wiped, as the schema shows it."""
    triggers: Sequence[FullTrigger] = wiped["triggers"]
    return DeletedAutoresponder(
        triggers=[to_trigger(each) for each in triggers],
        responses=[to_response(each) for each in wiped["responses"]],
    )


def _said(hits: int) -> str:
    if not hits:
        return "The message hits no trigger."
    return f"The message hit {hits} trigger{'' if hits == 1 else 's'}."
