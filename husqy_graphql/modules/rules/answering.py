"""Sends the rules to a member, and does what accepting and denying them brings. Nothing here is inside a transaction
while Discord is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import perf_counter
from uuid import uuid4

from husqy_graphql.core.access import GuildAccess, MemberAccess
from husqy_graphql.core.errors import Conflict, ConflictReason, DiscordRefused, NotFound
from husqy_graphql.core.jobs import Job, JobKind
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.lookup import find_member
from husqy_graphql.discord.objects import DiscordMessage
from husqy_graphql.discord.port import NO_MENTIONS, BotPort, DiscordError, DiscordMember, NotThere, Refused
from husqy_graphql.discord.variables import member_context, server_context
from husqy_graphql.lifecycle import Work, require_enabled
from husqy_graphql.modules.rules import repository, service
from husqy_graphql.modules.rules.rendering import RulesAnswer, RulesMessage, render_message, template_context
from husqy_graphql.modules.rules.repository import FullSettings
from husqy_graphql.modules.rules.service import DeniedAction
from husqy_graphql.sending import (
    Intent,
    delete_leftover,
    nonce_of,
    remove_leftover_buttons,
    send_intended,
    settle_unstored,
)

CLOSED = 50007  # Discord's code for a person who takes no direct messages from the bot
UNKNOWN_MEMBER, UNKNOWN_ROLE = 10007, 10011
NO_MEMBER = "This member is not in the server."

# Tells the member something, by the key of a text.
Confirm = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Click:
    """A member's click on a button below the rules."""

    channel_id: int
    message_id: int
    member_id: int
    answer: RulesAnswer


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a click does: roles to take and to give, and whether the member is put out; `said` is the text's key."""

    take: Sequence[int]
    give: Sequence[int]
    kick: bool
    said: str


async def send_rules(work: Work, access: GuildAccess | MemberAccess, member_id: int, *, requested: bool) -> bool:
    """Send the rules to a member by direct message; False when there is nothing to send, because they stand in a
    channel or the member is a program.

    Raises NotFound for no rules or no such member, Conflict when the module is off, or for a message that was
    `requested` though the rules stand in a channel, DiscordRefused for a member who takes no messages, and what Discord
    answers otherwise.
    """
    guild_id, bot, began = access.guild_id, work.bot, perf_counter()
    async with work.units() as uow:
        guild_row = await require_enabled(uow, guild_id, ModuleName.RULES)
        row = await service.find_settings(uow, guild_id)
        texts = [each.rule_text for each in await repository.entries_in(uow.session, guild_id)]
        now = uow.clock()
    if not texts:
        raise NotFound(service.NO_RULES)
    if row.rules_channel is not None:
        if requested:
            raise Conflict(
                f"The rules stand in <#{row.rules_channel}>: members read and answer them there. Set the channel to "
                "`dm` to send them.",
                ConflictReason.WRONG_STATE,
            )
        return False
    found = await find_member(bot, guild_id, member_id)
    if found is None:
        raise NotFound(NO_MEMBER)
    guild, member = found
    if member.user.bot:
        return False
    context = template_context(
        language=guild_row.language,
        zone_name=guild_row.time_zone,
        now=now,
        server=server_context(guild_id, guild),
        user=member_context(member, guild),
    )
    buttons = row.rules_actions_enabled
    said = render_message(texts, context, buttons=buttons)
    with _telling_closed():
        channel_id = await bot.open_dm(member_id)
        if buttons:
            await _send_to_be_answered(work, access, member_id, channel_id, said, began)
            return True
        await _send(bot, channel_id, said)
    async with work.units() as uow:
        await service.store_sent(uow, access, member_id, None, perf_counter() - began)
    return True


async def perform(work: Work, job: Job) -> None:
    """Do one of the module's jobs. Raises what Discord answers, and LeaseLost."""
    match job.kind:
        case JobKind.RULES_SETTLE:
            await _settle(work, job)
        case JobKind.RULES_MESSAGE_DELETE:
            await delete_leftover(work.bot, job)
        case JobKind.RULES_BUTTONS_REMOVE:
            await remove_leftover_buttons(work.bot, job)
        case _:
            raise AssertionError(f"{job.kind} is no job of the rules")


async def after_verification(work: Work, member: MemberAccess) -> None:
    """Send the rules, if there are any, to a member who has passed the verifier. Raises what `send_rules` raises
    else. Source: verifier.md, section 4, step 5."""
    with suppress(NotFound):
        await send_rules(work, member, member.user_id, requested=False)


async def guild_of_click(reads: Reads, click: Click) -> int:
    """The guild that a clicked message belongs to. Raises NotFound for a message that no rules stand in (any more)."""
    place = click.channel_id, click.message_id
    guild_id = await repository.guild_of_message(reads, *place)
    if guild_id is None:
        guild_id = await repository.guild_of_active_entry(reads, *place, click.member_id)
    if guild_id is None:
        raise NotFound(service.NOT_WAITING)
    return guild_id


