"""Posts the text of a tag into a channel. Nothing here is inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from husqy_graphql.core.errors import NotFound
from husqy_graphql.core.templates import render
from husqy_graphql.core.time_zones import time_zone_or_utc
from husqy_graphql.discord.port import BotPort, DiscordChannel
from husqy_graphql.discord.variables import channel_context, load_context
from husqy_graphql.modules.tags.service import CONTENT_MAX

NO_CHANNEL = "There is no such channel in this server."
NO_MEMBER = "There is no such member in this server."


async def find_channel(bot: BotPort, guild_id: int, channel_id: int) -> DiscordChannel:
    """The channel or thread. Raises NotFound unless it is in the guild, and what Discord answers."""
    channel = await bot.channel(channel_id)
    if channel is None or channel.guild_id != guild_id:
        raise NotFound(NO_CHANNEL)
    return channel


async def require_member(bot: BotPort, guild_id: int, user_id: int) -> None:
    """Raise NotFound unless the user is in the guild, and what Discord answers."""
    if await bot.member(guild_id, user_id) is None:
        raise NotFound(NO_MEMBER)


async def post_content(
    bot: BotPort,
    content: str,
    channel: DiscordChannel,
    *,
    guild_id: int,
    user_id: int | None,
    language: str,
    zone_name: str,
    now: datetime,
    allowed_mentions: Mapping[str, Any],
) -> None:
    """Post the text with its variables replaced; without `user_id` those of a user stay. Raises what Discord says."""
    context = await load_context(
        bot,
        language=language,
        zone=time_zone_or_utc(zone_name),
        now=now,
        guild_id=guild_id,
        user_id=user_id,
        channel_id=None,
    )
    context = replace(context, channel=channel_context(channel.id, channel))
    await bot.send_message(
        channel.id,
        content=render(content, context, limit=CONTENT_MAX),
        allowed_mentions=allowed_mentions,
    )
