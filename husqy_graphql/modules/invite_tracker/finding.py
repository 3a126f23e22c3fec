"""Finds invites on Discord, and who deleted them. Nothing here is inside a transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from husqy_graphql.discord.port import AuditLogAction, AuditLogEntry, BotPort, DiscordInvite, Refused

_CODE: Final = re.compile(r"[A-Za-z0-9-]{1,100}")


async def find_invite(bot: BotPort, guild_id: int, code: str) -> DiscordInvite | None:
    """The invite, if it leads into the guild; no text that is no code is asked for. Raises what Discord answers."""
    found = await bot.invite(code) if _CODE.fullmatch(code) else None
    return found if found is not None and found.guild_id == guild_id else None


async def find_deletions(bot: BotPort, guild_id: int) -> Mapping[str, AuditLogEntry]:
    """The newest deletions of invites by code, as the guild's audit log tells them; none without the permission to
    read it. Raises what else Discord answers."""
    try:
        entries = await bot.guild_audit_log(guild_id, AuditLogAction.INVITE_DELETE) or ()
    except Refused:
        return {}
    return {
        str(change.old_value): entry for entry in reversed(entries) for change in entry.changes if change.key == "code"
    }
