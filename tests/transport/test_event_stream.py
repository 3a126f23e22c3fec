"""Subscriptions as server-sent events."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from husqy_graphql.app import create_program
from tests.conftest import GUILD, Api, FixedClock, client, credentials, settings_for
from tests.serving import until
from tests.transport.streams import stream

WATCH = f'subscription {{ guildSettingsChanged(guildId: "{GUILD}") {{ settings {{ autoDelete }} }} }}'
HEADERS = {
    "accept": "text/event-stream",
    "content-type": "application/json",
    "authorization": "Bearer sandbox-owner",
}


def body(query: str, **members: Any) -> bytes:
    return json.dumps({"query": query, **members}).encode()


async def change(api: Api, seconds: int) -> None:
    response = await api.rest("PUT", "/settings", json={"guild_id": GUILD, "auto_delete": seconds})
    assert response.status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_is_a_stream_of_events(api: Api, method: str) -> None:
    target = "/graphql" if method == "POST" else f"/graphql?{httpx2.QueryParams({'query': WATCH})}"
    async with stream(api.program, method, target, HEADERS, body(WATCH) if method == "POST" else b"") as answer:
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        events = answer.events()
        for seconds in (1, 2):
            await change(api, seconds)
            expected = {"data": {"guildSettingsChanged": {"settings": {"autoDelete": seconds}}}}
            assert await anext(events) == expected


async def test_two_streams_share_no_header(api: Api) -> None:
    seen = []
    for _ in range(2):
        async with stream(
            api.program, "POST", "/graphql", {**HEADERS, "accept-encoding": "gzip"}, body("{ __typename }")
        ) as answer:
            seen.append(answer.headers)
            assert answer.headers["content-encoding"] == "gzip"
    assert seen[0]["x-request-id"] != seen[1]["x-request-id"]
    async with stream(api.program, "POST", "/graphql", HEADERS, body("{ __typename }")) as answer:
        assert "content-encoding" not in answer.headers


async def test_a_query_is_a_stream_of_one_event(api: Api) -> None:
    async with stream(api.program, "POST", "/graphql", HEADERS, body("{ viewer { kind } }")) as answer:
        assert [event async for event in answer.events()] == [{"data": {"viewer": {"kind": "USER"}}}]


async def test_a_document_that_does_not_fit_is_told_in_the_stream(api: Api) -> None:
    async with stream(api.program, "POST", "/graphql", HEADERS, body("subscription { nope }")) as answer:
        [event] = [event async for event in answer.events()]
        assert event["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert "data" not in event


async def test_a_client_that_leaves_is_forgotten(api: Api) -> None:
    async with stream(api.program, "POST", "/graphql", HEADERS, body(WATCH)):
        assert api.program.resources.events.subscribers == 1
    assert api.program.resources.events.subscribers == 0


async def test_a_subscription_without_a_stream_is_refused_with_what_to_do(api: Api) -> None:
    response = await api.http.post("/graphql", json={"query": WATCH}, headers=credentials("sandbox-owner"))

    assert response.status_code == 400
    assert "Accept: text/event-stream" in response.json()["errors"][0]["message"]


async def test_a_mutation_by_get_is_refused_in_a_stream_too(api: Api) -> None:
    before = await api.everything()
    mutation = (
        f'mutation {{ guildSettingsUpdate(guildId: "{GUILD}", input: {{autoDelete: 3}}) {{ settings {{ id }} }} }}'
    )
    target = f"/graphql?{httpx2.QueryParams({'query': mutation})}"
    async with stream(api.program, "GET", target, HEADERS) as answer:
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert await api.everything() == before


async def test_a_deleted_key_ends_its_stream(database_url: str, clock: FixedClock) -> None:
    program = create_program(settings_for(database_url, socket_recheck_seconds=0.05), clock=clock)
    async with program.running(), client(program) as http:
        await program.seed_demo_world()
        owner = credentials("sandbox-owner")
        made = await http.post("/v1/auth/api-key", headers=owner, json={"guild_id": GUILD})
        key = made.json()["data"]["api_key"]["api_key"]
        async with stream(
            program, "POST", "/graphql", {**HEADERS, "authorization": f"Bearer {key}"}, body(WATCH)
        ) as answer:
            assert answer.status == 200
            deleted = await http.request(
                "DELETE", "/v1/auth/api-key", headers=owner, json={"guild_id": GUILD, "api_key": key}
            )
            assert deleted.status_code == 200
            [event] = [event async for event in answer.events()]
            assert event["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        await until(lambda: program.resources.events.subscribers == 0)


async def test_who_reads_too_slowly_is_told_that_events_are_missing(api: Api) -> None:
    watching = api.program.resources.events.watch(GUILD)
    async with stream(api.program, "POST", "/graphql", HEADERS, body(WATCH)) as answer:
        events = answer.events()
        for seconds in range(101):
            await change(api, seconds)
            await anext(events)  # this one keeps up
    with pytest.raises(Exception, match="could not be told"):
        await anext(watching)
