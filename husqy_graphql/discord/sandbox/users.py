"""Users, their guilds, and what a token says of itself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from husqy_graphql.discord.sandbox.state import Refusal, State


def routes(state: State) -> list[Route]:
    """`/users` and `/oauth2/@me`."""

    async def current_user(request: Request) -> JSONResponse:
        return JSONResponse(state.store.get("user", state.caller(request)))

    async def user(request: Request) -> JSONResponse:
        state.caller(request)
        found = state.store.get("user", request.path_params["user_id"])
        if found is None:
            raise Refusal(404, 10013, "Unknown User")
        return JSONResponse(found)

    async def current_user_guilds(request: Request) -> JSONResponse:
        user_id = state.caller(request)
        if request.headers["authorization"].startswith("Bearer") and "guilds" not in state.token(request)["scopes"]:
            raise Refusal(403, 50001, "Missing Access")
        after = int(request.query_params.get("after", 0))
        limit = int(request.query_params.get("limit", 200))
        guilds = [
            {
                "id": guild["id"],
                "name": guild["name"],
                "icon": guild["icon"],
                "banner": guild["banner"],
                "owner": guild["owner_id"] == str(user_id),
                "permissions": str(state.permissions(guild, member)),
                "features": guild["features"],
            }
            for guild in state.store.all("guild")
            if int(guild["id"]) > after and (member := state.store.get("member", f"{guild['id']}:{user_id}"))
        ]
        return JSONResponse(guilds[:limit])

    async def current_authorization(request: Request) -> JSONResponse:
        token = state.token(request)
        application = {"id": str(token["application_id"]), "name": "Husqy", "icon": None, "description": ""}
        return JSONResponse(
            {
                "application": {**application, "bot_public": True, "verify_key": "0" * 64},
                "scopes": token["scopes"],
                "expires": token["expires"],
                "user": state.store.get("user", token["user_id"]) if "identify" in token["scopes"] else None,
            }
        )

    return [
        Route("/users/@me", current_user),
        Route("/users/@me/guilds", current_user_guilds),
        Route("/users/{user_id:int}", user),
        Route("/oauth2/@me", current_authorization),
    ]
