"""Who may change a tag, what the lists show, and what is kept about members."""

from __future__ import annotations

from typing import Any

import pytest

from husqy_graphql.db.guilds import lock_guild
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, QUIET_GUILD, Api
from tests.guilds.test_statements import counted
from tests.modules.helpers import channel_messages, enable, make_premium
from tests.modules.tags import (
    AS_MEMBER,
    BOT,
    PATH,
    api_key,
    body,
    change,
    create,
    create_as_member,
    entries,
    entry_path,
    leave,
    names,
    refused,
)

AS_ADMIN: dict[str, Any] = {**BOT, "acting": ADMIN}
AS_MEMBER_2: dict[str, Any] = {**BOT, "acting": MEMBER_2}


async def test_only_the_owner_changes_and_deletes(api: Api) -> None:
    await enable(api, "tags")
    tag = await create_as_member(api)
    key = await api_key(api)

    for options, status in (
        ({}, 403),
        ({"token": "sandbox-admin"}, 403),
        ({"token": "sandbox-member"}, 403),  # who owns it, and administers nothing
        (key, 403),
        (AS_ADMIN, 403),
        (AS_MEMBER_2, 403),
        (BOT, 400),
    ):
        await refused(api, status, "PUT", entry_path(tag), json={"guild_id": GUILD, "names": []}, **options)
        await refused(api, status, "PUT", entry_path(tag), json={"guild_id": GUILD}, **options)
        await refused(api, status, "DELETE", entry_path(tag), json={"guild_id": GUILD}, **options)
    assert (await change(api, tag, AS_MEMBER, content="new")).json()["data"]["entry"]["content"] == "new"
    assert (await api.rest("DELETE", entry_path(tag), json={"guild_id": GUILD}, **AS_MEMBER)).status_code == 200


async def test_a_tag_is_handed_over_for_good(api: Api) -> None:
    await enable(api, "tags")
    tag = await create_as_member(api, visibility=2)
    for stranger in (OUTSIDER, 42):
        request = {"guild_id": GUILD, "owner_id": stranger, "content": "x"}
        await refused(api, 404, "PUT", entry_path(tag), json=request, **AS_MEMBER)
    await refused(api, 403, "PUT", entry_path(tag), json={"guild_id": GUILD, "owner_id": OUTSIDER}, **AS_MEMBER_2)

    given = await change(api, tag, AS_MEMBER, owner_id=MEMBER_2)

    assert (given.json()["data"]["entry"]["owner_id"], given.json()["data"]["entry"]["visibility"]) == (
        str(MEMBER_2), 2
    )  # fmt: skip
    await refused(api, 403, "PUT", entry_path(tag), json={"guild_id": GUILD, "content": "mine"}, **AS_MEMBER)
    assert (await change(api, tag, AS_MEMBER_2, content="mine")).status_code == 200


@pytest.mark.parametrize("options", [{}, {"token": "sandbox-admin"}, AS_ADMIN])
async def test_administrators_stand_in_for_an_owner_who_left(api: Api, options: dict[str, Any]) -> None:
    await enable(api, "tags")
    tag = await create_as_member(api, visibility=2)
    await leave(api, MEMBER)
    key = await api_key(api)

    await refused(api, 403, "PUT", entry_path(tag), json={"guild_id": GUILD, "content": "x"}, **AS_MEMBER_2)
    await refused(api, 403, "PUT", entry_path(tag), json={"guild_id": GUILD, "content": "x"}, **key)
    await refused(api, 403, "DELETE", entry_path(tag), json={"guild_id": GUILD}, **key)
    changed = await change(api, tag, options, content="kept in order")
    assert changed.json()["data"]["entry"]["owner_id"] == str(MEMBER)
    taken = await change(api, tag, options, owner_id=MEMBER_2)
    assert taken.json()["data"]["entry"]["owner_id"] == str(MEMBER_2)
    await refused(api, 403, "DELETE", entry_path(tag), json={"guild_id": GUILD}, **options)


@pytest.mark.slow
async def test_when_discord_fails_nothing_is_stored(api: Api) -> None:
    await enable(api, "tags")
    tag = await create_as_member(api)
    member = {"method": "GET", "path": f"/guilds/{GUILD}/members/[0-9]+$", "times": 20}
    for fault in ({"status": 403}, {"status": 500}, {"drop": "before"}, {"drop": "after"}):
        await api.fault({**member, **fault})
        before = await api.everything()
        answers = [
            await api.rest("POST", f"{PATH}/entries", json=body()),
            await change(api, tag, content="x"),
            await change(api, tag, AS_MEMBER, owner_id=MEMBER_2),
            await api.rest("DELETE", entry_path(tag), json={"guild_id": GUILD}),
        ]
        assert {answer.status_code for answer in answers} <= {500, 503}, fault
        assert await api.everything() == before
    await api.fault()
    assert (await change(api, tag, AS_MEMBER, content="x")).status_code == 200


