"""Responses and timed roles of the welcoming module over HTTP: what is refused, limits, and the end of Husqy+."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from husqy_graphql.worker.modules import trim_guilds
from tests.conftest import GUILD, OWNER, QUIET_GUILD, Api
from tests.modules.helpers import enable, make_premium, refused
from tests.modules.welcoming import (
    DEFAULTS,
    INTEGRATION,
    MEMBERS,
    MODERATORS,
    PATH,
    change,
    count_statistics,
    listed,
    log_lines,
    respond,
    time_role,
)


@pytest.mark.parametrize(
    ("values", "pointers"),
    [
        ({"response_type": 4}, {"#/response_type"}),
        ({"response_type": None}, {"#/response_type"}),
        ({"is_embed": None}, {"#/is_embed"}),
        ({"content": None}, {"#/content"}),
        ({"content": ""}, {"#/content"}),
        ({"content": " \n "}, {"#/content"}),
        ({"content": "x" * 2001}, {"#/content"}),
        ({"content": "x\x00"}, {"#/content"}),
        ({"is_embed": True, "content": "no JSON"}, {"#/content"}),
        ({"is_embed": True, "content": "[" * 16_000}, {"#/content"}),
        ({"is_embed": True, "content": " " * 16_385}, {"#/content"}),
        ({"is_embed": True, "content": '{"embeds": []}'}, {"#/content"}),
        ({"is_embed": True, "content": '{"embeds": [{"title": 5}]}'}, {"#/content/embeds/0/title"}),
    ],
)
async def test_a_response_that_cannot_be_is_refused(api: Api, values: dict[str, Any], pointers: set[str]) -> None:
    await enable(api, "welcoming")
    body = {"guild_id": GUILD, "response_type": 1, "is_embed": False, "content": "x", **values}
    problem = await refused(api, 400, "POST", f"{PATH}/responses", json=body)
    assert {each["pointer"] for each in problem["errors"]} == pointers


async def test_a_megabyte_of_text_is_refused(api: Api) -> None:
    await enable(api, "welcoming")
    body = {"guild_id": GUILD, "response_type": 1, "is_embed": False, "content": "x" * 1_000_000}
    before = await api.everything()
    assert (await api.rest("POST", f"{PATH}/responses", json=body)).status_code in {400, 413}
    assert await api.everything() == before


async def test_responses_are_listed_by_type(api: Api) -> None:
    await enable(api, "welcoming")
    made = [await respond(api, kind) for kind in (3, 1, 2)]
    assert await listed(api, "responses") == made
    one = await api.rest("GET", f"{PATH}/responses?guild_id={GUILD}&response_type=1", token="sandbox-service")
    assert one.json()["data"] == {"responses": [made[1]]}
    await refused(api, 400, "GET", f"{PATH}/responses?guild_id={GUILD}&response_type=4")


@pytest.mark.parametrize(
    ("status", "values"),
    [
        (400, {"add_after": 0}),
        (400, {"add_after": 315_360_001}),
        (400, {"add_after": "x"}),
        (400, {"role_id": GUILD}),
        (400, {"role_id": INTEGRATION}),
        (404, {"role_id": 5}),
    ],
)
async def test_a_timed_role_that_cannot_be_is_refused(api: Api, status: int, values: dict[str, Any]) -> None:
    await enable(api, "welcoming")
    body = {"guild_id": GUILD, "role_id": MEMBERS, "add_after": 5, **values}
    problem = await refused(api, status, "POST", f"{PATH}/timedroles", json=body)
    if status == 400:
        assert [each["pointer"] for each in problem["errors"]] == [f"#/{next(iter(values))}"]


async def test_the_same_role_after_the_same_time_is_there_once(api: Api) -> None:
    await enable(api, "welcoming")
    await make_premium(api)
    await time_role(api)
    await time_role(api, add_after=61)
    await time_role(api, MEMBERS, add_after=315_360_000)
    body = {"guild_id": GUILD, "role_id": MODERATORS, "add_after": 60}
    await refused(api, 409, "POST", f"{PATH}/timedroles", json=body)


async def test_deleting_answers_what_is_gone_once(api: Api) -> None:
    await enable(api, "welcoming")
    await enable(api, "welcoming", QUIET_GUILD)
    response, timed = await respond(api, 2), await time_role(api)
    await change(api, welcome_message_response_id=response["response_id"])
    for what, row in (("response", response), ("timedrole", timed)):
        path = f"{PATH}/{what}s/{row[f'{what}_id']}"
        await refused(api, 404, "DELETE", path, json={"guild_id": QUIET_GUILD})
        gone = await api.rest("DELETE", path, json={"guild_id": GUILD})
        assert gone.json()["data"] == {what: row}
        await refused(api, 404, "DELETE", path, json={"guild_id": GUILD})
        await refused(api, 404, "GET", f"{path}?guild_id={GUILD}")
    assert await listed(api, "settings") == DEFAULTS


async def test_a_free_guild_has_one_response_of_each_type_and_one_timed_role(api: Api) -> None:
    await enable(api, "welcoming")
    await time_role(api)
    for kind in (1, 2, 3):
        await respond(api, kind)
    for kind in (1, 2, 3):
        body = {"guild_id": GUILD, "response_type": kind, "is_embed": False, "content": "x"}
        problem = await refused(api, 409, "POST", f"{PATH}/responses", json=body)
        assert "at most 1 are allowed" in problem["detail"]
        # What cannot be stored anyway is told first.
        await refused(api, 400, "POST", f"{PATH}/responses", json={**body, "content": ""})
    body = {"guild_id": GUILD, "role_id": MEMBERS, "add_after": 5}
    await refused(api, 409, "POST", f"{PATH}/timedroles", json=body)
    await make_premium(api)
    for number in range(5):
        await respond(api, 1)
        await time_role(api, add_after=number + 1)


@pytest.mark.parametrize(
    ("what", "body"),
    [("responses", {"response_type": 2, "is_embed": False, "content": "x"}), ("timedroles", {"role_id": MEMBERS})],
)
async def test_a_limit_holds_under_fifty_at_once(api: Api, what: str, body: dict[str, Any]) -> None:
    await enable(api, "welcoming")
    answers = await asyncio.gather(
        *(
            api.rest("POST", f"{PATH}/{what}", json={"guild_id": GUILD, "add_after": number + 1, **body})
            for number in range(50)
        )
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(409)) == (1, 49)
    assert len(await listed(api, what)) == 1


async def test_the_newest_go_when_premium_has_ended(api: Api) -> None:
    await enable(api, "welcoming")
    await make_premium(api, ends="2026-04-01T00:00:00Z")
    responses = [await respond(api, kind) for kind in (1, 2, 3) for _ in range(3)]
    timed = [await time_role(api, add_after=number + 1) for number in range(3)]
    chosen = {"welcome_message_response_id": responses[5]["response_id"]}
    await change(api, **chosen)

    await trim_guilds(api.program.worker)
    assert len(await listed(api, "responses")) == 9
    api.clock.advance(days=40)
    for _ in range(2):  # a second time finds nothing to do
        await trim_guilds(api.program.worker)
        assert await listed(api, "responses") == responses[::3]
        assert await listed(api, "timedroles") == timed[:1]
    assert await listed(api, "settings") == {**DEFAULTS, **chosen}  # what is chosen is not edited


async def test_what_is_made_and_deleted_is_logged_counted_and_audited(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "welcoming")
    await count_statistics(api)
    response, timed = await respond(api, 2), await time_role(api, add_after=90_000)
    await api.rest("DELETE", f"{PATH}/responses/{response['response_id']}", json={"guild_id": GUILD})
    await api.rest("DELETE", f"{PATH}/timedroles/{timed['timedrole_id']}", json={"guild_id": GUILD})

    told = await log_lines(api)
    for line in (
        "added a welcoming response of type `channel welcome`",
        "deleted a welcoming response of type `channel welcome`",
        f"added the timed role <@&{MODERATORS}> after `1 day, 1:00:00`",
        f"deleted the timed role <@&{MODERATORS}>",
    ):
        assert f"**<@{OWNER}>** {line}" in told
    counted = [(row["metric"], row["user_id"]) for row in await api.rows("statistics_journal")]
    assert counted == [
        (f"modules/welcoming/{what}/{done}", OWNER)
        for what, done in (
            ("responses", "created"),
            ("timedroles", "created"),
            ("responses", "deleted"),
            ("timedroles", "deleted"),
        )
    ]
    assert [row["action"] for row in await api.rows("audit_log") if row["action"].startswith("welcoming")] == [
        "welcoming.response.create",
        "welcoming.timed_role.create",
        "welcoming.response.delete",
        "welcoming.timed_role.delete",
    ]


async def test_refusals_are_told_in_the_logs(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "welcoming")
    await respond(api)
    await time_role(api)
    response = {"guild_id": GUILD, "response_type": 1, "is_embed": False, "content": "x"}
    await refused(api, 409, "POST", f"{PATH}/responses", json=response)
    for role_id, add_after in ((MEMBERS, 5), (MODERATORS, 60)):
        body = {"guild_id": GUILD, "role_id": role_id, "add_after": add_after}
        await refused(api, 409, "POST", f"{PATH}/timedroles", json=body)
    await refused(api, 404, "DELETE", f"{PATH}/responses/x", json={"guild_id": GUILD})
    await refused(api, 404, "DELETE", f"{PATH}/timedroles/x", json={"guild_id": GUILD})
    await refused(api, 404, "PUT", f"{PATH}/settings", json={"guild_id": GUILD, "autorole_role_ids": [5]})
    told = await log_lines(api)
    for line in (
        "failed at welcoming response create: limit reached",
        "failed at welcoming timedrole create: limit reached",
        "failed at welcoming timedrole create: already added",
        "failed at welcoming response delete: not found",
        "failed at welcoming timedrole delete: not found",
        "failed at modules: not found",
    ):
        assert line in told
