"""Pages and the files beside them: addresses that name the content, caching, compression, and a strict policy."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

STATIC = Path(__file__).with_name("static")
HTML = "text/html; charset=utf-8"
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
NEVER_KEPT = "no-store"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# A host that may be written into a header or a page as it came: a name or an address, and a port.
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_FEWEST_BYTES_TO_COMPRESS = 1_000


@dataclass(frozen=True)
class Asset:
    """A file that a page loads. Its address has the hash of its content, so it may be cached for ever."""

    name: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:16]

    @property
    def url(self) -> str:
        return f"/static/{self.digest}/{self.name}"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[PurePosixPath(self.name).suffix]

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, 6, mtime=0)


def own_asset(name: str) -> Asset:
    """A file of our own under `static/`."""
    return Asset(name, (STATIC / name).read_bytes())


def asset_routes(assets: Iterable[Asset]) -> list[Route]:
    """A route for each of these assets at its address, and for nothing else: the disk is never touched."""

    def route(asset: Asset) -> Route:
        async def answer(request: Request) -> Response:
            return await cached_response(request, asset, asset.media_type, {"cache-control": IMMUTABLE})

        return Route(asset.url, answer)

    return [route(asset) for asset in assets]


async def page_response(
    request: Request, page: Asset, policy: Mapping[str, str], caching: str = REVALIDATE
) -> Response:
    """A page under its policy. Unless told otherwise, browsers ask every time whether it is still the same."""
    headers = {"cache-control": caching, "content-security-policy": content_security_policy(policy)}
    return await cached_response(request, page, HTML, headers)


async def cached_response(request: Request, asset: Asset, media_type: str, headers: Mapping[str, str]) -> Response:
    """The content, compressed for clients that take it; 304 to one that has it; to HEAD the headers alone."""
    etag = f'W/"{asset.digest}"'
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    all_headers = {**headers, "etag": etag, "vary": "accept-encoding"}
    if "*" in known or etag.removeprefix("W/") in known:
        return Response(status_code=304, headers=all_headers)
    content = asset.content
    if len(content) >= _FEWEST_BYTES_TO_COMPRESS and _takes_gzip(request):
        # Once a file, and a megabyte of it: not in the event loop.
        content = await asyncio.to_thread(lambda: asset.compressed)
        all_headers["content-encoding"] = "gzip"
    all_headers["content-length"] = str(len(content))
    return Response(b"" if request.method == "HEAD" else content, 200, all_headers, media_type)


def content_security_policy(allowed: Mapping[str, str]) -> str:
    """A policy that allows what is named and nothing else; nobody may frame the page or change its base."""
    policy = {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        **allowed,
    }
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())


def own_host(connection: HTTPConnection) -> str | None:
    """The host that the client spoke to, or None when it is none that could be written into a page."""
    host = connection.headers.get("host", "")
    return host if _HOST.fullmatch(host) else None


def _takes_gzip(request: Request) -> bool:
    for part in request.headers.get("accept-encoding", "").split(","):
        coding, _, quality = part.strip().lower().partition(";")
        if coding.strip() == "gzip":
            return re.fullmatch(r"\s*q=0(\.0*)?\s*", quality) is None
    return False
