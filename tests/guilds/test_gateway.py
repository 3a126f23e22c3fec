"""Facts of Discord's gateway: only the service credential reports them, and twice is once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from husqy_graphql.discord.port import ChannelType
from husqy_graphql.modules.invite_tracker.inviting import NewInvite, store_intent
from husqy_graphql.modules.rules.models import RulesRole, RulesSettings
from tests.conftest import GUILD, OUTSIDER, OWNER, QUIET_GUILD, UNKNOWN_GUILD, Api

ADMINS_ROLES = {GUILD: 1300000000000000205, QUIET_GUILD: 1300000000000000252}
JOIN = "mutation ($guild: Snowflake!) { guildJoin(guildId: $guild) { settings { guildId language autoDelete } } }"
LEAVE = "mutation ($guild: Snowflake!) { guildLeave(guildId: $guild) { deleted } }"
UPDATE = """mutation ($guild: Snowflake!, $input: MemberUpdateInput!) {
  memberUpdate(guildId: $guild, userId: "1300000000000000103", input: $input) {
    member { username displayName globalName nickname avatar preventDataCollection } } }"""
MEMBER_LEAVE = """mutation ($guild: Snowflake!) {
  memberLeave(guildId: $guild, userId: "1300000000000000103") { deleted } }"""
CHOICE = """mutation ($guild: Snowflake!) {
  memberDataCollectionSet(guildId: $guild, userId: "1300000000000000103", input: {prevented: true}) {
    member { preventDataCollection } } }"""
ENTITLE = """mutation ($guild: Snowflake!, $input: GuildEntitlementUpsertInput!) {
  guildEntitlementUpsert(guildId: $guild, input: $input) {
    entitlement { databaseId skuId type startAt endsAt deleted } } }"""
ENTITLEMENT: dict[str, Any] = {"entitlementId": "77", "skuId": "88", "type": "APPLICATION_SUBSCRIPTION"}

FACTS = [
    (JOIN, {}),
    (LEAVE, {}),
    (UPDATE, {"input": {"username": "x"}}),
    (MEMBER_LEAVE, {}),
    (CHOICE, {}),
    (ENTITLE, {"input": ENTITLEMENT}),
]


@pytest.mark.parametrize("token", [None, "sandbox-owner", "sandbox-admin", "sandbox-member"])
@pytest.mark.parametrize(("fact", "variables"), FACTS)
async def test_only_the_service_credential_reports_facts(
    api: Api, fact: str, variables: dict[str, Any], token: str | None
) -> None:
    before = await api.everything()

    error = await api.error(fact, token=token, guild=str(GUILD), **variables)

    assert error["extensions"]["code"] == ("UNAUTHENTICATED" if token is None else "FORBIDDEN")
    assert await api.everything() == before


async def test_an_api_key_reports_no_facts(api: Api) -> None:
    made = await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})
    token = made.json()["data"]["api_key"]["api_key"]

    for fact, variables in FACTS:
        error = await api.error(fact, token=token, guild=str(GUILD), **variables)
        assert error["extensions"]["code"] == "FORBIDDEN"


async def test_joining_twice_and_at_once_makes_one_row(api: Api) -> None:
    joins = [api.data(JOIN, token="sandbox-service", guild=str(UNKNOWN_GUILD)) for _ in range(10)]

    answers = await asyncio.gather(*joins)

    expected = {"guildId": str(UNKNOWN_GUILD), "language": "en", "autoDelete": 60}
    assert [answer["guildJoin"]["settings"] for answer in answers] == [expected] * 10
    assert [row["guild_id"] for row in await api.rows("guild_settings")] == [GUILD, QUIET_GUILD, UNKNOWN_GUILD]
    joined = [row for row in await api.rows("audit_log") if row["guild_id"] == UNKNOWN_GUILD]
    assert [row["action"] for row in joined] == ["guild.join"]


async def fill_modules(api: Api, guild: int) -> None:
    """Let every module have a row of every kind in the guild."""
    for module in (
        "logging", "autoresponder", "tags", "rules", "verifier", "welcoming", "invite_tracker", "polls", "reminders",
        "giveaways",
    ):  # fmt: skip
        enabled = await api.rest("POST", f"/modules/{module}/enable", json={"guild_id": guild})
        assert enabled.status_code == 200, enabled.text
    await fill_welcoming(api, guild)
    response = {"guild_id": guild, "response_type": 1, "response_content": "hi"}
    made = await api.rest("POST", "/modules/autoresponder/responses", json=response)
    response_id = made.json()["data"]["response"]["response_id"]
    trigger = {"guild_id": guild, "trigger_type": 1, "match_case": False, "allowed_role_ids": [1]}
    made = await api.rest("POST", "/modules/autoresponder/triggers", json={**trigger, "response_ids": [response_id]})
    assert made.status_code == 200, made.text
    tag = {"guild_id": guild, "owner_id": OWNER, "content": "hi", "visibility": 1, "names": ["greeting"]}
    made = await api.rest("POST", "/modules/tags/entries", json=tag)
    assert made.status_code == 200, made.text
    made = await api.rest("POST", "/modules/rules/entries", json={"guild_id": guild, "rule_text": "Be kind."})
    assert made.status_code == 200, made.text
    sent = await api.rest(
        "POST", "/modules/rules/check/send", json={"guild_id": guild}, token="sandbox-service", acting=OWNER
    )
    assert sent.status_code == 200, sent.text
    async with api.program.worker.unit_of_work("test") as uow:
        # Not every guild of the demo world has a role that Husqy may give.
        settings = await uow.session.scalar(select(RulesSettings).where(RulesSettings.guild_id == guild))
        assert settings is not None
        uow.session.add(RulesRole(guild_id=guild, settings_id=settings.id, kind="accepted", role_id=1))
    role = {GUILD: 1300000000000000201, QUIET_GUILD: 1300000000000000250}[guild]  # Members
    settings = {"guild_id": guild, "verifier_verified_role_ids": [role]}
    changed = await api.rest("PUT", "/modules/verifier/settings", json=settings)
    assert changed.status_code == 200, changed.text
    prompt = {"guild_id": guild, "requester": "husqy"}
    path = "/modules/verifier/event/create-verification"
    sent = await api.rest("POST", path, token="sandbox-service", acting=OWNER, json=prompt)
    assert sent.status_code == 200, sent.text
    await fill_polls(api, guild)
    await fill_giveaways(api, guild)
    await fill_invites(api, guild)
    reminder = {
        "guild_id": guild, "reminder_type": 1, "schedule_details": {"duration": "1d"}, "title": "x",
        "destination_id": OWNER,
    }  # fmt: skip
    assert (await api.rest("POST", "/modules/reminders/entries", json=reminder)).status_code == 200


async def fill_invites(api: Api, guild: int) -> None:
    """An invite, a use of it, and one that is just being made."""
    channels = await api.program.resources.bot.channels(guild) or ()
    channel_id = next(each.id for each in channels if each.type == ChannelType.GUILD_TEXT)
    invite = {"guild_id": guild, "channel_id": channel_id, "max_uses": 0, "max_age": 60, "is_temporary": False}
    made = await api.rest("POST", "/modules/invite_tracker/invite", json=invite)
    assert made.status_code == 200, made.text
    code = made.json()["data"]["invite_code"]
    headers = {"authorization": "Bearer sandbox-outsider"}
    await api.discord("POST", f"/api/v10/invites/{code}", headers=headers)
    path = "/modules/invite_tracker/events/join/check-invite"
    joined = await api.rest("POST", path, token="sandbox-service", acting=OUTSIDER, json={"guild_id": guild})
    assert joined.status_code == 200, joined.text
    async with api.program.worker.unit_of_work("test") as uow:
        store_intent(uow, guild, NewInvite(channel_id, max_uses=0, max_age=60, temporary=False), OWNER)


async def fill_giveaways(api: Api, guild: int) -> None:
    """A giveaway that has been drawn, and the timer of its deletion."""
    channels = await api.program.resources.bot.channels(guild) or ()
    channel_id = next(each.id for each in channels if each.type == ChannelType.GUILD_TEXT)
    giveaway = {
        "guild_id": guild, "channel_id": channel_id, "giveaway_owner_id": OWNER, "prize": "A bone", "winner_count": 1,
        "end_time": "1s",
    }  # fmt: skip
    made = await api.rest("POST", "/modules/giveaways/entries", json=giveaway)
    assert made.status_code == 200, made.text
    path = f"/modules/giveaways/entries/{made.json()['data']['entry']['giveaway_id']}/enter"
    entered = await api.rest("POST", path, token="sandbox-service", acting=OWNER, json={"guild_id": guild})
    assert entered.status_code == 200, entered.text
    api.clock.advance(seconds=1)
    await api.program.worker.runner.run_due()


async def fill_polls(api: Api, guild: int) -> None:
    """A poll with a vote, and the timer of its end."""
    channels = await api.program.resources.bot.channels(guild) or ()
    channel_id = next(each.id for each in channels if each.type == ChannelType.GUILD_TEXT)
    poll = {
        "guild_id": guild, "channel_id": channel_id, "poll_type": 2, "poll_answer_type": 2, "question": "?",
        "answers": [{"answer_text": "Yes", "label": "Yes"}], "is_multi_select": False, "is_anonymous": False,
        "max_votes_per_answer": 1, "poll_owner_id": OWNER, "poll_duration": "1d",
    }  # fmt: skip
    made = await api.rest("POST", "/modules/polls/entries", json=poll)
    assert made.status_code == 200, made.text
    vote = {
        "guild_id": guild, "channel_id": channel_id, "action": "add", "answer_id": 1,
        "interacted_message_id": made.json()["data"]["entry"]["message_id"],
    }  # fmt: skip
    voted = await api.rest("POST", "/modules/polls/entry/vote", token="sandbox-service", acting=OWNER, json=vote)
    assert voted.status_code == 200, voted.text


async def fill_welcoming(api: Api, guild: int) -> None:
    """A response, a timed role and a role of the autorole."""
    response = {"guild_id": guild, "response_type": 1, "is_embed": False, "content": "hi"}
    made = await api.rest("POST", "/modules/welcoming/responses", json=response)
    assert made.status_code == 200, made.text
    role_id = ADMINS_ROLES[guild]
    timed = {"guild_id": guild, "role_id": role_id, "add_after": 60}
    made = await api.rest("POST", "/modules/welcoming/timedroles", json=timed)
    assert made.status_code == 200, made.text
    changed = await api.rest(
        "PUT", "/modules/welcoming/settings", json={"guild_id": guild, "autorole_role_ids": [role_id]}
    )
    assert changed.status_code == 200, changed.text


async def test_leaving_deletes_everything_of_that_guild_alone(api: Api) -> None:
    for guild in (GUILD, QUIET_GUILD):
        await api.rest("POST", "/auth/api-key", json={"guild_id": guild})
        await api.data(UPDATE, token="sandbox-service", guild=str(guild), input={"username": "mia"})
        entitlement = {**ENTITLEMENT, "entitlementId": str(guild)}
        await api.data(ENTITLE, token="sandbox-service", guild=str(guild), input=entitlement)
        await fill_modules(api, guild)

    assert (await api.data(LEAVE, token="sandbox-service", guild=str(GUILD)))["guildLeave"]["deleted"] is True

    for table, rows in (await api.everything()).items():
        if table in {"sessions", "worker_rounds", "module_intents"}:
            continue  # people's and the workers', not guilds'; and rows that live for a moment
        assert rows, table
        assert {row["guild_id"] for row in rows} == {QUIET_GUILD}, table
    assert (await api.data(LEAVE, token="sandbox-service", guild=str(GUILD)))["guildLeave"]["deleted"] is False
    assert (await api.rest("GET", f"/settings?guild_id={GUILD}")).status_code == 404


async def test_a_member_is_cached_changed_and_forgotten(api: Api) -> None:
    options = {"token": "sandbox-service", "guild": str(GUILD)}
    first = await api.data(UPDATE, **options, input={"username": "mia", "nickname": "M", "avatar": "abc"})
    assert first["memberUpdate"]["member"]["nickname"] == "M"

    second = await api.data(UPDATE, **options, input={"nickname": None, "globalName": "Mia"})
    assert second["memberUpdate"]["member"] == {
        "username": "mia", "displayName": None, "globalName": "Mia", "nickname": None, "avatar": "abc",
        "preventDataCollection": False,
    }  # fmt: skip
    assert (await api.data(CHOICE, **options))["memberDataCollectionSet"]["member"]["preventDataCollection"] is True
    assert (await api.data(MEMBER_LEAVE, **options))["memberLeave"]["deleted"] is True
    assert await api.rows("guild_members") == []
    assert (await api.data(MEMBER_LEAVE, **options))["memberLeave"]["deleted"] is False


@pytest.mark.parametrize("field", ["username", "displayName", "globalName", "nickname", "avatar"])
async def test_a_name_that_is_too_long_is_refused_by_name(api: Api, field: str) -> None:
    before = await api.everything()

    error = await api.error(UPDATE, token="sandbox-service", guild=str(GUILD), input={field: "x" * 513})

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert list(error["extensions"]["fields"]) == [f"input.{field}"]
    assert await api.everything() == before


@pytest.mark.parametrize(("fact", "variables"), FACTS[2:])
async def test_facts_about_an_unknown_guild_are_not_found(api: Api, fact: str, variables: dict[str, Any]) -> None:
    before = await api.everything()

    error = await api.error(fact, token="sandbox-service", guild=str(UNKNOWN_GUILD), **variables)

    assert error["extensions"]["code"] == "NOT_FOUND"
    assert await api.everything() == before


async def test_an_entitlement_makes_the_guild_premium_until_it_ends(api: Api) -> None:
    premium = '{ guild(id: "1300000000000000001") { premium entitlements { databaseId } } }'
    until = {**ENTITLEMENT, "startAt": "2026-03-01T11:00:00Z", "endsAt": "2026-03-02T00:00:00+01:00"}

    for _ in range(2):
        stored = await api.data(ENTITLE, token="sandbox-service", guild=str(GUILD), input=until)
        assert stored["guildEntitlementUpsert"]["entitlement"] == {
            "databaseId": 1, "skuId": "88", "type": "APPLICATION_SUBSCRIPTION",
            "startAt": "2026-03-01T11:00:00Z", "endsAt": "2026-03-01T23:00:00Z", "deleted": False,
        }  # fmt: skip

    assert (await api.data(premium))["guild"] == {"premium": True, "entitlements": [{"databaseId": 1}]}
    api.clock.advance(hours=11)
    assert (await api.data(premium))["guild"]["premium"] is False
    [row] = [row for row in await api.rows("audit_log") if row["action"] == "guild.entitlement.upsert"]
    assert row["target"] == "entitlement 77"


async def test_an_entitlement_without_a_start_begins_now_and_can_be_taken_back(api: Api) -> None:
    options = {"token": "sandbox-service", "guild": str(GUILD)}
    stored = await api.data(ENTITLE, **options, input=ENTITLEMENT)
    assert stored["guildEntitlementUpsert"]["entitlement"]["startAt"] == "2026-03-01T12:00:00Z"

    api.clock.advance(hours=1)
    await api.data(ENTITLE, **options, input={**ENTITLEMENT, "deleted": True})

    settings = (await api.rest("GET", f"/settings?guild_id={GUILD}")).json()["data"]
    assert settings["entitlements"] == [
        {
            "id": 1, "guild_id": str(GUILD), "sku_id": "88", "entitlement_type": 8,
            "start_at": "2026-03-01T12:00:00Z", "ends_at": None, "deleted": True,
        }
    ]  # fmt: skip


async def test_an_entitlement_of_another_guild_is_not_taken_over(api: Api) -> None:
    await api.data(ENTITLE, token="sandbox-service", guild=str(GUILD), input=ENTITLEMENT)
    before = await api.everything()

    error = await api.error(ENTITLE, token="sandbox-service", guild=str(QUIET_GUILD), input=ENTITLEMENT)

    assert error["extensions"]["fields"] == {"input.entitlementId": "belongs to another guild"}
    assert await api.everything() == before
