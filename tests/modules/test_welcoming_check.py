"""Messages to who joins and about who leaves: what is sent, to whom, and what happens when Discord fails."""

from __future__ import annotations

from typing import Any

import pytest

from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.sandbox.world import OTHER_BOT
from husqy_graphql.modules.welcoming import repository
from tests.conftest import GUILD, MEMBER, OUTSIDER, QUIET_GUILD, UNKNOWN_GUILD, Api
from tests.modules.helpers import CLOSED_CHANNEL, channel_messages, enable, make_premium, refused, writes
from tests.modules.welcoming import (
    DM,
    EMBED,
    LEAVE,
    PATH,
    TYPES,
    WELCOME,
    WELCOME_CHANNEL,
    change,
    check,
    count_statistics,
    direct_messages,
    log_lines,
    respond,
    set_up,
)

CHECKS = (DM, WELCOME, LEAVE)
SENT = {"data": {"message": "The message was sent."}}


async def said(api: Api, what: str) -> list[dict[str, Any]]:
    return await direct_messages(api) if what == DM else await channel_messages(api, WELCOME_CHANNEL)


@pytest.mark.parametrize("what", CHECKS)
async def test_a_message_is_sent_logged_and_counted(api: Api, what: str) -> None:
    await enable(api, "logging")
    await enable(api, "welcoming")
    await count_statistics(api)
    await set_up(api, what, "Hi <user_mention> of <server_name> in <channel_mention>: <unknown> @everyone <@&5> <@1>")

    assert (await check(api, what)).json() == SENT

    [message] = await said(api, what)
    where = "<channel_mention>" if what == DM else f"<#{WELCOME_CHANNEL}>"
    assert message["content"] == f"Hi <@{MEMBER}> of Husqy demo in {where}: <unknown> @everyone <@&5> <@1>"
    assert message["allowed_mentions"] == {"parse": [], "users": [str(MEMBER)]}
    sentence = {DM: "was welcomed by direct message", WELCOME: "was welcomed in <#", LEAVE: "was seen off in <#"}[what]
    assert f"**<@{MEMBER}>** {sentence}" in await log_lines(api)
    [sample] = [row for row in await api.rows("statistics_journal") if row["metric"].endswith("check-time")]
    assert sample["user_id"] is None
    assert "check_time" in str(sample["data"])


@pytest.mark.parametrize("what", CHECKS)
async def test_embeds_are_sent_with_their_variables_replaced(api: Api, what: str) -> None:
    await enable(api, "welcoming")
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"global_name": '"}]} @everyone <server_name>'})
    await set_up(api, what, EMBED, is_embed=True)

    assert (await check(api, what)).json() == SENT

    [message] = await said(api, what)
    [embed] = message["embeds"]
    assert embed["title"] == 'Ahoy "}]} @everyone <server_name>'
    assert embed["description"] == ("in <channel_mention>" if what == DM else f"in <#{WELCOME_CHANNEL}>")


async def test_who_has_left_has_fallbacks(api: Api) -> None:
    await enable(api, "welcoming")
    await set_up(api, LEAVE, "<user_display_name> <user_mention> <user_nickname> <user_joined_at> <user_roles>")
    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{MEMBER}")

    assert (await check(api, LEAVE)).json() == SENT

    [message] = await channel_messages(api, WELCOME_CHANNEL)
    assert message["content"] == f"Mia <@{MEMBER}> No nickname Unknown Unknown"


async def test_one_of_all_is_sent_when_they_are_randomized(api: Api) -> None:
    await enable(api, "welcoming")
    await make_premium(api)
    for content in ("one", "two", "three"):
        await respond(api, TYPES[WELCOME], content)
    await respond(api, TYPES[LEAVE], "wrong type")
    await change(
        api,
        welcome_messages_enabled=True,
        welcome_messages_randomized=True,
        welcome_messages_channel=WELCOME_CHANNEL,
    )
    for _ in range(40):
        assert (await check(api, WELCOME)).json() == SENT
    contents = {each["content"] for each in await channel_messages(api, WELCOME_CHANNEL)}
    assert contents == {"one", "two", "three"}


