"""What a reminder looks like on Discord. Source: reminders.md, section 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from husqy_graphql.core.embeds import is_address, render_embeds
from husqy_graphql.core.languages import translate
from husqy_graphql.core.templates import TemplateContext, render
from husqy_graphql.discord.mentions import written_mentions
from husqy_graphql.discord.objects import DiscordMessage
from husqy_graphql.modules.reminders.models import Reminder, ReminderType, is_direct
from husqy_graphql.modules.reminders.service import CONTENT_MAX

TITLE_SHOWN, DESCRIPTION_SHOWN = 256, 4_096  # characters that Discord takes in an embed
COMPLETE_ID: Final = "reminder:complete:{reminder_id}"
LATER_ID: Final = "reminder:later:{reminder_id}"
_ROW, _BUTTON = 1, 2
_SUCCESS, _SECONDARY = 3, 2


@dataclass(frozen=True, slots=True)
class ReminderMessage:
    """A message of Discord's, as JSON, and whom it notifies."""

    allowed_mentions: Mapping[str, Any]
    content: str | None = None
    embeds: Sequence[Mapping[str, Any]] = ()
    components: Sequence[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    @property
    def is_empty(self) -> bool:
        return not (self.embeds or (self.content and self.content.strip()))


def render_reminder(row: Reminder, context: TemplateContext) -> ReminderMessage:
    """The message of a reminder. Raises BadPastedJSON for embeds that are none (any more)."""
    if row.reminder_type == ReminderType.QUICK.value:
        return _render_quick(row, context)
    content = row.content or ""
    mentions = written_mentions(content, None, roles=True)
    if row.content_is_embed:
        return ReminderMessage(mentions, embeds=render_embeds(content, lambda text: render(text, context)))
    return ReminderMessage(mentions, content=render(content, context, limit=CONTENT_MAX))


def is_message_of(row: Reminder, said: ReminderMessage, sent: DiscordMessage) -> bool:
    """Whether a message of Husqy's is that of the reminder. Only quick ones say so themselves; that of another says
    the same, and is not the one of the run before."""
    if row.reminder_type == ReminderType.QUICK.value:
        return COMPLETE_ID.format(reminder_id=row.reminder_id) in sent.custom_ids
    if row.last_message_id is not None and sent.id <= row.last_message_id:
        return False
    return sent.says(said.content, said.embeds)


def _render_quick(row: Reminder, context: TemplateContext) -> ReminderMessage:
    embed: dict[str, Any] = {"title": render(row.title or "", context, limit=TITLE_SHOWN)}
    if row.description:
        embed["description"] = render(row.description, context, limit=DESCRIPTION_SHOWN)
    if row.url and is_address(row.url):
        embed["url"] = row.url  # the title becomes the text of a link
    named = [(COMPLETE_ID, "reminders.complete", _SUCCESS)]
    if not is_direct(row):
        named.append((LATER_ID, "reminders.later", _SECONDARY))
    buttons = [
        {
            "type": _BUTTON,
            "style": style,
            "custom_id": custom_id.format(reminder_id=row.reminder_id),
            "label": translate(context.language, key),
        }
        for custom_id, key, style in named
    ]
    return ReminderMessage(
        {"parse": [], "users": [str(row.owner_id)]},
        content=f"<@{row.owner_id}>",
        embeds=[embed],
        components=[{"type": _ROW, "components": buttons}],
    )
