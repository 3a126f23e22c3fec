"""The rules of the logging module. Source: logging.md, sections 3, 4 and 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from husqy_graphql.core.access import GuildAccess
from husqy_graphql.core.audit import AuditAction, describe_actor
from husqy_graphql.core.errors import BadUserInput, NotFound
from husqy_graphql.core.log_events import EVENTS_BY_SWITCH, LogCategory, LogEvent
from husqy_graphql.core.log_lines import API_KEY_ACTOR
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.snowflake import created_at
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.lookup import find_channel, find_own_member
from husqy_graphql.discord.permissions import SEND_MESSAGES, TEXT_CHANNELS, VIEW_CHANNEL, channel_permissions
from husqy_graphql.discord.port import (
    NO_MENTIONS,
    BotPort,
    ChannelType,
    DiscordChannel,
    DiscordError,
    PermissionOverwrite,
    Unreachable,
)
from husqy_graphql.lifecycle import Work, require_enabled
from husqy_graphql.modules.logging import repository
from husqy_graphql.modules.logging.models import LoggingSettings

EVERYONE, MEMBER = 0, 1  # the types of what an overwrite is for: the role, the member
CHANNEL_GONE = "The logs channel is gone. Choose another one."


async def check_channel(bot: BotPort, guild_id: int, channel_id: int) -> None:
    """Raise NotFound for a channel that is not in the guild, BadUserInput for one that Husqy cannot write in."""
    channel = await find_channel(bot, guild_id, channel_id)
    if channel is None:
        raise NotFound("There is no such channel in this server.")
    place = "input.channelId"
    if channel.type not in TEXT_CHANNELS:
        raise BadUserInput("Logs need a channel for text.", {place: "must be a text, news or voice channel"})
    found = await find_own_member(bot, guild_id)
    needed = VIEW_CHANNEL | SEND_MESSAGES
    if found is None or channel_permissions(found[0], channel, found[1]) & needed != needed:
        raise BadUserInput(
            "Husqy may not write in this channel.", {place: "must be a channel in which Husqy may send messages"}
        )


async def update_settings(
    uow: UnitOfWork, access: GuildAccess, channel_id: int | None, switches: Mapping[LogEvent, bool]
) -> tuple[LoggingSettings, int | None]:
    """Change the channel and the switches that are given; the row, and the channel before if it is another one now.

    Raises NotFound when Husqy is not in the guild, Conflict when the module is off.
    """
    await require_enabled(uow, access.guild_id, ModuleName.LOGGING)
    row = await find_settings(uow, access.guild_id)
    switched_off = set(row.switched_off)
    for event, on in switches.items():
        (switched_off.discard if on else switched_off.add)(event.switch)
    before = {"logs_channel_id": str(row.logs_channel_id), "switched_off": list(row.switched_off)}
    old_channel_id = row.logs_channel_id
    if channel_id is not None and channel_id != row.logs_channel_id:
        row.logs_channel_id = channel_id
        row.channel_gone = False
    row.switched_off = [event.switch for event in LogEvent if event.switch in switched_off]
    after = {"logs_channel_id": str(row.logs_channel_id), "switched_off": row.switched_off}
    if before != after:
        uow.audit(
            access,
            AuditAction.LOGGING_SETTINGS_UPDATE,
            "logging settings",
            before=before,
            after=after,
        )
    moved = row.logs_channel_id != old_channel_id
    if before != after and not moved:
        uow.log(access, LogEvent.MODULES, action="changed_the_settings_of", module="logging")
    return row, old_channel_id if moved else None


async def tell_of_move(bot: BotPort, access: GuildAccess, old_channel_id: int, new_channel_id: int) -> None:
    """Tell the old and the new channel of each other; raises nothing, since the move is done."""
    who = _name(access)
    await _say(bot, old_channel_id, f"**{who}** moved the logs to <#{new_channel_id}>")
    await _say(bot, new_channel_id, f"**{who}** moved the logs here from <#{old_channel_id}>")


async def find_settings(uow: UnitOfWork, guild_id: int) -> LoggingSettings:
    """The row of a guild that has the module on."""
    row = await repository.find_settings(uow.session, guild_id)
    assert row is not None  # it is there exactly while the module is on
    return row


def find_event(category: LogCategory, switch: str | None) -> LogEvent:
    """The event of a category; raises BadUserInput for none, an unknown, a dormant or another category's one."""
    event = EVENTS_BY_SWITCH.get(switch or "")
    if event is None or event.dormant or event.category is not category:
        raise BadUserInput(
            "There is no such event in this category.",
            {"input.event": "must be an event of the category, the name of a switch without `log_`"},
        )
    return event


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete the settings and the lines that are still to be written; the channel stays."""
    return {"settings": await repository.delete_of_guild(uow.session, guild_id)}


async def prepare(work: Work, access: GuildAccess) -> int:
    """Make the logs channel, hidden from @everyone; its id. Raises what Discord answers."""
    me = await work.bot.current_user()
    name = f"{me.username} logging"
    try:
        made = await work.bot.create_channel(
            access.guild_id,
            name=name,
            type=ChannelType.GUILD_TEXT,
            permission_overwrites=(
                PermissionOverwrite(access.guild_id, EVERYONE, allow=0, deny=VIEW_CHANNEL),
                PermissionOverwrite(me.id, MEMBER, allow=VIEW_CHANNEL | SEND_MESSAGES, deny=0),
            ),
        )
    except Unreachable as error:
        if not error.ambiguous:
            raise
        try:
            found = await _newest_channel(work.bot, access.guild_id, name)
        except DiscordError:
            found = None
        if found is None:
            raise
        return found.id
    return made.id


async def create(uow: UnitOfWork, access: GuildAccess, channel_id: int) -> None:
    """The settings row with every switch on."""
    uow.session.add(LoggingSettings(guild_id=access.guild_id, logs_channel_id=channel_id))


async def undo(work: Work, channel_id: int) -> None:
    """Delete the channel of a module that could not be switched on; raises nothing."""
    try:
        await work.bot.delete_channel(channel_id)
    except DiscordError:
        return


async def sweep(work: Work, reads: Reads, guild_id: int, intent: Any) -> None:
    """Delete the channel that a crash left behind. Raises what Discord answers."""
    me = await work.bot.current_user()
    found = await _newest_channel(work.bot, guild_id, f"{me.username} logging")
    used = {row.logs_channel_id for row in await repository.settings_of_guilds(reads, [guild_id])}
    if found is not None and found.id not in used and created_at(found.id) >= intent.created_at:
        await work.bot.delete_channel(found.id)


async def say_enabled(work: Work, access: GuildAccess, channel_id: int) -> None:
    await _say(work.bot, channel_id, f"**{_name(access)}** switched logging on")


async def say_disabled(work: Work, access: GuildAccess, wiped: Mapping[str, Sequence[Any]]) -> None:
    for row in wiped["settings"]:
        await _say(work.bot, row.logs_channel_id, f"**{_name(access)}** switched logging off")


async def _newest_channel(bot: BotPort, guild_id: int, name: str) -> DiscordChannel | None:
    normalised = name.lower().replace(" ", "-")
    channels = await bot.channels(guild_id) or ()
    return max((each for each in channels if each.name == normalised), key=lambda each: each.id, default=None)


async def _say(bot: BotPort, channel_id: int, text: str) -> None:
    try:
        await bot.send_message(channel_id, content=text, allowed_mentions=NO_MENTIONS)
    except DiscordError:
        return


def _name(access: GuildAccess) -> str:
    _, user_id = describe_actor(access.actor)
    return API_KEY_ACTOR if user_id is None else f"<@{user_id}>"
