"""Rate limits at every door: who pays, what is told, and that a refusal changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from husqy_graphql.app import Program, create_program
from tests.conftest import GUILD, QUIET_GUILD, Api, FixedClock, Monotonic, client, credentials, settings_for
from tests.serving import graphql_socket, served, until

WHO = "{ viewer { kind } rateLimit { cost limit remaining resetAt } }"
UPDATE = f"""mutation {{ guildSettingsUpdate(guildId: "{GUILD}", input: {{autoDelete: 3}}) {{ settings {{ id }} }} }}"""


@asynccontextmanager
async def limited(url: str, clock: FixedClock, **settings: Any) -> AsyncGenerator[Api]:
    now = Monotonic()
    program = create_program(settings_for(url, **settings), clock=clock, now=now)
    async with program.running(), client(program) as http:
        await program.seed_demo_world()
        yield Api(http, program, clock, now)


async def ask(api: Api, query: str, token: str | None = "sandbox-owner", **options: Any) -> httpx2.Response:
    body = {"query": query, **options}
    return await api.http.post("/graphql", json=body, headers=credentials(token))


async def test_the_cost_is_told_in_headers_in_a_field_and_in_extensions(database_url: str, clock: FixedClock) -> None:
    async with limited(database_url, clock, rate_credential="100/10", rate_address="1000/10") as api:
        response = await ask(api, WHO, extensions={"cost": True})

        assert response.headers["ratelimit"] == '"credential";r=98;t=1, "address";r=998;t=1'
        assert response.headers["ratelimit-policy"] == '"credential";q=100;w=10, "address";q=1000;w=100'
        assert response.json()["data"]["rateLimit"] == {
            "cost": 2,
            "limit": 100,
            "remaining": 98,
            "resetAt": "2026-03-01T12:00:00.200000Z",
        }
        cost = response.json()["extensions"]["cost"]
        assert cost["points"] == 2
        assert cost["credential"] == {"limit": 100, "remaining": 98, "resetAt": "2026-03-01T12:00:00.200000Z"}
        assert "extensions" not in (await ask(api, WHO)).json()


async def test_an_empty_bucket_refuses_with_429_and_fills_again(database_url: str, clock: FixedClock) -> None:
    async with limited(database_url, clock, rate_credential="25/2") as api:
        for _ in range(2):
            assert (await ask(api, UPDATE)).status_code == 200  # 12 points each
        before = await api.everything()

        response = await ask(api, UPDATE.replace("autoDelete: 3", "autoDelete: 5"))
        assert response.status_code == 429
        assert response.headers["retry-after"] == "6"
        [error] = response.json()["errors"]
        assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 5.5}
        assert "12 points" in error["message"]
        assert "data" not in response.json()
        assert await api.everything() == before

        api.monotonic.advance(5.5)
        assert (await ask(api, UPDATE)).status_code == 200


async def test_the_rest_api_pays_from_the_same_bucket(database_url: str, clock: FixedClock) -> None:
    async with limited(database_url, clock, rate_credential="25/2") as api:
        for _ in range(2):
            assert (await ask(api, UPDATE)).status_code == 200
        before = await api.everything()

        response = await api.rest("PUT", "/settings", json={"guild_id": GUILD, "auto_delete": 99})
        assert response.status_code == 429
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["retry-after"] == "6"
        assert response.json()["status"] == 429
        assert response.json()["type"] == "urn:husqy:problem:rate-limited"
        assert "ratelimit" in response.headers
        assert await api.everything() == before
        assert (await api.rest("GET", "/livez", token=None)).status_code == 200


async def test_tokens_of_one_person_share_a_bucket_and_other_people_have_theirs(
    database_url: str, clock: FixedClock
) -> None:
    async with limited(database_url, clock, rate_credential="3/1") as api:
        assert (await ask(api, WHO)).status_code == 200
        assert (await ask(api, WHO)).status_code == 429
        assert (await ask(api, WHO, "sandbox-admin")).status_code == 200


async def test_the_bot_is_not_limited(database_url: str, clock: FixedClock) -> None:
    settings = {"rate_credential": "1/1", "rate_address": "1/1", "rate_guild": "1/1"}
    async with limited(database_url, clock, **settings) as api:
        for _ in range(5):
            response = await ask(api, f'{{ guild(id: "{GUILD}") {{ id }} rateLimit {{ cost }} }}', "sandbox-service")
            assert response.json()["data"] == {"guild": {"id": str(GUILD)}, "rateLimit": None}
            assert "ratelimit" not in response.headers


async def test_somebody_without_a_credential_pays_by_address(database_url: str, clock: FixedClock) -> None:
    async with limited(database_url, clock, rate_address="2/1") as api:
        for status in (200, 200, 429):
            assert (await ask(api, "{ service { message } }", None)).status_code == status


async def test_a_guild_pays_once_an_operation_and_only_for_those_who_may_act_there(
    database_url: str, clock: FixedClock
) -> None:
    page = f'{{ guild(id: "{GUILD}") {{ settings {{ id }} roles {{ id }} members {{ nodes {{ id }} }} }} }}'
    async with limited(database_url, clock, rate_guild="100/1") as api:
        response = await ask(api, page)
        cost = 1 + 1 + 5 + 1 + 25
        assert response.headers["ratelimit"] == f'"guild";r={100 - cost};t={cost}'

        for _ in range(10):  # a stranger cannot use up what is the guild's
            assert (await ask(api, page, "sandbox-outsider")).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert (await ask(api, page)).headers["ratelimit"] == f'"guild";r={100 - 2 * cost};t={2 * cost}'

        assert "errors" not in (await ask(api, page)).json()
        refused = await ask(api, page)
        assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert refused.headers["retry-after"] == "32"
        assert "errors" not in (await ask(api, page.replace(str(GUILD), str(QUIET_GUILD)))).json()
        assert (await api.rest("GET", f"/helpers/get-guild-users?guild_id={GUILD}")).status_code == 429


async def test_guessing_credentials_is_slow(database_url: str, clock: FixedClock) -> None:
    async with limited(database_url, clock, rate_address="100/1") as api:
        statuses = [(await ask(api, WHO, f"guess-{number}")).status_code for number in range(9)]
        assert statuses == [401] * 6 + [429] * 3
        calls = len([call for call in await api.calls() if call["path"].endswith("/oauth2/@me")])
        assert (await ask(api, WHO)).status_code == 429
        assert (await api.rest("GET", f"/settings?guild_id={GUILD}")).status_code == 429
        assert len([call for call in await api.calls() if call["path"].endswith("/oauth2/@me")]) == calls

        api.monotonic.advance(21)
        assert (await ask(api, WHO)).status_code == 200


async def test_an_operation_on_a_socket_pays_too(database_url: str, clock: FixedClock) -> None:
    async with (
        limited(database_url, clock, rate_credential="5/1") as api,
        served(api.program) as address,
        graphql_socket(address) as socket,
    ):
        await socket.initialise()
        for key in "ab":
            await socket.subscribe(key, WHO)
            assert (await socket.receive())["type"] == "next"
            assert (await socket.receive())["type"] == "complete"
        await socket.subscribe("c", WHO)
        message = await socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_two_processes_share_a_bucket_through_redis(
    database_url: str, clock: FixedClock, redis_settings: dict[str, Any]
) -> None:
    shared = {"rate_credential": "40/0.001", **redis_settings}
    async with limited(database_url, clock, **shared) as one, limited(database_url, clock, **shared) as two:
        answers = await asyncio.gather(*(ask(api, WHO) for api in (one, two) for _ in range(20)))

        statuses = [answer.status_code for answer in answers]
        assert (statuses.count(200), statuses.count(429)) == (20, 20)


async def test_a_process_goes_on_alone_while_redis_does_not_answer(database_url: str, clock: FixedClock) -> None:
    settings = {"rate_credential": "2/1", "redis_url": "redis://127.0.0.1:1/0"}
    async with limited(database_url, clock, **settings) as api:
        assert [(await ask(api, WHO)).status_code for _ in range(2)] == [200, 429]


async def listened_to(redis_settings: dict[str, Any], *, by: int) -> None:
    """Wait until so many processes listen to each other's events."""
    channel = f"{redis_settings['redis_prefix']}:guild-events"
    redis_asyncio = pytest.importorskip("redis.asyncio")
    async with redis_asyncio.Redis.from_url(redis_settings["redis_url"]) as redis, asyncio.timeout(10):
        while (await redis.pubsub_numsub(channel))[0][1] < by:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_an_event_reaches_the_subscribers_of_another_process(
    database_url: str, clock: FixedClock, redis_settings: dict[str, Any]
) -> None:
    watch = f'subscription {{ guildSettingsChanged(guildId: "{GUILD}") {{ settings {{ autoDelete }} }} }}'

    async def heard(program: Program) -> None:
        async with served(program) as address, graphql_socket(address) as socket:
            await socket.initialise()
            await socket.subscribe("1", watch)
            await until(lambda: program.resources.events.subscribers == 1)
            ready.release()
            for seconds in (1, 2, 3):
                event = (await socket.receive())["payload"]["data"]["guildSettingsChanged"]
                assert event == {"settings": {"autoDelete": seconds}}
                ready.release()

    ready = asyncio.Semaphore(0)
    async with (
        limited(database_url, clock, **redis_settings) as one,
        limited(database_url, clock, **redis_settings) as two,
        asyncio.TaskGroup() as group,
    ):
        for api in (one, two):
            group.create_task(heard(api.program))
        await listened_to(redis_settings, by=2)
        for seconds in (1, 2, 3):
            for _ in range(2):
                await ready.acquire()
            update = UPDATE.replace("autoDelete: 3", f"autoDelete: {seconds}")
            assert "errors" not in (await ask(one, update)).json()
