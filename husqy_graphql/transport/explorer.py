"""The explorer at `/`: GraphiQL under a strict policy, from this machine, or from a CDN while it is not installed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from string import Template
from typing import Final, Literal
from urllib.parse import urlsplit

import orjson
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from husqy_graphql.discord.sandbox.world import DEMO_GUILD
from husqy_graphql.transport.explorer_assets import CDN, SCRIPTS, STYLES, PackagedFile, installed_files
from husqy_graphql.transport.pages import NEVER_KEPT, STATIC, Asset, asset_routes, own_asset, own_host, page_response

ENDPOINT: Final = "/graphql"
# Stands in the page for the number that each answer has of its own.
_NONCE: Final = "@NONCE@"


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody of the demo world; the credential means something to the sandbox alone."""

    label: str
    credential: str


@dataclass(frozen=True, slots=True)
class Starter:
    """A query that a tab starts with, and the kind of variables that it takes."""

    file: str
    variables: Literal["none", "guild", "update"]

    @property
    def query(self) -> str:
        return (STATIC / "starters" / self.file).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class PageFiles:
    """What the page loads: tags for its head and its end, files that are served, and where else it may load from."""

    styles: str
    scripts: str
    assets: tuple[Asset, ...]
    style_sources: str
    script_sources: str
    notice: str


DEMO_USERS: Final = (
    DemoUser("Owner", "sandbox-owner"),
    DemoUser("Administrator", "sandbox-admin"),
    DemoUser("Member", "sandbox-member"),
    DemoUser("Outsider", "sandbox-outsider"),
    DemoUser("Husqy itself", "sandbox-service"),
)
STARTERS: Final = (
    Starter("viewer.graphql", "none"),
    Starter("guild.graphql", "guild"),
    Starter("discord.graphql", "guild"),
    Starter("audit-log.graphql", "guild"),
    Starter("update-settings.graphql", "update"),
)


def explorer_routes(*, sandbox: bool) -> list[BaseRoute]:
    """`/` and the files under `/static`. In the sandbox the page offers the demo users and starts as the owner.

    Whether GraphiQL is installed is looked at once, here: install it before the program starts.
    """
    favicon = own_asset("favicon.svg")
    files = _page_files(installed_files())
    template = Template((STATIC / "explorer.html").read_text(encoding="utf-8"))
    html = template.substitute(
        favicon=escape(favicon.url),
        styles=files.styles,
        scripts=files.scripts,
        config=escape(orjson.dumps({"endpoint": ENDPOINT, "tabs": starter_tabs(sandbox=sandbox)}).decode()),
        people=_people() if sandbox else "",
        notice=files.notice,
    )

    async def explorer(request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        page = Asset("explorer.html", html.replace(_NONCE, nonce).encode())
        return await page_response(request, page, _policy(files, request, nonce), NEVER_KEPT)

    return [Route("/", explorer), *asset_routes([favicon, *files.assets])]


def starter_tabs(*, sandbox: bool) -> list[dict[str, str]]:
    """The tabs of somebody's first visit; outside of the sandbox the guild's id is left to fill in."""
    guild = str(DEMO_GUILD) if sandbox else "the id of your server"
    variables: Mapping[str, dict[str, object]] = {
        "none": {},
        "guild": {"guildId": guild},
        "update": {"guildId": guild, "input": {"timeZone": "Europe/Amsterdam", "autoDelete": 30}},
    }
    tabs: list[dict[str, str]] = []
    for starter in STARTERS:
        tab = {"query": starter.query}
        if given := variables[starter.variables]:
            tab["variables"] = orjson.dumps(given, option=orjson.OPT_INDENT_2).decode()
        tabs.append(tab)
    return tabs


def _page_files(installed: Mapping[str, bytes] | None) -> PageFiles:
    style, script = own_asset("explorer.css"), own_asset("explorer.js")
    if installed is not None:
        styles = [Asset(file.name, installed[file.name]) for file in STYLES]
        scripts = [Asset(file.name, installed[file.name]) for file in SCRIPTS]
        return PageFiles(
            styles=_lines(_style(asset.url) for asset in (*styles, style)),
            scripts=_lines(_script(asset.url) for asset in (*scripts, script)),
            assets=(*styles, *scripts, style, script),
            style_sources="'self'",
            script_sources="'self'",
            notice="",
        )
    host = urlsplit(CDN).hostname
    return PageFiles(
        styles=_lines((*(_style(file.cdn_url, file.integrity) for file in STYLES), _style(style.url))),
        scripts=_lines((*(_script(file.cdn_url, file.integrity) for file in SCRIPTS), _script(script.url))),
        assets=(style, script),
        style_sources=_sources(STYLES),
        script_sources=_sources(SCRIPTS),
        notice=(
            f'<p class="notice">GraphiQL comes from {host}, checked by its hashes. '
            "<code>husqy-graphql explorer install</code> puts it on this machine.</p>"
        ),
    )


def _sources(files: Iterable[PackagedFile]) -> str:
    # The very files, not the host: a CDN serves everybody's packages.
    return " ".join(("'self'", *(file.cdn_url for file in files)))


def _policy(files: PageFiles, connection: HTTPConnection, nonce: str) -> dict[str, str]:
    # 'self' does not cover the WebSockets of the same host in every browser.
    host = own_host(connection)
    sockets = f" ws://{host} wss://{host}" if host else ""
    return {
        "script-src": files.script_sources,
        # GraphiQL's dialogs put a style element into the page while they are open.
        "style-src": f"{files.style_sources} 'nonce-{nonce}'",
        "font-src": "'self' data:",
        "img-src": "'self' data:",
        "connect-src": f"'self'{sockets}",
    }


def _style(url: str, integrity: str | None = None) -> str:
    return f'<link rel="stylesheet" nonce="{_NONCE}" href="{escape(url)}"{_checked_by(integrity)}>'


def _script(url: str, integrity: str | None = None) -> str:
    return f'<script defer src="{escape(url)}"{_checked_by(integrity)}></script>'


def _checked_by(integrity: str | None) -> str:
    return f' integrity="{escape(integrity)}" crossorigin="anonymous"' if integrity else ""


def _people() -> str:
    options = _lines(f'<option value="{escape(user.credential)}">{escape(user.label)}</option>' for user in DEMO_USERS)
    return (
        '<span class="field"><label for="person">Act as</label>\n<select id="person">\n'
        f'{options}\n<option value="">Nobody</option>\n<option value="other">Somebody else</option>\n</select></span>'
    )


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts)
