"""The rules of the rules module. Source: rules.md, sections 3, 4 and 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any
from uuid import uuid4

from husqy_graphql.core.access import GuildAccess, MemberAccess
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, NotFound
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.limits import Limit
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.privacy import MemberNames, erase_names
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.intents import add_intent, delete_intent
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.lifecycle import StoredTexts, require_enabled, require_guild, require_room
from husqy_graphql.modules.rules import repository
from husqy_graphql.modules.rules.models import RulesActiveEntry, RulesEntry, RulesSettings
from husqy_graphql.modules.rules.rendering import RULE_MAX, TOTAL_MAX, total_length
from husqy_graphql.modules.rules.repository import ROLE_KINDS, FullSettings
from husqy_graphql.sending import SETTLE_AFTER

NO_ENTRY = "There is no such rule."
NO_RULES = "There are no rules yet. Add one first."
NOT_WAITING = "No rules wait for this member's answer in this message. An administrator can send them again."


class DeniedAction(Enum):
    """What happens to a member who denies the rules; the value is the contract's."""

    NOTHING = 1
    ADD_ROLES = 2
    KICK = 3


async def create(uow: UnitOfWork, access: GuildAccess, _: Any) -> None:
    """The settings row with its defaults: rules by direct message, with buttons that do nothing more."""
    uow.session.add(RulesSettings(guild_id=access.guild_id))


async def create_entry(uow: UnitOfWork, access: GuildAccess, text: str) -> RulesEntry:
    """Add a rule behind the others. Raises BadUserInput for a text of no good length, Conflict when the module is off
    or the limit is reached."""
    await require_enabled(uow, access.guild_id, ModuleName.RULES)
    if not text.strip() or len(text) > RULE_MAX:
        raise BadUserInput("A rule needs a text.", {"input.text": f"must have 1 to {RULE_MAX} characters"})
    others = await repository.entries_in(uow.session, access.guild_id)
    if total_length([*(each.rule_text for each in others), text]) > TOTAL_MAX:
        raise BadUserInput(
            "The rules do not fit into one message of Discord any more.",
            {"input.text": f"must be short enough that all rules together have at most {TOTAL_MAX} characters"},
        )
    await require_room(uow, access.guild_id, Limit.RULES, len(others))
    row = RulesEntry(guild_id=access.guild_id, rule_id=str(uuid4()), rule_text=text)
    uow.session.add(row)
    await touch_message(uow, await find_settings(uow, access.guild_id))
    await uow.session.flush()
    uow.audit(access, AuditAction.RULES_ENTRY_CREATE, f"rule {row.rule_id}", after={"rule_text": text})
    uow.log(access, LogEvent.RULES_RULE_ADD, name=text)
    uow.count(access, Metric.RULES_RULE_ADDED)
    return row


async def delete_entry(uow: UnitOfWork, access: GuildAccess, rule_id: str) -> RulesEntry:
    """Delete a rule; what it was. Raises NotFound, or Conflict when the module is off."""
    await require_enabled(uow, access.guild_id, ModuleName.RULES)
    row = await repository.find_entry(uow.session, access.guild_id, rule_id)
    if row is None:
        raise NotFound(NO_ENTRY)
    await uow.session.delete(row)
    await touch_message(uow, await find_settings(uow, access.guild_id))
    uow.audit(access, AuditAction.RULES_ENTRY_DELETE, f"rule {rule_id}", before={"rule_text": row.rule_text})
    uow.log(access, LogEvent.RULES_RULE_REMOVE, name=row.rule_text)
    uow.count(access, Metric.RULES_RULE_REMOVED)
    return row


async def apply_settings(uow: UnitOfWork, access: GuildAccess, changes: Mapping[str, Any]) -> FullSettings:
    """Change the given values by column, and roles by `accepted_role_ids` and `denied_role_ids`; the settings as they
    are then. Raises NotFound, or Conflict when the module is off."""
    await require_enabled(uow, access.guild_id, ModuleName.RULES)
    row = await find_settings(uow, access.guild_id)
    before = _facts(await repository.load_settings(uow.session, row))
    for column in ("rules_channel", "rules_message_id", "rules_actions_enabled", "rules_denied_action"):
        if column in changes:
            setattr(row, column, changes[column])
    for kind in ROLE_KINDS:
        if f"{kind}_role_ids" in changes:
            await repository.replace_roles(uow.session, row, kind, dict.fromkeys(changes[f"{kind}_role_ids"]))
    changed = await repository.load_settings(uow.session, row)
    after = _facts(changed)
    if before != after:
        uow.audit(access, AuditAction.RULES_SETTINGS_UPDATE, "rules settings", before=before, after=after)
        uow.log(access, LogEvent.MODULES, action="changed_the_settings_of", module="rules")
    return changed


async def find_settings(uow: UnitOfWork, guild_id: int) -> RulesSettings:
    """The row of a guild that has the module on."""
    row = await repository.find_settings(uow.session, guild_id)
    assert row is not None  # it is there exactly while the module is on
    return row


async def touch_message(uow: UnitOfWork, row: RulesSettings) -> None:
    """Note that the permanent message, if the rules stand in a channel, has to say something else now."""
    if row.rules_channel is not None:
        row.message_version += 1
        await add_intent(uow.session, row.guild_id, ModuleName.RULES, uow.clock())


