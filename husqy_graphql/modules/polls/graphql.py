"""The polls module in the schema."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import GuildAccess, Permission
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.discord.port import DiscordError
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.changes import watch_target
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.interactions import Interaction, reply_in_language
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.lifecycle import work_of
from husqy_graphql.modules.polls import creating, repository, service
from husqy_graphql.modules.polls.models import PollAnswerType, PollType
from husqy_graphql.modules.polls.publishing import create_poll, end_on_discord
from husqy_graphql.modules.polls.types import (
    Poll,
    PollAnswer,
    PollId,
    PollsModule,
    PollsSettings,
    load_settings,
    to_full_poll,
    to_poll,
    to_settings,
)
from husqy_graphql.modules.polls.voting import Vote, VoteAction, cast_vote

_FOREIGN_DELETE = "Husqy did not send this poll: whoever did can delete it on Discord."
_FOREIGN_CLOSE = "Husqy did not send this poll: whoever did can end it on Discord."


@strawberry.type(description="What the polls module had stored.")
class DeletedPolls:
    settings: PollsSettings | None = strawberry.field(description="Its settings; null when it had none.")
    polls: list[Poll] = strawberry.field(description="Its polls, the oldest first.")
    answers: list[PollAnswer] = strawberry.field(description="The answers of all these polls.")


@strawberry.input(description="Changes to how polls are kept. What is left out, or null, stays.")
class PollsSettingsUpdateInput:
    save_duration_timeout: int | None = strawberry.field(
        description="Seconds that a poll is kept after its end; for polls that end from now on.", default=None
    )
    delete_ended_discord_polls: bool | None = strawberry.field(
        description="Whether messages of Discord's kind of polls go with the poll.", default=None
    )
    delete_ended_husqy_polls: bool | None = strawberry.field(
        description="Whether messages of Husqy's kind of polls go with the poll.", default=None
    )


@strawberry.input(description="An answer that is to be offered.")
class PollAnswerInput:
    answer_text: str = strawberry.field(
        description="What it says: 1 to 300 characters, 55 in a poll of Discord's kind."
    )
    votes: list[Snowflake] = strawberry.field(
        description="Must be empty: members vote later.", default_factory=list[Snowflake]
    )
    label: str | None = strawberry.field(
        description="What its button says, at most 80 characters, or its line of the menu, at most 100.", default=None
    )
    emoji_name: str | None = strawberry.field(description="An emoji, or the name of a custom one.", default=None)
    emoji_id: Snowflake | None = strawberry.field(description="The Discord id of a custom emoji.", default=None)
    answer_id: int | None = strawberry.field(description="Without effect: answers are numbered from 1.", default=None)
    description: str | None = strawberry.field(
        description="The small text of its line of the menu, at most 100 characters.", default=None
    )
    vote_count: int = strawberry.field(description="Without effect: votes are counted.", default=0)


@strawberry.input(description="A poll that is to be asked.")
class PollCreateInput:
    channel_id: Snowflake = strawberry.field(description="The channel that it is asked in.")
    type: PollType = strawberry.field(description="Whose kind of poll it is.")
    answer_type: PollAnswerType = strawberry.field(description="How members vote in a poll of Husqy's kind.")
    question: str = strawberry.field(description="What is asked: 1 to 300 characters.")
    answers: list[PollAnswerInput] = strawberry.field(description="What can be voted for, in order.")
    is_multi_select: bool = strawberry.field(description="Whether a member may vote for several answers.")
    is_anonymous: bool = strawberry.field(description="Whether nobody learns who voted; Husqy's kind alone can.")
    max_votes_per_answer: int = strawberry.field(description="How often a member may vote for one answer: 1 to 1000.")
    owner_id: Snowflake = strawberry.field(description="The member who may change, close and delete it.")
    description: str | None = strawberry.field(
        description="What else is said about it; at most 3,500 characters together with the question.", default=None
    )
    duration: str | None = strawberry.field(
        description="How long it runs, such as `20m`, `12h` or `2d`; without one until somebody closes it. Discord's "
        "kind needs one, rounded up to hours, of at most 768h.",
        default=None,
    )
    message_id: Snowflake | None = strawberry.field(
        description="The message of a poll of Discord's kind that a member has sent. For Husqy itself.", default=None
    )


@strawberry.input(description="Changes to a poll. What is left out stays.")
class PollUpdateInput:
    question: str | None = strawberry.field(description="What is asked; null stays.", default=None)
    description: strawberry.Maybe[str | None] = strawberry.field(
        description="What else is said about it; null takes it away.", default=None
    )
    max_votes_per_answer: int | None = strawberry.field(
        description="How often a member may vote for one answer; null stays.", default=None
    )
    is_multi_select: bool | None = strawberry.field(
        description="Whether a member may vote for several answers; null stays.", default=None
    )
    is_anonymous: bool | None = strawberry.field(
        description="Whether nobody learns who voted; a poll with anonymous votes must stay so. Null stays.",
        default=None,
    )


@strawberry.input(description="A vote, as Discord reports it.")
class PollVoteInput:
    action: VoteAction = strawberry.field(description="What the acting member does.")
    channel_id: Snowflake = strawberry.field(description="The channel of the poll.")
    message_id: Snowflake = strawberry.field(description="The message of the poll.")
    poll_id: str | None = strawberry.field(
        description="The poll's `pollId`; without one, or where there is none such, the message says which.",
        default=None,
    )
    answer_id: int | None = strawberry.field(description="The answer, by its place.", default=None)
    emoji_id: Snowflake | None = strawberry.field(description="The answer, by its custom emoji.", default=None)
    emoji_name: str | None = strawberry.field(description="The answer, by its emoji.", default=None)
    prompt_message_id: Snowflake | None = strawberry.field(
        description="A message in the same channel that asked the member what to do; it is deleted.", default=None
    )


@strawberry.type(description="What a change of how polls are kept answers.")
class PollsSettingsUpdatePayload:
    settings: PollsSettings = strawberry.field(description="The settings as they are now.")


@strawberry.type(description="What making a poll answers.")
class PollCreatePayload:
    poll: Poll = strawberry.field(description="The new poll.")


@strawberry.type(description="What changing a poll answers.")
class PollUpdatePayload:
    poll: Poll = strawberry.field(description="The poll as it is now.")


@strawberry.type(description="What closing a poll answers.")
class PollClosePayload:
    poll: Poll = strawberry.field(description="The poll, which has ended.")


@strawberry.type(description="What deleting a poll answers.")
class PollDeletePayload:
    poll: Poll = strawberry.field(description="The poll that is gone.")


@strawberry.type(description="What reporting a deleted message answers.")
class PollMessageDeletePayload:
    poll_id: str | None = strawberry.field(description="The poll that went with the message; null where it was none.")


@strawberry.type(description="What a vote answers.")
class PollVotePayload:
    poll: Poll = strawberry.field(description="The poll as it is now.")


@strawberry.type(description="A poll in which somebody has voted.")
class PollVoteChange:
    poll: Poll = strawberry.field(description="The poll as it is now.")


@strawberry.type
class PollsFields(GuildObject):
    """The polls module in `Guild`."""

    @strawberry.field(description="The polls module; null while it is off.")
    async def polls(self) -> PollsModule | None:
        await self.context.authorize(self.guild_id, Permission.READ)
        settings = await self.context.load(load_settings, self.guild_id)
        return PollsModule(settings=settings) if settings else None


@strawberry.type
class PollsMutation:
    @strawberry.mutation(description="Change how polls are kept. For administrators.")
    async def polls_settings_update(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[PollsSettingsUpdateInput, strawberry.argument(description="What to change.")],
    ) -> PollsSettingsUpdatePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        changes = _given(input, "save_duration_timeout", "delete_ended_discord_polls", "delete_ended_husqy_polls")
        async with info.context.change(access, LogEvent.MODULES) as uow:
            row = await service.update_settings(uow, access, changes)
        info.context.forget()
        return PollsSettingsUpdatePayload(settings=to_settings(row))

    @strawberry.mutation(
        description="Ask the members something. For administrators, and for every member through Husqy's slash "
        "command; not for members who forbid that data about them is collected."
    )
    async def poll_create(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[PollCreateInput, strawberry.argument(description="The poll.")],
        interaction: Interaction = None,
    ) -> PollCreatePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        async with context.telling_failures(access, LogEvent.POLLS_CREATED):
            poll = await create_poll(work_of(context), access, _new_poll(input))
        await reply_in_language(context, guild_id, interaction, "polls.created")
        return PollCreatePayload(poll=to_full_poll(poll))

    @strawberry.mutation(description="Change a poll of Husqy's kind while it is open. For its owner; its votes stay.")
    async def poll_update(
        self,
        info: Info,
        guild_id: GuildId,
        poll_id: PollId,
        input: Annotated[PollUpdateInput, strawberry.argument(description="What to change.")],
        interaction: Interaction = None,
    ) -> PollUpdatePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        changes = _given(input, "question", "max_votes_per_answer", "is_multi_select", "is_anonymous")
        if input.description is not None:
            changes["description"] = input.description.value
        administers = await _stands_in(context, access, poll_id)
        async with context.change(access, LogEvent.POLLS_EDITED) as uow:
            poll = await service.update_poll(uow, access, poll_id, changes, administers=administers)
        await reply_in_language(context, guild_id, interaction, "polls.edited")
        return PollUpdatePayload(poll=to_full_poll(poll))

    @strawberry.mutation(description="End a poll that Husqy sent now, and publish its results. For its owner.")
    async def poll_close(
        self, info: Info, guild_id: GuildId, poll_id: PollId, interaction: Interaction = None
    ) -> PollClosePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        administers = await _stands_in(context, access, poll_id)
        async with context.telling_failures(access, LogEvent.POLLS_CLOSED_MANUALLY):
            async with context.unit_of_work() as uow:
                poll = await service.find_own_poll(
                    uow, access, poll_id, administers=administers, foreign=_FOREIGN_CLOSE
                )
            await end_on_discord(work_of(context), poll)
            async with context.unit_of_work() as uow:
                poll = await service.find_own_poll(
                    uow, access, poll_id, administers=administers, foreign=_FOREIGN_CLOSE
                )
                await service.close_poll(uow, access, poll)
        await reply_in_language(context, guild_id, interaction, "polls.closed")
        return PollClosePayload(poll=to_full_poll(poll))

    @strawberry.mutation(description="Delete a poll that Husqy sent, with its message. For its owner.")
    async def poll_delete(
        self, info: Info, guild_id: GuildId, poll_id: PollId, interaction: Interaction = None
    ) -> PollDeletePayload | None:
        context = info.context
        access = await context.authorize_author(guild_id)
        administers = await _stands_in(context, access, poll_id)
        async with context.change(access, LogEvent.POLLS_DELETED) as uow:
            poll = await service.find_own_poll(uow, access, poll_id, administers=administers, foreign=_FOREIGN_DELETE)
            await service.delete_poll(uow, access, poll)
        await reply_in_language(context, guild_id, interaction, "polls.deleted")
        return PollDeletePayload(poll=to_full_poll(poll))

    @strawberry.mutation(
        description="Forget the poll whose message was deleted on Discord; nothing happens where it was none. For "
        "Husqy itself."
    )
    async def poll_message_delete(
        self,
        info: Info,
        guild_id: GuildId,
        channel_id: Annotated[Snowflake, strawberry.argument(description="The channel of the message.")],
        message_id: Annotated[Snowflake, strawberry.argument(description="The message that is gone.")],
    ) -> PollMessageDeletePayload | None:
        info.context.authorize_service(guild_id)
        async with info.context.unit_of_work() as uow:
            row = await service.forget_deleted_message(uow, guild_id, channel_id, message_id)
        return PollMessageDeletePayload(poll_id=None if row is None else row.poll_id)

    @strawberry.mutation(
        description="Vote for an answer on behalf of the acting member, or take the member's votes back. Votes in "
        "Discord's own kind of polls are noted as they are. For Husqy itself."
    )
    async def poll_vote(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[PollVoteInput, strawberry.argument(description="The vote.")],
        interaction: Interaction = None,
    ) -> PollVotePayload | None:
        context = info.context
        access = context.authorize_service(guild_id)
        adding = input.action is VoteAction.ADD
        vote = Vote(
            action=input.action,
            channel_id=input.channel_id,
            message_id=input.message_id,
            poll_id=input.poll_id,
            answer_id=input.answer_id,
            emoji_id=input.emoji_id,
            emoji_name=input.emoji_name,
        )
        event = LogEvent.POLLS_VOTE_ADDED if adding else LogEvent.POLLS_VOTE_REMOVED
        async with context.change(access, event) as uow:
            row, answer = await cast_vote(uow, access, vote)
        if input.prompt_message_id is not None:
            with suppress(DiscordError):  # it only asked what is answered now
                await context.resources.bot.delete_message(input.channel_id, input.prompt_message_id)
        key = "polls.vote_added" if adding else "polls.vote_removed"
        await reply_in_language(context, guild_id, interaction, key, answer=answer.answer_text)
        return PollVotePayload(poll=to_poll(row))


@strawberry.type
class PollsSubscription:
    @strawberry.subscription(
        description="A poll, each time that somebody has voted in it or it has ended. For administrators and Husqy "
        "itself."
    )
    async def poll_vote_changed(self, info: Info, guild_id: GuildId, poll_id: PollId) -> AsyncGenerator[PollVoteChange]:
        context = info.context

        async def change() -> PollVoteChange | None:
            found = await repository.polls_by_poll_ids(context.resources.reads, [str(poll_id)])
            answers = await repository.answers_of_polls(context.resources.reads, [row.id for row in found])
            polls = [to_full_poll(repository.FullPoll(row, answers[row.id])) for row in found]
            return PollVoteChange(poll=polls[0]) if polls and int(polls[0].guild_id) == guild_id else None

        actions = {AuditAction.POLL_VOTE, AuditAction.POLL_UPDATE, AuditAction.POLL_CLOSE, AuditAction.POLL_END}
        return await watch_target(context, guild_id, actions, f"poll {poll_id}", change)


def to_deleted(wiped: Any) -> DeletedPolls:
    """What was wiped, as the schema shows it."""
    polls = [to_full_poll(poll) for poll in wiped["polls"]]
    return DeletedPolls(
        settings=next((to_settings(row) for row in wiped["settings"]), None),
        polls=polls,
        answers=[answer for poll in polls for answer in poll.answered or ()],
    )


async def _stands_in(context: Context, access: GuildAccess, poll_id: str) -> bool:
    found = await repository.polls_by_poll_ids(context.resources.reads, [str(poll_id)])
    return await context.stands_in_for_erased(access, found)


def _given(input: object, *columns: str) -> dict[str, Any]:
    return {column: value for column in columns if (value := getattr(input, column)) is not None}


def _new_poll(input: PollCreateInput) -> creating.NewPoll:
    return creating.NewPoll(
        channel_id=input.channel_id,
        type=input.type,
        answer_type=input.answer_type,
        message_id=input.message_id,
        duration=input.duration,
        question=input.question,
        description=input.description or None,
        answers=[
            creating.NewAnswer(
                answer_text=each.answer_text,
                label=each.label,
                description=each.description,
                emoji_name=each.emoji_name,
                emoji_id=each.emoji_id,
                votes=each.votes,
            )
            for each in input.answers
        ],
        is_multi_select=input.is_multi_select,
        is_anonymous=input.is_anonymous,
        max_votes_per_answer=input.max_votes_per_answer,
        owner_id=input.owner_id,
    )
