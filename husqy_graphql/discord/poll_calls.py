"""Polls, as the bot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from husqy_graphql.discord.calls import BotCalls, all_pages
from husqy_graphql.discord.parsing import parse_message, parse_voters, parsed
from husqy_graphql.discord.port import DiscordMessage, DiscordUser

VOTERS_PAGE = 100
POLL = "/channels/{channel_id}/polls/{message_id}"


@dataclass(frozen=True, slots=True)
class PollCalls(BotCalls):
    """`PollPort` over HTTP."""

    async def expire_poll(self, channel_id: int, message_id: int) -> DiscordMessage:
        # Ending it twice does no harm, so it may be repeated.
        route = POLL + "/expire"
        ended = await self._write("POST", route, keyed=True, channel_id=channel_id, message_id=message_id)
        return parsed(parse_message, ended, ambiguous=True)

    async def poll_voters(
        self, channel_id: int, message_id: int, answer_id: int, *, after: int = 0, limit: int = 100
    ) -> Sequence[DiscordUser] | None:
        async def page(after: int, size: int) -> list[DiscordUser] | None:
            found = await self._find(
                POLL + "/answers/{answer_id}",
                query={"after": after, "limit": size},
                channel_id=channel_id,
                message_id=message_id,
                answer_id=answer_id,
            )
            return None if found is None else parsed(parse_voters, found)

        return await all_pages(page, VOTERS_PAGE, lambda user: user.id, after=after, limit=limit)
