"""The autoresponder at work: which messages hit, what is done on Discord, and what happens when Discord fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.modules.autoresponder.matching import Message, hits
from tests.conftest import GUILD, MEMBER, OWNER, Api
from tests.modules.helpers import (
    CLOSED_CHANNEL,
    GENERAL_CHANNEL,
    channel_messages,
    enable,
    make_premium,
    post_as,
    writes,
)
from tests.modules.test_autoresponder import EMBED, respond, trigger

BOT = {"authorization": "Bot sandbox-bot"}


async def check(
    api: Api, message_id: int, channel_id: int = GENERAL_CHANNEL, roles: tuple[int, ...] = ()
) -> httpx2.Response:
    return await api.rest(
        "POST",
        "/modules/autoresponder/check",
        token="sandbox-service",
        json={
            "guild_id": GUILD,
            "origin_message_id": message_id,
            "channel_id": channel_id,
            "member_roles": list(roles),
        },
    )


def a_trigger(kind: int, text: str | None, *, match_case: bool = False, **filters: list[int]) -> Any:
    return SimpleNamespace(row=SimpleNamespace(trigger_type=kind, trigger=text, match_case=match_case), filters=filters)


@pytest.mark.parametrize(
    ("found", "content", "hit"),
    [
        (a_trigger(1, None), "", True),
        (a_trigger(2, "ell"), "Hello", True),
        (a_trigger(2, "ELL"), "Hello", True),
        (a_trigger(2, "ELL", match_case=True), "Hello", False),
        (a_trigger(2, "ell", match_case=True), "Hello", True),
        (a_trigger(2, "a*c"), "abc", False),
        (a_trigger(2, "a.c"), "abc", False),
        (a_trigger(3, "he"), "  Hello", True),
        (a_trigger(3, "lo"), "Hello", False),
        (a_trigger(4, "LO"), "Hello  ", True),
        (a_trigger(4, "He"), "Hello", False),
        (a_trigger(2, " he"), " Hello", False),  # the message is stripped, the trigger is not
        (a_trigger(2, "straße"), "STRASSE", True),
        (a_trigger(2, "ς"), "Σ", True),
        (a_trigger(2, "İ"), "i̇", True),
        (a_trigger(2, "ﬁ"), "FI", True),
    ],
)
def test_a_text_matches(found: Any, content: str, hit: bool) -> None:
    assert bool(hits([found], Message(content, {1}, set()))) is hit


@pytest.mark.parametrize(
    ("filters", "channels", "roles", "hit"),
    [
        ({}, {1}, set(), True),
        ({"allowed_channel": [1]}, {1}, set(), True),
        ({"allowed_channel": [2]}, {1}, set(), False),
        ({"ignored_channel": [1]}, {1}, set(), False),
        ({"ignored_channel": [2]}, {1}, set(), True),
        ({"allowed_channel": [1], "ignored_channel": [1]}, {1}, set(), True),
        ({"allowed_channel": [9]}, {1, 9}, set(), True),  # a thread of an allowed channel
        ({"ignored_channel": [9]}, {1, 9}, set(), False),
        ({"allowed_role": [5]}, {1}, {5, 6}, True),
        ({"allowed_role": [5]}, {1}, set(), False),
        ({"ignored_role": [5]}, {1}, {5}, False),
        ({"allowed_role": [5], "ignored_role": [5]}, {1}, {5}, True),
        ({"allowed_role": [5], "allowed_channel": [2]}, {1}, {5}, False),
    ],
)
def test_filters_admit(filters: dict[str, list[int]], channels: set[int], roles: set[int], hit: bool) -> None:
    assert bool(hits([a_trigger(1, None, **filters)], Message("x", channels, roles))) is hit


async def test_a_message_is_answered_in_its_channel(api: Api) -> None:
    await enable(api, "autoresponder")
    made = await respond(api, response_content="Hi <user_mention> in <server_name>: <unknown> @everyone <@&5> <@1>")
    await trigger(api, response_ids=[made["response_id"]])

    answer = await check(api, await post_as(api, "sandbox-member", "hi there"))

    assert answer.json() == {"data": {"message": "The message hit 1 trigger."}}
    said = (await channel_messages(api, GENERAL_CHANNEL))[-1]
    assert said["content"] == f"Hi <@{MEMBER}> in Husqy demo: <unknown> @everyone <@&5> <@1>"
    assert said["allowed_mentions"] == {"parse": [], "users": ["1", str(MEMBER)], "roles": ["5"]}
    assert said.get("message_reference") is None


async def test_a_name_cannot_notify_anybody(api: Api) -> None:
    await enable(api, "autoresponder")
    made = await respond(api, response_content="Hi <user_display_name>")
    await trigger(api, response_ids=[made["response_id"]])
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"global_name": "<@&5> @here <server_name>"})

    await check(api, await post_as(api, "sandbox-member", "hi"))

    said = (await channel_messages(api, GENERAL_CHANNEL))[-1]
    assert said["content"] == "Hi <@&5> @here <server_name>"
    assert said["allowed_mentions"] == {"parse": [], "users": [], "roles": []}


async def test_all_triggers_fire_and_each_response_once_in_order(api: Api) -> None:
    await enable(api, "autoresponder")
    await make_premium(api)
    first, second = await respond(api, response_content="first"), await respond(api, response_content="second")
    embed = await respond(api, response_type=2, response_content=EMBED)
    reaction = await respond(api, response_type=3, emoji_name="🐶")
    custom = await respond(api, response_type=3, emoji_name="husky", emoji_id="1300000000000000401")
    await trigger(api, response_ids=[second["response_id"], first["response_id"]])
    await trigger(api, trigger="other")
    await trigger(
        api,
        trigger_type=1,
        response_ids=[each["response_id"] for each in (first, embed, reaction, custom)],
    )
    message_id = await post_as(api, "sandbox-member", "hi")

    assert (await check(api, message_id)).json()["data"]["message"] == "The message hit 2 triggers."

    original, *said = await channel_messages(api, GENERAL_CHANNEL)
    assert [message["content"] for message in said] == ["second", "first", ""]
    assert said[2]["embeds"][0]["title"] == "Ahoy Mia"
    assert said[2]["embeds"][0]["description"] == f"in <#{GENERAL_CHANNEL}>"
    assert [each["emoji"]["name"] for each in original["reactions"]] == ["🐶", "husky"]


@pytest.mark.parametrize("content", ["nope", "h i"])
async def test_a_message_that_hits_nothing_is_left_alone(api: Api, content: str) -> None:
    await enable(api, "autoresponder")
    await trigger(api)
    message_id = await post_as(api, "sandbox-member", content)
    asked = await writes(api)

    assert (await check(api, message_id)).json() == {"data": {"message": "The message hits no trigger."}}
    assert await writes(api) == asked


async def test_messages_of_programs_never_fire(api: Api) -> None:
    await enable(api, "autoresponder")
    made = await respond(api)
    await trigger(api, trigger_type=1, response_ids=[made["response_id"]])
    path = f"/api/v10/channels/{GENERAL_CHANNEL}/messages"
    own = await api.discord("POST", path, headers=BOT, json={"content": "hi"})

    assert (await check(api, int(own["id"]))).json() == {"data": {"message": "The message hits no trigger."}}
    assert len(await channel_messages(api, GENERAL_CHANNEL)) == 1


async def test_a_message_or_channel_that_is_not_there_is_told(api: Api) -> None:
    await enable(api, "autoresponder")
    message_id = await post_as(api, "sandbox-member", "hi")
    for where, channel in ((message_id, 1), (1, GENERAL_CHANNEL), (message_id, 1300000000000000312)):
        assert (await check(api, where, channel)).status_code == 404


async def test_a_check_needs_the_module(api: Api) -> None:
    message_id = await post_as(api, "sandbox-member", "hi")
    assert (await check(api, message_id)).status_code == 409


async def test_one_response_that_fails_keeps_no_other_from_running(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "autoresponder")
    unknown = await respond(api, response_type=3, emoji_name="nobody", emoji_id="1300000000000000999")
    made = await respond(api, response_content="still here")
    await trigger(api, response_ids=[unknown["response_id"], made["response_id"]])

    assert (await check(api, await post_as(api, "sandbox-member", "hi"))).status_code == 200

    assert (await channel_messages(api, GENERAL_CHANNEL))[-1]["content"] == "still here"
    [settings] = await api.rows("module_logging")
    lines = "\n".join(each["content"] for each in await channel_messages(api, settings["logs_channel_id"]))
    assert "failed at autoresponder trigger hit: discord refused" in lines
    assert f"**<@{MEMBER}>** hit the trigger `hi` in <#{GENERAL_CHANNEL}>" in lines


async def test_when_every_response_fails_discord_is_named(api: Api) -> None:
    await enable(api, "autoresponder")
    made = await respond(api)
    await trigger(api, response_ids=[made["response_id"]])
    message_id = await post_as(api, "sandbox-owner", "hi", CLOSED_CHANNEL)

    answer = await check(api, message_id, CLOSED_CHANNEL)

    assert answer.status_code == 500
    assert answer.json()["title"] == "Discord refused"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"status": 403}, 500),
        ({"status": 404}, 500),
        ({"status": 429, "retry_after": 60}, 500),
        ({"status": 500, "times": 9}, 500),
        ({"drop": "before", "times": 9}, 500),
        ({"drop": "after"}, 200),
    ],
)
async def test_a_message_is_never_sent_twice(api: Api, fault: dict[str, Any], status: int) -> None:
    await enable(api, "autoresponder")
    made = await respond(api)
    await trigger(api, response_ids=[made["response_id"]])
    message_id = await post_as(api, "sandbox-member", "hi")
    before = await api.everything()
    await api.fault({"path": f"/channels/{GENERAL_CHANNEL}/messages$", "method": "POST", **fault})

    answer = await check(api, message_id)

    assert answer.status_code == status, answer.text
    assert await api.everything() == before
    await api.fault()
    said = [each for each in await channel_messages(api, GENERAL_CHANNEL) if each["content"] == "hello"]
    assert len(said) == (1 if fault.get("drop") == "after" else 0)


async def test_hits_are_counted_where_the_guild_counts_and_the_member_lets_it(api: Api) -> None:
    await enable(api, "autoresponder")
    async with api.program.worker.unit_of_work("test") as uow:
        settings = await lock_guild(uow.session, GUILD)
        assert settings is not None
        settings.module_serverstats = True
    hit = await trigger(api)
    choice = f'(guildId: "{GUILD}", userId: "{MEMBER}", input: {{prevented: true}}) {{ member {{ userId }} }}'
    await api.data(f"mutation {{ memberDataCollectionSet{choice} }}", token="sandbox-service")

    for token in ("sandbox-member", "sandbox-owner"):
        await check(api, await post_as(api, token, "hi"))

    counted = [(row["metric"].rsplit("/", 2)[-2:], row["user_id"]) for row in await api.rows("statistics_journal")]
    assert (["triggers", "created"], OWNER) in counted
    assert [user for metric, user in counted if metric == ["triggers", "hit"]] == [OWNER]
    assert len([metric for metric, _ in counted if metric[-1] == "check-time"]) == 2
    [data] = [row["data"] for row in await api.rows("statistics_journal") if row["metric"].endswith("hit")]
    assert hit["trigger_id"] in str(data)
