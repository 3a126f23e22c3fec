"""Which names of this program are answered. Without this a foreign name that points here makes its pages ours (DNS
rebinding), and a forged `Host` gets into what we write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from husqy_graphql.core.errors import BadUserInput
from husqy_graphql.transport.middleware import header_of

# Orchestrators ask these by address.
ANY_HOST_PATHS = frozenset({"/livez", "/readyz"})


@dataclass(frozen=True, slots=True)
class HostMiddleware:
    """Turns away requests to other hosts than these, whatever their port; `refuse` words it for a path."""

    app: ASGIApp
    hosts: frozenset[str]
    refuse: Callable[[str, BadUserInput], Response]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "lifespan"
            or scope["path"] in ANY_HOST_PATHS
            or host_name(header_of(scope, b"host") or "") in self.hosts
        ):
            await self.app(scope, receive, send)
            return
        response = self.refuse(scope["path"], BadUserInput("This host is not served here; see HUSQY_ALLOWED_HOSTS."))
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await response(scope, receive, send)


def host_name(host: str) -> str:
    """The name or address of a `Host` header, without its port and in lower case (RFC 9110, section 7.2)."""
    name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")
