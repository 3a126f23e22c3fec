"""The autoresponder over HTTP: triggers, responses, limits, and the life of the module."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from husqy_graphql.worker.modules import trim_guilds
from tests.conftest import GUILD, MEMBER, OWNER, QUIET_GUILD, Api
from tests.modules.helpers import enable, make_premium, refused
from tests.statements import counted

PATH = "/modules/autoresponder"
EMBED = '{"embeds": [{"title": "Ahoy <user_display_name>", "description": "in <channel_mention>"}]}'
MISSING = "00000000-0000-4000-8000-000000000000"


async def respond(api: Api, guild: int = GUILD, **values: Any) -> dict[str, Any]:
    body = {"guild_id": guild, "response_type": 1, "response_content": "hello", **values}
    response = await api.rest("POST", f"{PATH}/responses", json=body)
    assert response.status_code == 200, response.text
    return response.json()["data"]["response"]


async def trigger(api: Api, guild: int = GUILD, **values: Any) -> dict[str, Any]:
    body = {"guild_id": guild, "trigger_type": 2, "match_case": False, "trigger": "hi", **values}
    response = await api.rest("POST", f"{PATH}/triggers", json=body)
    assert response.status_code == 200, response.text
    return response.json()["data"]["trigger"]


async def listed(api: Api, what: str, guild: int = GUILD) -> list[dict[str, Any]]:
    return (await api.rest("GET", f"{PATH}/{what}?guild_id={guild}")).json()["data"][what]


async def test_it_begins_empty_and_ends_with_what_it_had(api: Api) -> None:
    assert await enable(api, "autoresponder") == {"triggers": [], "responses": []}
    made = await respond(api)
    hit = await trigger(api, response_ids=[made["response_id"]], allowed_role_ids=[5, 4, 5], ignored_channel_ids=[])

    assert hit == {
        "id": 1,
        "guild_id": str(GUILD),
        "trigger_id": hit["trigger_id"],
        "trigger_type": 2,
        "match_case": False,
        "trigger": "hi",
        "allowed_channel_ids": None,
        "ignored_channel_ids": None,
        "allowed_role_ids": "5,4",
        "ignored_role_ids": None,
        "response_ids": made["response_id"],
    }
    assert await listed(api, "triggers") == [hit]
    assert await listed(api, "responses") == [made]
    for what, row in (("trigger", hit), ("response", made)):
        one = await api.rest("GET", f"{PATH}/{what}s/{row[f'{what}_id']}?guild_id={GUILD}")
        assert one.json()["data"] == {what: row}
    disabled = await api.rest("POST", f"{PATH}/disable", json={"guild_id": GUILD})
    assert disabled.json()["data"] == {"triggers": [hit], "responses": [made]}
    for table in ("triggers", "responses", "filters", "links"):
        assert await api.rows(f"autoresponder_{table}") == []
    await refused(api, 404, "GET", f"{PATH}/triggers?guild_id={GUILD}")
    await refused(api, 409, "POST", f"{PATH}/triggers", json={"guild_id": GUILD, "trigger_type": 1, "match_case": True})
    await refused(api, 404, "PUT", f"{PATH}/triggers/{hit['trigger_id']}", json={"guild_id": GUILD})


async def test_a_purge_answers_what_was_stored_and_then_there_is_nothing(api: Api) -> None:
    await enable(api, "autoresponder")
    made = await respond(api)
    purged = await api.rest("DELETE", f"{PATH}/settings", token="sandbox-service", json={"guild_id": GUILD})

    assert purged.json()["data"] == {"triggers": [], "responses": [made]}
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json()["data"] == {"status": False}
    await refused(api, 404, "DELETE", f"{PATH}/settings", json={"guild_id": GUILD})


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"trigger_type": 5}, "#/trigger_type"),
        ({"trigger_type": None}, "#/trigger_type"),
        ({"match_case": None}, "#/match_case"),
        ({"match_case": "yes"}, "#/match_case"),
        ({"trigger": None}, "#/trigger"),
        ({"trigger": ""}, "#/trigger"),
        ({"trigger": "x" * 2001}, "#/trigger"),
        ({"trigger_type": 3, "trigger": None}, "#/trigger"),
        ({"trigger_type": 4, "trigger": None}, "#/trigger"),
        ({"allowed_role_ids": ["x"]}, "#/allowed_role_ids/0"),
        ({"allowed_role_ids": 5}, "#/allowed_role_ids"),
        ({"response_ids": [True]}, "#/response_ids/0"),
    ],
)
async def test_a_trigger_that_cannot_be_is_refused(api: Api, values: dict[str, Any], pointer: str) -> None:
    await enable(api, "autoresponder")
    body = {"guild_id": GUILD, "trigger_type": 2, "match_case": False, "trigger": "hi", **values}
    problem = await refused(api, 400, "POST", f"{PATH}/triggers", json=body)
    assert [each["pointer"] for each in problem["errors"]] == [pointer]


async def test_a_trigger_needs_responses_that_are_there(api: Api) -> None:
    await enable(api, "autoresponder")
    await enable(api, "autoresponder", QUIET_GUILD)
    foreign = (await respond(api, QUIET_GUILD))["response_id"]
    for response_id in (MISSING, foreign, "x"):
        body = {"guild_id": GUILD, "trigger_type": 1, "match_case": False, "response_ids": [response_id]}
        await refused(api, 404, "POST", f"{PATH}/triggers", json=body)
        # 404 of what is named goes before 400 and before 409.
        await refused(api, 404, "POST", f"{PATH}/triggers", json={**body, "trigger_type": 2})


async def test_a_wildcard_has_no_text(api: Api) -> None:
    await enable(api, "autoresponder")
    assert (await trigger(api, trigger_type=1, trigger="ignored"))["trigger"] is None


async def test_a_trigger_is_changed_as_a_whole(api: Api) -> None:
    await enable(api, "autoresponder")
    first, second = await respond(api), await respond(api)
    made = await trigger(api, allowed_channel_ids=[1, 2], response_ids=[first["response_id"]])
    path = f"{PATH}/triggers/{made['trigger_id']}"

    async def change(**values: Any) -> dict[str, Any]:
        response = await api.rest("PUT", path, json={"guild_id": GUILD, **values})
        assert response.status_code == 200, response.text
        return response.json()["data"]["trigger"]

    assert await change() == made
    both = [second["response_id"], first["response_id"], second["response_id"]]
    changed = await change(trigger="bye", match_case=True, response_ids=both, ignored_role_ids=[7])
    assert changed == {
        **made,
        "trigger": "bye",
        "match_case": True,
        "response_ids": f"{second['response_id']},{first['response_id']}",
        "ignored_role_ids": "7",
    }
    cleared = await change(allowed_channel_ids=[], ignored_role_ids=None, response_ids=None, match_case=None)
    assert cleared == {**changed, "allowed_channel_ids": None, "ignored_role_ids": None, "response_ids": None}
    assert (await change(trigger_type=1))["trigger"] is None
    problem = await refused(api, 400, "PUT", path, json={"guild_id": GUILD, "trigger_type": 3})
    assert problem["errors"][0]["pointer"] == "#/trigger"
    assert (await change(trigger_type=3, trigger="x"))["trigger_type"] == 3
    await refused(api, 404, "PUT", path, json={"guild_id": GUILD, "response_ids": [MISSING]})
    await refused(api, 404, "PUT", f"{PATH}/triggers/{MISSING}", json={"guild_id": GUILD, "match_case": True})
    actions = [row["action"] for row in await api.rows("audit_log")]
    assert actions.count("autoresponder.trigger.update") == 4


async def test_a_trigger_of_another_guild_is_not_there(api: Api) -> None:
    await enable(api, "autoresponder")
    await enable(api, "autoresponder", QUIET_GUILD)
    path = f"{PATH}/triggers/{(await trigger(api, QUIET_GUILD))['trigger_id']}"
    await refused(api, 404, "GET", f"{path}?guild_id={GUILD}")
    for method in ("PUT", "DELETE"):
        await refused(api, 404, method, path, json={"guild_id": GUILD})


async def test_deleting_answers_what_is_gone_once(api: Api) -> None:
    await enable(api, "autoresponder")
    made = await respond(api)
    hit = await trigger(api, response_ids=[made["response_id"]], ignored_channel_ids=[3])

    gone = await api.rest("DELETE", f"{PATH}/responses/{made['response_id']}", json={"guild_id": GUILD})
    assert gone.json()["data"] == {"response": made}
    assert await listed(api, "triggers") == [{**hit, "response_ids": None}]
    gone = await api.rest("DELETE", f"{PATH}/triggers/{hit['trigger_id']}", json={"guild_id": GUILD})
    assert gone.json()["data"] == {"trigger": {**hit, "response_ids": None}}
    for what, row in (("trigger", hit), ("response", made)):
        await refused(api, 404, "DELETE", f"{PATH}/{what}s/{row[f'{what}_id']}", json={"guild_id": GUILD})


@pytest.mark.parametrize(
    ("values", "pointers"),
    [
        ({"response_type": 4}, {"#/response_type"}),
        ({"response_type": 1, "response_content": None}, {"#/response_content"}),
        ({"response_type": 1, "response_content": "  "}, {"#/response_content"}),
        ({"response_type": 1, "response_content": "x" * 2001}, {"#/response_content"}),
        ({"response_type": 2, "response_content": "no JSON"}, {"#/response_content"}),
        ({"response_type": 2, "response_content": "[" * 16_000}, {"#/response_content"}),
        (
            {"response_type": 2, "response_content": '{"embeds": [{"title": 5}]}'},
            {"#/response_content/embeds/0/title"},
        ),
        ({"response_type": 3, "emoji_name": None}, {"#/emoji_name"}),
        ({"response_type": 3, "emoji_name": "husky", "emoji_id": "abc"}, {"#/emoji_id"}),
        ({"response_type": 3, "emoji_name": "", "emoji_id": "abc"}, {"#/emoji_name", "#/emoji_id"}),
    ],
)
async def test_a_response_that_cannot_be_is_refused(api: Api, values: dict[str, Any], pointers: set[str]) -> None:
    await enable(api, "autoresponder")
    problem = await refused(api, 400, "POST", f"{PATH}/responses", json={"guild_id": GUILD, **values})
    assert {each["pointer"] for each in problem["errors"]} == pointers


async def test_what_a_type_does_not_use_is_stored_as_null(api: Api) -> None:
    await enable(api, "autoresponder")
    reaction = await respond(api, response_type=3, response_content="x", emoji_name="🐶")
    assert (reaction["response_content"], reaction["emoji_name"], reaction["emoji_id"]) == (None, "🐶", None)
    message = await respond(api, emoji_name="🐶", emoji_id="5")
    assert (message["emoji_name"], message["emoji_id"]) == (None, None)


async def test_a_free_guild_has_one_trigger_and_three_responses(api: Api) -> None:
    await enable(api, "autoresponder")
    await trigger(api)
    for _ in range(3):
        await respond(api)

    body = {"guild_id": GUILD, "trigger_type": 1, "match_case": False}
    problem = await refused(api, 409, "POST", f"{PATH}/triggers", json=body)
    assert "at most 1 are allowed" in problem["detail"]
    body = {"guild_id": GUILD, "response_type": 1, "response_content": "x"}
    await refused(api, 409, "POST", f"{PATH}/responses", json=body)
    await make_premium(api)
    for _ in range(5):
        await trigger(api)
        await respond(api)


@pytest.mark.parametrize(
    ("what", "body", "most"),
    [
        ("triggers", {"trigger_type": 1, "match_case": False}, 1),
        ("responses", {"response_type": 1, "response_content": "x"}, 3),
    ],
)
async def test_a_limit_holds_under_fifty_at_once(api: Api, what: str, body: dict[str, Any], most: int) -> None:
    await enable(api, "autoresponder")
    answers = await asyncio.gather(
        *(api.rest("POST", f"{PATH}/{what}", json={"guild_id": GUILD, **body}) for _ in range(50))
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(409)) == (most, 50 - most)
    assert len(await api.rows(f"autoresponder_{what}")) == most


async def test_of_two_edits_at_once_one_wins_whole(api: Api) -> None:
    await enable(api, "autoresponder")
    made = await trigger(api)
    path = f"{PATH}/triggers/{made['trigger_id']}"
    edits = [
        {"trigger": f"text {n}", "allowed_role_ids": [n + 1, n + 2], "ignored_channel_ids": [n + 1]} for n in range(20)
    ]
    await asyncio.gather(*(api.rest("PUT", path, json={"guild_id": GUILD, **edit}) for edit in edits))

    [row] = await listed(api, "triggers")
    number = int(row["trigger"].split()[1])
    assert row["allowed_role_ids"] == f"{number + 1},{number + 2}"
    assert row["ignored_channel_ids"] == str(number + 1)


async def test_the_newest_go_when_premium_has_ended(api: Api) -> None:
    await enable(api, "autoresponder")
    await make_premium(api, ends="2026-04-01T00:00:00Z")
    responses = [await respond(api) for _ in range(5)]
    triggers = [await trigger(api, response_ids=[each["response_id"] for each in responses]) for _ in range(3)]

    await trim_guilds(api.program.worker)
    assert len(await listed(api, "triggers")) == 3
    api.clock.advance(days=40)
    for _ in range(2):  # a second time finds nothing to do
        await trim_guilds(api.program.worker)
        left = ",".join(each["response_id"] for each in responses[:3])
        assert await listed(api, "triggers") == [{**triggers[0], "response_ids": left}]
        assert await listed(api, "responses") == responses[:3]


async def test_a_member_is_counted_and_erased_in_the_texts(api: Api) -> None:
    await enable(api, "autoresponder")
    await respond(api, response_content=f"Ask mia or <@{MEMBER}>, not amia")
    await respond(api, response_type=2, response_content='{"embeds": [{"title": "Mia"}]}')
    await trigger(api, trigger="mia")
    options = {"token": "sandbox-service", "acting": MEMBER}
    query = f"{PATH}/privacy/get-user-entries?guild_id={GUILD}&privacy_member_id={MEMBER}"

    counted = (await api.rest("GET", query, **options)).json()["data"]
    assert counted == {"username": 2, "display_name": 1, "global_name": 1, "nickname": 0, "id": 1}
    body = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    deleted = await api.rest("DELETE", f"{PATH}/privacy/delete-user-entries", json=body, **options)
    assert deleted.status_code == 200
    assert set((await api.rest("GET", query, **options)).json()["data"].values()) == {0}
    contents = [each["response_content"] for each in await listed(api, "responses")]
    assert contents[0] == "Ask (removed_user) or (removed_user), not amia"
    assert contents[1] == '{"embeds":[{"title":"(removed_user)"}]}'
    assert (await listed(api, "triggers"))[0]["trigger"] == "(removed_user)"
    await refused(api, 403, "GET", query, token="sandbox-service", acting=OWNER)


async def test_a_dashboard_reads_the_page_with_one_query(api: Api) -> None:
    await enable(api, "autoresponder")
    made = await respond(api)
    await trigger(
        api,
        response_ids=[made["response_id"]],
        allowed_channel_ids=[1300000000000000311, 1],
        ignored_role_ids=[1300000000000000202, 2],
    )
    query = f"""{{ guild(id: "{GUILD}") {{ autoresponder {{
      triggers(type: CONTAINS) {{ nodes {{
        text type allowedChannels {{ name }} allowedChannelIds ignoredRoles {{ name }}
        responses {{ type content }} }} }}
      reactions: responses(type: REACTION) {{ nodes {{ id }} }}
      responses {{ nodes {{ responseId }} }} }} }} }}"""

    assert (await api.data(query))["guild"]["autoresponder"] == {
        "triggers": {
            "nodes": [
                {
                    "text": "hi",
                    "type": "CONTAINS",
                    "allowedChannels": [{"name": "general"}],
                    "allowedChannelIds": ["1300000000000000311", "1"],
                    "ignoredRoles": [{"name": "Moderators"}],
                    "responses": [{"type": "MESSAGE", "content": "hello"}],
                }
            ]
        },
        "reactions": {"nodes": []},
        "responses": {"nodes": [{"responseId": made["response_id"]}]},
    }


async def test_lists_have_a_constant_number_of_statements(api: Api) -> None:
    await enable(api, "autoresponder")
    await make_premium(api)
    seen: list[int] = []
    for _ in range(2):
        for _ in range(10):
            made = await respond(api)
            await trigger(api, response_ids=[made["response_id"]], allowed_role_ids=[1], ignored_channel_ids=[2])
        for name in ("triggers", "responses"):
            with counted(api) as statements:
                assert await listed(api, name)
            seen.append(len(statements))
    assert seen[:2] == seen[2:]
    assert 2 <= seen[0] <= 5


async def test_rest_and_graphql_store_the_same(api: Api) -> None:
    guilds = {"rest": GUILD, "graphql": QUIET_GUILD}
    await enable(api, "autoresponder", guilds["rest"])
    made = await respond(api, guilds["rest"], response_type=2, response_content=EMBED)
    hit = await trigger(api, guilds["rest"], allowed_role_ids=[5], response_ids=[made["response_id"]])
    path = f"{PATH}/triggers/{hit['trigger_id']}"
    await api.rest("PUT", path, json={"guild_id": guilds["rest"], "match_case": True, "trigger": "Yo"})

    guild = str(guilds["graphql"])
    await api.data(f'mutation {{ moduleEnable(guildId: "{guild}", module: AUTORESPONDER) {{ guild {{ id }} }} }}')
    created = await api.data(
        """mutation ($guild: Snowflake!, $content: String) { autoresponderResponseCreate(guildId: $guild,
          input: {type: EMBED, content: $content}) { response { responseId } } }""",
        guild=guild,
        content=EMBED,
    )
    response_id = created["autoresponderResponseCreate"]["response"]["responseId"]
    created = await api.data(
        """mutation ($guild: Snowflake!, $response: ID!) { autoresponderTriggerCreate(guildId: $guild, input: {
          type: CONTAINS, text: "hi", allowedRoleIds: ["5"], responseIds: [$response]}) { trigger { triggerId } } }""",
        guild=guild,
        response=response_id,
    )
    await api.data(
        """mutation ($guild: Snowflake!, $id: ID!) { autoresponderTriggerUpdate(guildId: $guild, triggerId: $id,
          input: {matchCase: true, text: "Yo"}) { trigger { id } } }""",
        guild=guild,
        id=created["autoresponderTriggerCreate"]["trigger"]["triggerId"],
    )

    for table in ("triggers", "responses", "filters", "links"):
        unlike = {"id", "guild_id", "trigger_id", "response_id", "trigger_row_id", "response_row_id"}
        rows = await api.rows(f"autoresponder_{table}")
        one, two = (
            [
                {name: value for name, value in row.items() if name not in unlike}
                for row in rows
                if row["guild_id"] == each
            ]
            for each in guilds.values()
        )
        assert one == two
        assert one
