"""`/livez` and `/readyz` for the platform that runs the program."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from husqy_graphql.gql.readiness import Readiness
from husqy_graphql.transport.responses import json_response


def health_routes(readiness: Readiness) -> list[Route]:
    """Liveness says that the process answers, readiness that the database and Discord are usable (503 otherwise)."""

    async def livez(_: Request) -> Response:
        return json_response({"status": "alive"})

    async def readyz(_: Request) -> Response:
        unusable = await readiness.unusable()
        if unusable:
            return json_response({"status": "not ready", "unusable": list(unusable)}, 503, headers={"retry-after": "5"})
        return json_response({"status": "ready"})

    return [Route("/livez", livez), Route("/readyz", readyz)]
