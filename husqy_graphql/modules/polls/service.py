"""The rules of polls. Source: polls.md, sections 3, 4 and 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from husqy_graphql.core.access import GuildAccess, require_owner
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, Forbidden, NotFound
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.privacy import MemberNames, erase_names
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.lifecycle import StoredTexts, require_enabled, require_guild
from husqy_graphql.modules.polls import repository
from husqy_graphql.modules.polls.models import Poll, PollAnswerType, PollsSettings, PollType
from husqy_graphql.modules.polls.repository import FullPoll

TEXT_MAX = 3_500  # characters of question and description together
QUESTION_MAX = 300
SAVE_DURATION_MAX = 315_360_000  # seconds: ten years
SHOW_VOTES_AFTER = timedelta(seconds=1)  # so that many votes at once become one edit of the message
NO_POLL = "There is no such poll in this server."
ENDED = "This poll has ended."
_HIDDEN = frozenset({"question", "description"})


def object_key(poll_id: str) -> str:
    """How a poll is named in jobs."""
    return f"poll:{poll_id}"


async def create(uow: UnitOfWork, access: GuildAccess, _: Any) -> None:
    """Make the default settings."""
    uow.session.add(PollsSettings(guild_id=access.guild_id))


async def require_settings(uow: UnitOfWork, guild_id: int) -> PollsSettings:
    """The settings of a guild that has the module on, with the guild locked. Raises NotFound, or Conflict."""
    await require_enabled(uow, guild_id, ModuleName.POLLS)
    row = await repository.find_settings(uow.session, guild_id)
    if row is None:
        raise NotFound("Nothing is stored for the polls of this server.", logged_as="settings_not_found")
    return row


async def update_settings(uow: UnitOfWork, access: GuildAccess, changes: Mapping[str, Any]) -> PollsSettings:
    """Change settings by column. Raises NotFound, Conflict (module off), BadUserInput for no number of seconds."""
    row = await require_settings(uow, access.guild_id)
    seconds = changes.get("save_duration_timeout")
    if seconds is not None and not 0 <= seconds <= SAVE_DURATION_MAX:
        raise BadUserInput(
            "Polls cannot be kept for so long.",
            {"input.saveDurationTimeout": f"must be from 0 to {SAVE_DURATION_MAX} seconds"},
        )
    before = {column: getattr(row, column) for column in changes}
    for column, value in changes.items():
        setattr(row, column, value)
    if before != changes:
        uow.audit(access, AuditAction.POLLS_SETTINGS_UPDATE, "polls", before=before, after=changes)
    if changes:
        uow.log(access, LogEvent.MODULES, action="changed", module="polls")
    return row


async def find_poll(uow: UnitOfWork, guild_id: int, poll_id: str) -> FullPoll:
    """A poll that members see. Raises NotFound, or Conflict (module off)."""
    await require_settings(uow, guild_id)
    row = await repository.find_poll(uow.session, guild_id, poll_id)
    if row is None or not row.published:
        raise NotFound(NO_POLL, logged_as="poll_not_found")
    return await repository.load_full(uow.session, row)


async def find_own_poll(
    uow: UnitOfWork, access: GuildAccess, poll_id: str, *, administers: bool, foreign: str
) -> FullPoll:
    """A poll that the caller may end or delete; `administers` says whether the caller is an administrator in person,
    who stands in for an owner whose data was erased. Raises what `find_poll` raises, BadUserInput for Husqy on behalf
    of nobody, and Forbidden for who does not own it, or (with this text) for a poll that somebody else's client sent.
    """
    poll = await find_poll(uow, access.guild_id, poll_id)
    _require_owner(access, poll.row, administers=administers)
    if poll.row.type == PollType.DISCORD.value and not poll.row.sent_by_husqy:
        raise Forbidden(foreign, logged_as="unable_to_edit_discord_poll")
    return poll


async def update_poll(
    uow: UnitOfWork, access: GuildAccess, poll_id: str, changes: Mapping[str, Any], *, administers: bool
) -> FullPoll:
    """Change an open poll of Husqy's own kind by column. Votes stay.

    Raises what `find_poll` raises, BadUserInput for texts and numbers that cannot be, Forbidden for who does not own
    it, Conflict (WRONG_STATE) for a poll of Discord's kind, one that has ended, and for one that would tell whom
    members voted for who did so anonymously.
    """
    poll = await find_poll(uow, access.guild_id, poll_id)
    row = poll.row
    _require_owner(access, row, administers=administers)
    if row.type == PollType.DISCORD.value:
        raise Conflict(
            "A poll of Discord's own kind cannot be changed.",
            ConflictReason.WRONG_STATE,
            logged_as="unable_to_edit_discord_poll",
        )
    if row.ended:
        raise Conflict(ENDED, ConflictReason.WRONG_STATE)
    check_texts(
        changes.get("question", row.question),
        changes.get("description", row.description),
        changes.get("max_votes_per_answer", row.max_votes_per_answer),
    )
    if row.is_anonymous and changes.get("is_anonymous") is False and poll.votes:
        raise Conflict(
            "Members have voted in this poll because it was anonymous, so it must stay so.", ConflictReason.WRONG_STATE
        )
    before = {column: getattr(row, column) for column in changes}
    for column, value in changes.items():
        setattr(row, column, value)
    if before != changes:
        uow.audit(access, AuditAction.POLL_UPDATE, f"poll {poll_id}", before=before, after=changes, hidden=_HIDDEN)
        uow.effect(access.guild_id, JobKind.POLL_SHOW, object_key(poll_id))
    uow.log(access, LogEvent.POLLS_EDITED, name=shown(row))
    return poll


async def delete_poll(uow: UnitOfWork, access: GuildAccess, poll: FullPoll) -> None:
    """Delete a poll that the caller may delete, and its message."""
    row = poll.row
    await _remove(uow, row, delete_message=True)
    uow.audit(access, AuditAction.POLL_DELETE, f"poll {row.poll_id}")
    uow.log(access, LogEvent.POLLS_DELETED, name=shown(row))
    uow.count(access, Metric.POLLS_POLL_DELETED)


async def forget_deleted_message(uow: UnitOfWork, guild_id: int, channel_id: int, message_id: int) -> Poll | None:
    """Delete the poll whose message was deleted on Discord; None where that was no poll. Raises NotFound, Conflict."""
    await require_settings(uow, guild_id)
    row = await repository.find_poll_by_message(uow.session, guild_id, channel_id, message_id)
    if row is not None:
        await _remove(uow, row, delete_message=False)
        uow.announce(guild_id, AuditAction.POLL_DELETE, f"poll {row.poll_id}")
    return row


async def end_poll(uow: UnitOfWork, settings: PollsSettings, poll: Poll) -> None:
    """Let an open poll end now, with what follows on Discord; hold the guild's lock."""
    now = uow.clock()
    key = object_key(poll.poll_id)
    poll.end_time, poll.ended = now, True
    delete_at = poll.delete_at = later(now, settings.save_duration_timeout)
    await uow.cancel(poll.guild_id, key, JobKind.POLL_END)
    uow.timer(poll.guild_id, JobKind.POLL_PURGE, key, delete_at)
    if poll.type == PollType.HUSQY.value:
        uow.effect(poll.guild_id, JobKind.POLL_SHOW, key)
        if poll.answer_type == PollAnswerType.EMOJI.value:
            uow.effect(poll.guild_id, JobKind.POLL_UNREACT, key)
    if poll.sent_by_husqy:
        uow.effect(poll.guild_id, JobKind.POLL_NOTICE, key)


