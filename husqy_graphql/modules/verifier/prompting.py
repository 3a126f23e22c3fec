"""What the verifier writes and does on Discord. Nothing here is inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from husqy_graphql.core.embeds import render_embeds
from husqy_graphql.core.errors import Conflict, ConflictReason
from husqy_graphql.core.jobs import Job, JobKind
from husqy_graphql.core.languages import translate
from husqy_graphql.core.pasted_json import BadPastedJSON
from husqy_graphql.core.templates import TemplateContext, render
from husqy_graphql.core.time_zones import time_zone_or_utc
from husqy_graphql.db.guilds import GuildSettings
from husqy_graphql.discord.mentions import written_mentions
from husqy_graphql.discord.objects import DiscordMessage
from husqy_graphql.discord.port import BotPort, DiscordError, DiscordGuild, DiscordMember
from husqy_graphql.discord.variables import member_context, server_context
from husqy_graphql.lifecycle import Work
from husqy_graphql.modules.verifier.service import PASSPHRASE_MAX, TEXT_MAX, VerifierType
from husqy_graphql.sending import delete_leftover, nonce_of, remove_leftover_buttons, settle_unstored

log = structlog.get_logger()

BUTTON_ID = "vf:{}"
MODAL_ID = "vf:p:{}"
FIELD_ID = "passphrase"
REASON = "Passed the verification"
ROW, BUTTON, TEXT_INPUT = 1, 2, 4
PRIMARY, LINK = 1, 5
SHORT = 1
_LABELS = {
    VerifierType.CLICK: "verifier.button_click",
    VerifierType.PASSPHRASE: "verifier.button_passphrase",
    VerifierType.WEB: "verifier.button_web",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A text of an administrator, filled for a member."""

    content: str | None
    embeds: Sequence[Mapping[str, Any]]
    allowed_mentions: Mapping[str, Any]


def context_of(settings: GuildSettings, guild: DiscordGuild, member: DiscordMember, now: datetime) -> TemplateContext:
    """What the texts may speak of: the member, the server and the time, but no channel."""
    return TemplateContext(
        language=settings.language,
        zone=time_zone_or_utc(settings.time_zone),
        now=now,
        user=member_context(member, guild),
        server=server_context(guild.id, guild),
    )


def fill(text: str, context: TemplateContext, *, is_embed: bool) -> Said:
    """The text for the member of the context. Raises Conflict for a stored text that is no embed JSON (any more)."""
    assert context.user is not None
    allowed = written_mentions(text, context.user.id, roles=True)
    if not is_embed:
        return Said(render(text, context, limit=TEXT_MAX), (), allowed)
    try:
        return Said(None, render_embeds(text, lambda value: render(value, context)), allowed)
    except BadPastedJSON:
        raise Conflict(
            "The embeds in the settings of the verifier cannot be sent. Save them again.", ConflictReason.WRONG_STATE
        ) from None


async def send_prompt(
    bot: BotPort,
    said: Said,
    *,
    type: VerifierType,
    language: str,
    verifier_id: str,
    channel_id: int,
    dashboard_url: str,
) -> DiscordMessage:
    """Send the prompt with its button. Raises what Discord answers."""
    button = {"type": BUTTON, "label": translate(language, _LABELS[type])}
    if type is VerifierType.WEB:
        button |= {"style": LINK, "url": f"{dashboard_url}/verify/{verifier_id}"}
    else:
        button |= {"style": PRIMARY, "custom_id": BUTTON_ID.format(verifier_id)}
    return await bot.send_message(
        channel_id,
        content=said.content,
        embeds=said.embeds,
        components=[{"type": ROW, "components": [button]}],
        allowed_mentions=said.allowed_mentions,
        nonce=nonce_of(verifier_id),
    )


def is_prompt_of(message: DiscordMessage, verifier_id: str) -> bool:
    """Whether a message of Husqy is the prompt of this verification."""
    buttons = [button for row in message.components for button in row.get("components", ())]
    return any(verifier_id in button.get("custom_id", button.get("url", "")) for button in buttons)


async def perform(work: Work, job: Job) -> None:
    """Do one of the module's jobs. Raises what Discord answers, and LeaseLost."""
    match job.kind:
        case JobKind.VERIFIER_SETTLE:
            kind = JobKind.VERIFIER_PROMPT_DELETE
            await settle_unstored(work, job, kind, lambda each: is_prompt_of(each, job.object_id))
        case JobKind.VERIFIER_PROMPT_DELETE:
            await delete_leftover(work.bot, job)
        case JobKind.VERIFIER_BUTTON_REMOVE:
            await remove_leftover_buttons(work.bot, job)
        case _:
            raise AssertionError(f"{job.kind} is no job of the verifier")


async def show_modal(bot: BotPort, interaction: tuple[int, str], *, language: str, verifier_id: str) -> None:
    """Ask for the passphrase. Raises what Discord answers."""
    field = {
        "type": TEXT_INPUT,
        "style": SHORT,
        "custom_id": FIELD_ID,
        "label": translate(language, "verifier.modal_label"),
        "min_length": 1,
        "max_length": PASSPHRASE_MAX,
        "required": True,
    }
    modal = {
        "custom_id": MODAL_ID.format(verifier_id),
        "title": translate(language, "verifier.modal_title"),
        "components": [{"type": ROW, "components": [field]}],
    }
    await bot.respond_with_modal(*interaction, modal)


class NotGranted(Exception):
    """A role could not be given; `refusal` is Discord's answer, `granted` has the roles that were given before it."""

    def __init__(self, refusal: DiscordError, granted: Sequence[int]) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.granted = tuple(granted)


async def grant_roles(bot: BotPort, guild_id: int, member: DiscordMember, role_ids: Sequence[int]) -> None:
    """Give the member those of the roles that they lack; raises NotGranted."""
    granted: list[int] = []
    for role_id in role_ids:
        if role_id in member.role_ids:
            continue
        try:
            await bot.add_member_role(guild_id, member.user.id, role_id, reason=REASON)
        except DiscordError as error:
            raise NotGranted(error, granted) from error
        granted.append(role_id)


async def take_roles(bot: BotPort, guild_id: int, user_id: int, role_ids: Sequence[int]) -> None:
    """Take back the roles of a verification that failed half-way; raises nothing."""
    for role_id in role_ids:
        try:
            await bot.remove_member_role(guild_id, user_id, role_id, reason="The verification failed")
        except DiscordError as error:
            log.warning("role_not_taken_back", guild_id=guild_id, error=type(error).__name__)
