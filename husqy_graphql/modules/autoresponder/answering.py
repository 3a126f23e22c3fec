"""Looks at a message, and runs the responses of the triggers that it hits. Nothing here is inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from husqy_graphql.core.embeds import BadEmbeds, render_embeds
from husqy_graphql.core.errors import NotFound
from husqy_graphql.core.mentions import allowed_mentions
from husqy_graphql.core.templates import TemplateContext, render
from husqy_graphql.core.time_zones import time_zone_or_utc
from husqy_graphql.db.engines import Reads
from husqy_graphql.discord.port import BotPort, DiscordError, DiscordMessage
from husqy_graphql.discord.variables import load_context
from husqy_graphql.modules.autoresponder import repository
from husqy_graphql.modules.autoresponder.matching import Message, hits
from husqy_graphql.modules.autoresponder.repository import FullTrigger
from husqy_graphql.modules.autoresponder.service import TEXT_MAX, ResponseType


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a message found. `own` says that it was written by a program, which never hits anything."""

    message: DiscordMessage
    hit: Sequence[FullTrigger]

    @property
    def responses(self) -> list[Any]:
        """The responses to run: in order, each once."""
        return list({row.id: row for trigger in self.hit for row in trigger.responses}.values())


async def look_at(
    reads: Reads, bot: BotPort, guild_id: int, channel_id: int, message_id: int, role_ids: Sequence[int]
) -> Look:
    """Read the message, and find the triggers that it hits. Raises NotFound for a channel or message that is not in the
    guild, and what Discord answers."""
    channel = await bot.channel(channel_id)
    if channel is None or channel.guild_id != guild_id:
        raise NotFound("There is no such channel in this server.")
    message = await bot.message(channel_id, message_id)
    if message is None:
        raise NotFound("There is no such message in this channel.")
    if message.author.bot or message.webhook_id is not None:
        return Look(message, ())
    places = {channel_id} if channel.parent_id is None else {channel_id, channel.parent_id}
    looked_at = Message(message.content, places, frozenset(role_ids))
    return Look(message, hits(await repository.triggers(reads, guild_id), looked_at))


async def answer(
    bot: BotPort, look: Look, *, guild_id: int, language: str, zone_name: str, now: datetime
) -> list[Exception]:
    """Run the responses; what failed. One that fails keeps no other from running."""
    responses = look.responses
    if not responses:
        return []
    context: TemplateContext | None = None
    failures: list[Exception] = []
    for row in responses:
        try:
            if context is None and row.response_type != ResponseType.REACTION.value:
                context = await load_context(
                    bot,
                    language=language,
                    zone=time_zone_or_utc(zone_name),
                    now=now,
                    guild_id=guild_id,
                    user_id=look.message.author.id,
                    channel_id=look.message.channel_id,
                )
            await _run(bot, row, look.message, context)
        except (DiscordError, BadEmbeds) as error:
            failures.append(error)
    return failures


async def _run(bot: BotPort, row: Any, message: DiscordMessage, context: TemplateContext | None) -> None:
    if row.response_type == ResponseType.REACTION.value:
        emoji = f"{row.emoji_name}:{row.emoji_id}" if row.emoji_id else row.emoji_name
        await bot.add_reaction(message.channel_id, message.id, emoji)
        return
    assert context is not None
    replace: Callable[[str], str] = lambda text: render(text, context)  # noqa: E731
    allowed = allowed_mentions(row.response_content, message.author.id)
    if row.response_type == ResponseType.EMBED.value:
        embeds = render_embeds(row.response_content, replace)
        await bot.send_message(message.channel_id, embeds=embeds, allowed_mentions=allowed)
    else:
        text = render(row.response_content, context, limit=TEXT_MAX)
        await bot.send_message(message.channel_id, content=text, allowed_mentions=allowed)
