"""`serve --workers 2`: two processes behind one port that look like one to their clients."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from husqy_graphql.config import Settings
from husqy_graphql.tasks import seed_demo_world
from tests.conftest import GUILD, OWNER, POSTGRES_URL, REDIS_URL, credentials, postgres_database
from tests.faults.test_crash import free_port
from tests.test_cli import COMMAND, run

WHO = "{ viewer { subject } }"
POINTS = 40  # of which WHO takes one
ASKED = 25
WATCH = f'subscription {{ guildSettingsChanged(guildId: "{GUILD}") {{ settings {{ autoDelete }} }} }}'
TURNS = 3


@dataclass(frozen=True)
class Served:
    """A parent with two workers. Husqy's own bot asks where no limit shall count."""

    parent: asyncio.subprocess.Process
    address: str
    channel: str  # where workers hear each other in Redis

    def workers(self) -> list[int]:
        """The process ids of the workers that live."""
        listed = subprocess.run(["ps", "-Awwo", "pid,ppid,stat,args"], capture_output=True, text=True, check=True)
        rows = [line.split(maxsplit=3) for line in listed.stdout.splitlines()[1:]]
        return sorted(
            int(pid)
            for pid, parent, state, command in (row for row in rows if len(row) == 4)
            if int(parent) == self.parent.pid and "spawn_main" in command and not state.startswith("Z")
        )

    @contextmanager
    def only(self, worker: int) -> Generator[None]:
        """Let this worker alone accept connections. For less than the 5 seconds after which a worker counts as hung."""
        others = [each for each in self.workers() if each != worker]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            yield
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)

    async def ask(self, method: str, path: str, token: str = "sandbox-service", **options: Any) -> httpx2.Response:
        """The answer to a request on a connection of its own."""
        async with httpx2.AsyncClient(base_url=f"http://{self.address}", timeout=10) as http:
            acting = OWNER if token == "sandbox-service" else None
            return await http.request(method, path, headers=credentials(token, acting), **options)

    async def who(self, token: str = "sandbox-service") -> int:
        return (await self.ask("POST", "/graphql", token, json={"query": WHO})).status_code

    async def change(self, seconds: int) -> None:
        answer = await self.ask("PUT", "/v1/settings", json={"guild_id": GUILD, "auto_delete": seconds})
        assert answer.status_code == 200, answer.text

    async def both_ready(self) -> None:
        """Wait until both workers hear each other, which is the last thing before they accept."""
        redis_asyncio = pytest.importorskip("redis.asyncio")
        async with redis_asyncio.Redis.from_url(REDIS_URL) as redis, asyncio.timeout(60):
            while (await redis.pubsub_numsub(self.channel))[0][1] < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
async def served(template_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    if POSTGRES_URL is None:
        pytest.skip("needs PostgreSQL: set HUSQY_TEST_POSTGRES_URL")
    if REDIS_URL is None:
        pytest.skip("needs Redis: set HUSQY_TEST_REDIS_URL")
    port, prefix = free_port(), f"husqy-test-{uuid4().hex[:12]}"
    sandbox = tmp_path_factory.mktemp("workers") / "sandbox.db"
    async with postgres_database(template_database) as database_url:
        await seed_demo_world(Settings(database_url=database_url, sandbox_path=sandbox))
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HUSQY_DATABASE_URL": database_url,
            "HUSQY_DATABASE_POOL_SIZE": "4",
            "HUSQY_REDIS_URL": REDIS_URL,
            "HUSQY_REDIS_PREFIX": prefix,
            "HUSQY_SANDBOX_PATH": str(sandbox),
            "HUSQY_PORT": str(port),
            "HUSQY_LOG_LEVEL": "warning",
            "HUSQY_RATE_CREDENTIAL": f"{POINTS}/0.001",
            "HUSQY_RATE_ADDRESS": "0",
        }
        parent = await asyncio.create_subprocess_exec(
            COMMAND, "serve", "--workers", "2", env=environment, stderr=asyncio.subprocess.PIPE
        )
        served = Served(parent, f"127.0.0.1:{port}", f"{prefix}:guild-events")
        await served.both_ready()
        try:
            yield served
        finally:
            workers = served.workers()
            parent.terminate()
            _, told = await asyncio.wait_for(parent.communicate(), 15)
    assert parent.returncode == 0
    assert len(workers) == 2
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    assert told.decode().count("listens on") == 1
    assert "Traceback" not in told.decode()


