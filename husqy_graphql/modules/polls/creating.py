"""What a new poll must be, and the rows of one. Source: polls.md, section 4 and its order of checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from husqy_graphql.core.access import GuildAccess, ServiceActor, acting_user_id, require_acting_user_id
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.durations import parse_duration
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, Forbidden
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.limits import Limit
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.db.guilds import is_premium
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.lifecycle import require_data_collection, require_room
from husqy_graphql.modules.polls import repository, service
from husqy_graphql.modules.polls.models import Poll, PollAnswer, PollAnswerType, PollType
from husqy_graphql.modules.polls.repository import FullPoll
from husqy_graphql.sending import SETTLE_AFTER

HOUR = timedelta(hours=1)
DISCORD_HOURS_MAX = 768
ANSWER_MAX, DISCORD_ANSWER_MAX = 300, 55  # characters
BUTTON_MAX, DROPDOWN_MAX = 80, 100

_ANSWERS = {
    PollAnswerType.EMOJI: Limit.POLLS_EMOJI_ANSWERS,
    PollAnswerType.BUTTON: Limit.POLLS_BUTTON_ANSWERS,
    PollAnswerType.DROPDOWN: Limit.POLLS_DROPDOWN_ANSWERS,
}


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An answer that is to be offered; `votes` must be empty."""

    answer_text: str
    label: str | None
    description: str | None
    emoji_name: str | None
    emoji_id: int | None
    votes: Sequence[int]


@dataclass(frozen=True, slots=True)
class NewPoll:
    """A poll that is to be asked. With a `message_id` it stands on Discord already."""

    channel_id: int
    type: PollType
    answer_type: PollAnswerType
    message_id: int | None
    duration: str | None
    question: str
    description: str | None
    answers: Sequence[NewAnswer]
    is_multi_select: bool
    is_anonymous: bool
    max_votes_per_answer: int
    owner_id: int

    @property
    def is_native(self) -> bool:
        """Whether it is of Discord's own kind."""
        return self.type is PollType.DISCORD


async def check_creator(uow: UnitOfWork, access: GuildAccess, new: NewPoll) -> None:
    """Raise unless the caller may make a poll for this owner: NotFound, Conflict (module off), Forbidden for who
    reports a message and is not Husqy itself, or forbids that data is collected, and BadUserInput for Husqy on behalf
    of nobody."""
    await service.require_settings(uow, access.guild_id)
    if new.message_id is not None and not isinstance(access.actor, ServiceActor):
        raise Forbidden("Only Husqy itself may report a poll that stands on Discord: leave `messageId` out.")
    if new.message_id is None and isinstance(access.actor, ServiceActor):
        require_acting_user_id(access.actor)
    people = (new.owner_id, acting_user_id(access.actor))
    await require_data_collection(uow, access.guild_id, *people, logged_as="prevent_data_collection")


async def store_poll(uow: UnitOfWork, access: GuildAccess, new: NewPoll) -> FullPoll:
    """Write down a poll that is to be sent, which nobody sees yet, and what settles it should we crash.

    Raises what `check_creator` raises, then Conflict (LIMIT_REACHED, DUPLICATE) and BadUserInput in the order of the
    numbered checks.
    """
    await check_creator(uow, access, new)
    if new.message_id is not None:
        await _check_reported(uow, access, new)
    if not new.is_native:
        open_polls = await repository.count_open(uow.session, access.guild_id)
        await require_room(uow, access.guild_id, Limit.POLLS_OPEN, open_polls, logged_as="limit_reached")
    await _check_number_of_answers(uow, access, new)
    duration = _duration(new)
    service.check_texts(new.question, None if new.is_native else new.description, _max_votes(new))
    _check_answers(new)
    now = uow.clock()
    row = Poll(
        guild_id=access.guild_id,
        poll_id=str(uuid4()),
        channel_id=new.channel_id,
        message_id=new.message_id,
        published=False,
        type=new.type.value,
        answer_type=new.answer_type.value,
        question=new.question,
        description=None if new.is_native else new.description,
        is_anonymous=new.is_anonymous and not new.is_native,
        is_multi_select=new.is_multi_select,
        max_votes_per_answer=_max_votes(new),
        sent_by_husqy=new.message_id is None,
        owner_id=new.owner_id,
        created_at=now,
        end_time=None if duration is None else now + duration,
        delete_at=None,
    )
    uow.session.add(row)
    await uow.session.flush()
    for place, answer in enumerate(new.answers, 1):
        uow.session.add(
            PollAnswer(
                guild_id=access.guild_id,
                poll_row_id=row.id,
                answer_id=place,
                answer_text=answer.answer_text,
                label=answer.label,
                description=answer.description,
                emoji_name=answer.emoji_name,
                emoji_id=answer.emoji_id,
            )
        )
        await uow.session.flush()  # one by one: their ids are their order
    if new.message_id is None:
        key = service.object_key(row.poll_id)
        uow.effect(access.guild_id, JobKind.POLL_SETTLE, key, delay=SETTLE_AFTER)
    return await repository.load_full(uow.session, row)


