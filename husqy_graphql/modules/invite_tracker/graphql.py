"""The invite tracker in the schema."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import GuildAccess, Permission
from husqy_graphql.core.errors import Forbidden, Internal
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.interactions import Interaction, reply_in_language
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.lifecycle import work_of
from husqy_graphql.modules.invite_tracker import service
from husqy_graphql.modules.invite_tracker.inviting import NewInvite, create_invite, delete_on_discord, forget_deleted
from husqy_graphql.modules.invite_tracker.reports import InviteReportMutation
from husqy_graphql.modules.invite_tracker.types import (
    InviteCode,
    InviteTrackerModule,
    InviteTrackerSettings,
    InviteUse,
    TrackedInvite,
    invite_url,
    load_settings,
    to_invite,
    to_settings,
    to_use,
)

_STAYS = "left out, or null, it stays."


@strawberry.type(description="What the invite tracker had stored.")
class DeletedInviteTracker:
    settings: InviteTrackerSettings | None = strawberry.field(description="Its settings; null when it had none.")
    invites: list[TrackedInvite] = strawberry.field(description="The invites that it followed, the oldest first.")
    uses: list[InviteUse] = strawberry.field(description="Who had joined by them, the first first.")


@strawberry.input(description="Changes to a message. What is left out stays.")
class InviteMessageInput:
    enabled: bool | None = strawberry.field(
        description=f"Whether it is sent, for which it needs a channel and a content; {_STAYS}", default=None
    )
    channel_id: strawberry.Maybe[Snowflake | None] = strawberry.field(
        description="The channel to write in: text, news or voice; null for none.", default=None
    )
    is_embed: bool | None = strawberry.field(
        description=f"Whether the content is the JSON of embeds; {_STAYS}", default=None
    )
    content: strawberry.Maybe[str | None] = strawberry.field(
        description="A text of 1 to 2,000 characters, or the JSON of 1 to 5 embeds; with variables like "
        "`<user_mention>`, `<inviter_mention>` and `<current_invite_count>`; null for none.",
        default=None,
    )


@strawberry.input(description="Changes to how invites are followed. What is left out stays.")
class InviteTrackerSettingsUpdateInput:
    join_message: InviteMessageInput | None = strawberry.field(
        description="What is said when somebody joins by a known invite.", default=None
    )
    leave_message: InviteMessageInput | None = strawberry.field(
        description="What is said when such a member leaves; it has no variables of a channel.", default=None
    )
    prevent_own_invite_code: bool | None = strawberry.field(
        description=f"Whether members who come back by an invite of their own are not counted; {_STAYS}", default=None
    )
    server_shared_invite_link: strawberry.Maybe[str | None] = strawberry.field(
        description="The address that members are told to invite others with: at most 255 characters; null for none.",
        default=None,
    )


@strawberry.input(description="An invite that is to be made.")
class InviteCreateInput:
    channel_id: Snowflake = strawberry.field(description="The channel that it leads to; no category.")
    max_uses: int = strawberry.field(description="How often it can be used: 0 (any number) to 100.")
    max_age: int = strawberry.field(description="Seconds that it lives: 1 to 604800, which are 7 days.")
    is_temporary: bool = strawberry.field(
        description="Whether who joins by it leaves with their connection, unless they are given a role."
    )


@strawberry.type(description="What a change of how invites are followed answers.")
class InviteTrackerSettingsUpdatePayload:
    settings: InviteTrackerSettings = strawberry.field(description="The settings as they are now.")


@strawberry.type(description="What making an invite answers.")
class InviteCreatePayload:
    invite: TrackedInvite = strawberry.field(description="The new invite.")


@strawberry.type(description="What deleting an invite answers.")
class InviteDeletePayload:
    code: str = strawberry.field(description="The code of the invite that is gone.")


@strawberry.type
class InviteTrackerFields(GuildObject):
    """The invite tracker in `Guild`."""

    @strawberry.field(description="The invite tracker; null while it is off.")
    async def invite_tracker(self) -> InviteTrackerModule | None:
        await self.context.authorize(self.guild_id, Permission.READ)
        settings = await self.context.load(load_settings, self.guild_id)
        return InviteTrackerModule(settings=settings) if settings else None


@strawberry.type
class InviteTrackerMutation(InviteReportMutation):
    @strawberry.mutation(description="Change how invites are followed. For administrators.")
    async def invite_tracker_settings_update(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[InviteTrackerSettingsUpdateInput, strawberry.argument(description="What to change.")],
    ) -> InviteTrackerSettingsUpdatePayload | None:
        context = info.context
        access = await context.authorize(guild_id, Permission.ADMINISTER)
        changes = _changes(input)
        async with context.telling_failures(access, LogEvent.MODULES):
            async with context.unit_of_work() as uow:
                await service.require_settings(uow, guild_id)
            channels = await service.find_channels(context.resources.bot, guild_id, changes)
            async with context.unit_of_work() as uow:
                row = await service.update_settings(uow, access, changes, channels)
        context.forget()
        return InviteTrackerSettingsUpdatePayload(settings=to_settings(row))

    @strawberry.mutation(
        description="Make an invite to the guild, and follow it. For administrators, and through Husqy's slash command "
        "for every member who may make invites to the channel; not for members who forbid that data about them is "
        "collected."
    )
    async def invite_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[InviteCreateInput, strawberry.argument(description="The invite.")],
        interaction: Interaction = None,
    ) -> InviteCreatePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        new = NewInvite(
            channel_id=input.channel_id,
            max_uses=input.max_uses,
            max_age=input.max_age,
            temporary=input.is_temporary,
        )
        async with context.telling_failures(access, LogEvent.INVITE_CREATED):
            row = await create_invite(work_of(context), access, new)
        texts = {"code": row.code, "url": invite_url(row.code)}
        await reply_in_language(context, guild_id, interaction, "invite_tracker.created", **texts)
        return InviteCreatePayload(invite=to_invite(row))

    @strawberry.mutation(description="Delete an invite to the guild, on Discord too. For administrators.")
    async def invite_delete(
        self, info: Info, guild_id: GuildId, code: InviteCode, interaction: Interaction = None
    ) -> InviteDeletePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        async with context.telling_failures(access, LogEvent.INVITE_DELETED):
            await _require_administrator(context, access)
            found = await delete_on_discord(work_of(context), access, code)
        try:
            async with context.unit_of_work() as uow:
                await forget_deleted(uow, access, found.code)
        except Exception:  # noqa: BLE001 - on Discord it is gone; here it is forgotten once it expires
            await context.log_failure(access, LogEvent.INVITE_DELETED, _not_removed(context))
        await reply_in_language(context, guild_id, interaction, "invite_tracker.deleted", code=found.code)
        return InviteDeletePayload(code=found.code)


def to_deleted(wiped: Any) -> DeletedInviteTracker:
    """What was wiped, as the schema shows it."""
    return DeletedInviteTracker(
        settings=next((to_settings(row) for row in wiped["settings"]), None),
        invites=[to_invite(row) for row in wiped["invites"]],
        uses=[to_use(row) for row in wiped["uses"]],
    )


async def _require_administrator(context: Context, access: GuildAccess) -> None:
    """Raise Forbidden for Husqy on behalf of a member who does not administer the guild."""
    if access.permission is not Permission.ADMINISTER and not await context.administers_in_person(access):
        raise Forbidden("Only administrators may delete invites.", logged_as="not_an_administrator")


def _not_removed(context: Context) -> Internal:
    error = Internal(context.request_id)
    error.logged_as = "failed_to_remove"
    return error


def _changes(input: InviteTrackerSettingsUpdateInput) -> dict[str, Any]:
    """What is given, by column."""
    changes: dict[str, Any] = {}
    for word, message in (("join", input.join_message), ("leave", input.leave_message)):
        if message is None:
            continue
        if message.enabled is not None:
            changes[f"{word}_messages_enabled"] = message.enabled
        if message.channel_id is not None:
            changes[f"{word}_messages_channel_id"] = message.channel_id.value
        if message.is_embed is not None:
            changes[f"{word}_message_is_embed"] = message.is_embed
        if message.content is not None:
            changes[f"{word}_message_content"] = message.content.value
    if input.prevent_own_invite_code is not None:
        changes["prevent_own_invite_code"] = input.prevent_own_invite_code
    if input.server_shared_invite_link is not None:
        changes[service.LINK] = input.server_shared_invite_link.value
    return changes
