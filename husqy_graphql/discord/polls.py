"""Polls of Discord's own, which members vote in without the bot: a part of `BotPort`. Errors are in `port.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from husqy_graphql.discord.objects import DiscordMessage, DiscordUser


@dataclass(frozen=True, slots=True)
class NewPollAnswer:
    text: str  # 1 to 55 characters
    emoji: str | None = None  # Unicode, or `name:id`


@dataclass(frozen=True, slots=True)
class NewPoll:
    """A poll to be sent; `duration` is in hours, 1 to 768."""

    question: str  # 1 to 300 characters
    answers: Sequence[NewPollAnswer]  # 1 to 10
    duration: int
    allow_multiselect: bool = False


def poll_body(poll: NewPoll) -> dict[str, Any]:
    """A new poll as Discord's JSON."""
    return {
        "question": {"text": poll.question},
        "answers": [{"poll_media": _media(each)} for each in poll.answers],
        "duration": poll.duration,
        "allow_multiselect": poll.allow_multiselect,
    }


def _media(answer: NewPollAnswer) -> dict[str, Any]:
    if answer.emoji is None:
        return {"text": answer.text}
    name, _, emoji_id = answer.emoji.partition(":")
    return {"text": answer.text, "emoji": {"id": emoji_id} if emoji_id else {"name": name}}


class PollPort(Protocol):
    """Everything may raise Unauthorized, Throttled and Unreachable; the methods name what else."""

    async def expire_poll(self, channel_id: int, message_id: int) -> DiscordMessage:
        """End a poll of the bot's own now; its votes are final soon after. A call whose answer is lost is repeated.
        Raises PollExpired (520001) for one that is over already, which the caller wanted after all, Invalid (520006 a
        message without a poll), Refused (50001, 50005 another one's) and NotThere (10003, 10008).
        """
        ...

    async def poll_voters(
        self, channel_id: int, message_id: int, answer_id: int, *, after: int = 0, limit: int = 100
    ) -> Sequence[DiscordUser] | None:
        """At most `limit` of those who chose an answer, by ascending id from above `after` on; None when the message
        is gone, or not the bot's to see. Raises Invalid (50035 no such answer)."""
        ...
