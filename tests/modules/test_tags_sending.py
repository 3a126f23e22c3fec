"""Tags on Discord: sent, previewed, and confirmed in the reply of a slash command."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from husqy_graphql.db.guilds import lock_guild
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, Api
from tests.modules.helpers import CLOSED_CHANNEL, FORUM, GENERAL_CHANNEL, channel_messages, enable, writes
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
    refused,
)

APPLICATION = 1300000000000000109
UNKNOWN_CHANNEL = 1300000000000000999
CONTENT = (
    f"<user_mention> <user_display_name> of <server_name> in <channel_name>: <@{ADMIN}> <@&1300000000000000205> "
    "@everyone <server_owner> <unknown>"
)
POST_MESSAGE = {"method": "POST", "path": "/channels/[0-9]+/messages", "times": 20}
SEND = """mutation ($guild: Snowflake!, $tag: String!, $channel: Snowflake!, $user: Snowflake) {
  tagSend(guildId: $guild, tag: $tag, input: {channelId: $channel, userMentionId: $user}) {
    message tag { tagId } } }"""


def place(**values: Any) -> dict[str, Any]:
    return {"guild_id": GUILD, "channel_id": GENERAL_CHANNEL, **values}


async def send(api: Api, tag: str, options: dict[str, Any] | None = None, **values: Any) -> httpx2.Response:
    path = f"{PATH}/entries/{quote(tag, safe='')}/send"
    return await api.rest("POST", path, json=place(**values), **(options or AS_MEMBER))


async def preview(api: Api, tag: dict[str, Any], options: dict[str, Any] | None = None, **values: Any) -> Any:
    request = place(user_id=MEMBER, **values)
    return await api.rest("POST", entry_path(tag, "/preview"), json=request, **(options or {}))


async def interaction(api: Api, token: str) -> dict[str, Any]:
    return await api.discord("GET", f"/interactions/{token}")


async def test_a_tag_is_sent_with_its_variables(api: Api) -> None:
    await enable(api, "tags")
    tag = await create(api, content=CONTENT)

    answer = await send(api, tag["entry"]["tag_id"], user_mention_id=MEMBER_2)

    assert answer.json() == {"data": {"message": "The tag is sent."}}
    [message] = await channel_messages(api, GENERAL_CHANNEL)
    assert message["content"] == (
        f"<@{MEMBER_2}> noah of Husqy demo in general: <@{ADMIN}> <@&1300000000000000205> @everyone <@{OWNER}> "
        "<unknown>"
    )
    assert message["author"]["id"] == str(APPLICATION)
    assert message["allowed_mentions"] == {"parse": [], "users": [str(ADMIN), str(MEMBER_2)], "roles": []}
    assert message["type"] == 0  # no reply


async def test_without_a_mentioned_user_their_variables_stay(api: Api) -> None:
    await enable(api, "tags")
    await create(api, content="<user_mention> <user_id> <channel_id>", names=["a"])

    assert (await send(api, "a")).status_code == 200
    assert (await send(api, "a", user_mention_id=None, application_id=None, token=None)).status_code == 200

    for message in await channel_messages(api, GENERAL_CHANNEL):
        assert message["content"] == f"<user_mention> <user_id> {GENERAL_CHANNEL}"
        assert message["allowed_mentions"]["users"] == []


async def test_a_mentioned_user_who_is_not_there_leaves_fallbacks(api: Api) -> None:
    await enable(api, "tags")
    await create(api, content="<user_display_name> <user_roles>", names=["a"])

    for user in (OUTSIDER, 42):
        assert (await send(api, "a", user_mention_id=user)).status_code == 200
    contents = [each["content"] for each in await channel_messages(api, GENERAL_CHANNEL)]
    assert contents == ["Zoe Unknown", "Unknown Unknown"]


async def test_a_text_that_grows_is_cut_and_brings_no_variable_in(api: Api) -> None:
    await enable(api, "tags")
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"global_name": "<server_name> @everyone"})
    await create(api, content="<user_display_name>" * 100, names=["a"])

    assert (await send(api, "a", user_mention_id=MEMBER)).status_code == 200

    [message] = await channel_messages(api, GENERAL_CHANNEL)
    assert message["content"] == ("<server_name> @everyone" * 100)[:2000]
    assert message["allowed_mentions"]["parse"] == []


async def test_a_tag_is_found_by_id_and_then_by_name(api: Api) -> None:
    await enable(api, "tags")
    hidden = await create_as_member(api, MEMBER_2, content="hidden", names=["a b+c?%2F"], visibility=2)
    first = await create(api, content="first", names=["a b+c?%2F"])
    await create(api, content="second", names=["a b+c?%2F", "A"])
    await create(api, content="by name of an id", names=[first["entry"]["tag_id"]])
    await create_as_member(api, MEMBER_2, content="secret", names=["secret"], visibility=2)

    for tag in ("a b+c?%2F", "A", first["entry"]["tag_id"]):
        assert (await send(api, tag)).status_code == 200, tag
    assert (await send(api, "a b+c?%2F", {**BOT, "acting": MEMBER_2})).status_code == 200
    assert (await send(api, "secret", {**BOT, "acting": MEMBER_2})).status_code == 200
    contents = [each["content"] for each in await channel_messages(api, GENERAL_CHANNEL)]
    assert contents == ["first", "second", "first", "hidden", "secret"]

    await create(api, names=["a/b"])  # which is no segment of a path
    variables = {"guild": str(GUILD), "tag": "a/b", "channel": str(GENERAL_CHANNEL)}
    assert (await api.data(SEND, **AS_MEMBER, **variables))["tagSend"]["message"] == "The tag is sent."

    path = entry_path(hidden, "/send")
    problem = await refused(api, 403, "POST", path, json=place(channel_id=UNKNOWN_CHANNEL), **AS_MEMBER)
    assert "private" in problem["detail"]
    await refused(api, 403, "POST", path, json=place(), **BOT, acting=OWNER)
    for nothing in ("secret", "a", MISSING, "null"):
        await refused(api, 404, "POST", f"{PATH}/entries/{nothing}/send", json=place(), **AS_MEMBER)


async def test_both_doors_send_the_same(api: Api) -> None:
    await enable(api, "tags")
    tag = await create(api, content=CONTENT)
    variables = {"guild": str(GUILD), "tag": "hi", "channel": str(GENERAL_CHANNEL), "user": str(MEMBER)}

    answer = (await api.data(SEND, **AS_MEMBER, **variables))["tagSend"]
    assert (await send(api, "hi", user_mention_id=MEMBER)).json()["data"] == {"message": answer["message"]}

    assert answer["tag"] == {"tagId": tag["entry"]["tag_id"]}
    one, other = await channel_messages(api, GENERAL_CHANNEL)
    assert (one["content"], one["allowed_mentions"]) == (other["content"], other["allowed_mentions"])


async def test_sending_is_for_husqy_on_behalf_of_a_member(api: Api) -> None:
    await enable(api, "tags")
    tag = await create(api)
    key = await api_key(api)
    for options, status in (({}, 403), (key, 403), ({"token": "sandbox-member"}, 403), (BOT, 400)):
        await refused(api, status, "POST", entry_path(tag, "/send"), json=place(), **options)
    for channel in (UNKNOWN_CHANNEL, 1):
        await refused(api, 404, "POST", entry_path(tag, "/send"), json=place(channel_id=channel), **AS_MEMBER)
        await refused(api, 404, "POST", entry_path(tag, "/preview"), json=place(channel_id=channel, user_id=MEMBER))


async def test_a_preview_shows_a_private_tag_and_notifies_nobody(api: Api) -> None:
    await enable(api, "tags")
    tag = await create_as_member(api, content=CONTENT, visibility=2)

    for options in ({}, {"token": "sandbox-admin"}, await api_key(api), {**BOT, "acting": ADMIN}):
        answer = await preview(api, tag, options)
        assert answer.json() == {"data": {"message": "The preview is sent."}}
    shown = await channel_messages(api, GENERAL_CHANNEL)
    assert len(shown) == 4
    for message in shown:
        assert message["content"].startswith(f"<@{MEMBER}> Mia of Husqy demo in general")
        assert message["allowed_mentions"] == {"parse": []}
    request = place(user_id=OUTSIDER)
    await refused(api, 404, "POST", entry_path(tag, "/preview"), json=request)
    await refused(api, 403, "POST", entry_path(tag, "/preview"), json=place(user_id=MEMBER), **AS_MEMBER)
    await refused(api, 403, "POST", entry_path(tag, "/preview"), json=place(user_id=MEMBER), token="sandbox-member")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"status": 403}, 500),
        ({"status": 404}, 500),
        ({"status": 500}, 503),
        ({"drop": "before"}, 503),
    ],
)
async def test_when_discord_takes_no_message_nothing_else_happens(api: Api, fault: dict[str, Any], status: int) -> None:
    await enable(api, "tags")
    tag = await create(api)
    await api.fault({**POST_MESSAGE, **fault})
    before = await api.everything()

    answers = [
        await send(api, "hi", application_id=APPLICATION, token="said-nothing"),
        await preview(api, tag),
    ]

    assert [answer.status_code for answer in answers] == [status, status]
    assert await api.everything() == before
    assert await channel_messages(api, GENERAL_CHANNEL) == []
    assert not [path for _, path in await writes(api) if "webhooks" in path]


async def test_a_lost_answer_sends_no_second_message(api: Api) -> None:
    await enable(api, "tags")
    tag = await create(api)

    await api.fault({**POST_MESSAGE, "drop": "after", "times": 1})
    assert (await send(api, "hi")).status_code == 200
    await api.fault({**POST_MESSAGE, "drop": "after", "times": 1})
    assert (await preview(api, tag)).status_code == 200

    assert len(await channel_messages(api, GENERAL_CHANNEL)) == 2


@pytest.mark.parametrize("channel", [CLOSED_CHANNEL, FORUM])
async def test_where_husqy_may_not_write_discord_says_so(api: Api, channel: int) -> None:
    await enable(api, "tags")
    tag = await create(api)
    before = await api.everything()

    for answer in (await send(api, "hi", channel_id=channel), await preview(api, tag, channel_id=channel)):
        assert answer.status_code == 500
        assert answer.json()["title"] == "Discord refused"
    assert await api.everything() == before
    assert await channel_messages(api, channel) == []


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 500}, {"drop": "before"}])
@pytest.mark.parametrize("path", [f"/channels/{GENERAL_CHANNEL}$", f"/guilds/{GUILD}$", "/guilds/[0-9]+/members/"])
async def test_when_discord_cannot_be_asked_nothing_is_sent(api: Api, path: str, fault: dict[str, Any]) -> None:
    await enable(api, "tags")
    tag = await create(api)
    await api.fault({"method": "GET", "path": path, "times": 20, **fault})

    answers = [await send(api, "hi", user_mention_id=MEMBER), await preview(api, tag)]

    # A channel that Discord does not let Husqy see is one that is not there.
    assert {answer.status_code for answer in answers} <= {404, 500, 503}
    await api.fault()
    assert await channel_messages(api, GENERAL_CHANNEL) == []


async def test_every_command_is_confirmed_in_its_reply(api: Api) -> None:
    await enable(api, "tags")

    def replying(token: str) -> dict[str, Any]:
        return {"application_id": APPLICATION, "token": token}

    tag = await create(api, AS_MEMBER, owner_id=MEMBER, names=["a`@everyone", "b"], **replying("made"))
    await change(api, tag, AS_MEMBER, names=["c"], **replying("changed"))
    await send(api, "c", **replying("sent"))
    request = {"guild_id": GUILD, **replying("deleted")}
    await api.rest("DELETE", entry_path(tag), json=request, **AS_MEMBER)

    for token, text in (
        ("made", "The tag `a@everyone, b` is there."),
        ("changed", "The tag `c` is changed."),
        ("sent", "The tag `c` is sent."),
        ("deleted", "The tag `c` is deleted."),
    ):
        reply = await interaction(api, token)
        assert (reply["content"], reply["allowed_mentions"]) == (text, {"parse": []})
    assert "made" not in str(await api.everything())


async def test_a_reply_vanishes_when_the_guild_wants_it(api: Api) -> None:
    await enable(api, "tags")
    await api.rest("PUT", "/settings", json={"guild_id": GUILD, "auto_delete": 1})
    await create(api, names=["a"])
    await send(api, "a", application_id=APPLICATION, token="brief")
    assert (await interaction(api, "brief"))["deleted"] is False

    await api.rest("PUT", "/settings", json={"guild_id": GUILD, "auto_delete": 0})
    await send(api, "a", application_id=APPLICATION, token="kept")
    await asyncio.sleep(1.3)

    assert (await interaction(api, "brief"))["deleted"] is True
    assert (await interaction(api, "kept"))["deleted"] is False
    assert len(await channel_messages(api, GENERAL_CHANNEL)) == 2  # what was sent stays


@pytest.mark.parametrize("fault", [None, {"status": 500}, {"status": 404}])
async def test_a_reply_that_fails_is_told_and_the_change_stays(api: Api, fault: dict[str, Any] | None) -> None:
    await enable(api, "tags")
    lost = {"application_id": APPLICATION, "token": "expired-token"}
    if fault is not None:
        await api.fault({"path": "/webhooks/", "times": 50, **fault})

    made = await api.rest("POST", f"{PATH}/entries", json=body(owner_id=MEMBER, **lost), **AS_MEMBER)
    [tag] = await entries(api)
    changed = await change(api, tag, AS_MEMBER, content="changed", **lost)
    sent = await send(api, "hi", **lost)
    assert (await entries(api))[0]["entry"]["content"] == "changed"
    gone = await api.rest("DELETE", entry_path(tag), json={"guild_id": GUILD, **lost}, **AS_MEMBER)

    for answer in (made, changed, sent, gone):
        assert answer.status_code == 500
        assert "is done" in answer.json()["detail"]
        assert "expired-token" not in answer.text
    assert await entries(api) == []
    assert [each["content"] for each in await channel_messages(api, GENERAL_CHANNEL)] == ["changed"]


async def test_half_an_interaction_is_none(api: Api) -> None:
    await enable(api, "tags")
    await create(api, application_id=APPLICATION)
    await create(api, token="alone")
    await create(api, application_id=None, token="")

    assert len(await entries(api)) == 3
    assert await writes(api) == []


async def test_sending_is_logged_and_timed(api: Api) -> None:
    logs = (await enable(api, "logging"))["settings"]["logs_channel_id"]
    await enable(api, "tags")
    async with api.program.worker.unit_of_work("test") as uow:
        settings = await lock_guild(uow.session, GUILD)
        assert settings is not None
        settings.module_serverstats = True
    tag = await create(api)
    await send(api, "hi")
    await preview(api, tag, await api_key(api))
    await send(api, "hi", channel_id=UNKNOWN_CHANNEL)
    await send(api, "hi", channel_id=CLOSED_CHANNEL)
    await send(api, "nothing")

    shown = f"`hi ({tag['entry']['tag_id']})`"
    contents = [each["content"] for each in await channel_messages(api, logs)]
    lines = [line.partition(" - ")[2] for content in contents for line in content.split("\n") if " - " in line]
    assert lines[2:] == [
        f"**<@{MEMBER}>** sent the tag {shown} to <#{GENERAL_CHANNEL}>",
        f"**<@{OWNER}>** changed the general settings: `API keys`",
        f"**An API key** looked at the tag {shown}",
        f"**<@{MEMBER}>** failed at tag send: not found",
        f"**<@{MEMBER}>** failed at tag send: discord refused",
        f"**<@{MEMBER}>** failed at tag send: not found",
    ]
    counted = [row["metric"] for row in await api.rows("statistics_journal")]
    assert counted == ["modules/tags/tag/created", "modules/tags/check-time"]
