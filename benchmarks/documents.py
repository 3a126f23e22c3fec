"""What a document costs: parsed and validated at each request, out of the document store, and stored in `/v1`.

Every row is measured in the same run, interleaved, in process, on an in-memory sandbox and a SQLite file; the figures
are ratios to the first row, since machines differ and are noisy. Run it with `make bench-engine`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx2
import structlog

from husqy_graphql.app import create_program
from husqy_graphql.config import load_settings
from husqy_graphql.tasks import migrate_database

ROUNDS = 15
CALLS = 40
GUILD = "1300000000000000001"
QUERY = f"""{{ guild(id: "{GUILD}") {{ settings {{ databaseId guildId language timeZone unitSystem autoDelete }}
  entitlements {{ databaseId skuId startAt endsAt deleted }} }} }}"""
HEADERS = {"authorization": "Bearer sandbox-owner"}


async def main() -> None:
    """Measure and print the table."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    with TemporaryDirectory() as folder:
        settings = load_settings(
            database_url=f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}",
            sandbox_path=None,
            # A benchmark asks more than anybody may.
            rate_credential=None,
            rate_guild=None,
            rate_address=None,
        )
        await migrate_database(settings)
        program = create_program(settings)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(program.running())
            await program.seed_demo_world()
            transport = httpx2.ASGITransport(app=program.asgi)
            http = httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=HEADERS)
            await stack.enter_async_context(http)
            await measure(http)


async def measure(http: httpx2.AsyncClient) -> None:
    """Interleave the three ways, and print the median of each."""
    numbers = iter(range(10**9))

    async def new_document() -> httpx2.Response:
        return await http.post("/graphql", json={"query": f"{QUERY} # {next(numbers)}"})

    async def seen_document() -> httpx2.Response:
        return await http.post("/graphql", json={"query": QUERY})

    async def rest_operation() -> httpx2.Response:
        return await http.get("/v1/settings", params={"guild_id": GUILD})

    ways: dict[str, Callable[[], Awaitable[httpx2.Response]]] = {
        "/graphql, a new document each time": new_document,
        "/graphql, a document already seen": seen_document,
        "/v1/settings": rest_operation,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            started = perf_counter()
            for _ in range(CALLS):
                response = await way()
                assert response.status_code == 200
                assert "errors" not in response.json()
            seconds[name].append((perf_counter() - started) / CALLS)
    first = median(seconds[next(iter(ways))])
    for name, measured in seconds.items():
        spread = (max(measured) - min(measured)) / median(measured)
        print(f"{name:38} {median(measured) * 1e6:8.0f} µs   {first / median(measured):5.2f}x   spread {spread:.0%}")


asyncio.run(main())
