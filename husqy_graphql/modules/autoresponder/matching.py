"""Which triggers a message hits. Plain tests of text, no patterns: a thousand triggers take a few milliseconds.

Source: autoresponder.md, section 4.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol


class TriggerType(Enum):
    """How a trigger's text is looked for; the value is the contract's."""

    WILDCARD = 1
    CONTAINS = 2
    STARTS_WITH = 3
    ENDS_WITH = 4


@dataclass(frozen=True, slots=True)
class Message:
    """What is looked at of a message. `channel_ids` has the parent of a thread too."""

    content: str
    channel_ids: Collection[int]
    role_ids: Collection[int]


class Trigger(Protocol):
    """A trigger with its filters by kind."""

    @property
    def row(self) -> Any: ...

    @property
    def filters(self) -> Mapping[str, Sequence[int]]: ...


def hits(triggers: Iterable[Trigger], message: Message) -> list[Any]:
    """The triggers that the message hits, in their order."""
    content = message.content.strip()
    folded = content.casefold()
    return [
        trigger
        for trigger in triggers
        if _matches(trigger.row, content, folded)
        and _admits(trigger.filters, "channel", message.channel_ids)
        and _admits(trigger.filters, "role", message.role_ids)
    ]


def _matches(row: Any, content: str, folded: str) -> bool:
    if row.trigger_type == TriggerType.WILDCARD.value:
        return True
    text, searched = (row.trigger, content) if row.match_case else (row.trigger.casefold(), folded)
    match TriggerType(row.trigger_type):
        case TriggerType.STARTS_WITH:
            return searched.startswith(text)
        case TriggerType.ENDS_WITH:
            return searched.endswith(text)
        case _:
            return text in searched


def _admits(filters: Mapping[str, Sequence[int]], kind: str, ids: Collection[int]) -> bool:
    """An allowed list decides alone; without one, the ignored list does."""
    allowed = filters.get(f"allowed_{kind}")
    if allowed:
        return any(each in ids for each in allowed)
    return not any(each in ids for each in filters.get(f"ignored_{kind}", ()))
