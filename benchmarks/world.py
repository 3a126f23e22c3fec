"""The database that all servers of a run share: migrated, with the demo world and its verifications in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import structlog
from sqlalchemy import insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from benchmarks.load import CLIENT_CORE, TOKEN, LoadFailed
from husqy_graphql.app import create_program
from husqy_graphql.config import load_settings
from husqy_graphql.db.engines import create_engines
from husqy_graphql.discord.sandbox.world import DEMO_GUILD, MEMBER, OWNER, QUIET_GUILD
from husqy_graphql.modules.verifier.models import VerifierEntry
from husqy_graphql.tasks import migrate_database

POSTGRES = "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
# Verifications of the other guild: a table of today's size, not of one page.
OTHERS = 10_000
MODULES = (
    "logging",
    "welcoming",
    "autoresponder",
    "tags",
    "verifier",
    "rules",
    "polls",
    "giveaways",
    "reminders",
    "invite_tracker",
)
GENERAL = DEMO_GUILD + 310
MEMBERS_ROLE = "Members"
# What each module gets beside its settings: a few rows. None of them ends while it is measured.
FEW = 5
_POLL = {
    "channel_id": str(GENERAL),
    "poll_type": 2,
    "poll_answer_type": 2,
    "poll_owner_id": str(OWNER),
    "answers": [{"answer_text": text, "label": text} for text in ("Yes", "No", "Maybe")],
    "is_multi_select": False,
    "is_anonymous": False,
    "max_votes_per_answer": 1,
}
_GIVEAWAY = {
    "channel_id": str(GENERAL),
    "giveaway_owner_id": str(OWNER),
    "end_time": "7d",
    "winner_count": 1,
}
_REMINDER = {
    "reminder_type": 3,
    "schedule_details": {"duration": "7d"},
    "destination_id": str(GENERAL),
}
_INVITE = {"channel_id": str(GENERAL), "max_uses": 0, "max_age": 604800, "is_temporary": False}


@dataclass(frozen=True, slots=True)
class World:
    """A database with `rows` verifications in the demo guild, and the folder that everything else is kept in."""

    database_url: str
    folder: Path
    rows: int

    @property
    def postgres(self) -> bool:
        return self.database_url.startswith("postgresql")

    @property
    def answers(self) -> Path:
        """Where the program's own answers are kept, for whoever only repeats them."""
        return self.folder / "answers.json"

    @property
    def environment(self) -> dict[str, str]:
        """The program's settings; no limit of rates, because no peer has any."""
        return {
            "HUSQY_DATABASE_URL": self.database_url,
            "HUSQY_SANDBOX_PATH": str(self.folder / "sandbox.db"),
            "HUSQY_RATE_CREDENTIAL": "0",
            "HUSQY_RATE_GUILD": "0",
            "HUSQY_RATE_ADDRESS": "0",
        }


def forget_settings() -> None:
    """Take the settings of whoever runs this out of the environment: a benchmark has its own."""
    for name in [name for name in os.environ if name.startswith("HUSQY_")]:
        del os.environ[name]


def verifier_id(number: int) -> str:
    """The id of a verification of the demo guild, from 1 on."""
    return f"00000000-0000-4000-8000-{number:012d}"


@contextmanager
def sqlite_world(rows: int) -> Generator[World]:
    """A world in a file that is gone when the block ends."""
    with TemporaryDirectory(prefix="husqy-bench-") as folder:
        world = World(f"sqlite+aiosqlite:///{folder}/bench.db", Path(folder), rows)
        asyncio.run(_seed(world))
        yield world


@contextmanager
def postgres_world(rows: int, server: str = POSTGRES) -> Generator[World]:
    """A world in a database of its own on a server, dropped when the block ends."""
    url = make_url(server).set(database=f"husqy_bench_{os.getpid()}")
    asyncio.run(_administer(server, f"CREATE DATABASE {url.database}"))
    try:
        with TemporaryDirectory(prefix="husqy-bench-") as folder:
            world = World(url.render_as_string(hide_password=False), Path(folder), rows)
            asyncio.run(_seed(world))
            yield world
    finally:
        asyncio.run(_administer(server, f"DROP DATABASE {url.database} WITH (FORCE)"))


