"""A person presses a button, chooses in a menu or sends a form off: the interaction that Discord would tell the bot of.

Nobody is told here: whoever plays the person hands the interaction on.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from husqy_graphql.discord.sandbox.message_rules import (
    BUTTON,
    SELECTS,
    STRING_SELECT,
    TEXT_INPUT,
    walk_components,
)
from husqy_graphql.discord.sandbox.messages import shown_message
from husqy_graphql.discord.sandbox.places import (
    Permission,
    Place,
    channel_permissions,
    find_channel,
    missing_access,
    place_of,
)
from husqy_graphql.discord.sandbox.state import Refusal, State, invalid, parts, texts
from husqy_graphql.discord.sandbox.world import APPLICATION_ID, HUSQY

MESSAGE_COMPONENT, MODAL_SUBMIT = 3, 5
IN_GUILD, IN_DM = 0, 1
USERS, ROLES, MENTIONABLES, CHANNELS = 5, 6, 7, 8
LONGEST_TEXT = 4000


def pressed(state: State, given: Mapping[str, Any]) -> dict[str, Any]:
    """What Discord sends when the user of `user_id` uses the component `custom_id` of a message of the bot's, with the
    `values` of a menu; with a `token` and `fields` in their place, the form that this interaction was answered with."""
    form = given.get("token") is not None
    origin = state.store.get("pressed", given["token"]) if form else None
    told = {**given, **(origin or {})}
    user = state.store.get("user", str(told["user_id"]))
    if user is None:
        raise Refusal(404, 10013, "Unknown User")
    if user["bot"]:
        raise Refusal(403, 20001, "Bots cannot use this endpoint")
    place = place_of(state, user["id"], str(told["channel_id"]))
    message = _message(state, place, told["message_id"]) if told.get("message_id") or not form else None
    data = _filled(state, given) if form else _used(state, place, message or {}, given)
    made: dict[str, Any] = {
        "id": state.new_id(),
        "application_id": str(APPLICATION_ID),
        "type": MODAL_SUBMIT if form else MESSAGE_COMPONENT,
        "token": secrets.token_hex(32),
        "version": 1,
        "data": data,
        "channel_id": place.channel["id"],
        "channel": {name: place.channel.get(name) for name in ("id", "type", "name")},
        "locale": "en-US",
        "entitlements": [],
        **_where(state, place, user),
    }
    if message is not None:
        made["message"] = shown_message(state, message, str(HUSQY))
    kept = {"user_id": user["id"], "channel_id": place.channel["id"], "message_id": message and message["id"]}
    state.store.put("pressed", made["token"], kept)
    return made


def _message(state: State, place: Place, message_id: object) -> dict[str, Any]:
    place.require(Permission.READ_MESSAGE_HISTORY)
    found = state.store.get("message", f"{place.channel['id']}:{message_id}")
    if found is None:
        raise Refusal(404, 10008, "Unknown Message")
    if found["author_id"] != str(HUSQY):
        raise invalid("message_id", "The message is not the bot's.", "BASE_TYPE_CHOICES")
    return found


def _where(state: State, place: Place, user: Mapping[str, Any]) -> dict[str, Any]:
    if place.guild is None:
        owners = {"1": user["id"]}
        return {"user": user, "context": IN_DM, "app_permissions": "0", "authorizing_integration_owners": owners}
    guild = place.guild
    member, husqy = (state.store.get("member", f"{guild['id']}:{each}") for each in (user["id"], HUSQY))
    if member is None or husqy is None:
        raise missing_access()
    return {
        "guild_id": guild["id"],
        "guild": {"id": guild["id"], "locale": guild["preferred_locale"], "features": guild["features"]},
        "guild_locale": guild["preferred_locale"],
        "member": {**state.with_user(member), "permissions": str(place.permissions)},
        "context": IN_GUILD,
        "app_permissions": str(channel_permissions(state, guild, husqy, place.channel)),
        "authorizing_integration_owners": {"0": guild["id"]},
    }


def _used(state: State, place: Place, message: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The component that is pressed or chosen in, as the interaction names it."""
    component = _component(message["components"], given["custom_id"])
    if component.get("disabled"):
        raise invalid("custom_id", "The component is disabled.", "COMPONENT_VALIDATION_FAILED")
    kind, values = component["type"], texts(given, "values")
    data: dict[str, Any] = {"id": component["id"], "component_type": kind, "custom_id": component["custom_id"]}
    if kind == BUTTON:
        if values:
            raise invalid("values", "A button has no values.", "BASE_TYPE_MAX_LENGTH")
        return data
    return {**data, **_chosen(state, place, component, values, "values")}


