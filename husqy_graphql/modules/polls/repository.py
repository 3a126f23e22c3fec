"""Every statement about polls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import GuildRows, rows_by_keys
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.polls.models import Poll, PollAnswer, PollsSettings, PollType, PollVote

_SETTINGS: Any = PollsSettings.__table__
_POLLS: Any = Poll.__table__
_ANSWERS: Any = PollAnswer.__table__
_VOTES: Any = PollVote.__table__

_SETTINGS_OF_GUILDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.guild_id)
_SETTINGS_BY_IDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.id)
_POLLS_OF_GUILD = GuildRows(_POLLS)
_POLLS_BY_POLL_IDS = rows_by_keys(select(_POLLS).where(_POLLS.c.published), _POLLS.c.poll_id)
_POLLS_BY_IDS = rows_by_keys(select(_POLLS).where(_POLLS.c.published), _POLLS.c.id)
_ANSWERS_OF_POLLS = rows_by_keys(select(_ANSWERS).order_by(_ANSWERS.c.id), _ANSWERS.c.poll_row_id)
_ANSWERS_OF_GUILD = GuildRows(
    select(_ANSWERS, _POLLS.c.poll_id, _POLLS.c.is_anonymous)
    .join(_POLLS, _POLLS.c.id == _ANSWERS.c.poll_row_id)
    .where(_POLLS.c.published)
    .subquery("published_answers")
)
_VOTES_OF_ANSWERS = rows_by_keys(
    select(_VOTES.c.answer_row_id, _VOTES.c.user_id).order_by(_VOTES.c.id), _VOTES.c.answer_row_id
)
_VOTES_OF_POLLS = rows_by_keys(
    select(_VOTES.c.answer_row_id, _VOTES.c.user_id)
    .join(_ANSWERS, _ANSWERS.c.id == _VOTES.c.answer_row_id)
    .order_by(_VOTES.c.id),
    _ANSWERS.c.poll_row_id,
)
_TEXTS = Prepared(
    select(_POLLS.c.question, _POLLS.c.description, _POLLS.c.owner_id).where(_POLLS.c.guild_id == bindparam("guild_id"))
)
_ANSWER_TEXTS = Prepared(
    select(_ANSWERS.c.answer_text, _ANSWERS.c.label, _ANSWERS.c.description).where(
        _ANSWERS.c.guild_id == bindparam("guild_id")
    )
)
_VOTERS = Prepared(
    select(_VOTES.c.answer_row_id, _VOTES.c.user_id).where(_VOTES.c.guild_id == bindparam("guild_id")).distinct()
)


@dataclass(frozen=True, slots=True)
class FullAnswer:
    """An answer with who voted for it: an id for each vote."""

    row: Any
    voter_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class FullPoll:
    """A poll with its answers in order."""

    row: Any
    answers: Sequence[FullAnswer]

    @property
    def votes(self) -> int:
        """How many there are."""
        return sum(len(answer.voter_ids) for answer in self.answers)


async def settings_of_guilds(reads: Reads, guild_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """The settings of those of the guilds that have the module on."""
    return await _SETTINGS_OF_GUILDS.read(reads, guild_ids)


async def settings_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _SETTINGS_BY_IDS.read(reads, row_ids)


async def polls(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    ended: bool | None = None,
    owner_id: int | None = None,
) -> Sequence[Row[Any]]:
    """The polls of a guild by row id, from above `after_id`."""
    return await _POLLS_OF_GUILD.read(
        reads, guild_id, after_id=after_id, limit=limit, published=True, ended=ended, owner_id=owner_id
    )


async def polls_by_poll_ids(reads: Reads, poll_ids: Sequence[str]) -> Sequence[Row[Any]]:
    return await _POLLS_BY_POLL_IDS.read(reads, poll_ids)


async def polls_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _POLLS_BY_IDS.read(reads, row_ids)


async def answers_of_polls(reads: Reads, poll_row_ids: Sequence[int]) -> dict[int, list[FullAnswer]]:
    """The answers of polls with their votes, by the poll's row id: two statements, however many there are."""
    voter_ids: dict[int, list[int]] = {}
    answers = await _ANSWERS_OF_POLLS.read(reads, poll_row_ids)
    for vote in await _VOTES_OF_POLLS.read(reads, poll_row_ids):
        voter_ids.setdefault(vote.answer_row_id, []).append(vote.user_id)
    found: dict[int, list[FullAnswer]] = {row_id: [] for row_id in poll_row_ids}
    for row in answers:
        found[row.poll_row_id].append(FullAnswer(row, voter_ids.get(row.id, [])))
    return found


