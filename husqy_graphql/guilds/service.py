"""What can be done with a guild's settings and with the facts that the bot reports about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from husqy_graphql.core.access import GuildAccess, MemberAccess
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import BadUserInput, NotFound
from husqy_graphql.core.languages import is_supported_language
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.privacy import MemberNames
from husqy_graphql.core.templates import render
from husqy_graphql.core.time_zones import time_zone
from husqy_graphql.core.unit_systems import UNIT_SYSTEMS
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guilds import GuildEntitlement, GuildMember, GuildSettings, guild_settings_rows
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import BotPort, DiscordMember
from husqy_graphql.discord.variables import display_name, load_context
from husqy_graphql.guilds import repository
from husqy_graphql.lifecycle import NO_GUILD, StoredTexts, require_guild

NAME_MAX_LENGTH = 100
AVATAR_MAX_LENGTH = 512
REPLACED_CONTENT_MAX_LENGTH = 100_000
_UNSUPPORTED_LANGUAGE = "This language is not supported."
_UNSUPPORTED_TIME_ZONE = "This time zone is not supported."
_SUPPORTED_LANGUAGES = "must be one of the supported languages, like en"
_MEMBER_ARGUMENTS = {
    "username": "input.username",
    "display_name": "input.displayName",
    "global_name": "input.globalName",
    "nickname": "input.nickname",
    "avatar": "input.avatar",
}
_NAME_FIELDS = ("username", "display_name", "global_name", "nickname")


@dataclass(frozen=True, slots=True)
class Entitlement:
    """An entitlement as Discord reports it; without `start_at` it starts when it is reported."""

    entitlement_id: int
    sku_id: int
    type: int
    start_at: datetime | None
    ends_at: datetime | None
    deleted: bool


async def update_settings(uow: UnitOfWork, access: GuildAccess, changes: Mapping[str, Any]) -> GuildSettings:
    """Change the given settings by column; the same value again changes nothing and leaves no trace.

    Raises NotFound when Husqy is not in the guild, BadUserInput for an unsupported language, zone or unit system.
    """
    settings = await require_guild(uow, access.guild_id)
    for column, value in changes.items():
        if column in _SUPPORTED:
            _SUPPORTED[column](value)
    before = {column: getattr(settings, column) for column in changes}
    if before != changes:
        for column, value in changes.items():
            setattr(settings, column, value)
        uow.audit(
            access,
            AuditAction.GUILD_SETTINGS_UPDATE,
            "guild settings",
            before=before,
            after=changes,
        )
        names = ", ".join(column for column in changes if before[column] != changes[column])
        uow.log(access, LogEvent.SETTINGS_CHANGED, name=names.replace("_", " "))
    return settings


async def join_guild(uow: UnitOfWork, access: GuildAccess) -> GuildSettings:
    """Give the guild its default settings row, unless it has one."""
    added = await repository.add_settings_if_absent(uow.session, access.guild_id)
    if added:
        uow.audit(access, AuditAction.GUILD_JOIN, "guild")
    return await require_guild(uow, access.guild_id)


async def leave_guild(uow: UnitOfWork, access: GuildAccess) -> bool:
    """Delete everything of the guild, its audit log included; False when there was nothing."""
    deleted = await repository.delete_settings(uow.session, access.guild_id)
    if deleted:
        uow.announce(access.guild_id, AuditAction.GUILD_LEAVE, "guild")
    return deleted


async def update_member(
    uow: UnitOfWork, access: GuildAccess, user_id: int, changes: Mapping[str, str | None]
) -> GuildMember:
    """Cache the given names and avatar of a member by column.

    Raises NotFound when Husqy is not in the guild, BadUserInput for a value that is too long.
    """
    await require_guild(uow, access.guild_id)
    for column, value in changes.items():
        longest = AVATAR_MAX_LENGTH if column == "avatar" else NAME_MAX_LENGTH
        if value is not None and len(value) > longest:
            raise BadUserInput(
                f"A value is longer than {longest} characters.",
                {_MEMBER_ARGUMENTS[column]: f"must have at most {longest} characters"},
            )
    member = await _find_or_add_member(uow, access.guild_id, user_id)
    changed = {column: value for column, value in changes.items() if getattr(member, column) != value}
    for column, value in changed.items():
        setattr(member, column, value)
    if changed:
        _audit_member(uow, access, AuditAction.MEMBER_UPDATE, changed)
    return member


async def remove_member(uow: UnitOfWork, access: GuildAccess, user_id: int) -> bool:
    """Forget a member who left; False when nothing was stored. Raises NotFound when Husqy is not in the guild."""
    await require_guild(uow, access.guild_id)
    member = await repository.find_member(uow.session, access.guild_id, user_id)
    if member is None:
        return False
    await uow.session.delete(member)
    _audit_member(uow, access, AuditAction.MEMBER_LEAVE, {})
    return True


async def set_data_collection(uow: UnitOfWork, access: GuildAccess, user_id: int, *, prevented: bool) -> GuildMember:
    """Note whether a member forbids that data is collected. Raises NotFound when Husqy is not in the guild."""
    await require_guild(uow, access.guild_id)
    member = await _find_or_add_member(uow, access.guild_id, user_id)
    if member.prevent_data_collection != prevented:
        member.prevent_data_collection = prevented
        _audit_member(uow, access, AuditAction.MEMBER_DATA_COLLECTION_SET, {"prevent_data_collection": prevented})
    return member


async def upsert_entitlement(uow: UnitOfWork, access: GuildAccess, reported: Entitlement) -> GuildEntitlement:
    """Mirror an entitlement of Discord's.

    Raises NotFound when Husqy is not in the guild, BadUserInput when the entitlement is another guild's.
    """
    await require_guild(uow, access.guild_id)
    row = await repository.find_entitlement(uow.session, reported.entitlement_id)
    if row is not None and row.guild_id != access.guild_id:
        raise BadUserInput(
            "This entitlement belongs to another guild.", {"input.entitlementId": "belongs to another guild"}
        )
    before = {} if row is None else _entitlement_facts(row)
    if row is None:
        row = GuildEntitlement(
            guild_id=access.guild_id,
            entitlement_id=reported.entitlement_id,
            sku_id=reported.sku_id,
            type=reported.type,
            start_at=reported.start_at or uow.clock(),
            ends_at=reported.ends_at,
            deleted=reported.deleted,
        )
        uow.session.add(row)
        await uow.session.flush()  # the row's number is part of the answer
    else:
        row.sku_id = reported.sku_id
        row.type = reported.type
        row.start_at = reported.start_at or row.start_at
        row.ends_at = reported.ends_at
        row.deleted = reported.deleted
    after = _entitlement_facts(row)
    if before != after:
        uow.audit(
            access,
            AuditAction.GUILD_ENTITLEMENT_UPSERT,
            f"entitlement {reported.entitlement_id}",
            before=before,
            after=after,
        )
    return row


async def member_names(reads: Reads, bot: BotPort, guild_id: int, user_id: int) -> MemberNames:
    """What the member is called: in the cached record, and on Discord now. Raises NotFound when Husqy is not in the
    guild."""
    if not await guild_settings_rows(reads, [guild_id]):
        raise NotFound(NO_GUILD)
    row = await repository.member(reads, guild_id, user_id)
    return _member_names(user_id, row, await bot.member(guild_id, user_id))


async def stored_about_member(reads: Reads, access: MemberAccess) -> StoredTexts:
    """What the general service stores of a member: the cached record, and audit rows of the member's own changes."""
    row = await repository.member(reads, access.guild_id, access.user_id)
    texts = [value for field in (*_NAME_FIELDS, "avatar") if row is not None and (value := getattr(row, field))]
    audited = await repository.audit_rows_of_member(reads, access.guild_id, access.user_id)
    return StoredTexts(texts, [access.user_id] * (audited + (row is not None)))


