"""Five hundred sockets on one process, and one that does not read."""

from __future__ import annotations

import asyncio
import gc
import resource
import time
from pathlib import Path
from typing import Any

import pytest

from husqy_graphql.app import Program, create_program
from tests.conftest import GUILD, FixedClock, client, credentials, settings_for
from tests.serving import GraphQLSocket, graphql_socket, served, until

SOCKETS = 500
WATCH = f"""subscription {{ guildChanged(guildId: "{GUILD}") {{
  at guild {{ settings {{ autoDelete }} modules {{ name enabled }} }} }} }}"""


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def update(http: Any, seconds: int) -> None:
    body = {"guild_id": GUILD, "auto_delete": seconds}
    assert (await http.put("/v1/settings", json=body, headers=credentials("sandbox-owner"))).status_code == 200


async def watching(address: str, program: Program, listening: asyncio.Semaphore, done: asyncio.Event) -> list[float]:
    """When each of two events came."""
    async with graphql_socket(address, ping_interval=None) as socket:
        await socket.initialise()
        await socket.subscribe("1", WATCH)
        listening.release()
        came: list[float] = []
        for _ in range(2):
            await socket.receive()
            came.append(time.monotonic())
        await done.wait()
    return came


async def wave(address: str, program: Program, http: Any) -> float:
    """500 sockets that get two events each; the seconds that the slowest event took."""
    listening, done = asyncio.Semaphore(0), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watching(address, program, listening, done)) for _ in range(SOCKETS)]
        for _ in range(SOCKETS):
            await listening.acquire()
        await until(lambda: program.resources.events.subscribers == SOCKETS)
        sent = []
        for seconds in (11, 12):
            sent.append(time.monotonic())
            await update(http, seconds)
            await asyncio.sleep(1)
        done.set()
    await until(lambda: program.resources.events.subscribers == 0)
    return max(came - at for task in tasks for came, at in zip(task.result(), sent, strict=True))


@pytest.mark.slow
async def test_each_of_500_sockets_gets_its_events_and_leaves_nothing(database_url: str, clock: FixedClock) -> None:
    program = create_program(settings_for(database_url, max_sockets=SOCKETS), clock=clock)
    async with program.running(), served(program) as address, client(program) as http:
        await program.seed_demo_world()
        resident: list[int] = []
        for _ in range(4):
            slowest = await wave(address, program, http)
            assert slowest < 1.5  # a second, and room for the clients, which run in this process too
            gc.collect()
            resident.append(resident_bytes())
    # The first wave fills caches and the allocator; the later ones must find everything given back.
    assert resident[3] - resident[1] < 10_000_000, resident


async def stuck(socket: GraphQLSocket) -> None:
    """Subscribe often, and never read again."""
    await socket.initialise()
    for number in range(20):
        await socket.subscribe(str(number), WATCH)
    socket.connection.transport.pause_reading()


async def test_who_does_not_read_slows_nobody(database_url: str, clock: FixedClock) -> None:
    program = create_program(settings_for(database_url), clock=clock)
    async with program.running(), served(program) as address, client(program) as http:
        await program.seed_demo_world()
        async with graphql_socket(address, ping_interval=None, max_queue=1) as slow, graphql_socket(address) as quick:
            await stuck(slow)
            await quick.initialise("sandbox-admin")
            await quick.subscribe("1", WATCH)
            await until(lambda: program.resources.events.subscribers == 21)

            for seconds in range(300):
                sent = time.monotonic()
                await update(http, seconds % 2)
                event = (await quick.receive())["payload"]["data"]["guildChanged"]
                assert event["guild"]["settings"]["autoDelete"] == seconds % 2
                assert time.monotonic() - sent < 5  # a write that waits for who does not read takes longer
            slow.connection.transport.abort()
        await until(lambda: program.resources.events.subscribers == 0)
