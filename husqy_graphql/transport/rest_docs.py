"""`/v1/docs`: the OpenAPI document as a page for people, made on the server out of the same document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from husqy_graphql.transport.pages import Asset, asset_routes, own_asset, own_host, page_response
from husqy_graphql.transport.rest_docs_html import Links, render_docs

_POLICY: Final = {"style-src": "'self'", "img-src": "'self'"}
# A page is made for each address that the program is reached at, since its curl lines name it.
_ADDRESSES = 4


def rest_docs_routes(
    openapi: Callable[[], dict[str, Any]], *, sandbox: bool = False, explorer: bool = True
) -> list[BaseRoute]:
    """`/v1/docs` and its files. `openapi` is called when the page is first asked for; in the sandbox the curl lines
    work as they stand, with the demo world's owner. The page leads to the explorer if there is one."""
    style, favicon = own_asset("rest_docs.css"), own_asset("favicon.svg")

    @lru_cache(maxsize=_ADDRESSES)
    def page(address: str) -> Asset:
        links = Links(style.url, favicon.url, address, "sandbox-owner" if sandbox else None, explorer)
        return Asset("rest_docs.html", render_docs(openapi(), links).encode())

    async def docs(request: Request) -> Response:
        address = f"{request.scope['scheme']}://{own_host(request) or 'localhost'}"
        # Hundreds of operations take a while the first time.
        return await page_response(request, await asyncio.to_thread(page, address), _POLICY)

    return [Route("/v1/docs", docs), Route("/v1/docs/", docs), *asset_routes([style, favicon])]