LIST = """query ($guild: Snowflake!, $first: Int, $after: String, $owner: Snowflake, $visibility: TagVisibility,
  $by: Snowflake, $name: String) { guild(id: $guild) { tags {
    entries(first: $first, after: $after, ownerId: $owner, visibility: $visibility, usableBy: $by, name: $name) {
      nodes { id tagId ownerId owner { name preventDataCollection } names { name } }
      pageInfo { hasNextPage endCursor } }
    names(first: $first, usableBy: $by, name: $name) { nodes { name tagId } } } } }"""


async def test_a_page_shows_all_and_filters(api: Api) -> None:
    await enable(api, "tags")
    await create(api, names=["Rules", "50%_off"])
    await create_as_member(api, names=["mine"], visibility=2)
    await create_as_member(api, MEMBER_2, names=["rules of noah"], visibility=2)
    await leave(api, MEMBER_2)

    async def found(**variables: Any) -> list[str]:
        data = await api.data(LIST, guild=str(GUILD), **variables)
        return [each["names"][0]["name"] for each in data["guild"]["tags"]["entries"]["nodes"]]

    async def found_names(**variables: Any) -> list[str]:
        data = await api.data(LIST, guild=str(GUILD), **variables)
        return [each["name"] for each in data["guild"]["tags"]["names"]["nodes"]]

    page = (await api.data(LIST, guild=str(GUILD)))["guild"]["tags"]
    assert [each["owner"] for each in page["entries"]["nodes"]] == [
        {"name": "Olivia", "preventDataCollection": False},
        {"name": "Mia", "preventDataCollection": False},
        None,
    ]
    assert await found() == ["Rules", "mine", "rules of noah"]
    assert await found(owner=str(MEMBER)) == ["mine"]
    assert await found(visibility="PUBLIC") == ["Rules"]
    assert await found(by=str(MEMBER)) == ["Rules", "mine"]
    assert await found(name="RULE") == ["Rules", "rules of noah"]
    assert await found(name="%") == ["Rules"]
    assert await found(name="_of ") == []
    assert await found_names() == ["Rules", "50%_off", "mine", "rules of noah"]
    assert await found_names(by=str(MEMBER), name="m") == ["mine"]
    first = (await api.data(LIST, guild=str(GUILD), first=2))["guild"]["tags"]["entries"]
    assert first["pageInfo"]["hasNextPage"] is True
    assert await found(after=first["pageInfo"]["endCursor"]) == ["rules of noah"]
    node = await api.data(
        "query ($id: ID!) { node(id: $id) { ... on Tag { content } } }", id=page["entries"]["nodes"][0]["id"]
    )
    assert node["node"] == {"content": "hello"}


async def test_lists_have_a_constant_number_of_statements(api: Api) -> None:
    await enable(api, "tags")
    await make_premium(api)
    await create(api)

    async def statements() -> tuple[int, int]:
        with counted(api) as asked:
            await api.data(LIST, guild=str(GUILD))
        with counted(api) as listed:
            await entries(api)
        return len(asked), len(listed)

    few = await statements()
    for number in range(20):
        await create(api, names=[f"{number}", f"{number}x"])
    assert await statements() == few
    assert few[1] <= 4


async def test_values_about_a_member_are_counted_and_erased(api: Api) -> None:
    await enable(api, "tags")
    await create_as_member(api, content=f"Ask <@{MEMBER}>, who is Mia", names=["mia", "Mia,".strip(",")])
    await create(api, content="Miami is no member", names=["mia's " + "x" * 94])
    params = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    counts = f"{PATH}/privacy/get-user-entries"

    found = await api.rest("GET", counts, params=params, **AS_MEMBER)

    assert found.json()["data"] == {"username": 2, "display_name": 2, "global_name": 2, "nickname": 0, "id": 2}
    await refused(api, 403, "GET", counts, params=params)
    await refused(api, 403, "GET", counts, params=params, **AS_MEMBER_2)
    await refused(api, 403, "DELETE", f"{PATH}/privacy/delete-user-entries", json=params, **AS_MEMBER_2)
    for _ in range(2):
        gone = await api.rest("DELETE", f"{PATH}/privacy/delete-user-entries", json=params, token="sandbox-member")
        assert gone.json()["data"] == {"message": "The member's data is deleted."}
        first, second = await entries(api)
        assert first["entry"]["content"] == "Ask (removed_user), who is (removed_user)"
        assert (names(first), first["entry"]["owner_id"]) == (["(removed_user)", "(removed_user)"], str(MEMBER))
        assert second["entry"]["content"] == "Miami is no member"
        assert names(second) == [("(removed_user)'s " + "x" * 94)[:100]]
    left = await api.rest("GET", counts, params=params, **AS_MEMBER)
    assert left.json()["data"] == {"username": 0, "display_name": 0, "global_name": 0, "nickname": 0, "id": 1}
    await api.rest("POST", f"{PATH}/disable", json={"guild_id": GUILD})
    off = await api.rest("GET", counts, params=params, **AS_MEMBER)
    assert set(off.json()["data"].values()) == {0}


