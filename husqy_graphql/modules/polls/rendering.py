"""What a poll looks like on Discord. Source: polls.md, sections 3 and 4; no variables are replaced in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from husqy_graphql.core.languages import translate
from husqy_graphql.discord.messages import message_url
from husqy_graphql.modules.polls.models import PollAnswerType
from husqy_graphql.modules.polls.repository import FullAnswer, FullPoll

EMBED_MAX = 5_800  # characters of all its texts; Discord's limit is 6,000
FIELD_NAME_MAX, FIELD_VALUE_MAX = 256, 1_024
LABEL_MAX = {PollAnswerType.BUTTON: 80, PollAnswerType.DROPDOWN: 100}
VOTERS_SHOWN = 30
ROW, BUTTON, SELECT = 1, 2, 3
SECONDARY = 2
BUTTONS_IN_ROW = 5
BUTTON_ID = "poll:{poll_id}:{answer_id}"
SELECT_ID = "poll:{poll_id}"


@dataclass(frozen=True, slots=True)
class PollMessage:
    """A message of Discord's, as JSON."""

    embeds: Sequence[dict[str, Any]]
    components: Sequence[dict[str, Any]]


def render_poll(poll: FullPoll, language: str) -> PollMessage:
    """A poll of Husqy's own kind as it stands: open with what members vote by, or ended with its results."""
    row = poll.row
    texts = {key: translate(language, f"polls.{key}") for key in ("title", "ended", "id", "votes")}
    said = f"**{row.question}**" + (f"\n\n{row.description}" if row.description else "")
    embed: dict[str, Any] = {
        "title": texts["ended"] if row.ended else texts["title"],
        "description": said,
        "footer": {"text": " · ".join([f"{texts['id']} {row.poll_id}", *_rules(row, language)])},
    }
    if row.end_time is not None:
        embed["timestamp"] = row.end_time.isoformat()
    used = len(embed["title"]) + len(said) + len(embed["footer"]["text"])
    room = (EMBED_MAX - used) // max(1, len(poll.answers))
    total = max(1, poll.votes)
    embed["fields"] = [_field(answer, row, texts["votes"], language, total, room) for answer in poll.answers]
    return PollMessage([embed], [] if row.ended else _components(poll, language))


def is_message_of(poll_id: str, embeds: Sequence[Mapping[str, Any]], custom_ids: Sequence[str]) -> bool:
    """Whether a message of Husqy's is that of a poll: the id stands in its footer, and in what can be pressed."""
    if any(custom_id.split(":")[1:2] == [poll_id] for custom_id in custom_ids):
        return True
    footers: list[Mapping[str, Any]] = [embed.get("footer") or {} for embed in embeds]
    return any(poll_id in footer.get("text", "") for footer in footers)


def emoji_of(answer: Any) -> str | None:
    """The emoji of an answer as reactions name it."""
    if answer.emoji_id is not None:
        return f"{answer.emoji_name}:{answer.emoji_id}"
    return answer.emoji_name


def render_notice(poll: FullPoll, language: str) -> str:
    """What the channel is told once a poll has ended."""
    row = poll.row
    url = message_url(row.guild_id, row.channel_id, row.message_id)
    question = row.question.replace("*", "\\*")
    text = translate(language, "polls.notice").replace("<question>", question).replace("<url>", url)
    return f"{text}\n-# {translate(language, 'polls.id')} {row.poll_id}"


def _rules(row: Any, language: str) -> list[str]:
    rules: list[str] = []
    if row.is_anonymous:
        rules.append(translate(language, "polls.anonymous"))
    if row.is_multi_select:
        rules.append(translate(language, "polls.multi_select"))
    if row.max_votes_per_answer > 1:
        rules.append(f"{translate(language, 'polls.max_votes')}: {row.max_votes_per_answer}")
    return rules


def _field(answer: FullAnswer, row: Any, votes: str, language: str, total: int, room: int) -> dict[str, Any]:
    count = len(answer.voter_ids)
    value = f"{votes}: {count} ({round(100 * count / total)} %)"
    if row.ended and not row.is_anonymous:
        value = _with_voters(value, answer.voter_ids, language, min(FIELD_VALUE_MAX, room // 2))
    emoji = _shown_emoji(answer.row)
    name = f"{emoji} {answer.row.answer_text}" if emoji else answer.row.answer_text
    most = min(FIELD_NAME_MAX, max(20, room - len(value)))
    return {"name": name if len(name) <= most else f"{name[: most - 1]}…", "value": value, "inline": False}


def _with_voters(value: str, voter_ids: Sequence[int], language: str, most: int) -> str:
    known = list(dict.fromkeys(each for each in voter_ids if each))
    shown: list[str] = []
    for user_id in known[:VOTERS_SHOWN]:
        mention = f"<@{user_id}>"
        if len(value) + sum(map(len, shown)) + len(shown) + len(mention) + 40 > most:
            break
        shown.append(mention)
    rest = len(known) - len(shown)
    more = translate(language, "polls.removed_voters").replace("<count>", str(rest)) if rest else ""
    return "\n".join(part for part in (value, " ".join(filter(None, [*shown, more]))) if part)


def _shown_emoji(answer: Any) -> str | None:
    if answer.emoji_id is not None:
        return f"<:{answer.emoji_name}:{answer.emoji_id}>"
    return answer.emoji_name


def _components(poll: FullPoll, language: str) -> list[dict[str, Any]]:
    row = poll.row
    kind = PollAnswerType(row.answer_type)
    if kind is PollAnswerType.EMOJI:
        return []
    if kind is PollAnswerType.BUTTON:
        buttons = [_button(row.poll_id, answer.row) for answer in poll.answers]
        return [
            {"type": ROW, "components": buttons[start : start + BUTTONS_IN_ROW]}
            for start in range(0, len(buttons), BUTTONS_IN_ROW)
        ]
    menu = {
        "type": SELECT,
        "custom_id": SELECT_ID.format(poll_id=row.poll_id),
        "placeholder": translate(language, "polls.choose"),
        "options": [_option(answer.row) for answer in poll.answers],
    }
    return [{"type": ROW, "components": [menu]}]


def _button(poll_id: str, answer: Any) -> dict[str, Any]:
    custom_id = BUTTON_ID.format(poll_id=poll_id, answer_id=answer.answer_id)
    label = {"label": answer.label} if answer.label else {}
    return {"type": BUTTON, "style": SECONDARY, "custom_id": custom_id, **label, **_component_emoji(answer)}


def _option(answer: Any) -> dict[str, Any]:
    label = (answer.label or answer.answer_text)[: LABEL_MAX[PollAnswerType.DROPDOWN]]
    description = {"description": answer.description} if answer.description else {}
    return {"label": label, "value": str(answer.answer_id), **description, **_component_emoji(answer)}


def _component_emoji(answer: Any) -> dict[str, Any]:
    if answer.emoji_name is None:
        return {}
    return {"emoji": {"name": answer.emoji_name, "id": None if answer.emoji_id is None else str(answer.emoji_id)}}
