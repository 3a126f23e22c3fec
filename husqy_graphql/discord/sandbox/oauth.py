"""Authorization codes, access tokens and refresh tokens (RFC 6749, with PKCE of RFC 7636).

All tokens that one consent led to hang together in a `grant`; revoking one of them revokes them all, as at Discord.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from husqy_graphql.discord.sandbox.state import State
from husqy_graphql.discord.sandbox.world import APPLICATION_ID, CLIENT_SECRET

CODE_LIFE = timedelta(seconds=60)
ACCESS_TOKEN_LIFE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to; an authorization code stands for it."""

    user_id: int
    redirect_uri: str
    code_challenge: str
    scopes: Sequence[str]


def routes(state: State) -> list[Route]:
    """`/oauth2/token` and `/oauth2/token/revoke`."""

    async def token(request: Request) -> JSONResponse:
        if not _is_client(request):
            return _error(401, "invalid_client", "The client id and secret are wrong.")
        form = parse_form(await request.body())
        match form.get("grant_type"):
            case "authorization_code":
                return from_code(form)
            case "refresh_token":
                return from_refresh_token(form)
            case _:
                return _error(400, "unsupported_grant_type", "Use authorization_code or refresh_token.")

    def from_code(form: dict[str, str]) -> JSONResponse:
        code = form.get("code", "")
        found = state.store.get("code", code)
        # Whoever deletes it has it: a code works once, also over two processes, and also when it was used wrongly.
        if found is None or not state.store.delete("code", code):
            return _error(400, "invalid_grant", f'Invalid "code": {code}')
        proven = hmac.compare_digest(_challenge(form.get("code_verifier", "")), found["code_challenge"])
        late = datetime.fromisoformat(found["expires"]) <= state.clock()
        if late or not proven or form.get("redirect_uri") != found["redirect_uri"]:
            return _error(400, "invalid_grant", f'Invalid "code": {code}')
        return issue(secrets.token_hex(8), found["user_id"], found["scopes"])

    def from_refresh_token(form: dict[str, str]) -> JSONResponse:
        value = form.get("refresh_token", "")
        found = state.store.get("refresh_token", value)
        if found is None or not state.store.delete("refresh_token", value):
            return _error(400, "invalid_grant", f'Invalid "refresh_token": {value}')
        return issue(found["grant"], found["user_id"], found["scopes"])

    def issue(grant: str, user_id: int, scopes: Sequence[str]) -> JSONResponse:
        access_token, refresh_token = secrets.token_urlsafe(22), secrets.token_urlsafe(22)
        told: dict[str, Any] = {"application_id": APPLICATION_ID, "scopes": scopes, **state.next_token}
        state.next_token.clear()
        expires = (state.clock() + ACCESS_TOKEN_LIFE).isoformat()
        with state.store.transaction():
            state.store.put("token", access_token, {**told, "user_id": user_id, "expires": expires})
            state.store.put("refresh_token", refresh_token, {"grant": grant, "user_id": user_id, "scopes": scopes})
            earlier = state.store.get("grant", grant) or {"access_tokens": []}
            access_tokens = [*earlier["access_tokens"], access_token]
            state.store.put("grant", grant, {"access_tokens": access_tokens, "refresh_token": refresh_token})
        answer = {
            "token_type": "Bearer",
            "access_token": access_token,
            "refresh_token": refresh_token,
            "expires_in": int(ACCESS_TOKEN_LIFE.total_seconds()),
            "scope": " ".join(told["scopes"]),
        }
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    async def revoke(request: Request) -> JSONResponse:
        if not _is_client(request):
            return _error(401, "invalid_client", "The client id and secret are wrong.")
        value = parse_form(await request.body()).get("token", "")
        with state.store.transaction():
            for key, grant in state.store.items("grant"):
                if value == grant["refresh_token"] or value in grant["access_tokens"]:
                    for access_token in grant["access_tokens"]:
                        state.store.delete("token", access_token)
                    state.store.delete("refresh_token", grant["refresh_token"])
                    state.store.delete("grant", key)
        return JSONResponse({})  # also for a token that nobody knows (RFC 7009, section 2.2)

    return [
        Route("/oauth2/token", token, methods=["POST"]),
        Route("/oauth2/token/revoke", revoke, methods=["POST"]),
    ]


def create_code(state: State, consent: Consent) -> str:
    """A code that is good once, for a minute."""
    code = secrets.token_urlsafe(22)
    value: dict[str, Any] = {
        "user_id": consent.user_id,
        "redirect_uri": consent.redirect_uri,
        "code_challenge": consent.code_challenge,
        "scopes": consent.scopes,
        "expires": (state.clock() + CODE_LIFE).isoformat(),
    }
    state.store.put("code", code, value)
    return code


def parse_form(data: bytes) -> dict[str, str]:
    """The fields of a form; raises ValueError when one comes twice (RFC 6749, section 3.2)."""
    fields = parse_qs(data.decode(), keep_blank_values=True)
    if any(len(values) > 1 for values in fields.values()):
        raise ValueError("a field was sent more than once")
    return {name: values[0] for name, values in fields.items()}


def _is_client(request: Request) -> bool:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    client_id, _, secret = b64decode(value).decode().partition(":")
    known = hmac.compare_digest(unquote(secret).encode(), CLIENT_SECRET.encode())
    return known and client_id == str(APPLICATION_ID)


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _error(status: int, error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description}, status)