async def answers(reads: Reads, guild_id: int, *, after_id: int = 0, limit: int | None = None) -> list[FullAnswer]:
    """The answers of all polls of a guild by row id, from above `after_id`; their rows say of which poll they are."""
    rows = await _ANSWERS_OF_GUILD.read(reads, guild_id, after_id=after_id, limit=limit)
    voter_ids: dict[int, list[int]] = {row.id: [] for row in rows}
    for vote in await _VOTES_OF_ANSWERS.read(reads, list(voter_ids)) if rows else ():
        voter_ids[vote.answer_row_id].append(vote.user_id)
    return [FullAnswer(row, voter_ids[row.id]) for row in rows]


async def stored_texts(reads: Reads, guild_id: int) -> tuple[list[str], list[int]]:
    """The texts of polls and answers; owners, and each voter once for each answer."""
    polls = await reads.all(_TEXTS, guild_id=guild_id)
    answers = await reads.all(_ANSWER_TEXTS, guild_id=guild_id)
    voters = await reads.all(_VOTERS, guild_id=guild_id)
    texts = [each.question for each in polls] + [each.description for each in polls if each.description]
    for each in answers:
        texts += [text for text in (each.answer_text, each.label, each.description) if text]
    owner_ids = [each.owner_id for each in polls if each.owner_id is not None]
    return texts, owner_ids + [each.user_id for each in voters]


async def find_settings(session: AsyncSession, guild_id: int) -> PollsSettings | None:
    return await session.scalar(select(PollsSettings).where(PollsSettings.guild_id == guild_id))


async def find_poll(session: AsyncSession, guild_id: int, poll_id: str) -> Poll | None:
    """The poll of this id, published or not."""
    return await session.scalar(select(Poll).where(Poll.guild_id == guild_id, Poll.poll_id == poll_id))


async def find_poll_by_message(session: AsyncSession, guild_id: int, channel_id: int, message_id: int) -> Poll | None:
    return await session.scalar(
        select(Poll).where(Poll.guild_id == guild_id, Poll.channel_id == channel_id, Poll.message_id == message_id)
    )


async def published_message_ids(session: AsyncSession, channel_id: int) -> set[int]:
    """The messages of a channel that are polls."""
    found = await session.scalars(select(Poll.message_id).where(Poll.channel_id == channel_id, Poll.published))
    return {each for each in found if each is not None}


async def count_open(session: AsyncSession, guild_id: int) -> int:
    """How many open polls of Husqy's own kind there are, those that are only meant included."""
    statement = select(func.count()).where(
        Poll.guild_id == guild_id, Poll.type == PollType.HUSQY.value, Poll.ended.is_(False)
    )
    return await session.scalar(statement) or 0


async def answers_in(session: AsyncSession, poll: Poll) -> Sequence[PollAnswer]:
    """The answers of a poll in order."""
    found = await session.scalars(select(PollAnswer).where(PollAnswer.poll_row_id == poll.id).order_by(PollAnswer.id))
    return found.all()


async def load_full(session: AsyncSession, poll: Poll) -> FullPoll:
    """The poll with its answers and their votes."""
    [full] = await _load_full(session, [poll], PollAnswer.poll_row_id == poll.id)
    return full


