"""Messages: posted, read, edited and deleted, by the bot and by the people of the demo world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.channels import may_message
from husqy_graphql.discord.sandbox.message_rules import (
    checked_components,
    checked_content,
    checked_embeds,
    checked_mentions,
    checked_nonce,
    mentioned,
    refuse_empty,
)
from husqy_graphql.discord.sandbox.places import Permission, Place, find_place, missing_permissions
from husqy_graphql.discord.sandbox.poll_rules import checked_poll, shown_poll
from husqy_graphql.discord.sandbox.state import Refusal, State, body_of, invalid, parts

NONCE_LIFE = timedelta(minutes=5)
WITH_MESSAGES = {0, 1, 2, 5, 10, 11, 12, 13}  # types of channels
DEFAULT, REPLY = 0, 19
SETTABLE_FLAGS = 1 << 2 | 1 << 12 | 1 << 15  # no embeds shown, no notification, components only
HIDDEN = {"author_id", "allowed_mentions", "reacted", "mentions", "poll", "votes"}


def routes(state: State) -> list[Route]:
    """`/channels/{channel_id}/messages`."""

    async def messages(request: Request) -> Response:
        place = find_place(state, request)
        if not place.may(Permission.READ_MESSAGE_HISTORY):
            return JSONResponse([])
        query = request.query_params
        limit, after, before = int(query.get("limit", 50)), int(query.get("after", 0)), query.get("before")
        if not 1 <= limit <= 100:
            raise invalid("limit", "int value should be between 1 and 100.", "NUMBER_TYPE_MAX")
        found = [
            each
            for each in state.store.all("message", f"{place.channel['id']}:")
            if int(each["id"]) > after and (before is None or int(each["id"]) < int(before))
        ]
        # The oldest ones after an id, else the newest; the newest first in both.
        page = found[:limit] if "after" in query else found[-limit:]
        return JSONResponse([shown_message(state, each, place.user_id) for each in reversed(page)])

    async def create(request: Request) -> Response:
        place = find_place(state, request)
        body = await body_of(request)
        _require_sending(state, place)
        nonce = checked_nonce(body.get("nonce"))
        with state.store.transaction():
            if nonce is not None and body.get("enforce_nonce"):
                made = _of_nonce(state, place, nonce)
                if made is not None:
                    return JSONResponse(shown_message(state, made, place.user_id, nonce=nonce))
            made = _new(state, place, body)
            keep_message(state, made)
            _keep_last(state, place, made["id"])
            if nonce is not None:
                value = {"message_id": made["id"], "at": state.clock().isoformat()}
                state.store.put("nonce", _nonce_key(place, nonce), value)
        return JSONResponse(shown_message(state, made, place.user_id, nonce=nonce))

    async def message(request: Request) -> Response:
        place, found = find_message(state, request)
        place.require(Permission.READ_MESSAGE_HISTORY)
        return JSONResponse(shown_message(state, found, place.user_id))

    async def edit(request: Request) -> Response:
        find_message(state, request)
        body = await body_of(request)
        with state.store.transaction():
            place, found = find_message(state, request)
            if found["author_id"] != place.user_id:
                raise Refusal(403, 50005, "Cannot edit a message authored by another user")
            if found.get("poll") is not None:
                raise Refusal(400, 520003, "Cannot edit a poll message")
            edited = {**found, **_said({**found, **body}, place), "edited_timestamp": state.clock().isoformat()}
            refuse_empty(edited)
            keep_message(state, edited)
        return JSONResponse(shown_message(state, edited, place.user_id))

    async def delete(request: Request) -> Response:
        place, found = find_message(state, request)
        if found["author_id"] != place.user_id:
            place.require(Permission.MANAGE_MESSAGES)
        state.store.delete("message", f"{found['channel_id']}:{found['id']}")
        return Response(status_code=204)

    path = "/channels/{channel_id:int}/messages"
    return [
        Route(path, messages),
        Route(path, create, methods=["POST"]),
        Route(path + "/{message_id:int}", message),
        Route(path + "/{message_id:int}", edit, methods=["PATCH"]),
        Route(path + "/{message_id:int}", delete, methods=["DELETE"]),
    ]


def find_message(state: State, request: Request) -> tuple[Place, dict[str, Any]]:
    """The message in the path; raises what `find_place` raises, and 10008."""
    place = find_place(state, request)
    found = state.store.get("message", f"{place.channel['id']}:{request.path_params['message_id']}")
    if found is None:
        raise Refusal(404, 10008, "Unknown Message")
    return place, found


def keep_message(state: State, message: dict[str, Any]) -> None:
    state.store.put("message", f"{message['channel_id']}:{message['id']}", message)


def shown_message(
    state: State, message: Mapping[str, Any], viewer_id: str, *, nonce: str | int | None = None
) -> dict[str, Any]:
    """A message as Discord answers it to one who may read it."""
    shown = {name: value for name, value in message.items() if name not in HIDDEN}
    shown["author"] = state.store.get("user", message["author_id"])
    shown["mentions"] = [user for each in message["mentions"] if (user := state.store.get("user", each))]
    if message["reacted"]:
        shown["reactions"] = [
            {
                "emoji": each["emoji"],
                "count": len(each["user_ids"]),
                "count_details": {"burst": 0, "normal": len(each["user_ids"])},
                "burst_colors": [],
                "me_burst": False,
                "me": viewer_id in each["user_ids"],
            }
            for each in message["reacted"]
        ]
    if message.get("poll") is not None:
        shown["poll"] = shown_poll(message["poll"], message["votes"], viewer_id, state.clock())
    if nonce is not None:
        shown["nonce"] = nonce
    return shown


def _require_sending(state: State, place: Place) -> None:
    if place.channel["type"] not in WITH_MESSAGES:
        raise Refusal(400, 50008, "Cannot send messages in a non-text channel")
    if place.guild is None and not may_message(state, place.user_id, place.channel):
        raise Refusal(403, 50007, "Cannot send messages to this user")
    place.require(Permission.SEND_MESSAGES)


def _new(state: State, place: Place, body: Mapping[str, Any]) -> dict[str, Any]:
    replied = _replied(state, place, body.get("message_reference"))
    poll = _poll(state, place, body.get("poll"))
    made: dict[str, Any] = {
        "id": state.new_id(),
        "channel_id": place.channel["id"],
        "author_id": place.user_id,
        "type": DEFAULT if replied is None else REPLY,
        **_said(body, place),
        "timestamp": state.clock().isoformat(),
        "edited_timestamp": None,
        "tts": False,
        "attachments": [],
        "pinned": False,
        "reacted": [],
        "poll": poll,
        "votes": {str(each["answer_id"]): [] for each in poll["answers"]} if poll else {},
    }
    if replied is not None:
        made["message_reference"] = {"type": 0, "channel_id": place.channel["id"], "message_id": replied}
    refuse_empty(made)
    return made


def _said(body: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """What a new or edited message says, within Discord's limits."""
    flags = int(body.get("flags") or 0) & SETTABLE_FLAGS
    content = checked_content(body.get("content"))
    embeds = checked_embeds(parts(body, "embeds"))
    if embeds and not place.may(Permission.EMBED_LINKS):
        raise missing_permissions()
    allowed = checked_mentions(body.get("allowed_mentions"))
    return {
        "content": content,
        "embeds": embeds,
        "components": checked_components(parts(body, "components"), flags),
        "flags": flags,
        "allowed_mentions": allowed,
        **mentioned(content, allowed, place.guild, everyone=place.may(Permission.MENTION_EVERYONE)),
    }


