"""The rules of the autoresponder. Source: autoresponder.md, sections 3, 4 and 7."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import uuid4

from husqy_graphql.core.access import GuildAccess
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.embeds import parse_embeds
from husqy_graphql.core.errors import BadUserInput, NotFound
from husqy_graphql.core.limits import Limit
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.pasted_json import BadPastedJSON, replace_strings
from husqy_graphql.core.privacy import MemberNames, erase_names
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.lifecycle import StoredTexts, require_enabled, require_guild, require_room
from husqy_graphql.modules.autoresponder import repository
from husqy_graphql.modules.autoresponder.matching import TriggerType
from husqy_graphql.modules.autoresponder.models import AutoresponderResponse, AutoresponderTrigger
from husqy_graphql.modules.autoresponder.repository import FILTER_KINDS, FullTrigger

TEXT_MAX = 2_000
EMOJI_NAME_MAX = 100
NO_TRIGGER = "There is no such trigger."
NO_RESPONSE = "There is no such response."


class ResponseType(Enum):
    """What a response does; the value is the contract's."""

    MESSAGE = 1
    EMBED = 2
    REACTION = 3


@dataclass(frozen=True, slots=True)
class NewResponse:
    """A response that is to be made."""

    type: ResponseType
    content: str | None
    emoji_name: str | None
    emoji_id: str | None


async def create_trigger(uow: UnitOfWork, access: GuildAccess, values: Mapping[str, Any]) -> FullTrigger:
    """Make a trigger out of values by column, filter kind, and `response_ids`.

    Raises NotFound for a response that is not there, BadUserInput for values that do not go together, Conflict when the
    module is off or the limit is reached.
    """
    await require_enabled(uow, access.guild_id, ModuleName.AUTORESPONDER)
    linked = await _responses(uow, access.guild_id, values.get("response_ids") or ())
    text = _checked_text(TriggerType(values["trigger_type"]), values.get("trigger"))
    await _check_limit(uow, access, Limit.AUTORESPONDER_TRIGGERS, AutoresponderTrigger)
    row = AutoresponderTrigger(
        guild_id=access.guild_id,
        trigger_id=str(uuid4()),
        trigger_type=values["trigger_type"],
        match_case=bool(values.get("match_case")),
        trigger=text,
    )
    uow.session.add(row)
    await uow.session.flush()
    for kind in FILTER_KINDS:
        await repository.replace_filters(uow.session, row, kind, dict.fromkeys(values.get(f"{kind}_ids") or ()))
    await repository.replace_links(uow.session, row, [each.id for each in linked])
    made = await repository.load_trigger(uow.session, row)
    uow.audit(
        access,
        AuditAction.AUTORESPONDER_TRIGGER_CREATE,
        f"trigger {row.trigger_id}",
        after=_trigger_facts(made),
    )
    uow.log(access, LogEvent.AUTORESPONDER_TRIGGER_CREATED, name=_shown(row))
    uow.count(access, Metric.AUTORESPONDER_TRIGGERS_CREATED)
    return made


async def update_trigger(
    uow: UnitOfWork, access: GuildAccess, trigger_id: str, changes: Mapping[str, Any]
) -> FullTrigger:
    """Change the given values of a trigger; lists are replaced. Raises like `create_trigger`, and NotFound for the
    trigger."""
    await require_enabled(uow, access.guild_id, ModuleName.AUTORESPONDER)
    row = await _trigger(uow, access.guild_id, trigger_id)
    linked = None
    if "response_ids" in changes:
        linked = await _responses(uow, access.guild_id, changes["response_ids"] or ())
    before = _trigger_facts(await repository.load_trigger(uow.session, row))
    kind = TriggerType(changes.get("trigger_type", row.trigger_type))
    text = _checked_text(kind, changes.get("trigger", row.trigger))
    row.trigger_type, row.trigger = kind.value, text
    row.match_case = changes.get("match_case", row.match_case)
    for filter_kind in FILTER_KINDS:
        if f"{filter_kind}_ids" in changes:
            ids = dict.fromkeys(changes[f"{filter_kind}_ids"] or ())
            await repository.replace_filters(uow.session, row, filter_kind, ids)
    if linked is not None:
        await repository.replace_links(uow.session, row, [each.id for each in linked])
    changed = await repository.load_trigger(uow.session, row)
    if before != _trigger_facts(changed):
        uow.audit(
            access,
            AuditAction.AUTORESPONDER_TRIGGER_UPDATE,
            f"trigger {trigger_id}",
            before=before,
            after=_trigger_facts(changed),
        )
    if changes:
        uow.log(access, LogEvent.AUTORESPONDER_TRIGGER_EDITED, name=_shown(row))
    return changed


