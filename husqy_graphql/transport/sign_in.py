"""`/auth`: people sign in with Discord (OAuth 2.0, RFC 6749, with PKCE), and a cookie keeps them signed in.

    browser ── /auth/login ──> Discord asks for consent ──> /auth/callback ──> session cookie, and on to `next`

What the callback must know of the login travels in an encrypted cookie, so that only the browser that began a sign-in
can end it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

import orjson
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from husqy_graphql.core.errors import CodedError, MethodNotAllowed, NotFound, Unauthenticated, Unavailable
from husqy_graphql.engine.errors import coded
from husqy_graphql.gql.scalars import format_datetime
from husqy_graphql.identity.sessions import (
    BegunSession,
    Sessions,
    end_session,
    find_session,
    revoke_encrypted_tokens,
    sign_in,
)
from husqy_graphql.transport.credentials import host_cookie_name, session_cookie_name, session_id_of
from husqy_graphql.transport.csrf import check_origin
from husqy_graphql.transport.message_page import message_page_routes, refusal_page
from husqy_graphql.transport.middleware import request_id_of
from husqy_graphql.transport.origins import Origins
from husqy_graphql.transport.pages import NEVER_KEPT
from husqy_graphql.transport.rate_limits import RateLimits
from husqy_graphql.transport.responses import error_headers, error_response, json_response

LOGIN: Final = "/auth/login"
CALLBACK: Final = "/auth/callback"
LOGIN_COOKIE: Final = "husqy_login"
LOGIN_LIFE: Final = timedelta(minutes=10)
SCOPE: Final = "identify guilds"
NEXT_MAX_LENGTH: Final = 500


@dataclass(frozen=True, slots=True)
class SignIn:
    """How people sign in here. `authorize_url` is where consent is asked for; `prompt` of None lets it always ask."""

    sessions: Sessions
    origins: Origins
    rates: RateLimits
    client_id: int
    authorize_url: str
    prompt: str | None

    def redirect_uri(self, request: Request) -> str:
        return f"{self.origins.own(request)}{CALLBACK}"

    def login_cookie(self, request: Request) -> tuple[str, str]:
        """The name and the path of the login cookie."""
        name = host_cookie_name(LOGIN_COOKIE, self.origins, request)
        return name, "/auth" if name == LOGIN_COOKIE else "/"  # the prefix of the name wants this path

    def secure(self, request: Request) -> bool:
        """Whether browsers reach us by https, so that cookies may be kept off http."""
        return self.origins.own(request).startswith("https://")


@dataclass(frozen=True, slots=True)
class Login:
    """A sign-in that has begun, as the login cookie keeps it."""

    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    next: str
    expires_at: datetime


def sign_in_routes(settings: SignIn | None, missing: Sequence[str] = ()) -> list[BaseRoute]:
    """The routes of `/auth`; without settings all of them answer 404 with the names of what is `missing`."""
    paths: Mapping[str, tuple[str, Callable[[SignIn, Request], Awaitable[Response]]]] = {
        LOGIN: ("GET", _login),
        CALLBACK: ("GET", _callback),
        "/auth/logout": ("POST", _logout),
        "/auth/session": ("GET", _session),
    }
    return [
        *(Route(path, _Endpoint(settings, tuple(missing), *each)) for path, each in paths.items()),
        *message_page_routes(),
    ]


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """One path with its one method, HEAD beside GET; nothing of it may be cached."""

    settings: SignIn | None
    missing: tuple[str, ...]
    method: str
    answer: Callable[[SignIn, Request], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except MethodNotAllowed as error:
            response = error_response(error, {"allow": ", ".join(self._methods)})
        except Exception as error:  # noqa: BLE001 - masked and logged
            response = error_response(coded(error, request_id_of(scope)))
        response.headers["cache-control"] = NEVER_KEPT
        if request.method == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self.settings is None:
            raise NotFound(f"Nobody can sign in here before {' and '.join(self.missing)} are set.")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": ", ".join(self._methods)})
        if request.method not in self._methods:
            raise MethodNotAllowed(f"{request.scope['path']} takes {self.method}.")
        return await self.answer(self.settings, request)

    @property
    def _methods(self) -> tuple[str, ...]:
        return (self.method, "HEAD", "OPTIONS") if self.method == "GET" else (self.method, "OPTIONS")


async def _login(settings: SignIn, request: Request) -> Response:
    sessions = settings.sessions
    login = Login(
        state=secrets.token_urlsafe(32),
        code_verifier=secrets.token_urlsafe(32),  # 43 characters: RFC 7636, section 4.1
        next=local_path(request.query_params.get("next", "/")),
        expires_at=sessions.clock() + LOGIN_LIFE,
    )
    question = {
        "response_type": "code",
        "client_id": str(settings.client_id),
        "redirect_uri": settings.redirect_uri(request),
        "scope": SCOPE,
        "state": login.state,
        "code_challenge": _challenge(login.code_verifier),
        "code_challenge_method": "S256",
        **({"prompt": settings.prompt} if settings.prompt else {}),
    }
    response = Response(status_code=302, headers={"location": f"{settings.authorize_url}?{urlencode(question)}"})
    name, path = settings.login_cookie(request)
    response.set_cookie(
        name,
        _seal(sessions, login),
        max_age=int(LOGIN_LIFE.total_seconds()),
        path=path,
        secure=settings.secure(request),
        httponly=True,
        samesite="lax",
    )
    return response


async def _callback(settings: SignIn, request: Request) -> Response:
    given = request.query_params
    settings.rates.check_address(request)
    name, path = settings.login_cookie(request)
    login = _unseal(settings.sessions, request.cookies.get(name))
    if login is None or not hmac.compare_digest(given.get("state", "").encode(), login.state.encode()):
        # The login cookie stays: a page elsewhere must not be able to break off a sign-in.
        return refusal_page(
            400, "This sign-in was not begun in this browser, or it took longer than 10 minutes.", LOGIN
        )
    try:
        begun = await _end_login(settings, request, login)
    except Unauthenticated as error:
        await settings.rates.charge_bad_credential(request)
        response = _refused(400, error, login)
    except Unavailable as error:
        response = _refused(503, error, login)
    else:
        response = Response(status_code=303, headers={"location": quote(login.next, safe=_KEPT)})
        _set_session_cookie(settings, request, response, begun)
    response.delete_cookie(name, path=path, secure=settings.secure(request), httponly=True, samesite="lax")
    return response


async def _end_login(settings: SignIn, request: Request, login: Login) -> BegunSession:
    code = request.query_params.get("code")
    if "error" in request.query_params or not code:
        raise Unauthenticated("You did not let Discord tell Husqy who you are, so you are not signed in.")
    return await sign_in(
        settings.sessions,
        code,
        redirect_uri=settings.redirect_uri(request),
        code_verifier=login.code_verifier,
        replaces=session_id_of(settings.origins, request),
    )


async def _logout(settings: SignIn, request: Request) -> Response:
    # Other pages must not sign people out; programs, which are no browsers, send no Origin.
    if "origin" in request.headers:
        check_origin(settings.origins, request)
    session_id = session_id_of(settings.origins, request)
    refresh_token = await end_session(settings.sessions, session_id) if session_id else None
    # Nobody has to wait for Discord to be signed out here.
    task = BackgroundTask(revoke_encrypted_tokens, settings.sessions, refresh_token) if refresh_token else None
    response = Response(status_code=204, background=task)
    response.delete_cookie(
        session_cookie_name(settings.origins, request),
        secure=settings.secure(request),
        httponly=True,
        samesite="lax",
    )
    return response


async def _session(settings: SignIn, request: Request) -> Response:
    session_id = session_id_of(settings.origins, request)
    if session_id is None:
        raise Unauthenticated(f"Nobody is signed in: open {LOGIN} in a browser.")
    found = await find_session(settings.sessions, session_id)
    return json_response({"user": {"id": str(found.user_id)}, "expiresAt": format_datetime(found.expires_at)})


def local_path(text: str) -> str:
    """The path if it leads to this program and nowhere else, else `/`."""
    # Browsers take a backslash for a slash, drop tabs and line breaks, and read `//host` as another host.
    local = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if local and len(text) <= NEXT_MAX_LENGTH else "/"


def _set_session_cookie(settings: SignIn, request: Request, response: Response, begun: BegunSession) -> None:
    response.set_cookie(
        session_cookie_name(settings.origins, request),
        begun.id,
        max_age=int(settings.sessions.lifetime.total_seconds()),
        path="/",
        secure=settings.secure(request),
        httponly=True,
        samesite="lax",
    )


def _refused(status: int, error: CodedError, login: Login) -> Response:
    again = f"{LOGIN}?{urlencode({'next': login.next})}"
    headers = error_headers(error) if isinstance(error, Unavailable) else {}
    return refusal_page(status, error.detail, again, headers)


def _seal(sessions: Sessions, login: Login) -> str:
    content = [login.state, login.code_verifier, login.next, login.expires_at.isoformat()]
    return sessions.key_ring.encrypt(orjson.dumps(content).decode()).decode().rstrip("=")  # cookies know no `=` inside


def _unseal(sessions: Sessions, cookie: str | None) -> Login | None:
    if cookie is None:
        return None
    try:
        content = sessions.key_ring.decrypt((cookie + "=" * (-len(cookie) % 4)).encode())
        state, code_verifier, next_path, expires_at = orjson.loads(content)
        login = Login(state, code_verifier, next_path, datetime.fromisoformat(expires_at))
    except (TypeError, ValueError):
        return None
    return login if sessions.clock() < login.expires_at else None


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


# What stays as it is in a Location header (RFC 3986, section 2.2, and escapes that are there already).
_KEPT: Final = ":/%#?=@[]!$&'()*+,;"
