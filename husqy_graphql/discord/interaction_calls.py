"""Interactions answered with their own tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from husqy_graphql.discord.calls import BotCalls, unless_gone
from husqy_graphql.discord.messages import EPHEMERAL, message_body
from husqy_graphql.discord.parsing import parse_id, parsed
from husqy_graphql.discord.port import NotThere, Unauthorized

INVALID_WEBHOOK_TOKEN = 50027
WEBHOOK = "/webhooks/{webhook_id}/{token}"
ORIGINAL = WEBHOOK + "/messages/@original"
RESPOND_MESSAGE, RESPOND_MODAL = 4, 9


@dataclass(frozen=True, slots=True)
class InteractionCalls(BotCalls):
    """`InteractionPort` over HTTP."""

    async def respond_to_interaction(
        self,
        interaction_id: int,
        token: str,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
        ephemeral: bool = False,
    ) -> None:
        data = message_body(
            content=content,
            embeds=embeds,
            components=components,
            allowed_mentions=allowed_mentions,
            flags=EPHEMERAL if ephemeral else 0,
        )
        await self._respond(interaction_id, token, {"type": RESPOND_MESSAGE, "data": data})

    async def respond_with_modal(self, interaction_id: int, token: str, modal: Mapping[str, Any]) -> None:
        await self._respond(interaction_id, token, {"type": RESPOND_MODAL, "data": dict(modal)})

    async def reply_to_interaction(
        self,
        application_id: int,
        token: str,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
        followup: bool = False,
        ephemeral: bool = False,
    ) -> int:
        body = message_body(
            content=content,
            embeds=embeds,
            components=components,
            allowed_mentions=allowed_mentions,
            flags=EPHEMERAL if followup and ephemeral else 0,
        )
        method, route = ("POST", WEBHOOK) if followup else ("PATCH", ORIGINAL)
        sent = await self._with_token(method, route, body, webhook_id=application_id, token=token)
        return parsed(parse_id, sent, ambiguous=True)

    async def delete_interaction_reply(self, application_id: int, token: str) -> bool:
        return await unless_gone(self._with_token("DELETE", ORIGINAL, webhook_id=application_id, token=token))

    async def _respond(self, interaction_id: int, token: str, body: Mapping[str, Any]) -> None:
        route = "/interactions/{interaction_id}/{token}/callback"
        await self._with_token("POST", route, body, interaction_id=interaction_id, token=token)

    async def _with_token(self, method: str, route: str, body: object = None, **parameters: object) -> Any:
        """Call without the bot's token: the interaction's is in the path, and its 401 says nothing of the bot."""
        try:
            return await self.http.request(method, route, authorization=None, parameters=parameters, json=body)
        except Unauthorized as error:
            if error.code == INVALID_WEBHOOK_TOKEN:
                raise NotThere(str(error), status=error.status, code=error.code) from None
            raise
