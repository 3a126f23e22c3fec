"""Sessions of browsers: begun by signing in with Discord, kept alive by refreshing its tokens, ended.

A session id is 256 random bits in a cookie, always new ones. Its row is found by their SHA-256 and holds the Discord
tokens encrypted, so that neither a copy of the database nor a log gives a session away.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from husqy_graphql.core.access import UserActor
from husqy_graphql.core.clock import Clock
from husqy_graphql.core.errors import Unauthenticated, Unavailable
from husqy_graphql.core.key_ring import KeyRing
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import DiscordError, Invalid, InvalidGrant, OAuthPort, TokenPair, Unauthorized
from husqy_graphql.identity import repository
from husqy_graphql.identity.models import Session
from husqy_graphql.identity.service import Caller, Identity

log = structlog.get_logger()

SESSION_BYTES = 32
REFRESH_BEFORE = timedelta(hours=1)  # what an access token has left when it is replaced
LEASE = timedelta(seconds=30)  # longer than a call to Discord may take
WAIT_TURN = 0.1  # seconds between two looks at a session that somebody else refreshes
WAIT_TURNS = 50
ENDED = "Your session has ended: sign in again."


@dataclass(frozen=True, slots=True)
class Sessions:
    """What sessions stand on; one for the process. `lifetime` is absolute: using a session does not prolong it."""

    reads: Reads
    units: Callable[[], AbstractAsyncContextManager[UnitOfWork]]
    oauth: OAuthPort
    identity: Identity
    key_ring: KeyRing = field(repr=False)
    clock: Clock
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class BegunSession:
    """A new session; nobody can be told its id a second time."""

    id: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What may be told of a session."""

    user_id: int
    expires_at: datetime


async def sign_in(
    sessions: Sessions, code: str, *, redirect_uri: str, code_verifier: str, replaces: str | None
) -> BegunSession:
    """A session for the person who gave consent, out of the authorization code; the session `replaces` ends.

    Raises Unauthenticated with the reason when the code or what it stands for cannot be accepted, Unavailable when
    Discord does not answer.
    """
    pair = await _exchange(sessions, code, redirect_uri, code_verifier)
    try:
        actor = await sessions.identity.resolve(pair.access_token)
    except Unauthenticated:
        await revoke_tokens(sessions, pair.refresh_token)
        raise
    if not isinstance(actor, UserActor):  # an access token that looks like a credential of another kind
        raise Unauthenticated("This access token stands for no person.")
    return await _begin(sessions, actor.user_id, pair, replaces)


async def find_session(sessions: Sessions, session_id: str) -> OpenSession:
    """The session with this id; raises Unauthenticated when it is not there or has expired."""
    row = await _find(sessions, session_id)
    return OpenSession(row.user_id, row.expires_at)


async def find_caller(sessions: Sessions, session_id: str) -> Caller:
    """The caller behind a session; refreshes its Discord tokens when they are about to expire.

    Raises Unauthenticated when the session is not there or has ended, Unavailable when its tokens have expired and
    Discord gives no new ones in time.
    """
    row = await _find(sessions, session_id)
    for _ in range(WAIT_TURNS):
        now = sessions.clock()
        token: str | None = None
        if row.token_expires_at - now >= REFRESH_BEFORE:
            token = _decrypt(sessions, row.access_token)
        elif (lease := await _claim(sessions, row, now)) is not None:
            token = await _refresh(sessions, row, lease)
        elif row.token_expires_at > now:
            token = _decrypt(sessions, row.access_token)
        else:
            await asyncio.sleep(WAIT_TURN)
        if token is not None:
            return Caller(UserActor(row.user_id), sessions.identity, token)
        row = await _find(sessions, session_id)
    raise _not_refreshed()


async def end_session(sessions: Sessions, session_id: str) -> bytes | None:
    """Delete the session; its refresh token, encrypted, for `revoke_encrypted_tokens`. None when there was none."""
    async with sessions.units() as uow:
        deleted = await repository.delete_session(uow.session, _digest(session_id))
    return deleted[1] if deleted else None


async def revoke_encrypted_tokens(sessions: Sessions, encrypted: bytes) -> None:
    """Revoke the tokens of a session that has ended; raises nothing."""
    try:
        refresh_token = sessions.key_ring.decrypt(encrypted)
    except ValueError:
        log.warning("session_tokens_not_readable")
        return
    await revoke_tokens(sessions, refresh_token)


async def revoke_tokens(sessions: Sessions, refresh_token: str) -> None:
    """Tell Discord that these tokens are not needed any more; raises nothing, since they expire by themselves too."""
    try:
        await sessions.oauth.revoke(refresh_token)
    except DiscordError as error:
        log.warning("tokens_not_revoked", error=type(error).__name__)


async def delete_expired_sessions(uow: UnitOfWork) -> int:
    """Delete every session that has expired; returns how many."""
    return await repository.delete_expired_sessions(uow.session, uow.clock())


