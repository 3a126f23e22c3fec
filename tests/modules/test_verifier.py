"""The verifier's settings, lists and lifecycle; its checks and what it knows of members have files of their own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from husqy_graphql.core.key_ring import create_key_ring
from husqy_graphql.modules.verifier.service import rotate_passphrases
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OWNER, QUIET_GUILD, UNKNOWN_GUILD, Api
from tests.guilds.test_statements import counted
from tests.modules.verifying import (
    ADMINS,
    BASE,
    CHANNEL,
    INTEGRATION,
    MEMBERS,
    MODERATORS,
    change,
    enabled,
    error_of,
    handle,
    lines,
    log,
    opened,
    put,
    writes,
)

PAGE = f"""query ($first: Int, $after: String, $verified: Boolean, $user: Snowflake) {{ guild(id: "{GUILD}") {{
  verifier {{ settings {{ id type channelId channel {{ id name }} verifiedRoleIds verifiedRoles {{ id name }}
    promptContent promptIsEmbed completedContent completedIsEmbed passphrase }} }}
  verifierEntries(first: $first, after: $after, verified: $verified, userId: $user) {{
    nodes {{ id verifierId userId verified messageId channelId channel {{ name }} createdAt }}
    pageInfo {{ hasNextPage endCursor }} }} }} }}"""
UPDATE = f"""mutation ($input: VerifierSettingsUpdateInput!) {{
  verifierSettingsUpdate(guildId: "{GUILD}", input: $input) {{
    settings {{ type channelId verifiedRoleIds passphrase promptContent promptIsEmbed }} }} }}"""
EMBED = json.dumps({"embeds": [{"title": "Hi"}]})


async def test_the_defaults_are_a_click_by_direct_message(api: Api) -> None:
    settings = await enabled(api)

    prompt = json.loads(settings.pop("verifier_message_content"))
    completed = json.loads(settings.pop("verifier_message_content_completed"))
    assert settings == {
        "id": 1, "guild_id": str(GUILD), "verifier_type": 1, "verifier_verified_role_ids": None,
        "verifier_message_is_embed": True, "verifier_channel": None, "verifier_passphrase": None,
        "verifier_message_completed_is_embed": True,
    }  # fmt: skip
    for text in (prompt, completed):
        [embed] = text["embeds"]
        assert embed["color"] == 661809
        assert "<server_name>" in embed["description"]


async def test_switching_on_and_off_is_told_and_returns_what_was_stored(api: Api) -> None:
    status = f"{BASE}/status?guild_id={GUILD}"
    assert (await api.rest("GET", status)).json()["data"] == {"status": False}
    settings = await enabled(api, passphrase="wuff", verified_role_ids=[MEMBERS])
    verifier_id = await opened(api)
    assert (await api.rest("GET", status)).json()["data"] == {"status": True}
    assert (await api.rest("POST", f"{BASE}/enable", json={"guild_id": GUILD})).status_code == 409

    off = await api.rest("POST", f"{BASE}/disable", json={"guild_id": GUILD})

    data = off.json()["data"]
    assert data["settings"] == settings
    assert [entry["verifier_id"] for entry in data["entries"]] == [verifier_id]
    for table in ("module_verifier", "verifier_roles", "verifier_entries"):
        assert await api.rows(table) == []
    assert (await api.rest("POST", f"{BASE}/disable", json={"guild_id": GUILD})).status_code == 409
    assert (await api.rest("DELETE", f"{BASE}/settings", json={"guild_id": GUILD})).status_code == 404


async def test_a_purge_by_the_bot_tells_nobody_the_passphrase(api: Api) -> None:
    await enabled(api, passphrase="wuff")
    await opened(api)

    gone = await api.rest("DELETE", f"{BASE}/settings", token="sandbox-service", json={"guild_id": GUILD})

    assert gone.json()["data"]["settings"]["verifier_passphrase"] is None
    assert len(gone.json()["data"]["entries"]) == 1
    assert (await api.rest("GET", f"{BASE}/status?guild_id={GUILD}")).json()["data"] == {"status": False}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/settings", 404), ("PUT", "/settings", 404), ("GET", "/entries", 404),
        ("POST", "/event/create-verification", 409),
    ],
)  # fmt: skip
async def test_while_the_module_is_off_nothing_else_works(api: Api, method: str, path: str, status: int) -> None:
    await writes(api)
    before, asked = await api.everything(), await writes(api)
    values: dict[str, Any] = {"guild_id": GUILD, "requester": "husqy", "verifier_type": 3}
    options: dict[str, Any] = {"params": {"guild_id": GUILD}} if method == "GET" else {"json": values}
    if "create" in path:
        options |= {"token": "sandbox-service", "acting": MEMBER}

    response = await api.rest(method, f"{BASE}{path}", **options)

    assert response.status_code == status
    assert "The module verifier is off" in response.json()["detail"]
    assert await api.everything() == before
    assert await writes(api) == asked


async def test_an_unknown_guild_is_not_found_for_the_bot_and_forbidden_for_people(api: Api) -> None:
    body = {"guild_id": UNKNOWN_GUILD, "requester": "husqy"}
    path = f"{BASE}/event/create-verification"
    assert (await api.rest("POST", path, token="sandbox-service", acting=MEMBER, json=body)).status_code == 404
    settings = f"{BASE}/settings?guild_id={UNKNOWN_GUILD}"
    assert (await api.rest("GET", settings, token="sandbox-service")).status_code == 404
    assert (await api.rest("GET", settings)).status_code == 403


async def test_one_query_shows_the_page_and_one_mutation_saves_it(api: Api) -> None:
    await enabled(api)
    given = {
        "type": "PASSPHRASE", "channelId": str(CHANNEL), "passphrase": "Wuff!", "promptContent": "Hello",
        "promptIsEmbed": False, "verifiedRoleIds": [str(MODERATORS), str(MEMBERS), str(MODERATORS)],
    }  # fmt: skip

    saved = (await api.data(UPDATE, input=given))["verifierSettingsUpdate"]["settings"]

    assert saved == {**given, "verifiedRoleIds": [str(MODERATORS), str(MEMBERS)]}
    await opened(api)
    page = (await api.data(PAGE))["guild"]
    settings = page["verifier"]["settings"]
    assert settings["channel"] == {"id": str(CHANNEL), "name": "general"}
    assert [role["name"] for role in settings["verifiedRoles"]] == ["Moderators", "Members"]
    [entry] = page["verifierEntries"]["nodes"]
    assert (entry["userId"], entry["verified"]) == (str(MEMBER), False)
    assert (entry["channel"], entry["createdAt"]) == ({"name": "general"}, "2026-03-01T12:00:00Z")
    found = (await api.data("query ($id: ID!) { node(id: $id) { id } }", id=settings["id"]))["node"]
    assert found == {"id": settings["id"]}
    rest = (await api.rest("GET", f"{BASE}/settings?guild_id={GUILD}")).json()["data"]["settings"]
    assert (rest["verifier_type"], rest["verifier_channel"]) == (2, str(CHANNEL))
    assert rest["verifier_verified_role_ids"] == f"{MODERATORS},{MEMBERS}"
    assert rest["verifier_passphrase"] == "Wuff!"


async def test_a_channel_and_roles_that_are_gone_are_left_out(api: Api) -> None:
    await enabled(api, channel=CHANNEL, verified_role_ids=[MEMBERS])
    await api.program.resources.bot.delete_channel(CHANNEL)

    settings = (await api.data(PAGE))["guild"]["verifier"]["settings"]

    assert (settings["channelId"], settings["channel"]) == (str(CHANNEL), None)


async def test_null_clears_what_may_be_empty_and_keeps_the_rest(api: Api) -> None:
    before = await enabled(api, channel=CHANNEL, verified_role_ids=[MEMBERS], passphrase="x", message_content=EMBED)

    after = await put(
        api, channel=None, verified_role_ids=None, passphrase=None, type=None, message_content=None,
        message_is_embed=None, message_content_completed=None, message_completed_is_embed=None,
    )  # fmt: skip

    cleared = {"verifier_channel": None, "verifier_verified_role_ids": None, "verifier_passphrase": None}
    assert after == {**before, **cleared}
    assert (await put(api, verified_role_ids=[])) == after


async def test_an_empty_change_leaves_no_trace(api: Api) -> None:
    await enabled(api)
    before = await api.everything()

    await put(api)
    await put(api, type=1)

    assert await api.everything() == before


@pytest.mark.parametrize(
    ("given", "status", "pointer"),
    [
        ({"type": 4}, 400, "#/verifier_type"),
        ({"type": 2}, 400, "#/verifier_passphrase"),
        ({"passphrase": ""}, 400, "#/verifier_passphrase"),
        ({"passphrase": "  "}, 400, "#/verifier_passphrase"),
        ({"passphrase": "x" * 101}, 400, "#/verifier_passphrase"),
        ({"type": 2, "passphrase": None}, 400, "#/verifier_passphrase"),
        ({"message_content": "no JSON"}, 400, "#/verifier_message_content"),
        ({"message_content": '{"embeds": [{}]}'}, 400, "#/verifier_message_content/embeds/0"),
        ({"message_content": "[" * 10_000}, 400, "#/verifier_message_content"),
        ({"message_content": "", "message_is_embed": False}, 400, "#/verifier_message_content"),
        ({"message_content": "x" * 2001, "message_is_embed": False}, 400, "#/verifier_message_content"),
        ({"message_content": "x" * 900_000}, 400, "#/verifier_message_content"),
        ({"message_content_completed": "no JSON"}, 400, "#/verifier_message_content_completed"),
        ({"message_is_embed": "yes"}, 400, "#/verifier_message_is_embed"),
        ({"channel": "dm"}, 400, "#/verifier_channel"),
        ({"channel": 1300000000000000301}, 400, "#/verifier_channel"),  # a category
        ({"channel": 5}, 404, None),
        ({"verified_role_ids": [5]}, 404, None),
        ({"verified_role_ids": [GUILD]}, 400, "#/verifier_verified_role_ids"),
        ({"verified_role_ids": [INTEGRATION]}, 400, "#/verifier_verified_role_ids"),
        ({"verified_role_ids": [MEMBERS, ADMINS]}, 400, "#/verifier_verified_role_ids"),
        ({"verified_role_ids": [1300000000000000250]}, 404, None),  # another guild's
    ],
)
async def test_settings_that_cannot_work_are_refused(
    api: Api, given: dict[str, Any], status: int, pointer: str | None
) -> None:
    await enabled(api)
    before, asked = await api.everything(), await writes(api)

    response = await change(api, **given)

    assert response.status_code == status, response.text
    assert list(error_of(response)) == ([] if pointer is None else [pointer])
    assert await api.everything() == before
    assert await writes(api) == asked


@pytest.mark.parametrize(
    ("path", "given"), [("/channels$", {"channel": CHANNEL}), (f"/guilds/{GUILD}$", {"verified_role_ids": [MEMBERS]})]
)
@pytest.mark.parametrize(("fault", "status"), [({"status": 403}, 500), ({"status": 404}, 404), ({"status": 500}, 503)])
async def test_while_discord_does_not_answer_nothing_is_saved(
    api: Api, path: str, given: dict[str, Any], fault: dict[str, Any], status: int
) -> None:
    await enabled(api)
    before, asked = await api.everything(), await writes(api)
    await api.fault({"path": path, "method": "GET", "times": 20, **fault})

    assert (await change(api, **given)).status_code == status
    assert await api.everything() == before
    assert await writes(api) == asked


async def test_a_flag_is_checked_against_the_stored_text(api: Api) -> None:
    await enabled(api, message_content="Hello", message_is_embed=False)

    response = await change(api, message_is_embed=True)

    assert list(error_of(response)) == ["#/verifier_message_content"]


async def test_a_passphrase_cannot_be_taken_from_its_type(api: Api) -> None:
    await enabled(api, type=2, passphrase="wuff")

    assert (await change(api, passphrase=None)).status_code == 400
    assert (await put(api, passphrase="miau"))["verifier_passphrase"] == "miau"
    assert (await put(api, type=1, passphrase=None))["verifier_passphrase"] is None


async def test_the_passphrase_is_for_administrators_alone_and_nowhere_in_plain(api: Api) -> None:
    await log(api)
    await enabled(api, type=2, passphrase="very secret")
    await put(api, passphrase="other secret")
    path = f"{BASE}/settings?guild_id={GUILD}"

    for token, acting, shown in (
        ("sandbox-admin", None, True), ("sandbox-service", ADMIN, True),
        ("sandbox-service", None, False), ("sandbox-service", MEMBER, False),
    ):  # fmt: skip
        settings = (await api.rest("GET", path, token=token, acting=acting)).json()["data"]["settings"]
        assert settings["verifier_passphrase"] == ("other secret" if shown else None), (token, acting)
    assert (await api.rest("GET", path, token="sandbox-member")).status_code == 403
    assert "secret" not in str(await api.everything())
    assert "secret" not in str(await lines(api))
    changed = [row["changes"] for row in await api.rows("audit_log") if row["action"] == "verifier.settings.update"]
    assert len(changed) == 2
    assert "passphrase" in str(changed[1])


async def test_a_rotated_secret_still_reads_the_passphrase(api: Api) -> None:
    await enabled(api, passphrase="wuff")
    resources = api.program.worker
    old = api.program.resources.key_ring
    [row] = await api.rows("module_verifier")
    ring = create_key_ring(["new", "sandbox-secret-key"])
    async with resources.unit_of_work("test") as uow:
        assert await rotate_passphrases(uow, ring) == 1

    [rotated] = await api.rows("module_verifier")
    assert create_key_ring(["new"]).decrypt(rotated["passphrase_encrypted"]) == "wuff"
    assert old.decrypt(row["passphrase_encrypted"]) == "wuff"


async def test_entries_are_listed_in_pages_and_filtered(api: Api) -> None:
    await enabled(api)
    for user in (MEMBER, MEMBER_2, OWNER):
        await opened(api, user)
    done = (await api.rows("verifier_entries"))[1]
    assert (await handle(api, done["verifier_id"], user=MEMBER_2)).status_code == 200

    first = (await api.data(PAGE, first=2))["guild"]["verifierEntries"]
    assert [node["userId"] for node in first["nodes"]] == [str(MEMBER), str(MEMBER_2)]
    assert first["pageInfo"]["hasNextPage"] is True
    rest = (await api.data(PAGE, first=2, after=first["pageInfo"]["endCursor"]))["guild"]["verifierEntries"]
    assert [node["userId"] for node in rest["nodes"]] == [str(OWNER)]
    verified = (await api.data(PAGE, verified=True))["guild"]["verifierEntries"]["nodes"]
    assert [node["userId"] for node in verified] == [str(MEMBER_2)]
    still = (await api.data(PAGE, verified=False, user=str(OWNER)))["guild"]["verifierEntries"]["nodes"]
    assert [node["userId"] for node in still] == [str(OWNER)]
    listed = (await api.rest("GET", f"{BASE}/entries?guild_id={GUILD}")).json()["data"]["entries"]
    assert [(entry["id"], entry["is_verified"]) for entry in listed] == [(1, False), (2, True), (3, False)]


async def test_an_entry_is_for_its_member_the_administrators_and_the_bot(api: Api) -> None:
    await enabled(api)
    verifier_id = await opened(api)
    path = f"{BASE}/entries/{verifier_id}"

    for token in ("sandbox-member", "sandbox-owner", "sandbox-admin", "sandbox-service"):
        response = await api.rest("GET", path, token=token)
        assert response.json()["data"]["entry"]["verifier_id"] == verifier_id, token
    for token in ("sandbox-member-2", "sandbox-outsider"):
        assert (await api.rest("GET", path, token=token)).status_code == 403
    assert (await api.rest("GET", path, token=None)).status_code == 401
    assert (await api.rest("GET", f"{BASE}/entries/nope", token="sandbox-outsider")).status_code == 404
    [row] = (await api.data(PAGE))["guild"]["verifierEntries"]["nodes"]
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await api.data(node, id=row["id"]))["node"] == {"id": row["id"]}
    assert (await api.data(node, id=row["id"], token="sandbox-member"))["node"] is None


async def test_a_page_has_a_constant_number_of_statements(api: Api) -> None:
    await enabled(api, verified_role_ids=[MEMBERS])

    async def statements() -> int:
        with counted(api) as seen:
            await api.data(PAGE, first=100)
        return len(seen)

    few = await statements()
    await put(api, verified_role_ids=[MEMBERS, MODERATORS])
    for user in (MEMBER, MEMBER_2, OWNER, ADMIN):
        await opened(api, user)

    assert await statements() == few <= 5


async def test_another_guild_is_untouched(api: Api) -> None:
    await enabled(api)
    verifier_id = await opened(api)
    await api.rest("POST", f"{BASE}/enable", json={"guild_id": QUIET_GUILD})

    await api.rest("POST", f"{BASE}/disable", json={"guild_id": QUIET_GUILD})

    assert [row["verifier_id"] for row in await api.rows("verifier_entries")] == [verifier_id]
    assert [row["guild_id"] for row in await api.rows("module_verifier")] == [GUILD]
