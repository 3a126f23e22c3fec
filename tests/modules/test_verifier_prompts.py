"""Members get prompts of the verifier: every way, every refusal, and a Discord that fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OUTSIDER, Api
from tests.modules.helpers import run_due
from tests.modules.verifying import (
    BASE,
    CHANNEL,
    answered,
    create,
    enabled,
    handle,
    lines,
    log,
    opened,
    posted,
    put,
    writes,
)

OTHER_BOT = 1300000000000000108
CLOSED = 1300000000000000317  # Husqy may not write there


async def test_a_prompt_goes_to_the_member_with_a_button(api: Api) -> None:
    await log(api)
    await enabled(api)

    response = await create(api)

    assert response.json()["data"] == {"message": "The prompt is sent."}
    [entry] = await api.rows("verifier_entries")
    assert (entry["user_id"], bool(entry["is_verified"]), bool(entry["direct"])) == (MEMBER, False, True)
    [message] = await posted(api, entry["channel_id"])
    assert message["id"] == str(entry["message_id"])
    assert "**Husqy demo**" in message["embeds"][0]["description"]
    [button] = message["components"][0]["components"]
    assert (button["style"], button["custom_id"]) == (1, f"vf:{entry['verifier_id']}")
    assert (await lines(api))[-1].endswith(f"**<@{MEMBER}>** began a verification")


@pytest.mark.parametrize(("kind", "style"), [(1, 1), (2, 1), (3, 5)])
async def test_each_type_has_its_button_in_the_channel(api: Api, kind: int, style: int) -> None:
    await enabled(api, type=kind, passphrase="wuff", channel=CHANNEL)

    verifier_id = await opened(api)

    [message] = await posted(api, CHANNEL)
    [button] = message["components"][0]["components"]
    assert button["style"] == style
    if style == 5:
        assert button["url"] == f"https://husqy.xyz/verify/{verifier_id}"
    else:
        assert button["custom_id"] == f"vf:{verifier_id}"


async def test_nobody_else_is_notified(api: Api) -> None:
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"global_name": f"@everyone <@{ADMIN}> <server_id>"})
    text = "<user_mention> <user_display_name> @everyone <channel_name>"
    await enabled(api, channel=CHANNEL, message_content=text, message_is_embed=False)

    await create(api)

    [message] = await posted(api, CHANNEL)
    assert message["content"] == f"<@{MEMBER}> @everyone <@{ADMIN}> <server_id> @everyone <channel_name>"
    assert message["allowed_mentions"] == {"parse": [], "users": [str(MEMBER)], "roles": []}
    assert [user["id"] for user in message["mentions"]] == [str(MEMBER)]
    assert message["mention_everyone"] is False


async def test_an_administrators_command_is_answered(api: Api) -> None:
    await enabled(api)

    response = await create(api, requester=ADMIN, application_id=1300000000000000109, token="command")

    assert response.status_code == 200, response.text
    said = await answered(api, "command")
    assert said["content"] == f"<@{MEMBER}> has got a new verification."
    assert said["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(
    ("user", "requester", "status"),
    [
        (None, "husqy", 400), (MEMBER, MEMBER_2, 403), (MEMBER, str(OUTSIDER), 403), (OUTSIDER, "husqy", 404),
        (MEMBER, -1, 400), (MEMBER, "", 400), (MEMBER, "x" * 101, 400), (MEMBER, 2**63 - 1, 403), (MEMBER, "@x", 400),
        (MEMBER, True, 400), (MEMBER, None, 400),
    ],
)  # fmt: skip
async def test_a_prompt_that_may_not_be_sent(api: Api, user: int | None, requester: Any, status: int) -> None:
    await enabled(api)
    before, asked = await api.everything(), await writes(api)

    response = await create(api, user, requester)

    assert response.status_code == status, response.text
    assert await api.everything() == before
    assert await writes(api) == asked


async def test_a_requester_without_the_right_is_named_in_the_logs(api: Api) -> None:
    await log(api)
    await enabled(api)

    assert (await create(api, requester=MEMBER_2)).status_code == 403

    assert "failed at verifier verification create: requester no administrator" in (await lines(api))[-1]


async def test_only_the_bot_sends_prompts(api: Api) -> None:
    await enabled(api)
    body = {"guild_id": GUILD, "requester": "husqy"}

    for token in ("sandbox-owner", "sandbox-member"):
        response = await api.rest("POST", f"{BASE}/event/create-verification", token=token, json=body)
        assert response.status_code == 403


async def test_bots_are_skipped_without_a_word(api: Api) -> None:
    await enabled(api)
    before, asked = await api.everything(), await writes(api)

    response = await create(api, OTHER_BOT)

    assert response.json()["data"] == {"message": "Bots are not verified."}
    assert await api.everything() == before
    assert await writes(api) == asked


async def test_a_new_prompt_replaces_the_open_one_and_a_passed_one_stays(api: Api) -> None:
    await enabled(api, channel=CHANNEL)
    first = await opened(api)
    second = await opened(api)
    assert first != second
    assert len(await posted(api, CHANNEL)) == 1
    assert (await handle(api, first)).status_code == 404
    assert (await handle(api, second)).status_code == 200

    await opened(api)

    assert [bool(row["is_verified"]) for row in await api.rows("verifier_entries")] == [True, False]


async def test_fifty_at_once_leave_one_open_prompt(api: Api) -> None:
    await enabled(api, channel=CHANNEL)

    responses = await asyncio.gather(*(create(api) for _ in range(50)))

    assert {response.status_code for response in responses} == {200}
    [entry] = await api.rows("verifier_entries")
    assert [message["id"] for message in await posted(api, CHANNEL)] == [str(entry["message_id"])]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"status": 403}, 500), ({"status": 404}, 500), ({"status": 400}, 500), ({"status": 500, "times": 9}, 503),
        ({"drop": "before", "times": 9}, 503),
    ],
)  # fmt: skip
async def test_a_prompt_that_discord_refuses_is_not_stored(api: Api, fault: dict[str, Any], status: int) -> None:
    await log(api)
    await enabled(api, channel=CHANNEL)
    old = await opened(api)
    before = await api.rows("verifier_entries")
    await api.fault({"path": f"/channels/{CHANNEL}/messages", "method": "POST", **fault})

    response = await create(api)

    assert response.status_code == status, response.text
    assert await api.rows("verifier_entries") == before  # the older one stays as it was
    assert len(await posted(api, CHANNEL)) == 1
    await api.fault()
    assert "failed at verifier verification create: discord refused" in (await lines(api))[-1]
    assert (await handle(api, old)).status_code == 200


async def test_a_prompt_whose_answer_is_lost_is_sent_once(api: Api) -> None:
    await enabled(api, channel=CHANNEL)
    await api.fault({"path": f"/channels/{CHANNEL}/messages", "method": "POST", "drop": "after"})

    assert (await create(api)).status_code == 200

    [message] = await posted(api, CHANNEL)
    assert message["id"] == str((await api.rows("verifier_entries"))[0]["message_id"])


@pytest.mark.parametrize("kind", [1, 3])
async def test_a_prompt_that_nobody_knows_of_is_deleted_later(api: Api, kind: int) -> None:
    await enabled(api, channel=CHANNEL, type=kind)
    known = await opened(api)
    await api.fault({"path": f"/channels/{CHANNEL}/messages", "method": "POST", "drop": "after", "times": 9})

    assert (await create(api)).status_code == 503

    await api.fault()
    assert len(await posted(api, CHANNEL)) == 2
    [entry] = await api.rows("verifier_entries")
    await run_due(api, seconds=31)
    [message] = await posted(api, CHANNEL)
    assert (entry["verifier_id"], str(entry["message_id"])) == (known, message["id"])
    assert await api.rows("jobs") == []


async def test_a_replaced_prompt_is_deleted_once_discord_answers(api: Api) -> None:
    await enabled(api, channel=CHANNEL)
    await opened(api)
    await api.fault({"path": "/messages/", "method": "DELETE", "status": 500, "times": 9})
    await opened(api)
    assert len(await posted(api, CHANNEL)) == 2

    await api.fault()
    await run_due(api, seconds=31)

    [message] = await posted(api, CHANNEL)
    assert message["id"] == str((await api.rows("verifier_entries"))[0]["message_id"])


async def test_closed_direct_messages_and_a_closed_channel_are_told(api: Api) -> None:
    await enabled(api)
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"direct_messages": False})
    response = await create(api)
    assert response.status_code == 500
    assert response.json()["title"] == "Discord refused"

    await put(api, channel=CLOSED)
    assert (await create(api)).status_code == 500
    assert await api.rows("verifier_entries") == []


async def test_switched_off_while_the_prompt_is_on_its_way(api: Api) -> None:
    await enabled(api, channel=CHANNEL)
    await api.fault({"path": f"/channels/{CHANNEL}/messages", "method": "POST", "delay": 0.3})
    sending = asyncio.create_task(create(api))
    await asyncio.sleep(0.1)
    await api.rest("POST", f"{BASE}/disable", json={"guild_id": GUILD})

    assert (await sending).status_code == 409
    assert await posted(api, CHANNEL) == []
    assert await api.rows("verifier_entries") == []
