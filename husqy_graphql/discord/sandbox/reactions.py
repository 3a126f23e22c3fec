"""Reactions to messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.messages import find_message, keep_message
from husqy_graphql.discord.sandbox.places import Permission
from husqy_graphql.discord.sandbox.state import Refusal, State, parts, texts

MAX_KINDS = 20
_CUSTOM = re.compile(r"(\w{1,32}):(\d{1,20})")
# The shape of Unicode's emoji sequences, not the list of those that exist (UTS 51, section 1.4.9).
_ONE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
    "\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
)
_UNICODE = re.compile(
    f"[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|{_ONE}(?:\u200d{_ONE})*",
)


def routes(state: State) -> list[Route]:
    """`/channels/{channel_id}/messages/{message_id}/reactions`."""

    async def add(request: Request) -> Response:
        with state.store.transaction():
            place, message = find_message(state, request)
            place.require(Permission.READ_MESSAGE_HISTORY)
            emoji = _emoji(request.path_params["emoji"], place.guild)
            reacted: list[dict[str, Any]] = message["reacted"]
            found = _find(reacted, emoji)
            if found is None:
                place.require(Permission.ADD_REACTIONS)  # whoever joins a reaction needs no permission
                if len(reacted) >= MAX_KINDS:
                    raise Refusal(400, 30010, f"Maximum number of reactions reached ({MAX_KINDS})")
                found = dict[str, Any](emoji=emoji, user_ids=[])
                reacted.append(found)
            if place.user_id not in found["user_ids"]:
                found["user_ids"].append(place.user_id)
            keep_message(state, message)
        return Response(status_code=204)

    async def remove(request: Request) -> Response:
        with state.store.transaction():
            place, message = find_message(state, request)
            user_id = str(request.path_params.get("user_id", place.user_id))
            if user_id != place.user_id:
                place.require(Permission.MANAGE_MESSAGES)
            found = _find(message["reacted"], _emoji(request.path_params["emoji"], place.guild))
            if found is not None and user_id in found["user_ids"]:
                found["user_ids"].remove(user_id)
                message["reacted"] = [each for each in message["reacted"] if each["user_ids"]]
                keep_message(state, message)
        return Response(status_code=204)

    async def clear(request: Request) -> Response:
        with state.store.transaction():
            place, message = find_message(state, request)
            place.require(Permission.MANAGE_MESSAGES)
            given = request.path_params.get("emoji")
            gone = message["reacted"] if given is None else [_find(message["reacted"], _emoji(given, place.guild))]
            keep_message(state, {**message, "reacted": [each for each in message["reacted"] if each not in gone]})
        return Response(status_code=204)

    async def who(request: Request) -> Response:
        place, message = find_message(state, request)
        found = _find(message["reacted"], _emoji(request.path_params["emoji"], place.guild))
        after, limit = int(request.query_params.get("after", 0)), int(request.query_params.get("limit", 25))
        ids = sorted(int(each) for each in texts(found or {}, "user_ids") if int(each) > after)
        return JSONResponse([state.store.get("user", each) for each in ids[:limit]])

    path = "/channels/{channel_id:int}/messages/{message_id:int}/reactions"
    return [
        Route(path, clear, methods=["DELETE"]),
        Route(path + "/{emoji}", clear, methods=["DELETE"]),
        Route(path + "/{emoji}", who),
        Route(path + "/{emoji}/@me", add, methods=["PUT"]),
        Route(path + "/{emoji}/@me", remove, methods=["DELETE"]),
        Route(path + "/{emoji}/{user_id:int}", remove, methods=["DELETE"]),
    ]


def _emoji(given: str, guild: Mapping[str, Any] | None) -> dict[str, Any]:
    """The emoji as Discord answers it; raises 10014 for none, and for a custom one of another guild."""
    custom = _CUSTOM.fullmatch(given)
    if custom is not None:
        known = parts(guild or {}, "emojis")
        found = next((each for each in known if each["id"] == custom[2]), None)
        if found is not None:
            return {"id": found["id"], "name": found["name"], "animated": found["animated"]}
    elif _UNICODE.fullmatch(given):
        return {"id": None, "name": given}
    raise Refusal(400, 10014, "Unknown Emoji")


def _find(reacted: list[dict[str, Any]], emoji: Mapping[str, Any]) -> dict[str, Any] | None:
    return next((each for each in reacted if _key(each["emoji"]) == _key(emoji)), None)


def _key(emoji: Mapping[str, Any]) -> str:
    # U+FE0F only asks for the coloured form of an emoji.
    return emoji["id"] or emoji["name"].replace("\ufe0f", "")
