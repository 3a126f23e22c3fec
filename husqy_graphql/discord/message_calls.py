"""Messages and reactions, as the bot."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from husqy_graphql.discord.calls import (
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    BotCalls,
    all_pages,
    unless_gone,
)
from husqy_graphql.discord.messages import message_body
from husqy_graphql.discord.parsing import parse_message, parsed, parsed_rows
from husqy_graphql.discord.polls import NewPoll, poll_body
from husqy_graphql.discord.port import NO_MENTIONS, DiscordMessage, NotThere, Refused

MESSAGES = "/channels/{channel_id}/messages"
MESSAGES_PAGE = 100
MESSAGE = MESSAGES + "/{message_id}"
REACTIONS = MESSAGE + "/reactions"


@dataclass(frozen=True, slots=True)
class MessageCalls(BotCalls):
    """`MessagePort` over HTTP."""

    async def message(self, channel_id: int, message_id: int) -> DiscordMessage | None:
        try:
            found = await self._find(MESSAGE, channel_id=channel_id, message_id=message_id)
        except Refused as error:
            if error.code == MISSING_PERMISSIONS:
                return None
            raise
        return None if found is None else parsed(parse_message, found)

    async def messages(self, channel_id: int, *, after: int, limit: int = 100) -> Sequence[DiscordMessage]:
        async def page(after: int, size: int) -> list[DiscordMessage]:
            query = {"after": after, "limit": size}
            try:
                return parsed_rows(parse_message, await self._get(MESSAGES, query=query, channel_id=channel_id))
            except NotThere:
                return []

        return await all_pages(page, MESSAGES_PAGE, lambda message: message.id, after=after, limit=limit) or []

    async def send_message(
        self,
        channel_id: int,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
        poll: NewPoll | None = None,
        nonce: str | None = None,
    ) -> DiscordMessage:
        body = message_body(content=content, embeds=embeds, components=components, allowed_mentions=allowed_mentions)
        body |= {"nonce": nonce or secrets.token_hex(12), "enforce_nonce": True}
        if poll is not None:
            body["poll"] = poll_body(poll)
        sent = await self._write("POST", MESSAGES, body, keyed=True, channel_id=channel_id)
        return parsed(parse_message, sent, ambiguous=True)

    async def edit_message(
        self,
        channel_id: int,
        message_id: int,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
    ) -> DiscordMessage:
        body = message_body(content=content, embeds=embeds, components=components, allowed_mentions=allowed_mentions)
        edited = await self._write("PATCH", MESSAGE, body, channel_id=channel_id, message_id=message_id)
        return parsed(parse_message, edited, ambiguous=True)

    async def remove_components(self, channel_id: int, message_id: int) -> bool:
        body: dict[str, Any] = {"components": [], "allowed_mentions": dict(NO_MENTIONS)}
        call = self._write("PATCH", MESSAGE, body, channel_id=channel_id, message_id=message_id)
        return await unless_gone(call, UNKNOWN_MESSAGE, UNKNOWN_CHANNEL)

    async def delete_message(self, channel_id: int, message_id: int, *, reason: str | None = None) -> bool:
        call = self._write("DELETE", MESSAGE, reason=reason, channel_id=channel_id, message_id=message_id)
        return await unless_gone(call, UNKNOWN_MESSAGE, UNKNOWN_CHANNEL)

    async def add_reaction(self, channel_id: int, message_id: int, emoji: str) -> None:
        route = REACTIONS + "/{emoji}/@me"
        await self._write("PUT", route, channel_id=channel_id, message_id=message_id, emoji=emoji)

    async def remove_reaction(self, channel_id: int, message_id: int, emoji: str, user_id: int) -> bool:
        route = REACTIONS + "/{emoji}/{user_id}"
        call = self._write("DELETE", route, channel_id=channel_id, message_id=message_id, emoji=emoji, user_id=user_id)
        return await unless_gone(call, UNKNOWN_MESSAGE, UNKNOWN_CHANNEL)

    async def clear_reactions(self, channel_id: int, message_id: int) -> bool:
        call = self._write("DELETE", REACTIONS, channel_id=channel_id, message_id=message_id)
        return await unless_gone(call, UNKNOWN_MESSAGE, UNKNOWN_CHANNEL)
