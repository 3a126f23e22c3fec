"""What the logs, the statistics and the members themselves learn of giveaways, and what stays when somebody goes.

Source: giveaways.md, sections 4 to 7.
"""

from __future__ import annotations

from datetime import timedelta

from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.worker.modules import trim_guilds
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OWNER, Api
from tests.modules.giving import (
    AS_MEMBER,
    BOT,
    HERE,
    MISSING,
    PATH,
    body,
    edits,
    entered,
    entries,
    give,
    message_of,
    path_of,
    press,
    read,
    reroll,
    shown,
    winners,
)
from tests.modules.helpers import enable, make_premium, refused, run_due
from tests.modules.logs import logs
from tests.modules.tags import api_key, leave, prevent_data_collection

ERASE = f"{PATH}/privacy/delete-user-entries"
LEFT = """mutation ($guild: Snowflake!, $user: Snowflake!) {
  memberLeave(guildId: $guild, userId: $user) { deleted } }"""


async def count_statistics(api: Api) -> None:
    async with api.program.worker.unit_of_work("test") as uow:
        settings = await lock_guild(uow.session, GUILD)
        assert settings is not None
        settings.module_serverstats = True


async def test_the_logs_and_the_statistics_tell_of_giveaways(api: Api) -> None:
    await enable(api, "giveaways")
    await enable(api, "logging")
    await count_statistics(api)
    key = await api_key(api)
    before = len(await logs(api))
    entry = await give(api)
    await entered(api, entry, MEMBER, MEMBER_2)
    await press(api, entry, "leave")
    await api.rest("PUT", path_of(entry), json={**HERE, "new_prize": "Two bones"})
    await api.rest("PUT", path_of(entry), json=HERE)  # nothing to change: no line
    await api.rest("PUT", f"{PATH}/settings", json={**HERE, "save_duration_timeout": 60_000})
    await run_due(api, hours=1)
    await reroll(api, entry)
    await api.rest("DELETE", path_of(entry), json=HERE)
    await give(api, key)

    told = (await logs(api))[before:]

    name = entry["giveaway_id"]
    expected = (
        f"created the giveaway `{name}`", f"entered the giveaway `{name}`", f"entered the giveaway `{name}`",
        f"left the giveaway `{name}`", f"changed the giveaway `{name}`", "giveaways", f"finished the giveaway `{name}`",
        f"drew again in the giveaway `{name}`", f"deleted the giveaway `{name}`", "created the giveaway",
    )  # fmt: skip
    assert len(told) == len(expected), told
    for line, part in zip(told, expected, strict=True):
        assert part in line
        assert "bone" not in line
    assert not any(str(each) in told[6] for each in (OWNER, MEMBER, MEMBER_2))
    counted = [
        (row["metric"].rpartition("giveaways/")[2], row["user_id"]) for row in await api.rows("statistics_journal")
    ]
    assert counted == [
        ("giveaway/created", OWNER), ("giveaway/enters", MEMBER), ("giveaway/enters", MEMBER_2),
        ("giveaway/leaves", MEMBER), ("giveaway/rerolled", OWNER), ("giveaway/deleted", OWNER),
        ("giveaway/created", None),
    ]  # fmt: skip


async def test_the_logs_tell_why_something_was_refused(api: Api) -> None:
    await enable(api, "giveaways")
    await enable(api, "logging")
    entry = await give(api)
    before = len(await logs(api))
    create = f"{PATH}/entries"
    for values, word in (
        ({"winner_count": 0}, "invalid winner count"),
        ({"end_time": None}, "unknown end delete time"),
        ({"end_time": "soon"}, "invalid wait duration"),
        ({"end_time": "2026-01-01T00:00"}, "end time in past"),
    ):
        assert (await api.rest("POST", create, json=body(**values))).status_code == 400
        assert word in (await logs(api))[-1]
    await give(api)
    await api.rest("POST", create, json=body())
    assert "max giveaways reached" in (await logs(api))[-1]
    await reroll(api, entry)
    assert "still active" in (await logs(api))[-1]
    await reroll(api, entry, {"token": "sandbox-admin"})
    assert "not owner" in (await logs(api))[-1]
    await api.rest("DELETE", f"{PATH}/entries/{MISSING}", json=HERE)
    assert "not found" in (await logs(api))[-1]
    await entered(api, entry, MEMBER)
    await press(api, entry, "enter")
    assert "already entered" in (await logs(api))[-1]
    await prevent_data_collection(api, MEMBER)
    await press(api, entry, "leave")
    assert "prevent data collection" in (await logs(api))[-1]
    await api.rest("POST", create, json=body(), **AS_MEMBER)
    assert "prevent data collection enabled" in (await logs(api))[-1]
    assert len(await logs(api)) - before == 13  # one for each, and two for what was done


