"""The invite tracker: switched on and off, its settings, and what a dashboard sees."""

from __future__ import annotations

from typing import Any

import pytest

from husqy_graphql.worker.modules import clean_invites
from tests.conftest import (
    ADMIN,
    GUILD,
    MEMBER,
    OUTSIDER,
    OWNER,
    Api,
)
from tests.modules.helpers import FORUM, GENERAL_CHANNEL, refused
from tests.modules.invites import (
    BOT,
    PATH,
    WELCOME,
    add_people,
    allow_husqy,
    body,
    create_as,
    joined,
    links,
    make_on_discord,
    on,
    on_discord,
    put,
    report,
    take,
    take_as,
    uses,
)
from tests.modules.tags import prevent_data_collection

DEFAULTS = {
    "join_messages_enabled": False, "join_messages_channel": None, "join_message_is_embed": False,
    "join_message_content": None, "leave_messages_enabled": False, "leave_messages_channel": None,
    "leave_message_is_embed": False, "leave_message_content": None, "prevent_own_invite_code": True,
    "server_shared_invite_link": None,
}  # fmt: skip
CATEGORY = 1300000000000000301
EMBED = '{"embeds": [{"title": "Hi <user_display_name>"}]}'
NEVER = "1300000000000000999"


async def test_switching_on_follows_the_invites_that_are_there(api: Api) -> None:
    code = await make_on_discord(api, max_age=60)
    await take(api, code)
    hidden = await make_on_discord(api, "Bearer sandbox-admin")
    await prevent_data_collection(api, ADMIN)

    enabled = await on(api)

    assert enabled["settings"] == {"id": 1, "guild_id": str(GUILD), **DEFAULTS}
    assert enabled["invites"] == [
        {
            "id": 1, "guild_id": str(GUILD), "invite_id": code, "channel_id": str(GENERAL_CHANNEL), "current_uses": 1,
            "expires_at": "2026-03-01T12:01:00Z", "owner_id": str(OWNER),
        }
    ]  # fmt: skip
    assert enabled["stats_uses"] == []
    assert hidden not in str(enabled)


@pytest.mark.parametrize("permissions", [1 << 10, 1 << 10 | 1 << 7])
async def test_without_manage_server_it_begins_with_nothing(api: Api, permissions: int) -> None:
    await make_on_discord(api)
    allow_husqy(api, permissions)

    assert (await on(api))["invites"] == []


async def test_a_silent_discord_leaves_it_off(api: Api) -> None:
    await api.fault({"method": "GET", "path": "/invites", "status": 503, "times": 9})
    answer = await api.rest("POST", f"{PATH}/enable", json={"guild_id": GUILD})
    assert answer.status_code == 503
    assert await api.rows("module_invite_tracker") == []
    assert await api.rows("module_intents") == []
    await api.fault()
    await on(api)


async def test_both_addresses_lead_there(api: Api) -> None:
    await on(api)
    for path in (PATH, "/modules/invite-tracker"):
        answer = await api.rest("GET", f"{path}/settings?guild_id={GUILD}")
        assert answer.json()["data"]["settings"]["prevent_own_invite_code"] is True
        assert (await api.rest("GET", f"{path}/livez", token=None)).status_code == 200


async def test_switching_off_deletes_rows_and_leaves_the_invites(api: Api) -> None:
    await on(api)
    code = await create_as(api)
    await take(api, code)
    await joined(api, OUTSIDER)

    answer = (await api.rest("POST", f"{PATH}/disable", json={"guild_id": GUILD})).json()["data"]

    assert [invite["invite_id"] for invite in answer["invites"]] == [code]
    assert [use["member_id"] for use in answer["stats_uses"]] == [str(OUTSIDER)]
    assert answer["settings"]["guild_id"] == str(GUILD)
    for table in ("module_invite_tracker", "invite_tracker_invites", "invite_tracker_uses", "invite_tracker_intents"):
        assert await api.rows(table) == []
    assert await api.rows("jobs") == []
    assert list(await on_discord(api)) == [code]
    for method, path in (("GET", "settings"), ("GET", "invite-links"), ("PUT", "settings"), ("GET", "stats/uses")):
        values = {"guild_id": GUILD, "inviter_id": MEMBER}
        request: dict[str, Any] = {"json": values} if method == "PUT" else {"params": values}
        await refused(api, 404, method, f"{PATH}/{path}", **request)
    await refused(api, 409, "POST", f"{PATH}/invite", json=body())
    await refused(api, 409, "DELETE", f"{PATH}/invite", json={"guild_id": GUILD, "invite_code": code})
    for event in ("invite/create", "invite/delete", "join/check-invite", "leave/check-invite"):
        request = {"guild_id": GUILD, "invite_code": code, "channel_id": 1}
        await refused(api, 409, "POST", f"{PATH}/events/{event}", json=request, **BOT)