async def delete_trigger(uow: UnitOfWork, access: GuildAccess, trigger_id: str) -> FullTrigger:
    """Delete a trigger and keep its responses; what it was. Raises NotFound, or Conflict when the module is off."""
    await require_enabled(uow, access.guild_id, ModuleName.AUTORESPONDER)
    row = await _trigger(uow, access.guild_id, trigger_id)
    found = await repository.load_trigger(uow.session, row)
    await uow.session.delete(row)
    uow.audit(
        access,
        AuditAction.AUTORESPONDER_TRIGGER_DELETE,
        f"trigger {trigger_id}",
        before=_trigger_facts(found),
    )
    uow.log(access, LogEvent.AUTORESPONDER_TRIGGER_DELETED, name=_shown(row))
    uow.count(access, Metric.AUTORESPONDER_TRIGGERS_DELETED)
    return found


async def create_response(uow: UnitOfWork, access: GuildAccess, new: NewResponse) -> AutoresponderResponse:
    """Make a response. Raises BadUserInput for content that its type cannot use, Conflict when the module is off or the
    limit is reached."""
    await require_enabled(uow, access.guild_id, ModuleName.AUTORESPONDER)
    _check_response(new)
    await _check_limit(uow, access, Limit.AUTORESPONDER_RESPONSES, AutoresponderResponse)
    reacts = new.type is ResponseType.REACTION
    row = AutoresponderResponse(
        guild_id=access.guild_id,
        response_id=str(uuid4()),
        response_type=new.type.value,
        response_content=None if reacts else new.content,
        emoji_name=new.emoji_name if reacts else None,
        emoji_id=(new.emoji_id or None) if reacts else None,
    )
    uow.session.add(row)
    await uow.session.flush()
    target = f"response {row.response_id}"
    uow.audit(access, AuditAction.AUTORESPONDER_RESPONSE_CREATE, target, after=_response_facts(row))
    uow.log(access, LogEvent.AUTORESPONDER_RESPONSE_CREATED, name=new.type.name.lower())
    uow.count(access, Metric.AUTORESPONDER_RESPONSES_CREATED)
    return row


async def delete_response(uow: UnitOfWork, access: GuildAccess, response_id: str) -> AutoresponderResponse:
    """Delete a response, in the triggers that run it too; what it was. Raises NotFound, or Conflict when the module is
    off."""
    await require_enabled(uow, access.guild_id, ModuleName.AUTORESPONDER)
    row = await repository.find_response(uow.session, access.guild_id, response_id)
    if row is None:
        raise NotFound(NO_RESPONSE)
    await uow.session.delete(row)
    target = f"response {response_id}"
    uow.audit(access, AuditAction.AUTORESPONDER_RESPONSE_DELETE, target, before=_response_facts(row))
    kind = ResponseType(row.response_type).name.lower()
    uow.log(access, LogEvent.AUTORESPONDER_RESPONSE_DELETED, name=kind)
    uow.count(access, Metric.AUTORESPONDER_RESPONSES_DELETED)
    return row


