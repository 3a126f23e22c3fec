"""What is shown of Discord: a few seconds old at most, so that a dashboard does not use up the bot's rate limit.

Only for showing. Whatever decides something (a permission, a hierarchy) asks the port.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from husqy_graphql.core.timed_cache import TimedCache
from husqy_graphql.discord.port import BotPort, DiscordChannel, DiscordGuild, DiscordMember

AGE = 10.0  # seconds
GUILDS = 1_000
MEMBER_LISTS = 50  # they may be long


@dataclass(frozen=True, slots=True)
class DiscordView:
    """The bot's reads with a short memory; made by `create_view`."""

    bot: BotPort
    _guilds: TimedCache[int, DiscordGuild | None] = field(repr=False)
    _channels: TimedCache[int, Sequence[DiscordChannel] | None] = field(repr=False)
    _members: TimedCache[int, Sequence[DiscordMember] | None] = field(repr=False)

    async def guild(self, guild_id: int) -> DiscordGuild | None:
        return await self._guilds.get(guild_id, lambda: self.bot.guild(guild_id), lambda _: AGE)

    async def channels(self, guild_id: int) -> Sequence[DiscordChannel] | None:
        return await self._channels.get(guild_id, lambda: self.bot.channels(guild_id), lambda _: AGE)

    async def members(self, guild_id: int) -> Sequence[DiscordMember] | None:
        return await self._members.get(guild_id, lambda: self.bot.members(guild_id), lambda _: AGE)


def create_view(bot: BotPort, now: Callable[[], float] = monotonic) -> DiscordView:
    """A view with an empty memory; `now` gives seconds that never go back."""
    return DiscordView(bot, TimedCache(GUILDS, now), TimedCache(GUILDS, now), TimedCache(MEMBER_LISTS, now))
