"""Finds what an operation names, on Discord. Everything raises what Discord answers."""

from __future__ import annotations

from husqy_graphql.discord.port import BotPort, DiscordChannel, DiscordGuild, DiscordMember


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
