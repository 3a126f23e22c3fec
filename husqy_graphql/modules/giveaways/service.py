"""The rules of giveaways. Source: giveaways.md, sections 3, 4 and 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from husqy_graphql.core.access import GuildAccess, require_owner
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, NotFound
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.privacy import MemberNames, erase_names
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.lifecycle import StoredTexts, require_enabled, require_guild
from husqy_graphql.modules.giveaways import repository
from husqy_graphql.modules.giveaways.models import DESCRIPTION_MAX, PRIZE_MAX, Giveaway, GiveawaysSettings
from husqy_graphql.modules.giveaways.repository import FullGiveaway

SAVE_DURATION_MAX = 315_360_000  # seconds: ten years
WINNERS_MAX = 100
SHOW_AFTER = timedelta(seconds=1)  # so that many who enter at once become one edit of the message
ENDED = "This giveaway has ended."
_HIDDEN = frozenset({"prize", "description"})


def object_key(giveaway_id: str) -> str:
    """How a giveaway is named in jobs."""
    return f"giveaway:{giveaway_id}"


def target_of(giveaway_id: str) -> str:
    """How a giveaway is named in the audit log and to subscribers."""
    return f"giveaway {giveaway_id}"


async def create(uow: UnitOfWork, access: GuildAccess, _: Any) -> None:
    """Make the default settings."""
    uow.session.add(GiveawaysSettings(guild_id=access.guild_id))


async def require_settings(uow: UnitOfWork, guild_id: int) -> GiveawaysSettings:
    """The settings of a guild that has the module on, with the guild locked. Raises NotFound, or Conflict."""
    await require_enabled(uow, guild_id, ModuleName.GIVEAWAYS)
    row = await repository.find_settings(uow.session, guild_id)
    if row is None:
        raise NotFound("Nothing is stored for the giveaways of this server.", logged_as="settings_not_found")
    return row


async def update_settings(uow: UnitOfWork, access: GuildAccess, changes: Mapping[str, Any]) -> GiveawaysSettings:
    """Change settings by column; giveaways that are there keep their times.

    Raises NotFound, Conflict (module off), BadUserInput for null and for no number of seconds.
    """
    row = await require_settings(uow, access.guild_id)
    faults = {
        _FIELDS[column]: "must not be null: leave it out to keep it" for column in changes if changes[column] is None
    }
    seconds = changes.get("save_duration_timeout")
    if seconds is not None and not 0 <= seconds <= SAVE_DURATION_MAX:
        faults[_FIELDS["save_duration_timeout"]] = f"must be from 0 to {SAVE_DURATION_MAX} seconds"
    if faults:
        raise BadUserInput("Giveaways cannot be kept like this.", faults)
    before = {column: getattr(row, column) for column in changes}
    for column, value in changes.items():
        setattr(row, column, value)
    if before != changes:
        uow.audit(access, AuditAction.GIVEAWAYS_SETTINGS_UPDATE, "giveaways", before=before, after=changes)
    if changes:
        uow.log(access, LogEvent.MODULES, action="changed", module="giveaways")
    return row


async def find_giveaway(uow: UnitOfWork, guild_id: int, giveaway_id: str) -> Giveaway:
    """A giveaway that members see. Raises NotFound, or Conflict (module off)."""
    await require_settings(uow, guild_id)
    row = await repository.find_giveaway(uow.session, guild_id, giveaway_id)
    if row is None or not row.published:
        raise NotFound("There is no such giveaway in this server.", logged_as="not_found")
    return row


async def find_own_giveaway(uow: UnitOfWork, access: GuildAccess, giveaway_id: str, *, administers: bool) -> Giveaway:
    """A giveaway that the caller may change; `administers` says whether the caller is an administrator in person, who
    stands in for an owner whose data was erased. Raises what `find_giveaway` raises, BadUserInput for Husqy on behalf
    of nobody, and Forbidden for who does not own it."""
    row = await find_giveaway(uow, access.guild_id, giveaway_id)
    stands_in = row.owner_id is None and administers
    only = "Only the owner of a giveaway may do this."
    require_owner(access.actor, row.owner_id, only, stands_in=stands_in, logged_as="not_owner")
    return row


async def update_giveaway(
    uow: UnitOfWork, access: GuildAccess, giveaway_id: str, changes: Mapping[str, Any], *, administers: bool
) -> FullGiveaway:
    """Change a running giveaway by column.

    Raises what `find_own_giveaway` raises, BadUserInput for texts and numbers that cannot be, and Conflict
    (WRONG_STATE) for one that has ended.
    """
    row = await find_own_giveaway(uow, access, giveaway_id, administers=administers)
    check_texts(changes.get("prize", row.prize), changes.get("description", row.description))
    check_winner_count(changes.get("winner_count", row.winner_count))
    require_running(uow, row)
    before = {column: getattr(row, column) for column in changes}
    for column, value in changes.items():
        setattr(row, column, value)
    if before != changes:
        target = target_of(giveaway_id)
        uow.audit(access, AuditAction.GIVEAWAY_UPDATE, target, before=before, after=changes, hidden=_HIDDEN)
        uow.effect(access.guild_id, JobKind.GIVEAWAY_SHOW, object_key(giveaway_id))
    if changes:
        uow.log(access, LogEvent.GIVEAWAYS_EDITED, name=row.giveaway_id)
    return await repository.load_full(uow.session, row)


async def delete_giveaway(uow: UnitOfWork, access: GuildAccess, row: Giveaway) -> FullGiveaway:
    """Delete a giveaway that the caller may delete, and its message; the giveaway that is gone."""
    full = await repository.load_full(uow.session, row)
    await remove(uow, row, delete_message=True)
    uow.audit(access, AuditAction.GIVEAWAY_DELETE, target_of(row.giveaway_id))
    uow.log(access, LogEvent.GIVEAWAYS_DELETED, name=row.giveaway_id)
    uow.count(access, Metric.GIVEAWAYS_GIVEAWAY_DELETED)
    return full


async def remove(uow: UnitOfWork, row: Giveaway, *, delete_message: bool) -> None:
    """Delete a giveaway with all that was to be done for it."""
    key = object_key(row.giveaway_id)
    await uow.cancel(row.guild_id, key)
    await repository.delete_giveaway(uow.session, row)
    if delete_message and row.message_id is not None:
        uow.effect(
            row.guild_id,
            JobKind.GIVEAWAY_MESSAGE_DELETE,
            key,
            channel_id=row.channel_id,
            message_id=row.message_id,
        )


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete everything of a guild; its messages stay."""
    await uow.cancel_module(guild_id, ModuleName.GIVEAWAYS)
    settings, giveaways = await repository.delete_of_guild(uow.session, guild_id)
    return {"settings": settings, "giveaways": giveaways}


