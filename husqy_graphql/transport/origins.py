"""Which web pages may speak for the people who look at them: our own, and those of an explicit list."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

_SOCKET_SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Origins:
    """`public` is our own origin as browsers write it, None where it is whatever host the client spoke to; `listed`
    are the others that are trusted (the CORS list)."""

    public: str | None = None
    listed: frozenset[str] = frozenset()

    def own(self, connection: HTTPConnection) -> str:
        """Our own origin (RFC 6454, section 6.2), without a slash at its end."""
        if self.public is not None:
            return self.public
        scheme = connection.scope["scheme"]  # not `url`, which reads the query as UTF-8
        return f"{_SOCKET_SCHEMES.get(scheme, scheme)}://{connection.headers.get('host', '')}"

    def accepts(self, connection: HTTPConnection) -> bool:
        """Whether the request names, in its one `Origin` header, our own origin or a listed one."""
        given = connection.headers.getlist("origin")
        return len(given) == 1 and (given[0] == self.own(connection) or given[0] in self.listed)
