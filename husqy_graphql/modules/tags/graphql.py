"""The tags module in the schema."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import GuildAccess, Permission, acting_user_id
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.discord.mentions import written_mentions
from husqy_graphql.discord.port import NO_MENTIONS
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.interactions import Interaction, InteractionInput, Reply, reply_or_raise
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.modules.tags import service
from husqy_graphql.modules.tags.models import TagVisibility
from husqy_graphql.modules.tags.posting import find_channel, post_content, require_member
from husqy_graphql.modules.tags.repository import FullTag
from husqy_graphql.modules.tags.service import NewTag, TagChanges
from husqy_graphql.modules.tags.types import Tag, TagId, TagName, TagsModule, to_tag

_NAMES = "1 to 25 names of 1 to 100 characters without commas; the same one twice counts once."
_CONTENT = "The text: 1 to 2,000 characters, in Discord's markdown and with variables like `<user_mention>`."


@strawberry.type(description="What the tags module had stored.")
class DeletedTags:
    entries: list[Tag] = strawberry.field(description="The tags.")

    @strawberry.field(description="The names of all these tags.")
    def names(self) -> list[TagName]:
        return [name for tag in self.entries for name in tag.names]


@strawberry.input(description="A tag that is to be made.")
class TagCreateInput:
    owner_id: Snowflake = strawberry.field(
        description="The member who is to own it; with the slash command, the acting member."
    )
    content: str = strawberry.field(description=_CONTENT)
    names: list[str] = strawberry.field(description=_NAMES)
    visibility: TagVisibility = strawberry.field(description="Who may send it.", default=TagVisibility.PUBLIC)


@strawberry.input(description="Changes to a tag. What is left out, or null, stays.")
class TagUpdateInput:
    owner_id: Snowflake | None = strawberry.field(
        description="Another member, who owns it from now on; the owner before loses it.", default=None
    )
    content: str | None = strawberry.field(description=_CONTENT, default=None)
    names: list[str] | None = strawberry.field(
        description=f"All its names from now on: {_NAMES} Names that it has already stay as old as they are.",
        default=None,
    )
    visibility: TagVisibility | None = strawberry.field(description="Who may send it.", default=None)


@strawberry.input(description="Where a tag is tried, and for whom.")
class TagPreviewInput:
    channel_id: Snowflake = strawberry.field(description="The channel or thread that it is sent to.")
    user_id: Snowflake = strawberry.field(description="The member that variables like `<user_mention>` speak of.")


@strawberry.input(description="Where a tag is sent, and to whom.")
class TagSendInput:
    channel_id: Snowflake = strawberry.field(description="The channel or thread that it is sent to.")
    user_mention_id: Snowflake | None = strawberry.field(
        description="The member that variables like `<user_mention>` speak of; without one they are left as they are.",
        default=None,
    )


@strawberry.type(description="What making a tag answers.")
class TagCreatePayload:
    tag: Tag = strawberry.field(description="The new tag.")


@strawberry.type(description="What changing a tag answers.")
class TagUpdatePayload:
    tag: Tag = strawberry.field(description="The tag as it is now.")


@strawberry.type(description="What deleting a tag answers.")
class TagDeletePayload:
    tag: Tag = strawberry.field(description="The tag that is gone.")


@strawberry.type(description="What trying a tag answers.")
class TagPreviewPayload:
    tag: Tag = strawberry.field(description="The tag that was tried.")
    message: str = strawberry.field(description="What was done, in a few words.")


@strawberry.type(description="What sending a tag answers.")
class TagSendPayload:
    tag: Tag = strawberry.field(description="The tag that was sent.")
    message: str = strawberry.field(description="What was done, in a few words.")


@strawberry.type
class TagsFields(GuildObject):
    """The tags module in `Guild`."""

    @strawberry.field(description="The tags module; null while it is off.")
    async def tags(self) -> TagsModule | None:
        await self.context.authorize(self.guild_id, Permission.READ)
        on = await self.context.is_module_enabled(self.guild_id, ModuleName.TAGS)
        return TagsModule(guild_id=self.guild_id) if on else None


@strawberry.type
class TagsMutation:
    @strawberry.mutation(
        description="Make a tag. Administrators may make one for any member; through Husqy's slash command every "
        "member makes tags of their own. Not for members who forbid that data about them is collected."
    )
    async def tag_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[TagCreateInput, strawberry.argument(description="The tag.")],
        interaction: Interaction = None,
    ) -> TagCreatePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        new = NewTag(input.owner_id, input.visibility, input.content, input.names)
        async with context.telling_failures(access, LogEvent.TAG_CREATE):
            async with context.unit_of_work() as uow:
                await service.check_new_owner(uow, access, new.owner_id)
            await require_member(context.resources.bot, guild_id, new.owner_id)
            async with context.unit_of_work() as uow:
                made = await service.create_tag(uow, access, new)
        await _reply(context, guild_id, interaction, f"The tag {_called(made)} is there.")
        return TagCreatePayload(tag=to_tag(made))

    @strawberry.mutation(
        description="Change a tag. For its owner: an administrator, or a member through Husqy's slash command. Once "
        "the owner has left, any administrator in person may."
    )
    async def tag_update(
        self,
        info: Info,
        guild_id: GuildId,
        tag_id: TagId,
        input: Annotated[TagUpdateInput, strawberry.argument(description="What to change.")],
        interaction: Interaction = None,
    ) -> TagUpdatePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        changes = TagChanges(input.owner_id, input.visibility, input.content, input.names)
        async with context.telling_failures(access, LogEvent.TAG_EDIT):
            absent = await _absent_owner(context, access, tag_id)
            if changes.owner_id is not None:
                async with context.unit_of_work() as uow:
                    tag = await service.check_update(uow, access, tag_id, changes, absent)
                if changes.owner_id != tag.row.owner_id:
                    await require_member(context.resources.bot, guild_id, changes.owner_id)
            async with context.unit_of_work() as uow:
                changed = await service.update_tag(uow, access, tag_id, changes, absent_owner_id=absent)
        await _reply(context, guild_id, interaction, f"The tag {_called(changed)} is changed.")
        return TagUpdatePayload(tag=to_tag(changed))

    @strawberry.mutation(
        description="Delete a tag with its names. For its owner: an administrator, or a member through Husqy's slash "
        "command. Once the owner has left, any administrator in person may."
    )
    async def tag_delete(
        self, info: Info, guild_id: GuildId, tag_id: TagId, interaction: Interaction = None
    ) -> TagDeletePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        async with context.telling_failures(access, LogEvent.TAG_DELETE):
            absent = await _absent_owner(context, access, tag_id)
            async with context.unit_of_work() as uow:
                gone = await service.delete_tag(uow, access, tag_id, absent_owner_id=absent)
        await _reply(context, guild_id, interaction, f"The tag {_called(gone)} is deleted.")
        return TagDeletePayload(tag=to_tag(gone))

    @strawberry.mutation(
        description="Send a tag to a channel to see how it looks, whoever owns it; nobody is notified. For "
        "administrators."
    )
    async def tag_preview(
        self,
        info: Info,
        guild_id: GuildId,
        tag_id: TagId,
        input: Annotated[TagPreviewInput, strawberry.argument(description="Where, and for whom.")],
    ) -> TagPreviewPayload | None:
        context, bot = info.context, info.context.resources.bot
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        async with context.telling_failures(access, LogEvent.TAG_PREVIEW):
            async with context.unit_of_work() as uow:
                settings, tag = await service.find_for_preview(uow, access, tag_id)
            await require_member(bot, guild_id, input.user_id)
            await post_content(
                bot,
                tag.row.content,
                await find_channel(bot, guild_id, input.channel_id),
                guild_id=guild_id,
                user_id=input.user_id,
                language=settings.language,
                zone_name=settings.time_zone,
                now=context.resources.clock(),
                allowed_mentions=NO_MENTIONS,
            )
        async with context.unit_of_work() as uow:
            service.note_preview(uow, access, tag)
        return TagPreviewPayload(tag=to_tag(tag), message="The preview is sent.")

    @strawberry.mutation(
        description="Send a tag to a channel on behalf of a member. A private tag may be sent by its owner alone. For "
        "Husqy itself."
    )
    async def tag_send(
        self,
        info: Info,
        guild_id: GuildId,
        tag: Annotated[
            str,
            strawberry.argument(
                description="The tag's `tagId`; else a name, which stands for the oldest tag that has it and that the "
                "member may send."
            ),
        ],
        input: Annotated[TagSendInput, strawberry.argument(description="Where, and to whom.")],
        interaction: Interaction = None,
    ) -> TagSendPayload | None:
        context, bot = info.context, info.context.resources.bot
        access = context.authorize_service(guild_id)
        began = perf_counter()
        async with context.telling_failures(access, LogEvent.TAG_SEND):
            async with context.unit_of_work() as uow:
                settings, found = await service.find_for_sending(uow, access, tag)
            await post_content(
                bot,
                found.row.content,
                await find_channel(bot, guild_id, input.channel_id),
                guild_id=guild_id,
                user_id=input.user_mention_id,
                language=settings.language,
                zone_name=settings.time_zone,
                now=context.resources.clock(),
                allowed_mentions=written_mentions(found.row.content, input.user_mention_id, roles=False),
            )
        async with context.unit_of_work() as uow:
            service.note_sent(uow, access, found, input.channel_id, perf_counter() - began)
        await _reply(context, guild_id, interaction, f"The tag {_called(found)} is sent.")
        return TagSendPayload(tag=to_tag(found), message="The tag is sent.")


def to_deleted(wiped: Any) -> DeletedTags:
    """What was wiped, as the schema shows it."""
    entries: Sequence[FullTag] = wiped["entries"]
    return DeletedTags(entries=[to_tag(each) for each in entries])


async def _absent_owner(context: Context, access: GuildAccess, tag_id: str) -> int | None:
    """The owner of the tag, if that member has left the guild and the caller is an administrator in person."""
    async with context.unit_of_work() as uow:
        owner_id = (await service.find_chosen(uow, access, tag_id)).row.owner_id
    if acting_user_id(access.actor) == owner_id or not await context.administers_in_person(access):
        return None
    return owner_id if await context.resources.bot.member(access.guild_id, owner_id) is None else None


async def _reply(context: Context, guild_id: int, interaction: InteractionInput | None, text: str) -> None:
    if interaction is None:
        return
    seconds = await context.auto_delete(guild_id)
    await reply_or_raise(context.resources.bot, interaction, Reply(text, delete_after=seconds))


def _called(tag: FullTag) -> str:
    """The names of a tag, in code style so that nothing in them is markdown; cut to fit a message."""
    names = ", ".join(each.name.replace("`", "") for each in tag.names)
    return f"`{names if len(names) <= 1_000 else f'{names[:1_000]}…'}`"
