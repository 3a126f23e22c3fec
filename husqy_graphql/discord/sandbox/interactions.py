"""Answers to interactions. Any id and token is taken for an interaction of the demo world; one that begins with
`expired` is over.

A reply without a first response before it goes as Discord does when the bot has deferred the interaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.message_rules import (
    checked_components,
    checked_content,
    checked_embeds,
    checked_mentions,
    checked_modal,
    refuse_empty,
)
from husqy_graphql.discord.sandbox.state import Refusal, State, body_of, invalid, part, parts
from husqy_graphql.discord.sandbox.world import APPLICATION_ID, HUSQY

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL = 4, 5, 6, 7, 9
EPHEMERAL = 1 << 6
SETTABLE_FLAGS = 1 << 2 | EPHEMERAL | 1 << 12 | 1 << 15
LOADING = 1 << 7
APPLICATION_COMMAND = 20  # the type of messages that answer one
ANSWERED_AT = "answered_at"
NOTHING: Mapping[str, Any] = {"content": "", "embeds": [], "components": []}
SHOWN = ("type", "flags", "content", "embeds", "components", "modal", "deleted", "allowed_mentions", "followups")


def routes(state: State) -> list[Route]:
    """`/interactions/{id}/{token}/callback` and `/webhooks/{application_id}/{token}`."""

    async def callback(request: Request) -> Response:
        body = await body_of(request)
        token, kind = request.path_params["token"], body.get("type")
        if token.startswith("expired"):
            raise Refusal(404, 10062, "Unknown interaction")
        data = part(body, "data")
        if kind == MODAL:
            made = {**_interaction(state, MODAL), "modal": checked_modal(data)}
        elif kind in {MESSAGE, UPDATE}:
            said = _said({}, data)
            refuse_empty(said)
            made = {**_interaction(state, kind), **said, ANSWERED_AT: state.clock().isoformat()}
        elif kind in {DEFERRED, DEFERRED_UPDATE}:
            made = {**_interaction(state, kind), "flags": int(data.get("flags") or 0) & EPHEMERAL}
        else:
            raise invalid("type", "Value must be one of (4, 5, 6, 7, 9).", "BASE_TYPE_CHOICES")
        with state.store.transaction():
            if state.store.get("interaction", token) is not None:
                raise Refusal(400, 40060, "Interaction has already been acknowledged.")
            state.store.put("interaction", token, made)
        return Response(status_code=204)

    async def followup(request: Request) -> Response:
        token = _token(request)
        body = await body_of(request)
        with state.store.transaction():
            found = state.store.get("interaction", token) or _interaction(state, DEFERRED)
            if found["type"] == DEFERRED and found[ANSWERED_AT] is None and not found["deleted"]:
                # The first one fills the reply that was promised, and is as private as it.
                filled = _filled(state, found, {**body, "flags": int(body.get("flags") or 0) & ~EPHEMERAL})
                state.store.put("interaction", token, filled)
                return JSONResponse(_message(state, filled))
            made = {**_interaction(state, MESSAGE), **_said({}, body), ANSWERED_AT: state.clock().isoformat()}
            refuse_empty(made)
            state.store.put("interaction", token, {**found, "followups": [*found["followups"], made]})
        return JSONResponse(_message(state, made))

    async def original(request: Request) -> Response:
        token = _token(request)
        found = _there(state.store.get("interaction", token))
        return JSONResponse(_message(state, found))

    async def edit(request: Request) -> Response:
        token = _token(request)
        body = await body_of(request)
        with state.store.transaction():
            found = _there(state.store.get("interaction", token) or _interaction(state, DEFERRED))
            # An edit cannot make a reply more or less private.
            filled = _filled(state, found, {**body, "flags": int(body.get("flags") or 0) & ~EPHEMERAL})
            state.store.put("interaction", token, filled)
        return JSONResponse(_message(state, filled))

    async def delete(request: Request) -> Response:
        token = _token(request)
        with state.store.transaction():
            found = _there(state.store.get("interaction", token) or _interaction(state, DEFERRED))
            state.store.put("interaction", token, {**found, "deleted": True})
        return Response(status_code=204)

    path = "/webhooks/{application_id:int}/{token}"
    return [
        Route("/interactions/{interaction_id:int}/{token}/callback", callback, methods=["POST"]),
        Route(path, followup, methods=["POST"]),
        Route(path + "/messages/@original", original),
        Route(path + "/messages/@original", edit, methods=["PATCH"]),
        Route(path + "/messages/@original", delete, methods=["DELETE"]),
    ]


def shown_interaction(state: State, token: str) -> dict[str, Any] | None:
    """What has become of an interaction, for people and tests to look at; None for a token that was not used."""
    found = state.store.get("interaction", token)
    if found is None:
        return None
    followups = [{name: each[name] for name in SHOWN if name != "followups"} for each in found["followups"]]
    return {**{name: found[name] for name in SHOWN}, "followups": followups}


def _interaction(state: State, kind: int) -> dict[str, Any]:
    return {
        "id": state.new_id(),  # of the message that answers it
        "type": kind,
        "flags": 0,
        **NOTHING,
        "allowed_mentions": None,
        "modal": None,
        "deleted": False,
        "created_at": state.clock().isoformat(),
        ANSWERED_AT: None,
        "followups": [],
    }


def _token(request: Request) -> str:
    """The token in the path; raises Discord's errors for another application, and for one that is over."""
    if request.path_params["application_id"] != APPLICATION_ID:
        raise Refusal(404, 10015, "Unknown Webhook")
    token: str = request.path_params["token"]
    if token.startswith("expired"):
        raise Refusal(401, 50027, "Invalid Webhook Token")
    return token


def _there(interaction: dict[str, Any] | None) -> dict[str, Any]:
    if interaction is None:
        raise Refusal(404, 10015, "Unknown Webhook")
    if interaction["deleted"] or interaction["type"] == MODAL:
        raise Refusal(404, 10008, "Unknown Message")
    return interaction


def _filled(state: State, found: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    filled = {**found, **_said(found, body), ANSWERED_AT: state.clock().isoformat()}
    refuse_empty(filled)
    return filled


def _said(before: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """What a reply says after this body; what the body leaves out stays."""
    body = {**before, **body}
    flags = int(body.get("flags") or 0) & SETTABLE_FLAGS | int(before.get("flags") or 0) & EPHEMERAL
    return {
        "content": checked_content(body.get("content")),
        "embeds": checked_embeds(parts(body, "embeds")),
        "components": checked_components(parts(body, "components"), flags),
        "flags": flags,
        "allowed_mentions": checked_mentions(body.get("allowed_mentions")),
    }


def _message(state: State, interaction: Mapping[str, Any]) -> dict[str, Any]:
    """The reply as Discord answers it. It stands in no channel of the sandbox, which is what channel 0 means."""
    waiting = interaction[ANSWERED_AT] is None
    return {
        "id": interaction["id"],
        "channel_id": "0",
        "type": APPLICATION_COMMAND,
        "application_id": str(APPLICATION_ID),
        "webhook_id": str(APPLICATION_ID),
        "author": state.store.get("user", HUSQY),
        "content": interaction["content"],
        "embeds": interaction["embeds"],
        "components": interaction["components"],
        "attachments": [],
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "pinned": False,
        "tts": False,
        "flags": interaction["flags"] | (LOADING if waiting else 0),
        "timestamp": interaction["created_at"],
        "edited_timestamp": None if waiting else interaction[ANSWERED_AT],
    }
