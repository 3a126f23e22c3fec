"""The rules of the invite tracker: its settings, and what it stores of members. Source: invite-tracker.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from husqy_graphql.core.access import GuildAccess
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.embeds import parse_embeds
from husqy_graphql.core.errors import BadUserInput, NotFound
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.pasted_json import BadPastedJSON, PastedFault, check_text, replace_strings, strings
from husqy_graphql.core.privacy import MemberNames, erase_names
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guilds import prevents_data_collection
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.permissions import TEXT_CHANNELS
from husqy_graphql.discord.port import BotPort, DiscordChannel, DiscordInvite, Refused
from husqy_graphql.lifecycle import StoredTexts, Work, require_enabled, require_guild
from husqy_graphql.modules.invite_tracker import repository
from husqy_graphql.modules.invite_tracker.models import LINK_MAX, InviteTrackerSettings, KnownInvite

TEXT_MAX: Final = 2_000  # characters of a message
USES_LIFE: Final = timedelta(days=31)
PENDING_LIFE: Final = timedelta(seconds=60)  # how long a use that was seen waits for the report of who joined
LINK: Final = "server_shared_invite_link"
# The columns of a message, by the name of its part of the input.
_MESSAGES: Final = {
    "joinMessage": (
        "join_messages_enabled",
        "join_messages_channel_id",
        "join_message_is_embed",
        "join_message_content",
    ),
    "leaveMessage": (
        "leave_messages_enabled",
        "leave_messages_channel_id",
        "leave_message_is_embed",
        "leave_message_content",
    ),
}
CHANNELS: Final = ("join_messages_channel_id", "leave_messages_channel_id")
_CONTENTS: Final = ("join_message_content", "leave_message_content")


def since(now: datetime) -> datetime:
    """From when on uses count."""
    return now - USES_LIFE


async def snapshot(work: Work, access: GuildAccess) -> Sequence[DiscordInvite]:
    """The invites that Discord has, with how often they were used; none without the permission to see that. Raises
    what Discord answers."""
    try:
        found = await work.bot.guild_invites(access.guild_id) or ()
    except Refused:
        return []
    return [invite for invite in found if invite.uses is not None]


async def create(uow: UnitOfWork, access: GuildAccess, found: Sequence[DiscordInvite]) -> None:
    """Make the default settings, and follow the invites that are there."""
    uow.session.add(InviteTrackerSettings(guild_id=access.guild_id))
    for invite in found:
        if await is_collectable(uow, access.guild_id, invite.inviter_id):
            await add_invite(uow, access.guild_id, invite, invite.inviter_id, invite.expires_at)


async def add_invite(
    uow: UnitOfWork, guild_id: int, found: DiscordInvite, owner_id: int | None, expires_at: datetime | None
) -> KnownInvite | None:
    """Follow an invite of Discord's; None for one that leads nowhere. It must not be known, and the guild be locked."""
    if found.channel_id is None:
        return None
    row = KnownInvite(
        guild_id=guild_id,
        code=found.code,
        channel_id=found.channel_id,
        owner_id=owner_id,
        expires_at=expires_at,
        max_uses=found.max_uses,
        current_uses=found.uses or 0,
    )
    uow.session.add(row)
    await uow.session.flush()  # one by one: their ids are their order
    return row


async def is_collectable(uow: UnitOfWork, guild_id: int, *user_ids: int | None) -> bool:
    """Whether none of these forbids that data about them is collected; None is nobody."""
    for user_id in user_ids:
        if user_id is not None and await prevents_data_collection(uow.session, guild_id, user_id):
            return False
    return True


async def require_settings(uow: UnitOfWork, guild_id: int) -> InviteTrackerSettings:
    """The settings of a guild that has the module on, with the guild locked. Raises NotFound, or Conflict."""
    await require_enabled(uow, guild_id, ModuleName.INVITE_TRACKER)
    row = await repository.find_settings(uow.session, guild_id)
    if row is None:
        raise NotFound("Nothing is stored for the invite tracker of this server.", logged_as="settings_not_found")
    return row


async def find_channels(bot: BotPort, guild_id: int, changes: Mapping[str, Any]) -> Sequence[DiscordChannel]:
    """The guild's channels, where the changes name one; outside of any transaction. Raises what Discord answers."""
    if all(changes.get(column) is None for column in CHANNELS):
        return ()
    return await bot.channels(guild_id) or ()