def _component(components: Sequence[Mapping[str, Any]], custom_id: object) -> Mapping[str, Any]:
    for _, each in walk_components(components, "components"):
        if each.get("custom_id") == custom_id and custom_id is not None:
            return each
    raise invalid("custom_id", "The message has no such component.", "COMPONENT_VALIDATION_FAILED")


def _chosen(
    state: State, place: Place | None, menu: Mapping[str, Any], values: Sequence[str], path: str
) -> dict[str, Any]:
    least, most = menu.get("min_values", 1), menu.get("max_values", 1)
    if len(set(values)) != len(values) or not least <= len(values) <= most:
        raise invalid(path, f"Must be between {least} and {most} in length, each once.")
    if menu["type"] == STRING_SELECT:
        options = {each["value"] for each in parts(menu, "options")}
        if not options.issuperset(values):
            raise invalid(path, "There is no such option.", "BASE_TYPE_CHOICES")
        return {"values": list(values)}
    resolved: dict[str, dict[str, Any]] = {}
    for value in values:
        found = _resolved(state, place, menu["type"], value)
        if not found:
            raise invalid(path, "There is nothing with this id.", "BASE_TYPE_CHOICES")
        for name, each in found.items():
            resolved.setdefault(name, {})[value] = each
    return {"values": list(values), "resolved": resolved}


def _resolved(state: State, place: Place | None, kind: int, value: str) -> dict[str, dict[str, Any]]:
    """What an id stands for in a menu of users, roles or channels; empty for what the guild has not got."""
    guild = place.guild if place is not None else None
    if guild is None:
        return {}
    member = state.store.get("member", f"{guild['id']}:{value}") if kind in {USERS, MENTIONABLES} else None
    if member is not None:
        shown = state.with_user(member)
        return {"users": shown.pop("user"), "members": shown}
    if kind in {ROLES, MENTIONABLES}:
        role = next((each for each in guild["roles"] if each["id"] == value), None)
        return {"roles": role} if role is not None else {}
    channel = find_channel(state, value) if kind == CHANNELS else None
    return {"channels": channel} if channel is not None and channel.get("guild_id") == guild["id"] else {}


def _filled(state: State, given: Mapping[str, Any]) -> dict[str, Any]:
    """The form that the interaction was answered with, filled in; raises 10062 for one that was not answered so."""
    found = state.store.get("interaction", str(given["token"]))
    if found is None or not found.get("modal"):
        raise Refusal(404, 10062, "Unknown interaction")
    fields: dict[str, Any] = dict(given.get("fields") or {})
    components = [_field(each, fields) for each in found["modal"]["components"]]
    if fields:
        raise invalid(f"fields.{next(iter(fields))}", "The form has no such field.", "BASE_TYPE_CHOICES")
    return {"custom_id": found["modal"]["custom_id"], "components": components}


def _field(component: Mapping[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """A component of a form with what was given for it, which is taken out of `fields`."""
    shown: dict[str, Any] = {"type": component["type"], "id": component["id"]}
    if component.get("components"):
        shown["components"] = [_field(each, fields) for each in component["components"]]
    if component.get("component"):
        shown["component"] = _field(component["component"], fields)
    custom_id = component.get("custom_id")
    if custom_id is None:
        return shown
    shown["custom_id"], path = custom_id, f"fields.{custom_id}"
    given = fields.pop(custom_id, None)
    required = component.get("required", True)
    if component["type"] == TEXT_INPUT:
        value = str(given or "")
        least, most = component.get("min_length", 0), component.get("max_length", LONGEST_TEXT)
        if (required and not value) or (value and not least <= len(value) <= most):
            raise invalid(path, f"Must be between {max(least, int(required))} and {most} in length.")
        return {**shown, "value": value}
    if component["type"] in SELECTS:
        shown["values"] = texts({"values": given}, "values")
    return shown
