"""Entitlements of the application; test ones can be made and taken back, as at Discord."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from husqy_graphql.discord.sandbox.state import Refusal, State
from husqy_graphql.discord.sandbox.world import APPLICATION_ID, BASE

FIRST_ID = BASE + 5_000
TEST_MODE_PURCHASE = 4


def routes(state: State) -> list[Route]:
    """`/applications/{application_id}/entitlements`."""

    def authorized(request: Request) -> None:
        state.bot(request)
        if request.path_params["application_id"] != APPLICATION_ID:
            raise Refusal(403, 20012, "You are not authorized to perform this action on this application")

    async def entitlements(request: Request) -> Response:
        authorized(request)
        if request.method == "POST":
            return await create(request)
        after = int(request.query_params.get("after", 0))
        limit = int(request.query_params.get("limit", 100))
        hide_deleted = request.query_params.get("exclude_deleted", "true") == "true"
        found = [
            each
            for each in state.store.all("entitlement")
            if int(each["id"]) > after and not (hide_deleted and each["deleted"])
        ]
        return JSONResponse(found[:limit])

    async def create(request: Request) -> Response:
        body: dict[str, Any] = await request.json()
        made = {
            "sku_id": str(body["sku_id"]),
            "application_id": str(APPLICATION_ID),
            "guild_id": str(body["owner_id"]),
            "type": TEST_MODE_PURCHASE,
            "deleted": False,
            "starts_at": None,
            "ends_at": None,
        }
        with state.store.transaction():
            number = FIRST_ID + len(state.store.all("entitlement"))
            made = {"id": str(number), **made}
            state.store.put("entitlement", number, made)
        return JSONResponse(made)

    async def delete(request: Request) -> Response:
        authorized(request)
        found = state.store.get("entitlement", request.path_params["entitlement_id"])
        if found is None:
            raise Refusal(404, 10071, "Unknown Entitlement")
        state.store.put("entitlement", found["id"], {**found, "deleted": True})
        return Response(status_code=204)

    base = "/applications/{application_id:int}/entitlements"
    return [
        Route(base, entitlements, methods=["GET", "POST"]),
        Route(base + "/{entitlement_id:int}", delete, methods=["DELETE"]),
    ]
