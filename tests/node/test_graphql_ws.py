"""The npm client graphql-ws on the program's own WebSockets."""

from __future__ import annotations

from typing import Any

from tests.conftest import GUILD, OWNER, Api
from tests.node.conftest import script, subscribers, told
from tests.serving import until

VIEWER = {"data": {"viewer": {"kind": "USER", "userId": str(OWNER)}}}


def changed(value: int) -> dict[str, Any]:
    """The event of a guild whose `autoDelete` has become this."""
    return {"data": {"guildSettingsChanged": {"settings": {"autoDelete": value}, "changedFields": ["autoDelete"]}}}


async def change(api: Api, value: int) -> None:
    response = await api.rest("PUT", "/settings", json={"guild_id": GUILD, "auto_delete": value})
    assert response.status_code == 200, response.text


async def seen(authority: str, scenario: str) -> list[Any]:
    return await told("graphql_ws.mjs", f"ws://{authority}/graphql", scenario)


async def test_a_subscription_tells_of_a_change_that_came_over_rest(api: Api, authority: str) -> None:
    async with script("graphql_ws.mjs", f"ws://{authority}/graphql", "subscription") as client:
        await until(lambda: subscribers(api.program) == 1)
        await change(api, 33)

        assert await client.line() == changed(33)


async def test_several_operations_run_on_one_socket(api: Api, authority: str) -> None:
    async with script("graphql_ws.mjs", f"ws://{authority}/graphql", "several") as client:
        assert await client.line() == {"queries": [[VIEWER]] * 3}
        await until(lambda: subscribers(api.program) == 1)
        await change(api, 34)

        assert await client.line() == {"change": changed(34), "sockets": 1}


async def test_a_query_has_one_result_and_the_server_completes_it(authority: str) -> None:
    assert await seen(authority, "query") == [[VIEWER]]


async def test_variables_and_an_operation_s_name_are_taken(authority: str) -> None:
    assert await seen(authority, "variables") == [[{"data": {"guild": {"name": "Husqy demo"}}}]]


async def test_a_mutation_changes(api: Api, authority: str) -> None:
    [[result]] = await seen(authority, "mutation")

    assert result["data"]["guildSettingsUpdate"]["settings"] == {"autoDelete": 7}
    changed = {row["guild_id"]: row["auto_delete"] for row in await api.rows("guild_settings")}
    assert changed[GUILD] == 7


async def test_an_invalid_document_is_an_error_of_its_operation(authority: str) -> None:
    [[error]] = await seen(authority, "invalid")

    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_forbidden_subscription_leaves_the_socket_open(authority: str) -> None:
    [[error], [viewer], sockets] = await seen(authority, "forbidden")

    assert error["extensions"]["code"] == "FORBIDDEN"
    assert viewer["data"]["viewer"]["kind"] == "USER"
    assert sockets == {"sockets": 1}


async def test_a_wrong_credential_closes_the_socket(authority: str) -> None:
    [end] = await seen(authority, "wrong")

    assert (end["code"], end["tries"]) == (4403, 1)
    assert "Discord does not know this access token" in end["reason"]


async def test_no_credential_closes_the_socket(authority: str) -> None:
    [end] = await seen(authority, "anonymous")

    assert (end["code"], end["tries"]) == (4403, 1)
    assert "Send a credential" in end["reason"]


async def test_a_client_that_unsubscribes_is_forgotten(api: Api, authority: str) -> None:
    async with script("graphql_ws.mjs", f"ws://{authority}/graphql", "unsubscribe") as client:
        await until(lambda: subscribers(api.program) == 1)
        await change(api, 35)
        assert await client.line() == changed(35)
        assert await client.line() == [VIEWER]

        await until(lambda: subscribers(api.program) == 0)
        assert client.runs  # it was not its end that ended the subscription


async def test_a_client_that_is_killed_is_forgotten(api: Api, authority: str) -> None:
    async with script("graphql_ws.mjs", f"ws://{authority}/graphql", "endless") as client:
        await until(lambda: subscribers(api.program) == 1)
        await change(api, 36)
        assert await client.line() == changed(36)
        client.process.kill()

        await until(lambda: subscribers(api.program) == 0)


async def test_pings_are_answered(authority: str) -> None:
    assert await seen(authority, "keepalive") == [{"pongs": 3}]


async def test_the_legacy_subprotocol_and_none_are_refused(authority: str) -> None:
    legacy, none = await seen(authority, "legacy")

    # A client that asked for a subprotocol and is given none hangs up before it reads why.
    assert legacy["code"] in {1006, 4406}
    assert none["code"] == 4406


async def test_only_pages_of_our_own_origin_open_a_socket(authority: str) -> None:
    assert await seen(authority, "origins") == [{"status": 403}, {"status": 403}, [VIEWER]]