async def update_settings(
    uow: UnitOfWork, access: GuildAccess, changes: Mapping[str, Any], channels: Sequence[DiscordChannel]
) -> InviteTrackerSettings:
    """Change settings by column; `channels` has those that the changes name.

    Raises NotFound, Conflict (module off), and BadUserInput with every fault of what the settings would be.
    """
    row = await require_settings(uow, access.guild_id)
    before = _facts(row)
    after = {**before, **changes}
    faults = _channel_faults(changes, channels)
    for place, columns in _MESSAGES.items():
        if not changes.keys().isdisjoint(columns):
            faults = {**_message_faults(place, [after[column] for column in columns]), **faults}
    faults |= _link_fault(changes.get(LINK))
    if faults:
        raise BadUserInput("The invite tracker cannot be set up like this.", faults)
    for column, value in changes.items():
        setattr(row, column, value)
    if before != after:
        _audit(uow, access, before, after)
    if changes:
        uow.log(access, LogEvent.MODULES, action="changed_the_settings_of", module="invite tracker")
    return row


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete everything of a guild; its invites stay valid on Discord."""
    await uow.cancel_module(guild_id, ModuleName.INVITE_TRACKER)
    settings, invites, uses = await repository.delete_of_guild(uow.session, guild_id)
    return {"settings": settings, "invites": invites, "uses": uses}


async def stored_texts(reads: Reads, guild_id: int) -> StoredTexts:
    """Both messages; members who joined, who invited them, and who owns invites."""
    contents, user_ids = await repository.stored_about_members(reads, guild_id)
    # A value counts once, however many texts the JSON of embeds holds.
    texts = ["\n".join(strings(text)) if is_embed else text for text, is_embed in contents.texts]
    return StoredTexts(texts, user_ids)


async def erase_member(uow: UnitOfWork, guild_id: int, names: MemberNames) -> None:
    """Let uses and invites stay without the member, and replace the names in both messages. Raises NotFound."""
    await require_guild(uow, guild_id)
    await repository.forget_person(uow.session, guild_id, names.user_id)
    row = await repository.find_settings(uow.session, guild_id)
    if row is None:
        return

    def erase(text: str) -> str:
        return erase_names(text, names)

    for content, is_embed in zip(_CONTENTS, (row.join_message_is_embed, row.leave_message_is_embed), strict=True):
        text = getattr(row, content)
        if text is not None:
            # The placeholder may be longer than what it replaces.
            setattr(row, content, replace_strings(text, erase) if is_embed else erase(text)[:TEXT_MAX])


async def member_left(uow: UnitOfWork, guild_id: int, user_id: int) -> None:
    """End the stay of a member who left, should nobody have reported that yet."""
    await repository.close_uses(uow.session, guild_id, user_id)


async def clean_guild(uow: UnitOfWork, guild_id: int) -> None:
    """Delete uses that count no more, and invites that have expired; hold the guild's lock."""
    now = uow.clock()
    await repository.clean(uow.session, guild_id, before=since(now), now=now, seen_before=now - PENDING_LIFE)


def _message_faults(place: str, values: Sequence[Any]) -> dict[str, str]:
    enabled, channel_id, is_embed, content = values
    faults: dict[str, str] = {}
    if enabled and channel_id is None:
        faults[f"input.{place}.channelId"] = "is required while the message is on"
    if enabled and content is None:
        faults[f"input.{place}.content"] = "is required while the message is on"
    if content is not None:
        try:
            (parse_embeds if is_embed else _check_text)(content)
        except BadPastedJSON as error:
            faults |= error.fields(f"input.{place}.content")
    return faults


def _check_text(content: str) -> None:
    faults: list[PastedFault] = []
    text = check_text(content, TEXT_MAX, "", faults)
    if text is not None and not text.strip():
        faults.append(PastedFault("", f"must have 1 to {TEXT_MAX} characters"))
    if faults:
        raise BadPastedJSON(faults)


def _channel_faults(changes: Mapping[str, Any], channels: Sequence[DiscordChannel]) -> dict[str, str]:
    usable = {channel.id for channel in channels if channel.type in TEXT_CHANNELS}
    return {
        f"input.{place}.channelId": "must be a text, news or voice channel of this server"
        for place, columns in _MESSAGES.items()
        for column in columns
        if column in CHANNELS and changes.get(column) is not None and changes[column] not in usable
    }


def _link_fault(link: str | None) -> dict[str, str]:
    faults: list[PastedFault] = []
    if link is not None:
        check_text(link, LINK_MAX, "", faults)
    return {"input.serverSharedInviteLink": faults[0].detail} if faults else {}


def _facts(row: InviteTrackerSettings) -> dict[str, Any]:
    columns = [column for columns in _MESSAGES.values() for column in columns]
    return {column: getattr(row, column) for column in (*columns, "prevent_own_invite_code", LINK)}


def _audit(uow: UnitOfWork, access: GuildAccess, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    def told(facts: Mapping[str, Any]) -> dict[str, Any]:
        return {name: str(value) if name in CHANNELS and value else value for name, value in facts.items()}

    uow.audit(
        access,
        AuditAction.INVITE_TRACKER_SETTINGS_UPDATE,
        "invite tracker settings",
        before=told(before),
        after=told(after),
        hidden=_CONTENTS,
    )
