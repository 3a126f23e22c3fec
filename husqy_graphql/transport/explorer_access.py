"""Who may see the explorer, and what everybody else sees at `/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from husqy_graphql.core.errors import Unauthenticated
from husqy_graphql.identity.sessions import Sessions, find_session
from husqy_graphql.transport.credentials import session_id_of
from husqy_graphql.transport.message_page import message_page
from husqy_graphql.transport.origins import Origins
from husqy_graphql.transport.pages import NEVER_KEPT
from husqy_graphql.transport.sign_in import LOGIN

SIGN_IN: Final = f"{LOGIN}?next=/"
_UNKEPT: Final = {"cache-control": NEVER_KEPT}


@dataclass(frozen=True, slots=True)
class ExplorerAccess:
    """`policy` says who may see the page; without `sessions` nobody can sign in, since the settings `missing` are not
    there."""

    policy: Literal["open", "signed-in", "off"]
    origins: Origins
    sessions: Sessions | None = None
    missing: Sequence[str] = ()

    @property
    def closed(self) -> bool:
        """Whether nobody can ever see the page."""
        return self.policy == "off" or (self.policy == "signed-in" and self.sessions is None)

    async def signed_in(self, request: Request) -> bool:
        """Whether the browser has a session that is valid now."""
        session_id = session_id_of(self.origins, request)
        if self.sessions is None or session_id is None:
            return False
        try:
            await find_session(self.sessions, session_id)
        except Unauthenticated:
            return False
        return True

    def refusal(self, *, signed_in: bool) -> Response | None:
        """What is answered in place of the page; None to those who may see it."""
        if self.policy == "signed-in" and not signed_in:
            return Response(status_code=302, headers={"location": SIGN_IN, **_UNKEPT})
        return None


def closed_page(missing: Sequence[str]) -> Response:
    """The page of a program that shows nobody the explorer; `missing` are the settings without which that is so."""
    why = (
        f"The explorer is for people who have signed in, which nobody can before {_listed(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} set."
        if missing
        else "The explorer is switched off by <code>HUSQY_EXPLORER</code>."
    )
    body = (
        "<p>The GraphQL API is at <code>/graphql</code>, the REST API at <code>/v1</code> "
        '(<a href="/v1/docs">documentation</a>).</p>\n'
        f"<p>{why}</p>"
    )
    return message_page(404, "Husqy GraphQL", "Husqy GraphQL", body, _UNKEPT)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"<code>{escape(name)}</code>" for name in names)
