"""The life of a session: how long it lasts, how its Discord tokens are renewed, and what rests in the database."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from husqy_graphql.app import Program, create_program
from husqy_graphql.config import SANDBOX_SECRET_KEY, Settings
from husqy_graphql.core.key_ring import create_key_ring
from husqy_graphql.discord.sandbox.store import Store
from husqy_graphql.identity.models import Session
from husqy_graphql.tasks import rotate_secrets
from husqy_graphql.worker.sessions import delete_expired_sessions
from tests.conftest import GUILD, OWNER, Api, FixedClock, client
from tests.sign_in import TRUSTED, ask, set_cookies, sign_in

VIEWER = "{ viewer { subject } }"
GUILDS = "{ guilds { id } }"
ALMOST = {"days": 6, "hours": 23, "minutes": 30}  # of the 7 days that an access token lives
TOKEN_PATH = "/api/v10/oauth2/token"


def store_of(program: Program) -> Store:
    assert program.sandbox
    return program.sandbox.state.store


async def token_calls(http: httpx2.AsyncClient) -> int:
    calls = (await http.get("/sandbox/discord/control/calls")).json()
    return len([call for call in calls if call["path"].endswith(TOKEN_PATH)])


async def many(http: httpx2.AsyncClient, count: int = 10) -> list[int]:
    """The statuses of requests by cookie that come at once."""
    body = {"query": VIEWER}
    responses = await asyncio.gather(*(http.post("/graphql", json=body, headers=TRUSTED) for _ in range(count)))
    return [response.status_code for response in responses]


async def test_a_row_gives_no_session_and_no_token_away(api: Api) -> None:
    session_id, _ = set_cookies(await sign_in(api.http))["husqy_session"]

    [row] = await api.rows("sessions")

    assert row["digest"] == hashlib.sha256(session_id.encode()).digest()
    store = store_of(api.program)
    secrets = {session_id, *(key for kind in ("token", "refresh_token") for key, _ in store.items(kind))}
    assert len(secrets) > 2
    for value in map(str, row.values()):
        assert not [secret for secret in secrets if secret in value]
    ring = create_key_ring([SANDBOX_SECRET_KEY])
    assert store.get("token", ring.decrypt(row["access_token"])) is not None
    assert store.get("refresh_token", ring.decrypt(row["refresh_token"])) is not None


async def test_a_session_lasts_thirty_days_however_much_it_is_used(api: Api) -> None:
    await sign_in(api.http)
    for _ in range(5):
        api.clock.advance(days=5, hours=23)
        assert "data" in await ask(api.http, GUILDS)
    api.clock.advance(hours=4, minutes=59)
    assert "data" in await ask(api.http, VIEWER)
    api.clock.advance(minutes=1)

    assert (await ask(api.http, VIEWER))["errors"][0]["message"] == "Your session has ended: sign in again."
    assert (await api.http.get("/auth/session")).status_code == 401


async def test_the_days_are_a_setting(database_url: str, clock: FixedClock) -> None:
    program = create_program(Settings(database_url=database_url, sandbox_path=None, session_days=2), clock=clock)
    async with program.running(), client(program) as http:
        landed = await sign_in(http)
        assert "Max-Age=172800" in set_cookies(landed)["husqy_session"][1]
        clock.advance(days=2)
        assert (await http.get("/auth/session")).status_code == 401


async def test_expired_sessions_are_deleted(api: Api) -> None:
    await sign_in(api.http)
    api.clock.advance(days=1)
    async with client(api.program) as other:
        await sign_in(other)
    assert await delete_expired_sessions(api.program.worker) == 0

    api.clock.advance(days=29)

    assert await delete_expired_sessions(api.program.worker) == 1
    assert [row["id"] for row in await api.rows("sessions")] == [2]


async def test_a_young_token_is_not_refreshed(api: Api) -> None:
    await sign_in(api.http)
    api.clock.advance(days=6, hours=23)

    assert await many(api.http) == [200] * 10
    assert await token_calls(api.http) == 1


@pytest.mark.parametrize("age", [ALMOST, {"days": 7}, {"days": 20}], ids=["almost expired", "expired", "long ago"])
async def test_many_requests_at_once_refresh_once(api: Api, age: dict[str, float]) -> None:
    await sign_in(api.http)
    [before] = await api.rows("sessions")
    api.clock.advance(**age)
    await api.fault({"path": TOKEN_PATH, "delay": 0.3})

    assert await many(api.http) == [200] * 10

    assert await token_calls(api.http) == 2  # the code, and one refresh
    [after] = await api.rows("sessions")
    for column in ("access_token", "refresh_token", "token_expires_at"):
        assert after[column] != before[column]
    for column in ("id", "digest", "user_id", "created_at", "expires_at"):
        assert after[column] == before[column]
    assert after["refreshing_until"] is None
    assert "data" in await ask(api.http, GUILDS)  # with the new token
    assert await token_calls(api.http) == 2


@asynccontextmanager
async def two_programs(database_url: str, sandbox: Path, clock: FixedClock) -> AsyncGenerator[list[httpx2.AsyncClient]]:
    """Two programs over one database and one Discord, as processes beside each other are."""
    async with AsyncExitStack() as stack:
        clients: list[httpx2.AsyncClient] = []
        for _ in range(2):
            program = create_program(Settings(database_url=database_url, sandbox_path=sandbox), clock=clock)
            await stack.enter_async_context(program.running())
            clients.append(await stack.enter_async_context(client(program)))
        yield clients


@pytest.mark.parametrize("age", [ALMOST, {"days": 8}], ids=["almost expired", "expired"])
async def test_two_programs_refresh_once(
    database_url: str, tmp_path: Path, clock: FixedClock, age: dict[str, float]
) -> None:
    async with two_programs(database_url, tmp_path / "sandbox.db", clock) as (one, two):
        await sign_in(one)
        two.cookies.set("husqy_session", one.cookies["husqy_session"], domain="127.0.0.1")
        clock.advance(**age)
        for http in (one, two):
            fault = [{"path": TOKEN_PATH, "delay": 0.3}]
            assert (await http.put("/sandbox/discord/control/faults", json=fault)).is_success

        statuses = await asyncio.gather(*(many(http) for http in (one, two)))

        assert statuses == [[200] * 10] * 2
        assert await token_calls(one) + await token_calls(two) == 2
        for http in (one, two):
            assert "data" in await ask(http, GUILDS)


async def test_no_transaction_is_open_while_discord_is_asked(api: Api) -> None:
    await sign_in(api.http)
    api.clock.advance(**ALMOST)
    await api.fault({"path": TOKEN_PATH, "delay": 1.5})
    refreshing = asyncio.create_task(ask(api.http, VIEWER))
    await asyncio.sleep(0.3)

    # SQLite has one writer, so this would wait for an open transaction.
    change = await api.rest("PUT", "/settings", json={"guild_id": GUILD, "auto_delete": 3})

    assert change.status_code == 200
    assert not refreshing.done()
    assert "data" in await refreshing


async def test_while_discord_is_down_the_old_token_is_used_and_discord_is_not_pressed(api: Api) -> None:
    await sign_in(api.http)
    api.clock.advance(**ALMOST)
    await api.fault({"path": TOKEN_PATH, "status": 503, "times": 99})

    for _ in range(3):
        assert await many(api.http, 3) == [200] * 3
    assert await token_calls(api.http) == 2
    api.clock.advance(seconds=31)
    assert await many(api.http, 3) == [200] * 3
    assert await token_calls(api.http) == 3

    await api.fault()
    api.clock.advance(seconds=31)
    assert await many(api.http, 3) == [200] * 3
    assert await token_calls(api.http) == 4
    api.clock.advance(hours=2)
    assert "data" in await ask(api.http, GUILDS)


async def test_once_the_token_has_expired_discord_is_needed(api: Api) -> None:
    await sign_in(api.http)
    api.clock.advance(days=7)
    await api.fault({"path": TOKEN_PATH, "status": 503, "times": 99})

    response = await api.http.post("/graphql", json={"query": VIEWER}, headers=TRUSTED)

    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert len(await api.rows("sessions")) == 1
    await api.fault()
    api.clock.advance(seconds=31)
    assert "data" in await ask(api.http, GUILDS)


async def test_a_refresh_that_its_process_did_not_survive_is_done_again(api: Api) -> None:
    await sign_in(api.http)
    api.clock.advance(**ALMOST)
    async with api.program.worker.unit_of_work("test") as uow:
        await uow.session.execute(update(Session).values(refreshing_until=api.clock.now + timedelta(seconds=30)))

    assert await many(api.http, 3) == [200] * 3  # with the old token
    assert await token_calls(api.http) == 1
    api.clock.advance(seconds=30)
    assert await many(api.http, 3) == [200] * 3
    assert await token_calls(api.http) == 2


async def test_nobody_waits_for_ever_for_somebody_elses_refresh(api: Api) -> None:
    await sign_in(api.http)
    api.clock.advance(days=7)
    await api.fault({"path": TOKEN_PATH, "status": 503, "times": 99})
    assert await many(api.http, 1) == [503]  # has the lease now, for 30 seconds

    started = asyncio.get_running_loop().time()
    assert await many(api.http, 2) == [503, 503]

    assert asyncio.get_running_loop().time() - started < 10
    assert await token_calls(api.http) == 2


async def test_a_refresh_token_that_discord_refuses_ends_the_session(api: Api) -> None:
    await sign_in(api.http)
    store = store_of(api.program)
    for key, _ in store.items("refresh_token"):
        store.delete("refresh_token", key)
    api.clock.advance(**ALMOST)

    response = await api.http.post("/graphql", json={"query": VIEWER}, headers=TRUSTED)

    assert response.status_code == 401
    assert "sign in again" in response.json()["errors"][0]["message"]
    assert await api.rows("sessions") == []
    await sign_in(api.http)
    assert "data" in await ask(api.http, GUILDS)


async def test_a_sign_in_that_was_revoked_at_discord_is_told(api: Api) -> None:
    await sign_in(api.http)
    store = store_of(api.program)
    for key, token in store.items("token"):
        if not key.startswith("sandbox-"):
            assert token["user_id"] == OWNER
            store.delete("token", key)

    for _ in range(20):
        response = await api.http.get(f"/v1/settings?guild_id={GUILD}")
        assert response.status_code == 401
        assert "sign in again" in response.json()["detail"]
    refused = [call for call in await api.calls() if call["status"] == 401]
    assert len(refused) == 1  # Discord bans addresses that go on asking
    api.monotonic.advance(seconds=31)
    assert (await api.http.get(f"/v1/settings?guild_id={GUILD}")).status_code == 401
    await sign_in(api.http)
    assert (await api.http.get(f"/v1/settings?guild_id={GUILD}")).status_code == 200


async def test_signing_out_during_a_refresh_leaves_no_tokens_behind(api: Api) -> None:
    await sign_in(api.http)
    api.clock.advance(**ALMOST)
    await api.fault({"path": TOKEN_PATH, "delay": 0.6}, {"path": "/revoke", "status": 503, "times": 1})
    refreshing = asyncio.create_task(api.http.post("/graphql", json={"query": VIEWER}, headers=TRUSTED))
    await asyncio.sleep(0.2)
    assert (await api.http.post("/auth/logout")).status_code == 204

    assert (await refreshing).status_code == 401

    assert await api.rows("sessions") == []
    assert store_of(api.program).all("refresh_token") == []


async def test_sessions_outlive_a_rotation_of_the_secrets(api: Api, database_url: str) -> None:
    session_id, _ = set_cookies(await sign_in(api.http))["husqy_session"]
    await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})
    in_memory = {"database_url": database_url, "sandbox_path": None}

    assert await rotate_secrets(Settings(**in_memory, secret_keys=f"new,{SANDBOX_SECRET_KEY}")) == (1, 1, 0)

    [row] = await api.rows("sessions")
    token = create_key_ring(["new"]).decrypt(row["access_token"])
    assert store_of(api.program).get("token", token) is not None
    with pytest.raises(ValueError, match="HUSQY_SECRET_KEYS"):
        create_key_ring([SANDBOX_SECRET_KEY]).decrypt(row["refresh_token"])
    program = create_program(Settings(**in_memory, secret_keys="new"), clock=api.clock)
    async with program.running(), client(program) as http:
        http.cookies.set("husqy_session", session_id, domain="127.0.0.1")
        assert (await ask(http, VIEWER))["data"]["viewer"]["subject"] == str(OWNER)


async def test_a_secret_that_was_dropped_too_early_ends_sessions_and_breaks_nothing(
    api: Api, database_url: str
) -> None:
    await sign_in(api.http)
    settings = Settings(database_url=database_url, sandbox_path=None, secret_keys="another")
    program = create_program(settings, clock=api.clock)
    async with program.running(), client(program) as http:
        http.cookies.set("husqy_session", api.http.cookies["husqy_session"], domain="127.0.0.1")
        assert (await ask(http, VIEWER))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await http.post("/auth/logout")).status_code == 204
    assert await rotate_secrets(settings) == (0, 0, 0)
    assert await api.rows("sessions") == []
