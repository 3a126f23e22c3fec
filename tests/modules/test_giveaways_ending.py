"""Giveaways end: closed in time, drawn once Discord answers, drawn again, forgotten.

Source: giveaways.md, section 4.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from husqy_graphql.app import create_program
from husqy_graphql.modules.giveaways.drawing import draw_winners
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OWNER, Api, Monotonic, settings_for
from tests.modules.giving import (
    AS_MEMBER,
    BOT,
    HERE,
    PATH,
    channel,
    crowd,
    edits,
    entered,
    entries,
    give,
    job_kinds,
    message_of,
    notices,
    path_of,
    read,
    reroll,
    shown,
    winners,
)
from tests.modules.helpers import GENERAL_CHANNEL, enable, make_premium, refused, run_due
from tests.modules.tags import leave

MEMBERS = {"path": f"/guilds/{GUILD}/members", "times": 999}
ALL = (MEMBER, MEMBER_2, OWNER, ADMIN)


async def draws(api: Api) -> list[dict[str, Any]]:
    """What the audit log has written down of draws, as fields."""
    rows = [row for row in await api.rows("audit_log") if row["action"].endswith((".draw", ".reroll"))]
    found = [row["changes"] if isinstance(row["changes"], list) else json.loads(row["changes"]) for row in rows]
    return [{change["field"]: change["after"] for change in changes} for changes in found]


async def former(api: Api) -> list[int]:
    return [row["user_id"] for row in await api.rows("giveaway_winners")]


async def test_a_giveaway_ends_in_time_and_is_forgotten_later(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, winner_count=2)
    await entered(api, entry, *ALL)
    await run_due(api, minutes=59, seconds=59)
    assert (await read(api, entry))["edited_with_results"] is False
    assert (await read(api, entry))["winners"] is None

    await run_due(api, seconds=1)

    now = await read(api, entry)
    assert now["edited_with_results"] is True
    assert (now["end_time"], now["delete_at"]) == (entry["end_time"], entry["delete_at"])
    won = await winners(api, entry)
    assert len(won) == len(set(won)) == 2
    assert set(won) <= set(ALL)
    seen = await shown(api, entry)
    assert seen["title"] == "This giveaway has ended"
    assert seen["Winners"] == " ".join(f"<@{each}>" for each in won)
    assert (seen["Participants"], seen["Winners to be drawn"], seen["From"]) == ("4", "2", f"<@{OWNER}>")
    message = await message_of(api, entry)
    assert message is not None
    assert message["components"] == []
    [notice] = await notices(api)
    for part in ("A bone", entry["giveaway_id"], f"/{GENERAL_CHANNEL}/{entry['message_id']}"):
        assert part in notice
    assert await job_kinds(api) == ["giveaways.purge"]
    assert await run_due(api, days=6, hours=23, minutes=59) == 0

    await run_due(api, minutes=1)

    assert await entries(api) == []
    for table in ("giveaway_participants", "giveaway_draws", "giveaway_winners", "jobs"):
        assert await api.rows(table) == []
    assert await message_of(api, entry) is not None  # which stays, as the settings have it


@pytest.mark.parametrize("seconds", [0, 60])
async def test_the_message_goes_too_where_the_guild_wants_it(api: Api, seconds: int) -> None:
    await enable(api, "giveaways")
    request = {**HERE, "save_duration_timeout": seconds, "delete_ended_giveaways": True}
    await api.rest("PUT", f"{PATH}/settings", json=request)
    entry = await give(api)
    await entered(api, entry, MEMBER)
    await run_due(api, hours=1)
    assert len(await notices(api)) == 1  # also where it is kept for no time at all
    assert [each["winners"] for each in await entries(api)] in (
        [[], [str(MEMBER)]] if seconds == 0 else [[str(MEMBER)]]
    )

    await run_due(api, seconds=60)

    assert await entries(api) == []
    assert await message_of(api, entry) is None


async def test_what_was_overdue_happens_at_the_start(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await entered(api, entry, MEMBER)

    await run_due(api, days=30)  # nobody was there for a month

    assert len(await notices(api)) == 1
    assert (await shown(api, entry))["Winners"] == f"<@{MEMBER}>"
    await run_due(api, minutes=1)
    assert await entries(api) == []


async def test_a_draw_can_be_made_again_from_what_is_written_down(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, winner_count=3)
    entrants = await crowd(api, entry, 40)
    await run_due(api, hours=1)
    first = await winners(api, entry)
    assert (await reroll(api, entry)).status_code == 200
    second = await winners(api, entry)

    drawn, again = await draws(api)

    assert {name: drawn[name] for name in ("entrants", "winners")} == {"entrants": 40, "winners": 3}
    assert {name: again[name] for name in ("entrants", "winners")} == {"entrants": 37, "winners": 3}
    assert drawn["seed"] != again["seed"]
    assert draw_winners(bytes.fromhex(drawn["seed"]), entrants, 3) == first
    rest = [each for each in entrants if each not in first]
    assert draw_winners(bytes.fromhex(again["seed"]), rest, 3) == second
    assert not any(str(user_id) in str(row["changes"]) for row in await api.rows("audit_log") for user_id in entrants)


async def test_all_win_where_fewer_take_part_and_nobody_where_nobody_does(api: Api) -> None:
    await enable(api, "giveaways")
    few, nobody = await give(api, winner_count=5), await give(api)
    await entered(api, few, MEMBER, MEMBER_2)

    await run_due(api, hours=1)

    assert sorted(await winners(api, few)) == [MEMBER, MEMBER_2]
    now = await read(api, nobody)
    assert (now["edited_with_results"], now["winners"], now["participants"]) == (True, None, None)
    assert (await shown(api, nobody))["Winners"] == "Nobody took part, so nobody has won."
    assert len(await notices(api)) == 2


async def test_who_has_left_the_server_does_not_win(api: Api) -> None:
    await enable(api, "giveaways")
    entry, lost = await give(api, winner_count=4), await give(api)
    await entered(api, entry, *ALL)
    await entered(api, lost, MEMBER)
    await leave(api, MEMBER)

    await run_due(api, hours=1)

    assert sorted(await winners(api, entry)) == sorted({MEMBER_2, OWNER, ADMIN})
    assert (await read(api, entry))["participants"] is not None
    assert (await read(api, lost))["winners"] is None


@pytest.mark.parametrize("winner_count", [1, 100])
async def test_a_large_crowd_costs_few_calls(api: Api, winner_count: int) -> None:
    await enable(api, "giveaways")
    entry = await give(api, winner_count=winner_count)
    users = await crowd(api, entry, 150)
    for user_id in users[:50]:
        await leave(api, user_id)
    before = len(await api.calls())

    await run_due(api, hours=1)

    won = await winners(api, entry)
    assert len(won) == winner_count
    assert set(won) <= set(users[50:])
    assert len(await api.calls()) - before < 20
    message = await message_of(api, entry)
    assert message is not None
    values = [each["value"] for each in message["embeds"][0]["fields"]]
    assert " ".join(values).count("<@14") == winner_count


async def test_a_silent_discord_delays_the_draw_and_decides_nothing(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, winner_count=2)
    await entered(api, entry, *ALL)
    await api.fault({**MEMBERS, "status": 502})

    await run_due(api, hours=1)

    assert (await read(api, entry))["edited_with_results"] is False
    query = """query ($guild: Snowflake!) { guild(id: $guild) { giveaways { giveaways {
      nodes { state effects { action } } } } } }"""
    [node] = (await api.data(query, guild=str(GUILD)))["guild"]["giveaways"]["giveaways"]["nodes"]
    assert node == {"state": "DRAWING", "effects": [{"action": "giveaways.draw"}]}
    [waiting] = await api.rows("giveaway_draws")
    for method, rest, options in (("POST", "/enter", AS_MEMBER), ("POST", "/reroll", {}), ("PUT", "", {})):
        await refused(api, 409, method, path_of(entry, rest), json=HERE, **options)
    await run_due(api, minutes=10)
    assert await notices(api) == []
    await api.fault()

    await run_due(api, minutes=10)

    expected = draw_winners(bytes.fromhex(waiting["seed"]), ALL, 2)
    assert await winners(api, entry) == expected
    assert len(await notices(api)) == 1


async def test_a_giveaway_that_is_not_drawn_is_not_forgotten(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await entered(api, entry, MEMBER)
    await api.fault({**MEMBERS, "status": 502})
    for _ in range(3):
        await run_due(api, days=5)
    assert len(await entries(api)) == 1
    await api.fault()

    await run_due(api, minutes=10)

    assert len(await notices(api)) == 1
    await run_due(api, minutes=1)
    assert await entries(api) == []


async def test_what_discord_refuses_is_shown_and_tried_again(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await entered(api, entry, MEMBER)
    await api.fault({**MEMBERS, "status": 403})
    await run_due(api, hours=1)
    query = "query ($guild: Snowflake!) { guild(id: $guild) { effects { nodes { databaseId action state } } } }"
    [effect] = (await api.data(query, guild=str(GUILD)))["guild"]["effects"]["nodes"]
    assert (effect["action"], effect["state"]) == ("giveaways.draw", "FAILED")
    await api.fault()

    retry = (
        "mutation ($guild: Snowflake!, $id: Int!) { effectRetry(guildId: $guild, effectId: $id) { effect { state } } }"
    )
    await api.data(retry, guild=str(GUILD), id=effect["databaseId"])
    await run_due(api)

    assert await winners(api, entry) == [MEMBER]
    assert len(await notices(api)) == 1


async def test_who_leaves_or_is_erased_while_the_draw_waits_is_passed_over(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, winner_count=4)
    await entered(api, entry, *ALL)
    await api.fault({**MEMBERS, "status": 502})
    await run_due(api, hours=1)
    await leave(api, MEMBER)
    erase = {**HERE, "privacy_member_id": MEMBER_2}
    await api.fault()
    done = await api.rest("DELETE", f"{PATH}/privacy/delete-user-entries", json=erase, **{**BOT, "acting": MEMBER_2})
    assert done.status_code == 200

    await run_due(api, minutes=10)

    assert sorted(await winners(api, entry)) == sorted((OWNER, ADMIN))


async def test_a_reroll_never_draws_a_former_winner(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, winner_count=2)
    users = await crowd(api, entry, 7)
    await run_due(api, hours=1)
    sent = len(await channel(api))
    rounds = [await winners(api, entry)]

    for expected in (2, 2, 1, 0, 0):
        answer = await reroll(api, entry)
        assert answer.json() == {"data": {"message": "The winners are drawn again."}}
        rounds.append(await winners(api, entry))
        assert len(rounds[-1]) == expected
        assert (await shown(api, entry)).get("Winners", "").count("<@14") == expected

    assert (await shown(api, entry))["Winners"] == "Nobody is left who could win."
    drawn = [user_id for each in rounds for user_id in each]
    assert sorted(drawn) == users
    assert await former(api) == drawn
    assert len(await channel(api)) == sent  # no second notice
    assert (await read(api, entry))["delete_at"] == entry["delete_at"]


async def test_a_reroll_passes_over_who_has_left(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await entered(api, entry, MEMBER, MEMBER_2, ADMIN)
    await run_due(api, hours=1)
    [winner] = await winners(api, entry)
    gone, other = (each for each in (MEMBER, MEMBER_2, ADMIN) if each != winner)
    await leave(api, gone)

    assert (await reroll(api, entry)).status_code == 200

    assert await winners(api, entry) == [other]


async def test_rerolls_at_the_same_moment_draw_different_people(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await crowd(api, entry, 10)
    await run_due(api, hours=1)

    answers = await asyncio.gather(*(reroll(api, entry) for _ in range(5)))

    assert [each.status_code for each in answers] == [200] * 5
    won = await former(api)
    assert len(won) == len(set(won)) == 6


@pytest.mark.parametrize("fault", [{"status": 502}, {"status": 403}, {"drop": "before"}])
async def test_a_reroll_without_discord_changes_nothing(api: Api, fault: dict[str, Any]) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await entered(api, entry, MEMBER, MEMBER_2)
    await run_due(api, hours=1)
    await api.fault({**MEMBERS, **fault})

    await refused(api, 500 if fault.get("status") == 403 else 503, "POST", path_of(entry, "/reroll"), json=HERE)


async def test_a_reroll_is_for_what_has_ended(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await refused(api, 409, "POST", path_of(entry, "/reroll"), json=HERE)


async def test_two_workers_end_a_giveaway_once(api: Api, database_url: str) -> None:
    await enable(api, "giveaways")
    await make_premium(api)
    made = [await give(api, winner_count=2) for _ in range(10)]
    for entry in made:
        await entered(api, entry, OWNER, ADMIN, MEMBER)
    other = create_program(settings_for(database_url), clock=api.clock, now=Monotonic())
    api.clock.advance(hours=1)

    async with other.running():
        await asyncio.gather(*(each.worker.runner.run_due() for each in (api.program, other, api.program, other)))
        api.clock.advance(minutes=10)
        await asyncio.gather(*(each.worker.runner.run_due() for each in (api.program, other)))

    # Each program has a sandbox of its own here, so what the other one sent is not in this channel.
    told = await notices(api)
    assert len(told) == len(set(told))
    assert [row["ended"] for row in await api.rows("giveaways")] == [True] * 10
    assert len(await api.rows("giveaway_draws")) == len(await draws(api)) == 10


async def test_a_draw_that_was_made_is_not_made_again(api: Api) -> None:
    """A worker that falls asleep in the middle of a draw, and wakes once another one has made it."""
    await enable(api, "giveaways")
    entry = await give(api)
    await entered(api, entry, *ALL)
    await run_due(api, seconds=1)
    api.clock.advance(hours=1)
    runner = api.program.worker.runner
    for timer in await runner._claim(effects=False, most=1):
        await runner._do(timer)
    [mine] = await runner._claim(effects=True, most=1)
    assert mine.kind.value == "giveaways.draw"
    assert await runner.run_due() == 0  # it is mine for half a minute
    api.clock.advance(seconds=31)
    assert await runner.run_due() >= 1  # then another one takes it
    won, edited = await winners(api, entry), await edits(api)

    await runner._do(mine)
    await runner.run_due()

    assert await winners(api, entry) == won
    assert (len(await notices(api)), await edits(api), len(await draws(api))) == (1, edited, 1)
