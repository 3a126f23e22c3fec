"""Invites and the audit log, as the bot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from husqy_graphql.discord.calls import MISSING_PERMISSIONS, UNKNOWN_INVITE, BotCalls, unless_gone
from husqy_graphql.discord.parsing import parse_audit_log, parse_invite, parsed, parsed_rows
from husqy_graphql.discord.port import AuditLogEntry, DiscordInvite, Refused

INVITE = "/invites/{code}"


@dataclass(frozen=True, slots=True)
class InviteCalls(BotCalls):
    """`InvitePort` over HTTP."""

    async def create_channel_invite(
        self,
        channel_id: int,
        *,
        max_age: int,
        max_uses: int,
        temporary: bool = False,
        unique: bool = True,
        reason: str | None = None,
    ) -> DiscordInvite:
        body = {"max_age": max_age, "max_uses": max_uses, "temporary": temporary, "unique": unique}
        made = await self._write("POST", "/channels/{channel_id}/invites", body, reason=reason, channel_id=channel_id)
        return parsed(parse_invite, made, ambiguous=True)

    async def delete_invite(self, code: str, *, reason: str | None = None) -> bool:
        return await unless_gone(self._write("DELETE", INVITE, reason=reason, code=code), UNKNOWN_INVITE)

    async def invite(self, code: str) -> DiscordInvite | None:
        answer = await self._find(INVITE, code=code)
        found = None if answer is None else parsed(parse_invite, answer)
        if found is None or found.guild_id is None:
            return found
        try:
            listed = await self.guild_invites(found.guild_id) or ()
        except Refused as error:
            if error.code != MISSING_PERMISSIONS:
                raise
            listed = ()
        return next((each for each in listed if each.code == found.code), found)

    async def guild_invites(self, guild_id: int) -> Sequence[DiscordInvite] | None:
        found = await self._find("/guilds/{guild_id}/invites", guild_id=guild_id)
        return None if found is None else parsed_rows(parse_invite, found)

    async def guild_audit_log(self, guild_id: int, action_type: int, limit: int = 50) -> Sequence[AuditLogEntry] | None:
        query = {"action_type": int(action_type), "limit": limit}
        found = await self._find("/guilds/{guild_id}/audit-logs", query=query, guild_id=guild_id)
        return None if found is None else parsed(parse_audit_log, found)