async def test_a_member_sees_and_erases_what_is_stored(api: Api) -> None:
    await enable(api, "giveaways")
    await make_premium(api)
    mine = await give(api, giveaway_owner_id=MEMBER, prize="Mia's bone", description=f"from <@{MEMBER}>, Mia")
    won = await give(api, winner_count=2, end_time="1m")
    await entered(api, mine, MEMBER_2, MEMBER)
    await entered(api, won, MEMBER, MEMBER_2)
    await run_due(api, minutes=1)
    assert sorted(await winners(api, won)) == [MEMBER, MEMBER_2]
    query = f"guild_id={GUILD}&privacy_member_id={MEMBER}"

    counts = (await api.rest("GET", f"{PATH}/privacy/get-user-entries?{query}", **AS_MEMBER)).json()["data"]

    # Owner of one, participant of two, winner of one, and a mention.
    assert counts["id"] == 5
    assert counts["global_name"] == 2
    request = {**HERE, "privacy_member_id": MEMBER}
    await refused(api, 403, "DELETE", ERASE, json=request)
    await refused(api, 403, "GET", f"{PATH}/privacy/get-user-entries?{query}", **{**BOT, "acting": MEMBER_2})

    assert (await api.rest("DELETE", ERASE, json=request, **AS_MEMBER)).status_code == 200

    now = await read(api, mine)
    assert (now["prize"], now["description"]) == ("(removed_user)'s bone", "from (removed_user), (removed_user)")
    assert (now["owner_id"], now["participants"]) == ("(removed_user)", str(MEMBER_2))
    after = await read(api, won)
    assert after["participants"] == str(MEMBER_2)
    assert sorted((after["winners"] or "").split(",")) == ["0", str(MEMBER_2)]
    assert str(MEMBER) not in str((await message_of(api, mine) or {})["embeds"])
    assert "(removed_user)" in (await shown(api, won))["Winners"]
    zero = (await api.rest("GET", f"{PATH}/privacy/get-user-entries?{query}", **AS_MEMBER)).json()["data"]
    assert set(zero.values()) == {0}
    # Administrators in person stand in for the owner; an API key and a member do not.
    key = await api_key(api)
    for options in (key, {**BOT, "acting": MEMBER_2}, AS_MEMBER):
        await refused(api, 403, "PUT", path_of(mine), json={**HERE, "new_prize": "x"}, **options)
    changed = await api.rest("PUT", path_of(mine), json={**HERE, "new_prize": "x"}, token="sandbox-admin")
    assert changed.status_code == 200
    assert (await api.rest("DELETE", path_of(mine), json=HERE, **{**BOT, "acting": ADMIN})).status_code == 200


async def test_a_member_who_forbids_it_may_still_erase(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, giveaway_owner_id=MEMBER)
    await prevent_data_collection(api, MEMBER)
    request = {**HERE, "privacy_member_id": MEMBER}
    assert (await api.rest("DELETE", ERASE, json=request, **AS_MEMBER)).is_success
    assert (await read(api, entry))["owner_id"] == "(removed_user)"


async def test_who_leaves_the_server_is_forgotten(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, giveaway_owner_id=MEMBER)
    other = await give(api)
    await entered(api, entry, MEMBER, MEMBER_2)
    await run_due(api, seconds=1)
    before = await edits(api)
    await leave(api, MEMBER)

    await api.data(LEFT, token="sandbox-service", guild=str(GUILD), user=str(MEMBER))

    now = await read(api, entry)
    assert (now["owner_id"], now["participants"]) == ("(removed_user)", str(MEMBER_2))
    await run_due(api)
    assert (await shown(api, entry))["Participants"] == "1"
    assert await edits(api) == before + 1  # the other one is as it was
    assert await read(api, other) == other


async def test_when_husqy_plus_ends_giveaways_run_on(api: Api) -> None:
    await enable(api, "giveaways")
    await make_premium(api, ends=(api.clock() + timedelta(hours=1)).isoformat())
    made = [await give(api, end_time="1d") for _ in range(4)]
    api.clock.advance(hours=2)
    await trim_guilds(api.program.worker)

    assert len(await entries(api)) == 4
    await entered(api, made[3], MEMBER)
    await refused(api, 409, "POST", f"{PATH}/entries", json=body())
    await run_due(api, days=1)
    assert await winners(api, made[3]) == [MEMBER]