@pytest.mark.parametrize("what", CHECKS)
async def test_what_is_not_set_up_does_nothing(api: Api, what: str) -> None:
    await enable(api, "logging")
    await enable(api, "welcoming")
    prefix = {DM: "welcome_messages_dm", WELCOME: "welcome_messages", LEAVE: "leave_messages"}[what]
    states: list[dict[str, Any]] = [
        {},  # off
        {f"{prefix}_enabled": True},  # no response is chosen
        {f"{prefix}_randomized": True},  # there is no response
    ]
    for state in states:
        await change(api, **state)
        before, asked = await api.everything(), await writes(api)
        for acting in (MEMBER, OUTSIDER):  # whether somebody is there is asked when there is something to do
            answer = await check(api, what, acting)
            assert answer.status_code == 200, answer.text
            assert answer.json() != SENT
        assert await api.everything() == before
        assert [each for each in (await writes(api))[len(asked) :] if "/messages" not in each[1]] == []
    assert await said(api, what) == []
    made = await respond(api, TYPES[what])
    chosen = {
        DM: "welcome_message_dm_response_id",
        WELCOME: "welcome_message_response_id",
        LEAVE: "leave_message_response_id",
    }
    await change(api, **{f"{prefix}_randomized": False, chosen[what]: made["response_id"]})
    if what != DM:  # there is no channel
        assert (await check(api, what)).json() != SENT
        await change(api, **{f"{prefix}_channel": WELCOME_CHANNEL})
        await api.discord(
            "DELETE", f"/api/v10/channels/{WELCOME_CHANNEL}", headers={"authorization": "Bot sandbox-bot"}
        )
        assert (await check(api, what)).json()["data"]["message"] == "There is no channel to write in."
    assert "failed" not in await log_lines(api)


async def test_direct_messages_that_are_closed_are_no_error(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "welcoming")
    await count_statistics(api)
    await set_up(api, DM)
    counted = await api.rows("statistics_journal")
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"direct_messages": False})

    answer = await check(api, DM)

    assert answer.json() == {"data": {"message": "The member takes no direct messages."}}
    assert "failed at welcoming check welcome dm: no direct messages" in await log_lines(api)
    assert await api.rows("statistics_journal") == counted


async def test_bots_get_no_direct_message_but_are_welcomed_in_the_channel(api: Api) -> None:
    await enable(api, "welcoming")
    await set_up(api, DM)
    await set_up(api, WELCOME)
    asked = await writes(api)
    assert (await check(api, DM, OTHER_BOT)).json() == {"data": {"message": "Bots get no direct messages."}}
    assert await writes(api) == asked
    assert (await check(api, WELCOME, OTHER_BOT)).json() == SENT


@pytest.mark.parametrize("what", CHECKS)
async def test_a_check_needs_the_module_the_guild_and_a_member(api: Api, what: str) -> None:
    options: dict[str, Any] = {"token": "sandbox-service", "acting": MEMBER}
    path = f"{PATH}/check/{what}"
    await refused(api, 409, "POST", path, json={"guild_id": GUILD}, **options)
    await refused(api, 404, "POST", path, json={"guild_id": UNKNOWN_GUILD}, **options)
    await refused(api, 400, "POST", path, json={"guild_id": GUILD}, token="sandbox-service")
    await refused(api, 400, "POST", path, json={}, **options)
    for token in ("sandbox-owner", "sandbox-member"):
        await refused(api, 403, "POST", path, json={"guild_id": GUILD}, token=token)
    await enable(api, "welcoming")
    await set_up(api, what)
    if what == LEAVE:
        nobody = await check(api, what, 5)
        assert nobody.json() == {"data": {"message": "Discord knows nobody by this id."}}
    else:
        await refused(api, 404, "POST", path, json={"guild_id": GUILD}, token="sandbox-service", acting=OUTSIDER)
    assert await said(api, what) == []


