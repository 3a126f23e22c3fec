"""The welcoming module over HTTP: its settings, what it knows of members, and its life."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import GUILD, MEMBER, OWNER, QUIET_GUILD, UNKNOWN_GUILD, Api
from tests.guilds.test_statements import counted
from tests.modules.helpers import CLOSED_CHANNEL, FORUM, GENERAL_CHANNEL, enable, make_premium, refused
from tests.modules.welcoming import (
    ADMINS,
    DEFAULTS,
    EMBED,
    FOUNDERS,
    HUSQYS,
    INTEGRATION,
    MEMBERS,
    MISSING,
    MODERATORS,
    PATH,
    SERVICE,
    WELCOME_CHANNEL,
    change,
    listed,
    respond,
    time_role,
)

TABLES = ("settings", "autoroles", "responses", "timed_roles")


async def test_it_begins_with_everything_off_and_ends_with_what_it_had(api: Api) -> None:
    assert await enable(api, "welcoming") == {"settings": DEFAULTS}
    await refused(api, 409, "POST", f"{PATH}/enable", json={"guild_id": GUILD})
    response, timed = await respond(api), await time_role(api)
    settings = await change(api, autorole_role_ids=[ADMINS, MEMBERS, ADMINS])

    assert response == {
        "id": 1,
        "guild_id": str(GUILD),
        "response_id": response["response_id"],
        "response_type": 1,
        "is_embed": False,
        "content": "hello",
    }
    assert timed == {
        "id": 1,
        "guild_id": str(GUILD),
        "timedrole_id": timed["timedrole_id"],
        "role_id": str(MODERATORS),
        "add_after": 60,
    }
    assert await listed(api, "settings") == settings
    assert await listed(api, "responses") == [response]
    assert await listed(api, "timedroles") == [timed]
    for what, row in (("response", response), ("timedrole", timed)):
        one = await api.rest("GET", f"{PATH}/{what}s/{row[f'{what}_id']}?guild_id={GUILD}", token="sandbox-service")
        assert one.json()["data"] == {what: row}
    disabled = await api.rest("POST", f"{PATH}/disable", json={"guild_id": GUILD})
    assert disabled.json()["data"] == {"settings": settings, "responses": [response], "timedroles": [timed]}
    for table in TABLES:
        assert await api.rows(f"welcoming_{table}") == []
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json()["data"] == {"status": False}
    await refused(api, 409, "POST", f"{PATH}/disable", json={"guild_id": GUILD})


async def test_a_purge_answers_what_was_stored_and_then_there_is_nothing(api: Api) -> None:
    await enable(api, "welcoming")
    made = await respond(api)
    purged = await api.rest("DELETE", f"{PATH}/settings", token="sandbox-service", json={"guild_id": GUILD})

    assert purged.json()["data"] == {"settings": DEFAULTS, "responses": [made], "timedroles": []}
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json()["data"] == {"status": False}
    await refused(api, 404, "DELETE", f"{PATH}/settings", json={"guild_id": GUILD})


@pytest.mark.parametrize(
    ("status", "method", "path", "body"),
    [
        (404, "GET", "/settings", None),
        (404, "GET", "/responses", None),
        (404, "GET", f"/responses/{MISSING}", None),
        (404, "GET", "/timedroles", None),
        (404, "GET", f"/timedroles/{MISSING}", None),
        (404, "PUT", "/settings", {"autorole_enabled": True}),
        (404, "PUT", "/settings", {"autorole_role_ids": [MEMBERS]}),
        (409, "POST", "/responses", {"response_type": 1, "is_embed": False, "content": "x"}),
        (409, "POST", "/timedroles", {"role_id": MEMBERS, "add_after": 1}),
        (404, "DELETE", f"/responses/{MISSING}", {}),
        (404, "DELETE", f"/timedroles/{MISSING}", {}),
    ],
)
async def test_without_the_module_nothing_is_there(
    api: Api, status: int, method: str, path: str, body: dict[str, Any] | None
) -> None:
    options = {"params": {"guild_id": GUILD}} if body is None else {"json": {"guild_id": GUILD, **body}}
    await refused(api, status, method, f"{PATH}{path}", **options)
    assert not any(call["path"].endswith("/channels") for call in await api.calls())


async def test_settings_keep_what_is_not_given(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "welcoming")
    made = await respond(api, 3)
    before = await api.everything()
    assert await change(api) == DEFAULTS
    assert (
        await change(api, leave_messages_enabled=None, autorole_role_ids=None, leave_messages_channel=None) == DEFAULTS
    )
    assert await api.everything() == before
    given = {
        "welcome_messages_dm_enabled": True,
        "welcome_messages_dm_randomized": True,
        "welcome_messages_enabled": True,
        "welcome_messages_channel": GENERAL_CHANNEL,
        "leave_messages_enabled": True,
        "leave_messages_randomized": True,
        "leave_messages_channel": str(WELCOME_CHANNEL),
        "leave_message_response_id": made["response_id"],
        "autorole_enabled": True,
        "autorole_role_ids": [MODERATORS, MEMBERS],
        "timedroles_enabled": True,
    }
    shown = {
        "welcome_messages_channel": str(GENERAL_CHANNEL),
        "autorole_role_ids": f"{MODERATORS},{MEMBERS}",
    }

    assert await change(api, **given) == {**DEFAULTS, **given, **shown}
    assert await change(api, timedroles_enabled=False) == {**DEFAULTS, **given, **shown, "timedroles_enabled": False}
    cleared = {"autorole_role_ids": None, "leave_message_response_id": None, "welcome_messages_channel": None}
    after = await change(api, **cleared, leave_messages_enabled=None)
    assert after == {**DEFAULTS, **given, **cleared, "timedroles_enabled": False}
    assert await listed(api, "settings") == after
    [entry] = [row for row in await api.rows("audit_log") if row["action"] == "welcoming.settings.update"][-1:]
    assert "welcome_channel_id" in str(entry["changes"])


@pytest.mark.parametrize(
    ("status", "values", "pointers"),
    [
        (400, {"autorole_enabled": "yes"}, {"#/autorole_enabled"}),
        (400, {"autorole_role_ids": 5}, {"#/autorole_role_ids"}),
        (400, {"autorole_role_ids": [1, "x"]}, {"#/autorole_role_ids/1"}),
        (400, {"welcome_messages_channel": "general"}, {"#/welcome_messages_channel"}),
        (400, {"welcome_messages_channel": FORUM}, {"#/welcome_messages_channel"}),
        (400, {"leave_messages_channel": FORUM}, {"#/leave_messages_channel"}),
        (400, {"autorole_role_ids": [MEMBERS, GUILD]}, {"#/autorole_role_ids/1"}),
        (
            400,
            {"autorole_role_ids": [INTEGRATION, HUSQYS], "leave_messages_channel": FORUM},
            {"#/autorole_role_ids/0", "#/autorole_role_ids/1", "#/leave_messages_channel"},
        ),
        (404, {"welcome_messages_channel": 5}, set()),
        (404, {"leave_messages_channel": 5}, set()),
        (404, {"autorole_role_ids": [MEMBERS, 5]}, set()),
        (404, {"autorole_role_ids": [GUILD, 5]}, set()),  # 404 goes before 400
        (404, {"welcome_message_response_id": MISSING}, set()),
        (404, {"welcome_message_dm_response_id": "x"}, set()),
        (400, {"leave_message_response_id": ""}, {"#/leave_message_response_id"}),
    ],
)
async def test_settings_that_cannot_be_are_refused(
    api: Api, status: int, values: dict[str, Any], pointers: set[str]
) -> None:
    await enable(api, "welcoming")
    problem = await refused(api, status, "PUT", f"{PATH}/settings", json={"guild_id": GUILD, **values})
    assert {each["pointer"] for each in problem.get("errors", ())} == pointers


async def test_a_response_is_chosen_for_its_own_type_and_guild(api: Api) -> None:
    await enable(api, "welcoming")
    await enable(api, "welcoming", QUIET_GUILD)
    foreign = (await respond(api, 1, guild=QUIET_GUILD))["response_id"]
    ids = {kind: (await respond(api, kind))["response_id"] for kind in (1, 2, 3)}
    columns = {1: "welcome_message_dm_response_id", 2: "welcome_message_response_id", 3: "leave_message_response_id"}
    for kind, column in columns.items():
        for other, response_id in ids.items():
            if other != kind:
                body = {"guild_id": GUILD, column: response_id}
                problem = await refused(api, 400, "PUT", f"{PATH}/settings", json=body)
                assert [each["pointer"] for each in problem["errors"]] == [f"#/{column}"]
        assert (await change(api, **{column: ids[kind]}))[column] == ids[kind]
        await refused(api, 404, "PUT", f"{PATH}/settings", json={"guild_id": GUILD, column: foreign})


async def test_a_channel_in_which_husqy_may_not_write_and_a_role_above_it_are_accepted(api: Api) -> None:
    await enable(api, "welcoming")
    changed = await change(api, welcome_messages_channel=CLOSED_CHANNEL, autorole_role_ids=[FOUNDERS])
    assert changed["welcome_messages_channel"] == str(CLOSED_CHANNEL)
    await time_role(api, FOUNDERS)


@pytest.mark.parametrize(
    "fault", [{"status": 403}, {"status": 404}, {"status": 500, "times": 9}, {"drop": "after", "times": 9}]
)
@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        ("settings", "PUT", {"autorole_role_ids": [MEMBERS]}),
        ("settings", "PUT", {"leave_messages_channel": GENERAL_CHANNEL}),
        ("timedroles", "POST", {"role_id": MEMBERS, "add_after": 5}),
    ],
)
async def test_when_discord_fails_nothing_is_stored(
    api: Api, fault: dict[str, Any], path: str, method: str, body: dict[str, Any]
) -> None:
    await enable(api, "welcoming")
    await api.fault({"path": f"/guilds/{GUILD}(/channels)?$", **fault})
    before = await api.everything()

    answer = await api.rest(method, f"{PATH}/{path}", json={"guild_id": GUILD, **body})

    assert answer.status_code in {404, 500, 503}, answer.text
    assert await api.everything() == before


async def test_a_member_is_counted_and_the_texts_stay(api: Api) -> None:
    await enable(api, "welcoming")
    await respond(api, 1, f"Ask mia or <@{MEMBER}>, not amia")
    await respond(api, 2, '{"embeds": [{"title": "Mia"}]}', is_embed=True)
    query = f"{PATH}/privacy/get-user-entries?guild_id={GUILD}&privacy_member_id={MEMBER}"
    expected = {"username": 1, "display_name": 1, "global_name": 1, "nickname": 0, "id": 1}
    assert (await api.rest("GET", query, **SERVICE)).json()["data"] == expected
    before = await api.everything()

    for _ in range(2):
        deleted = await api.rest(
            "DELETE",
            f"{PATH}/privacy/delete-user-entries",
            json={"guild_id": GUILD, "privacy_member_id": MEMBER},
            **SERVICE,
        )
        assert deleted.status_code == 200
        assert "nothing was deleted" in deleted.json()["data"]["message"]
    assert await api.everything() == before
    await refused(api, 403, "GET", query, token="sandbox-service", acting=OWNER)
    body = {"guild_id": UNKNOWN_GUILD, "privacy_member_id": MEMBER}
    await refused(api, 404, "DELETE", f"{PATH}/privacy/delete-user-entries", json=body, **SERVICE)


async def test_lists_have_a_constant_number_of_statements(api: Api) -> None:
    await enable(api, "welcoming")
    await make_premium(api)
    page = f"""{{ guild(id: "{GUILD}") {{ welcoming {{
      settings {{ welcomeMessage {{ response {{ content }} }} leaveMessage {{ response {{ content }} }}
        autorole {{ roleIds }} }}
      responses(first: 100) {{ nodes {{ content }} }}
      timedRoles(first: 100) {{ nodes {{ role {{ name }} }} }} }} }} }}"""
    seen: list[int] = []
    for turn in range(2):
        for number in range(10):
            await respond(api, 2)
            await time_role(api, add_after=turn * 10 + number + 1)
        made = await respond(api, 2)
        await change(api, welcome_message_response_id=made["response_id"], autorole_role_ids=[MEMBERS, MODERATORS])
        for request in (listed(api, "responses"), listed(api, "timedroles"), api.data(page)):
            with counted(api) as statements:
                assert await request
            seen.append(len(statements))
    assert seen[:3] == seen[3:]
    assert max(seen) <= 6


async def test_responses_are_nodes(api: Api) -> None:
    await enable(api, "welcoming")
    await respond(api, 1, EMBED, is_embed=True)
    await time_role(api)
    page = await api.data(
        f"""{{ guild(id: "{GUILD}") {{ welcoming {{ settings {{ id }} responses {{ nodes {{ id }} }}
          timedRoles {{ nodes {{ id }} }} }} }} }}"""
    )
    welcoming = page["guild"]["welcoming"]
    ids = [welcoming["settings"]["id"], *(each["nodes"][0]["id"] for each in list(welcoming.values())[1:])]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
    found = (await api.data(query, ids=ids, token="sandbox-service"))["nodes"]
    assert [each["__typename"] for each in found] == ["WelcomingSettings", "WelcomingResponse", "WelcomingTimedRole"]
    assert (await api.data(query, ids=ids, token="sandbox-member"))["nodes"] == [None, None, None]


async def test_a_dashboard_reads_the_page_with_one_query_and_saves_with_one_mutation(api: Api) -> None:
    await enable(api, "welcoming")
    response = await respond(api, 2)
    timed = await time_role(api)
    saved = await api.data(
        """mutation ($guild: Snowflake!, $input: WelcomingSettingsUpdateInput!) {
          welcomingSettingsUpdate(guildId: $guild, input: $input) { settings {
            welcomeMessage { enabled channel { name } response { content } } autorole { roles { name } } } } }""",
        guild=str(GUILD),
        input={
            "welcomeMessage": {
                "enabled": True,
                "channelId": str(WELCOME_CHANNEL),
                "responseId": response["response_id"],
            },
            "autorole": {"enabled": True, "roleIds": [str(MEMBERS), str(MODERATORS)]},
            "timedRolesEnabled": True,
        },
    )
    message = {"enabled": True, "channel": {"name": "welcome"}, "response": {"content": "hello"}}
    roles = {"roles": [{"name": "Members"}, {"name": "Moderators"}]}
    assert saved["welcomingSettingsUpdate"]["settings"] == {"welcomeMessage": message, "autorole": roles}

    await api.rest("DELETE", f"/modules/welcoming/responses/{response['response_id']}", json={"guild_id": GUILD})
    page = await api.data(
        f"""{{ guild(id: "{GUILD}") {{ welcoming {{
          settings {{ timedRolesEnabled directMessage {{ enabled randomized response {{ content }} }}
            welcomeMessage {{ channelId responseId response {{ content }} }}
            leaveMessage {{ channel {{ name }} channelId }} autorole {{ enabled roleIds }} }}
          greetings: responses(type: CHANNEL_WELCOME) {{ nodes {{ content }} }}
          timedRoles(first: 1, roleId: "{MODERATORS}") {{ nodes {{ timedRoleId addAfter role {{ name }} }}
            pageInfo {{ hasNextPage }} }}
          none: timedRoles(roleId: "1") {{ nodes {{ id }} }} response(responseId: "x") {{ id }} }} }} }}"""
    )
    assert page["guild"]["welcoming"] == {
        "settings": {
            "timedRolesEnabled": True,
            "directMessage": {"enabled": False, "randomized": False, "response": None},
            "welcomeMessage": {"channelId": str(WELCOME_CHANNEL), "responseId": None, "response": None},
            "leaveMessage": {"channel": None, "channelId": None},
            "autorole": {"enabled": True, "roleIds": [str(MEMBERS), str(MODERATORS)]},
        },
        "greetings": {"nodes": []},
        "timedRoles": {
            "nodes": [
                {"timedRoleId": timed["timedrole_id"], "addAfter": 60, "role": {"name": "Moderators"}},
            ],
            "pageInfo": {"hasNextPage": False},
        },
        "none": {"nodes": []},
        "response": None,
    }


async def test_a_fault_in_graphql_names_its_field(api: Api) -> None:
    await enable(api, "welcoming")
    mutation = """mutation ($guild: Snowflake!, $input: WelcomingSettingsUpdateInput!) {
      welcomingSettingsUpdate(guildId: $guild, input: $input) { settings { id } } }"""
    given = {"leaveMessage": {"channelId": str(FORUM)}, "autorole": {"roleIds": [str(GUILD)]}}
    error = await api.error(mutation, guild=str(GUILD), input=given)
    assert error["extensions"]["fields"].keys() == {"input.leaveMessage.channelId", "input.autorole.roleIds.0"}
