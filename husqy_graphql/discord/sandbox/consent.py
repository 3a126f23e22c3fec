"""The page that asks a person for consent: here one chooses whom of the demo world to be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.oauth import Consent, create_code, parse_form
from husqy_graphql.discord.sandbox.state import State
from husqy_graphql.discord.sandbox.world import ALL_SCOPES, APPLICATION_ID, PEOPLE

CANCEL: Final = "cancel"
# An open redirect is no use to anybody while it leads back to the same machine.
_REDIRECT_URI = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?/auth/callback")
_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_STYLE = Path(__file__).with_name("consent.css").read_bytes()
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="consent.css">
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
_TITLE: Final = "Sign in to Husqy"


def routes(state: State) -> list[Route]:
    """`/oauth2/authorize` and its style sheet."""

    async def authorize(request: Request) -> Response:
        given = parse_form(request.scope["query_string"])
        fault = _fault(given)
        if fault is not None:
            # Never sent back to an address that was not checked (RFC 6749, section 4.1.2.1).
            return _page(f"<p>{escape(fault)}</p>", status=400)
        if request.method != "POST":
            return _page(_choices(), form_action=_origin(given["redirect_uri"]))
        choice = parse_form(await request.body()).get("choice", "")
        if choice == CANCEL:
            return _back(given, {"error": "access_denied", "error_description": "The person did not consent."})
        user_id = next((user_id for user_id, _ in PEOPLE if str(user_id) == choice), None)
        if user_id is None:
            return _page("<p>There is no such person in the demo world.</p>", status=400)
        consent = Consent(user_id, given["redirect_uri"], given["code_challenge"], given["scope"].split())
        return _back(given, {"code": create_code(state, consent)})

    async def style(_: Request) -> Response:
        return Response(_STYLE, media_type="text/css")

    return [
        Route("/oauth2/authorize", authorize, methods=["GET", "POST"]),
        Route("/oauth2/consent.css", style),
    ]


def _fault(given: Mapping[str, str]) -> str | None:
    """What is wrong with an authorization request (RFC 6749, section 4.1.1; RFC 7636, section 4.3), or None."""
    checks = (
        (given.get("client_id") == str(APPLICATION_ID), f"client_id must be {APPLICATION_ID}."),
        (
            _REDIRECT_URI.fullmatch(given.get("redirect_uri", "")) is not None,
            "redirect_uri must be /auth/callback on this machine, like http://127.0.0.1:8000/auth/callback.",
        ),
        (given.get("response_type") == "code", "response_type must be code."),
        (set(given.get("scope", "").split()) == set(ALL_SCOPES), f"scope must be {' '.join(ALL_SCOPES)}."),
        (bool(given.get("state")), "state is missing."),
        (given.get("code_challenge_method") == "S256", "code_challenge_method must be S256."),
        (
            _S256_CHALLENGE.fullmatch(given.get("code_challenge", "")) is not None,
            "code_challenge must be a SHA-256 in base64url.",
        ),
    )
    return next((fault for good, fault in checks if not good), None)


def _choices() -> str:
    buttons = "\n".join(
        f'<button name="choice" value="{user_id}">{escape(label)}</button>' for user_id, label in PEOPLE
    )
    return (
        "<p>This is the sandbox, not Discord. Husqy asks to see who you are, and which servers you are in. "
        "Whom of the demo world do you want to be?</p>\n"
        f'<form method="post">\n{buttons}\n'
        f'<button class="cancel" name="choice" value="{CANCEL}">Cancel</button>\n</form>'
    )


def _origin(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}"


def _back(given: Mapping[str, str], answer: Mapping[str, str]) -> Response:
    query = urlencode({**answer, "state": given["state"]})
    return RedirectResponse(f"{given['redirect_uri']}?{query}", 302, {"cache-control": "no-store"})


def _page(body: str, *, status: int = 200, form_action: str = "") -> Response:
    # Browsers hold the redirect that follows a form to `form-action` too.
    policy = (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'self'; img-src data:; "
        f"form-action 'self' {form_action}"
    )
    headers = {"cache-control": "no-store", "content-security-policy": policy.strip()}
    return HTMLResponse(_PAGE.format(title=_TITLE, body=body), status, headers)