async def test_settings_are_changed_in_part_and_cleared_by_null(api: Api) -> None:
    await on(api)
    changed = await put(
        api, join_messages_enabled=True, join_messages_channel=WELCOME, join_message_content="<user_mention>",
        server_shared_invite_link="https://discord.gg/husqy",
    )  # fmt: skip
    assert changed == {
        "id": 1, "guild_id": str(GUILD), **DEFAULTS, "join_messages_enabled": True,
        "join_messages_channel": str(WELCOME), "join_message_content": "<user_mention>",
        "server_shared_invite_link": "https://discord.gg/husqy",
    }  # fmt: skip

    assert await put(api, join_messages_enabled=None, prevent_own_invite_code=None) == changed
    assert await put(api) == changed
    changed = await put(api, join_message_is_embed=True, join_message_content=EMBED, prevent_own_invite_code=False)
    assert changed["join_message_is_embed"] is True
    off = await put(
        api, join_messages_enabled=False, join_messages_channel=None, join_message_content=None,
        join_message_is_embed=False, prevent_own_invite_code=True, server_shared_invite_link=None,
    )  # fmt: skip
    assert off == {"id": 1, "guild_id": str(GUILD), **DEFAULTS}
    audit = [row for row in await api.rows("audit_log") if row["action"] == "invite_tracker.settings.update"]
    assert len(audit) == 3
    assert "user_mention" not in str(audit)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"join_messages_enabled": True}, ["join_messages_channel", "join_message_content"]),
        ({"leave_messages_enabled": True, "leave_messages_channel": WELCOME}, ["leave_message_content"]),
        ({"join_messages_channel": FORUM}, ["join_messages_channel"]),
        ({"leave_messages_channel": CATEGORY}, ["leave_messages_channel"]),
        (
            {"join_messages_channel": NEVER, "leave_messages_channel": NEVER},
            ["join_messages_channel", "leave_messages_channel"],
        ),
        ({"join_message_is_embed": True, "join_message_content": "no"}, ["join_message_content"]),
        ({"join_message_content": "x" * 2001}, ["join_message_content"]),
        ({"leave_message_content": "  "}, ["leave_message_content"]),
        ({"server_shared_invite_link": "x" * 256}, ["server_shared_invite_link"]),
    ],
)  # fmt: skip
async def test_settings_that_cannot_be_are_refused(api: Api, changes: dict[str, Any], fields: list[str]) -> None:
    await on(api)
    problem = await refused(api, 400, "PUT", f"{PATH}/settings", json={"guild_id": GUILD, **changes})
    assert [error["pointer"] for error in problem["errors"]] == [f"#/{field}" for field in fields]


async def test_what_the_settings_would_be_counts(api: Api) -> None:
    await on(api, join_messages_enabled=True, join_messages_channel=WELCOME, join_message_content="hi")
    for changes in ({"join_messages_channel": None}, {"join_message_content": None}, {"join_message_is_embed": True}):
        await refused(api, 400, "PUT", f"{PATH}/settings", json={"guild_id": GUILD, **changes})
    await put(api, join_message_content="x" * 2000, server_shared_invite_link="x" * 255)


async def test_expired_invites_and_old_uses_go(api: Api) -> None:
    await on(api)
    code = await create_as(api, max_age=60)
    stays = await create_as(api, max_age=604_800)
    await take(api, code)
    await joined(api, OUTSIDER)
    api.clock.advance(seconds=60)
    await clean_invites(api.program.worker)
    assert [each["invite_id"] for each in await links(api)] == [stays]
    assert len(await uses(api)) == 1
    api.clock.advance(days=31, seconds=-60)
    await clean_invites(api.program.worker)
    assert len(await uses(api)) == 1
    api.clock.advance(seconds=1)
    assert await uses(api) == []  # not shown, though still there
    assert len(await api.rows("invite_tracker_uses")) == 1
    await clean_invites(api.program.worker)
    assert await api.rows("invite_tracker_uses") == []
    assert await links(api) == []


async def test_a_dashboard_sees_inviters(api: Api) -> None:
    await on(api)
    people = add_people(api, 3)
    codes = [await create_as(api, MEMBER), await create_as(api, ADMIN)]
    for person, code in zip(people, (codes[0], codes[0], codes[1]), strict=True):
        await take_as(api, person, code)
        await joined(api, person)
    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{people[0]}")
    await report(api, "leave/check-invite", people[0])

    query = """query ($guild: Snowflake!, $code: String!, $member: Snowflake!) { guild(id: $guild) { inviteTracker {
      settings { joinMessage { enabled channel { name } } }
      invites(first: 1, ownerId: $member) { nodes { id url currentUses owner { name } channel { name } }
        pageInfo { hasNextPage } }
      invite(code: $code) { ownerId }
      uses(first: 2) { nodes { memberId member { name } inviter { name } hasLeft } pageInfo { hasNextPage } }
      inviters { userId joins leaves total member { name } }
      best: inviters(first: 1) { userId }
      inviter(userId: $member) { joins leaves total }
      nobody: inviter(userId: "1") { joins leaves total } } } }"""
    found = (await api.data(query, guild=str(GUILD), code=codes[1], member=str(MEMBER)))["guild"]["inviteTracker"]

    assert found["settings"] == {"joinMessage": {"enabled": False, "channel": None}}
    [invite] = found["invites"]["nodes"]
    assert (invite["currentUses"], invite["owner"]["name"], invite["channel"]["name"]) == (2, "Mia", "general")
    assert found["invite"] == {"ownerId": str(ADMIN)}
    assert [each["hasLeft"] for each in found["uses"]["nodes"]] == [True, False]
    assert found["uses"]["nodes"][0]["member"] is None
    assert found["uses"]["pageInfo"]["hasNextPage"] is True
    assert found["inviters"] == [
        {"userId": str(ADMIN), "joins": 1, "leaves": 0, "total": 1, "member": {"name": "Adam"}},
        {"userId": str(MEMBER), "joins": 2, "leaves": 1, "total": 1, "member": {"name": "Mia"}},
    ]
    assert found["best"] == [{"userId": str(ADMIN)}]
    assert found["inviter"] == {"joins": 2, "leaves": 1, "total": 1}
    assert found["nobody"] == {"joins": 0, "leaves": 0, "total": 0}
    node = await api.data("query ($id: ID!) { node(id: $id) { id __typename } }", id=invite["id"])
    assert node["node"] == {"id": invite["id"], "__typename": "TrackedInvite"}
