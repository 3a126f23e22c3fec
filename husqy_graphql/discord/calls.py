"""How the adapter calls Discord as the bot; what it asks stands in the parts of `adapter.BotDiscord`."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.port import NotThere, Refused

T = TypeVar("T")

UNKNOWN_CHANNEL, UNKNOWN_INVITE, UNKNOWN_MEMBER, UNKNOWN_MESSAGE = 10003, 10006, 10007, 10008
MISSING_ACCESS = 50001  # also Discord's answer for guilds that the bot is not in
MISSING_PERMISSIONS = 50013


@dataclass(frozen=True, slots=True)
class BotCalls:
    """The bot's token, and the ways to call with it."""

    http: DiscordHTTP
    token: str = field(repr=False)
    application_id: int

    async def _write(
        self,
        method: str,
        route: str,
        body: object = None,
        *,
        keyed: bool = False,
        reason: str | None = None,
        **parameters: object,
    ) -> Any:
        return await self.http.request(
            method,
            route,
            authorization=f"Bot {self.token}",
            parameters=parameters,
            json=body,
            reason=reason,
            keyed=keyed,
        )

    async def _get(self, route: str, *, query: Mapping[str, str | int] | None = None, **parameters: object) -> Any:
        return await self.http.request(
            "GET", route, authorization=f"Bot {self.token}", parameters=parameters, query=query
        )

    async def _find(self, route: str, *, query: Mapping[str, str | int] | None = None, **parameters: object) -> Any:
        """The answer, or None for what is not there or not the bot's to see."""
        try:
            return await self._get(route, query=query, **parameters)
        except NotThere:
            return None
        except Refused as error:
            if error.code == MISSING_ACCESS:
                return None
            raise


async def all_pages(
    read: Callable[[int, int], Awaitable[list[T] | None]],
    size: int,
    id_of: Callable[[T], int],
    *,
    after: int = 0,
    limit: int = sys.maxsize,
) -> list[T] | None:
    """Every row by ascending id, `limit` at most, read page by page from above an id; None when the first page is not
    there. `read` is given the id and how many."""
    found: list[T] = []
    while len(found) < limit:
        wanted = min(size, limit - len(found))
        page = await read(after, wanted)
        if page is None:
            return None
        # A server that ignores `after` must not keep us for ever.
        new = sorted((each for each in page if id_of(each) > after), key=id_of)
        found += new
        if len(page) < wanted or not new:
            break
        after = id_of(new[-1])
    return found


async def unless_gone(call: Awaitable[object], *codes: int) -> bool:
    """Wait for a deletion; False when Discord says with one of these codes (any, without codes) that it was gone."""
    try:
        await call
    except NotThere as error:
        if codes and error.code not in codes:
            raise
        return False
    return True
