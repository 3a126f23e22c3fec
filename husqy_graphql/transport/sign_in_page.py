"""The page that tells a person why a sign-in did not work."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute

from husqy_graphql.transport.pages import HTML, Asset, asset_routes, content_security_policy, own_asset

_POLICY: Final = content_security_policy({"style-src": "'self'", "img-src": "'self'"})
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Not signed in - Husqy</title>
<link rel="icon" href="{favicon}">
<link rel="stylesheet" href="{style}">
</head>
<body>
<main>
<h1>You are not signed in</h1>
<p role="alert">{sentence}</p>
<p><a href="{again}">Sign in again</a></p>
</main>
</body>
</html>
"""


def sign_in_page_routes() -> list[BaseRoute]:
    """The files that the page loads."""
    return [*asset_routes(_assets())]


def refusal_page(status: int, sentence: str, again: str, headers: Mapping[str, str] | None = None) -> Response:
    """The page with this sentence, and a link to try once more."""
    style, favicon = _assets()
    html = _PAGE.format(
        favicon=escape(favicon.url), style=escape(style.url), sentence=escape(sentence), again=escape(again)
    )
    return Response(html, status, {**(headers or {}), "content-security-policy": _POLICY}, HTML)


@cache
def _assets() -> tuple[Asset, Asset]:
    return own_asset("sign_in.css"), own_asset("favicon.svg")
