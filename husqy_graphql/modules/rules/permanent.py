"""The permanent message with the rules in a channel: sent, edited and deleted so that it says what is stored.

Whoever changes what it says notes an intent in the same transaction, and brings the message in line afterwards; after a
crash, or while Discord does not answer, the worker does. No transaction is open while Discord is called. A version
keeps an older text from having the last word, and nonces keep a repetition from sending a second message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

from husqy_graphql.core.access import GuildAccess
from husqy_graphql.core.errors import BadUserInput, DiscordRefused, NotFound
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.db.intents import add_intent, delete_intent, find_intent
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.lookup import find_channel, find_own_member
from husqy_graphql.discord.permissions import TEXT_CHANNELS
from husqy_graphql.discord.port import (
    NO_MENTIONS,
    BotPort,
    DiscordError,
    Invalid,
    NotThere,
    Refused,
    TooMany,
)
from husqy_graphql.discord.roles import role_fault
from husqy_graphql.discord.variables import server_context
from husqy_graphql.lifecycle import INTENT_LIFE, NO_GUILD, Work, require_enabled
from husqy_graphql.modules.rules import repository, service
from husqy_graphql.modules.rules.models import RulesSettings
from husqy_graphql.modules.rules.rendering import RulesMessage, render_message, template_context
from husqy_graphql.modules.rules.repository import FullSettings

ROUNDS = 5  # of bringing the message in line while others go on changing it
UNKNOWN_MESSAGE = 10008
NEEDED = "Give Husqy the permissions View Channel, Send Messages and Embed Links there, or choose another channel."
_ROLE_FIELDS = {"accepted_role_ids": "input.acceptedRoleIds", "denied_role_ids": "input.deniedRoleIds"}
# Trying again would end the same way.
_FINAL = (Refused, Invalid, NotThere, TooMany)
# One at a time in this process saves calls; what several processes do is settled by the version.
_locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class _View:
    """What is stored at a moment."""

    row: RulesSettings
    texts: list[str]
    language: str
    zone_name: str
    now: datetime
    wanted: bool  # whether an intent says that there is something to do


async def settle(work: Work, guild_id: int) -> None:
    """Bring the permanent message in line with what is stored, if a change has asked for it. Raises what Discord
    answers; it is tried again later unless that would be in vain."""
    async with _lock(guild_id):
        try:
            await _settle(work, guild_id)
        except _FINAL:
            async with work.units() as uow:
                await lock_guild(uow.session, guild_id)
                row = await repository.find_settings(uow.session, guild_id)
                if row is None or row.pending_nonce is None:
                    await delete_intent(uow.session, guild_id, ModuleName.RULES)
            raise


async def sweep(work: Work, _: Reads, guild_id: int, __: Any) -> None:
    """Do what a crash, or a Discord that did not answer, has left. Raises what may go better another time."""
    with suppress(*_FINAL):
        await settle(work, guild_id)


async def update_settings(work: Work, access: GuildAccess, changes: Mapping[str, Any]) -> FullSettings:
    """Change settings by column, and roles by `accepted_role_ids` and `denied_role_ids`; the permanent message first,
    so that nothing is stored that Discord refuses.

    Raises NotFound for a channel or role that is not there, BadUserInput for one that is no good, Conflict when the
    module is off, DiscordRefused for a message that Discord does not take, and what Discord answers otherwise.
    """
    guild_id = access.guild_id
    async with _lock(guild_id):
        async with work.units() as uow:
            await require_enabled(uow, guild_id, ModuleName.RULES)
            view = await _view(uow, guild_id)
        assert view is not None
        await _check_references(work.bot, guild_id, changes)
        channel_id = changes.get("rules_channel", view.row.rules_channel)
        buttons = changes.get("rules_actions_enabled", view.row.rules_actions_enabled)
        standing = view.row.rules_message_id if channel_id == view.row.rules_channel else None
        restored = standing is None and "rules_channel" in changes
        redrawn = standing is not None and buttons != view.row.rules_actions_enabled
        message_id = standing
        if channel_id is not None and view.texts and (restored or redrawn):
            message_id = await _show(work, view, channel_id, standing, buttons=buttons)
        shown = {} if message_id == view.row.rules_message_id else {"rules_message_id": message_id}
        try:
            async with work.units() as uow:
                changed = await service.apply_settings(uow, access, {**changes, **shown})
                settled = await _end_pending(uow, guild_id, view.row.message_version)
        except BaseException:
            await _undo(work, guild_id, channel_id, shown.get("rules_message_id"))
            raise
        old_channel_id, old_message_id = view.row.rules_channel, view.row.rules_message_id
        with suppress(DiscordError):
            if old_channel_id is not None and old_message_id is not None and old_message_id != message_id:
                await work.bot.delete_message(old_channel_id, old_message_id)
            if not settled:
                await _settle(work, guild_id)
    return changed


async def _check_references(bot: BotPort, guild_id: int, changes: Mapping[str, Any]) -> None:
    """Raise NotFound for a channel or role that is not in the guild, BadUserInput for one that cannot be used."""
    faults: dict[str, str] = {}
    channel_id = changes.get("rules_channel")
    if channel_id is not None:
        channel = await find_channel(bot, guild_id, channel_id)
        if channel is None:
            raise NotFound("There is no such channel in this server.")
        if channel.type not in TEXT_CHANNELS:
            faults["input.channel"] = "must be a text, news or voice channel"
    given = {field: changes.get(name) for name, field in _ROLE_FIELDS.items()}
    if any(given.values()):
        faults |= await _role_faults(bot, guild_id, given)
    if faults:
        raise BadUserInput("The settings name something that cannot be used.", faults)


async def _role_faults(bot: BotPort, guild_id: int, given: Mapping[str, Sequence[int] | None]) -> dict[str, str]:
    found = await find_own_member(bot, guild_id)
    if found is None:
        raise NotFound(NO_GUILD)
    guild, me = found
    roles = {role.id: role for role in guild.roles}
    faults: dict[str, str] = {}
    for field, role_ids in given.items():
        for role_id in dict.fromkeys(role_ids or ()):
            if role_id not in roles:
                raise NotFound(f"There is no role {role_id} in this server.")
            fault = role_fault(guild, me, roles[role_id])
            if fault:
                faults.setdefault(field, f"{fault} ({role_id})")
    return faults


async def _show(work: Work, view: _View, channel_id: int, message_id: int | None, *, buttons: bool) -> int:
    """Send or edit the message for settings that are not stored yet; its id. Raises DiscordRefused."""
    guild_id = view.row.guild_id
    try:
        said = await _render(work.bot, view, buttons=buttons)
        if message_id is not None:
            async with work.units() as uow:
                await lock_guild(uow.session, guild_id)
                await add_intent(uow.session, guild_id, ModuleName.RULES, uow.clock())
            with suppress(NotThere):  # deleted by hand: then a new one is sent
                await _edit(work.bot, channel_id, message_id, said)
                return message_id
        nonce = uuid4().hex[:25]
        async with work.units() as uow:
            await require_enabled(uow, guild_id, ModuleName.RULES)
            row = await service.find_settings(uow, guild_id)
            row.pending_channel, row.pending_nonce, row.pending_since = channel_id, nonce, uow.clock()
            await add_intent(uow.session, guild_id, ModuleName.RULES, uow.clock())
        return await _send(work.bot, channel_id, said, nonce)
    except _FINAL as error:
        async with work.units() as uow:
            await lock_guild(uow.session, guild_id)
            await _end_pending(uow, guild_id, view.row.message_version)
        raise DiscordRefused(f"Discord did not let Husqy post the rules in this channel: {error}. {NEEDED}") from error


async def _end_pending(uow: UnitOfWork, guild_id: int, version: int) -> bool:
    """Note that nothing is being sent any more; whether the message says what was stored then. Hold the lock."""
    row = await repository.find_settings(uow.session, guild_id)
    if row is not None:
        _clear_pending(row)
    settled = row is None or row.message_version == version
    if settled:
        await delete_intent(uow.session, guild_id, ModuleName.RULES)
    return settled


async def _undo(work: Work, guild_id: int, channel_id: int | None, sent_id: int | None) -> None:
    """Take back what was shown for settings that could not be stored; what fails is left to the worker."""
    with suppress(DiscordError):
        if channel_id is not None and sent_id is not None:
            await work.bot.delete_message(channel_id, sent_id)
            async with work.units() as uow:
                await lock_guild(uow.session, guild_id)
                await _end_pending(uow, guild_id, -1)
        await _settle(work, guild_id)


async def _settle(work: Work, guild_id: int) -> None:
    """The same as `settle`, by whoever holds the guild's place in the process."""
    for _ in range(ROUNDS):
        async with work.units() as uow:
            await lock_guild(uow.session, guild_id)
            view = await _view(uow, guild_id)
        if view is None or not view.wanted:
            return
        since = view.row.pending_since
        if since is not None and view.now - since >= INTENT_LIFE:
            await _take_back_pending(work, view)
        try:
            message_id = await _bring_in_line(work.bot, view)
        except NotThere as error:
            if view.row.rules_message_id is None and error.code != UNKNOWN_MESSAGE:
                raise
            await _note(work, view, None, lost=True)  # deleted by hand: the next round sends a new one
            continue
        if await _note(work, view, message_id):
            return


