"""How a line of the logs channel reads. Source: logging.md, section 4."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from husqy_graphql.core.audit import ActorKind
from husqy_graphql.core.log_events import EVENTS_BY_SWITCH, LogEvent

LINE_MAX = 2_000  # characters of a message
LINES_PER_MESSAGE = 10
UNKNOWN_ACTOR = "Unknown user"
API_KEY_ACTOR = "An API key"
_MENTIONS = {"channel": "<#{}>", "old_channel": "<#{}>", "role": "<@&{}>", "member": "<@{}>"}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PLAIN = frozenset({"action"})  # words of ours, not of people


def render_line(
    switch: str,
    *,
    at: datetime,
    zone: tzinfo,
    succeeded: bool,
    reason: str | None,
    actor_kind: str,
    actor_user_id: int | None,
    data: Mapping[str, str],
) -> str:
    """One line, at most 2,000 characters; an event that is not known any more keeps its name."""
    event = EVENTS_BY_SWITCH.get(switch)
    if succeeded and event is not None:
        told = sentence(event, data)
    else:
        why = f": {reason.replace('_', ' ')}" if reason else ""
        told = f"failed at {switch.replace('_', ' ')}{why}"
    stamp = at.astimezone(zone).strftime("%d-%m-%Y %H:%M:%S")
    return _cut(f"{stamp} - **{_actor(actor_kind, actor_user_id, data)}** {told}", LINE_MAX)


def sentence(event: LogEvent, data: Mapping[str, str]) -> str:
    """The sentence of an event with its values; what is not there is left out."""

    def optional(found: re.Match[str]) -> str:
        part = found[1]
        return part if all(_value(name, data) for name in _PLACEHOLDER.findall(part)) else ""

    text = _OPTIONAL.sub(optional, event.sentence)
    return " ".join(_PLACEHOLDER.sub(lambda found: _value(found[1], data) or "", text).split())


def messages(lines: Sequence[str]) -> tuple[str, int]:
    """The next message out of lines in their order, and how many of them it has: at most 10, and 2,000 characters."""
    taken = 0
    length = -1
    for line in lines[:LINES_PER_MESSAGE]:
        if taken and length + 1 + len(line) > LINE_MAX:
            break
        length += 1 + len(line)
        taken += 1
    return "\n".join(lines[:taken]), taken


def _actor(kind: str, user_id: int | None, data: Mapping[str, str]) -> str:
    if kind == ActorKind.API_KEY.value:
        return API_KEY_ACTOR
    who = str(user_id) if user_id is not None else data.get("member_id")
    return f"<@{who}>" if who else UNKNOWN_ACTOR


def _value(name: str, data: Mapping[str, str]) -> str:
    if name in _MENTIONS:
        found = data.get(f"{name}_id", "")
        return _MENTIONS[name].format(found) if found.isascii() and found.isdigit() else ""
    text = " ".join(data.get(name, "").replace("`", "").split())
    if not text or name in _PLAIN:
        return text.replace("_", " ")
    return f"`{_cut(text, 200)}`"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
