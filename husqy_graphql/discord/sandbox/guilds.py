"""Guilds with their roles, channels, emojis and members, as the bot sees them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from husqy_graphql.discord.sandbox.state import Refusal, State


def routes(state: State) -> list[Route]:
    """`/guilds`."""

    async def guild(request: Request) -> JSONResponse:
        return JSONResponse(state.guild_of_bot(request))

    async def roles(request: Request) -> JSONResponse:
        return JSONResponse(state.guild_of_bot(request)["roles"])

    async def emojis(request: Request) -> JSONResponse:
        return JSONResponse(state.guild_of_bot(request)["emojis"])

    async def channels(request: Request) -> JSONResponse:
        return JSONResponse(state.store.all("channel", f"{state.guild_of_bot(request)['id']}:"))

    async def members(request: Request) -> JSONResponse:
        guild = state.guild_of_bot(request)
        limit, after = int(request.query_params.get("limit", 1)), int(request.query_params.get("after", 0))
        if not 1 <= limit <= 1000:
            fault = {"code": "NUMBER_TYPE_MAX", "message": "int value should be between 1 and 1000."}
            raise Refusal(400, 50035, "Invalid Form Body", {"limit": {"_errors": [fault]}})
        found = sorted(state.store.all("member", f"{guild['id']}:"), key=lambda each: int(each["user_id"]))
        page = [each for each in found if int(each["user_id"]) > after][:limit]
        return JSONResponse([state.with_user(each) for each in page])

    async def member(request: Request) -> JSONResponse:
        found = state.member(state.guild_of_bot(request)["id"], request.path_params["user_id"])
        if found is None:
            raise Refusal(404, 10007, "Unknown Member")
        return JSONResponse(found)

    return [
        Route("/guilds/{guild_id:int}", guild),
        Route("/guilds/{guild_id:int}/roles", roles),
        Route("/guilds/{guild_id:int}/emojis", emojis),
        Route("/guilds/{guild_id:int}/channels", channels),
        Route("/guilds/{guild_id:int}/members", members),
        Route("/guilds/{guild_id:int}/members/{user_id:int}", member),
    ]
