"""The embed JSON that administrators paste: checked when it is stored, filled and cut when it is sent.

Source: embeds.md; the limits are Discord's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from husqy_graphql.core.pasted_json import BadPastedJSON, PastedFault, check_text, parse_object

MAX_EMBEDS = 5
MAX_TOTAL = 6_000  # characters of all visible texts of a message
MAX_FIELDS = 25
MAX_URL = 2_048
MAX_COLOR = 0xFFFFFF
_TEXTS = {"title": 256, "description": 4096}
_PARTS: Mapping[str, Mapping[str, int]] = {
    "footer": {"text": 2048},
    "author": {"name": 256},
}
_ADDRESSES: Mapping[str, tuple[str, ...]] = {
    "footer": ("icon_url",),
    "author": ("url", "icon_url"),
    "image": ("url",),
    "thumbnail": ("url",),
}
_FIELD_TEXTS = {"name": 256, "value": 1024}
_VARIABLE = re.compile(r"<[a-z_]+>")

Embed = dict[str, Any]


def parse_embeds(text: str) -> list[Embed]:
    """The embeds of a text, with nothing in them but what Discord knows. Raises BadPastedJSON with every fault."""
    found = _embeds_of(text)
    faults: list[PastedFault] = []
    embeds = [_embed(each, f"embeds[{index}]", faults) for index, each in enumerate(found)]
    total = sum(map(len, _visible(embeds)))
    if total > MAX_TOTAL:
        faults.append(PastedFault("embeds", f"has {total} characters in all; at most {MAX_TOTAL} are allowed"))
    if faults:
        raise BadPastedJSON(faults)
    return embeds


def render_embeds(text: str, replace: Callable[[str], str]) -> list[Embed]:
    """The embeds with `replace` done in every text, cut to the limits. Raises BadPastedJSON for a text that is none.

    Replaced after parsing, so that a name with quotes in it cannot break the JSON.
    """
    left = MAX_TOTAL
    rendered: list[Embed] = []
    for embed in parse_embeds(text):
        filled, left = _filled(embed, replace, left)
        if _has_visible_part(filled):
            rendered.append(filled)
    return rendered


def is_address(text: str) -> bool:
    """Whether Discord takes the text for an address in an embed: http(s), with a host."""
    if len(text) > MAX_URL or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _embeds_of(text: str) -> list[Any]:
    embeds = parse_object(text).get("embeds")
    if not isinstance(embeds, list) or not embeds:
        raise BadPastedJSON([PastedFault("", "must be a JSON object with a list `embeds`")])
    found = cast("list[Any]", embeds)
    if len(found) > MAX_EMBEDS:
        raise BadPastedJSON([PastedFault("embeds", f"has {len(found)} embeds; at most {MAX_EMBEDS} are allowed")])
    return found


def _embed(given: Any, path: str, faults: list[PastedFault]) -> Embed:
    if not isinstance(given, dict):
        faults.append(PastedFault(path, "must be an object"))
        return {}
    source = cast("dict[str, Any]", given)
    embed: Embed = {}
    for name, longest in _TEXTS.items():
        _take_text(source, embed, name, longest, path, faults)
    _take_address(source, embed, "url", path, faults)
    _take_text(source, embed, "timestamp", 200, path, faults)
    if "timestamp" in embed and not _VARIABLE.search(embed["timestamp"]) and not _is_time(embed["timestamp"]):
        faults.append(PastedFault(f"{path}.timestamp", "must be a time in ISO 8601, or <current_datetime_iso>"))
    color = source.get("color")
    if color is not None:
        if isinstance(color, int) and not isinstance(color, bool) and 0 <= color <= MAX_COLOR:
            embed["color"] = color
        else:
            faults.append(PastedFault(f"{path}.color", f"must be a whole number from 0 to {MAX_COLOR}"))
    for name, addresses in _ADDRESSES.items():
        part = _part(source.get(name), _PARTS.get(name, {}), addresses, f"{path}.{name}", faults)
        if part:
            embed[name] = part
    fields = _fields(source.get("fields"), f"{path}.fields", faults)
    if fields:
        embed["fields"] = fields
    if not _has_visible_part(embed) and not any(fault.path.startswith(path) for fault in faults):
        faults.append(PastedFault(path, "must have a title, description, author, footer, image, thumbnail or field"))
    return embed


def _part(
    given: Any, texts: Mapping[str, int], addresses: Sequence[str], path: str, faults: list[PastedFault]
) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        faults.append(PastedFault(path, "must be an object"))
        return {}
    source, part = cast("dict[str, Any]", given), dict[str, Any]()
    for name, longest in texts.items():
        _take_text(source, part, name, longest, path, faults)
    for name in addresses:
        _take_address(source, part, name, path, faults)
    needed = next(iter(texts), "url")
    return part if needed in part else {}


def _fields(given: Any, path: str, faults: list[PastedFault]) -> list[dict[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, list):
        faults.append(PastedFault(path, "must be a list"))
        return []
    found = cast("list[Any]", given)
    if len(found) > MAX_FIELDS:
        faults.append(PastedFault(path, f"has {len(found)} fields; at most {MAX_FIELDS} are allowed"))
        return []
    fields: list[dict[str, Any]] = []
    for index, each in enumerate(found):
        place = f"{path}[{index}]"
        if not isinstance(each, dict):
            faults.append(PastedFault(place, "must be an object"))
            continue
        source, field = cast("dict[str, Any]", each), dict[str, Any]()
        for name, longest in _FIELD_TEXTS.items():
            _take_text(source, field, name, longest, place, faults, required=True)
        inline = source.get("inline")
        if inline is not None and not isinstance(inline, bool):
            faults.append(PastedFault(f"{place}.inline", "must be true or false"))
        fields.append({**field, "inline": inline is True})
    return fields


def _take_text(
    source: Mapping[str, Any],
    target: dict[str, Any],
    name: str,
    longest: int,
    path: str,
    faults: list[PastedFault],
    *,
    required: bool = False,
) -> None:
    given = source.get(name)
    if given is None or given == "":
        if required:
            faults.append(PastedFault(f"{path}.{name}", f"must have 1 to {longest} characters"))
        return
    text = check_text(given, longest, f"{path}.{name}", faults)
    if text is not None:
        target[name] = text


def _take_address(
    source: Mapping[str, Any], target: dict[str, Any], name: str, path: str, faults: list[PastedFault]
) -> None:
    before = len(faults)
    _take_text(source, target, name, MAX_URL, path, faults)
    # One that holds a variable is looked at when it is filled.
    if len(faults) == before and name in target and not _VARIABLE.search(target[name]) and not is_address(target[name]):
        faults.append(PastedFault(f"{path}.{name}", "must be an address that begins with http:// or https://"))
        del target[name]


def _filled(embed: Embed, replace: Callable[[str], str], left: int) -> tuple[Embed, int]:
    """The embed with its texts replaced and cut, and how many characters are left for the others of the message."""

    def text(value: str, longest: int) -> str:
        nonlocal left
        cut = _cut(replace(value), min(longest, left))
        left -= len(cut)
        return cut

    filled: Embed = {}
    for name, longest in _TEXTS.items():
        if name in embed and (told := text(embed[name], longest)):
            filled[name] = told
    if "color" in embed:
        filled["color"] = embed["color"]
    if "timestamp" in embed and _is_time(moment := replace(embed["timestamp"])):
        filled["timestamp"] = moment
    if "url" in embed and is_address(address := replace(embed["url"])):
        filled["url"] = address
    for name, addresses in _ADDRESSES.items():
        part = {
            key: text(value, _PARTS[name][key])
            for key, value in embed.get(name, {}).items()
            if key in _PARTS.get(name, {})
        }
        part |= {
            key: told
            for key, value in embed.get(name, {}).items()
            if key in addresses and is_address(told := replace(value))
        }
        if next(iter(_PARTS.get(name, {})), "url") in part and all(part.values()):
            filled[name] = part
    fields = [
        {"name": text(each["name"], 256), "value": text(each["value"], 1024), "inline": each["inline"]}
        for each in embed.get("fields", ())
    ]
    if fields := [each for each in fields if each["name"] and each["value"]]:
        filled["fields"] = fields
    return filled, left


def _visible(embeds: Sequence[Embed]) -> Iterator[str]:
    for embed in embeds:
        yield from (embed[name] for name in _TEXTS if name in embed)
        yield from (
            embed[part][name] for part, texts in _PARTS.items() for name in texts if name in embed.get(part, {})
        )
        yield from (each[name] for each in embed.get("fields", ()) for name in _FIELD_TEXTS if name in each)


def _has_visible_part(embed: Embed) -> bool:
    return any(name in embed for name in ("title", "description", "author", "footer", "image", "thumbnail", "fields"))


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…" if length > 0 else ""