def _poll(state: State, place: Place, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    place.require(Permission.SEND_POLLS)
    return checked_poll(given, place.guild, state.clock())


def _replied(state: State, place: Place, reference: Mapping[str, Any] | None) -> str | None:
    if not reference:
        return None
    found = state.store.get("message", f"{place.channel['id']}:{reference['message_id']}")
    if found is None and reference.get("fail_if_not_exists", True):
        raise invalid("message_reference", "Unknown message", "REPLIES_UNKNOWN_MESSAGE")
    return None if found is None else found["id"]


def _nonce_key(place: Place, nonce: str | int) -> str:
    return f"{place.channel['id']}:{place.user_id}:{nonce}"


def _of_nonce(state: State, place: Place, nonce: str | int) -> dict[str, Any] | None:
    """The message that this nonce made in the past few minutes; raises 10008 when it has been deleted since."""
    known = state.store.get("nonce", _nonce_key(place, nonce))
    if known is None or state.clock() - datetime.fromisoformat(known["at"]) > NONCE_LIFE:
        return None
    found = state.store.get("message", f"{place.channel['id']}:{known['message_id']}")
    if found is None:
        raise Refusal(404, 10008, "Unknown Message")
    return found


def _keep_last(state: State, place: Place, message_id: str) -> None:
    channel = {**place.channel, "last_message_id": message_id}
    if place.guild is None:
        state.store.put("dm", channel["id"], channel)
    else:
        state.store.put("channel", f"{place.guild['id']}:{channel['id']}", channel)
