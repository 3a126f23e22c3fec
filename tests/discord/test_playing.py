"""Playing a member: buttons pressed, menus chosen in, forms sent off."""

from __future__ import annotations

from typing import Any

import pytest

from husqy_graphql.discord.port import NO_MENTIONS, DiscordMessage, PermissionOverwrite
from husqy_graphql.discord.sandbox import world
from tests.discord.conftest import Stage

CHANNEL_IDS = {name: channel_id for channel_id, name, _, _ in world.CHANNELS}
GENERAL = CHANNEL_IDS["general"]
YES = {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"}
OFF = {"type": 2, "style": 1, "label": "Off", "custom_id": "off", "disabled": True}
MENU = {
    "type": 3, "custom_id": "menu", "max_values": 2,
    "options": [{"label": each, "value": each} for each in ("a", "b", "c")],
}  # fmt: skip
PEOPLE = {"type": 5, "custom_id": "people", "min_values": 0}
ROLES = {"type": 6, "custom_id": "roles", "max_values": 2}
CHANNELS = {"type": 8, "custom_id": "channels"}
COMPONENTS = [{"type": 1, "components": each} for each in ([YES, OFF], [MENU], [PEOPLE], [ROLES], [CHANNELS])]
MODAL = {
    "custom_id": "ticket",
    "title": "New ticket",
    "components": [
        {"type": 1, "components": [{"type": 4, "style": 1, "label": "Why?", "custom_id": "why", "max_length": 5}]},
        {"type": 18, "label": "And?", "component": {"type": 4, "style": 1, "custom_id": "and", "required": False}},
    ],
}


async def panel(stage: Stage, channel_id: int = GENERAL) -> DiscordMessage:
    return await stage.bot.send_message(channel_id, content="Pick", components=COMPONENTS, allowed_mentions=NO_MENTIONS)


async def play(stage: Stage, **given: Any) -> tuple[int, dict[str, Any]]:
    answer = await stage.control.post("/control/interactions", json=given)
    return answer.status_code, answer.json()


async def press(
    stage: Stage,
    message: DiscordMessage,
    custom_id: str,
    *values: object,
    user_id: int = world.MEMBER,
    **others: Any,
) -> tuple[int, dict[str, Any]]:
    place = {"channel_id": str(message.channel_id), "message_id": str(message.id), **others}
    return await play(stage, user_id=str(user_id), custom_id=custom_id, values=[str(each) for each in values], **place)


async def test_a_member_presses_a_button_and_the_bot_answers(stage: Stage) -> None:
    message = await panel(stage)

    status, made = await press(stage, message, "yes")

    assert status == 200
    assert (made["type"], made["data"]) == (3, {"id": 2, "component_type": 2, "custom_id": "yes"})
    assert made["application_id"] == str(world.APPLICATION_ID)
    assert (made["guild_id"], made["channel_id"]) == (str(world.DEMO_GUILD), str(GENERAL))
    assert made["member"]["user"]["id"] == str(world.MEMBER)
    assert made["member"]["permissions"] == str(world.EVERYONE_PERMISSIONS)
    assert made["app_permissions"] == str(world.HUSQY_PERMISSIONS)
    assert (made["message"]["id"], made["message"]["components"]) == (str(message.id), list(message.components))
    assert "user" not in made
    await stage.bot.respond_to_interaction(
        int(made["id"]), made["token"], content="Noted", allowed_mentions=NO_MENTIONS, ephemeral=True
    )
    replied = (await stage.control.get(f"/interactions/{made['token']}")).json()
    assert (replied["content"], replied["flags"]) == ("Noted", 64)
    _, again = await press(stage, message, "yes")
    assert again["token"] != made["token"]


async def test_a_member_chooses_in_menus(stage: Stage) -> None:
    message = await panel(stage)

    assert (await press(stage, message, "menu", "a", "c"))[1]["data"]["values"] == ["a", "c"]
    assert (await press(stage, message, "people"))[1]["data"]["values"] == []
    people = (await press(stage, message, "people", world.OWNER))[1]["data"]
    assert people["resolved"]["users"][str(world.OWNER)]["username"] == "olivia"
    assert "user" not in people["resolved"]["members"][str(world.OWNER)]
    role_id = world.ROLES["Members"][0]
    roles = (await press(stage, message, "roles", role_id))[1]["data"]
    assert roles["resolved"]["roles"][str(role_id)]["name"] == "Members"
    channels = (await press(stage, message, "channels", GENERAL))[1]["data"]
    assert channels["resolved"]["channels"][str(GENERAL)]["name"] == "general"


@pytest.mark.parametrize(
    ("custom_id", "values"),
    [
        ("nothing", ()), ("off", ()), ("yes", ("a",)), ("menu", ()), ("menu", ("a", "b", "c")), ("menu", ("d",)),
        ("menu", ("a", "a")), ("people", (world.OUTSIDER,)), ("roles", (42,)), ("channels", (42,)),
    ],
)  # fmt: skip
async def test_what_the_message_does_not_offer(stage: Stage, custom_id: str, values: tuple[object, ...]) -> None:
    status, answer = await press(stage, await panel(stage), custom_id, *values)

    assert (status, answer["code"]) == (400, 50035)


async def test_who_cannot_press_what(stage: Stage) -> None:
    message = await panel(stage)

    async def code(**options: Any) -> int:
        return (await press(stage, message, "yes", **options))[1]["code"]

    assert await code(user_id=world.OUTSIDER) == 50001
    assert await code(user_id=world.OTHER_BOT) == 20001
    assert await code(user_id=42) == 10013
    assert await code(channel_id="42") == 10003
    assert await code(message_id="42") == 10008
    people = await stage.act("sandbox-owner", "POST", f"/channels/{GENERAL}/messages", json={"content": "x"})
    assert await code(message_id=people.json()["id"]) == 50035
    overwrites = (PermissionOverwrite(world.MEMBER, 1, allow=0, deny=1 << 10),)
    hidden = await stage.bot.create_channel(world.DEMO_GUILD, name="hidden", type=0, permission_overwrites=overwrites)
    message = await panel(stage, hidden.id)
    assert await code() == 50001
    assert (await press(stage, message, "yes", user_id=world.OWNER))[0] == 200
    assert (await play(stage, user_id=str(world.MEMBER)))[0] == 400


async def test_a_button_in_a_direct_message(stage: Stage) -> None:
    channel_id = await stage.bot.open_dm(world.MEMBER)

    _, made = await press(stage, await panel(stage, channel_id), "yes")

    assert (made["user"]["id"], made["context"], made["channel_id"]) == (str(world.MEMBER), 1, str(channel_id))
    assert made.keys().isdisjoint({"member", "guild_id"})


async def test_a_form_is_shown_and_sent_off(stage: Stage) -> None:
    message = await panel(stage)
    _, pressed = await press(stage, message, "yes")
    token = pressed["token"]
    assert (await play(stage, token=token, fields={}))[1]["code"] == 10062  # nothing was answered yet
    await stage.bot.respond_with_modal(int(pressed["id"]), token, MODAL)

    status, made = await play(stage, token=token, fields={"why": "Woof"})

    assert (status, made["type"], made["data"]["custom_id"]) == (200, 5, "ticket")
    row, label = made["data"]["components"]
    assert row["components"] == [{"type": 4, "id": 2, "custom_id": "why", "value": "Woof"}]
    assert label["component"] == {"type": 4, "id": 4, "custom_id": "and", "value": ""}
    assert (made["member"]["user"]["id"], made["message"]["id"]) == (str(world.MEMBER), str(message.id))
    assert made["token"] != token
    for fields in ({}, {"why": "x" * 6}, {"why": "x", "else": "x"}):
        assert (await play(stage, token=token, fields=fields))[1]["code"] == 50035


async def test_a_form_that_a_command_was_answered_with(stage: Stage) -> None:
    await stage.bot.respond_with_modal(1, "of-a-command", MODAL)

    _, made = await play(stage, token="of-a-command", user_id=world.MEMBER, channel_id=GENERAL, fields={"why": "Hi"})

    assert (made["type"], made["channel_id"]) == (5, str(GENERAL))
    assert "message" not in made
