"""What Discord accepts as a message: its limits, its components, and whom it notifies.

Source: Discord's API reference, sections "Create Message", "Embed Limits", "Allowed Mentions" and "Components".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from husqy_graphql.discord.sandbox.state import Refusal, invalid, part, parts, texts

MAX_CONTENT, MAX_EMBEDS, MAX_EMBED_TEXT, MAX_NONCE = 2000, 10, 6000, 25
MAX_ROWS, MAX_COMPONENTS_V2, MAX_FIELDS, MAX_MENTIONS = 5, 40, 25, 100
COMPONENTS_V2 = 1 << 15
ROW, BUTTON, TEXT_INPUT, TEXT_DISPLAY = 1, 2, 4, 10
STRING_SELECT = 3
SELECTS = {STRING_SELECT, 5, 6, 7, 8}
LINK, PREMIUM = 5, 6
KINDS_OF_MENTIONS = {"roles", "users", "everyone"}
_USER, _ROLE = re.compile(r"<@!?(\d{1,20})>"), re.compile(r"<@&(\d{1,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")


def checked_content(given: object) -> str:
    """The content without blanks around it."""
    content = ("" if given is None else str(given)).strip()
    if len(content) > MAX_CONTENT:
        raise invalid("content", f"Must be {MAX_CONTENT} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    return content


def checked_nonce(given: object) -> str | int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    if not isinstance(given, str) or len(given) > MAX_NONCE:
        raise invalid("nonce", f"Must be {MAX_NONCE} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    return given


def checked_embeds(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The embeds as Discord answers them; one that says nothing is left out."""
    if len(given) > MAX_EMBEDS:
        raise invalid("embeds", f"Must be {MAX_EMBEDS} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    total = 0
    for index, embed in enumerate(given):
        for path, text, longest in _texts(embed, f"embeds.{index}"):
            total += len(text)
            if len(text) > longest:
                raise invalid(path, f"Must be {longest} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
        color = embed.get("color")
        if color is not None and not 0 <= int(color) <= 0xFFFFFF:
            raise invalid(f"embeds.{index}.color", "int value should be between 0 and 16777215.", "NUMBER_TYPE_MAX")
    if total > MAX_EMBED_TEXT:
        raise invalid("embeds", f"Embed size exceeds maximum size of {MAX_EMBED_TEXT}", "MAX_EMBED_SIZE_EXCEEDED")
    return [{"type": "rich", **embed} for embed in given if any(value for value in embed.values())]


def _texts(embed: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, int]]:
    """Each text of an embed with its place and how long it may be."""
    fields = parts(embed, "fields")
    if len(fields) > MAX_FIELDS:
        raise invalid(f"{path}.fields", f"Must be {MAX_FIELDS} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    yield f"{path}.title", _text(embed.get("title")), 256
    yield f"{path}.description", _text(embed.get("description")), 4096
    yield f"{path}.footer.text", _text(part(embed, "footer").get("text")), 2048
    yield f"{path}.author.name", _text(part(embed, "author").get("name")), 256
    for index, field in enumerate(fields):
        for name, longest in (("name", 256), ("value", 1024)):
            text = _text(field.get(name))
            if not text:
                raise invalid(f"{path}.fields.{index}.{name}", "This field is required", "BASE_TYPE_REQUIRED")
            yield f"{path}.fields.{index}.{name}", text, longest


def _text(given: object) -> str:
    return "" if given is None else str(given).strip()


def checked_components(given: Sequence[Mapping[str, Any]], flags: int) -> list[dict[str, Any]]:
    """The components with the ids that Discord numbers them with."""
    every = list(walk_components(given, "components"))
    if flags & COMPONENTS_V2:
        if len(every) > MAX_COMPONENTS_V2:
            raise invalid("components", f"Must be {MAX_COMPONENTS_V2} or fewer in length.", "BASE_TYPE_MAX_LENGTH")
    else:
        _check_rows(given)
    seen: set[str] = set()
    for path, component in every:
        _check_component(path, component)
        custom_id = component.get("custom_id")
        if custom_id in seen:
            raise invalid(
                f"{path}.custom_id", "Component custom id cannot be duplicated", "COMPONENT_CUSTOM_ID_DUPLICATED"
            )
        if custom_id is not None:
            seen.add(custom_id)
    return _numbered(given, iter(range(1, len(every) + 1)))


def walk_components(given: Sequence[Mapping[str, Any]], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every component from the top, nested ones too, each with its path."""
    for index, component in enumerate(given):
        here = f"{path}.{index}"
        yield here, component
        yield from walk_components(parts(component, "components"), f"{here}.components")
        for name in ("accessory", "component"):
            if component.get(name):
                yield from walk_components([component[name]], f"{here}.{name}")


def _numbered(given: Sequence[Mapping[str, Any]], numbers: Iterator[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for component in given:
        shown = {**component, "id": component.get("id") or next(numbers)}
        if component.get("components"):
            shown["components"] = _numbered(component["components"], numbers)
        for name in ("accessory", "component"):
            if component.get(name):
                [shown[name]] = _numbered([component[name]], numbers)
        found.append(shown)
    return found


def _check_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    if len(rows) > MAX_ROWS:
        raise invalid("components", f"Must be between 1 and {MAX_ROWS} in length.")
    for index, row in enumerate(rows):
        if row["type"] != ROW:
            raise invalid(f"components.{index}.type", f"Value of field 'type' must be {ROW}.", "BASE_TYPE_CHOICES")
        kinds = [each["type"] for each in parts(row, "components")]
        buttons = 1 <= len(kinds) <= 5 and all(kind == BUTTON for kind in kinds)
        select = len(kinds) == 1 and kinds[0] in SELECTS
        if not (buttons or select):
            raise invalid(f"components.{index}.components", "Must be 1 to 5 buttons, or one select.")


def _check_component(path: str, component: Mapping[str, Any]) -> None:
    kind = component["type"]
    linked = kind == BUTTON and component.get("style") in {LINK, PREMIUM}
    if kind in {BUTTON, TEXT_INPUT, *SELECTS} and not linked:
        _check_length(path, component, "custom_id", 1, 100)
    if kind == BUTTON:
        if component.get("style") not in range(1, 7):
            raise invalid(f"{path}.style", "Value must be one of (1, 2, 3, 4, 5, 6).", "BASE_TYPE_CHOICES")
        _check_length(path, component, "label", 0, 80)
        if component["style"] == LINK:
            _check_length(path, component, "url", 1, 512)
    elif kind in SELECTS:
        _check_length(path, component, "placeholder", 0, 150)
        if kind == STRING_SELECT:
            _check_options(path, parts(component, "options"))
    elif kind == TEXT_DISPLAY:
        _check_length(path, component, "content", 1, 4000)


def _check_options(path: str, options: Sequence[Mapping[str, Any]]) -> None:
    if not 1 <= len(options) <= 25:
        raise invalid(f"{path}.options", "Must be between 1 and 25 in length.")
    for index, option in enumerate(options):
        _check_length(f"{path}.options.{index}", option, "label", 1, 100)
        _check_length(f"{path}.options.{index}", option, "value", 1, 100)
        _check_length(f"{path}.options.{index}", option, "description", 0, 100)


def _check_length(path: str, holder: Mapping[str, Any], name: str, least: int, most: int) -> None:
    if not least <= len(str(holder.get(name) or "")) <= most:
        raise invalid(f"{path}.{name}", f"Must be between {least} and {most} in length.")


def checked_modal(given: Mapping[str, Any]) -> dict[str, Any]:
    """A form: 1 to 5 components, each with its own custom id."""
    _check_length("data", given, "custom_id", 1, 100)
    _check_length("data", given, "title", 1, 45)
    rows = parts(given, "components")
    if not 1 <= len(rows) <= MAX_ROWS:
        raise invalid("data.components", f"Must be between 1 and {MAX_ROWS} in length.")
    return {
        "custom_id": given["custom_id"],
        "title": given["title"],
        "components": checked_components(rows, COMPONENTS_V2),
    }


def checked_mentions(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the sender lets the message notify; None = whatever its content mentions."""
    if given is None:
        return None
    kinds = set(texts(given, "parse"))
    if kinds - KINDS_OF_MENTIONS:
        raise invalid(
            "allowed_mentions.parse", "Value must be one of ('roles', 'users', 'everyone').", "BASE_TYPE_CHOICES"
        )
    for name in ("users", "roles"):
        ids = texts(given, name)
        if len(ids) > MAX_MENTIONS:
            raise invalid(
                f"allowed_mentions.{name}", f"Must be {MAX_MENTIONS} or fewer in length.", "BASE_TYPE_MAX_LENGTH"
            )
        if ids and name in kinds:
            raise invalid(
                "allowed_mentions",
                f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.',
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
            )
    return dict(given)


def mentioned(
    content: str, allowed: Mapping[str, Any] | None, guild: Mapping[str, Any] | None, *, everyone: bool
) -> dict[str, Any]:
    """Whom the content notifies. `everyone` says that the sender may mention everyone, and roles that forbid it."""
    kinds = KINDS_OF_MENTIONS if allowed is None else set(texts(allowed, "parse"))
    users, roles = _USER.findall(content), _ROLE.findall(content)
    if "users" not in kinds:
        users = [each for each in users if each in _ids(allowed, "users")]
    if "roles" not in kinds:
        roles = [each for each in roles if each in _ids(allowed, "roles")]
    there = {role["id"] for role in guild["roles"] if everyone or role["mentionable"]} if guild else set[str]()
    return {
        "mentions": list(dict.fromkeys(users)),
        "mention_roles": [each for each in dict.fromkeys(roles) if each in there],
        "mention_everyone": "everyone" in kinds and everyone and bool(guild and _EVERYONE.search(content)),
    }


def _ids(allowed: Mapping[str, Any] | None, name: str) -> set[str]:
    return set(texts(allowed or {}, name))


def refuse_empty(message: Mapping[str, Any]) -> None:
    """Raise Discord's 50006 for a message that says nothing."""
    if message["flags"] & COMPONENTS_V2:
        if message["content"] or message["embeds"] or message.get("poll"):
            raise invalid(
                "flags",
                "A message with this flag has components alone.",
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            )
        if message["components"]:
            return
    elif message["content"] or message["embeds"] or message.get("poll"):
        return
    raise Refusal(400, 50006, "Cannot send an empty message")
