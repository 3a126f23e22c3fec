"""Votes of members. Source: polls.md, section 4, "Voting". The guild's lock puts them one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from husqy_graphql.core.access import GuildAccess, require_acting_user_id
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import BadUserInput, NotFound
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.lifecycle import require_data_collection
from husqy_graphql.modules.polls import repository, service
from husqy_graphql.modules.polls.models import Poll, PollAnswer, PollAnswerType, PollType, PollVote
from husqy_graphql.modules.polls.rendering import emoji_of


class VoteAction(Enum):
    """What a member does; the value is the contract's."""

    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote as Discord reports it. The poll is the one of this id, else that of the message; the answer is the one of
    this number, else that of the emoji."""

    action: VoteAction
    channel_id: int
    message_id: int
    poll_id: str | None
    answer_id: int | None
    emoji_id: int | None
    emoji_name: str | None


async def cast_vote(uow: UnitOfWork, access: GuildAccess, vote: Vote) -> tuple[Poll, PollAnswer]:
    """Write a vote of the acting member down, or take all of the member's for an answer back; the poll and the answer.

    Raises NotFound for a poll or an answer that is not there, Conflict when the module is off, BadUserInput without an
    acting member or an answer, for a poll that has ended and for a vote too many, and Forbidden for a member who
    forbids that data is collected.
    """
    await service.require_settings(uow, access.guild_id)
    user_id = require_acting_user_id(access.actor)
    row = await _find(uow, access.guild_id, vote)
    answer = _answer(await repository.answers_in(uow.session, row), vote)
    await require_data_collection(uow, access.guild_id, user_id, logged_as="prevent_data_collection")
    if row.ended:
        raise BadUserInput(service.ENDED)
    if vote.action is VoteAction.ADD:
        changed = await _add(uow, row, answer, user_id)
    else:
        changed = await repository.delete_votes(uow.session, answer.id, user_id) > 0
    if row.type == PollType.HUSQY.value and row.answer_type == PollAnswerType.EMOJI.value:
        _take_reaction_off(uow, row, answer, user_id)
    if changed:
        _note(uow, access, row, answer, vote.action)
    return row, answer


async def _find(uow: UnitOfWork, guild_id: int, vote: Vote) -> Poll:
    row: Poll | None = None
    if vote.poll_id is not None:
        row = await repository.find_poll(uow.session, guild_id, vote.poll_id)
    if row is None:
        row = await repository.find_poll_by_message(uow.session, guild_id, vote.channel_id, vote.message_id)
    if row is None or not row.published:
        raise NotFound(service.NO_POLL, logged_as="poll_not_found")
    return row


def _answer(answers: Sequence[PollAnswer], vote: Vote) -> PollAnswer:
    if vote.answer_id is not None:
        found = [each for each in answers if each.answer_id == vote.answer_id]
    elif vote.emoji_id is not None:
        found = [each for each in answers if each.emoji_id == vote.emoji_id]
    elif vote.emoji_name is not None:
        name = _plain(vote.emoji_name)
        found = [each for each in answers if each.emoji_name and _plain(each.emoji_name) == name]
    else:
        raise BadUserInput("This names no answer.", {"input.answerId": "must be given, or `emojiId`, or `emojiName`"})
    if not found:
        raise NotFound("There is no such answer in this poll.", logged_as="answer_not_found")
    return found[0]


def _plain(emoji: str) -> str:
    # U+FE0F only asks for the coloured form of an emoji; Discord's clients leave it out at times.
    return emoji.replace("\ufe0f", "")


async def _add(uow: UnitOfWork, poll: Poll, answer: PollAnswer, user_id: int) -> bool:
    """Add a vote; False for one that Discord has reported before. Raises BadUserInput for one too many."""
    own = await repository.votes_of(uow.session, poll, user_id)
    here = own.get(answer.id, 0)
    if poll.type == PollType.DISCORD.value:
        if here:
            return False
    elif here >= poll.max_votes_per_answer:
        most = poll.max_votes_per_answer
        raise BadUserInput(
            f"You have voted {here} times for this answer; at most {most} votes are allowed.",
            logged_as="answer_vote_limit_reached",
        )
    elif not poll.is_multi_select and len(own) > bool(here):
        raise BadUserInput(
            "You have voted for another answer of this poll. Take that vote back first.",
            logged_as="answer_no_multi_select",
        )
    uow.session.add(PollVote(guild_id=poll.guild_id, answer_row_id=answer.id, user_id=user_id))
    return True


def _take_reaction_off(uow: UnitOfWork, poll: Poll, answer: Any, user_id: int) -> None:
    emoji = emoji_of(answer)
    if emoji is not None:
        uow.effect(
            poll.guild_id,
            JobKind.POLL_UNREACT_MEMBER,
            service.object_key(poll.poll_id),
            part=f"{user_id}:{answer.answer_id}",
            user_id=user_id,
            emoji=emoji,
        )


def _note(uow: UnitOfWork, access: GuildAccess, poll: Poll, answer: Any, action: VoteAction) -> None:
    adding = action is VoteAction.ADD
    service.show_votes(uow, poll)
    uow.announce(access.guild_id, AuditAction.POLL_VOTE, f"poll {poll.poll_id}", "votes")
    uow.count(access, Metric.POLLS_VOTE_ADDED if adding else Metric.POLLS_VOTE_REMOVED)
    if not poll.is_anonymous:
        event = LogEvent.POLLS_VOTE_ADDED if adding else LogEvent.POLLS_VOTE_REMOVED
        uow.log(access, event, name=service.shown(poll), text=answer.answer_text[:100])


def shown_voter_ids(poll: Any, voter_ids: Sequence[int]) -> list[int]:
    """Who voted, an id for each vote; 0 for each where the poll is anonymous."""
    return [0] * len(voter_ids) if poll.is_anonymous else list(voter_ids)
