"""What every test stands on: a real database, the sandbox Discord, a fixed clock, and the program over HTTP."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from husqy_graphql.app import METADATA, SANDBOX_PER_SECOND, Program, create_program
from husqy_graphql.config import Settings
from husqy_graphql.discord.http import FIRST_BACKOFF, MAX_TRIES
from husqy_graphql.discord.limits import RateLimits
from husqy_graphql.tasks import migrate_database

POSTGRES_URL = os.environ.get("HUSQY_TEST_POSTGRES_URL")
REDIS_URL = os.environ.get("HUSQY_TEST_REDIS_URL")
SLOW = os.environ.get("HUSQY_TEST_SLOW") == "1"
REQUIRE_ALL = os.environ.get("HUSQY_TEST_REQUIRE_ALL") == "1"

GUILD = 1300000000000000001
QUIET_GUILD = 1300000000000000002
FOREIGN_GUILD = 1300000000000000003  # the owner's, without Husqy
UNKNOWN_GUILD = 1300000000000009999
OWNER, ADMIN, MEMBER, MEMBER_2, OUTSIDER = (1300000000000000101 + index for index in range(5))
LONGEST_BACKOFF = FIRST_BACKOFF * 2 ** (MAX_TRIES - 2)  # seconds

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_report_header() -> str:
    database = "PostgreSQL" if POSTGRES_URL else "SQLite (PostgreSQL with HUSQY_TEST_POSTGRES_URL)"
    return f"database: {database}; Redis: {'yes' if REDIS_URL else 'no (with HUSQY_TEST_REDIS_URL)'}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    skip = pytest.mark.skip(reason="a slow sweep: set HUSQY_TEST_SLOW=1")
    for item in items:
        if "slow" in item.keywords and not SLOW:
            item.add_marker(skip)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _required((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _required((yield))


def _required(report: Report) -> Report:
    """The report, a failed one where HUSQY_TEST_REQUIRE_ALL=1 meets a test that was skipped for want of something."""
    if not REQUIRE_ALL or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    # What only the other database has is tested there.
    if "SQLite" not in reason and "PostgreSQL" not in reason:
        report.outcome = "failed"
        report.longrepr = f"HUSQY_TEST_REQUIRE_ALL=1 takes no skipped tests. {reason}"
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class FixedClock:
    """A clock that stands still until a test moves it."""

    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def template_database(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A migrated database of this test process, that each test gets a copy of."""
    if POSTGRES_URL is None:
        path = tmp_path_factory.mktemp("template") / "template.db"
        asyncio.run(migrate_database(Settings(database_url=f"sqlite+aiosqlite:///{path}")))
        yield str(path)
        return
    name = f"husqy_test_{uuid4().hex[:12]}"
    asyncio.run(_on_server(f'CREATE DATABASE "{name}"'))
    asyncio.run(migrate_database(Settings(database_url=_database_url(name))))
    yield name
    asyncio.run(_on_server(f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
async def database_url(template_database: str, tmp_path: Path) -> AsyncGenerator[str]:
    if POSTGRES_URL is None:
        path = tmp_path / "husqy.db"
        shutil.copy(template_database, path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    async with postgres_database(template_database) as url:
        yield url


@asynccontextmanager
async def postgres_database(template: str) -> AsyncGenerator[str]:
    """A copy of the template, while the block runs."""
    name = f"husqy_test_{uuid4().hex[:12]}"
    await _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _database_url(name)
    await _on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


async def _on_server(statement: str) -> None:
    assert POSTGRES_URL
    engine = create_async_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def _database_url(name: str) -> str:
    assert POSTGRES_URL
    return make_url(POSTGRES_URL).set(database=name).render_as_string(hide_password=False)


@dataclass
class Monotonic:
    """Seconds that pass only when a test says so."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class HurriedTime:
    """Time on the way to Discord: it passes as always, but the pause before another attempt takes none of it.

    A pause that is longer than any of the program's own is really waited for, until a deadline ends it.
    """

    skipped: float = 0.0

    def now(self) -> float:
        return monotonic() + self.skipped

    async def sleep(self, seconds: float) -> None:
        if seconds > LONGEST_BACKOFF:
            await asyncio.sleep(seconds)
        else:
            self.skipped += seconds
            await asyncio.sleep(0)


def hurried_limits() -> RateLimits:
    """Discord's rate limits for a program under test, where nobody has to wait for attempts that are told to fail."""
    time = HurriedTime()
    return RateLimits(SANDBOX_PER_SECOND, time.now, time.sleep)


@dataclass
class Api:
    """The program as its clients see it."""

    http: httpx2.AsyncClient
    program: Program
    clock: FixedClock
    monotonic: Monotonic

    async def graphql(
        self, query: str, *, token: str | None = "sandbox-owner", acting: int | None = None, **variables: Any
    ) -> dict[str, Any]:
        """The body of the answer to a query or mutation."""
        response = await self.http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=credentials(token, acting)
        )
        return response.json()

    async def data(self, query: str, **options: Any) -> dict[str, Any]:
        """The data of an answer that must have no errors."""
        body = await self.graphql(query, **options)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def error(self, query: str, **options: Any) -> dict[str, Any]:
        """The one error of an answer."""
        body = await self.graphql(query, **options)
        [error] = body["errors"]
        return error

    async def rest(
        self,
        method: str,
        path: str,
        *,
        token: str | None = "sandbox-owner",
        acting: int | None = None,
        **options: Any,
    ) -> httpx2.Response:
        """The answer of a `/v1` operation."""
        headers = {**credentials(token, acting), **options.pop("headers", {})}
        return await self.http.request(method, f"/v1{path}", headers=headers, **options)

    async def discord(self, method: str, path: str, **options: Any) -> Any:
        """Pull a string of the sandbox."""
        response = await self.http.request(method, f"/sandbox/discord{path}", **options)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def fault(self, *faults: dict[str, Any]) -> None:
        """Let the next calls to Discord fail like this; without a fault none do."""
        await self.discord("PUT", "/control/faults", json=list(faults))

    async def calls(self) -> list[dict[str, Any]]:
        """The calls that Discord has got."""
        return await self.discord("GET", "/control/calls")

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, as the database has them."""
        return (await self._read([table]))[table]

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table, to see that a refusal changed none.

        Without what moves in the background: lines on their way to a logs channel, and who is writing them.
        """
        found = await self._read(sorted(METADATA.tables.keys() - {"log_lines", "statistics_journal"}))
        for row in found["module_logging"]:
            del row["posting_until"]
        return found

    async def _read(self, tables: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        def read(connection: Connection) -> dict[str, list[dict[str, Any]]]:
            selects = {table: connection.execute(text(f"SELECT * FROM {table} ORDER BY id")) for table in tables}
            return {table: [dict(row) for row in result.mappings()] for table, result in selects.items()}

        # On one connection: it is asked after each of thousands of requests.
        async with self.program.resources.engines.read.connect() as connection:
            return await connection.run_sync(read)


def credentials(token: str | None, acting: int | None = None) -> dict[str, str]:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return headers if acting is None else {**headers, "x-husqy-acting-user": str(acting)}


def settings_for(database_url: str, **changes: Any) -> Settings:
    """The settings of a program under test: its own sandbox, and no rate limits, which have tests of their own."""
    unlimited = {"rate_credential": None, "rate_guild": None, "rate_address": None}
    return Settings(**{"database_url": database_url, "sandbox_path": None, **unlimited, **changes})


@pytest.fixture
def redis_settings() -> dict[str, Any]:
    """Settings of a Redis in which everything of this test has names of its own."""
    if REDIS_URL is None:
        pytest.skip("needs Redis: set HUSQY_TEST_REDIS_URL")
    return {"redis_url": REDIS_URL, "redis_prefix": f"husqy-test-{uuid4().hex[:12]}"}


@pytest.fixture
async def api(database_url: str, clock: FixedClock) -> AsyncGenerator[Api]:
    """The program on the demo world, with its database and its Discord for this test alone."""
    now = Monotonic()
    program = create_program(settings_for(database_url), clock=clock, now=now, discord_limits=hurried_limits())
    async with program.running(), client(program) as http:
        await program.seed_demo_world()
        yield Api(http, program, clock, now)


def client(program: Program, base_url: str = "http://127.0.0.1:8000") -> httpx2.AsyncClient:
    """A browser or another client of the program, with a cookie jar of its own."""
    transport = httpx2.ASGITransport(app=program.asgi, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=base_url, timeout=30)
