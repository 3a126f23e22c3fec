"""One session, one transaction, and the only code that commits."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from husqy_graphql.core.access import Actor
from husqy_graphql.core.audit import AuditAction, changed_fields, describe_actor
from husqy_graphql.core.clock import Clock
from husqy_graphql.db.journals import AuditLogEntry


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """What a service changes rows with; made by `unit_of_work` and gone with its transaction."""

    session: AsyncSession
    clock: Clock
    request_id: str

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
        """Write the change down. `before` and `after` hold JSON values by field; only fields that differ are kept."""
        kind, user_id = describe_actor(actor)
        self.session.add(
            AuditLogEntry(
                guild_id=guild_id,
                at=self.clock(),
                actor_kind=kind.value,
                actor_user_id=user_id,
                action=action.value,
                target=target,
                changes=changed_fields(before or {}, after or {}),
                request_id=self.request_id,
            )
        )


@asynccontextmanager
async def unit_of_work(engine: AsyncEngine, clock: Clock, request_id: str) -> AsyncGenerator[UnitOfWork]:
    """A transaction that is committed when the block ends and rolled back when it raises."""
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield UnitOfWork(session, clock, request_id)
        await session.commit()
