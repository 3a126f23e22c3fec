"""The two operations of Husqy itself: a member gets a prompt, and a member answers it.

Discord is called between transactions. That a prompt is being sent is noted before, so that it goes unless its
verification begins; roles are given before the verification is noted, so that nobody counts as verified without them.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any
from uuid import uuid4

import structlog

from husqy_graphql.core.access import GuildAccess, MemberAccess, ServiceActor, UserActor, require_acting_user_id
from husqy_graphql.core.errors import BadUserInput, CodedError, Forbidden, NotFound
from husqy_graphql.core.languages import DEFAULT_LANGUAGE, translate
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.templates import TemplateContext, render
from husqy_graphql.db.guilds import GuildSettings
from husqy_graphql.discord.lookup import find_member
from husqy_graphql.discord.port import NO_MENTIONS, DiscordError, DiscordGuild, DiscordMember
from husqy_graphql.gql.context import Context
from husqy_graphql.gql.interactions import InteractionInput, Reply, reply
from husqy_graphql.lifecycle import work_of
from husqy_graphql.modules.verifier import repository, service
from husqy_graphql.modules.verifier.checking import Attempt, InteractionKind, Step, next_step
from husqy_graphql.modules.verifier.models import VerifierEntry
from husqy_graphql.modules.verifier.prompting import (
    NotGranted,
    context_of,
    fill,
    grant_roles,
    send_prompt,
    show_modal,
    take_roles,
)
from husqy_graphql.modules.verifier.repository import FullSettings
from husqy_graphql.modules.verifier.service import NO_ENTRY, Prompt, VerifierType
from husqy_graphql.sending import Intent, send_intended

log = structlog.get_logger()

NO_MEMBER = "This person is not a member of the server (any more)."


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of an attempt. `member` is there once it is passed; `entry` is None where nothing is kept."""

    message: str
    entry: Any = None
    member: MemberAccess | None = None


async def begin(
    context: Context, access: GuildAccess, requester_id: int | None, interaction: InteractionInput | None
) -> Any:
    """Send the acting member a prompt, and write its entry; None for a bot, which needs none.

    Raises BadUserInput without an acting member, Conflict when the module is off, Forbidden when the requester is no
    administrator, NotFound for somebody who is not in the guild, and what Discord answers to the prompt.
    """
    resources, event = context.resources, LogEvent.VERIFIER_VERIFICATION_CREATE
    async with context.change(access, event) as uow:
        guild_settings, settings = await service.require_settings(uow, access.guild_id)
    user_id = require_acting_user_id(access.actor)
    if requester_id is not None and not await resources.credentials.target_administers(
        access.guild_id, str(requester_id)
    ):
        await _log_forbidden(context, access, event, "requester_no_administrator")
        raise Forbidden("Only an administrator of this server may send a member a new verification.")
    try:
        guild, member = await _member(context, access.guild_id, user_id)
        if member.user.bot:
            return None
        filling = context_of(guild_settings, guild, member, resources.clock())
        entry = await _prompt(context, access, guild_settings, settings, filling, user_id)
    except (CodedError, DiscordError) as error:
        await context.log_failure(access, event, error)
        raise
    said = render(translate(guild_settings.language, "verifier.sent"), filling)
    await reply(resources.bot, interaction, Reply(content=said, delete_after=guild_settings.auto_delete))
    return entry


async def _prompt(
    context: Context,
    access: GuildAccess,
    guild_settings: GuildSettings,
    settings: FullSettings,
    filling: TemplateContext,
    user_id: int,
) -> VerifierEntry:
    """Send a prompt, and begin its verification; raises what `begin` raises."""
    resources, guild_id, row = context.resources, access.guild_id, settings.row
    said = fill(row.prompt_content, filling, is_embed=row.prompt_is_embed)
    direct, verifier_id = row.channel_id is None, str(uuid4())
    channel_id = await resources.bot.open_dm(user_id) if direct else row.channel_id
    async with context.unit_of_work() as uow:
        await service.intend_prompt(uow, guild_id, channel_id, verifier_id)
    intent = Intent(
        guild_id,
        channel_id,
        ModuleName.VERIFIER,
        publish=lambda uow, sent: service.open_entry(
            uow, access, Prompt(verifier_id, user_id, channel_id, sent.id, direct)
        ),
        forget=lambda uow: service.forget_prompt(uow, guild_id, verifier_id),
    )
    send = partial(
        send_prompt,
        resources.bot,
        said,
        type=VerifierType(row.verifier_type),
        language=guild_settings.language,
        verifier_id=verifier_id,
        channel_id=channel_id,
        dashboard_url=resources.dashboard_url,
    )
    return await send_intended(work_of(context), intent, send)


async def handle(context: Context, verifier_id: str, attempt: Attempt) -> Handled:
    """Let the acting member try to pass. Whatever is wrong is also told to the member where an interaction waits.

    Raises Unauthenticated, NotFound for a verification or a member that is gone, BadUserInput without an acting member
    or passphrase, Forbidden for another member or a wrong passphrase, Conflict when the module is off, the verification
    is passed or the attempt does not fit its type, and what Discord answers to the roles.
    """
    actor = context.actor
    try:
        return await _handle(context, verifier_id, attempt)
    except (CodedError, DiscordError) as error:
        if isinstance(actor, ServiceActor) and attempt.interaction is not None:
            detail = error.detail if isinstance(error, CodedError) else translate(DEFAULT_LANGUAGE, "verifier.failed")
            await _respond_privately(context, attempt.interaction, detail)
        raise