async def polls_in(session: AsyncSession, guild_id: int) -> list[FullPoll]:
    """All polls of a guild with their answers and votes: three statements, however many there are."""
    rows = await session.scalars(select(Poll).where(Poll.guild_id == guild_id).order_by(Poll.id))
    return await _load_full(session, rows.all(), PollAnswer.guild_id == guild_id)


async def _load_full(
    session: AsyncSession, polls: Sequence[Poll], their_answers: ColumnElement[bool]
) -> list[FullPoll]:
    answers = await session.scalars(select(PollAnswer).where(their_answers).order_by(PollAnswer.id))
    voter_ids: dict[int, list[int]] = {}
    full: dict[int, list[FullAnswer]] = {poll.id: [] for poll in polls}
    for answer in answers:
        full[answer.poll_row_id].append(FullAnswer(answer, voter_ids.setdefault(answer.id, [])))
    votes = await session.execute(
        select(PollVote.answer_row_id, PollVote.user_id)
        .join(PollAnswer, PollAnswer.id == PollVote.answer_row_id)
        .where(their_answers)
        .order_by(PollVote.id)
    )
    for vote in votes:
        voter_ids[vote.answer_row_id].append(vote.user_id)
    return [FullPoll(poll, full[poll.id]) for poll in polls]


async def votes_of(session: AsyncSession, poll: Poll, user_id: int) -> dict[int, int]:
    """How many votes a member has in a poll, by the answer's row id."""
    found = await session.execute(
        select(PollVote.answer_row_id, func.count().label("votes"))
        .join(PollAnswer, PollAnswer.id == PollVote.answer_row_id)
        .where(PollAnswer.poll_row_id == poll.id, PollVote.user_id == user_id)
        .group_by(PollVote.answer_row_id)
    )
    return {row.answer_row_id: row.votes for row in found}


async def delete_votes(session: AsyncSession, answer_row_id: int, user_id: int) -> int:
    """Take all votes of a member for an answer away; how many there were."""
    done: Any = await session.execute(
        delete(PollVote)
        .where(PollVote.answer_row_id == answer_row_id, PollVote.user_id == user_id)
        .execution_options(synchronize_session=False)
    )
    return done.rowcount


async def forget_member(session: AsyncSession, guild_id: int, user_id: int) -> set[str]:
    """Let the polls and votes of a member stay without the member; the ids of the polls."""
    affected = await session.scalars(
        select(Poll.poll_id)
        .join(PollAnswer, PollAnswer.poll_row_id == Poll.id)
        .join(PollVote, PollVote.answer_row_id == PollAnswer.id)
        .where(Poll.guild_id == guild_id, PollVote.user_id == user_id)
        .distinct()
    )
    poll_ids = set(affected)
    await session.execute(
        update(PollVote)
        .where(PollVote.guild_id == guild_id, PollVote.user_id == user_id)
        .values(user_id=0)
        .execution_options(synchronize_session=False)
    )
    owned = await session.scalars(
        update(Poll)
        .where(Poll.guild_id == guild_id, Poll.owner_id == user_id)
        .values(owner_id=None)
        .returning(Poll.poll_id)
        .execution_options(synchronize_session=False)
    )
    return poll_ids | set(owned)


async def delete_poll(session: AsyncSession, poll: Poll) -> None:
    """Delete a poll with its answers and votes."""
    await session.execute(delete(Poll).where(Poll.id == poll.id).execution_options(synchronize_session=False))


async def delete_of_guild(session: AsyncSession, guild_id: int) -> tuple[list[PollsSettings], list[FullPoll]]:
    """Delete everything of a guild; the settings, and the polls that were there."""
    row = await find_settings(session, guild_id)
    found = [poll for poll in await polls_in(session, guild_id) if poll.row.published]
    for table in (PollVote, PollAnswer, Poll, PollsSettings):
        await session.execute(
            delete(table).where(table.guild_id == guild_id).execution_options(synchronize_session=False)
        )
    return [] if row is None else [row], found