def note_hits(
    uow: UnitOfWork, access: GuildAccess, author_id: int, channel_id: int, hit: Sequence[FullTrigger], seconds: float
) -> None:
    """Log one line for the triggers that a message hit, and count each; count how long the look took."""
    if hit:
        uow.log(
            access,
            LogEvent.AUTORESPONDER_TRIGGER_HIT,
            name=", ".join(_shown(each.row) for each in hit),
            channel_id=channel_id,
            member_id=author_id,
        )
    for each in hit:
        uow.count(access, Metric.AUTORESPONDER_TRIGGERS_HIT, user_id=author_id, trigger_id=each.row.trigger_id)
    uow.count(access, Metric.AUTORESPONDER_CHECK_TIME, check_time=round(seconds, 6))


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete all triggers and responses of a guild."""
    triggers, responses = await repository.delete_of_guild(uow.session, guild_id)
    return {"triggers": triggers, "responses": responses}


async def stored_texts(reads: Reads, guild_id: int) -> StoredTexts:
    """Texts of triggers and contents of responses; no id refers to a member."""
    return StoredTexts(await repository.stored_texts(reads, guild_id))


async def erase_member(uow: UnitOfWork, guild_id: int, names: MemberNames) -> None:
    """Replace every name and id of the member in the texts. Raises NotFound when Husqy is not in the guild."""
    await require_guild(uow, guild_id)
    triggers, responses = await repository.rows_with_text(uow.session, guild_id)
    for trigger in triggers:
        trigger.trigger = erase_names(trigger.trigger or "", names)
    for response in responses:
        content = response.response_content or ""
        if response.response_type == ResponseType.EMBED.value:
            response.response_content = replace_strings(content, lambda text: erase_names(text, names))
        else:
            response.response_content = erase_names(content, names)


async def trim(uow: UnitOfWork, guild_id: int) -> None:
    """Delete the newest triggers and responses over the free limits."""
    for table, limit in (
        (AutoresponderTrigger, Limit.AUTORESPONDER_TRIGGERS),
        (AutoresponderResponse, Limit.AUTORESPONDER_RESPONSES),
    ):
        await repository.delete_newest(uow.session, table, guild_id, limit.value.free or 0)


async def _trigger(uow: UnitOfWork, guild_id: int, trigger_id: str) -> AutoresponderTrigger:
    row = await repository.find_trigger(uow.session, guild_id, trigger_id)
    if row is None:
        raise NotFound(NO_TRIGGER)
    return row


async def _responses(uow: UnitOfWork, guild_id: int, response_ids: Sequence[str]) -> list[AutoresponderResponse]:
    wanted = list(dict.fromkeys(response_ids))  # the first place of each counts
    found = await repository.find_responses(uow.session, guild_id, wanted)
    if len(found) < len(wanted):
        raise NotFound("One of the responses is not there.")
    return [found[each] for each in wanted]


async def _check_limit(uow: UnitOfWork, access: GuildAccess, limit: Limit, table: type[Any]) -> None:
    await require_room(uow, access.guild_id, limit, await repository.count(uow.session, table, access.guild_id))


def _checked_text(kind: TriggerType, text: str | None) -> str | None:
    if kind is TriggerType.WILDCARD:
        return None
    if not text:
        raise BadUserInput("This type of trigger needs a text.", {"input.text": "must not be empty for this type"})
    if len(text) > TEXT_MAX:
        raise BadUserInput("The text is too long.", {"input.text": f"must have at most {TEXT_MAX} characters"})
    return text


def _check_response(new: NewResponse) -> None:
    _CHECKS[new.type](new)


def _check_message(new: NewResponse) -> None:
    if not new.content or not new.content.strip() or len(new.content) > TEXT_MAX:
        raise BadUserInput(
            "A message needs a text.", {"input.content": f"must have 1 to {TEXT_MAX} characters for this type"}
        )


def _check_embeds(new: NewResponse) -> None:
    try:
        parse_embeds(new.content or "")
    except BadPastedJSON as error:
        raise BadUserInput("This is not the JSON of embeds.", error.fields("input.content")) from None


def _check_reaction(new: NewResponse) -> None:
    faults: dict[str, str] = {}
    if not new.emoji_name or not new.emoji_name.strip() or len(new.emoji_name) > EMOJI_NAME_MAX:
        faults["input.emojiName"] = f"must have 1 to {EMOJI_NAME_MAX} characters for this type"
    if new.emoji_id and not (new.emoji_id.isascii() and new.emoji_id.isdigit() and len(new.emoji_id) <= 19):
        faults["input.emojiId"] = "must be a Discord id, as digits"
    if faults:
        raise BadUserInput("A reaction needs an emoji.", faults)


_CHECKS: Mapping[ResponseType, Callable[[NewResponse], None]] = {
    ResponseType.MESSAGE: _check_message,
    ResponseType.EMBED: _check_embeds,
    ResponseType.REACTION: _check_reaction,
}


def _shown(row: Any) -> str:
    return row.trigger or "every message"


def _trigger_facts(trigger: FullTrigger) -> dict[str, Any]:
    row = trigger.row
    return {
        "trigger_type": row.trigger_type,
        "match_case": row.match_case,
        "trigger": row.trigger,
        **{f"{kind}_ids": [str(each) for each in trigger.filters.get(kind, ())] for kind in FILTER_KINDS},
        "response_ids": [each.response_id for each in trigger.responses],
    }


def _response_facts(row: AutoresponderResponse) -> dict[str, Any]:
    return {
        "response_type": row.response_type,
        "response_content": row.response_content,
        "emoji_name": row.emoji_name,
        "emoji_id": row.emoji_id,
    }