async def delete_member_data(uow: UnitOfWork, access: MemberAccess) -> None:
    """Blank the cached names and avatar of the member until the member is seen again.

    The record itself stays, since it holds the member's choice about data collection; so do the audit rows of changes
    that the member made. Raises NotFound when Husqy is not in the guild.
    """
    await require_guild(uow, access.guild_id)
    member = await repository.find_member(uow.session, access.guild_id, access.user_id)
    blanked = [field for field in (*_NAME_FIELDS, "avatar") if member and getattr(member, field) is not None]
    for field in blanked:
        setattr(member, field, None)
    if blanked:
        _audit_member(uow, access, AuditAction.MEMBER_DATA_DELETE, dict.fromkeys(blanked))


async def replace_variables(
    bot: BotPort,
    content: str,
    *,
    language: str,
    zone_name: str,
    now: datetime,
    guild_id: int | None,
    user_id: int | None,
    channel_id: int | None,
) -> str:
    """The text with the variables of the given objects replaced; an object that is not there leaves its fallbacks.

    Raises BadUserInput for an unsupported language or zone.
    """
    if not is_supported_language(language):
        raise BadUserInput(_UNSUPPORTED_LANGUAGE, {"language": _SUPPORTED_LANGUAGES})
    try:
        zone = time_zone(zone_name)
    except ValueError as error:
        raise BadUserInput(_UNSUPPORTED_TIME_ZONE, {"timeZone": str(error)}) from None
    context = await load_context(
        bot, language=language, zone=zone, now=now, guild_id=guild_id, user_id=user_id, channel_id=channel_id
    )
    return render(content, context, limit=REPLACED_CONTENT_MAX_LENGTH)


