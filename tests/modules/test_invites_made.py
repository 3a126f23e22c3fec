"""Invites that are made and deleted through Husqy, and those that the gateway reports."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from tests.conftest import (
    ADMIN,
    GUILD,
    MEMBER,
    MEMBER_2,
    OUTSIDER,
    OWNER,
    POSTGRES_URL,
    QUIET_GUILD,
    UNKNOWN_GUILD,
    Api,
)
from tests.modules.helpers import GENERAL_CHANNEL, enable, refused, writes
from tests.modules.invites import (
    BOT,
    HUSQY,
    PATH,
    POST_INVITE,
    WELCOME,
    body,
    create,
    create_as,
    links,
    make_on_discord,
    on,
    on_discord,
    report,
    take,
)
from tests.modules.logs import logs
from tests.modules.tags import api_key, prevent_data_collection

CATEGORY = 1300000000000000301
NEVER = "1300000000000000999"


async def statistics(api: Api) -> list[tuple[str, int | None]]:
    return [
        (row["metric"].removeprefix("modules/invite-tracker/"), row["user_id"])
        for row in await api.rows("statistics_journal")
    ]


async def enable_statistics(api: Api) -> None:
    """Let the guild count, which no module of it does yet."""
    async with api.program.resources.engines.write.begin() as connection:
        await connection.execute(text("UPDATE guild_settings SET module_serverstats = true"))


async def test_an_invite_is_made_for_a_member(api: Api) -> None:
    await enable(api, "logging")
    await enable_statistics(api)
    await on(api)

    answer = await api.rest(
        "POST", f"{PATH}/invite", **BOT, acting=MEMBER,
        json=body(max_uses=100, max_age=604_800, is_temporary=True, application_id=HUSQY, token="made"),
    )  # fmt: skip

    code = answer.json()["data"]["invite_code"]
    assert answer.json() == {"data": {"invite_code": code, "invite_url": f"https://discord.gg/{code}"}}
    made = (await on_discord(api))[code]
    assert (made["max_uses"], made["max_age"], made["temporary"], made["uses"]) == (100, 604_800, True, 0)
    assert made["inviter"]["id"] == str(HUSQY)
    [link] = await links(api)
    assert (link["owner_id"], link["expires_at"], link["current_uses"]) == (str(MEMBER), "2026-03-08T12:00:00Z", 0)
    reply = await api.discord("GET", "/interactions/made")
    assert code in reply["content"]
    assert f"https://discord.gg/{code}" in reply["content"]
    assert (await logs(api))[-1] == f"**<@{MEMBER}>** made the invite `{code}` to <#{GENERAL_CHANNEL}>"
    assert await statistics(api) == [("invite/created", MEMBER)]
    assert await api.rows("invite_tracker_intents") == []
    assert await api.rows("jobs") == []


async def test_an_api_key_makes_invites_of_husqys(api: Api) -> None:
    await enable(api, "logging")
    await enable_statistics(api)
    await on(api)
    code = await create(api, await api_key(api))
    assert [(each["invite_id"], each["owner_id"]) for each in await links(api)] == [(code, str(HUSQY))]
    assert await statistics(api) == [("invite/created", HUSQY)]
    assert (await logs(api))[-1].startswith("**An API key** made the invite")


async def test_who_may_make_an_invite(api: Api) -> None:
    await enable(api, "logging")
    await on(api)
    assert api.program.sandbox is not None
    store = api.program.sandbox.state.store
    key = f"{GUILD}:{GENERAL_CHANNEL}"
    channel = store.get("channel", key) or {}
    deny = {"id": str(MEMBER_2), "type": 1, "allow": "0", "deny": "1"}
    store.put("channel", key, {**channel, "permission_overwrites": [deny]})

    as_member_2 = {**BOT, "acting": MEMBER_2}
    await refused(api, 403, "POST", f"{PATH}/invite", json=body(max_uses=-1), **as_member_2)
    await refused(api, 403, "POST", f"{PATH}/invite", json=body(), **BOT, acting=OUTSIDER)
    await create(api, as_member_2, channel_id=WELCOME)
    await create_as(api, ADMIN)
    await create(api)
    await prevent_data_collection(api, MEMBER)
    await refused(api, 403, "POST", f"{PATH}/invite", json=body(max_uses=-1), **BOT, acting=MEMBER)
    await prevent_data_collection(api, OWNER)
    await refused(api, 403, "POST", f"{PATH}/invite", json=body())
    await refused(api, 400, "POST", f"{PATH}/invite", json=body(), **BOT)
    await refused(api, 403, "POST", f"{PATH}/invite", json=body(), token="sandbox-member")
    told = [line for line in await logs(api) if "failed" in line]
    assert [line.partition(": ")[2] for line in told] == [
        "not enough permissions", "not enough permissions", "prevent data collection", "prevent data collection",
        "bad user input",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "fields", "reason"),
    [
        ({"max_uses": 101}, {"max_uses"}, "invalid max uses"),
        ({"max_uses": -1, "max_age": 0}, {"max_uses", "max_age"}, "invalid max uses"),
        ({"max_age": 0}, {"max_age"}, "invalid max age"),
        ({"max_age": 604_801, "channel_id": NEVER}, {"max_age"}, "invalid max age"),
        ({"channel_id": CATEGORY}, {"channel_id"}, "bad user input"),
    ],
)
async def test_an_invite_that_cannot_be_is_refused(
    api: Api, values: dict[str, Any], fields: set[str], reason: str
) -> None:
    await enable(api, "logging")
    await on(api)
    problem = await refused(api, 400, "POST", f"{PATH}/invite", json=body(**values))
    assert {error["pointer"] for error in problem["errors"]} == {f"#/{field}" for field in fields}
    assert (await logs(api))[-1].endswith(f"failed at invite created: {reason}")


async def test_an_invite_needs_a_channel_and_room(api: Api) -> None:
    await on(api)
    await refused(api, 404, "POST", f"{PATH}/invite", json=body(channel_id=NEVER))
    await refused(api, 403, "POST", f"{PATH}/invite", json={**body(), "guild_id": UNKNOWN_GUILD})
    assert api.program.sandbox is not None
    store, code = api.program.sandbox.state.store, await make_on_discord(api)
    some = store.get("invite", code) or {}
    with store.transaction():
        for number in range(999):
            store.put("invite", f"filler{number}", {**some, "code": f"filler{number}"})
    problem = await refused(api, 409, "POST", f"{PATH}/invite", json=body(), discord=True)
    assert "Discord takes no more" in problem["detail"]


async def test_a_reply_that_fails_is_told_and_the_invite_stays(api: Api) -> None:
    await on(api)
    request = body(application_id=HUSQY, token="expired-1")
    assert (await api.rest("POST", f"{PATH}/invite", json=request)).status_code == 500
    [link] = await links(api)
    request = {"guild_id": GUILD, "invite_code": link["invite_id"], "application_id": HUSQY, "token": "expired-2"}
    assert (await api.rest("DELETE", f"{PATH}/invite", json=request)).status_code == 500
    assert await links(api) == []
    assert await on_discord(api) == {}


async def test_an_invite_is_deleted_by_administrators_alone(api: Api) -> None:
    await enable(api, "logging")
    await enable_statistics(api)
    await on(api)
    codes = [await create_as(api), await create_as(api), await make_on_discord(api)]
    request = {"guild_id": GUILD, "invite_code": codes[0]}
    for acting in (MEMBER, None):
        await refused(api, 403, "DELETE", f"{PATH}/invite", json=request, **BOT, acting=acting)
    assert (await logs(api))[-1].endswith("failed at invite deleted: not an administrator")

    for code, options in zip(codes, ({**BOT, "acting": ADMIN}, await api_key(api), {}), strict=True):
        gone = await api.rest("DELETE", f"{PATH}/invite", json={"guild_id": GUILD, "invite_code": code}, **options)
        assert list(gone.json()["data"]) == ["message"]

    assert await on_discord(api) == {}
    assert await links(api) == []
    assert (await logs(api))[-3:] == [
        f"**<@{ADMIN}>** deleted the invite `{codes[0]}`",
        f"**An API key** deleted the invite `{codes[1]}`",
        f"**<@{OWNER}>** deleted the invite `{codes[2]}`",
    ]
    assert await statistics(api) == [
        ("invite/created", MEMBER), ("invite/created", MEMBER),
        ("invite/deleted", ADMIN), ("invite/deleted", None), ("invite/deleted", OWNER),
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["nothere1", "..", "a/b", "", "x" * 200, "é"])
async def test_an_unknown_invite_cannot_be_deleted(api: Api, code: str) -> None:
    await on(api)
    await refused(api, 404, "DELETE", f"{PATH}/invite", json={"guild_id": GUILD, "invite_code": code})
    assert (await report(api, "invite/delete", invite_code=code)).status_code == 200
    request = {"guild_id": GUILD, "invite_code": code, "channel_id": 1}
    await refused(api, 404, "POST", f"{PATH}/events/invite/create", json=request, **BOT)


async def test_an_invite_of_another_guild_is_not_there(api: Api) -> None:
    await on(api)
    await enable(api, "invite_tracker", QUIET_GUILD)
    code = await create(api)
    problem = {"guild_id": QUIET_GUILD, "invite_code": code}
    await refused(api, 404, "DELETE", f"{PATH}/invite", json=problem)
    await refused(api, 404, "POST", f"{PATH}/events/invite/create", json={**problem, "channel_id": 1}, **BOT)
    assert list(await on_discord(api)) == [code]


async def test_a_deletion_that_cannot_be_noted_is_done_all_the_same(api: Api) -> None:
    if POSTGRES_URL is not None:
        pytest.skip("SQLite's triggers are used")
    await enable(api, "logging")
    await on(api)
    code = await create(api)
    async with api.program.resources.engines.write.begin() as connection:
        trigger = "CREATE TRIGGER no BEFORE DELETE ON invite_tracker_invites BEGIN SELECT RAISE(ABORT, 'no'); END"
        await connection.execute(text(trigger))

    gone = await api.rest("DELETE", f"{PATH}/invite", json={"guild_id": GUILD, "invite_code": code})

    assert gone.status_code == 200
    assert await on_discord(api) == {}
    assert [each["invite_id"] for each in await links(api)] == [code]
    assert (await logs(api))[-1].endswith("failed at invite deleted: failed to remove")


async def test_an_invite_made_on_discord_is_followed_once(api: Api) -> None:
    await enable(api, "logging")
    await enable_statistics(api)
    await on(api)
    code = await make_on_discord(api, "Bearer sandbox-admin", max_age=60)
    await take(api, code)

    for _ in range(2):
        answer = await report(api, "invite/create", invite_code=code, channel_id=GENERAL_CHANNEL)
        assert answer.json() == {"data": {"message": "The invite is noted."}}

    assert [(each["invite_id"], each["owner_id"], each["current_uses"]) for each in await links(api)] == [
        (code, str(ADMIN), 1)
    ]
    told = [line for line in await logs(api) if "made the invite" in line]
    assert told == [f"**<@{ADMIN}>** made the invite `{code}` to <#{GENERAL_CHANNEL}>"]
    assert await statistics(api) == [("invite/created", ADMIN)]


async def test_the_report_of_an_own_invite_changes_nothing(api: Api) -> None:
    await on(api)
    code = await create_as(api)
    before = await api.everything()
    assert (await report(api, "invite/create", invite_code=code, channel_id=1)).status_code == 200
    assert await api.everything() == before


async def test_invites_of_who_forbids_data_collection_are_not_followed(api: Api) -> None:
    await enable(api, "logging")
    await on(api)
    await prevent_data_collection(api, OWNER)
    code = await make_on_discord(api)
    assert (await report(api, "invite/create", invite_code=code, channel_id=1)).status_code == 200
    assert await links(api) == []
    assert (await logs(api))[-1].endswith("failed at invite created: prevent data collection")
    await refused(
        api, 404, "POST", f"{PATH}/events/invite/create", **BOT,
        json={"guild_id": GUILD, "invite_code": "nothere1", "channel_id": 1},
    )  # fmt: skip
    assert (await logs(api))[-1].endswith("failed at invite created: no invite found")


async def test_a_deletion_on_discord_is_noted_with_who_did_it(api: Api) -> None:
    await enable(api, "logging")
    await enable_statistics(api)
    await on(api)
    known, other = await create_as(api), await make_on_discord(api)
    for code in (known, other):
        await api.discord("DELETE", f"/api/v10/invites/{code}", headers={"authorization": "Bearer sandbox-owner"})
        for _ in range(2):
            assert (await report(api, "invite/delete", invite_code=code)).status_code == 200
    assert await links(api) == []
    told = [line for line in await logs(api) if "deleted the invite" in line]
    assert told == [f"**<@{OWNER}>** deleted the invite `{known}`"]
    assert await statistics(api) == [("invite/created", MEMBER), ("invite/deleted", OWNER)]


async def test_a_deletion_by_nobody_known_is_not_counted(api: Api) -> None:
    await enable(api, "logging")
    await on(api)
    await enable_statistics(api)
    code = await make_on_discord(api, max_age=60)
    await report(api, "invite/create", invite_code=code, channel_id=1)
    api.clock.advance(minutes=2)
    assert (await report(api, "invite/delete", invite_code=code)).status_code == 200
    assert await links(api) == []
    assert (await logs(api))[-1] == f"**Unknown user** deleted the invite `{code}`"
    assert [metric for metric, _ in await statistics(api)] == ["invite/created"]


async def test_a_deletion_through_husqy_is_told_once(api: Api) -> None:
    """The gateway may report it before Husqy has noted it."""
    await enable(api, "logging")
    await on(api)
    code = await create(api)
    headers = {"authorization": "Bot sandbox-bot", "x-audit-log-reason": "Deleted%20with%20Husqy."}
    await api.discord("DELETE", f"/api/v10/invites/{code}", headers=headers)
    assert (await report(api, "invite/delete", invite_code=code)).status_code == 200
    assert await links(api) == []
    assert not [line for line in await logs(api) if "deleted the invite" in line]


async def test_an_answer_that_got_lost_is_settled(api: Api) -> None:
    await enable(api, "logging")
    await on(api)
    await create(api)  # of the same kind, and known
    await api.fault({**POST_INVITE, "drop": "after"})

    answer = await api.rest("POST", f"{PATH}/invite", json=body(), **BOT, acting=MEMBER)

    assert answer.status_code == 503
    assert len(await links(api)) == 1
    assert len([call for call in await writes(api) if call[1].endswith("/invites")]) == 2  # never tried again
    [code] = set(await on_discord(api)) - {each["invite_id"] for each in await links(api)}
    before = await api.everything()
    assert (await report(api, "invite/create", invite_code=code, channel_id=1)).status_code == 200
    assert await api.everything() == before  # it is known to be coming
    api.clock.advance(seconds=31)
    await api.program.worker.runner.run_due()
    assert [(each["invite_id"], each["owner_id"]) for each in await links(api)][1:] == [(code, str(MEMBER))]
    assert await api.rows("invite_tracker_intents") == []
    assert await api.rows("jobs") == []
    assert (await logs(api))[-1].startswith(f"**<@{MEMBER}>** made the invite `{code}`")


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"status": 502}])
async def test_what_was_not_made_is_forgotten(api: Api, fault: dict[str, Any]) -> None:
    await on(api)
    await api.fault({**POST_INVITE, **fault})
    assert (await api.rest("POST", f"{PATH}/invite", json=body())).status_code == 503
    await api.fault()
    api.clock.advance(seconds=31)
    await api.program.worker.runner.run_due()
    assert await links(api) == []
    assert await api.rows("invite_tracker_intents") == []
    assert await api.rows("jobs") == []


@pytest.mark.parametrize(("status", "answered"), [(403, 500), (404, 500), (429, 503)])
async def test_a_refusal_by_discord_stores_nothing(api: Api, status: int, answered: int) -> None:
    await on(api)
    await api.fault({**POST_INVITE, "status": status, "retry_after": 60, "times": 9})
    await refused(api, answered, "POST", f"{PATH}/invite", json=body(), discord=True)
    await api.fault()
    code = await create(api)
    await api.fault({"method": "DELETE", "path": "/invites/", "status": 403})
    request = {"guild_id": GUILD, "invite_code": code}
    await refused(api, 500, "DELETE", f"{PATH}/invite", json=request, discord=True)


async def test_two_runners_settle_an_invite_once(api: Api) -> None:
    await on(api)
    await api.fault({**POST_INVITE, "drop": "after"})
    assert (await api.rest("POST", f"{PATH}/invite", json=body())).status_code == 503
    api.clock.advance(seconds=31)
    runner = api.program.worker.runner
    [job] = await runner._claim(effects=True, most=5)
    api.clock.advance(seconds=31)  # its lease is over: another one takes it
    await runner.run_due()
    assert len(await links(api)) == 1
    await runner._do(job)
    assert len(await links(api)) == 1
    assert len([row for row in await api.rows("audit_log") if row["action"] == "invite_tracker.invite.create"]) == 1