async def _handle(context: Context, verifier_id: str, attempt: Attempt) -> Handled:
    began = perf_counter()
    found = await repository.entry(context.resources.reads, verifier_id)
    if found is None:
        raise NotFound(NO_ENTRY)
    access = await _authorize(context, found, attempt)
    event = LogEvent.VERIFIER_VERIFICATION_HANDLE
    async with context.change(access, event) as uow:
        guild_settings, settings, _ = await service.require_open(uow, access.guild_id, verifier_id)
        passphrase = _passphrase(context, settings)
        step = next_step(VerifierType(settings.row.verifier_type), attempt, passphrase)
    if step is Step.ASK_PASSPHRASE:
        return await _ask_passphrase(context, access, verifier_id, attempt, guild_settings.language)
    try:
        guild, member = await _member(context, access.guild_id, access.user_id)
        await _grant(context, access, member, verifier_id, settings.role_ids)
    except (CodedError, DiscordError) as error:
        await context.log_failure(access, event, error)
        raise
    async with context.change(access, event) as uow:
        entry = await service.finish_entry(uow, access, verifier_id, perf_counter() - began)
    # It is done: what fails from here on undoes nothing.
    filling = context_of(guild_settings, guild, member, context.resources.clock())
    await _tell(context, access, found, settings, filling, attempt)
    await _clean_prompt(context, found)
    return Handled("The member is verified.", entry, access)


async def _authorize(context: Context, entry: Any, attempt: Attempt) -> MemberAccess:
    """Proof that the acting member is whom the verification is about."""
    actor = context.actor
    user_id = require_acting_user_id(actor)
    if user_id != entry.user_id:
        if isinstance(actor, ServiceActor):
            access = context.authorize_service(entry.guild_id)
            await _log_forbidden(context, access, LogEvent.VERIFIER_VERIFICATION_HANDLE, "wrong_user")
        raise Forbidden("This verification is for another member.")
    if isinstance(actor, UserActor) and attempt.kind is not InteractionKind.WEB_LOGIN:
        raise Forbidden("Only Husqy itself may report what a member did on Discord; signed in, send WebLogin.")
    return await context.authorize_member(entry.guild_id, entry.user_id)


async def _ask_passphrase(
    context: Context, access: MemberAccess, verifier_id: str, attempt: Attempt, language: str
) -> Handled:
    if attempt.interaction is None:
        raise BadUserInput(
            "The form for the passphrase answers an interaction.",
            {"input.interactionId": "is required for this type", "input.token": "is required for this type"},
        )
    try:
        await show_modal(context.resources.bot, attempt.interaction, language=language, verifier_id=verifier_id)
    except DiscordError as error:
        await context.log_failure(access, LogEvent.VERIFIER_VERIFICATION_HANDLE, error)
        raise
    return Handled("The member is asked for the passphrase.")


async def _grant(
    context: Context, access: MemberAccess, member: DiscordMember, verifier_id: str, role_ids: Any
) -> None:
    bot, reads = context.resources.bot, context.resources.reads
    try:
        await grant_roles(bot, access.guild_id, member, role_ids)
    except NotGranted as error:
        entry = await repository.entry(reads, verifier_id)
        if entry is not None and not entry.is_verified:  # a second click may have passed meanwhile
            await take_roles(bot, access.guild_id, access.user_id, error.granted)
        raise error.refusal from None


async def _tell(
    context: Context,
    access: MemberAccess,
    entry: Any,
    settings: FullSettings,
    filling: TemplateContext,
    attempt: Attempt,
) -> None:
    """Send the completed text: privately in a channel, else where the prompt stands; a failure is only logged."""
    bot = context.resources.bot
    web = attempt.kind is InteractionKind.WEB_LOGIN
    answers = attempt.interaction is not None and not web
    if not (answers or web or entry.direct):
        return  # nobody in the channel to whom it could be said alone
    try:
        said = fill(settings.row.completed_content, filling, is_embed=settings.row.completed_is_embed)
        if answers:
            assert attempt.interaction is not None
            await bot.respond_to_interaction(
                *attempt.interaction,
                content=said.content,
                embeds=said.embeds,
                allowed_mentions=said.allowed_mentions,
                ephemeral=not entry.direct,
            )
        else:
            await bot.send_message(
                entry.channel_id, content=said.content, embeds=said.embeds, allowed_mentions=said.allowed_mentions
            )
    except (CodedError, DiscordError) as error:
        await context.log_failure(access, LogEvent.VERIFIER_VERIFICATION_HANDLE, error)


async def _clean_prompt(context: Context, entry: Any) -> None:
    try:
        async with context.unit_of_work() as uow:
            service.clean_prompt(uow, entry)
    except Exception as error:  # noqa: BLE001 - it is asked for already, for a little later
        log.warning("prompt_not_cleaned", error=type(error).__name__)


async def _respond_privately(context: Context, interaction: tuple[int, str], text: str) -> None:
    try:
        await context.resources.bot.respond_to_interaction(
            *interaction, content=text, allowed_mentions=NO_MENTIONS, ephemeral=True
        )
    except DiscordError as error:
        log.info("interaction_not_answered", error=type(error).__name__)


async def _member(context: Context, guild_id: int, user_id: int) -> tuple[DiscordGuild, DiscordMember]:
    found = await find_member(context.resources.bot, guild_id, user_id)
    if found is None:
        raise NotFound(NO_MEMBER)
    return found


def _passphrase(context: Context, settings: FullSettings) -> str | None:
    encrypted = settings.row.passphrase_encrypted
    return None if encrypted is None else context.resources.key_ring.decrypt(encrypted)


async def _log_forbidden(context: Context, access: GuildAccess, event: LogEvent, reason: str) -> None:
    # Other refusals of this kind are not logged, but the verifier's own notes name these two.
    with suppress(Exception):  # the refusal itself must reach the caller
        async with context.unit_of_work() as uow:
            uow.log(access, event, succeeded=False, reason=reason)
