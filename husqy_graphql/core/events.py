"""What happened to a guild, told to whoever watches it after it was committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from husqy_graphql.core.audit import AuditAction


@dataclass(frozen=True, slots=True)
class GuildEvent:
    """A change of a guild. It names what changed and not to what: whoever hears of it asks for what may be seen."""

    guild_id: int
    action: AuditAction
    target: str
    changed_fields: tuple[str, ...]
    at: datetime


# Tells the events of a transaction that was committed; raises nothing.
Publish = Callable[[Sequence[GuildEvent]], Awaitable[None]]


async def publish_nothing(_: Sequence[GuildEvent]) -> None:
    """For programs that nobody watches."""
