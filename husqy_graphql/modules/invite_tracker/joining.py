"""Who joined by which invite, and who of them left. Source: invite-tracker.md, section 4, "Join state machine".

Discord tells how often an invite was used, never by whom. So each new use that is seen in its list waits, for a while,
for the report of a member who joined: reports take waiting uses one by one under the guild's lock. What is read of
Discord before that lock may be older than what another process has read; counts only grow, so the higher one is true.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import uuid4

from husqy_graphql.core.access import GuildAccess, require_acting_user_id
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import Conflict, ConflictReason, NotFound
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.db.guilds import NO_GUILD
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import BotPort, DiscordInvite
from husqy_graphql.lifecycle import Work
from husqy_graphql.modules.invite_tracker import repository, service
from husqy_graphql.modules.invite_tracker.finding import find_deletions
from husqy_graphql.modules.invite_tracker.models import InviteTrackerSettings, InviteUse, KnownInvite


class JoinOutcome(Enum):
    """What became of the report that somebody joined."""

    TRACKED = "tracked"
    NOT_TRACKED = "not_tracked"
    OWN_INVITE = "own_invite"
    NO_KNOWN_INVITE = "no_known_invite"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Joined:
    """What became of it, with the use where one was stored."""

    outcome: JoinOutcome
    use: InviteUse | None = None


@dataclass(frozen=True, slots=True)
class _Joiner:
    """Who joined; `present` is false for who has left since. `joined_at` is Discord's."""

    user_id: int
    present: bool
    bot: bool
    joined_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Listed:
    """What Discord tells of a guild's invites, beside the rows that were known before it was asked."""

    invites: dict[str, DiscordInvite]
    deleted: Collection[str]
    asked_about: Collection[int]


async def check_join(work: Work, access: GuildAccess) -> Joined:
    """Credit the member who joined, for whom Husqy acts, to an invite.

    Raises NotFound, Conflict (module off, DUPLICATE when this stay was reported before), BadUserInput without an
    acting member, and what Discord answers.
    """
    guild_id = access.guild_id
    async with work.units() as uow:
        await service.require_settings(uow, guild_id)
        user_id = require_acting_user_id(access.actor)
        known = await repository.invites_in(uow.session, guild_id)
    joiner = await _find_joiner(work.bot, guild_id, user_id)
    if joiner.bot:
        return Joined(JoinOutcome.BOT)
    listed = await _list(work.bot, guild_id, known)
    async with work.units() as uow:
        settings = await service.require_settings(uow, guild_id)
        await _begin_stay(uow, guild_id, joiner)
        rows = await repository.invites_in(uow.session, guild_id)
        for row in rows:
            _compare(row, listed, uow.clock())
        invite = _take(rows)
        for row in rows:
            if row.gone and not row.pending_uses:
                await uow.session.delete(row)
        return await _credit(uow, access, settings, joiner, invite)


async def check_leave(work: Work, access: GuildAccess) -> InviteUse | None:
    """End the stay of the member who left, for whom Husqy acts; None where it is not followed.

    Raises NotFound, Conflict (module off), and BadUserInput without an acting member.
    """
    async with work.units() as uow:
        settings = await service.require_settings(uow, access.guild_id)
        user_id = require_acting_user_id(access.actor)
        uses = await repository.open_uses(uow.session, access.guild_id, user_id)
        if not uses:
            return None
        for each in uses:
            each.has_left = True
        use = uses[0]
        uow.log(access, LogEvent.INVITE_BASED_LEAVE, member_id=use.inviter_id)
        uow.announce(access.guild_id, AuditAction.INVITE_LEAVE, f"invite {use.code}", "uses")
        if settings.leave_messages_enabled:
            await _announce(uow, JobKind.INVITE_LEAVE_MESSAGE, access.guild_id, user_id, use.inviter_id, use.code)
        return use


def set_exhausted(row: KnownInvite, now: datetime) -> bool:
    """Let an invite that is gone from Discord wait for who took its last uses; False where it was not used up."""
    left = (row.max_uses or 0) - row.current_uses
    if left <= 0 or (row.expires_at is not None and row.expires_at <= now):
        return False
    row.pending_uses += left
    row.current_uses += left
    row.pending_since = now
    row.gone = True
    return True


async def _find_joiner(bot: BotPort, guild_id: int, user_id: int) -> _Joiner:
    member = await bot.member(guild_id, user_id)
    if member is not None:
        return _Joiner(user_id, present=True, bot=member.user.bot, joined_at=member.joined_at)
    user = await bot.user(user_id)
    if user is None:
        raise NotFound("Discord knows nobody by this id.")
    return _Joiner(user_id, present=False, bot=user.bot, joined_at=None)


