"""Invites on Discord: made and deleted here, or reported by the gateway. No call is inside a transaction.

Discord takes no nonce for an invite. So one is written down as meant before it is made, and followed once it stands;
what a crash or a lost answer leaves in between is settled by a job, which looks for the invite in the guild's list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Final
from uuid import uuid4

from husqy_graphql.core.access import (
    GuildAccess,
    Permission,
    ServiceActor,
    acting_user_id,
    authorize_service,
    require_acting_user_id,
)
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, Forbidden, NotFound
from husqy_graphql.core.jobs import Job, JobKind
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.db.jobs import finish_job
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.lookup import CLOCKS_DIFFER, find_member
from husqy_graphql.discord.permissions import CREATE_INSTANT_INVITE, base_permissions, channel_permissions
from husqy_graphql.discord.port import (
    BotPort,
    ChannelType,
    DiscordChannel,
    DiscordError,
    DiscordInvite,
    Refused,
    TooMany,
    Unreachable,
)
from husqy_graphql.lifecycle import Work, module_off, require_data_collection
from husqy_graphql.modules.invite_tracker import repository, service
from husqy_graphql.modules.invite_tracker.finding import find_deletions, find_invite
from husqy_graphql.modules.invite_tracker.joining import set_exhausted
from husqy_graphql.modules.invite_tracker.models import InviteIntent, KnownInvite
from husqy_graphql.sending import SETTLE_AFTER

MAX_USES: Final = 100
MAX_AGE: Final = 604_800  # seconds: 7 days
CREATE_REASON: Final = "Made with Husqy."
DELETE_REASON: Final = "Deleted with Husqy."
NO_INVITE: Final = "There is no such invite to this server."


@dataclass(frozen=True, slots=True)
class NewInvite:
    """An invite that is to be made."""

    channel_id: int
    max_uses: int
    max_age: int
    temporary: bool


class ReportOutcome(Enum):
    """What became of the report that an invite was made."""

    TRACKED = "tracked"
    KNOWN = "known"
    NOT_TRACKED = "not_tracked"


async def create_invite(work: Work, access: GuildAccess, new: NewInvite) -> KnownInvite:
    """Make an invite on behalf of the caller, and follow it.

    Raises, in this order: NotFound and Conflict (module off), BadUserInput for Husqy on behalf of nobody, Forbidden for
    a member who forbids that data is collected and for one who may not invite, BadUserInput for values that cannot be,
    NotFound for the channel; then Conflict (LIMIT_REACHED) where Discord takes no more, and what else it answers.
    Nothing is stored then, or (Unreachable, ambiguous) what is stored is settled later.
    """
    async with work.units() as uow:
        await _check_creator(uow, access)
    channels = await work.bot.channels(access.guild_id) or ()
    channel = next((each for each in channels if each.id == new.channel_id), None)
    await _require_may_invite(work.bot, access, channel)
    _check_values(new)
    _check_channel(channel)
    user_id = acting_user_id(access.actor)
    owner_id = (await work.bot.current_user()).id if user_id is None else user_id
    async with work.units() as uow:
        await _check_creator(uow, access)
        intent = store_intent(uow, access.guild_id, new, owner_id)
    made = await _make(work, access.guild_id, intent, temporary=new.temporary)
    async with work.units() as uow:
        await lock_guild(uow.session, access.guild_id)
        row = await _follow(uow, access, intent.intent_id, made)
    if row is None:
        await work.bot.delete_invite(made.code, reason=DELETE_REASON)
        raise module_off(ModuleName.INVITE_TRACKER)
    return row


async def delete_on_discord(work: Work, access: GuildAccess, code: str) -> DiscordInvite:
    """Delete an invite on Discord; what it was. Raises NotFound, Conflict (module off), and what Discord answers."""
    async with work.units() as uow:
        await service.require_settings(uow, access.guild_id)
    found = await find_invite(work.bot, access.guild_id, code)
    if found is None or not await work.bot.delete_invite(found.code, reason=DELETE_REASON):
        raise NotFound(NO_INVITE)
    return found


async def forget_deleted(uow: UnitOfWork, access: GuildAccess, code: str) -> None:
    """Follow an invite no more that the caller has deleted on Discord, whether it was followed or not."""
    await lock_guild(uow.session, access.guild_id)
    row = await repository.find_invite(uow.session, access.guild_id, code)
    if row is not None:
        await uow.session.delete(row)
        await uow.session.flush()
    uow.audit(access, AuditAction.INVITE_DELETE, f"invite {code}")
    uow.log(access, LogEvent.INVITE_DELETED, name=code)
    uow.count(access, Metric.INVITE_TRACKER_INVITE_DELETED)


async def note_created(work: Work, access: GuildAccess, code: str, channel_id: int) -> ReportOutcome:
    """Follow an invite that was made on Discord. Raises NotFound, Conflict (module off), and what Discord answers."""
    guild_id = access.guild_id
    async with work.units() as uow:
        await service.require_settings(uow, guild_id)
        if await repository.find_invite(uow.session, guild_id, code) is not None:
            return ReportOutcome.KNOWN
    found = await find_invite(work.bot, guild_id, code)
    if found is None:
        raise NotFound(NO_INVITE, logged_as="no_invite_found")
    if found.channel_id is None:
        found = replace(found, channel_id=channel_id)
    me = await work.bot.current_user()
    async with work.units() as uow:
        await service.require_settings(uow, guild_id)
        if await _is_known(uow, guild_id, found, me.id):
            return ReportOutcome.KNOWN
        maker = authorize_service(ServiceActor(found.inviter_id), guild_id)
        if not await service.is_collectable(uow, guild_id, found.inviter_id):
            uow.log(access, LogEvent.INVITE_CREATED, succeeded=False, reason="prevent_data_collection")
            return ReportOutcome.NOT_TRACKED
        await service.add_invite(uow, guild_id, found, found.inviter_id, found.expires_at)
        uow.announce(guild_id, AuditAction.INVITE_CREATE, f"invite {found.code}")
        uow.log(maker, LogEvent.INVITE_CREATED, name=found.code, channel_id=found.channel_id)
        uow.count(maker, Metric.INVITE_TRACKER_INVITE_CREATED)
    return ReportOutcome.TRACKED


async def note_deleted(work: Work, access: GuildAccess, code: str) -> bool:
    """Follow an invite no more that is gone from Discord; whether it was followed.

    Raises NotFound, Conflict (module off), and what Discord answers.
    """
    guild_id = access.guild_id
    async with work.units() as uow:
        await service.require_settings(uow, guild_id)
        row = await repository.find_invite(uow.session, guild_id, code)
        if row is None or row.gone:
            return False
    deletion = (await find_deletions(work.bot, guild_id)).get(code)
    async with work.units() as uow:
        await service.require_settings(uow, guild_id)
        row = await repository.find_invite(uow.session, guild_id, code)
        if row is None or row.gone:
            return False
        # One that nobody deleted may have been used up by somebody whose joining is not reported yet.
        if deletion is not None or not set_exhausted(row, uow.clock()):
            await uow.session.delete(row)
            await uow.session.flush()
        uow.announce(guild_id, AuditAction.INVITE_DELETE, f"invite {code}")
        if deletion is not None and deletion.reason == DELETE_REASON:
            return True  # whoever asked Husqy for it is told of there
        deleter = authorize_service(ServiceActor(deletion and deletion.user_id), guild_id)
        uow.log(deleter, LogEvent.INVITE_DELETED, name=code)
        if deletion is not None and deletion.user_id is not None:
            uow.count(deleter, Metric.INVITE_TRACKER_INVITE_DELETED)
    return True


def store_intent(uow: UnitOfWork, guild_id: int, new: NewInvite, owner_id: int) -> InviteIntent:
    """Write an invite down that is to be made, and what settles it should we crash."""
    intent = InviteIntent(
        guild_id=guild_id,
        intent_id=str(uuid4()),
        channel_id=new.channel_id,
        max_age=new.max_age,
        max_uses=new.max_uses,
        owner_id=owner_id,
        created_at=uow.clock(),
    )
    uow.session.add(intent)
    uow.effect(guild_id, JobKind.INVITE_SETTLE, _key(intent.intent_id), delay=SETTLE_AFTER)
    return intent


async def settle(work: Work, job: Job) -> None:
    """Follow the invite that was meant where it stands, else forget it. Raises what Discord answers, and LeaseLost."""
    guild_id = job.guild_id
    async with work.units() as uow:
        intent = await repository.find_intent(uow.session, guild_id, job.object_id)
    if intent is None:
        return
    try:
        listed = await work.bot.guild_invites(guild_id) or ()
    except Refused:  # without the list nobody can tell; the gateway reports an invite that stands
        listed = ()
    me = await work.bot.current_user()
    async with work.units() as uow:
        await lock_guild(uow.session, guild_id)
        await finish_job(uow.session, job)
        for invite in sorted(listed, key=lambda each: each.created_at or intent.created_at):
            known = await repository.find_invite(uow.session, guild_id, invite.code)
            if known is None and _is_meant(intent, invite, me.id):
                access = authorize_service(ServiceActor(intent.owner_id), guild_id)
                await _follow(uow, access, intent.intent_id, invite)
                return
        await _forget(uow, guild_id, intent.intent_id)


async def _check_creator(uow: UnitOfWork, access: GuildAccess) -> None:
    await service.require_settings(uow, access.guild_id)
    actor = access.actor
    user_id = require_acting_user_id(actor) if isinstance(actor, ServiceActor) else acting_user_id(actor)
    if user_id is not None:
        await require_data_collection(uow, access.guild_id, user_id, logged_as="prevent_data_collection")


async def _require_may_invite(bot: BotPort, access: GuildAccess, channel: DiscordChannel | None) -> None:
    """Raise Forbidden unless the caller administers the guild, or may make invites to the channel."""
    user_id = acting_user_id(access.actor)
    if access.permission is Permission.ADMINISTER or user_id is None:
        return
    found = await find_member(bot, access.guild_id, user_id)
    permissions = 0
    if found is not None:
        guild, member = found
        permissions = (
            base_permissions(guild, member) if channel is None else channel_permissions(guild, channel, member)
        )
    if not permissions & CREATE_INSTANT_INVITE:
        raise Forbidden(
            "This member needs the permission Create Invite in that channel.", logged_as="not_enough_permissions"
        )


def _check_values(new: NewInvite) -> None:
    faults: dict[str, str] = {}
    reason = None
    if not 1 <= new.max_age <= MAX_AGE:
        faults["input.maxAge"] = f"must be from 1 to {MAX_AGE} seconds"
        reason = "invalid_max_age"
    if not 0 <= new.max_uses <= MAX_USES:
        faults["input.maxUses"] = f"must be from 0 to {MAX_USES}; 0 is any number"
        reason = "invalid_max_uses"  # it is looked at first
    if faults:
        raise BadUserInput("There are no such invites.", faults, logged_as=reason)


def _check_channel(channel: DiscordChannel | None) -> None:
    if channel is None:
        raise NotFound("There is no such channel in this server.")
    if channel.type == ChannelType.GUILD_CATEGORY:
        raise BadUserInput(
            "An invite leads to a channel, not to a category.", {"input.channelId": "must be no category"}
        )


async def _make(work: Work, guild_id: int, intent: InviteIntent, *, temporary: bool) -> DiscordInvite:
    try:
        return await work.bot.create_channel_invite(
            intent.channel_id,
            max_age=intent.max_age,
            max_uses=intent.max_uses,
            temporary=temporary,
            reason=CREATE_REASON,
        )
    except DiscordError as error:
        # Where nobody knows whether it took place, the job settles it.
        if not (isinstance(error, Unreachable) and error.ambiguous):
            async with work.units() as uow:
                await lock_guild(uow.session, guild_id)
                await _forget(uow, guild_id, intent.intent_id)
        if isinstance(error, TooMany):
            raise Conflict(
                "Discord takes no more invites to this server. Delete some.",
                ConflictReason.LIMIT_REACHED,
                logged_as="failed_to_save",
            ) from None
        raise


async def _follow(uow: UnitOfWork, access: GuildAccess, intent_id: str, made: DiscordInvite) -> KnownInvite | None:
    """Let the invite that was meant be followed; None where it is not wanted any more. Hold the guild's lock."""
    guild_id = access.guild_id
    intent = await repository.find_intent(uow.session, guild_id, intent_id)
    if intent is None:
        return None
    await _forget(uow, guild_id, intent_id)
    expires_at = intent.created_at + timedelta(seconds=intent.max_age)
    row = await repository.find_invite(uow.session, guild_id, made.code)
    if row is not None:  # the gateway was quicker, and took Husqy itself for who made it
        row.owner_id, row.expires_at = intent.owner_id, expires_at
    else:
        made = replace(made, channel_id=intent.channel_id, max_uses=intent.max_uses)
        row = await service.add_invite(uow, guild_id, made, intent.owner_id, expires_at)
        uow.log(access, LogEvent.INVITE_CREATED, name=made.code, channel_id=intent.channel_id)
        uow.count(access, Metric.INVITE_TRACKER_INVITE_CREATED, user_id=intent.owner_id)
    after = {"channel_id": str(intent.channel_id), "max_age": intent.max_age, "max_uses": intent.max_uses}
    uow.audit(access, AuditAction.INVITE_CREATE, f"invite {made.code}", after=after)
    return row


