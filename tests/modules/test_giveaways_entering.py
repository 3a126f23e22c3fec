"""Members enter and leave giveaways, and who watches sees it. Source: giveaways.md, sections 3 and 7."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest

from husqy_graphql.discord.sandbox.world import OTHER_BOT
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OWNER, Api, credentials
from tests.modules.giving import (
    AS_MEMBER,
    BOT,
    HERE,
    MISSING,
    PATH,
    body,
    edits,
    entered,
    give,
    path_of,
    press,
    read,
    shown,
    winners,
)
from tests.modules.helpers import enable, make_premium, refused, run_due
from tests.modules.tags import api_key, prevent_data_collection
from tests.statements import counted
from tests.transport.streams import stream

INTERACTION: dict[str, Any] = {"application_id": 1300000000000000109, "token": "tok"}


async def test_members_enter_once_and_leave(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)

    answered = await press(api, entry, "enter")
    assert answered.json() == {"data": {"message": "The member takes part."}}
    await entered(api, entry, MEMBER_2, OWNER)  # the owner may, too
    assert (await read(api, entry))["participants"] == f"{MEMBER},{MEMBER_2},{OWNER}"
    await refused(api, 409, "POST", path_of(entry, "/enter"), json=HERE, **AS_MEMBER)

    left = await press(api, entry, "leave")

    assert left.json() == {"data": {"message": "The member takes part no more."}}
    assert (await read(api, entry))["participants"] == f"{MEMBER_2},{OWNER}"
    await refused(api, 409, "POST", path_of(entry, "/leave"), json=HERE, **AS_MEMBER)
    await entered(api, entry, MEMBER)
    assert (await read(api, entry))["participants"] == f"{MEMBER_2},{OWNER},{MEMBER}"


async def test_the_message_follows_once_a_second(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await entered(api, entry, MEMBER, MEMBER_2, OWNER, ADMIN)
    await press(api, entry, "leave", ADMIN)
    assert await edits(api) == 0

    await run_due(api, seconds=1)

    assert (await shown(api, entry))["Participants"] == "3"
    assert await edits(api) == 1
    await run_due(api, seconds=60)
    assert await edits(api) == 1


@pytest.mark.parametrize("button", ["enter", "leave"])
async def test_who_may_press(api: Api, button: str) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    key = await api_key(api)
    path = path_of(entry, f"/{button}")
    for options, status in (({}, 403), (key, 403), ({"token": "sandbox-member"}, 403), (BOT, 400)):
        await refused(api, status, "POST", path, json=HERE, **options)
    await refused(api, 401, "POST", path, json=HERE, token=None)
    await refused(api, 404, "POST", f"{PATH}/entries/{MISSING}/{button}", json=HERE, **AS_MEMBER)
    await prevent_data_collection(api, MEMBER)
    await refused(api, 403, "POST", path, json=HERE, **AS_MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entries/{MISSING}/{button}", json=HERE, **AS_MEMBER)


async def test_a_bot_does_not_take_part(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    as_bot = {**BOT, "acting": OTHER_BOT}

    problem = await refused(api, 400, "POST", path_of(entry, "/enter"), json=HERE, **as_bot)

    assert "bot" in problem["detail"].lower()


async def test_a_silent_discord_keeps_no_member_out_and_lets_no_bot_win(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, winner_count=5)
    await api.fault({"path": f"/guilds/{GUILD}/members", "status": 502, "times": 99})
    await entered(api, entry, MEMBER, OTHER_BOT)
    await api.fault()

    await run_due(api, hours=1)

    assert await winners(api, entry) == [MEMBER]


async def test_after_the_end_nobody_enters_even_before_it_is_noticed(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await entered(api, entry, MEMBER_2)
    api.clock.advance(minutes=59, seconds=59)
    await entered(api, entry, OWNER)

    api.clock.advance(seconds=1)

    for rest, user in (("/enter", MEMBER), ("/leave", MEMBER_2)):
        await refused(api, 409, "POST", path_of(entry, rest), json=HERE, **{**BOT, "acting": user})
    await refused(api, 409, "PUT", path_of(entry), json=HERE)


async def test_presses_at_the_same_moment_count_once(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    users = (MEMBER, MEMBER_2, OWNER, ADMIN)

    answered = await asyncio.gather(*(press(api, entry, "enter", user) for user in users for _ in range(5)))

    assert sorted(each.status_code for each in answered) == [200] * 4 + [409] * 16
    assert sorted((await read(api, entry))["participants"].split(",")) == sorted(map(str, users))
    answered = await asyncio.gather(*(press(api, entry, "leave", user) for user in users for _ in range(5)))
    assert sorted(each.status_code for each in answered) == [200] * 4 + [409] * 16
    assert (await read(api, entry))["participants"] is None


async def test_replies_tell_the_member_and_a_failing_one_keeps_the_change(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, giveaway_owner_id=MEMBER)
    for button, part in (("enter", "You take part"), ("leave", "not take part")):
        token = f"tok-{button}"
        await deferred(api, token)
        assert (await press(api, entry, button, **{**INTERACTION, "token": token})).status_code == 200
        said = (await api.discord("GET", f"/interactions/{token}"))["content"]
        assert part in said
        assert "A bone" in said
    expired = {**INTERACTION, "token": "expired-tok"}
    assert (await press(api, entry, "enter", **expired)).status_code == 500
    assert (await read(api, entry))["participants"] == str(MEMBER)
    assert (await press(api, entry, "leave", **expired)).status_code == 500
    assert (await read(api, entry))["participants"] is None
    for method, rest, request in (("PUT", "", {"new_prize": "x"}), ("DELETE", "", {})):
        answer = await api.rest(method, path_of(entry, rest), json={**HERE, **expired, **request}, **AS_MEMBER)
        assert answer.status_code == 500
    assert await api.rows("giveaways") == []
    answer = await api.rest("POST", f"{PATH}/entries", json=body(**expired))
    assert answer.status_code == 500
    assert len(await api.rows("giveaways")) == 1


async def test_what_administrators_and_owners_do_is_answered_too(api: Api) -> None:
    await enable(api, "giveaways")
    tokens = iter(f"tok-{number}" for number in range(9))

    async def done(method: str, path: str, **values: Any) -> str:
        token = next(tokens)
        await deferred(api, token)
        answer = await api.rest(method, path, json={**HERE, **INTERACTION, "token": token, **values})
        assert answer.status_code == 200, answer.text
        return (await api.discord("GET", f"/interactions/{token}"))["content"]

    assert await done("POST", f"{PATH}/entries", **body()) == "The giveaway is there."
    [entry] = await api.rows("giveaways")
    assert await done("PUT", path_of(entry), new_prize="x") == "The giveaway is changed."
    await run_due(api, hours=1)
    assert await done("POST", path_of(entry, "/reroll")) == "The winners of the giveaway are drawn again."
    assert await done("DELETE", path_of(entry)) == "The giveaway is deleted."


async def deferred(api: Api, token: str) -> None:
    """Let the bot have answered an interaction with "thinking"."""
    answered = await api.http.post(
        f"/sandbox/discord/api/v10/interactions/1/{token}/callback", json={"type": 5, "data": {}}
    )
    assert answered.is_success, answered.text


async def test_who_watches_a_giveaway_sees_it_live(api: Api) -> None:
    await enable(api, "giveaways")
    entry, other = await give(api), await give(api)
    watch = (
        f'subscription {{ giveawayChanged(guildId: "{GUILD}", giveawayId: "{entry["giveaway_id"]}") '
        "{ giveaway { state prize participantCount participants winners } } }"
    )
    headers = {**credentials("sandbox-owner"), "accept": "text/event-stream"}

    async with stream(api.program, "GET", f"/graphql?{urlencode({'query': watch})}", headers) as answer:
        events = answer.events()
        await answer.started.wait()

        async def seen() -> dict[str, Any]:
            return (await anext(events))["data"]["giveawayChanged"]["giveaway"]

        await entered(api, other, MEMBER_2)  # which is not watched
        await entered(api, entry, MEMBER)
        running = {"state": "RUNNING", "prize": "A bone", "winners": []}
        assert await seen() == {**running, "participantCount": 1, "participants": [str(MEMBER)]}
        await press(api, entry, "leave")
        assert await seen() == {**running, "participantCount": 0, "participants": []}
        await api.rest("PUT", path_of(entry), json={**HERE, "new_prize": "Two bones"})
        assert (await seen())["prize"] == "Two bones"
        await entered(api, entry, MEMBER)
        await seen()
        await run_due(api, hours=1)
        states = [await seen(), await seen()]
        assert [each["state"] for each in states][-1] == "ENDED"
        assert states[-1]["winners"] == [str(MEMBER)]


PAGE = """query ($guild: Snowflake!, $first: Int, $after: String, $state: GiveawayState, $owner: Snowflake, $id: ID!) {
  guild(id: $guild) { giveaways { settings { saveDurationTimeout deleteEndedGiveaways }
    giveaways(first: $first, after: $after, state: $state, ownerId: $owner) {
      nodes { id giveawayId prize state participants participantCount winners endsAt deleteAt ended ownerId
        message { url } channel { name } owner { name } effects { action state } }
      pageInfo { hasNextPage endCursor } }
    giveaway(giveawayId: $id) { giveawayId } } } }"""


async def test_a_dashboard_sees_what_it_shows(api: Api) -> None:
    await enable(api, "giveaways")
    await make_premium(api)
    over = await give(api, end_time="1m", prize="first")
    await entered(api, over, MEMBER)
    await run_due(api, minutes=1)
    running = [await give(api, giveaway_owner_id=MEMBER) for _ in range(2)]
    await entered(api, running[0], MEMBER, MEMBER_2)

    async def page(**variables: Any) -> dict[str, Any]:
        found = await api.data(PAGE, **{"guild": str(GUILD), "id": over["giveaway_id"], **variables})
        return found["guild"]["giveaways"]

    found = await page()
    first, second, _ = found["giveaways"]["nodes"]
    assert (first["state"], first["winners"], first["ended"]) == ("ENDED", [str(MEMBER)], True)
    assert first["message"]["url"].endswith(f"/{over['channel_id']}/{over['message_id']}")
    assert (second["state"], second["participantCount"], second["owner"]["name"]) == ("RUNNING", 2, "Mia")
    assert second["effects"] == [{"action": "giveaways.show", "state": "PENDING"}]
    assert second["channel"]["name"] == "general"
    assert found["giveaway"]["giveawayId"] == over["giveaway_id"]
    assert (await page(id=MISSING))["giveaway"] is None
    for variables, expected in (
        ({"state": "RUNNING"}, running), ({"state": "ENDED"}, [over]), ({"state": "DRAWING"}, []),
        ({"owner": str(MEMBER)}, running), ({"first": 1}, [over]),
    ):  # fmt: skip
        nodes = (await page(**variables))["giveaways"]["nodes"]
        assert [node["giveawayId"] for node in nodes] == [each["giveaway_id"] for each in expected]
    cursor = (await page(first=1))["giveaways"]["pageInfo"]
    assert cursor["hasNextPage"] is True
    assert len((await page(after=cursor["endCursor"]))["giveaways"]["nodes"]) == 2
    node = await api.data("query ($id: ID!) { node(id: $id) { ... on Giveaway { prize } } }", id=first["id"])
    assert node["node"] == {"prize": "first"}


async def test_a_page_takes_as_many_statements_as_one_giveaway(api: Api) -> None:
    await enable(api, "giveaways")
    await make_premium(api)
    numbers: list[int] = []
    for _ in range(2):
        entry = await give(api)
        await entered(api, entry, MEMBER)
        with counted(api) as statements:
            await api.data(PAGE, guild=str(GUILD), id=MISSING)
        numbers.append(len(statements))
        await give(api)
    assert numbers[0] == numbers[1]