async def test_a_channel_in_which_husqy_may_not_write_is_told(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "welcoming")
    await set_up(api, WELCOME)
    await change(api, welcome_messages_channel=CLOSED_CHANNEL)
    answer = await check(api, WELCOME)
    assert (answer.status_code, answer.json()["title"]) == (500, "Discord refused")
    assert "failed at welcoming check welcome channel: discord refused" in await log_lines(api)


@pytest.mark.parametrize("what", CHECKS)
@pytest.mark.parametrize(
    ("fault", "status", "messages"),
    [
        ({"status": 403}, 500, 0),
        ({"status": 404}, 500, 0),
        ({"status": 500}, 200, 1),
        ({"status": 500, "times": 9}, 503, 0),
        ({"drop": "before", "times": 9}, 503, 0),
        ({"drop": "after"}, 200, 1),
        ({"drop": "after", "times": 9}, 503, 1),
    ],
)
async def test_a_message_is_never_sent_twice(
    api: Api, what: str, fault: dict[str, Any], status: int, messages: int
) -> None:
    await enable(api, "welcoming")
    await set_up(api, what)
    before = await api.everything()
    await api.fault({"path": "/messages$", "method": "POST", **fault})

    answer = await check(api, what)

    assert answer.status_code == status, answer.text
    assert await api.everything() == before
    await api.fault()
    assert len(await said(api, what)) == messages


@pytest.mark.parametrize("path", ["/users/@me/channels$", f"/guilds/{GUILD}$", f"/members/{MEMBER}$"])
async def test_when_discord_answers_nothing_nothing_is_sent(api: Api, path: str) -> None:
    await enable(api, "welcoming")
    await set_up(api, DM)
    await api.fault({"path": path, "status": 500, "times": 9})
    assert (await check(api, DM)).status_code == 503
    await api.fault()
    assert await direct_messages(api) == []


async def test_embeds_that_are_none_any_more_are_told_in_the_logs(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "welcoming")
    made = await set_up(api, WELCOME, EMBED, is_embed=True)
    async with api.program.worker.unit_of_work("test") as uow:
        row = await repository.find_response(uow.session, GUILD, made["response_id"])
        assert row is not None
        row.content = "old data"
    answer = await check(api, WELCOME)
    assert answer.json() == {"data": {"message": "The response is not the JSON of embeds."}}
    assert "failed at welcoming check welcome channel: invalid embeds" in await log_lines(api)


async def test_who_prevents_data_collection_is_greeted_and_the_time_is_counted(api: Api) -> None:
    await enable(api, "welcoming")
    await count_statistics(api)
    await set_up(api, WELCOME)
    choice = f'(guildId: "{GUILD}", userId: "{MEMBER}", input: {{prevented: true}}) {{ member {{ userId }} }}'
    await api.data(f"mutation {{ memberDataCollectionSet{choice} }}", token="sandbox-service")
    assert (await check(api, WELCOME)).json() == SENT
    metrics = [row["metric"] for row in await api.rows("statistics_journal")]
    assert metrics.count("modules/welcoming/check-time") == 1


async def test_another_guild_is_left_alone(api: Api) -> None:
    await enable(api, "welcoming")
    await enable(api, "welcoming", QUIET_GUILD)
    await set_up(api, WELCOME)
    assert (await check(api, WELCOME, guild=QUIET_GUILD)).json() == {"data": {"message": "This message is off."}}
    assert await channel_messages(api, WELCOME_CHANNEL) == []


async def test_a_line_that_cannot_be_written_does_not_make_the_bot_ask_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enable(api, "logging")
    await enable(api, "welcoming")
    await set_up(api, WELCOME)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(UnitOfWork, "log", fail)
    assert (await check(api, WELCOME)).json() == SENT
