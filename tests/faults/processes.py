"""Processes of the program that tests kill, beside a Discord that outlives them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import select, text, update
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from husqy_graphql.config import Settings
from husqy_graphql.core.clock import system_clock
from husqy_graphql.db.engines import Engines, create_engines
from husqy_graphql.db.jobs import JobRow
from husqy_graphql.discord.sandbox import world
from husqy_graphql.discord.sandbox.app import API, create_sandbox
from husqy_graphql.discord.sandbox.state import Dropped, State
from husqy_graphql.tasks import seed_demo_world
from tests.conftest import OWNER
from tests.faults.test_crash import free_port
from tests.modules.helpers import ENTITLE, GENERAL_CHANNEL
from tests.serving import listening
from tests.test_cli import COMMAND

SERVICE = "service-credential-of-the-tests-of-faults"
START_SECONDS = 30.0
ROOT = Path(__file__).parents[2]


async def eventually(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait for something that nobody tells of; fails after so many seconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@dataclass
class Discord:
    """The fake Discord on a socket of this test."""

    state: State
    address: str

    @property
    def url(self) -> str:
        return f"http://{self.address}{API}"

    def messages(self, channel_id: int = GENERAL_CHANNEL) -> list[dict[str, Any]]:
        return list(self.state.store.all("message", f"{channel_id}:"))

    def all_messages(self) -> list[dict[str, Any]]:
        """Those of every channel, direct messages among them."""
        return list(self.state.store.all("message"))

    def calls(self, method: str, path: str) -> list[dict[str, Any]]:
        """The calls of a method to paths that contain this."""
        return [each for each in self.state.calls if each["method"] == method and path in each["path"]]


@dataclass
class Process:
    """A `serve` or `worker` that runs."""

    process: asyncio.subprocess.Process
    http: httpx2.AsyncClient

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    async def kill(self) -> None:
        """kill -9; one that is dead stays so."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def rest(self, method: str, path: str, acting: int = OWNER, **options: Any) -> httpx2.Response:
        """The answer to Husqy's own bot on behalf of a member."""
        headers = {"x-husqy-acting-user": str(acting)}
        return await self.http.request(method, f"/v1{path}", headers=headers, **options)