async def rotate_sessions(uow: UnitOfWork, key_ring: KeyRing) -> int:
    """Encrypt the tokens of every session under the first secret of the ring; returns of how many.

    One that no secret decrypts is left as it is: whoever it belonged to signs in again.
    """
    rotated = 0
    for row in await repository.all_sessions(uow.session):
        try:
            access_token, refresh_token = key_ring.decrypt(row.access_token), key_ring.decrypt(row.refresh_token)
        except ValueError:
            continue
        row.access_token, row.refresh_token = key_ring.encrypt(access_token), key_ring.encrypt(refresh_token)
        rotated += 1
    return rotated


async def _exchange(sessions: Sessions, code: str, redirect_uri: str, code_verifier: str) -> TokenPair:
    try:
        return await sessions.oauth.exchange_code(code, redirect_uri=redirect_uri, code_verifier=code_verifier)
    except Invalid as error:
        log.info("sign_in_refused", error=type(error).__name__)
        raise Unauthenticated("Discord did not accept this sign-in: it took too long, or was used before.") from None
    except Unauthorized:
        log.error("client_secret_refused", setting="HUSQY_DISCORD_CLIENT_SECRET")  # noqa: TRY400 - nothing to trace
        raise Unavailable("Sign-in is not set up properly here; its operator has been told.", 60) from None
    except DiscordError as error:
        log.warning("sign_in_failed", error=type(error).__name__)
        raise Unavailable("Discord does not answer, so nobody can sign in right now.") from None


async def _begin(sessions: Sessions, user_id: int, pair: TokenPair, replaces: str | None) -> BegunSession:
    session_id = secrets.token_urlsafe(SESSION_BYTES)
    now = sessions.clock()
    row = Session(
        digest=_digest(session_id),
        user_id=user_id,
        access_token=sessions.key_ring.encrypt(pair.access_token),
        refresh_token=sessions.key_ring.encrypt(pair.refresh_token),
        token_expires_at=now + timedelta(seconds=pair.expires_in),
        created_at=now,
        expires_at=now + sessions.lifetime,
    )
    async with sessions.units() as uow:
        replaced = await repository.delete_session(uow.session, _digest(replaces)) if replaces else None
        uow.session.add(row)
    # Revoking a person's older tokens may take the new ones with them: Discord ends the whole authorization.
    if replaced is not None and replaced[0] != user_id:
        await revoke_encrypted_tokens(sessions, replaced[1])
    return BegunSession(session_id, row.expires_at)


async def _find(sessions: Sessions, session_id: str) -> Any:
    row = await repository.session_by_digest(sessions.reads, _digest(session_id))
    if row is None or row.expires_at <= sessions.clock():
        raise Unauthenticated(ENDED)
    return row


async def _claim(sessions: Sessions, row: Any, now: datetime) -> datetime | None:
    """The end of our lease on the refresh, None when somebody else has it."""
    if row.refreshing_until is not None and row.refreshing_until > now:
        return None
    until = now + LEASE
    async with sessions.units() as uow:
        claimed = await repository.claim_refresh(
            uow.session, row.id, token_expires_at=row.token_expires_at, now=now, until=until
        )
    return until if claimed else None


async def _refresh(sessions: Sessions, row: Any, lease: datetime) -> str | None:
    """The new access token, or the old one while it is valid and Discord gives no other; None when the row has
    changed meanwhile. No transaction is open while Discord is asked."""
    try:
        pair = await sessions.oauth.refresh(_decrypt(sessions, row.refresh_token))
    except InvalidGrant:
        async with sessions.units() as uow:
            ended = await repository.delete_leased_session(uow.session, row.id, lease=lease)
        if ended:
            raise Unauthenticated("Discord has ended your sign-in: sign in again.") from None
        return None
    except DiscordError as error:
        # The lease is kept: until it ends nobody asks a Discord that does not answer once more.
        log.warning("session_not_refreshed", session=row.id, error=type(error).__name__)
        if row.token_expires_at > sessions.clock():
            return _decrypt(sessions, row.access_token)
        raise _not_refreshed() from None
    async with sessions.units() as uow:
        stored = await repository.store_tokens(
            uow.session,
            row.id,
            lease=lease,
            access_token=sessions.key_ring.encrypt(pair.access_token),
            refresh_token=sessions.key_ring.encrypt(pair.refresh_token),
            token_expires_at=sessions.clock() + timedelta(seconds=pair.expires_in),
        )
    if stored:
        return pair.access_token
    if await repository.session_by_digest(sessions.reads, row.digest) is None:
        await revoke_tokens(sessions, pair.refresh_token)  # signed out meanwhile
    return None


def _decrypt(sessions: Sessions, data: bytes) -> str:
    try:
        return sessions.key_ring.decrypt(data)
    except ValueError:
        log.warning("session_tokens_not_readable")
        raise Unauthenticated(ENDED) from None


def _not_refreshed() -> Unavailable:
    return Unavailable("Discord does not answer, so your sign-in cannot be renewed right now.")


def _digest(session_id: str) -> bytes:
    return hashlib.sha256(session_id.encode()).digest()
