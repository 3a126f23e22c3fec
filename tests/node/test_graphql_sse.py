"""The npm client graphql-sse, in distinct connections mode."""

from __future__ import annotations

from typing import Any

from tests.conftest import GUILD, OWNER, Api
from tests.node.conftest import script, subscribers, told
from tests.serving import until


async def seen(authority: str, scenario: str) -> list[Any]:
    return await told("graphql_sse.mjs", f"http://{authority}/graphql", scenario)


async def test_a_subscription_tells_of_a_change_and_a_client_that_leaves_is_forgotten(api: Api, authority: str) -> None:
    async with script("graphql_sse.mjs", f"http://{authority}/graphql", "subscription") as client:
        await until(lambda: subscribers(api.program) == 1)
        response = await api.rest("PUT", "/settings", json={"guild_id": GUILD, "auto_delete": 44})
        assert response.status_code == 200

        assert (await client.line())["data"]["guildChanged"] == {
            "action": "GUILD_SETTINGS_UPDATE",
            "changedFields": ["autoDelete"],
        }
        await until(lambda: subscribers(api.program) == 0)


async def test_a_query_has_one_result_and_is_completed(authority: str) -> None:
    assert await seen(authority, "query") == [[{"data": {"viewer": {"kind": "USER", "userId": str(OWNER)}}}]]


async def test_an_invalid_document_is_a_result_with_errors(authority: str) -> None:
    [[result]] = await seen(authority, "invalid")

    assert "data" not in result
    assert result["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_forbidden_subscription_is_refused(authority: str) -> None:
    assert await seen(authority, "forbidden") == [{"status": 403}]


async def test_a_wrong_credential_is_refused(authority: str) -> None:
    assert await seen(authority, "wrong") == [{"status": 401}]
