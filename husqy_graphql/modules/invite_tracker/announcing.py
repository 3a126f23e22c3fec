"""Tells in a channel who joined by whose invite, and who left. Nothing here is inside a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from husqy_graphql.core.access import ServiceActor, authorize_service
from husqy_graphql.core.embeds import render_embeds
from husqy_graphql.core.jobs import Job, JobKind
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.pasted_json import BadPastedJSON
from husqy_graphql.core.templates import InviteContext, TemplateContext, render
from husqy_graphql.core.time_zones import time_zone_or_utc
from husqy_graphql.db.guilds import guild_settings_rows
from husqy_graphql.discord.lookup import find_channel, find_own_message
from husqy_graphql.discord.mentions import MAX_IDS, written_mentions
from husqy_graphql.discord.port import BotPort, DiscordChannel, DiscordError, Throttled, Unauthorized, Unreachable
from husqy_graphql.discord.variables import channel_context, load_user, server_context
from husqy_graphql.lifecycle import Work
from husqy_graphql.modules.invite_tracker import repository
from husqy_graphql.modules.invite_tracker.service import TEXT_MAX

_EVENTS = {
    JobKind.INVITE_JOIN_MESSAGE: LogEvent.INVITE_BASED_JOIN,
    JobKind.INVITE_LEAVE_MESSAGE: LogEvent.INVITE_BASED_LEAVE,
}


@dataclass(frozen=True, slots=True)
class _Template:
    """A message as an administrator set it up."""

    channel_id: int
    is_embed: bool
    content: str


@dataclass(frozen=True, slots=True)
class _Said:
    """A message as it is sent."""

    content: str | None
    embeds: Sequence[Mapping[str, Any]]
    allowed_mentions: Mapping[str, Any]


async def announce(work: Work, job: Job) -> None:
    """Send the message of a join or a leave, if the guild still wants it. What Discord refuses stands in the guild's
    logs, and nowhere else: the job holds ids of people. Raises what passes: silence, and being told to wait."""
    try:
        failure = await _send(work, job)
    except (Throttled, Unauthorized, Unreachable):
        raise
    except DiscordError:
        failure = "discord_refused"
    if failure is not None:
        access = authorize_service(ServiceActor(job.payload["user_id"]), job.guild_id)
        async with work.units() as uow:
            uow.log(access, _EVENTS[job.kind], succeeded=False, reason=failure)


async def _send(work: Work, job: Job) -> str | None:
    """None, or a word for why it cannot be sent."""
    joining = job.kind is JobKind.INVITE_JOIN_MESSAGE
    template = await _template(work, job.guild_id, joining=joining)
    settings = await guild_settings_rows(work.reads, [job.guild_id])
    if template is None or not settings:
        return None
    channel = await find_channel(work.bot, job.guild_id, template.channel_id)
    if channel is None:
        return "channel_gone"
    context = await _context(work.bot, job, settings[0], channel if joining else None)
    try:
        said = _fill(template, context)
    except BadPastedJSON:
        return "invalid_embeds"
    if not said.embeds and not (said.content and said.content.strip()):
        return "empty_message"
    # An answer may have got lost, longer ago than Discord remembers a nonce.
    if job.attempts > 1 and await find_own_message(
        work.bot, channel.id, job.created_at, lambda each: each.says(said.content, said.embeds)
    ):
        return None
    await work.bot.send_message(
        channel.id,
        content=said.content,
        embeds=said.embeds,
        allowed_mentions=said.allowed_mentions,
        nonce=job.nonce,
    )
    return None


async def _template(work: Work, guild_id: int, *, joining: bool) -> _Template | None:
    """The message, where it is on."""
    found = await repository.settings_of_guilds(work.reads, [guild_id])
    if not found:
        return None
    row = found[0]
    if joining:
        enabled, channel_id = row.join_messages_enabled, row.join_messages_channel_id
        is_embed, content = row.join_message_is_embed, row.join_message_content
    else:
        enabled, channel_id = row.leave_messages_enabled, row.leave_messages_channel_id
        is_embed, content = row.leave_message_is_embed, row.leave_message_content
    return _Template(channel_id, is_embed, content) if enabled and channel_id and content else None


async def _context(bot: BotPort, job: Job, settings: Any, channel: DiscordChannel | None) -> TemplateContext:
    guild = await bot.guild(job.guild_id)
    inviter_id = job.payload["inviter_id"]
    inviter = None if inviter_id is None else await load_user(bot, inviter_id, guild)
    return TemplateContext(
        language=settings.language,
        zone=time_zone_or_utc(settings.time_zone),
        now=job.created_at,  # when it happened: the same text, however often it is tried
        user=await load_user(bot, job.payload["user_id"], guild),
        channel=None if channel is None else channel_context(channel.id, channel),
        server=server_context(job.guild_id, guild),
        # Whom nobody can load any more is as unknown as nobody.
        invite=InviteContext(
            inviter=inviter if inviter is not None and inviter.display_name is not None else None,
            code=job.payload["code"],
            current_count=job.payload["count"],
        ),
    )


def _fill(template: _Template, context: TemplateContext) -> _Said:
    """The message with its variables replaced. Raises BadPastedJSON for embeds that are none (any more)."""
    allowed = _allowed(template.content, context)
    if template.is_embed:
        return _Said(None, render_embeds(template.content, lambda text: render(text, context)), allowed)
    return _Said(render(template.content, context, limit=TEXT_MAX), (), allowed)


def _allowed(content: str, context: TemplateContext) -> Mapping[str, Any]:
    assert context.user is not None
    assert context.invite is not None
    allowed = written_mentions(content, context.user.id, roles=True)
    inviter = context.invite.inviter
    if inviter is None or "<inviter_mention>" not in content:
        return allowed
    users = list(dict.fromkeys([*allowed["users"], str(inviter.id)]))
    return {**allowed, "users": users[-MAX_IDS:]}
