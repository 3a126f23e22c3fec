"""Members pass the verifier: every way, every refusal, and a Discord that fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from husqy_graphql.db.guilds import lock_guild
from tests.conftest import GUILD, MEMBER, MEMBER_2, Api
from tests.modules import rules_stage
from tests.modules.helpers import run_due
from tests.modules.verifying import (
    BASE,
    CHANNEL,
    EPHEMERAL,
    MEMBERS,
    MODERATORS,
    answered,
    click,
    create,
    dm_of,
    enabled,
    error_of,
    handle,
    lines,
    log,
    opened,
    posted,
    put,
    roles_of,
    writes,
)

UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def test_a_click_in_a_channel_passes(api: Api) -> None:
    await log(api)
    await enabled(api, channel=CHANNEL, verified_role_ids=[MODERATORS, MEMBERS])
    verifier_id = await opened(api)

    response = await handle(api, verifier_id, **click())

    assert response.json()["data"] == {"message": "The member is verified."}
    assert await roles_of(api) >= {MODERATORS, MEMBERS}
    said = await answered(api)
    assert (said["type"], said["flags"]) == (4, EPHEMERAL)
    assert "**Husqy demo**" in said["embeds"][0]["description"]
    assert await posted(api, CHANNEL) == []  # the prompt is gone
    [entry] = await api.rows("verifier_entries")
    assert bool(entry["is_verified"]) is True
    assert (await lines(api))[-1].endswith(f"**<@{MEMBER}>** ended a verification")


async def test_a_click_in_direct_messages_keeps_the_prompt_without_its_button(api: Api) -> None:
    await enabled(api, message_content="Verify, <user_display_name>", message_is_embed=False)
    verifier_id = await opened(api)

    await handle(api, verifier_id, **click())

    [prompt] = await posted(api, await dm_of(api))
    assert (prompt["content"], prompt["components"]) == ("Verify, Mia", [])
    assert (await answered(api))["flags"] == 0


async def test_a_passphrase_is_asked_for_and_compared(api: Api) -> None:
    await enabled(api, type=2, passphrase="Wüff", verified_role_ids=[MODERATORS])
    verifier_id = await opened(api)
    before = await api.everything()

    shown = await handle(api, verifier_id, **click())
    assert shown.json()["data"] == {"message": "The member is asked for the passphrase."}
    modal = (await answered(api))["modal"]
    assert modal["custom_id"] == f"vf:p:{verifier_id}"
    assert len(modal["title"]) <= 45
    for number, wrong in enumerate(("wüff", "", "Wüff ", "x" * 900_000)):
        token = f"wrong-{number}"
        refused = await handle(api, verifier_id, "ModalInteraction", passphrase_value=wrong, **click(token))
        assert refused.status_code == 403, refused.text
        said = await answered(api, token)
        assert (said["flags"], said["content"]) == (EPHEMERAL, refused.json()["detail"])
    missing = await handle(api, verifier_id, "ModalInteraction")
    assert error_of(missing) == {"#/passphrase_value": "is required for this type"}
    no_form = await handle(api, verifier_id)
    assert list(error_of(no_form)) == ["#/interaction_id", "#/token"]
    assert await api.everything() == before
    assert MODERATORS not in await roles_of(api)

    passed = await handle(api, verifier_id, "ModalInteraction", passphrase_value="Wüff", **click("modal"))

    assert passed.status_code == 200, passed.text
    assert MODERATORS in await roles_of(api)
    assert (await answered(api, "modal"))["embeds"]


@pytest.mark.parametrize("channel", [None, CHANNEL])
async def test_a_login_on_the_web_passes(api: Api, channel: int | None) -> None:
    await enabled(api, type=3, channel=channel, verified_role_ids=[MODERATORS])
    verifier_id = await opened(api)
    place = await dm_of(api)
    assert (await handle(api, verifier_id, "WebLogin", caller="sandbox-member-2")).status_code == 403
    assert (await handle(api, verifier_id, None)).status_code == 403

    response = await handle(api, verifier_id, "WebLogin", caller="sandbox-member")

    assert response.status_code == 200, response.text
    assert MODERATORS in await roles_of(api)
    *prompts, said = await posted(api, place)
    assert "Welcome to" in said["embeds"][0]["description"]
    assert [prompt["components"] for prompt in prompts] == ([[]] if channel is None else [])


@pytest.mark.parametrize(
    ("kind", "attempt"), [(1, "ModalInteraction"), (1, "WebLogin"), (2, "WebLogin"), (3, "ComponentInteraction"),
                          (3, "ModalInteraction")],
)  # fmt: skip
async def test_an_attempt_that_does_not_fit_the_type(api: Api, kind: int, attempt: str) -> None:
    await enabled(api, type=kind, passphrase="wuff")
    verifier_id = await opened(api)
    before = await api.everything()

    response = await handle(api, verifier_id, attempt, passphrase_value="wuff", **click())

    assert response.status_code == 409
    assert (await answered(api))["content"] == response.json()["detail"]
    assert await api.everything() == before


async def test_without_an_interaction_the_bot_may_verify(api: Api) -> None:
    await enabled(api, channel=CHANNEL)
    asked = len(await writes(api))
    assert (await handle(api, await opened(api), None)).status_code == 200
    paths = [(call["method"], call["path"].rsplit("/", 1)[-1]) for call in (await writes(api))[asked:]]
    assert [method for method, _ in paths] == ["POST", "DELETE"]  # the prompt; nothing is said in the channel

    await put(api, type=2, passphrase="wuff", channel=None)
    verifier_id = await opened(api)
    assert (await handle(api, verifier_id, None)).status_code == 400
    assert (await handle(api, verifier_id, None, passphrase_value="")).status_code == 403
    assert (await handle(api, verifier_id, None, passphrase_value="wuff")).status_code == 200
    assert len(await posted(api, await dm_of(api))) == 2


async def test_who_may_not_pass(api: Api) -> None:
    await log(api)
    await enabled(api, verified_role_ids=[MODERATORS])
    verifier_id = await opened(api)
    key = (await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})).json()["data"]["api_key"]["api_key"]
    await handle(api, UNKNOWN, caller=key)  # the key's first use
    before, asked = await api.everything(), await writes(api)

    for response, status in (
        (await handle(api, UNKNOWN), 404),
        (await handle(api, verifier_id, user=None), 400),
        (await handle(api, verifier_id, caller=key), 400),
        (await handle(api, verifier_id, user=MEMBER_2), 403),
        (await handle(api, verifier_id, caller="sandbox-member"), 403),  # clicks are the bot's to report
        (await handle(api, verifier_id, None, caller="sandbox-member"), 403),
        (await handle(api, verifier_id, "WebLogin", caller="sandbox-owner"), 403),
        (await handle(api, verifier_id, "Telepathy"), 400),
        (await handle(api, "x" * 100_000), 404),
    ):
        assert response.status_code == status, response.text
    assert await api.everything() == before
    assert [call for call in await writes(api) if call not in asked and "messages" not in call["path"]] == []
    assert "failed at verifier verification handle: wrong user" in (await lines(api))[-1]

    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{MEMBER}")
    assert (await handle(api, verifier_id)).status_code == 404
    assert await api.everything() == before


async def test_who_has_passed_does_not_pass_again(api: Api) -> None:
    await enabled(api)
    verifier_id = await opened(api)

    statuses = [each.status_code for each in await asyncio.gather(*(handle(api, verifier_id) for _ in range(5)))]

    assert sorted(statuses) == [200, 409, 409, 409, 409]
    assert (await handle(api, verifier_id, **click())).status_code == 409
    assert "passed before" in (await answered(api))["content"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [({"status": 403}, 500), ({"status": 404}, 500), ({"status": 500, "times": 9}, 503),
     ({"drop": "before", "times": 9}, 503), ({"drop": "after", "times": 9}, 503)],
)  # fmt: skip
async def test_a_role_that_cannot_be_given_undoes_the_verification(
    api: Api, fault: dict[str, Any], status: int
) -> None:
    await log(api)
    await enabled(api, verified_role_ids=[MODERATORS, 1300000000000000201])
    await api.program.resources.bot.remove_member_role(GUILD, MEMBER, MEMBERS)
    verifier_id = await opened(api)
    before = await api.everything()
    await api.fault({"path": f"/roles/{MEMBERS}$", "method": "PUT", **fault})

    response = await handle(api, verifier_id, **click())

    assert response.status_code == status, response.text
    assert await api.everything() == before
    assert MODERATORS not in await roles_of(api)  # taken back
    assert "went wrong" in (await answered(api))["content"]
    await api.fault()
    assert "failed at verifier verification handle" in (await lines(api))[-1]
    assert (await handle(api, verifier_id)).status_code == 200
    assert await roles_of(api) >= {MODERATORS, MEMBERS}


@pytest.mark.parametrize("path", ["/interactions/", "/messages/"])
@pytest.mark.parametrize("fault", [{"status": 404}, {"status": 500, "times": 9}, {"drop": "after", "times": 9}])
async def test_what_fails_after_the_roles_undoes_nothing(api: Api, path: str, fault: dict[str, Any]) -> None:
    await enabled(api, verified_role_ids=[MODERATORS], channel=CHANNEL)
    verifier_id = await opened(api)
    await api.fault({"path": path, **fault})

    assert (await handle(api, verifier_id, **click())).status_code == 200

    assert MODERATORS in await roles_of(api)
    assert bool((await api.rows("verifier_entries"))[0]["is_verified"]) is True


@pytest.mark.parametrize("channel", [CHANNEL, None])
async def test_a_prompt_is_taken_away_once_discord_answers(api: Api, channel: int | None) -> None:
    await enabled(api, channel=channel)
    verifier_id = await opened(api)
    place = await dm_of(api)
    await api.fault({"path": "/messages/", "status": 500, "times": 9})
    assert (await handle(api, verifier_id, **click())).status_code == 200
    assert (await posted(api, place))[0]["components"] != []

    await api.fault()
    await run_due(api, seconds=31)

    left = await posted(api, place)
    assert [each["components"] for each in left if each["embeds"]] == ([] if channel else [[]])
    assert await api.rows("jobs") == []


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 404}, {"status": 500, "times": 9}])
async def test_a_form_that_cannot_be_shown_is_an_error(api: Api, fault: dict[str, Any]) -> None:
    await enabled(api, type=2, passphrase="wuff")
    verifier_id = await opened(api)
    before = await api.everything()
    await api.fault({"path": "/callback", **fault})

    assert (await handle(api, verifier_id, **click())).status_code in {500, 503}
    assert await api.everything() == before


async def test_a_prompt_deleted_by_hand_is_no_obstacle(api: Api) -> None:
    await enabled(api, channel=CHANNEL)
    verifier_id = await opened(api)
    [message] = await posted(api, CHANNEL)
    await api.program.resources.bot.delete_message(CHANNEL, int(message["id"]))

    assert (await handle(api, verifier_id, **click())).status_code == 200


async def test_who_prevents_data_collection_is_verified_and_forgotten(api: Api) -> None:
    await enabled(api, verified_role_ids=[MODERATORS])
    choice = f"""mutation {{ memberDataCollectionSet(
      guildId: "{GUILD}", userId: "{MEMBER}", input: {{prevented: true}}) {{ member {{ userId }} }} }}"""
    await api.data(choice, token="sandbox-service")
    verifier_id = await opened(api)

    assert (await handle(api, verifier_id)).status_code == 200

    assert MODERATORS in await roles_of(api)
    assert await api.rows("verifier_entries") == []


async def test_statistics_tell_how_long_a_check_took(api: Api) -> None:
    await enabled(api)
    async with api.program.worker.unit_of_work("test") as uow:
        guild = await lock_guild(uow.session, GUILD)
        assert guild is not None
        guild.module_serverstats = True
    verifier_id = await opened(api)
    await handle(api, verifier_id, "WebLogin")
    await handle(api, verifier_id)

    [row] = await api.rows("statistics_journal")
    assert (row["metric"], row["user_id"]) == ("modules/verifier/check-time", MEMBER)
    assert "check_time" in str(row["data"])


@pytest.mark.parametrize("on", [True, False])
async def test_the_rules_follow_once_a_member_has_passed(api: Api, on: bool) -> None:
    await enabled(api, channel=CHANNEL)
    await rules_stage.by_message(api)
    if not on:
        await api.rest("POST", "/modules/rules/disable", json={"guild_id": GUILD})

    assert (await handle(api, await opened(api))).json()["data"]["message"]

    dm = await api.program.resources.bot.open_dm(MEMBER)
    said = [embed["title"] for message in await posted(api, dm) for embed in message["embeds"]]
    assert [each.startswith("The rules of ") for each in said] == ([True] if on else [])
    assert [row["user_id"] for row in await api.rows("rules_active_entries")] == ([MEMBER] if on else [])


@pytest.mark.parametrize("rules", ["none", "closed"])
async def test_a_member_has_passed_whatever_becomes_of_the_rules(api: Api, rules: str) -> None:
    await enabled(api, channel=CHANNEL)
    if rules == "closed":
        await rules_stage.by_message(api)
    else:
        await api.rest("POST", "/modules/rules/enable", json={"guild_id": GUILD})
    verifier_id = await opened(api)
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"direct_messages": False})

    assert (await handle(api, verifier_id)).status_code == 200

    assert [row["is_verified"] for row in await api.rows("verifier_entries")] == [1]
    assert await api.rows("rules_active_entries") == []


async def test_a_life_is_the_same_over_both_doors(api: Api) -> None:
    async def rest() -> dict[str, Any]:
        await enabled(api, type=2, passphrase="wuff", verified_role_ids=[MODERATORS], channel=CHANNEL)
        verifier_id = await opened(api)
        await handle(api, verifier_id, "ModalInteraction", passphrase_value="wuff")
        return (await api.rest("POST", f"{BASE}/disable", json={"guild_id": GUILD})).json()["data"]

    async def graphql() -> dict[str, Any]:
        g = f'guildId: "{GUILD}"'
        await api.data(f"mutation {{ moduleEnable({g}, module: VERIFIER) {{ guild {{ id }} }} }}")
        await api.data(
            f"""mutation {{ verifierSettingsUpdate({g}, input: {{ type: PASSPHRASE, passphrase: "wuff",
            verifiedRoleIds: ["{MODERATORS}"], channelId: "{CHANNEL}" }}) {{ settings {{ id }} }} }}"""
        )
        made = await api.data(
            f"""mutation {{ verifierVerificationCreate({g}, input: {{ requester: "husqy" }}) {{
            entry {{ verifierId }} }} }}""",
            token="sandbox-service",
            acting=MEMBER,
        )
        passed = await api.data(
            """mutation ($id: ID!) { verifierVerificationHandle(verifierId: $id,
            input: { type: MODAL, passphrase: "wuff" }) { verified entry { verified } } }""",
            token="sandbox-service",
            acting=MEMBER,
            id=made["verifierVerificationCreate"]["entry"]["verifierId"],
        )
        assert passed["verifierVerificationHandle"] == {"verified": True, "entry": {"verified": True}}
        return await api.data(
            f"""mutation {{ moduleDisable({g}, module: VERIFIER) {{ deleted {{ verifier {{
            settings {{ guild_id: guildId verifier_verified_role_ids: verifiedRoleIds
              verifier_message_is_embed: promptIsEmbed verifier_message_content: promptContent
              verifier_channel: channelId verifier_message_content_completed: completedContent
              verifier_passphrase: passphrase verifier_message_completed_is_embed: completedIsEmbed }}
            entries {{ guild_id: guildId user_id: userId is_verified: verified verify_channel_id: channelId
              timestamp: createdAt }} }} }} }} }}"""
        )

    first, second = await rest(), (await graphql())["moduleDisable"]["deleted"]["verifier"]

    second["settings"]["verifier_verified_role_ids"] = ",".join(second["settings"]["verifier_verified_role_ids"])
    assert first["settings"].items() >= second["settings"].items()
    assert len(first["entries"]) == 1
    assert all(one.items() >= two.items() for one, two in zip(first["entries"], second["entries"], strict=True))
    assert await posted(api, CHANNEL) == []


@pytest.mark.parametrize("path", [f"/guilds/{GUILD}$", f"/guilds/{GUILD}/members/{MEMBER}$"])
async def test_while_discord_does_not_answer_nobody_passes(api: Api, path: str) -> None:
    await enabled(api, verified_role_ids=[MODERATORS])
    verifier_id = await opened(api)
    before, asked = await api.everything(), await writes(api)
    await api.fault({"path": path, "method": "GET", "status": 500, "times": 20})

    for response in (await handle(api, verifier_id), await create(api)):
        assert response.status_code == 503, response.text
    assert await api.everything() == before
    assert await writes(api) == asked
