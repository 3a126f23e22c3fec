"""Polls: voted in by the people of the demo world, counted and ended.

How people vote is in no reference of Discord's, because apps cannot: this is what their own clients send.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.messages import find_message, keep_message, shown_message
from husqy_graphql.discord.sandbox.places import Permission, Place
from husqy_graphql.discord.sandbox.poll_rules import is_over
from husqy_graphql.discord.sandbox.state import Refusal, State, body_of, invalid, texts

MAX_VOTERS = 100


def routes(state: State) -> list[Route]:
    """`/channels/{channel_id}/polls/{message_id}`."""

    def poll_of(request: Request) -> tuple[Place, dict[str, Any]]:
        place, message = find_message(state, request)
        place.require(Permission.READ_MESSAGE_HISTORY)
        if message.get("poll") is None:
            raise Refusal(400, 520006, "Cannot expire a non-poll message")
        return place, message

    async def vote(request: Request) -> Response:
        user_id = str(state.person(request))
        chosen = set(texts(await body_of(request), "answer_ids"))
        with state.store.transaction():
            _, message = poll_of(request)
            if is_over(message["poll"], state.clock()):
                raise Refusal(400, 520001, "Poll expired")
            if not chosen <= message["votes"].keys():
                raise invalid("answer_ids", "There is no such answer.", "BASE_TYPE_CHOICES")
            if len(chosen) > 1 and not message["poll"]["allow_multiselect"]:
                raise invalid("answer_ids", "Must be 1 or fewer in length.", "BASE_TYPE_MAX_LENGTH")
            # What is chosen takes the place of what was.
            for answer_id, user_ids in message["votes"].items():
                others = [each for each in user_ids if each != user_id]
                message["votes"][answer_id] = [*others, user_id] if answer_id in chosen else others
            keep_message(state, message)
        return Response(status_code=204)

    async def voters(request: Request) -> Response:
        _, message = poll_of(request)
        user_ids = message["votes"].get(str(request.path_params["answer_id"]))
        if user_ids is None:
            raise invalid("answer_id", "There is no such answer.", "BASE_TYPE_CHOICES")
        after, limit = int(request.query_params.get("after", 0)), int(request.query_params.get("limit", 25))
        if not 1 <= limit <= MAX_VOTERS:
            raise invalid("limit", f"int value should be between 1 and {MAX_VOTERS}.", "NUMBER_TYPE_MAX")
        found = sorted(int(each) for each in user_ids if int(each) > after)[:limit]
        return JSONResponse({"users": [state.store.get("user", each) for each in found]})

    async def expire(request: Request) -> Response:
        with state.store.transaction():
            place, message = poll_of(request)
            if message["author_id"] != place.user_id:
                raise Refusal(403, 50005, "Cannot edit a message authored by another user")
            now = state.clock()
            if is_over(message["poll"], now):
                raise Refusal(400, 520001, "Poll expired")
            message["poll"]["expiry"] = now.isoformat()
            keep_message(state, message)
        return JSONResponse(shown_message(state, message, place.user_id))

    path = "/channels/{channel_id:int}/polls/{message_id:int}"
    return [
        Route(path + "/answers/@me", vote, methods=["PUT"]),
        Route(path + "/answers/{answer_id:int}", voters),
        Route(path + "/expire", expire, methods=["POST"]),
    ]
