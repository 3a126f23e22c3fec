"""kill -9 in the middle of writes: nothing acknowledged is lost, nothing is half done."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import httpx2
from sqlalchemy import text

from husqy_graphql.config import Settings
from husqy_graphql.db.engines import create_engines
from husqy_graphql.tasks import migrate_database, seed_demo_world
from tests.conftest import GUILD, credentials

ROUNDS = 3
WRITERS = 8


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def start(environment: dict[str, str]) -> asyncio.subprocess.Process:
    command = Path(sys.executable).with_name("husqy-graphql")
    process = await asyncio.create_subprocess_exec(
        command, "serve", env=environment, stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
    )
    async with httpx2.AsyncClient() as http:
        for _ in range(200):
            try:
                await http.get(f"http://127.0.0.1:{environment['HUSQY_PORT']}/livez")
            except httpx2.TransportError:
                await asyncio.sleep(0.05)
            else:
                return process
    raise AssertionError("the program did not start")


async def test_kill_9_during_writes(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    sandbox = tmp_path / "sandbox.db"
    settings = Settings(database_url=database_url, sandbox_path=sandbox, port=port)
    await migrate_database(settings)
    await seed_demo_world(settings)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "HUSQY_DATABASE_URL": database_url,
        "HUSQY_SANDBOX_PATH": str(sandbox),
        "HUSQY_PORT": str(port),
        "HUSQY_LOG_LEVEL": "error",
        "HUSQY_RATE_CREDENTIAL": "0",
        "HUSQY_RATE_GUILD": "0",
        "HUSQY_RATE_ADDRESS": "0",
    }
    acknowledged_keys: set[str] = set()
    acknowledged_changes = 0

    async def write(http: httpx2.AsyncClient, writer: int) -> None:
        nonlocal acknowledged_changes
        turn = 0
        try:
            while True:
                turn += 1
                if writer % 2:
                    made = await http.post("/v1/auth/api-key", json={"guild_id": GUILD})
                    acknowledged_keys.add(made.json()["data"]["api_key"]["api_key"])
                else:
                    # Two columns in step, so that a half change would show.
                    value = (writer * 1000 + turn) % 900
                    change = {"guild_id": GUILD, "auto_delete": value, "unit_system": ("metric", "imperial")[value % 2]}
                    assert (await http.put("/v1/settings", json=change)).status_code == 200
                    acknowledged_changes += 1
        except httpx2.TransportError:
            return

    for _ in range(ROUNDS):
        process = await start(environment)
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=credentials("sandbox-owner"), timeout=20
        ) as http:
            writers = [asyncio.create_task(write(http, number)) for number in range(WRITERS)]
            await asyncio.sleep(1.0)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            await asyncio.gather(*writers)

    assert len(acknowledged_keys) > ROUNDS
    assert acknowledged_changes > ROUNDS
    process = await start(environment)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=credentials("sandbox-owner")) as http:
        listed = await http.get("/v1/auth/api-key", params={"guild_id": GUILD})
        keys = {key["api_key"] for key in listed.json()["data"]["api_keys"]}
        assert acknowledged_keys <= keys
        now = (await http.get("/v1/settings", params={"guild_id": GUILD})).json()["data"]["settings"]
        assert now["unit_system"] == ("metric", "imperial")[int(now["auto_delete"]) % 2]
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 15) in {0, -signal.SIGTERM}

    engines = create_engines(database_url)
    async with engines.read.connect() as connection:

        async def count(action: str) -> int:
            statement = text("SELECT count(*) FROM audit_log WHERE action = :action")
            return (await connection.execute(statement, {"action": action})).scalar_one()

        assert await count("api_key.create") == len(keys)
        assert await count("guild.settings.update") >= acknowledged_changes * 0.9
    await engines.dispose()