async def _bring_in_line(bot: BotPort, view: _View) -> int | None:
    """Let Discord show what is stored; the id of the message that stands then."""
    row = view.row
    channel_id, message_id = row.rules_channel, row.rules_message_id
    if channel_id is None:
        return message_id
    if not view.texts:
        if message_id is not None:
            await bot.delete_message(channel_id, message_id)
        return None
    said = await _render(bot, view, buttons=row.rules_actions_enabled)
    if message_id is None:
        return await _send(bot, channel_id, said, f"rules{row.id}.{row.message_version}")
    await _edit(bot, channel_id, message_id, said)
    return message_id


async def _note(work: Work, view: _View, message_id: int | None, *, lost: bool = False) -> bool:
    """Store which message stands; whether nothing is left to do. One that nobody wants any more is deleted."""
    seen, orphan = view.row, None
    async with work.units() as uow:
        await lock_guild(uow.session, seen.guild_id)
        row = await repository.find_settings(uow.session, seen.guild_id)
        if row is None or (row.rules_channel, row.rules_message_id) != (seen.rules_channel, seen.rules_message_id):
            stored = None if row is None else row.rules_message_id
            orphan = message_id if message_id not in {seen.rules_message_id, stored} else None
            done = row is None
        else:
            row.rules_message_id = message_id
            if lost:
                row.message_version += 1  # and with it the nonce of the next one
            done = row.message_version == seen.message_version
            # While somebody is still sending another one, the intent is theirs too.
            if done and row.pending_nonce is None:
                await delete_intent(uow.session, seen.guild_id, ModuleName.RULES)
        if not done:  # another process may have ended the intent of what it showed before we showed something older
            await add_intent(uow.session, seen.guild_id, ModuleName.RULES, uow.clock())
    if orphan is not None and seen.rules_channel is not None:
        with suppress(DiscordError):
            await work.bot.delete_message(seen.rules_channel, orphan)
    return done