async def answer_rules(work: Work, access: GuildAccess, click: Click, confirm: Confirm) -> None:
    """Do what a click brings, and confirm it to the member.

    Raises NotFound for a message that waits for no answer or a member who left, Conflict when the module or its buttons
    are off, and what Discord answers; the member is told of that, and may click again.
    """
    guild_id, bot = access.guild_id, work.bot
    place = click.channel_id, click.message_id
    async with work.units() as uow:
        settings, waiting = await service.find_waiting(uow, guild_id, *place, click.member_id)
    member = await bot.member(guild_id, click.member_id)
    if member is None:
        raise NotFound(NO_MEMBER)
    plan = _plan(settings, click.answer)
    in_channel = waiting is None
    try:
        await _set_roles(bot, guild_id, member, plan)
        if plan.kick:
            if in_channel:
                await confirm(plan.said)  # while the member can still read it
            await bot.kick_member(guild_id, click.member_id, reason="Denied the rules")
    except DiscordError:
        await confirm("rules.failed")
        raise
    word = "accepted" if click.answer is RulesAnswer.ACCEPT else "denied"
    async with work.units() as uow:
        await service.store_answer(uow, access, *place, click.member_id, word)
    if not (plan.kick and in_channel):
        await confirm(plan.said)


def _plan(settings: FullSettings, answer: RulesAnswer) -> _Plan:
    accepted, denied = settings.roles["accepted"], settings.roles["denied"]
    if answer is RulesAnswer.ACCEPT:
        # A role of both lists is given by the click that comes.
        return _Plan([each for each in denied if each not in accepted], accepted, kick=False, said="rules.accepted")
    action = DeniedAction(settings.row.rules_denied_action)
    if action is DeniedAction.ADD_ROLES:
        return _Plan([each for each in accepted if each not in denied], denied, kick=False, said="rules.denied_roles")
    kick = action is DeniedAction.KICK
    return _Plan(accepted, (), kick=kick, said="rules.denied_kick" if kick else "rules.denied")


async def _set_roles(bot: BotPort, guild_id: int, member: DiscordMember, plan: _Plan) -> None:
    """Take and give what the member has and lacks. A role that is gone is passed over; raises NotFound for a member who
    is gone, and what Discord answers."""
    steps = [(bot.remove_member_role, each) for each in plan.take if each in member.role_ids]
    steps += [(bot.add_member_role, each) for each in plan.give if each not in member.role_ids]
    for change, role_id in steps:
        try:
            await change(guild_id, member.user.id, role_id, reason="Answered the rules")
        except NotThere as error:
            if error.code == UNKNOWN_MEMBER:
                raise NotFound(NO_MEMBER) from None
            if error.code != UNKNOWN_ROLE:
                raise


async def _send_to_be_answered(
    work: Work, access: GuildAccess | MemberAccess, member_id: int, channel_id: int, said: RulesMessage, began: float
) -> None:
    """Send the rules with their buttons, which wait for an answer from then on."""
    guild_id, sending_id = access.guild_id, str(uuid4())
    async with work.units() as uow:
        await service.intend_sending(uow, guild_id, sending_id, channel_id)

    async def store(uow: UnitOfWork, sent: DiscordMessage) -> bool | None:
        if not await service.forget_sending(uow, guild_id, sending_id):
            return None
        await service.store_sent(uow, access, member_id, (channel_id, sent.id), perf_counter() - began)
        return True

    intent = Intent(
        guild_id,
        channel_id,
        ModuleName.RULES,
        publish=store,
        forget=lambda uow: service.forget_sending(uow, guild_id, sending_id),
    )
    await send_intended(work, intent, lambda: _send(work.bot, channel_id, said, nonce_of(sending_id)))


async def _settle(work: Work, job: Job) -> None:
    """Have a direct message deleted that waits for no answer though it has buttons."""
    waiting = await repository.waiting_in(work.reads, job.payload["channel_id"])

    def is_it(message: DiscordMessage) -> bool:
        return RulesAnswer.ACCEPT.value in message.custom_ids and message.id not in waiting

    await settle_unstored(work, job, JobKind.RULES_MESSAGE_DELETE, is_it)


async def _send(bot: BotPort, channel_id: int, said: RulesMessage, nonce: str | None = None) -> DiscordMessage:
    return await bot.send_message(
        channel_id, embeds=said.embeds, components=said.components, allowed_mentions=NO_MENTIONS, nonce=nonce
    )


@contextmanager
def _telling_closed() -> Generator[None]:
    """Raise DiscordRefused for a person who takes no direct messages."""
    try:
        yield
    except Refused as error:
        if error.code == CLOSED:
            raise DiscordRefused("This member takes no direct messages from Husqy.") from error
        raise