async def publish_poll(
    uow: UnitOfWork, access: GuildAccess, poll_id: str, message_id: int, ends_at: datetime | None
) -> FullPoll | None:
    """Note that the message of a poll stands, and let its life begin; None where the poll is not wanted any more.

    `ends_at` is the end that Discord gave a poll of its own kind.
    """
    settings = await repository.find_settings(uow.session, access.guild_id)
    row = await repository.find_poll(uow.session, access.guild_id, poll_id)
    if settings is None or row is None:
        return None
    poll = await repository.load_full(uow.session, row)
    if row.published:
        return poll if row.message_id == message_id else None
    key = service.object_key(poll_id)
    row.message_id, row.published = message_id, True
    end_time = row.end_time = ends_at or row.end_time
    await uow.cancel(access.guild_id, key, JobKind.POLL_SETTLE)
    if end_time is not None:
        row.delete_at = service.later(end_time, settings.save_duration_timeout)
        uow.timer(access.guild_id, JobKind.POLL_END, key, end_time)
    if row.type == PollType.HUSQY.value and row.answer_type == PollAnswerType.EMOJI.value:
        for answer in poll.answers:
            uow.effect(access.guild_id, JobKind.POLL_REACT, key, part=str(answer.row.answer_id))
    uow.audit(access, AuditAction.POLL_CREATE, f"poll {poll_id}", after={"type": PollType(row.type).name})
    uow.log(access, LogEvent.POLLS_CREATED, name=service.shown(row), channel_id=row.channel_id)
    uow.count(access, Metric.POLLS_POLL_CREATED)
    return poll


async def forget_unsent(uow: UnitOfWork, guild_id: int, poll_id: str) -> None:
    """Delete a poll whose message was not sent; one that stands stays."""
    row = await repository.find_poll(uow.session, guild_id, poll_id)
    if row is not None and not row.published:
        await uow.cancel(guild_id, service.object_key(poll_id))
        await repository.delete_poll(uow.session, row)


async def _check_reported(uow: UnitOfWork, access: GuildAccess, new: NewPoll) -> None:
    assert new.message_id is not None
    if not new.is_native:
        raise BadUserInput(
            "Only a poll of Discord's own kind can stand there already.",
            {"input.type": "must be DISCORD where `messageId` is given"},
        )
    known = await repository.find_poll_by_message(uow.session, access.guild_id, new.channel_id, new.message_id)
    if known is not None:
        raise Conflict("This poll is known already.", ConflictReason.DUPLICATE)


