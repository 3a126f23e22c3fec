"""GraphQL over WebSocket, as its protocol says: codes, order, limits, and who may listen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from husqy_graphql.app import Program, create_program
from tests.conftest import (
    ADMIN,
    GUILD,
    OWNER,
    QUIET_GUILD,
    UNKNOWN_GUILD,
    Api,
    FixedClock,
    client,
    credentials,
    settings_for,
)
from tests.serving import graphql_socket, served, until

WATCH = f'subscription {{ guildSettingsChanged(guildId: "{GUILD}") {{ settings {{ autoDelete }} changedFields }} }}'
WATCH_ALL = f'subscription {{ guildChanged(guildId: "{GUILD}") {{ action target changedFields guild {{ name }} }} }}'
WHO = "{ viewer { kind userId } }"
UPDATE = f"""mutation ($seconds: AutoDeleteSeconds!) {{
  guildSettingsUpdate(guildId: "{GUILD}", input: {{autoDelete: $seconds}}) {{ settings {{ id }} }} }}"""


def subscribers(program: Program) -> int:
    return program.resources.events.subscribers


@pytest.fixture
async def address(api: Api) -> AsyncGenerator[str]:
    async with served(api.program) as address:
        yield address


async def test_a_change_over_rest_reaches_a_subscriber(api: Api, address: str) -> None:
    async with graphql_socket(address) as socket:
        await socket.initialise()
        await socket.subscribe("1", WATCH)
        await until(lambda: subscribers(api.program) == 1)

        await api.rest("PUT", "/settings", token="sandbox-admin", json={"guild_id": GUILD, "auto_delete": 17})

        assert await socket.receive() == {
            "type": "next",
            "id": "1",
            "payload": {
                "data": {
                    "guildSettingsChanged": {"settings": {"autoDelete": 17}, "changedFields": ["autoDelete"]},
                }
            },
        }


async def test_an_event_shows_what_is_stored_now_and_not_what_was_loaded_before(api: Api, address: str) -> None:
    async with graphql_socket(address) as socket:
        await socket.initialise()
        await socket.subscribe("1", WATCH)
        await until(lambda: subscribers(api.program) == 1)

        for seconds in (1, 2, 3):
            await api.data(UPDATE, seconds=seconds)
            event = await socket.receive()
            assert event["payload"]["data"]["guildSettingsChanged"]["settings"] == {"autoDelete": seconds}


async def test_what_changes_nothing_and_what_is_rolled_back_is_no_event(api: Api, address: str) -> None:
    async with graphql_socket(address) as socket:
        await socket.initialise()
        await socket.subscribe("1", WATCH_ALL)
        await until(lambda: subscribers(api.program) == 1)

        await api.data(UPDATE, seconds=60)  # as it is
        await api.graphql(
            f'mutation {{ guildSettingsUpdate(guildId: "{GUILD}", input: {{language: "xx"}}) {{ settings {{ id }} }} }}'
        )
        await api.graphql(UPDATE.replace(str(GUILD), str(QUIET_GUILD)), seconds=5)
        await api.data(UPDATE, seconds=5)

        change = (await socket.receive())["payload"]["data"]["guildChanged"]
        assert change == {
            "action": "GUILD_SETTINGS_UPDATE",
            "target": "guild settings",
            "changedFields": ["autoDelete"],
            "guild": {"name": "Husqy demo"},
        }


async def test_a_filter_by_module_leaves_out_what_is_of_none(api: Api, address: str) -> None:
    async with graphql_socket(address) as socket:
        await socket.initialise()
        await socket.subscribe("polls", WATCH_ALL.replace(f'"{GUILD}"', f'"{GUILD}", modules: [POLLS]'))
        await socket.subscribe("all", WATCH_ALL)
        await until(lambda: subscribers(api.program) == 2)

        await api.data(UPDATE, seconds=5)
        assert (await socket.receive())["id"] == "all"
        await socket.send("ping")
        assert await socket.receive() == {"type": "pong"}


async def test_queries_and_mutations_run_on_a_socket_too(api: Api, address: str) -> None:
    async with graphql_socket(address) as socket:
        await socket.initialise("sandbox-admin")

        await socket.subscribe("q", WHO)
        assert (await socket.receive())["payload"] == {
            "data": {"viewer": {"kind": "USER", "userId": "1300000000000000102"}}
        }
        assert await socket.receive() == {"type": "complete", "id": "q"}
        await socket.subscribe("m", UPDATE, seconds=33)
        assert (await socket.receive())["payload"]["data"]["guildSettingsUpdate"] is not None
        assert await socket.receive() == {"type": "complete", "id": "m"}
    [settings] = [row for row in await api.rows("guild_settings") if row["guild_id"] == GUILD]
    assert settings["auto_delete"] == 33


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{ nope }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": f'subscription {{ guildChanged(guildId: "{UNKNOWN_GUILD}") {{ at }} }}'}, "FORBIDDEN"),
        ({"query": WHO, "operationName": "Other"}, "BAD_USER_INPUT"),
        ({"query": 5}, "BAD_USER_INPUT"),
        ({}, "BAD_USER_INPUT"),
        (None, "BAD_USER_INPUT"),
        ({"documentId": "sha256:00"}, "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
async def test_an_operation_that_cannot_run_ends_with_an_error_and_the_socket_goes_on(
    address: str, payload: Any, code: str
) -> None:
    async with graphql_socket(address) as socket:
        await socket.initialise()

        await socket.send("subscribe", id="1", payload=payload)
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "1")
        assert message["payload"][0]["extensions"]["code"] == code
        await socket.subscribe("1", WHO)
        assert (await socket.receive())["type"] == "next"


async def test_unsubscribing_and_leaving_are_forgotten(api: Api, address: str) -> None:
    async with graphql_socket(address) as socket:
        await socket.initialise()
        for key in "abc":
            await socket.subscribe(key, WATCH)
        await until(lambda: subscribers(api.program) == 3)

        await socket.send("complete", id="a")
        await until(lambda: subscribers(api.program) == 2)
        await socket.subscribe("a", WATCH)  # the id is free again
        await until(lambda: subscribers(api.program) == 3)
    await until(lambda: subscribers(api.program) == 0)


Step = Callable[[Any], Awaitable[None]]
CLOSES: dict[str, tuple[int, Step]] = {
    "an operation before the initialisation": (4401, lambda socket: socket.subscribe("1", WHO)),
    "no credential": (4403, lambda socket: socket.send("connection_init")),
    "a wrong credential": (
        4403, lambda socket: socket.send("connection_init", payload={"Authorization": "Bearer nope"})),
    "a credential of no scheme": (
        4403, lambda socket: socket.send("connection_init", payload={"authorization": "sandbox-owner"})),
    "a credential that is no text": (4400, lambda socket: socket.send("connection_init", payload={"x-api-key": 5})),
    "no JSON": (4400, lambda socket: socket.connection.send("{")),
    "no object": (4400, lambda socket: socket.connection.send("[]")),
    "no type": (4400, lambda socket: socket.connection.send('{"id": "1"}')),
    "bytes": (4400, lambda socket: socket.connection.send(b"\x00")),
    "a message that is too large": (4400, lambda socket: socket.connection.send(" " * 100_001)),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSES)
async def test_a_socket_that_begins_wrongly_is_closed(address: str, name: str) -> None:
    code, step = CLOSES[name]
    async with graphql_socket(address) as socket:
        await step(socket)
        closed, reason = await socket.closed()
        assert closed == code
        assert reason


LATER: dict[str, tuple[int, Step]] = {
    "a second initialisation": (4429, lambda socket: socket.send("connection_init")),
    "an id that is in use": (4409, lambda socket: socket.subscribe("used", WATCH)),
    "an id that is none": (4400, lambda socket: socket.send("subscribe", id=7, payload={"query": WHO})),
    "a type of the server's": (4400, lambda socket: socket.send("next", id="1")),
    "an unknown type": (4400, lambda socket: socket.send("start", id="1")),
}


@pytest.mark.parametrize("name", LATER)
async def test_a_socket_that_goes_on_wrongly_is_closed(api: Api, address: str, name: str) -> None:
    code, step = LATER[name]
    async with graphql_socket(address) as socket:
        await socket.initialise()
        await socket.subscribe("used", WATCH)
        await until(lambda: subscribers(api.program) == 1)
        await step(socket)
        assert (await socket.closed())[0] == code
    await until(lambda: subscribers(api.program) == 0)


@pytest.mark.parametrize("subprotocols", [["graphql-ws"], None])
async def test_no_other_subprotocol_is_spoken(address: str, subprotocols: list[Any] | None) -> None:
    async with graphql_socket(address, subprotocols=subprotocols) as socket:
        assert (await socket.closed())[0] == 4406


@pytest.mark.parametrize("headers", [credentials("sandbox-owner"), {"x-api-key": "sandbox-owner"}])
async def test_the_upgrade_may_bring_the_credential(address: str, headers: dict[str, str]) -> None:
    async with graphql_socket(address, additional_headers=headers) as socket:
        await socket.initialise(None)
        await socket.subscribe("1", WHO)
        assert (await socket.receive())["payload"]["data"]["viewer"]["userId"] == str(OWNER)


async def test_the_credential_of_the_initialisation_counts_before_that_of_the_upgrade(address: str) -> None:
    async with graphql_socket(address, additional_headers=credentials("sandbox-owner")) as socket:
        await socket.initialise("sandbox-admin")
        await socket.subscribe("1", WHO)
        assert (await socket.receive())["payload"]["data"]["viewer"]["userId"] == str(ADMIN)


async def test_the_bot_may_name_the_member_it_acts_for(address: str) -> None:
    async with graphql_socket(address) as socket:
        payload = {"headers": {"Authorization": "Bearer sandbox-service", "X-Husqy-Acting-User": str(OWNER)}}
        await socket.send("connection_init", payload=payload)
        assert (await socket.receive())["type"] == "connection_ack"
        await socket.subscribe("1", WHO)
        assert (await socket.receive())["payload"]["data"]["viewer"]["kind"] == "SERVICE"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_page_of_another_origin_opens_no_socket(address: str, origin: Any) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with graphql_socket(address, origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_our_own_page_opens_a_socket(address: str) -> None:
    async with graphql_socket(address, origin=f"http://{address}") as socket:
        await socket.initialise()


async def test_a_socket_of_another_host_name_is_refused(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with graphql_socket(address, name="evil.example"):
            pass
    assert refused.value.response.status_code == 400


async def test_at_most_so_many_operations_run_on_a_socket(api: Api, address: str) -> None:
    async with graphql_socket(address) as socket:
        await socket.initialise()
        for number in range(20):
            await socket.subscribe(str(number), WATCH)
        await until(lambda: subscribers(api.program) == 20)

        await socket.subscribe("one too many", WATCH)
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "one too many")
        assert "20 operations" in message["payload"][0]["message"]
        assert subscribers(api.program) == 20


async def test_at_most_so_many_sockets_are_open_for_a_credential(address: str) -> None:
    async with asyncio.TaskGroup() as group:
        closing = asyncio.Event()

        async def hold() -> None:
            async with graphql_socket(address) as socket:
                await socket.initialise()
                ready.release()
                await closing.wait()

        ready = asyncio.Semaphore(0)
        for _ in range(5):
            group.create_task(hold())
        for _ in range(5):
            await ready.acquire()

        async with graphql_socket(address) as socket:
            await socket.send("connection_init", payload={"authorization": "Bearer sandbox-owner"})
            assert (await socket.closed())[0] == 1013
        async with graphql_socket(address) as socket:
            await socket.initialise("sandbox-admin")
        closing.set()
    async with graphql_socket(address) as socket:
        await socket.initialise()


async def test_a_socket_must_be_initialised_in_time(database_url: str, clock: FixedClock) -> None:
    program = create_program(settings_for(database_url, socket_init_seconds=0.1), clock=clock)
    async with program.running(), served(program) as address, graphql_socket(address) as socket:
        assert await socket.closed() == (4408, "Connection initialisation timeout")


@pytest.mark.parametrize("recheck_seconds", [0.05])
async def test_a_deleted_key_ends_its_socket(database_url: str, clock: FixedClock, recheck_seconds: float) -> None:
    program = create_program(settings_for(database_url, socket_recheck_seconds=recheck_seconds), clock=clock)
    async with program.running(), served(program) as address, client(program) as http:
        await program.seed_demo_world()
        made = await http.post("/v1/auth/api-key", headers=credentials("sandbox-owner"), json={"guild_id": GUILD})
        key = made.json()["data"]["api_key"]["api_key"]
        async with graphql_socket(address) as socket:
            await socket.initialise(key)
            await socket.subscribe("1", WATCH)
            await until(lambda: subscribers(program) == 1)
            await asyncio.sleep(3 * recheck_seconds)
            assert subscribers(program) == 1

            await http.request(
                "DELETE",
                "/v1/auth/api-key",
                headers=credentials("sandbox-owner"),
                json={"guild_id": GUILD, "api_key": key},
            )
            assert (await socket.closed())[0] == 4403
        await until(lambda: subscribers(program) == 0)


async def test_who_no_longer_administers_the_guild_hears_nothing_more(api: Api, address: str) -> None:
    async with graphql_socket(address) as socket:
        await socket.initialise("sandbox-admin")
        await socket.subscribe("1", WATCH)
        await until(lambda: subscribers(api.program) == 1)

        await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{ADMIN}")
        api.monotonic.advance(61)  # the guilds of a user are remembered for a minute
        await api.data(UPDATE, seconds=5)

        message = await socket.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    await until(lambda: subscribers(api.program) == 0)
