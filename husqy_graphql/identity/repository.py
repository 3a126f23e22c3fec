"""Every statement about sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.identity.models import Session

_SESSIONS = Session.__table__

_BY_DIGEST = Prepared(select(_SESSIONS).where(_SESSIONS.c.digest == bindparam("digest")))


async def session_by_digest(reads: Reads, digest: bytes) -> Row[Any] | None:
    """The whole row of the session with this digest, expired or not."""
    return await reads.first(_BY_DIGEST, digest=digest)


async def claim_refresh(
    session: AsyncSession, row_id: int, *, token_expires_at: datetime, now: datetime, until: datetime
) -> bool:
    """Take the lease on a session's refresh, unless somebody has it or the tokens are other ones already."""
    claim = (
        update(Session)
        .where(
            Session.id == row_id,
            Session.token_expires_at == token_expires_at,
            or_(Session.refreshing_until.is_(None), Session.refreshing_until <= now),
        )
        .values(refreshing_until=until)
        .returning(Session.id)
    )
    return await session.scalar(claim) is not None


async def store_tokens(
    session: AsyncSession,
    row_id: int,
    *,
    lease: datetime,
    access_token: bytes,
    refresh_token: bytes,
    token_expires_at: datetime,
) -> bool:
    """Put new tokens into the session and give the lease back; False when it is no longer ours."""
    store = (
        update(Session)
        .where(Session.id == row_id, Session.refreshing_until == lease)
        .values(
            access_token=access_token,
            refresh_token=refresh_token,
            token_expires_at=token_expires_at,
            refreshing_until=None,
        )
        .returning(Session.id)
    )
    return await session.scalar(store) is not None


async def delete_leased_session(session: AsyncSession, row_id: int, *, lease: datetime) -> bool:
    """Delete the session; False when the lease on it is no longer ours."""
    leased = delete(Session).where(Session.id == row_id, Session.refreshing_until == lease).returning(Session.id)
    return await session.scalar(leased) is not None


async def delete_session(session: AsyncSession, digest: bytes) -> tuple[int, bytes] | None:
    """Delete the session with this digest; (user_id, refresh_token) of it, None when it was not there."""
    found = delete(Session).where(Session.digest == digest).returning(Session.user_id, Session.refresh_token)
    row = (await session.execute(found)).first()
    return None if row is None else (row.user_id, row.refresh_token)


async def delete_expired_sessions(session: AsyncSession, now: datetime) -> int:
    """Delete what has expired; returns how many."""
    expired = delete(Session).where(Session.expires_at <= now).returning(Session.id)
    return len((await session.scalars(expired)).all())


async def all_sessions(session: AsyncSession) -> Sequence[Session]:
    return (await session.scalars(select(Session).order_by(Session.id).with_for_update())).all()