async def _check_number_of_answers(uow: UnitOfWork, access: GuildAccess, new: NewPoll) -> None:
    if not new.answers:
        raise BadUserInput(
            "A poll needs something to vote for.",
            {"input.answers": "must have at least one answer"},
            logged_as="no_answer_provided",
        )
    limit = Limit.POLLS_DISCORD_ANSWERS if new.is_native else _ANSWERS[new.answer_type]
    premium = await is_premium(uow.session, access.guild_id, uow.clock())
    most = limit.value.of(premium=premium)
    if most is not None and len(new.answers) > most:
        more = "" if premium or new.is_native else " Husqy+ allows more."
        raise Conflict(
            f"A poll of this kind has at most {most} answers here; these are {len(new.answers)}.{more}",
            ConflictReason.LIMIT_REACHED,
            logged_as="answer_limit_reached",
        )


def _duration(new: NewPoll) -> timedelta | None:
    """How long the poll is to run; None without end, or where Discord says. Raises BadUserInput."""
    if new.duration is None:
        if new.is_native and new.message_id is None:
            raise BadUserInput(
                "A poll of Discord's own kind needs an end.",
                {"input.duration": "is required for this type"},
                logged_as="discord_poll_duration_required",
            )
        return None
    try:
        duration = parse_duration(new.duration)
    except ValueError as error:
        raise BadUserInput(
            "This is not a duration.", {"input.duration": str(error)}, logged_as="invalid_wait_duration"
        ) from None
    if not new.is_native:
        return duration
    hours = -(-duration // HOUR)  # Discord knows whole hours alone: rounded up
    if hours > DISCORD_HOURS_MAX:
        raise BadUserInput(
            "Discord does not let a poll run for so long.",
            {"input.duration": f"must be at most {DISCORD_HOURS_MAX}h"},
            logged_as="invalid_discord_poll_wait_duration",
        )
    return hours * HOUR


def _max_votes(new: NewPoll) -> int:
    return 1 if new.is_native else new.max_votes_per_answer


def _check_answers(new: NewPoll) -> None:
    faults: dict[str, str] = {}
    seen: set[tuple[str | None, int | None]] = set()
    for index, answer in enumerate(new.answers):
        for field, fault in _answer_faults(new, answer):
            faults[f"input.answers.{index}.{field}"] = fault
        emoji = (answer.emoji_name, answer.emoji_id)
        by_emoji = not new.is_native and new.answer_type is PollAnswerType.EMOJI
        if by_emoji and any(emoji) and emoji in seen:
            faults[f"input.answers.{index}.emojiName"] = "must be another emoji than those of the other answers"
        seen.add(emoji)
    if faults:
        raise BadUserInput("The answers cannot be offered like this.", faults)


def _answer_faults(new: NewPoll, answer: NewAnswer) -> list[tuple[str, str]]:
    most = DISCORD_ANSWER_MAX if new.is_native else ANSWER_MAX
    faults: list[tuple[str, str]] = []
    if not (answer.answer_text.strip() and len(answer.answer_text) <= most):
        faults.append(("answerText", f"must have 1 to {most} characters, and not blanks alone"))
    if answer.votes:
        faults.append(("votes", "must be empty: members vote later"))
    label_max = BUTTON_MAX if new.answer_type is PollAnswerType.BUTTON else DROPDOWN_MAX
    texts = (("label", answer.label, label_max), ("description", answer.description, DROPDOWN_MAX))
    faults += [
        (field, f"must have 1 to {limit} characters")
        for field, text, limit in texts
        if text is not None and not 1 <= len(text) <= limit
    ]
    if answer.emoji_name is not None and not 1 <= len(answer.emoji_name) <= 100:
        faults.append(("emojiName", "must be one emoji, or the name of a custom one"))
    has_emoji = answer.emoji_name is not None or answer.emoji_id is not None
    if answer.emoji_id is not None and answer.emoji_name is None:
        faults.append(("emojiName", "is required beside `emojiId`"))
    if not new.is_native and new.answer_type is PollAnswerType.EMOJI and not has_emoji:
        faults.append(("emojiName", "is required where members vote by reaction"))
    if not new.is_native and new.answer_type is PollAnswerType.BUTTON and not (answer.label or has_emoji):
        faults.append(("label", "is required on a button without an emoji"))
    return faults
