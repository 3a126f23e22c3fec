"""What a message says, as Discord's JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

EPHEMERAL = 1 << 6


def message_body(
    *,
    content: str | None,
    embeds: Sequence[Mapping[str, Any]],
    components: Sequence[Mapping[str, Any]],
    allowed_mentions: Mapping[str, Any],
    flags: int = 0,
) -> dict[str, Any]:
    """The whole of a message: an edit with this body takes away what is left out."""
    return {
        "content": content or "",
        "embeds": [dict(each) for each in embeds],
        "components": [dict(each) for each in components],
        "allowed_mentions": dict(allowed_mentions),
        **({"flags": flags} if flags else {}),
    }
