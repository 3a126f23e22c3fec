"""What a new reminder must be. Source: reminders.md, section 4 and its order of checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from husqy_graphql.core.access import ApiKeyActor, GuildAccess, acting_user_id, require_acting_user_id
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.embeds import is_address, parse_embeds
from husqy_graphql.core.errors import BadUserInput, Forbidden
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.pasted_json import BadPastedJSON
from husqy_graphql.core.time_zones import time_zone_or_utc
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import BotPort, ChannelType
from husqy_graphql.lifecycle import Work, require_data_collection, require_enabled, require_room
from husqy_graphql.modules.reminders import repository, service
from husqy_graphql.modules.reminders.models import Reminder, ReminderType
from husqy_graphql.modules.reminders.scheduling import Planned, plan
from husqy_graphql.modules.reminders.service import CONTENT_MAX, DESCRIPTION_MAX, TITLE_MAX, URL_MAX

_WITHOUT_MESSAGES = frozenset(
    {ChannelType.GUILD_CATEGORY, ChannelType.GUILD_FORUM, ChannelType.GUILD_MEDIA, ChannelType.GUILD_DIRECTORY}
)


@dataclass(frozen=True, slots=True)
class NewReminder:
    """A reminder that is to be set. Without an owner a quick one is the acting member's."""

    type: ReminderType
    schedule_details: Mapping[str, Any]
    owner_id: int | None
    destination_id: int | None
    title: str | None
    description: str | None
    url: str | None
    content: str | None
    content_is_embed: bool

    @property
    def is_quick(self) -> bool:
        return self.type is ReminderType.QUICK


@dataclass(frozen=True, slots=True)
class _Checked:
    owner_id: int | None
    planned: Planned


async def create_reminder(work: Work, access: GuildAccess, new: NewReminder, *, administers: bool) -> Reminder:
    """Set a reminder. `administers` says whether the caller is an administrator.

    Raises in the order of the numbered checks: NotFound, Conflict (module off), Forbidden, Conflict (LIMIT_REACHED),
    BadUserInput; what Discord answers where it is asked for the destination. Nothing is stored then.
    """
    async with work.units() as uow:
        checked = await _check(uow, access, new, administers=administers)
    await _check_destination(work.bot, access, new, checked.owner_id)
    _check_texts(new)
    async with work.units() as uow:
        checked = await _check(uow, access, new, administers=administers)
        row = await service.add_reminder(
            uow,
            access.guild_id,
            checked.planned,
            reminder_type=new.type.value,
            owner_id=checked.owner_id,
            title=new.title if new.is_quick else None,
            description=new.description if new.is_quick else None,
            url=new.url if new.is_quick else None,
            destination_id=new.destination_id,
            content=None if new.is_quick else new.content,
            content_is_embed=new.content_is_embed and not new.is_quick,
        )
        uow.audit(access, AuditAction.REMINDER_CREATE, service.target(row.reminder_id), after={"type": new.type.name})
        uow.log(access, LogEvent.REMINDERS_CREATED, name=row.reminder_id)
        uow.count(access, Metric.REMINDERS_REMINDER_CREATED)
    return row


async def _check(uow: UnitOfWork, access: GuildAccess, new: NewReminder, *, administers: bool) -> _Checked:
    settings = await require_enabled(uow, access.guild_id, ModuleName.REMINDERS)
    owner_id = None
    if new.is_quick:
        owner_id = _owner_id(access, new, administers=administers)
        await require_data_collection(uow, access.guild_id, owner_id, logged_as="prevent_data_collection_enabled")
    elif not administers:
        raise Forbidden(service.NOT_ADMINISTRATOR, logged_as="not_administrator")
    count = await repository.count(uow.session, access.guild_id, new.type.value, owner_id)
    reason = f"{new.type.name.lower()}_reminders_limit_reached"
    await require_room(uow, access.guild_id, service.LIMITS[new.type], count, logged_as=reason)
    zone = time_zone_or_utc(settings.time_zone)
    return _Checked(owner_id, plan(new.type, new.schedule_details, uow.clock(), zone))


def _owner_id(access: GuildAccess, new: NewReminder, *, administers: bool) -> int:
    if new.owner_id is None:
        if isinstance(access.actor, ApiKeyActor):
            raise BadUserInput("An API key is nobody.", {"input.ownerId": "is required with an API key"})
        return require_acting_user_id(access.actor)
    if not administers and new.owner_id != require_acting_user_id(access.actor):
        raise Forbidden("Only administrators may set a reminder for somebody else.", logged_as="not_administrator")
    return new.owner_id


async def _check_destination(bot: BotPort, access: GuildAccess, new: NewReminder, owner_id: int | None) -> None:
    foreign = owner_id is not None and owner_id != acting_user_id(access.actor)
    if foreign and await bot.member(access.guild_id, owner_id or 0) is None:
        raise BadUserInput("The owner is not in this server.", {"input.ownerId": "must be a member"})
    wanted = new.destination_id
    if wanted is None:
        raise _no_destination("is required")
    if wanted == owner_id:
        return
    channels = await bot.channels(access.guild_id) or ()
    channel = next((each for each in channels if each.id == wanted), None) or await bot.channel(wanted)  # a thread
    if channel is not None and channel.guild_id == access.guild_id:
        if channel.type in _WITHOUT_MESSAGES:
            raise _no_destination("must be a channel that messages can be sent to")
        return
    if await bot.member(access.guild_id, wanted) is not None:
        raise BadUserInput(
            "This is somebody's direct messages.",
            {"input.destinationId": "must be the owner, for a direct message" if new.is_quick else "must be a channel"},
            logged_as="invalid_dm_channel",
        )
    raise _no_destination("must be a channel of this server" + (", or the owner" if new.is_quick else ""))


def _no_destination(fault: str) -> BadUserInput:
    return BadUserInput("A reminder needs a destination.", {"input.destinationId": fault}, logged_as="no_destination")


def _check_texts(new: NewReminder) -> None:
    faults: dict[str, str] = {}
    if not new.is_quick:
        faults = _content_faults(new.content or "", is_embed=new.content_is_embed)
    else:
        if not (new.title and new.title.strip() and len(new.title) <= TITLE_MAX):
            faults["input.title"] = f"must have 1 to {TITLE_MAX} characters, and not blanks alone"
        if new.description is not None and len(new.description) > DESCRIPTION_MAX:
            faults["input.description"] = f"must have at most {DESCRIPTION_MAX} characters"
        if new.url is not None and not (len(new.url) <= URL_MAX and is_address(new.url)):
            faults["input.url"] = f"must be an address with http:// or https:// and at most {URL_MAX} characters"
    if faults:
        raise BadUserInput("A reminder cannot say this.", faults)


def _content_faults(content: str, *, is_embed: bool) -> dict[str, str]:
    if is_embed:
        try:
            parse_embeds(content)
        except BadPastedJSON as error:
            return error.fields("input.content")
        return {}
    if content.strip() and len(content) <= CONTENT_MAX:
        return {}
    return {"input.content": f"must have 1 to {CONTENT_MAX} characters, and not blanks alone"}
