"""The types of polls in the schema, and how rows become them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.privacy import REMOVED_USER
from husqy_graphql.discord.messages import message_url
from husqy_graphql.gql.arguments import After, First
from husqy_graphql.gql.connections import Connection, load_page
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.discord_types import Channel, Member, load_channels, load_members
from husqy_graphql.gql.effects import Effect, load_effects
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.modules.polls import repository
from husqy_graphql.modules.polls.models import PollAnswerType, PollType
from husqy_graphql.modules.polls.repository import FullAnswer, FullPoll
from husqy_graphql.modules.polls.service import object_key
from husqy_graphql.modules.polls.voting import VoteAction, shown_voter_ids


class PollState(Enum):
    OPEN = "open"
    ENDED = "ended"


graphql_enum(
    PollType,
    "Whose kind of poll it is.",
    {"DISCORD": "Discord's own: Husqy follows it.", "HUSQY": "Husqy's: by reactions, buttons or a menu."},
)
graphql_enum(
    PollAnswerType,
    "How members vote in a poll of Husqy's kind; without meaning for one of Discord's.",
    {"EMOJI": "By a reaction.", "BUTTON": "By a button.", "DROPDOWN": "By a menu."},
)
graphql_enum(
    PollState,
    "Where a poll stands.",
    {"OPEN": "Members can vote.", "ENDED": "It is over, and its message shows the results."},
)
graphql_enum(
    VoteAction,
    "What a member does with a vote.",
    {"ADD": "Vote for an answer once more.", "REMOVE": "Take all of the member's votes for an answer back."},
    name="PollVoteAction",
)

PollId = Annotated[strawberry.ID, strawberry.argument(description="The poll's `pollId`.")]


@strawberry.type(description="How a guild keeps its polls.")
class PollsSettings(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("PollsSettings", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    save_duration_timeout: int = strawberry.field(description="Seconds that a poll is kept after its end.")
    delete_ended_discord_polls: bool = strawberry.field(
        description="Whether the message of a poll of Discord's kind goes too, once the poll is not kept any more."
    )
    delete_ended_husqy_polls: bool = strawberry.field(
        description="Whether the message of a poll of Husqy's kind goes too, once the poll is not kept any more."
    )


@strawberry.type(description="What can be voted for in a poll.")
class PollAnswer:
    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    poll_id: str = strawberry.field(description="The `pollId` of its poll.")
    answer_id: int = strawberry.field(description="Its place in the poll, from 1.")
    answer_text: str = strawberry.field(description="What it says.")
    label: str | None = strawberry.field(description="What its button, or its line of the menu, says.")
    description: str | None = strawberry.field(description="The small text of its line of the menu.")
    emoji_name: str | None = strawberry.field(description="Its emoji, or the name of a custom one.")
    emoji_id: Snowflake | None = strawberry.field(description="The Discord id of its custom emoji.")
    votes: int = strawberry.field(description="How many votes it has.")
    voters: list[Snowflake] = strawberry.field(
        description="Who voted for it: an id for each vote, in order. 0 stands for each vote of an anonymous poll, and "
        "for those of members whose data is erased."
    )


@strawberry.type(description="The message that a poll stands in.")
class PollMessage:
    id: Snowflake = strawberry.field(description="The message's Discord id.")
    url: str = strawberry.field(description="The address of the message in Discord's client.")


@strawberry.type(description="A question to the members of a guild.")
class Poll(Node):
    answered: strawberry.Private[Sequence[PollAnswer] | None]

    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("Poll", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    poll_id: str = strawberry.field(description="The id by which it is named, by members too: a UUID.")
    channel_id: Snowflake = strawberry.field(description="The channel that it was asked in.")
    message_id: Snowflake = strawberry.field(description="The Discord id of its message.")
    type: PollType = strawberry.field(description="Whose kind of poll it is.")
    answer_type: PollAnswerType = strawberry.field(description="How members vote.")
    question: str = strawberry.field(description="What is asked.")
    description: str | None = strawberry.field(description="What else is said about it.")
    is_anonymous: bool = strawberry.field(description="Whether nobody learns who voted for what.")
    is_multi_select: bool = strawberry.field(description="Whether a member may vote for several answers.")
    max_votes_per_answer: int = strawberry.field(description="How often a member may vote for one answer.")
    sent_by_husqy: bool = strawberry.field(description="Whether Husqy sent it; else a member's own poll is followed.")
    owner_id: Snowflake | None = strawberry.field(
        description="The member who may change, close and delete it; null once that member's data was erased."
    )
    owner_reference: str = strawberry.field(
        description=f"The same as a text: the owner's id, or `{REMOVED_USER}` once that member's data was erased."
    )
    ends_at: datetime | None = strawberry.field(
        description="When it ends, or has ended; null while it stays open until somebody closes it."
    )
    delete_at: datetime | None = strawberry.field(description="When it is forgotten; null while it has no end.")
    ended: bool = strawberry.field(description="Whether it is over.")
    state: PollState = strawberry.field(description="Where it stands.")
    message: PollMessage = strawberry.field(description="The message that it stands in.")

    @strawberry.field(description="What can be voted for, in order.")
    async def answers(self, info: Info) -> list[PollAnswer]:
        if self.answered is not None:
            return list(self.answered)
        found = await info.context.load(_load_answers, self.database_id)
        return [to_answer(self, each) for each in found]

    @strawberry.field(description="Its channel; null when that is gone.")
    async def channel(self, info: Info) -> Channel | None:
        return await info.context.load(load_channels, (int(self.guild_id), int(self.channel_id)))

    @strawberry.field(description="The member who owns it; null when that member is gone.")
    async def owner(self, info: Info) -> Member | None:
        if self.owner_id is None:
            return None
        return await info.context.load(load_members, (int(self.guild_id), int(self.owner_id)))

    @strawberry.field(description="What is still to be done for it on Discord, or was refused there; in order.")
    async def effects(self, info: Info) -> list[Effect]:
        return await info.context.load(load_effects, (int(self.guild_id), object_key(self.poll_id)))


@strawberry.type(description="The polls module of a guild that has it on.")
class PollsModule:
    settings: PollsSettings = strawberry.field(description="How polls are kept.")

    @strawberry.field(description="The polls, the oldest first.")
    async def polls(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        state: Annotated[PollState | None, strawberry.argument(description="Only these.")] = None,
        owner_id: Annotated[Snowflake | None, strawberry.argument(description="Only those of this member.")] = None,
    ) -> Connection[Poll]:
        context = info.context
        read = partial(
            repository.polls,
            context.resources.reads,
            int(self.settings.guild_id),
            ended=None if state is None else state is PollState.ENDED,
            owner_id=owner_id,
        )
        return await load_page(context, first, after, read, to_poll)

    @strawberry.field(description="The answers of all polls, the oldest first.")
    async def answers(self, info: Info, first: First = None, after: After = None) -> Connection[PollAnswer]:
        read = partial(repository.answers, info.context.resources.reads, int(self.settings.guild_id))
        return await load_page(info.context, first, after, read, lambda answer: to_answer(answer.row, answer))

    @strawberry.field(description="One poll; null when it is not there.")
    async def poll(self, info: Info, poll_id: PollId) -> Poll | None:
        found = await info.context.load(_load_polls, str(poll_id))
        return to_poll(found) if found is not None and found.guild_id == int(self.settings.guild_id) else None


async def load_settings(context: Context, guild_ids: Sequence[int]) -> list[PollsSettings | None]:
    """The settings of each guild; None while the module is off. A batch for `context.load`."""
    found = {row.guild_id: row for row in await repository.settings_of_guilds(context.resources.reads, guild_ids)}
    return [to_settings(found[guild_id]) if guild_id in found else None for guild_id in guild_ids]


async def _load_polls(context: Context, poll_ids: Sequence[str]) -> list[Any]:
    found = {row.poll_id: row for row in await repository.polls_by_poll_ids(context.resources.reads, poll_ids)}
    return [found.get(poll_id) for poll_id in poll_ids]


async def _load_answers(context: Context, poll_row_ids: Sequence[int]) -> list[list[FullAnswer]]:
    found = await repository.answers_of_polls(context.resources.reads, poll_row_ids)
    return [found[row_id] for row_id in poll_row_ids]


def to_settings(row: Any) -> PollsSettings:
    """A settings row, loaded either way, as the schema shows it."""
    return PollsSettings(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        save_duration_timeout=row.save_duration_timeout,
        delete_ended_discord_polls=row.delete_ended_discord_polls,
        delete_ended_husqy_polls=row.delete_ended_husqy_polls,
    )


def to_poll(row: Any) -> Poll:
    """A row of a poll, loaded either way, as the schema shows it; its answers are loaded when they are asked for."""
    url = message_url(row.guild_id, row.channel_id, row.message_id)
    return Poll(
        answered=None,
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        poll_id=row.poll_id,
        channel_id=Snowflake(row.channel_id),
        message_id=Snowflake(row.message_id),
        type=PollType(row.type),
        answer_type=PollAnswerType(row.answer_type),
        question=row.question,
        description=row.description,
        is_anonymous=row.is_anonymous,
        is_multi_select=row.is_multi_select,
        max_votes_per_answer=row.max_votes_per_answer,
        sent_by_husqy=row.sent_by_husqy,
        owner_id=None if row.owner_id is None else Snowflake(row.owner_id),
        owner_reference=REMOVED_USER if row.owner_id is None else str(row.owner_id),
        ends_at=row.end_time,
        delete_at=row.delete_at,
        ended=row.ended,
        state=PollState.ENDED if row.ended else PollState.OPEN,
        message=PollMessage(id=Snowflake(row.message_id), url=url),
    )


def to_full_poll(full: FullPoll) -> Poll:
    """A poll that was loaded with its answers, such as one that is gone."""
    poll = to_poll(full.row)
    poll.answered = [to_answer(poll, each) for each in full.answers]
    return poll


def to_answer(poll: Any, answer: FullAnswer) -> PollAnswer:
    """An answer of a poll as the schema shows it: nobody learns who voted anonymously."""
    row = answer.row
    return PollAnswer(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        poll_id=poll.poll_id,
        answer_id=row.answer_id,
        answer_text=row.answer_text,
        label=row.label,
        description=row.description,
        emoji_name=row.emoji_name,
        emoji_id=None if row.emoji_id is None else Snowflake(row.emoji_id),
        votes=len(answer.voter_ids),
        voters=[Snowflake(each) for each in shown_voter_ids(poll, answer.voter_ids)],
    )
