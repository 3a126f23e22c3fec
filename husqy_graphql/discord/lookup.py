"""Finds what an operation names, on Discord. Everything raises what Discord answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from husqy_graphql.core.snowflake import snowflake_at
from husqy_graphql.discord.objects import DiscordMessage
from husqy_graphql.discord.port import BotPort, DiscordChannel, DiscordGuild, DiscordMember

CLOCKS_DIFFER: Final = timedelta(seconds=60)  # Discord's and ours
PAGE: Final = 100
PAGES_MAX: Final = 20


async def find_channel(bot: BotPort, guild_id: int, channel_id: int) -> DiscordChannel | None:
    """The channel, if it is in the guild. Not read by its id: one that the bot may not see is in the list alone."""
    return next((each for each in await bot.channels(guild_id) or () if each.id == channel_id), None)


async def find_member(bot: BotPort, guild_id: int, user_id: int) -> tuple[DiscordGuild, DiscordMember] | None:
    """The guild and its member; None where the bot or the user is not in it."""
    guild = await bot.guild(guild_id)
    member = await bot.member(guild_id, user_id) if guild else None
    return None if guild is None or member is None else (guild, member)


async def find_own_member(bot: BotPort, guild_id: int) -> tuple[DiscordGuild, DiscordMember] | None:
    """The guild and the bot as its member; None where the bot is not in it."""
    return await find_member(bot, guild_id, (await bot.current_user()).id)


async def find_own_message(
    bot: BotPort, channel_id: int, since: datetime, is_it: Callable[[DiscordMessage], bool]
) -> DiscordMessage | None:
    """The first message that the bot itself has sent to a channel since a time and that `is_it`: what a crash, or an
    answer that got lost, has left. The nonce of a message is not in a channel's history."""
    me = await bot.current_user()
    after = snowflake_at(since - CLOCKS_DIFFER)
    for _ in range(PAGES_MAX):
        page = await bot.messages(channel_id, after=after, limit=PAGE)
        found = next((each for each in page if each.author.id == me.id and is_it(each)), None)
        if found is not None or len(page) < PAGE:
            return found
        after = page[-1].id
    return None
