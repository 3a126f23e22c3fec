"""Pages that tell a person one thing: why a sign-in did not work, or that there is no explorer here."""

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
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{favicon}">
<link rel="stylesheet" href="{style}">
</head>
<body>
<main>
<h1>{heading}</h1>
{body}
</main>
</body>
</html>
"""


def message_page_routes() -> list[BaseRoute]:
    """The files that these pages load."""
    return [*asset_routes(_assets())]


def message_page(
    status: int, title: str, heading: str, body: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A page of these words; `body` is HTML, the rest is text."""
    style, favicon = _assets()
    html = _PAGE.format(
        title=escape(title), favicon=escape(favicon.url), style=escape(style.url), heading=escape(heading), body=body
    )
    return Response(html, status, {**(headers or {}), "content-security-policy": _POLICY}, HTML)


def refusal_page(status: int, sentence: str, again: str, headers: Mapping[str, str] | None = None) -> Response:
    """The page of a sign-in that did not work, with a link to try once more."""
    body = f'<p role="alert">{escape(sentence)}</p>\n<p><a href="{escape(again)}">Sign in again</a></p>'
    return message_page(status, "Not signed in - Husqy", "You are not signed in", body, headers)


@cache
def _assets() -> tuple[Asset, Asset]:
    return own_asset("message_page.css"), own_asset("favicon.svg")
