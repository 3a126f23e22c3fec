"""What is written to the log, as it is written: from the program in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FAIL = """
import logging, structlog
from husqy_graphql.logs import configure_logging

configure_logging("info", as_json={as_json})

def fail(credential, nested):
    raise RuntimeError("it broke")

nested = []
for _ in range(950):
    nested = [nested]
try:
    fail("hunter2", nested)
except RuntimeError as error:
    structlog.get_logger().error("unexpected_error", exc_info=error)
    logging.getLogger("uvicorn.error").error("unexpected_error", exc_info=error)
"""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_is_logged_without_local_variables(as_json: bool) -> None:
    command = [sys.executable, "-c", FAIL.format(as_json=as_json)]

    written = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stderr

    assert written.count("it broke") == 2
    assert written.count("unexpected_error") == 2
    assert '"fail"' in written or "in fail" in written
    assert "hunter2" not in written.replace('fail("hunter2", nested)', "")
    assert len(written) < 5_000
    if as_json:
        lines = [json.loads(line) for line in written.splitlines()]
        assert [line["level"] for line in lines] == ["error", "error"]


SIGN_IN = """
import asyncio, sys
from husqy_graphql.app import create_program
from husqy_graphql.config import Settings
from husqy_graphql.logs import configure_logging
from husqy_graphql.tasks import migrate_database
from tests.conftest import FixedClock, client
from tests.sign_in import TRUSTED, begin, press, query_of, sign_in

configure_logging("debug", as_json={as_json})

async def main(database_url):
    settings, clock = Settings(database_url=database_url, sandbox_path=None), FixedClock()
    await migrate_database(settings)
    program = create_program(settings, clock=clock)
    async with program.running(), client(program) as http:
        secrets = set()
        store = program.sandbox.state.store

        async def fault(**fault):
            await http.put("/sandbox/discord/control/faults", json=[{{"times": 9, **fault}}])

        async def fail(**how):
            page = await begin(http)
            callback = await press(http, page, 1300000000000000101)
            secrets.update((query_of(page)["state"], query_of(callback)["code"], http.cookies["husqy_login"]))
            await fault(**how)
            await http.get(callback)
            await fault(times=0)

        await fail(path="/oauth2/token$", status=503)
        await fail(path="/oauth2/token$", status=401)
        await fail(path="/oauth2/@me$", status=500)
        await http.put("/sandbox/discord/control/next-token", json={{"application_id": 1}})
        await fail(times=0)
        await sign_in(http)
        secrets.add(http.cookies["husqy_session"])
        clock.advance(days=6, hours=23.5)
        body = {{"query": "{{ viewer {{ subject }} }}"}}
        for how in ({{"path": "/oauth2/token$", "status": 503}}, {{"times": 0}}):
            secrets.update(key for kind in ("token", "refresh_token") for key, _ in store.items(kind))
            await fault(**how)
            await http.post("/graphql", json=body, headers=TRUSTED)
            clock.advance(seconds=31)
        secrets.update(key for kind in ("token", "refresh_token") for key, _ in store.items(kind))
        await fault(path="/revoke", status=503)
        await http.post("/auth/logout")
        print(*secrets)

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("as_json", [True, False])
def test_signing_in_leaves_no_secret_in_the_log(as_json: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SIGN_IN.format(as_json=as_json), f"sqlite+aiosqlite:///{tmp_path}/x.db"]

    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)

    secrets = [each for each in ran.stdout.split() if not each.startswith("sandbox-")]
    assert len(secrets) >= 17
    for event in ("sign_in_failed", "client_secret_refused", "session_not_refreshed", "tokens_not_revoked", "request"):
        assert event in ran.stderr
    assert [secret for secret in secrets if secret in ran.stderr] == []