async def find_waiting(
    uow: UnitOfWork, guild_id: int, channel_id: int, message_id: int, user_id: int
) -> tuple[FullSettings, RulesActiveEntry | None]:
    """The settings, and the direct message that waits for this answer; None for a click in the permanent message.

    Raises NotFound where neither is there (any more), Conflict when the module is off or nothing may be answered.
    """
    await require_enabled(uow, guild_id, ModuleName.RULES)
    row = await find_settings(uow, guild_id)
    entry = None
    if (row.rules_channel, row.rules_message_id) != (channel_id, message_id):
        entry = await repository.find_active_entry(uow.session, guild_id, channel_id, message_id)
        if entry is None or entry.user_id != user_id:
            raise NotFound(NOT_WAITING)
    if not row.rules_actions_enabled:
        raise Conflict("Accepting and denying the rules is switched off in this server.", ConflictReason.WRONG_STATE)
    return await repository.load_settings(uow.session, row), entry


def object_key(sending_id: str) -> str:
    """What jobs call a direct message with the rules."""
    return f"rules:{sending_id}"


async def intend_sending(uow: UnitOfWork, guild_id: int, sending_id: str, channel_id: int) -> None:
    """Note that a direct message with buttons is being sent: unless it is stored, it is deleted. Raises NotFound, or
    Conflict when the module is off."""
    await require_enabled(uow, guild_id, ModuleName.RULES)
    uow.effect(guild_id, JobKind.RULES_SETTLE, object_key(sending_id), delay=SETTLE_AFTER, channel_id=channel_id)


async def forget_sending(uow: UnitOfWork, guild_id: int, sending_id: str) -> bool:
    """Note that it is not being sent any more; False where that was called off before."""
    return await uow.cancel(guild_id, object_key(sending_id), JobKind.RULES_SETTLE)


async def store_sent(
    uow: UnitOfWork, access: GuildAccess | MemberAccess, user_id: int, sent: tuple[int, int] | None, seconds: float
) -> None:
    """Note that a member got the rules, replacing the message before; `sent` is the channel and the message of one that
    waits for an answer. Raises NotFound, or Conflict when the module is off."""
    await require_enabled(uow, access.guild_id, ModuleName.RULES)
    for each in await repository.delete_active_entries(uow.session, access.guild_id, user_id):
        _remove_buttons(uow, each)
    if sent is not None:
        channel_id, message_id = sent
        uow.session.add(
            RulesActiveEntry(
                guild_id=access.guild_id,
                channel_id=channel_id,
                message_id=message_id,
                user_id=user_id,
                timestamp=uow.clock(),
            )
        )
    uow.log(access, LogEvent.RULES_SEND_CHECK, member_id=user_id)
    uow.count(access, Metric.RULES_CHECK_TIME, user_id=user_id, check_time=round(seconds, 6))


async def store_answer(
    uow: UnitOfWork, access: GuildAccess, channel_id: int, message_id: int, user_id: int, word: str
) -> None:
    """Note that a member accepted or denied the rules; a direct message waits no longer."""
    await require_guild(uow, access.guild_id)
    entry = await repository.find_active_entry(uow.session, access.guild_id, channel_id, message_id)
    if entry is not None:
        await uow.session.delete(entry)
        _remove_buttons(uow, entry)
    uow.log(access, LogEvent.RULES_INTERACTION_CHECK, action=word, member_id=user_id)


def _remove_buttons(uow: UnitOfWork, entry: RulesActiveEntry) -> None:
    """Have the buttons taken from a direct message that waits for no answer any more."""
    kind, key = JobKind.RULES_BUTTONS_REMOVE, object_key(str(entry.message_id))
    uow.effect(entry.guild_id, kind, key, channel_id=entry.channel_id, message_id=entry.message_id)


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete settings, rules and unanswered messages of a guild; what stands on Discord stays."""
    settings, entries, active = await repository.delete_of_guild(uow.session, guild_id)
    await delete_intent(uow.session, guild_id, ModuleName.RULES)
    await uow.cancel_module(guild_id, ModuleName.RULES)
    return {"settings": settings, "entries": entries, "active_entries": active}


async def stored_texts(reads: Reads, guild_id: int) -> StoredTexts:
    """Texts of rules, and who has not answered yet."""
    texts = [row.rule_text for row in await repository.entries(reads, guild_id)]
    return StoredTexts(texts, [row.user_id for row in await repository.active_entries(reads, guild_id)])


async def erase_member(uow: UnitOfWork, guild_id: int, names: MemberNames) -> None:
    """Replace every name and id of the member in the rules; a message that waits for the member's answer stays.

    Raises NotFound when Husqy is not in the guild.
    """
    await require_guild(uow, guild_id)
    changed = False
    for row in await repository.entries_in(uow.session, guild_id):
        erased = erase_names(row.rule_text, names)
        changed = changed or erased != row.rule_text
        row.rule_text = erased[:RULE_MAX]
    settings = await repository.find_settings(uow.session, guild_id)
    if changed and settings is not None:
        await touch_message(uow, settings)


async def member_left(uow: UnitOfWork, guild_id: int, user_id: int) -> None:
    """Forget the message that waits for the answer of a member who is gone."""
    await repository.delete_active_entries(uow.session, guild_id, user_id)


async def trim(uow: UnitOfWork, guild_id: int) -> None:
    """Delete the newest rules over the free limit."""
    gone = await repository.delete_newest_entries(uow.session, guild_id, Limit.RULES.value.free or 0)
    settings = await repository.find_settings(uow.session, guild_id)
    if gone and settings is not None:
        await touch_message(uow, settings)


def _facts(settings: FullSettings) -> dict[str, Any]:
    row = settings.row
    return {
        "rules_channel": row.rules_channel and str(row.rules_channel),
        "rules_actions_enabled": row.rules_actions_enabled,
        "rules_denied_action": row.rules_denied_action,
        **{f"{kind}_role_ids": [str(each) for each in settings.roles[kind]] for kind in ROLE_KINDS},
    }
