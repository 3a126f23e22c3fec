"""Writes a response to who joins or leaves. Nothing here is inside a transaction.

Source: welcoming.md, sections 3, 4 and 7.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from husqy_graphql.core.clock import Clock
from husqy_graphql.core.embeds import render_embeds
from husqy_graphql.core.errors import NotFound
from husqy_graphql.core.pasted_json import BadPastedJSON
from husqy_graphql.core.templates import TemplateContext, UserContext, render
from husqy_graphql.core.time_zones import time_zone_or_utc
from husqy_graphql.db.engines import Reads
from husqy_graphql.discord.lookup import find_channel
from husqy_graphql.discord.port import BotPort, DiscordChannel, DiscordGuild, Refused
from husqy_graphql.discord.variables import channel_context, member_context, server_context, user_context
from husqy_graphql.modules.welcoming import repository
from husqy_graphql.modules.welcoming.repository import FullSettings
from husqy_graphql.modules.welcoming.service import RESPONSE_COLUMNS, TEXT_MAX, ResponseType

NO_DIRECT_MESSAGES = 50007  # Discord's code where somebody takes none from the bot
# The columns of a component, by the type of its responses.
_PREFIXES = {
    ResponseType.DM_WELCOME: "dm",
    ResponseType.CHANNEL_WELCOME: "welcome",
    ResponseType.CHANNEL_LEAVE: "leave",
}


@dataclass(frozen=True, slots=True)
class Greeting:
    """What became of a message: it was sent, it failed in a way that is the member's or the text's own (`failure`, a
    word for the logs), or there was nothing to do."""

    said: str
    sent: bool = False
    failure: str | None = None
    channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class Greeter:
    """What writing needs: Discord, the guild's words and time, and what it may choose from."""

    bot: BotPort
    reads: Reads
    clock: Clock
    language: str
    zone_name: str


async def greet(greeter: Greeter, settings: FullSettings, kind: ResponseType, user_id: int) -> Greeting:
    """Send the response of a kind to, or about, somebody. Raises NotFound for who joins and is no member, and what
    Discord answers."""
    if not getattr(settings.row, f"{_PREFIXES[kind]}_enabled"):
        return Greeting("This message is off.")
    response = await choose(greeter.reads, settings, kind)
    if response is None:
        return Greeting("There is no response to send.")
    guild = await greeter.bot.guild(settings.guild_id)
    if guild is None:
        return Greeting("Husqy is not in this server any more.")
    if kind is ResponseType.DM_WELCOME:
        return await _greet_directly(greeter, guild, user_id, response)
    channel = await _channel(greeter.bot, settings, kind)
    if channel is None:
        return Greeting("There is no channel to write in.")
    return await _greet_in(channel, greeter, guild, kind, user_id, response)


async def choose(reads: Reads, settings: FullSettings, kind: ResponseType) -> Any | None:
    """The response of a kind to send: any of them where they are randomized, else the chosen one; None for none."""
    found = await repository.responses(reads, settings.guild_id, response_type=kind.value)
    if getattr(settings.row, f"{_PREFIXES[kind]}_randomized"):
        return secrets.choice(found) if found else None
    chosen = getattr(settings.row, RESPONSE_COLUMNS[kind])
    return next((row for row in found if row.response_id == chosen), None)


async def _greet_directly(greeter: Greeter, guild: DiscordGuild, user_id: int, response: Any) -> Greeting:
    member = await greeter.bot.member(guild.id, user_id)
    if member is None:
        raise NotFound("There is no such member in this server.")
    if member.user.bot:
        return Greeting("Bots get no direct messages.")
    context = _context(greeter, guild, member_context(member, guild), None)
    try:
        return await _send(greeter.bot, await greeter.bot.open_dm(user_id), response, context)
    except Refused as error:
        if error.code != NO_DIRECT_MESSAGES:
            raise
        return Greeting("The member takes no direct messages.", failure="no_direct_messages")


async def _greet_in(
    channel: DiscordChannel, greeter: Greeter, guild: DiscordGuild, kind: ResponseType, user_id: int, response: Any
) -> Greeting:
    who = await _who(greeter.bot, guild, user_id, joining=kind is ResponseType.CHANNEL_WELCOME)
    if who is None:
        return Greeting("Discord knows nobody by this id.")
    context = _context(greeter, guild, who, channel)
    return await _send(greeter.bot, channel.id, response, context, channel_id=channel.id)


async def _channel(bot: BotPort, settings: FullSettings, kind: ResponseType) -> DiscordChannel | None:
    """The component's channel; None where none is chosen, or it is gone."""
    channel_id = getattr(settings.row, f"{_PREFIXES[kind]}_channel_id")
    if channel_id is None:
        return None
    return await find_channel(bot, settings.guild_id, channel_id)


async def _who(bot: BotPort, guild: DiscordGuild, user_id: int, *, joining: bool) -> UserContext | None:
    member = await bot.member(guild.id, user_id)
    if member is not None:
        return member_context(member, guild)
    if joining:
        raise NotFound("There is no such member in this server.")
    user = await bot.user(user_id)
    return user_context(user_id, user) if user else None


def _context(
    greeter: Greeter, guild: DiscordGuild, who: UserContext, channel: DiscordChannel | None
) -> TemplateContext:
    return TemplateContext(
        language=greeter.language,
        zone=time_zone_or_utc(greeter.zone_name),
        now=greeter.clock(),
        user=who,
        channel=channel_context(channel.id, channel) if channel else None,
        server=server_context(guild.id, guild),
    )


async def _send(
    bot: BotPort, target_id: int, response: Any, context: TemplateContext, *, channel_id: int | None = None
) -> Greeting:
    try:
        said = _rendered(response, context)
    except BadPastedJSON:
        return Greeting("The response is not the JSON of embeds.", failure="invalid_embeds")
    if said is None:
        return Greeting("With its variables replaced, nothing is left of the response.", failure="empty_response")
    assert context.user is not None
    # Whoever joins or leaves, and nobody else, whatever the text or a name in it mentions.
    allowed: Mapping[str, Any] = {"parse": [], "users": [str(context.user.id)]}
    await bot.send_message(target_id, **said, allowed_mentions=allowed)
    return Greeting("The message was sent.", sent=True, channel_id=channel_id)


def _rendered(response: Any, context: TemplateContext) -> dict[str, Any] | None:
    if response.is_embed:
        embeds = render_embeds(response.content, lambda text: render(text, context))
        return {"embeds": embeds} if embeds else None
    text = render(response.content, context, limit=TEXT_MAX)
    return {"content": text} if text.strip() else None
