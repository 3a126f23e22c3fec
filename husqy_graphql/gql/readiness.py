"""Whether what the process needs is usable: asked under a deadline, and not more often than every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import text

from husqy_graphql.core.timed_cache import TimedCache
from husqy_graphql.db.engines import Reads
from husqy_graphql.discord.port import BotPort

log = structlog.get_logger()

DEADLINE = 2.0  # seconds
# Anybody may ask, so that many questions must not become many calls to Discord.
ANSWER_AGE = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Readiness:
    """Asks the database and Discord."""

    reads: Reads
    bot: BotPort
    answers: TimedCache[None, Sequence[str]] = field(repr=False)

    async def unusable(self) -> Sequence[str]:
        """The names of what is not usable: `database`, `Discord`, or nothing."""
        return await self.answers.get(None, self._ask, lambda _: ANSWER_AGE)

    async def _ask(self) -> Sequence[str]:
        checks: dict[str, Callable[[], Awaitable[object]]] = {
            "database": lambda: self.reads.first(text("SELECT 1")),
            "Discord": self.bot.current_user,
        }
        usable = await asyncio.gather(*(_is_usable(name, check) for name, check in checks.items()))
        return [name for name, is_usable in zip(checks, usable, strict=True) if not is_usable]


async def _is_usable(name: str, check: Callable[[], Awaitable[object]]) -> bool:
    try:
        async with asyncio.timeout(DEADLINE):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is not usable
        log.warning("dependency_unusable", dependency=name, error=type(error).__name__)
        return False
    return True
