"""Invites, and who made and deleted them: a part of `BotPort`. Errors are in `port.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from husqy_graphql.discord.objects import AuditLogEntry, DiscordInvite


class InvitePort(Protocol):
    """Everything may raise Unauthorized, Throttled and Unreachable; the methods name what else."""

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
        """Make an invite: `max_age` 0 to 604,800 seconds, `max_uses` 0 to 100, 0 = no end. One that is not `unique`
        may be an older one of the same kind. There is no nonce: Unreachable may be `ambiguous`, and a repetition may
        make a second one.
        Raises Invalid (50035, 50024 a category), Refused (50001, 50013), NotThere (10003) and TooMany (30016, 1,000 a
        guild).
        """
        ...

    async def delete_invite(self, code: str, *, reason: str | None = None) -> bool:
        """Delete an invite; False when it was gone. Raises Refused (50001, 50013)."""
        ...

    async def invite(self, code: str) -> DiscordInvite | None:
        """The invite; None when it is deleted, used up or expired. Discord tells how often it was used in the guild's
        list alone, which is read too: without Manage Guild there, and for a vanity code, `uses` is None."""
        ...

    async def guild_invites(self, guild_id: int) -> Sequence[DiscordInvite] | None:
        """Every invite of the guild; None when the bot is not in it. With View Audit Log, but without Manage Guild,
        `uses` is None. Raises Refused (50013) without both."""
        ...

    async def guild_audit_log(self, guild_id: int, action_type: int, limit: int = 50) -> Sequence[AuditLogEntry] | None:
        """The newest entries of one kind, the newest first (1 to 100); None when the bot is not in the guild. An entry
        may come some seconds after its deed. Raises Refused (50013)."""
        ...
