"""How Husqy gives and takes the roles of members, and puts them out: a part of `BotPort`. Errors are in `port.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class MemberPort(Protocol):
    """Everything may raise Unauthorized, Throttled and Unreachable; the methods name what else."""

    async def add_member_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str | None = None) -> None:
        """Give a role; nothing happens if the member has it.

        Raises Invalid (50028 @everyone), Refused (50001, 50013 also for a role that is managed or not below the bot's
        highest) and NotThere (10004, 10007 no such member, 10011 no such role).
        """
        ...

    async def set_member_roles(
        self, guild_id: int, user_id: int, role_ids: Sequence[int], *, reason: str | None = None
    ) -> None:
        """Let the member have exactly these roles, in one step; who was given another one meanwhile loses it.

        Raises Refused (50001, 50013 for a change of a role that is managed or not below the bot's highest) and NotThere
        (10004, 10007, 10011).
        """
        ...

    async def remove_member_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str | None = None) -> None:
        """Take a role; nothing happens if the member has not got it. Raises what `add_member_role` raises."""
        ...

    async def kick_member(self, guild_id: int, user_id: int, *, reason: str | None = None) -> bool:
        """Put a member out of the guild; False when they were not in it.

        Raises Refused (50001, 50013 also for the owner, and for who is not below the bot) and NotThere (10004).
        """
        ...
