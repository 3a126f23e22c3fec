"""The rules of the welcoming module. Source: welcoming.md, sections 2 to 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import uuid4

from husqy_graphql.core.access import GuildAccess
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.embeds import parse_embeds
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, NotFound
from husqy_graphql.core.limits import Limit
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.pasted_json import BadPastedJSON, PastedFault, check_text
from husqy_graphql.core.privacy import MemberNames
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.permissions import TEXT_CHANNELS
from husqy_graphql.discord.port import BotPort, DiscordChannel, DiscordRole
from husqy_graphql.lifecycle import StoredTexts, require_enabled, require_guild, require_room
from husqy_graphql.modules.welcoming import repository
from husqy_graphql.modules.welcoming.models import WelcomingResponse, WelcomingSettings, WelcomingTimedRole
from husqy_graphql.modules.welcoming.repository import FullSettings

TEXT_MAX = 2_000
NO_RESPONSE = "There is no such response."
NO_TIMED_ROLE = "There is no such timed role."


class ResponseType(Enum):
    """What a response is for; the value is the contract's."""

    DM_WELCOME = 1
    CHANNEL_WELCOME = 2
    CHANNEL_LEAVE = 3


LIMITS: Mapping[ResponseType, Limit] = {
    ResponseType.DM_WELCOME: Limit.WELCOMING_DM_RESPONSES,
    ResponseType.CHANNEL_WELCOME: Limit.WELCOMING_WELCOME_RESPONSES,
    ResponseType.CHANNEL_LEAVE: Limit.WELCOMING_LEAVE_RESPONSES,
}
# The columns that choose a response, by the type that it must have.
RESPONSE_COLUMNS: Mapping[ResponseType, str] = {
    ResponseType.DM_WELCOME: "dm_response_id",
    ResponseType.CHANNEL_WELCOME: "welcome_response_id",
    ResponseType.CHANNEL_LEAVE: "leave_response_id",
}
CHANNEL_COLUMNS = ("welcome_channel_id", "leave_channel_id")
AUTOROLE_IDS = "autorole_role_ids"
_COLUMNS = tuple(each.name for each in WelcomingSettings.__table__.c if each.name not in {"id", "guild_id"})
# Where a value stands in the input of the mutation.
_PLACES = {
    "dm_response_id": "input.directMessage.responseId",
    "welcome_response_id": "input.welcomeMessage.responseId",
    "leave_response_id": "input.leaveMessage.responseId",
    "welcome_channel_id": "input.welcomeMessage.channelId",
    "leave_channel_id": "input.leaveMessage.channelId",
    AUTOROLE_IDS: "input.autorole.roleIds",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What Discord has in a guild, as far as it was asked: channels and roles by id."""

    channels: Mapping[int, DiscordChannel] = field(default_factory=dict[int, DiscordChannel])
    roles: Mapping[int, DiscordRole] = field(default_factory=dict[int, DiscordRole])


async def look_up(bot: BotPort, guild_id: int, *, channels: bool, roles: bool) -> Known:
    """Ask Discord for the channels or roles of a guild; outside of any transaction. Raises what Discord answers."""
    found = await bot.channels(guild_id) or () if channels else ()
    guild = await bot.guild(guild_id) if roles else None
    return Known(
        {each.id: each for each in found},
        {each.id: each for each in guild.roles} if guild else {},
    )


async def create(uow: UnitOfWork, access: GuildAccess, _: Any) -> None:
    """The settings row, with every component off."""
    uow.session.add(WelcomingSettings(guild_id=access.guild_id))


async def update_settings(
    uow: UnitOfWork, access: GuildAccess, changes: Mapping[str, Any], known: Known
) -> FullSettings:
    """Change the given columns, and the roles of the autorole under `AUTOROLE_IDS`; `known` has what these name.

    Raises NotFound for a channel, role or response that is not in the guild, BadUserInput for one that cannot be used
    there, Conflict when the module is off.
    """
    await require_enabled(uow, access.guild_id, ModuleName.WELCOMING)
    row = await repository.find_settings(uow.session, access.guild_id)
    assert row is not None  # it is there exactly while the module is on
    role_ids: Sequence[int] = changes.get(AUTOROLE_IDS) or ()
    faults = await _response_faults(uow, access.guild_id, changes)
    faults |= _channel_faults(changes, known)
    faults |= _role_faults(access.guild_id, role_ids, known, _PLACES[AUTOROLE_IDS])
    if faults:
        raise BadUserInput("A channel, role or response cannot be used for this.", faults)
    stored = await repository.find_autorole_ids(uow.session, access.guild_id)
    before = settings_facts(FullSettings(row, stored))
    for column, value in changes.items():
        if column != AUTOROLE_IDS:
            setattr(row, column, value)
    if AUTOROLE_IDS in changes:
        stored = tuple(dict.fromkeys(role_ids))
        await repository.replace_autoroles(uow.session, access.guild_id, stored)
    changed = FullSettings(row, stored)
    after = settings_facts(changed)
    if before != after:
        uow.audit(access, AuditAction.WELCOMING_SETTINGS_UPDATE, "welcoming settings", before=before, after=after)
        uow.log(access, LogEvent.MODULES, action="changed_the_settings_of", module="welcoming")
    return changed


async def create_response(
    uow: UnitOfWork, access: GuildAccess, kind: ResponseType, content: str, *, is_embed: bool
) -> WelcomingResponse:
    """Make a response. Raises BadUserInput for content that cannot be sent, Conflict when the module is off or the
    limit of the type is reached."""
    await require_enabled(uow, access.guild_id, ModuleName.WELCOMING)
    _check_content(content, is_embed=is_embed)
    count = await repository.count_responses(uow.session, access.guild_id, kind.value)
    await require_room(uow, access.guild_id, LIMITS[kind], count)
    row = WelcomingResponse(
        guild_id=access.guild_id,
        response_id=str(uuid4()),
        response_type=kind.value,
        is_embed=is_embed,
        content=content,
    )
    uow.session.add(row)
    await uow.session.flush()
    target = f"response {row.response_id}"
    uow.audit(access, AuditAction.WELCOMING_RESPONSE_CREATE, target, after=_response_facts(row))
    uow.log(access, LogEvent.WELCOMING_RESPONSE_CREATE, name=_shown(kind))
    uow.count(access, Metric.WELCOMING_RESPONSES_CREATED)
    return row


async def delete_response(uow: UnitOfWork, access: GuildAccess, response_id: str) -> WelcomingResponse:
    """Delete a response, where it is chosen too; what it was. Raises NotFound, or Conflict when the module is off."""
    await require_enabled(uow, access.guild_id, ModuleName.WELCOMING)
    row = await repository.find_response(uow.session, access.guild_id, response_id)
    settings = await repository.find_settings(uow.session, access.guild_id)
    if row is None or settings is None:
        raise NotFound(NO_RESPONSE)
    await uow.session.delete(row)
    kind = ResponseType(row.response_type)
    column = RESPONSE_COLUMNS[kind]
    if getattr(settings, column) == response_id:
        setattr(settings, column, None)
        chosen = {column: response_id}
        action = AuditAction.WELCOMING_SETTINGS_UPDATE
        uow.audit(access, action, "welcoming settings", before=chosen, after={column: None})
    target = f"response {response_id}"
    uow.audit(access, AuditAction.WELCOMING_RESPONSE_DELETE, target, before=_response_facts(row))
    uow.log(access, LogEvent.WELCOMING_RESPONSE_DELETE, name=_shown(kind))
    uow.count(access, Metric.WELCOMING_RESPONSES_DELETED)
    return row


async def create_timed_role(
    uow: UnitOfWork, access: GuildAccess, role_id: int, add_after: int, known: Known
) -> WelcomingTimedRole:
    """Give a role after some seconds of membership; `known` has the guild's roles.

    Raises NotFound for a role that is not in the guild, BadUserInput for one that nobody can be given, Conflict when
    the module is off, when the same one is there, or the limit is reached.
    """
    await require_enabled(uow, access.guild_id, ModuleName.WELCOMING)
    faults = _role_faults(access.guild_id, [role_id], known, "input.roleId")
    if faults:
        raise BadUserInput("Nobody can be given this role.", {"input.roleId": next(iter(faults.values()))})
    if await repository.find_same_timed_role(uow.session, access.guild_id, role_id, add_after):
        raise Conflict("This role is given after the same time already.", ConflictReason.DUPLICATE)
    count = await repository.count_timed_roles(uow.session, access.guild_id)
    await require_room(uow, access.guild_id, Limit.WELCOMING_TIMEDROLES, count)
    row = WelcomingTimedRole(guild_id=access.guild_id, timed_role_id=str(uuid4()), role_id=role_id, add_after=add_after)
    uow.session.add(row)
    await uow.session.flush()
    target = f"timed role {row.timed_role_id}"
    uow.audit(access, AuditAction.WELCOMING_TIMED_ROLE_CREATE, target, after=_timed_role_facts(row))
    uow.log(access, LogEvent.WELCOMING_TIMEDROLE_CREATE, role_id=role_id, name=str(timedelta(seconds=add_after)))
    uow.count(access, Metric.WELCOMING_TIMEDROLES_CREATED)
    return row


async def delete_timed_role(uow: UnitOfWork, access: GuildAccess, timed_role_id: str) -> WelcomingTimedRole:
    """Delete a timed role; members keep what they were given. What it was. Raises NotFound, or Conflict when the module
    is off."""
    await require_enabled(uow, access.guild_id, ModuleName.WELCOMING)
    row = await repository.find_timed_role(uow.session, access.guild_id, timed_role_id)
    if row is None:
        raise NotFound(NO_TIMED_ROLE)
    await uow.session.delete(row)
    target = f"timed role {timed_role_id}"
    uow.audit(access, AuditAction.WELCOMING_TIMED_ROLE_DELETE, target, before=_timed_role_facts(row))
    uow.log(access, LogEvent.WELCOMING_TIMEDROLE_DELETE, role_id=row.role_id)
    uow.count(access, Metric.WELCOMING_TIMEDROLES_DELETED)
    return row


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete the settings, responses and timed roles of a guild."""
    settings, responses, timed_roles = await repository.delete_of_guild(uow.session, guild_id)
    return {"settings": [settings] if settings else [], "responses": responses, "timed_roles": timed_roles}


async def stored_texts(reads: Reads, guild_id: int) -> StoredTexts:
    """Contents of responses; no id refers to a member."""
    return StoredTexts(await repository.stored_texts(reads, guild_id))


async def erase_member(uow: UnitOfWork, guild_id: int, _: MemberNames) -> None:
    """Nothing: responses are what an administrator needs the module for, and stay as they are.

    Raises NotFound when Husqy is not in the guild.
    """
    await require_guild(uow, guild_id)


async def trim(uow: UnitOfWork, guild_id: int) -> None:
    """Delete the newest responses of each type, and the newest timed roles, over the free limits. Settings stay, so
    that a component may choose a response that is gone."""
    for kind, limit in LIMITS.items():
        await repository.delete_newest_responses(uow.session, guild_id, kind.value, limit.value.free or 0)
    await repository.delete_newest_timed_roles(uow.session, guild_id, Limit.WELCOMING_TIMEDROLES.value.free or 0)


def settings_facts(settings: FullSettings) -> dict[str, Any]:
    """The settings as JSON values by column."""
    row = settings.row
    facts = {name: getattr(row, name) for name in _COLUMNS}
    facts |= {name: str(facts[name]) for name in CHANNEL_COLUMNS if facts[name] is not None}
    return {**facts, AUTOROLE_IDS: [str(each) for each in settings.autorole_ids]}


async def _response_faults(uow: UnitOfWork, guild_id: int, changes: Mapping[str, Any]) -> dict[str, str]:
    """Chosen responses of the wrong type, by place. Raises NotFound for one that is not there."""
    faults: dict[str, str] = {}
    for kind, column in RESPONSE_COLUMNS.items():
        response_id = changes.get(column)
        if response_id is None:
            continue
        row = await repository.find_response(uow.session, guild_id, response_id)
        if row is None:
            raise NotFound(f"{NO_RESPONSE} Make it first, or choose another one for `{_PLACES[column]}`.")
        if row.response_type != kind.value:
            faults[_PLACES[column]] = f"must be a response of the type {kind.name}"
    return faults


def _channel_faults(changes: Mapping[str, Any], known: Known) -> dict[str, str]:
    """Channels that take no text, by place. Raises NotFound for one that is not in the guild."""
    faults: dict[str, str] = {}
    for column in CHANNEL_COLUMNS:
        channel_id = changes.get(column)
        if channel_id is None:
            continue
        channel = known.channels.get(channel_id)
        if channel is None:
            raise NotFound("There is no such channel in this server.")
        if channel.type not in TEXT_CHANNELS:
            faults[_PLACES[column]] = "must be a text, news or voice channel"
    return faults


def _role_faults(guild_id: int, role_ids: Sequence[int], known: Known, place: str) -> dict[str, str]:
    """Roles that nobody can be given, by place and index. Raises NotFound for one that is not in the guild."""
    if any(role_id not in known.roles for role_id in role_ids):
        raise NotFound("There is no such role in this server.")
    return {
        f"{place}.{index}": "must be a role that members can be given: not @everyone, nor one of an integration"
        for index, role_id in enumerate(role_ids)
        if role_id == guild_id or known.roles[role_id].managed  # the id of @everyone is the guild's
    }


def _check_content(content: str, *, is_embed: bool) -> None:
    try:
        (parse_embeds if is_embed else _check_text)(content)
    except BadPastedJSON as error:
        what = "This is not the JSON of embeds." if is_embed else "This is not a text that can be sent."
        raise BadUserInput(what, error.fields("input.content")) from None


def _check_text(content: str) -> None:
    faults: list[PastedFault] = []
    text = check_text(content, TEXT_MAX, "", faults)
    if text is not None and not text.strip():
        faults.append(PastedFault("", f"must have 1 to {TEXT_MAX} characters"))
    if faults:
        raise BadPastedJSON(faults)


def _shown(kind: ResponseType) -> str:
    return kind.name.lower().replace("_", " ")


def _response_facts(row: WelcomingResponse) -> dict[str, Any]:
    return {"response_type": row.response_type, "is_embed": row.is_embed, "content": row.content}


def _timed_role_facts(row: WelcomingTimedRole) -> dict[str, Any]:
    return {"role_id": str(row.role_id), "add_after": row.add_after}