def _require_language(value: str) -> None:
    if not is_supported_language(value):
        raise BadUserInput(_UNSUPPORTED_LANGUAGE, {"input.language": _SUPPORTED_LANGUAGES})


def _require_time_zone(value: str) -> None:
    try:
        time_zone(value)
    except ValueError as error:
        raise BadUserInput(_UNSUPPORTED_TIME_ZONE, {"input.timeZone": str(error)}) from None


def _require_unit_system(value: str) -> None:
    if value not in UNIT_SYSTEMS:
        raise BadUserInput(
            "This unit system is not supported.", {"input.unitSystem": f"must be one of: {', '.join(UNIT_SYSTEMS)}"}
        )


_SUPPORTED: Mapping[str, Callable[[str], None]] = {
    "language": _require_language,
    "time_zone": _require_time_zone,
    "unit_system": _require_unit_system,
}


async def _find_or_add_member(uow: UnitOfWork, guild_id: int, user_id: int) -> GuildMember:
    member = await repository.find_member(uow.session, guild_id, user_id)
    if member is None:
        member = GuildMember(guild_id=guild_id, user_id=user_id)
        uow.session.add(member)
    return member


def _audit_member(
    uow: UnitOfWork, access: GuildAccess | MemberAccess, action: AuditAction, changed: Mapping[str, Any]
) -> None:
    # Names which fields changed, and neither whose nor to what: the audit log must not become a second place that
    # stores data about members.
    hidden = dict.fromkeys(changed, "(not kept)")
    uow.audit(access, action, "member", before=dict.fromkeys(changed), after=hidden)


def _entitlement_facts(row: GuildEntitlement) -> dict[str, Any]:
    return {
        "sku_id": str(row.sku_id),
        "type": row.type,
        "start_at": row.start_at.isoformat(),
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
        "deleted": row.deleted,
    }


def _member_names(user_id: int, row: Any, member: DiscordMember | None) -> MemberNames:
    def known(*values: str | None) -> frozenset[str]:
        return frozenset(value for value in values if value)

    user = member.user if member else None
    return MemberNames(
        user_id=user_id,
        usernames=known(row and row.username, user and user.username),
        display_names=known(row and row.display_name, member and display_name(member)),
        global_names=known(row and row.global_name, user and user.global_name),
        nicknames=known(row and row.nickname, member and member.nick),
    )