async def test_both_workers_answer(served: Served) -> None:
    for worker in served.workers():
        with served.only(worker):
            assert await served.who() == 200


async def test_what_one_worker_changed_the_other_reads(served: Served) -> None:
    one, two = served.workers()
    for seconds, (writer, reader) in enumerate([(one, two), (two, one)] * TURNS, start=100):
        with served.only(writer):
            await served.change(seconds)
        with served.only(reader):
            read = await served.ask("GET", "/v1/settings", params={"guild_id": GUILD})
        assert int(read.json()["data"]["settings"]["auto_delete"]) == seconds


async def test_a_rate_limit_counts_over_both_workers(served: Served) -> None:
    statuses: list[int] = []
    for worker in served.workers():
        with served.only(worker):
            for _ in range(ASKED // 5):  # few at once: a Redis that is waited for too long is done without
                statuses += await asyncio.gather(*(served.who("sandbox-admin") for _ in range(5)))

    assert (statuses.count(200), statuses.count(429)) == (POINTS, 2 * ASKED - POINTS)
    assert statuses[:ASKED] == [200] * ASKED


async def test_a_subscriber_hears_of_changes_made_through_either_worker(served: Served) -> None:
    one, two = served.workers()
    headers = {**credentials("sandbox-owner"), "accept": "text/event-stream"}
    for listener, other in ((one, two), (two, one)):
        async with httpx2.AsyncClient(base_url=f"http://{served.address}", timeout=10) as http:
            with served.only(listener):
                request = http.build_request("POST", "/graphql", headers=headers, json={"query": WATCH})
                answer = await http.send(request, stream=True)
                lines = answer.aiter_lines()
                assert await anext(lines) == ":"  # it listens
            for seconds, writer in enumerate([listener, other] * TURNS, start=listener % 100 + 200):
                with served.only(writer):
                    await served.change(seconds)
                async with asyncio.timeout(10):
                    event = await anext(line async for line in lines if line.startswith("data: "))
                assert json.loads(event.removeprefix("data: ")) == {
                    "data": {"guildSettingsChanged": {"settings": {"autoDelete": seconds}}}
                }
            await answer.aclose()


async def test_a_killed_worker_is_replaced_and_requests_go_on(served: Served) -> None:
    victim, other = served.workers()

    os.kill(victim, signal.SIGKILL)

    assert await asyncio.gather(*(served.who() for _ in range(20))) == [200] * 20
    async with asyncio.timeout(30):
        while victim in served.workers() or len(served.workers()) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await served.both_ready()
    [new] = set(served.workers()) - {other}
    with served.only(new):
        assert await served.who() == 200


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"HUSQY_REDIS_URL": "redis://127.0.0.1:1/0"}, "HUSQY_DATABASE_URL"),
        ({"HUSQY_DATABASE_URL": "postgresql+asyncpg://root:hunter2@127.0.0.1:1/x"}, "HUSQY_REDIS_URL"),
    ],
)
def test_without_what_workers_share_there_is_one(environment: dict[str, str], name: str) -> None:
    result = run("serve", "--workers", "2", **environment)

    assert result.returncode == 2
    assert result.stderr.startswith("husqy-graphql: Several workers need")
    assert result.stderr.count("\n") == 1
    assert name in result.stderr
    assert "hunter2" not in result.stderr


async def test_a_port_that_is_taken_is_told_in_a_sentence(database_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run(
            "serve", HUSQY_DATABASE_URL=database_url, HUSQY_SANDBOX_PATH=f"{tmp_path}/sandbox.db", HUSQY_PORT=port
        )

    assert result.returncode == 2
    assert result.stderr.startswith("husqy-graphql: HUSQY_HOST and HUSQY_PORT")
    assert result.stderr.count("\n") == 1
    assert port in result.stderr