async def test_leaving_erases_the_names_and_keeps_the_tags(api: Api) -> None:
    await enable(api, "tags")
    await create_as_member(api, content="by Mia", names=["mia"])
    query = (
        "mutation ($guild: Snowflake!, $user: Snowflake!) { memberLeave(guildId: $guild, userId: $user) { deleted } }"
    )
    await api.data(query, token="sandbox-service", guild=str(GUILD), user=str(MEMBER))

    [tag] = await entries(api)
    assert (tag["entry"]["content"], names(tag)) == ("by (removed_user)", ["(removed_user)"])


async def test_the_audit_log_names_fields_and_not_what_members_wrote(api: Api) -> None:
    await enable(api, "tags")
    tag = await create_as_member(api, content="a secret", names=["mia"])
    await change(api, tag, AS_MEMBER, content="another", visibility=2)
    await api.rest("DELETE", entry_path(tag), json={"guild_id": GUILD}, **AS_MEMBER)

    query = f'{{ guild(id: "{GUILD}") {{ auditLog {{ nodes {{ action target changes {{ field after }} }} }} }} }}'
    nodes = (await api.data(query))["guild"]["auditLog"]["nodes"]
    found = [each for each in reversed(nodes) if each["action"].startswith("TAG_")]
    assert [{each["field"]: each["after"] for each in entry["changes"]} for entry in found] == [
        {"ownerId": '"(not kept)"', "content": '"(not kept)"', "names": '"(not kept)"', "visibility": "1"},
        {"content": '"(not kept)"', "visibility": "2"},
        {},
    ]
    assert {entry["target"] for entry in found} == {f"tag {tag['entry']['tag_id']}"}
    assert {row["actor_user_id"] for row in await api.rows("audit_log") if row["action"].startswith("tags.")} == {
        MEMBER
    }


async def test_changes_and_refusals_are_told_in_the_logs(api: Api) -> None:
    logs = (await enable(api, "logging"))["settings"]["logs_channel_id"]
    await enable(api, "tags")
    tag = await create_as_member(api)
    await change(api, tag, AS_MEMBER, content="x")
    await change(api, tag, AS_MEMBER)  # nothing to tell
    await change(api, tag, AS_MEMBER, names=[])
    await api.rest("DELETE", entry_path(tag), json={"guild_id": GUILD}, **AS_MEMBER)
    await api.rest("DELETE", entry_path(tag), json={"guild_id": GUILD}, **AS_MEMBER)
    await api.rest("POST", f"{PATH}/entries", json=body(owner_id=OUTSIDER), **(await api_key(api)))
    await api.rest("POST", f"{PATH}/entries", json=body(owner_id=MEMBER_2), **AS_MEMBER)  # 403 is no failure
    await api.rest("POST", f"{PATH}/disable", json={"guild_id": GUILD})

    contents = [each["content"] for each in await channel_messages(api, logs)]
    lines = [line.partition(" - ")[2] for content in contents for line in content.split("\n") if " - " in line]
    shown, mia = f"`hi ({tag['entry']['tag_id']})`", f"**<@{MEMBER}>**"
    assert lines == [
        f"**<@{OWNER}>** enabled the module `tags`",
        f"{mia} created the tag {shown}",
        f"{mia} changed the tag {shown}",
        f"{mia} failed at tag edit: bad user input",
        f"{mia} deleted the tag {shown}",
        f"{mia} failed at tag delete: not found",
        f"**<@{OWNER}>** changed the general settings: `API keys`",
        "**An API key** failed at tag create: not found",
        f"**<@{OWNER}>** disabled the module `tags`",
    ]


async def test_what_is_counted(api: Api) -> None:
    await enable(api, "tags")
    async with api.program.worker.unit_of_work("test") as uow:
        settings = await lock_guild(uow.session, GUILD)
        assert settings is not None
        settings.module_serverstats = True
    tag = await create_as_member(api)
    await change(api, tag, AS_MEMBER, content="x")
    await api.rest("DELETE", entry_path(tag), json={"guild_id": GUILD}, **AS_MEMBER)

    rows = await api.rows("statistics_journal")
    assert [(row["metric"], row["user_id"]) for row in rows] == [
        ("modules/tags/tag/created", MEMBER),
        ("modules/tags/tag/deleted", MEMBER),
    ]


async def test_another_guild_sees_nothing_of_it(api: Api) -> None:
    await enable(api, "tags")
    await enable(api, "tags", QUIET_GUILD)
    tag = await create(api)

    assert await entries(api, QUIET_GUILD) == []
    one = await api.rest("GET", f"{entry_path(tag)}?guild_id={QUIET_GUILD}")
    assert one.status_code == 404
    await refused(api, 404, "PUT", entry_path(tag), json={"guild_id": QUIET_GUILD, "content": "x"})
    await refused(api, 403, "GET", f"{PATH}/entries?guild_id={GUILD}", **(await api_key(api, QUIET_GUILD)))
