"""Tags over HTTP: the life of the module and of its tags, what is refused, and limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.worker.modules import trim_guilds
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, QUIET_GUILD, UNKNOWN_GUILD, Api
from tests.modules.helpers import enable, make_premium
from tests.modules.tags import (
    AS_MEMBER,
    BOT,
    MISSING,
    PATH,
    api_key,
    body,
    change,
    create,
    create_as_member,
    entries,
    entry_path,
    names,
    prevent_data_collection,
    refused,
)

NOW = "2026-03-01T12:00:00Z"
LATER = "2026-03-01T13:00:00Z"


async def test_it_begins_empty_and_ends_with_what_it_had(api: Api) -> None:
    assert await enable(api, "tags") == {"entries": [], "entries_names": []}
    made = await create(api, content="Read <server_rules_channel>", names=[" rules ", "law", "rules"])

    tag_id = made["entry"]["tag_id"]
    assert str(UUID(tag_id, version=4)) == tag_id
    assert made == {
        "entry": {
            "id": 1,
            "guild_id": str(GUILD),
            "tag_id": tag_id,
            "content": "Read <server_rules_channel>",
            "owner_id": str(OWNER),
            "created_at": NOW,
            "last_update": NOW,
            "visibility": 1,
        },
        "entry_names": [
            {"id": number, "guild_id": str(GUILD), "tag_id": tag_id, "name": name, "created_at": NOW}
            for number, name in enumerate(("rules", "law"), 1)
        ],
    }
    private = await create_as_member(api, visibility=2)
    assert await entries(api) == [made, private]
    one = await api.rest("GET", f"{entry_path(private)}?guild_id={GUILD}", **BOT)
    assert one.json()["data"] == private
    status = await api.rest("GET", f"{PATH}/status?guild_id={GUILD}", **BOT)
    assert status.json()["data"] == {"status": True}
    await refused(api, 409, "POST", f"{PATH}/enable", json={"guild_id": GUILD})

    disabled = await api.rest("POST", f"{PATH}/disable", json={"guild_id": GUILD})

    assert disabled.json()["data"] == {
        "entries": [made["entry"], private["entry"]],
        "entries_names": [*made["entry_names"], *private["entry_names"]],
    }
    assert await api.rows("tags") == await api.rows("tag_names") == []
    await refused(api, 409, "POST", f"{PATH}/disable", json={"guild_id": GUILD})


@pytest.mark.parametrize("on", [True, False])
async def test_a_purge_answers_what_was_stored_without_a_word(api: Api, on: bool) -> None:
    await enable(api, "tags")
    made = await create(api)
    await enable(api, "logging")
    if not on:
        async with api.program.worker.unit_of_work("test") as uow:
            settings = await lock_guild(uow.session, GUILD)
            assert settings is not None
            settings.module_tags = False

    purged = await api.rest("DELETE", f"{PATH}/settings", json={"guild_id": GUILD}, **BOT)

    assert purged.json()["data"] == {"entries": [made["entry"]], "entries_names": made["entry_names"]}
    status = await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")
    assert status.json()["data"] == {"status": False}
    again = await api.rest("DELETE", f"{PATH}/settings", json={"guild_id": GUILD}, **BOT)
    assert again.status_code == 404
    assert await api.rows("log_lines") == []


LIFE = {
    "create": """mutation ($guild: Snowflake!, $owner: Snowflake!) { tagCreate(guildId: $guild, input: {
      ownerId: $owner, content: "a", names: ["x", "y"], visibility: PRIVATE}) { tag { tagId } } }""",
    "update": """mutation ($guild: Snowflake!, $tag: ID!) { tagUpdate(guildId: $guild, tagId: $tag, input: {
      content: "b", names: ["y", "z"], visibility: PUBLIC}) { tag { content names { name } } } }""",
    "delete": "mutation ($guild: Snowflake!, $tag: ID!) { tagDelete(guildId: $guild, tagId: $tag) { tag { content } }}",
}


async def test_both_doors_do_the_same(api: Api) -> None:
    def without_ids(row: dict[str, Any]) -> dict[str, Any]:
        changing = {"id", "guild_id", "tag_id", "tag_row_id", "request_id", "target"}
        return {name: value for name, value in row.items() if name not in changing}

    async def seen(guild: int) -> list[dict[str, Any]]:
        rows = [*await api.rows("tags"), *await api.rows("tag_names"), *await api.rows("audit_log")]
        return [without_ids(row) for row in rows if row["guild_id"] == guild and row.get("action") != "guild.join"]

    for guild in (GUILD, QUIET_GUILD):
        await enable(api, "tags", guild)
    guild = {"guild": str(GUILD)}
    made = await create(api, guild_id=QUIET_GUILD, content="a", names=["x", "y"], visibility=2)
    tag = (await api.data(LIFE["create"], **guild, owner=str(OWNER)))["tagCreate"]["tag"]["tagId"]
    assert await seen(GUILD) == await seen(QUIET_GUILD)

    changes = {"guild_id": QUIET_GUILD, "content": "b", "names": ["y", "z"], "visibility": 1}
    changed = await api.rest("PUT", entry_path(made), json=changes)
    answer = (await api.data(LIFE["update"], **guild, tag=tag))["tagUpdate"]["tag"]
    assert answer == {"content": "b", "names": [{"name": "y"}, {"name": "z"}]}
    assert names(changed.json()["data"]) == ["y", "z"]
    assert await seen(GUILD) == await seen(QUIET_GUILD)

    gone = await api.rest("DELETE", entry_path(made), json={"guild_id": QUIET_GUILD})
    assert gone.json() == changed.json()
    assert (await api.data(LIFE["delete"], **guild, tag=tag))["tagDelete"]["tag"] == {"content": "b"}
    assert await seen(GUILD) == await seen(QUIET_GUILD)
    assert await api.rows("tags") == await api.rows("tag_names") == []
    assert [row["action"] for row in await seen(GUILD)] == [
        "module.enable", "tags.tag.create", "tags.tag.update", "tags.tag.delete"
    ]  # fmt: skip


async def test_new_names_replace_all_and_kept_ones_stay_as_old_as_they_are(api: Api) -> None:
    await enable(api, "tags")
    made = await create(api, names=["a", "b"])
    api.clock.advance(hours=1)

    changed = (await change(api, made, names=["c", "b", "B"])).json()["data"]

    assert [(each["name"], each["created_at"]) for each in changed["entry_names"]] == [
        ("b", NOW), ("c", LATER), ("B", LATER)
    ]  # fmt: skip
    assert changed["entry"] == {**made["entry"], "last_update": LATER}
    for nothing in ({}, {"content": None, "names": None, "visibility": None, "owner_id": None}):
        api.clock.advance(hours=1)
        before = await api.everything()
        assert (await change(api, made, **nothing)).json()["data"] == changed
        assert await api.everything() == before
    same = (await change(api, made, content="hello")).json()["data"]
    assert same["entry"]["last_update"] == "2026-03-01T15:00:00Z"


@pytest.mark.parametrize(
    ("values", "pointers"),
    [
        ({"visibility": 0}, {"#/visibility"}),
        ({"visibility": 3}, {"#/visibility"}),
        ({"visibility": "friends"}, {"#/visibility"}),
        ({"content": ""}, {"#/content"}),
        ({"content": " \n "}, {"#/content"}),
        ({"content": "x" * 2001}, {"#/content"}),
        ({"content": {"a": [[[[[]]]]]}}, {"#/content"}),
        ({"content": "\x00"}, {"#/content"}),
        ({"names": []}, {"#/names"}),
        ({"names": [" "]}, {"#/names"}),
        ({"names": ["a", "x" * 101]}, {"#/names"}),
        ({"names": ["a,b"]}, {"#/names"}),
        ({"names": [str(number) for number in range(26)]}, {"#/names"}),
        ({"names": ["x"] * 25 + [""]}, {"#/names"}),
        ({"names": [{"deep": {"deep": []}}]}, {"#/names/0"}),
        ({"names": [["x"]]}, {"#/names/0"}),
        ({"content": "", "names": []}, {"#/content", "#/names"}),
        ({"owner_id": "olivia"}, {"#/owner_id"}),
        ({"owner_id": -1, "visibility": 9}, {"#/owner_id", "#/visibility"}),
    ],
)
async def test_values_that_cannot_be_used_are_refused_by_name(
    api: Api, values: dict[str, Any], pointers: set[str]
) -> None:
    await enable(api, "tags")
    made = await create(api)

    problems = [
        await refused(api, 400, "POST", f"{PATH}/entries", json=body(**values)),
        await refused(api, 400, "PUT", entry_path(made), json={"guild_id": GUILD, **values}),
    ]

    for problem in problems:
        assert {each["pointer"] for each in problem["errors"]} == pointers


async def test_the_longest_texts_are_good(api: Api) -> None:
    await enable(api, "tags")
    longest = [f"{number:02}" + "x" * 98 for number in range(25)]

    made = await create(api, content="é" * 2000, names=[*longest, f" {longest[0]} "])

    assert names(made) == longest
    assert made["entry"]["content"] == "é" * 2000


async def test_a_megabyte_is_not_taken(api: Api) -> None:
    await enable(api, "tags")
    for values in ({"content": "x" * 1_000_000}, {"names": ["x" * 10] * 90_000}):
        before = await api.everything()
        answer = await api.rest("POST", f"{PATH}/entries", json=body(**values))
        assert answer.status_code in {200, 400, 413}
        assert answer.status_code != 200 or "names" in values  # one name, however often it is sent
        if answer.status_code != 200:
            assert await api.everything() == before


async def test_the_checks_of_a_creation_come_in_their_order(api: Api) -> None:
    bad = {"names": [], "content": ""}
    await refused(api, 409, "POST", f"{PATH}/entries", json=body(**bad))
    await enable(api, "tags")
    for number in range(10):
        await create(api, names=[f"tag {number}"])
    await prevent_data_collection(api, MEMBER)

    await refused(api, 400, "POST", f"{PATH}/entries", json=body(visibility=9, owner_id=MEMBER))
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(**bad, owner_id=MEMBER_2), **AS_MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(**bad, owner_id=MEMBER))
    await refused(api, 404, "POST", f"{PATH}/entries", json=body(**bad, owner_id=OUTSIDER))
    await refused(api, 409, "POST", f"{PATH}/entries", json=body(**bad))
    await make_premium(api)
    await refused(api, 400, "POST", f"{PATH}/entries", json=body(**bad))


async def test_ten_tags_are_free_however_many_come_at_once(api: Api) -> None:
    await enable(api, "tags")
    requests = (api.rest("POST", f"{PATH}/entries", json=body(names=[f"n{number}"])) for number in range(50))

    answers = await asyncio.gather(*requests)

    assert Counter(answer.status_code for answer in answers) == {200: 10, 409: 40}
    assert len(await api.rows("tags")) == len(await api.rows("tag_names")) == 10
    problem = await refused(api, 409, "POST", f"{PATH}/entries", json=body())
    assert "at most 10" in problem["detail"]
    await change(api, (await entries(api))[0], names=["a", "b", "c"])  # names do not count, and changes go on
    await enable(api, "tags", QUIET_GUILD)
    await create(api, guild_id=QUIET_GUILD)
    await make_premium(api)
    await create(api)


async def test_the_newest_tags_go_when_husqy_plus_has_ended(api: Api) -> None:
    await enable(api, "tags")
    await make_premium(api, ends="2026-03-02T00:00:00Z")
    for number in range(13):
        await create(api, names=[f"n{number}", f"m{number}"])
    await trim_guilds(api.program.worker)
    assert len(await api.rows("tags")) == 13

    api.clock.advance(days=2)
    for _ in range(2):
        await trim_guilds(api.program.worker)
        assert [row["id"] for row in await api.rows("tags")] == list(range(1, 11))
        assert len(await api.rows("tag_names")) == 20


async def test_while_it_is_off_it_is_not_there(api: Api) -> None:
    tag = {"entry": {"tag_id": MISSING}}
    place = {"guild_id": GUILD, "channel_id": 1}
    await refused(api, 404, "GET", f"{PATH}/entries?guild_id={GUILD}")
    await refused(api, 404, "GET", f"{entry_path(tag)}?guild_id={GUILD}")
    await refused(api, 409, "POST", f"{PATH}/entries", json=body())
    await refused(api, 404, "PUT", entry_path(tag), json={"guild_id": GUILD})
    await refused(api, 404, "DELETE", entry_path(tag), json={"guild_id": GUILD})
    await refused(api, 404, "POST", entry_path(tag, "/preview"), json={**place, "user_id": 1})
    await refused(api, 404, "POST", entry_path(tag, "/send"), json=place, **AS_MEMBER)
    assert (await api.data(f'{{ guild(id: "{GUILD}") {{ tags {{ entries {{ nodes {{ id }} }} }} }} }}'))["guild"] == {
        "tags": None
    }


async def test_an_unknown_guild_is_not_found_for_the_bot_and_forbidden_for_all_others(api: Api) -> None:
    for options, status in (({}, 403), (AS_MEMBER, 404)):
        place = {"guild_id": UNKNOWN_GUILD, "channel_id": 1}
        await refused(
            api, status, "POST", f"{PATH}/entries", json=body(guild_id=UNKNOWN_GUILD, owner_id=MEMBER), **options
        )
        await refused(api, status, "PUT", f"{PATH}/entries/{MISSING}", json={"guild_id": UNKNOWN_GUILD}, **options)
        await refused(api, status, "DELETE", f"{PATH}/entries/{MISSING}", json={"guild_id": UNKNOWN_GUILD}, **options)
        await refused(api, status, "POST", f"{PATH}/entries/x/send", json=place, **options)
        await refused(api, status, "GET", f"{PATH}/entries?guild_id={UNKNOWN_GUILD}", **options)
        await refused(api, status, "GET", f"{PATH}/status?guild_id={UNKNOWN_GUILD}", **options)


async def test_a_tag_that_is_not_there_is_not_found(api: Api) -> None:
    await enable(api, "tags")
    await enable(api, "tags", QUIET_GUILD)
    other = await create(api, guild_id=QUIET_GUILD)
    for tag_id in (MISSING, "hi", other["entry"]["tag_id"]):
        tag = {"entry": {"tag_id": tag_id}}
        await refused(api, 404, "GET", f"{entry_path(tag)}?guild_id={GUILD}")
        await refused(api, 404, "PUT", entry_path(tag), json={"guild_id": GUILD, "visibility": 2})
        await refused(api, 404, "DELETE", entry_path(tag), json={"guild_id": GUILD})
        request = {"guild_id": GUILD, "channel_id": 1, "user_id": OWNER}
        await refused(api, 404, "POST", entry_path(tag, "/preview"), json=request)
        await refused(api, 404, "POST", entry_path(tag, "/send"), json=request, **AS_MEMBER)
    made = await create(api)
    assert (await api.rest("DELETE", entry_path(made), json={"guild_id": GUILD})).json()["data"] == made
    await refused(api, 404, "DELETE", entry_path(made), json={"guild_id": GUILD})


@pytest.mark.parametrize("nothing", ["null", "None"])
async def test_to_change_or_delete_one_must_be_chosen(api: Api, nothing: str) -> None:
    await refused(api, 404, "PUT", f"{PATH}/entries/{nothing}", json={"guild_id": GUILD})
    await enable(api, "tags")
    for method in ("PUT", "DELETE"):
        problem = await refused(api, 400, method, f"{PATH}/entries/{nothing}", json={"guild_id": GUILD})
        assert [each["pointer"] for each in problem["errors"]] == ["#/entry_id"]


async def test_a_member_makes_tags_of_their_own_alone(api: Api) -> None:
    await enable(api, "tags")
    assert (await create_as_member(api))["entry"]["owner_id"] == str(MEMBER)
    assert (await create(api, owner_id=MEMBER))["entry"]["owner_id"] == str(MEMBER)
    assert (await create(api, await api_key(api), owner_id=MEMBER_2))["entry"]["owner_id"] == str(MEMBER_2)

    await refused(api, 400, "POST", f"{PATH}/entries", json=body(), **BOT)
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(owner_id=MEMBER_2), **AS_MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(owner_id=MEMBER), **BOT, acting=ADMIN)
    await refused(api, 404, "POST", f"{PATH}/entries", json=body(owner_id=OUTSIDER), **BOT, acting=OUTSIDER)
    await refused(api, 404, "POST", f"{PATH}/entries", json=body(owner_id=OUTSIDER))
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(owner_id=MEMBER), token="sandbox-member")


async def test_who_forbids_data_collection_gets_no_tag(api: Api) -> None:
    await enable(api, "tags")
    mine = await create_as_member(api)
    await prevent_data_collection(api, MEMBER)
    key = await api_key(api)

    for options in ({}, key, AS_MEMBER):
        problem = await refused(api, 403, "POST", f"{PATH}/entries", json=body(owner_id=MEMBER), **options)
        assert "forbids" in problem["detail"]
    owned = await create(api)
    await refused(api, 403, "PUT", entry_path(owned), json={"guild_id": GUILD, "owner_id": MEMBER})
    changed = await change(api, mine, AS_MEMBER, content="still mine", owner_id=MEMBER)
    assert changed.status_code == 200, changed.text
    assert (await api.rest("DELETE", entry_path(mine), json={"guild_id": GUILD}, **AS_MEMBER)).status_code == 200
