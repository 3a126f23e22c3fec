"""What a message with the rules says: the numbered rules in embeds, and the two buttons.

Source: rules.md, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from husqy_graphql.core.languages import translate
from husqy_graphql.core.templates import ServerContext, TemplateContext, UserContext, render
from husqy_graphql.core.time_zones import time_zone_or_utc

COLOR = 661809
RULE_MAX = 1_000
TITLE_MAX = 256  # Discord's limits
DESCRIPTION_MAX = 4_096
TOTAL_MAX = 6_000
_BETWEEN = "\n\n"
_ROW, _BUTTON = 1, 2
_GREEN, _RED = 3, 4


class RulesAnswer(Enum):
    """A click below the rules; the value is the button's custom id."""

    ACCEPT = "rules:accept"
    DENY = "rules:deny"


@dataclass(frozen=True, slots=True)
class RulesMessage:
    """Embeds and components as Discord's JSON."""

    embeds: Sequence[Mapping[str, Any]]
    components: Sequence[Mapping[str, Any]]


def template_context(
    *, language: str, zone_name: str, now: datetime, server: ServerContext, user: UserContext | None = None
) -> TemplateContext:
    """What rules may speak of. Without a user, where many read them, the variables of the user group stay."""
    zone = time_zone_or_utc(zone_name)
    return TemplateContext(language=language, zone=zone, now=now, server=server, user=user)


def render_message(texts: Sequence[str], context: TemplateContext, *, buttons: bool) -> RulesMessage:
    """The message for rules in their order, cut to Discord's limits."""
    title = render(translate(context.language, "rules.title"), replace(context, user=None), limit=TITLE_MAX)
    numbered = [_numbered(number, text, context) for number, text in enumerate(texts, 1)]
    descriptions = _descriptions(numbered, TOTAL_MAX - len(title))
    embeds = [{"color": COLOR, "description": each} for each in descriptions]
    embeds[0] = {"title": title, **embeds[0]}
    return RulesMessage(embeds, _buttons(context.language) if buttons else ())


def total_length(texts: Iterable[str]) -> int:
    """How many characters of a message these rules need at least, as they are stored, with room for the title."""
    parts = [_prefix(number) + text for number, text in enumerate(texts, 1)]
    return TITLE_MAX + len(_BETWEEN.join(parts))


def _prefix(number: int) -> str:
    return f"**{number}.** "


def _numbered(number: int, text: str, context: TemplateContext) -> str:
    prefix = _prefix(number)
    return prefix + render(text, context, limit=DESCRIPTION_MAX - len(prefix))


def _descriptions(parts: Sequence[str], room: int) -> list[str]:
    """Whole rules, as many to an embed as fit; what is over the room of the message is cut off."""
    found: list[str] = []
    current = ""
    for part in parts:
        joined = f"{current}{_BETWEEN}{part}" if current else part
        if len(joined) <= DESCRIPTION_MAX:
            current = joined
        else:
            found.append(current)
            current = part
    found.append(current)
    kept: list[str] = []
    for each in found:
        if room > 0:
            kept.append(each[:room])
            room -= len(kept[-1])
    return kept


def _buttons(language: str) -> list[Mapping[str, Any]]:
    accept = {"style": _GREEN, "label": translate(language, "rules.accept"), "custom_id": RulesAnswer.ACCEPT.value}
    deny = {"style": _RED, "label": translate(language, "rules.deny"), "custom_id": RulesAnswer.DENY.value}
    return [{"type": _ROW, "components": [{"type": _BUTTON, **each} for each in (accept, deny)]}]
