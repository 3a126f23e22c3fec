"""What Discord accepts as a poll, and how it answers one. Source: Discord's API reference, section "Poll"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from husqy_graphql.discord.sandbox.emojis import guild_emoji, unicode_emoji
from husqy_graphql.discord.sandbox.state import Refusal, invalid, part, parts

MAX_QUESTION, MAX_ANSWER, MAX_ANSWERS, MAX_HOURS, DEFAULT_HOURS = 300, 55, 10, 768, 24
DEFAULT_LAYOUT = 1


def checked_poll(given: Mapping[str, Any], guild: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    """A new poll as it is kept: with the moment of its end, and nobody's vote."""
    answers = parts(given, "answers")
    if not 1 <= len(answers) <= MAX_ANSWERS:
        raise invalid("poll.answers", f"Must be between 1 and {MAX_ANSWERS} in length.")
    duration = given.get("duration", DEFAULT_HOURS)
    if not isinstance(duration, int) or not 1 <= duration <= MAX_HOURS:
        raise invalid("poll.duration", f"int value should be between 1 and {MAX_HOURS}.", "NUMBER_TYPE_MAX")
    if given.get("layout_type", DEFAULT_LAYOUT) != DEFAULT_LAYOUT:
        raise invalid("poll.layout_type", f"Value must be one of ({DEFAULT_LAYOUT},).", "BASE_TYPE_CHOICES")
    return {
        "question": {"text": _text(part(given, "question"), "poll.question.text", MAX_QUESTION)},
        "answers": [
            {"answer_id": number, "poll_media": _media(part(each, "poll_media"), number, guild)}
            for number, each in enumerate(answers, 1)
        ],
        "expiry": (now + timedelta(hours=duration)).isoformat(),
        "allow_multiselect": bool(given.get("allow_multiselect")),
        "layout_type": DEFAULT_LAYOUT,
    }


def shown_poll(
    poll: Mapping[str, Any], votes: Mapping[str, Sequence[str]], viewer_id: str, now: datetime
) -> dict[str, Any]:
    """A poll as Discord answers it. Discord needs some seconds to count at its end; here it is final at once."""
    counts = [
        {"id": int(answer_id), "count": len(user_ids), "me_voted": viewer_id in user_ids}
        for answer_id, user_ids in votes.items()
        if user_ids
    ]
    return {**poll, "results": {"is_finalized": is_over(poll, now), "answer_counts": counts}}


def is_over(poll: Mapping[str, Any], now: datetime) -> bool:
    return datetime.fromisoformat(poll["expiry"]) <= now


def _media(given: Mapping[str, Any], number: int, guild: Mapping[str, Any] | None) -> dict[str, Any]:
    text = _text(given, f"poll.answers.{number - 1}.poll_media.text", MAX_ANSWER)
    emoji = part(given, "emoji")
    if not emoji:
        return {"text": text}
    found = guild_emoji(str(emoji["id"]), guild) if emoji.get("id") else unicode_emoji(str(emoji.get("name")))
    if found is None:
        raise Refusal(400, 520004, "Cannot use an emoji included with the poll")
    return {"text": text, "emoji": found}


def _text(media: Mapping[str, Any], path: str, longest: int) -> str:
    text = str(media.get("text") or "").strip()
    if not 1 <= len(text) <= longest:
        raise invalid(path, f"Must be between 1 and {longest} in length.")
    return text