async def stored_texts(reads: Reads, guild_id: int) -> StoredTexts:
    """Prizes and descriptions; owners, participants, and winners of every draw."""
    return StoredTexts(*await repository.stored_texts(reads, guild_id))


async def erase_member(uow: UnitOfWork, guild_id: int, names: MemberNames) -> None:
    """Take the member out of giveaways, and let what the member owns and has won stay without the member; replace the
    names in texts. Raises NotFound."""
    await require_guild(uow, guild_id)
    changed = await repository.forget_member(uow.session, guild_id, names.user_id)
    for row in await repository.giveaways_in(uow.session, guild_id):
        before = (row.prize, row.description)
        row.prize = erase_names(row.prize, names)[:PRIZE_MAX]
        row.description = row.description and erase_names(row.description, names)[:DESCRIPTION_MAX]
        if row.id in changed or before != (row.prize, row.description):
            _show(uow, row)


async def member_left(uow: UnitOfWork, guild_id: int, user_id: int) -> None:
    """The same for a member who left, but for names in texts."""
    changed = await repository.forget_member(uow.session, guild_id, user_id)
    for row in await repository.giveaways_in(uow.session, guild_id) if changed else ():
        if row.id in changed:
            _show(uow, row)


def _show(uow: UnitOfWork, row: Giveaway) -> None:
    if row.published:
        uow.effect(row.guild_id, JobKind.GIVEAWAY_SHOW, object_key(row.giveaway_id))


def check_texts(prize: str | None, description: str | None) -> None:
    """Raise BadUserInput with every fault of what a giveaway says."""
    faults: dict[str, str] = {}
    if prize is None or not (prize.strip() and len(prize) <= PRIZE_MAX):
        faults["input.prize"] = f"must have 1 to {PRIZE_MAX} characters, and not blanks alone"
    if len(description or "") > DESCRIPTION_MAX:
        faults["input.description"] = f"must have at most {DESCRIPTION_MAX} characters"
    if faults:
        raise BadUserInput("The giveaway cannot be offered like this.", faults)


def check_winner_count(winner_count: int | None) -> None:
    """Raise BadUserInput for a number of winners that cannot be."""
    if winner_count is None or not 1 <= winner_count <= WINNERS_MAX:
        raise BadUserInput(
            "A giveaway cannot have so many winners.",
            {"input.winnerCount": f"must be from 1 to {WINNERS_MAX}"},
            logged_as="invalid_winner_count",
        )


def has_ended(row: Any, now: datetime) -> bool:
    """Whether its time is up, be it that nobody has noticed yet."""
    return row.closed or row.end_time <= now


def require_running(uow: UnitOfWork, row: Giveaway) -> None:
    """Raise Conflict (WRONG_STATE) for a giveaway whose time is up."""
    if has_ended(row, uow.clock()):
        raise Conflict(ENDED, ConflictReason.WRONG_STATE)


_FIELDS = {
    "save_duration_timeout": "input.saveDurationTimeout",
    "delete_ended_giveaways": "input.deleteEndedGiveaways",
}
