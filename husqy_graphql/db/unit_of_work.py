"""One session, one transaction, and the only code that commits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from husqy_graphql.core.access import Actor
from husqy_graphql.core.audit import AuditAction, changed_fields, describe_actor
from husqy_graphql.core.clock import Clock
from husqy_graphql.core.events import GuildEvent, Publish
from husqy_graphql.db.journals import AuditLogEntry


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """What a service changes rows with; made by `unit_of_work` and gone with its transaction."""

    session: AsyncSession
    clock: Clock
    request_id: str
    events: list[GuildEvent] = field(default_factory=list[GuildEvent])

    def audit(
        self,
        actor: Actor,
        guild_id: int,
        action: AuditAction,
        target: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the change down, and announce it. `before` and `after` hold JSON values by field; only fields that
        differ are kept."""
        kind, user_id = describe_actor(actor)
        changes = changed_fields(before or {}, after or {})
        self.session.add(
            AuditLogEntry(
                guild_id=guild_id,
                at=self.clock(),
                actor_kind=kind.value,
                actor_user_id=user_id,
                action=action.value,
                target=target,
                changes=changes,
                request_id=self.request_id,
            )
        )
        self.announce(guild_id, action, target, *(change["field"] for change in changes))

    def announce(self, guild_id: int, action: AuditAction, target: str, *changed: str) -> None:
        """Tell whoever watches the guild of a change, once it is committed; `audit` does so by itself."""
        self.events.append(GuildEvent(guild_id, action, target, changed, self.clock()))


@asynccontextmanager
async def unit_of_work(
    engine: AsyncEngine, clock: Clock, publish: Publish, request_id: str
) -> AsyncGenerator[UnitOfWork]:
    """A transaction that is committed when the block ends and rolled back when it raises; its events are published
    after the commit."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        uow = UnitOfWork(session, clock, request_id)
        yield uow
        await session.commit()
    if uow.events:
        await publish(uow.events)
