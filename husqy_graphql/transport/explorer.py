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
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from husqy_graphql.discord.sandbox.world import DEMO_GUILD
from husqy_graphql.transport.explorer_access import SIGN_IN, ExplorerAccess, closed_page
from husqy_graphql.transport.explorer_assets import CDN, SCRIPTS, STYLES, PackagedFile, installed_files
from husqy_graphql.transport.message_page import message_page_routes
from husqy_graphql.transport.pages import NEVER_KEPT, STATIC, Asset, asset_routes, own_asset, page_response

ENDPOINT: Final = "/graphql"
# The page's own, in the order that it loads them.
OWN_SCRIPTS: Final = ("explorer_requests.js", "explorer.js")
# Stand in the page for what each answer has of its own: a number, and whether its reader is signed in.
_NONCE: Final = "@NONCE@"
_SIGNED_IN: Final = "@SIGNED_IN@"


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody of the demo world; the credential means something to the sandbox alone."""

    label: str
    credential: str


@dataclass(frozen=True, slots=True)
class Starter:
    """A document that a tab starts with, and the kind of variables that it takes."""

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
    Starter("settings.graphql", "guild"),
    Starter("modules.graphql", "guild"),
    Starter("discord.graphql", "guild"),
    Starter("audit-log.graphql", "guild"),
    Starter("update-settings.graphql", "update"),
    Starter("changes.graphql", "guild"),
)


def explorer_routes(access: ExplorerAccess, *, sandbox: bool) -> list[BaseRoute]:
    """`/` and the files under `/static`. In the sandbox the page offers the demo users and starts as the owner.

    Whether GraphiQL is installed is looked at once, here: install it before the program starts.
    """
    if access.closed:
        return _closed_routes(access)
    favicon = own_asset("favicon.svg")
    files = _page_files(installed_files())
    sign_in = access.sessions is not None
    template = Template((STATIC / "explorer.html").read_text(encoding="utf-8"))
    html = template.substitute(
        favicon=escape(favicon.url),
        styles=files.styles,
        scripts=files.scripts,
        config=escape(orjson.dumps({"endpoint": ENDPOINT, "tabs": starter_tabs(sandbox=sandbox)}).decode()),
        signed_in=_SIGNED_IN,
        people=_people(sandbox=sandbox, sign_in=sign_in),
        sign_in=_sign_in() if sign_in else "",
        notice=files.notice,
    )

    async def explorer(request: Request) -> Response:
        signed_in = await access.signed_in(request)
        refusal = access.refusal(signed_in=signed_in)
        if refusal is not None:
            return refusal
        nonce = secrets.token_urlsafe(16)
        text = html.replace(_NONCE, nonce).replace(_SIGNED_IN, "yes" if signed_in else "no")
        return await page_response(request, Asset("explorer.html", text.encode()), _policy(files, nonce), NEVER_KEPT)

    return [Route("/", explorer), *asset_routes([favicon, *files.assets])]


def _closed_routes(access: ExplorerAccess) -> list[BaseRoute]:
    async def closed(request: Request) -> Response:
        response = closed_page(access.missing if access.policy == "signed-in" else ())
        if request.method == "HEAD":
            response.body = b""
        return response

    return [Route("/", closed), *message_page_routes()]


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
    style, own_scripts = own_asset("explorer.css"), [own_asset(name) for name in OWN_SCRIPTS]
    if installed is not None:
        styles = [Asset(file.name, installed[file.name]) for file in STYLES]
        scripts = [Asset(file.name, installed[file.name]) for file in SCRIPTS]
        return PageFiles(
            styles=_lines(_style(asset.url) for asset in (*styles, style)),
            scripts=_lines(_script(asset.url) for asset in (*scripts, *own_scripts)),
            assets=(*styles, *scripts, style, *own_scripts),
            style_sources="'self'",
            script_sources="'self'",
            notice="",
        )
    host = urlsplit(CDN).hostname
    return PageFiles(
        styles=_lines((*(_style(file.cdn_url, file.integrity) for file in STYLES), _style(style.url))),
        scripts=_lines(
            (
                *(_script(file.cdn_url, file.integrity) for file in SCRIPTS),
                *(_script(asset.url) for asset in own_scripts),
            )
        ),
        assets=(style, *own_scripts),
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


def _policy(files: PageFiles, nonce: str) -> dict[str, str]:
    return {
        "script-src": files.script_sources,
        # GraphiQL's dialogs put a style element into the page while they are open.
        "style-src": f"{files.style_sources} 'nonce-{nonce}'",
        "font-src": "'self' data:",
        "img-src": "'self' data:",
        "connect-src": "'self'",
    }


def _style(url: str, integrity: str | None = None) -> str:
    return f'<link rel="stylesheet" nonce="{_NONCE}" href="{escape(url)}"{_checked_by(integrity)}>'


def _script(url: str, integrity: str | None = None) -> str:
    return f'<script defer src="{escape(url)}"{_checked_by(integrity)}></script>'


def _checked_by(integrity: str | None) -> str:
    return f' integrity="{escape(integrity)}" crossorigin="anonymous"' if integrity else ""


def _people(*, sandbox: bool, sign_in: bool) -> str:
    demo_users = DEMO_USERS if sandbox else ()
    options = [
        # Chosen, and named after the person, once somebody is signed in.
        *(['<option value="session" hidden disabled>Signed in</option>'] if sign_in else []),
        *(f'<option value="{escape(user.credential)}" data-demo>{escape(user.label)}</option>' for user in demo_users),
        '<option value="nobody">Nobody</option>',
        '<option value="other">Somebody else</option>',
    ]
    return (
        '<span class="field"><label for="person">Act as</label>\n'
        f'<select id="person">\n{_lines(options)}\n</select></span>'
    )


def _sign_in() -> str:
    # Which of the two is seen depends on whether somebody is signed in.
    return (
        f'<a id="sign-in" class="button" href="{escape(SIGN_IN)}" hidden>Sign in with Discord</a>\n'
        '<button id="sign-out" class="button" type="button" hidden>Sign out</button>'
    )


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts)