async def _list(bot: BotPort, guild_id: int, known: Sequence[KnownInvite]) -> _Listed:
    found = await bot.guild_invites(guild_id)
    if found is None:
        raise NotFound(NO_GUILD)
    invites = {invite.code: invite for invite in found}
    # Whether a limited one was used up or deleted, only the audit log tells.
    vanished = any(row.max_uses and not row.gone and row.code not in invites for row in known)
    deleted = set(await find_deletions(bot, guild_id)) if vanished else set[str]()
    return _Listed(invites, deleted, {row.id for row in known})


async def _begin_stay(uow: UnitOfWork, guild_id: int, joiner: _Joiner) -> None:
    """End older stays of the member whose end was missed. Raises Conflict when this one was reported before."""
    for use in await repository.open_uses(uow.session, guild_id, joiner.user_id):
        if use.joined_at is None or joiner.joined_at is None or use.joined_at == joiner.joined_at:
            raise Conflict("This member's joining was reported already.", ConflictReason.DUPLICATE)
        use.has_left = True


def _compare(row: KnownInvite, listed: _Listed, now: datetime) -> None:
    """Let the uses that are new at Discord wait for their report, and those that waited too long wait no more."""
    if row.pending_since is not None and row.pending_since + service.PENDING_LIFE <= now:
        row.pending_uses, row.pending_since = 0, None
    invite = listed.invites.get(row.code)
    if invite is None:
        # One that was stored after the list was read is missing for that reason.
        if row.id in listed.asked_about and not row.gone:
            row.gone = True
            if row.code not in listed.deleted:
                set_exhausted(row, now)
    elif invite.uses is not None and invite.uses > row.current_uses:
        row.pending_uses += invite.uses - row.current_uses
        row.current_uses = invite.uses
        row.pending_since = now


def _take(rows: Sequence[KnownInvite]) -> KnownInvite | None:
    """Take a use that waits: of an invite that is there before one that is gone, the one that waits longest first."""
    waiting = [row for row in rows if row.pending_uses and row.pending_since is not None]
    if not waiting:
        return None
    row = min(waiting, key=lambda each: (each.gone, each.pending_since, each.id))
    row.pending_uses -= 1
    return row


async def _credit(
    uow: UnitOfWork,
    access: GuildAccess,
    settings: InviteTrackerSettings,
    joiner: _Joiner,
    invite: KnownInvite | None,
) -> Joined:
    event, guild_id = LogEvent.INVITE_BASED_JOIN, access.guild_id
    if invite is None:
        uow.log(access, event, succeeded=False, reason="join_failed_no_known_invite_found")
        return Joined(JoinOutcome.NO_KNOWN_INVITE)
    if settings.prevent_own_invite_code and invite.owner_id == joiner.user_id:
        uow.log(access, event, succeeded=False, reason="join_ignored_joined_is_inviter")
        return Joined(JoinOutcome.OWN_INVITE)
    use: InviteUse | None = None
    if await service.is_collectable(uow, guild_id, joiner.user_id, invite.owner_id):
        use = InviteUse(
            guild_id=guild_id,
            code=invite.code,
            channel_id=invite.channel_id,
            # Of who has left already, no name is kept.
            member_id=joiner.user_id if joiner.present else None,
            inviter_id=invite.owner_id,
            timestamp=uow.clock(),
            joined_at=joiner.joined_at,
            has_left=not joiner.present,
        )
        uow.session.add(use)
        await uow.session.flush()
        uow.log(access, event, member_id=invite.owner_id)
        uow.announce(guild_id, AuditAction.INVITE_JOIN, f"invite {invite.code}", "uses")
    else:
        uow.log(access, event, succeeded=False, reason="joined_failed_to_track")
    if settings.join_messages_enabled and joiner.present:
        await _announce(uow, JobKind.INVITE_JOIN_MESSAGE, guild_id, joiner.user_id, invite.owner_id, invite.code)
    return Joined(JoinOutcome.NOT_TRACKED if use is None else JoinOutcome.TRACKED, use)


async def _announce(
    uow: UnitOfWork, kind: JobKind, guild_id: int, user_id: int, inviter_id: int | None, code: str
) -> None:
    count = None
    if inviter_id is not None:
        await uow.session.flush()
        count = await repository.count_present(uow.session, guild_id, inviter_id, service.since(uow.clock()))
    uow.effect(guild_id, kind, f"message:{uuid4()}", user_id=user_id, inviter_id=inviter_id, code=code, count=count)
