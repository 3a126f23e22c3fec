"""Reactions to messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.emojis import find_emoji
from husqy_graphql.discord.sandbox.messages import find_message, keep_message
from husqy_graphql.discord.sandbox.places import Permission
from husqy_graphql.discord.sandbox.state import Refusal, State, texts

MAX_KINDS = 20


def routes(state: State) -> list[Route]:
    """`/channels/{channel_id}/messages/{message_id}/reactions`."""

    async def add(request: Request) -> Response:
        with state.store.transaction():
            place, message = find_message(state, request)
            place.require(Permission.READ_MESSAGE_HISTORY)
            emoji = find_emoji(request.path_params["emoji"], place.guild)
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
            found = _find(message["reacted"], find_emoji(request.path_params["emoji"], place.guild))
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
            gone = message["reacted"] if given is None else [_find(message["reacted"], find_emoji(given, place.guild))]
            keep_message(state, {**message, "reacted": [each for each in message["reacted"] if each not in gone]})
        return Response(status_code=204)

    async def who(request: Request) -> Response:
        place, message = find_message(state, request)
        found = _find(message["reacted"], find_emoji(request.path_params["emoji"], place.guild))
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


def _find(reacted: list[dict[str, Any]], emoji: Mapping[str, Any]) -> dict[str, Any] | None:
    return next((each for each in reacted if _key(each["emoji"]) == _key(emoji)), None)


def _key(emoji: Mapping[str, Any]) -> str:
    # U+FE0F only asks for the coloured form of an emoji.
    return emoji["id"] or emoji["name"].replace("\ufe0f", "")