def reach(server: str) -> str | None:
    """Why a PostgreSQL server cannot be used; None when it can."""
    try:
        asyncio.run(_administer(server, "SELECT 1"))
    except (OSError, SQLAlchemyError) as error:
        return f"PostgreSQL: {make_url(server).render_as_string()} does not answer ({type(error).__name__})"
    return None


def pin_backends(world: World) -> None:
    """Put what PostgreSQL runs for the servers on the clients' core, where this machine is PostgreSQL's too."""
    if not world.postgres:
        return
    for pid in asyncio.run(_backends(world.database_url)):
        with suppress(OSError):
            os.sched_setaffinity(pid, {CLIENT_CORE})


async def _seed(world: World) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    settings = load_settings(
        database_url=world.database_url,
        sandbox_path=world.folder / "sandbox.db",
        rate_credential=None,
        rate_guild=None,
        rate_address=None,
    )
    await migrate_database(settings)
    program = create_program(settings)
    async with program.running():
        await program.seed_demo_world()
        transport = httpx2.ASGITransport(app=program.asgi)
        headers = {"authorization": TOKEN}
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
            await _fill_modules(http)
    await _add_entries(world)


async def _fill_modules(http: httpx2.AsyncClient) -> None:
    """Switch every module on in the demo guild, with a few rows each."""

    async def post(path: str, *, full: bool = False, **values: object) -> None:
        response = await http.post(f"/v1/modules/{path}", json={"guild_id": str(DEMO_GUILD), **values})
        if response.status_code != 200 and not (full and response.status_code == 409):
            raise LoadFailed(f"{path} answered {response.status_code}: {response.text}")

    roles = (await http.get("/v1/helpers/get-guild-roles", params={"guild_id": DEMO_GUILD})).json()["data"]["roles"]
    role_id = next(role["id"] for role in roles if role["name"] == MEMBERS_ROLE)
    for module in MODULES:
        await post(f"{module}/enable")
    await post("welcoming/timedroles", role_id=role_id, add_after=3600)
    for kind in (1, 2, 3):
        await post("welcoming/responses", response_type=kind, is_embed=False, content=f"Welcome {kind}")
    # As many as a guild may have for nothing, up to a few.
    for number in range(FEW):
        await post("autoresponder/triggers", full=True, trigger_type=2, match_case=False, trigger=f"hello {number}")
        await post("autoresponder/responses", full=True, response_type=1, response_content=f"Hello {number}")
        tag = {"owner_id": str(OWNER), "content": f"Tag {number}", "visibility": 1, "names": [f"tag{number}"]}
        await post("tags/entries", full=True, **tag)
        await post("rules/entries", full=True, rule_text=f"Rule {number}")
        await post("polls/entries", full=True, question=f"Question {number}?", **_POLL)
        await post("giveaways/entries", full=True, prize=f"Prize {number}", **_GIVEAWAY)
        await post("reminders/entries", full=True, content=f"Reminder {number}", **_REMINDER)
        await post("invite_tracker/invite", full=True, **_INVITE)


async def _add_entries(world: World) -> None:
    began = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
    rows = [
        {
            "guild_id": guild_id,
            "verifier_id": name,
            "user_id": MEMBER + number,
            "message_id": DEMO_GUILD + 10_000 + number,
            "channel_id": GENERAL,
            "direct": number % 3 == 0,
            "created_at": began + timedelta(seconds=number),
            "is_verified": number % 2 == 0,
        }
        for guild_id, number, name in (
            *((QUIET_GUILD, number, f"00000000-0000-4000-9000-{number:012d}") for number in range(1, OTHERS + 1)),
            *((DEMO_GUILD, number, verifier_id(number)) for number in range(1, world.rows + 1)),
        )
    ]
    engines = create_engines(world.database_url)
    async with engines.write.begin() as connection:
        await connection.execute(insert(VerifierEntry), rows)
    async with engines.read.connect() as connection:
        await connection.execute(text("ANALYZE"))
    await engines.dispose()


async def _administer(server: str, statement: str) -> None:
    async with _connected(server) as run:
        await run.execute(text(statement))


async def _backends(database_url: str) -> list[int]:
    async with _connected(database_url) as connection:
        found = await connection.execute(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()"))
        return [row.pid for row in found]


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[AsyncConnection]:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()
