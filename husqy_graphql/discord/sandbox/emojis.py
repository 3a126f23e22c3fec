"""Emojis as people write them: Unicode's, and those of a guild."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from husqy_graphql.discord.sandbox.state import Refusal, parts

_CUSTOM = re.compile(r"(\w{1,32}):(\d{1,20})")
# The shape of Unicode's emoji sequences, not the list of those that exist (UTS 51, section 1.4.9).
_ONE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
    "\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
)
_UNICODE = re.compile(
    f"[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{2}}|{_ONE}(?:\u200d{_ONE})*",
)


def find_emoji(given: str, guild: Mapping[str, Any] | None) -> dict[str, Any]:
    """The emoji as Discord answers it; raises 10014 for none, and for a custom one of another guild."""
    custom = _CUSTOM.fullmatch(given)
    found = unicode_emoji(given) if custom is None else guild_emoji(custom[2], guild)
    if found is None:
        raise Refusal(400, 10014, "Unknown Emoji")
    return found


def guild_emoji(emoji_id: str, guild: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A custom emoji as Discord answers it, if the guild has it."""
    found = next((each for each in parts(guild or {}, "emojis") if each["id"] == emoji_id), None)
    return None if found is None else {name: found[name] for name in ("id", "name", "animated")}


def unicode_emoji(given: str) -> dict[str, Any] | None:
    """An emoji of Unicode as Discord answers it; None for another text."""
    return {"id": None, "name": given} if _UNICODE.fullmatch(given) else None