async def _forget(uow: UnitOfWork, guild_id: int, intent_id: str) -> None:
    await uow.cancel(guild_id, _key(intent_id))
    intent = await repository.find_intent(uow.session, guild_id, intent_id)
    if intent is not None:
        await uow.session.delete(intent)
        await uow.session.flush()


async def _is_known(uow: UnitOfWork, guild_id: int, found: DiscordInvite, own_id: int) -> bool:
    """Whether an invite is followed, or will be because Husqy itself is just making it."""
    if await repository.find_invite(uow.session, guild_id, found.code) is not None:
        return True
    if found.inviter_id != own_id or None in {found.channel_id, found.max_age, found.max_uses}:
        return False
    return await repository.is_meant(
        uow.session, guild_id, found.channel_id or 0, found.max_age or 0, found.max_uses or 0
    )


def _is_meant(intent: InviteIntent, invite: DiscordInvite, own_id: int) -> bool:
    same = (invite.channel_id, invite.max_age, invite.max_uses, invite.inviter_id) == (
        intent.channel_id,
        intent.max_age,
        intent.max_uses,
        own_id,
    )
    return same and invite.created_at is not None and invite.created_at >= intent.created_at - CLOCKS_DIFFER


def _key(intent_id: str) -> str:
    return f"invite:{intent_id}"