async def close_poll(uow: UnitOfWork, access: GuildAccess, poll: FullPoll) -> None:
    """End a poll that the caller may end. Raises Conflict (WRONG_STATE) for one that has ended."""
    row = poll.row
    if row.ended:
        raise Conflict(ENDED, ConflictReason.WRONG_STATE)
    await end_poll(uow, await require_settings(uow, access.guild_id), row)
    uow.audit(access, AuditAction.POLL_CLOSE, f"poll {row.poll_id}", before={"ended": False}, after={"ended": True})
    uow.log(access, LogEvent.POLLS_CLOSED_MANUALLY, name=shown(row))
    uow.count(access, Metric.POLLS_POLL_MANUALLY_CLOSED)


async def purge_poll(uow: UnitOfWork, settings: PollsSettings, row: Poll) -> None:
    """Delete a poll whose time is over, and its message where the guild wants that."""
    discord = row.type == PollType.DISCORD.value
    wanted = settings.delete_ended_discord_polls if discord else settings.delete_ended_husqy_polls
    await _remove(uow, row, delete_message=wanted)
    uow.announce(row.guild_id, AuditAction.POLL_DELETE, f"poll {row.poll_id}")


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete everything of a guild; its messages stay."""
    await uow.cancel_module(guild_id, ModuleName.POLLS)
    settings, polls = await repository.delete_of_guild(uow.session, guild_id)
    return {"settings": settings, "polls": polls}


async def stored_texts(reads: Reads, guild_id: int) -> StoredTexts:
    """Questions, descriptions and answers; owners, and each voter once for each answer."""
    return StoredTexts(*await repository.stored_texts(reads, guild_id))


async def erase_member(uow: UnitOfWork, guild_id: int, names: MemberNames) -> None:
    """Let votes and polls of the member stay without the member, and replace the names in texts. Raises NotFound."""
    await require_guild(uow, guild_id)
    changed = await repository.forget_member(uow.session, guild_id, names.user_id)
    for poll in await repository.polls_in(uow.session, guild_id):
        row = poll.row
        before = _texts_of(poll)
        row.question = erase_names(row.question, names)[:QUESTION_MAX]
        row.description = row.description and erase_names(row.description, names)
        for answer in poll.answers:
            answer.row.answer_text = erase_names(answer.row.answer_text, names)[:QUESTION_MAX]
            for column in ("label", "description"):
                text = getattr(answer.row, column)
                setattr(answer.row, column, text and erase_names(text, names)[:100])
        if before != _texts_of(poll):
            changed.add(row.poll_id)
        if row.poll_id in changed and row.published and row.type == PollType.HUSQY.value:
            uow.effect(guild_id, JobKind.POLL_SHOW, object_key(row.poll_id))


async def member_left(uow: UnitOfWork, guild_id: int, user_id: int) -> None:
    """The same for a member who left, but for names in texts."""
    await repository.forget_member(uow.session, guild_id, user_id)


def check_texts(question: str, description: str | None, max_votes_per_answer: int) -> None:
    """Raise BadUserInput with every fault of what a poll says and allows."""
    faults: dict[str, str] = {}
    if not (question.strip() and len(question) <= QUESTION_MAX):
        faults["input.question"] = f"must have 1 to {QUESTION_MAX} characters, and not blanks alone"
    elif len(question) + len(description or "") > TEXT_MAX:
        faults["input.description"] = f"must have at most {TEXT_MAX} characters together with the question"
    if not 1 <= max_votes_per_answer <= 1_000:
        faults["input.maxVotesPerAnswer"] = "must be from 1 to 1000"
    if faults:
        raise BadUserInput("The poll cannot be asked like this.", faults)


def later(at: datetime, seconds: int) -> datetime:
    """A time so many seconds later."""
    return at + timedelta(seconds=seconds)


def shown(row: Poll) -> str:
    """A poll as the logs name it: by its id, which keeps anonymous polls and what members wrote out of them."""
    return row.poll_id


def _require_owner(access: GuildAccess, row: Poll, *, administers: bool) -> None:
    stands_in = row.owner_id is None and administers
    only = "Only the owner of a poll may do this."
    require_owner(access.actor, row.owner_id, only, stands_in=stands_in, logged_as="not_owner")


async def _remove(uow: UnitOfWork, row: Poll, *, delete_message: bool) -> None:
    key = object_key(row.poll_id)
    await uow.cancel(row.guild_id, key)
    await repository.delete_poll(uow.session, row)
    if delete_message and row.message_id is not None:
        uow.effect(
            row.guild_id,
            JobKind.POLL_MESSAGE_DELETE,
            key,
            channel_id=row.channel_id,
            message_id=row.message_id,
        )


def _texts_of(poll: FullPoll) -> list[Any]:
    rows = [answer.row for answer in poll.answers]
    return [poll.row.question, poll.row.description, *((row.answer_text, row.label, row.description) for row in rows)]


def show_votes(uow: UnitOfWork, poll: Poll) -> None:
    """Let the message of a poll of Husqy's own kind show its votes soon."""
    if poll.type == PollType.HUSQY.value:
        uow.effect(poll.guild_id, JobKind.POLL_SHOW, object_key(poll.poll_id), delay=SHOW_VOTES_AFTER)
