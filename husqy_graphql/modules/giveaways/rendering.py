"""What a giveaway looks like on Discord. Source: giveaways.md, sections 3 and 4; no variables are replaced in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from husqy_graphql.core.languages import translate
from husqy_graphql.core.privacy import REMOVED_USER
from husqy_graphql.discord.messages import message_url
from husqy_graphql.modules.giveaways.repository import FullGiveaway

FIELD_VALUE_MAX: Final = 1_024
ROW, BUTTON = 1, 2
PRIMARY, SECONDARY = 1, 2
PARTY: Final = "\N{PARTY POPPER}"


def render_giveaway(giveaway: FullGiveaway, language: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The embed and the buttons of a giveaway: running with what is counted so far, or ended with its winners."""
    row = giveaway.row

    def say(key: str) -> str:
        return translate(language, f"giveaways.{key}")

    fields = [
        (say("owner"), _mention(row.owner_id), True),
        (say("winner_count"), str(row.winner_count), True),
        (say("participants"), str(len(giveaway.participant_ids)), True),
    ]
    if row.ended:
        nobody = say("nobody_left" if giveaway.participant_ids else "nobody")
        parts = _winners(giveaway.winner_ids) or [nobody]
        fields += [(say("winners") if first else "\u200b", part, False) for first, part in _marked(parts)]
    else:
        fields.append((say("ends"), f"<t:{int(row.end_time.timestamp())}:R>", True))
    embed: dict[str, Any] = {
        "title": say("finished") if row.ended else f"{PARTY} {say('title')}",
        "description": f"**{row.prize}**" + (f"\n\n{row.description}" if row.description else ""),
        "fields": [{"name": name, "value": value, "inline": inline} for name, value, inline in fields],
        "footer": {"text": f"{say('id')} {row.giveaway_id}"},
        "timestamp": row.end_time.isoformat(),
    }
    return embed, [] if row.ended else [_buttons(row.giveaway_id, say("enter"), say("leave"))]


def render_notice(row: Any, language: str) -> str:
    """What the channel is told once a giveaway has ended."""
    url = message_url(row.guild_id, row.channel_id, row.message_id)
    text = translate(language, "giveaways.notice").replace("<url>", url)
    text = text.replace("<prize>", row.prize.replace("*", "\\*"))
    return f"{text}\n-# {translate(language, 'giveaways.id')} {row.giveaway_id}"


def _mention(user_id: int | None) -> str:
    return f"<@{user_id}>" if user_id else REMOVED_USER


def _winners(winner_ids: Sequence[int]) -> list[str]:
    """Mentions of the winners, as many in a text as fit into a field."""
    parts: list[str] = []
    for mention in map(_mention, winner_ids):
        if parts and len(parts[-1]) + 1 + len(mention) <= FIELD_VALUE_MAX:
            parts[-1] += f" {mention}"
        else:
            parts.append(mention)
    return parts


def _marked(parts: Sequence[str]) -> list[tuple[bool, str]]:
    return [(index == 0, part) for index, part in enumerate(parts)]


def _buttons(giveaway_id: str, enter: str, leave: str) -> dict[str, Any]:
    return {
        "type": ROW,
        "components": [
            {
                "type": BUTTON,
                "style": PRIMARY,
                "custom_id": f"giveaway:{giveaway_id}:enter",
                "label": enter,
                "emoji": {"name": PARTY, "id": None},
            },
            {"type": BUTTON, "style": SECONDARY, "custom_id": f"giveaway:{giveaway_id}:leave", "label": leave},
        ],
    }
