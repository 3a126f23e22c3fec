"""Events of a guild on their way into subscriptions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import aclosing
from typing import TypeVar

from husqy_graphql.core.access import Permission
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import NotFound
from husqy_graphql.core.events import GuildEvent
from husqy_graphql.db.guilds import NO_GUILD
from husqy_graphql.gql.context import Context

T = TypeVar("T")


async def watch_target(
    context: Context,
    guild_id: int,
    actions: Collection[AuditAction],
    target: str | None,
    make: Callable[[], Awaitable[T | None]],
) -> AsyncGenerator[T]:
    """The same as `watch` for what is done to one target, or to any."""

    async def change(_: GuildEvent) -> T | None:
        return await make()

    return await watch(
        context,
        guild_id,
        lambda event: event.action in actions and target in {None, event.target},
        change,
    )


async def watch(
    context: Context,
    guild_id: int,
    wanted: Callable[[GuildEvent], bool],
    make: Callable[[GuildEvent], Awaitable[T | None]],
) -> AsyncGenerator[T]:
    """What `make` makes of the wanted events of a guild, as they happen; None is left out. Raises Unauthenticated,
    Forbidden, or NotFound when Husqy is not in the guild."""
    await context.authorize(guild_id, Permission.READ)
    if await context.guild_settings(guild_id) is None:
        raise NotFound(NO_GUILD)
    # Last: nothing is awaited between here and the first wait for an event, so that nobody can leave in between.
    return _changes(context, guild_id, context.resources.events.watch(guild_id), wanted, make)


async def _changes(
    context: Context,
    guild_id: int,
    events: AsyncGenerator[GuildEvent],
    wanted: Callable[[GuildEvent], bool],
    make: Callable[[GuildEvent], Awaitable[T | None]],
) -> AsyncGenerator[T]:
    async with aclosing(events):
        async for event in events:
            if not wanted(event):
                continue
            # Whoever was an administrator when the subscription began need not be one any more.
            await context.authorize(guild_id, Permission.READ)
            context.forget()
            change = await make(event)
            if change is not None:
                yield change