@dataclass
class Stage:
    """A database and a Discord for processes that come and go."""

    database_url: str
    discord: Discord
    engines: Engines
    settings: dict[str, str] = field(default_factory=dict[str, str])
    processes: list[Process] = field(default_factory=list[Process])
    countdown: Path | None = None  # of commits, for processes that kill themselves: see `dying.py`

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "HUSQY_DATABASE_URL": self.database_url,
            "HUSQY_DISCORD_API_URL": self.discord.url,
            "HUSQY_DISCORD_BOT_TOKEN": world.BOT_TOKEN,
            "HUSQY_DISCORD_CLIENT_ID": str(world.APPLICATION_ID),
            "HUSQY_SERVICE_CREDENTIALS": SERVICE,
            "HUSQY_SECRET_KEYS": SERVICE,
            "HUSQY_LOG_LEVEL": "error",
            "HUSQY_RATE_CREDENTIAL": "0",
            "HUSQY_RATE_GUILD": "0",
            "HUSQY_RATE_ADDRESS": "0",
            **self.settings,
        }

    async def start(self, command: str = "serve", log: Path | None = None) -> Process:
        """Start a process; a `serve` answers by the time that this returns."""
        port = free_port()
        with (log or Path(os.devnull)).open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *self._program,
                command,
                env={**self.environment, "HUSQY_PORT": str(port)},
                stdout=output,
                stderr=output,
                cwd=ROOT,
            )
        http = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {SERVICE}"}, timeout=90
        )
        started = Process(process, http)
        self.processes.append(started)
        if command == "serve":
            async with asyncio.timeout(START_SECONDS):
                while not await _answers(http):
                    assert process.returncode is None, "the program did not start"
                    await asyncio.sleep(0.02)
        return started

    @property
    def _program(self) -> Sequence[str | Path]:
        if self.countdown is None:
            return (COMMAND,)
        return sys.executable, "-m", "tests.faults.dying", self.countdown

    async def close(self) -> None:
        for each in self.processes:
            await each.kill()
            await each.http.aclose()
        await self.engines.dispose()

    async def rows(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        async with self.engines.read.connect() as connection:
            return [dict(row) for row in (await connection.execute(text(statement), parameters)).mappings()]

    async def pass_time(self, *kinds: str) -> None:
        """Let all leases be over, effects (or jobs of these kinds) be due, and Discord forget all nonces. Only while no
        process runs."""
        past = system_clock() - timedelta(seconds=1)
        which = JobRow.kind.in_(kinds) if kinds else JobRow.ordered
        async with self.engines.write.begin() as connection:
            await connection.execute(update(JobRow).where(JobRow.leased_until.is_not(None)).values(leased_until=past))
            await connection.execute(update(JobRow).where(which, JobRow.state == "pending").values(due_at=past))
        for key, _ in self.discord.state.store.items("nonce"):
            self.discord.state.store.delete("nonce", key)

    async def make_due(self, kind: str, object_key: str) -> None:
        """Let the time of a timer come; the processes that run see it within a second."""
        timer = update(JobRow).where(JobRow.kind == kind, JobRow.object_key == object_key, ~JobRow.ordered)
        async with self.engines.write.begin() as connection:
            changed = await connection.execute(timer.values(due_at=system_clock()))
        assert changed.rowcount == 1, f"{object_key} has no such timer"

    async def pending(self) -> list[str]:
        """The kinds of effects that are not done, and of timers that are due."""
        wanted = JobRow.ordered | (JobRow.due_at <= system_clock())
        async with self.engines.read.connect() as connection:
            return list(await connection.scalars(select(JobRow.kind).where(wanted, JobRow.state == "pending")))

    async def settled(self, seconds: float = 15.0, process: Process | None = None) -> bool:
        """Wait until nothing is pending; False where this process dies before."""
        async with asyncio.timeout(seconds):
            while process is None or process.alive:
                if not await self.pending():
                    return True
                await asyncio.sleep(0.02)
        return False


async def _answers(http: httpx2.AsyncClient) -> bool:
    try:
        return (await http.get("/livez")).is_success
    except httpx2.TransportError:
        return False


@asynccontextmanager
async def staged(database_url: str, **settings: str) -> AsyncGenerator[Stage]:
    """The demo world on a database, with Husqy+, and a Discord on a socket."""
    await seed_demo_world(Settings(database_url=database_url, sandbox_path=None))
    sandbox = create_sandbox(None, system_clock)
    async with AsyncExitStack() as stack:
        stack.callback(sandbox.close)
        address = await stack.enter_async_context(listening(dropping(sandbox.app)))
        stage = Stage(database_url, Discord(sandbox.state, address), create_engines(database_url), settings)
        stack.push_async_callback(stage.close)
        yield stage


def dropping(app: ASGIApp) -> ASGIApp:
    """The same app, whose dropped calls break the connection as a network would; a call that has come in takes place
    though who sent it is dead by then."""

    async def dropped(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break

        async def received() -> Message:
            return {"type": "http.request", "body": body}

        try:
            await app(scope, received, send)
        except Dropped:
            # An answer that is announced and never comes: the server closes the connection.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})

    return dropped


async def make_ready(process: Process, guild_id: int, module: str = "polls") -> None:
    """Switch a module on in a guild with Husqy+."""
    answer = await process.http.post("/graphql", json={"query": ENTITLE, "variables": {"guild": str(guild_id)}})
    assert "errors" not in answer.json(), answer.text
    enabled = await process.rest("POST", f"/modules/{module}/enable", json={"guild_id": guild_id})
    assert enabled.status_code == 200, enabled.text


def moment(call: dict[str, Any]) -> float:
    """When a call came, in seconds."""
    return datetime.fromisoformat(call["at"]).timestamp()
