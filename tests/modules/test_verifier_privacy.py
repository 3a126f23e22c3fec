"""What the verifier knows of a member: counted, deleted, and forgotten when the member leaves."""

from __future__ import annotations

import json

import pytest

from tests.conftest import GUILD, MEMBER, MEMBER_2, Api
from tests.modules.verifying import (
    BASE,
    create,
    enabled,
    handle,
    opened,
    put,
)

PAGE = f"""query ($first: Int, $after: String, $verified: Boolean, $user: Snowflake) {{ guild(id: "{GUILD}") {{
  verifier {{ settings {{ id type channelId channel {{ id name }} verifiedRoleIds verifiedRoles {{ id name }}
    promptContent promptIsEmbed completedContent completedIsEmbed passphrase }} }}
  verifierEntries(first: $first, after: $after, verified: $verified, userId: $user) {{
    nodes {{ id verifierId userId verified messageId channelId channel {{ name }} createdAt }}
    pageInfo {{ hasNextPage endCursor }} }} }} }}"""


async def test_what_is_stored_of_a_member_is_counted_and_deleted(api: Api) -> None:
    text = json.dumps({"embeds": [{"title": "mia", "description": f"Ask mia or <@{MEMBER}>"}], "mia": 1})
    await enabled(api, message_content=text, message_content_completed="Mia says hi", message_completed_is_embed=False)
    await handle(api, await opened(api))
    await opened(api)
    await opened(api, MEMBER_2)
    params = {"guild_id": GUILD, "privacy_member_id": MEMBER}

    counted_before = await api.rest("GET", f"{BASE}/privacy/get-user-entries", token="sandbox-member", params=params)
    assert counted_before.json()["data"] == {
        "username": 1, "display_name": 1, "global_name": 1, "nickname": 0, "id": 3
    }  # fmt: skip
    path = f"{BASE}/privacy/delete-user-entries"
    gone = await api.rest("DELETE", path, token="sandbox-service", acting=MEMBER, json=params)

    assert gone.status_code == 200, gone.text
    after = await api.rest("GET", f"{BASE}/privacy/get-user-entries", token="sandbox-member", params=params)
    # The open one is what she needs to pass.
    assert after.json()["data"] == {"username": 0, "display_name": 0, "global_name": 0, "nickname": 0, "id": 1}
    entries = await api.rows("verifier_entries")
    assert [(row["user_id"], bool(row["is_verified"])) for row in entries] == [(MEMBER, False), (MEMBER_2, False)]
    settings = (await api.data(PAGE))["guild"]["verifier"]["settings"]
    assert json.loads(settings["promptContent"])["embeds"][0]["title"] == "(removed_user)"
    assert settings["completedContent"] == "(removed_user) says hi"
    for token, acting in (("sandbox-owner", None), ("sandbox-service", None), ("sandbox-member-2", None)):
        refused = await api.rest("DELETE", path, token=token, acting=acting, json=params)
        assert refused.status_code == 403


async def test_no_name_breaks_the_embeds_when_it_is_erased(api: Api) -> None:
    await enabled(api)
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"username": "embeds", "global_name": "description"})

    body = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    path = f"{BASE}/privacy/delete-user-entries"
    assert (await api.rest("DELETE", path, token="sandbox-member", json=body)).status_code == 200

    assert (await create(api)).status_code == 200


@pytest.mark.parametrize("is_embed", [True, False])
async def test_a_full_text_can_still_be_sent_when_a_name_is_erased(api: Api, is_embed: bool) -> None:
    text = json.dumps({"embeds": [{"title": "mia " * 64}]}) if is_embed else "mia " * 500
    await enabled(api, message_content=text, message_is_embed=is_embed)

    body = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    path = f"{BASE}/privacy/delete-user-entries"
    assert (await api.rest("DELETE", path, token="sandbox-member", json=body)).status_code == 200

    assert "mia" not in (await put(api, type=3))["verifier_message_content"]
    assert (await create(api)).status_code == 200


async def test_whoever_leaves_takes_every_entry_along(api: Api) -> None:
    await enabled(api)
    await handle(api, await opened(api))
    await opened(api)
    await opened(api, MEMBER_2)
    leave = f'mutation {{ memberLeave(guildId: "{GUILD}", userId: "{MEMBER}") {{ deleted }} }}'

    await api.data(leave, token="sandbox-service")

    assert [row["user_id"] for row in await api.rows("verifier_entries")] == [MEMBER_2]
