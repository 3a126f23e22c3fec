"""The ceiling: Starlette answers a constant, and orjson writes it at each request."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

# What the program itself answers to the same requests.
ANSWERS: dict[str, Any] = orjson.loads(Path(os.environ["BENCH_ANSWERS"]).read_bytes())


async def entries(_: Request) -> Response:
    return Response(orjson.dumps(ANSWERS["list"]), media_type="application/json")


async def entry(_: Request) -> Response:
    return Response(orjson.dumps(ANSWERS["row"]), media_type="application/json")


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncGenerator[None]:
    gc.collect()
    gc.freeze()
    yield


app = Starlette(
    routes=[
        Route("/v1/modules/verifier/entries", entries),
        Route("/v1/modules/verifier/entries/{verifier_id}", entry),
    ],
    lifespan=lifespan,
)
