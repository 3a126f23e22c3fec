"""The npm clients against the program over TCP: their scripts run in Node, in the folder that has the packages."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from husqy_graphql.app import Program
from tests.conftest import Api
from tests.serving import served

NODE = shutil.which("node")
FOLDER = os.environ.get("HUSQY_TEST_NODE")
SECONDS = 30


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = _missing()
    for item in items:
        if missing and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=missing))


def _missing() -> str | None:
    if NODE is None:
        return "Node.js is not on the PATH: install it, then run `make node-clients`"
    if FOLDER is None or not (Path(FOLDER) / "node_modules").is_dir():
        return "no npm clients: run `make node-clients`, and set HUSQY_TEST_NODE to .venv/node"
    return None


@dataclass
class Script:
    """A script that runs in Node; it tells what it sees in lines of JSON."""

    process: asyncio.subprocess.Process

    async def line(self) -> Any:
        assert self.process.stdout
        line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS)
        assert line, (await self.end())[1]
        return json.loads(line)

    async def end(self) -> tuple[list[Any], str]:
        """What else it told, and what it complained about."""
        told, complaints = await asyncio.wait_for(self.process.communicate(), SECONDS)
        return [json.loads(line) for line in told.splitlines()], complaints.decode()

    @property
    def runs(self) -> bool:
        return self.process.returncode is None


@asynccontextmanager
async def script(name: str, *arguments: str) -> AsyncGenerator[Script]:
    """A script of this folder while it runs; leaving the block ends it."""
    assert NODE
    # As text: Node looks for packages from a script's own folder upwards, and they are elsewhere.
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        NODE,
        "--input-type=module",
        "--eval",
        text,
        "--",
        *arguments,
        cwd=FOLDER,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Script(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def told(name: str, *arguments: str) -> list[Any]:
    """All that a script told; it must end well."""
    async with script(name, *arguments) as running:
        seen, complaints = await running.end()
        assert running.process.returncode == 0, complaints
        return seen


def subscribers(program: Program) -> int:
    """How many are watching."""
    return program.resources.events.subscribers


@pytest.fixture
async def authority(api: Api) -> AsyncGenerator[str]:
    """Where the program of `api` answers over TCP: a host and a port."""
    async with served(api.program) as address:
        yield address