async def _take_back_pending(work: Work, view: _View) -> None:
    """Delete a message whose sender did not come to an end: the nonce answers which one it is."""
    row = view.row
    assert row.pending_channel is not None
    assert row.pending_nonce is not None
    with suppress(*_FINAL):
        said = await _render(work.bot, view, buttons=False)
        message_id = await _send(work.bot, row.pending_channel, said, row.pending_nonce)
        await work.bot.delete_message(row.pending_channel, message_id)
    async with work.units() as uow:
        await lock_guild(uow.session, row.guild_id)
        now = await repository.find_settings(uow.session, row.guild_id)
        if now is not None and now.pending_nonce == row.pending_nonce:
            _clear_pending(now)


def _clear_pending(row: RulesSettings) -> None:
    row.pending_channel = row.pending_nonce = row.pending_since = None


async def _view(uow: UnitOfWork, guild_id: int) -> _View | None:
    guild = await lock_guild(uow.session, guild_id)
    row = await repository.find_settings(uow.session, guild_id)
    if guild is None or row is None:
        return None
    texts = [each.rule_text for each in await repository.entries_in(uow.session, guild_id)]
    wanted = await find_intent(uow.session, guild_id, ModuleName.RULES) is not None
    return _View(row, texts, guild.language, guild.time_zone, uow.clock(), wanted)


async def _render(bot: BotPort, view: _View, *, buttons: bool) -> RulesMessage:
    guild_id = view.row.guild_id
    server = server_context(guild_id, await bot.guild(guild_id))
    context = template_context(language=view.language, zone_name=view.zone_name, now=view.now, server=server)
    return render_message(view.texts, context, buttons=buttons)


async def _send(bot: BotPort, channel_id: int, said: RulesMessage, nonce: str) -> int:
    sent = await bot.send_message(
        channel_id, embeds=said.embeds, components=said.components, allowed_mentions=NO_MENTIONS, nonce=nonce
    )
    return sent.id


async def _edit(bot: BotPort, channel_id: int, message_id: int, said: RulesMessage) -> None:
    await bot.edit_message(
        channel_id, message_id, embeds=said.embeds, components=said.components, allowed_mentions=NO_MENTIONS
    )


def _lock(guild_id: int) -> asyncio.Lock:
    return _locks.setdefault(guild_id, asyncio.Lock())
