"""The rules of tags. Source: tags.md, sections 3, 4 and 7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from husqy_graphql.core.access import GuildAccess, ServiceActor, require_acting_user_id, require_owner
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import BadUserInput, Forbidden, NotFound
from husqy_graphql.core.limits import Limit
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.privacy import MemberNames, erase_names
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guilds import GuildSettings
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.lifecycle import StoredTexts, require_data_collection, require_enabled, require_guild, require_room
from husqy_graphql.modules.tags import repository
from husqy_graphql.modules.tags.models import Tag, TagVisibility
from husqy_graphql.modules.tags.repository import FullTag

CONTENT_MAX = 2_000  # characters of a message
NAME_MAX = 100  # characters of a choice that Discord completes
NAMES_MAX = 25
NO_TAG = "There is no such tag in this server."
_HIDDEN = frozenset({"owner_id", "content", "names"})
_NOTHING_CHOSEN = frozenset({"", "null", "None"})  # what a command sends whose option was not completed


@dataclass(frozen=True, slots=True)
class NewTag:
    """A tag that is to be made."""

    owner_id: int
    visibility: TagVisibility
    content: str
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class TagChanges:
    """Changes to a tag; None stays."""

    owner_id: int | None = None
    visibility: TagVisibility | None = None
    content: str | None = None
    names: Sequence[str] | None = None

    @property
    def none(self) -> bool:
        return self == TagChanges()


async def check_new_owner(uow: UnitOfWork, access: GuildAccess, owner_id: int) -> None:
    """Raise unless the caller may make a tag that belongs to this member, as far as Husqy itself knows: NotFound and
    Conflict (module off), BadUserInput for Husqy on behalf of nobody, Forbidden for a member who makes a tag for
    somebody else, and for an owner who forbids that data is collected."""
    await require_enabled(uow, access.guild_id, ModuleName.TAGS)
    if isinstance(access.actor, ServiceActor) and require_acting_user_id(access.actor) != owner_id:
        raise Forbidden(
            "With the slash command everybody makes tags of their own; `ownerId` must be the acting member."
        )
    await require_data_collection(uow, access.guild_id, owner_id)


async def create_tag(uow: UnitOfWork, access: GuildAccess, new: NewTag) -> FullTag:
    """Make a tag; the caller has seen that its owner is a member of the guild.

    Raises what `check_new_owner` raises, Conflict when the limit is reached, then BadUserInput for names or a content
    that cannot be used.
    """
    await check_new_owner(uow, access, new.owner_id)
    await require_room(uow, access.guild_id, Limit.TAGS, await repository.count(uow.session, access.guild_id))
    names = _checked(new.content, new.names)
    now = uow.clock()
    row = Tag(
        guild_id=access.guild_id,
        tag_id=str(uuid4()),
        owner_id=new.owner_id,
        visibility=new.visibility.value,
        content=new.content,
        created_at=now,
        last_update=now,
    )
    uow.session.add(row)
    await uow.session.flush()
    made = await repository.replace_names(uow.session, FullTag(row, ()), names or (), now)
    _audit(uow, access, AuditAction.TAG_CREATE, made, {})
    uow.log(access, LogEvent.TAG_CREATE, name=shown(made))
    uow.count(access, Metric.TAGS_TAG_CREATED)
    return made


async def find_chosen(uow: UnitOfWork, access: GuildAccess, tag_id: str) -> FullTag:
    """The tag that is to be changed. Raises BadUserInput when none was chosen, NotFound, or Conflict (module off)."""
    await require_enabled(uow, access.guild_id, ModuleName.TAGS)
    if tag_id in _NOTHING_CHOSEN:
        raise BadUserInput("No tag was chosen. Choose one of the list.", {"tagId": "must be the id of a tag"})
    return await _tag(uow, access.guild_id, tag_id)


async def check_update(
    uow: UnitOfWork, access: GuildAccess, tag_id: str, changes: TagChanges, absent_owner_id: int | None
) -> FullTag:
    """The tag, if the caller may make these changes. An administrator in person may stand in for the owner who left the
    guild, whom `absent_owner_id` names.

    Raises what `find_chosen` raises, then Forbidden for who does not own the tag, and for a new owner who forbids that
    data is collected.
    """
    tag = await find_chosen(uow, access, tag_id)
    _require_owner(access, tag, absent_owner_id)
    if changes.owner_id not in {None, tag.row.owner_id}:
        await require_data_collection(uow, access.guild_id, changes.owner_id or 0)
    return tag


async def update_tag(
    uow: UnitOfWork, access: GuildAccess, tag_id: str, changes: TagChanges, *, absent_owner_id: int | None
) -> FullTag:
    """Change a tag; the caller has seen that a new owner is a member of the guild. New names replace all before.

    Raises what `check_update` raises, and BadUserInput for names or a content that cannot be used.
    """
    tag = await check_update(uow, access, tag_id, changes, absent_owner_id)
    if changes.none:
        return tag
    names = _checked(changes.content, changes.names)
    before, row = _facts(tag), tag.row
    row.owner_id = changes.owner_id or row.owner_id
    row.visibility = changes.visibility.value if changes.visibility else row.visibility
    row.content = row.content if changes.content is None else changes.content
    row.last_update = uow.clock()
    changed = tag
    if names is not None:
        changed = await repository.replace_names(uow.session, tag, names, uow.clock())
    if before != _facts(changed):
        _audit(uow, access, AuditAction.TAG_UPDATE, changed, before)
    uow.log(access, LogEvent.TAG_EDIT, name=shown(changed))
    return changed


async def delete_tag(uow: UnitOfWork, access: GuildAccess, tag_id: str, *, absent_owner_id: int | None) -> FullTag:
    """Delete a tag with its names; what it was. Raises what `check_update` raises."""
    tag = await check_update(uow, access, tag_id, TagChanges(), absent_owner_id)
    await uow.session.delete(tag.row)
    _audit(uow, access, AuditAction.TAG_DELETE, tag, _facts(tag))
    uow.log(access, LogEvent.TAG_DELETE, name=shown(tag))
    uow.count(access, Metric.TAGS_TAG_DELETED)
    return tag


async def find_for_preview(uow: UnitOfWork, access: GuildAccess, tag_id: str) -> tuple[GuildSettings, FullTag]:
    """The guild's settings and the tag, whoever may send it. Raises NotFound, or Conflict (module off)."""
    settings = await require_enabled(uow, access.guild_id, ModuleName.TAGS)
    return settings, await _tag(uow, access.guild_id, tag_id)


async def find_for_sending(uow: UnitOfWork, access: GuildAccess, tag: str) -> tuple[GuildSettings, FullTag]:
    """The guild's settings and the tag of this id, else the oldest of this name that the acting member may send.

    Raises NotFound, Conflict (module off), BadUserInput for Husqy on behalf of nobody, and Forbidden for the id of
    somebody else's private tag. A name that only private tags of others have is not found: it tells nothing.
    """
    settings = await require_enabled(uow, access.guild_id, ModuleName.TAGS)
    user_id = require_acting_user_id(access.actor)
    row = await repository.find_tag(uow.session, access.guild_id, tag)
    if row is None:
        row = await repository.find_usable_by_name(uow.session, access.guild_id, tag, user_id)
    if row is None:
        raise NotFound(NO_TAG)
    if row.visibility == TagVisibility.PRIVATE.value and row.owner_id != user_id:
        raise Forbidden("This tag is private: only its owner may send it.")
    return settings, await repository.load_names(uow.session, row)


def note_sent(uow: UnitOfWork, access: GuildAccess, tag: FullTag, channel_id: int, seconds: float) -> None:
    """Log that a tag was sent, and count how long that took."""
    uow.log(access, LogEvent.TAG_SEND, name=shown(tag), channel_id=channel_id)
    uow.count(access, Metric.TAGS_CHECK_TIME, check_time=round(seconds, 6))


def note_preview(uow: UnitOfWork, access: GuildAccess, tag: FullTag) -> None:
    uow.log(access, LogEvent.TAG_PREVIEW, name=shown(tag))


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete all tags of a guild."""
    return {"entries": await repository.delete_of_guild(uow.session, guild_id)}


async def stored_texts(reads: Reads, guild_id: int) -> StoredTexts:
    """Contents and names, and the ids of owners."""
    return StoredTexts(*await repository.stored_texts(reads, guild_id))


async def erase_member(uow: UnitOfWork, guild_id: int, names: MemberNames) -> None:
    """Replace every name and id of the member in contents and names. Who owns a tag stays, or nobody could change it.
    Raises NotFound when Husqy is not in the guild."""
    await require_guild(uow, guild_id)
    for tag in await repository.rows_of_guild(uow.session, guild_id):
        tag.row.content = erase_names(tag.row.content, names)
        for each in tag.names:
            each.name = erase_names(each.name, names)[:NAME_MAX]  # the placeholder may be longer than what it replaces


async def trim(uow: UnitOfWork, guild_id: int) -> None:
    """Delete the newest tags over the free limit."""
    await repository.delete_newest(uow.session, guild_id, Limit.TAGS.value.free or 0)


def shown(tag: FullTag) -> str:
    """A tag as the logs name it: by its first name, and its id."""
    return f"{tag.names[0].name if tag.names else '?'} ({tag.row.tag_id})"


async def _tag(uow: UnitOfWork, guild_id: int, tag_id: str) -> FullTag:
    row = await repository.find_tag(uow.session, guild_id, tag_id)
    if row is None:
        raise NotFound(NO_TAG)
    return await repository.load_names(uow.session, row)


def _require_owner(access: GuildAccess, tag: FullTag, absent_owner_id: int | None) -> None:
    owner_id = tag.row.owner_id
    only = "Only the owner of a tag may change or delete it, while the owner is in this server."
    require_owner(access.actor, owner_id, only, stands_in=owner_id == absent_owner_id)


def _checked(content: str | None, names: Sequence[str] | None) -> list[str] | None:
    """The names as they are kept: trimmed, each once. Raises BadUserInput with every fault of what is given."""
    faults: dict[str, str] = {}
    if content is not None and not (content.strip() and len(content) <= CONTENT_MAX):
        faults["input.content"] = f"must have 1 to {CONTENT_MAX} characters, and not blanks alone"
    kept = None if names is None else list(dict.fromkeys(name.strip() for name in names))
    if kept is not None and (fault := _names_fault(kept)):
        faults["input.names"] = fault
    if faults:
        raise BadUserInput("This is not the text or the names of a tag.", faults)
    return kept


def _names_fault(names: Sequence[str]) -> str | None:
    if not 1 <= len(names) <= NAMES_MAX:
        return f"must be 1 to {NAMES_MAX} names"
    for number, name in enumerate(names, 1):
        if not 1 <= len(name) <= NAME_MAX:
            return f"must have 1 to {NAME_MAX} characters each; name {number} has {len(name)}"
        if "," in name:
            return f"must not contain a comma, which separates names; name {number} does"
    return None


def _facts(tag: FullTag) -> dict[str, Any]:
    return {
        "owner_id": str(tag.row.owner_id),
        "content": tag.row.content,
        "names": [each.name for each in tag.names],
        "visibility": tag.row.visibility,
    }


def _audit(uow: UnitOfWork, access: GuildAccess, action: AuditAction, tag: FullTag, before: Mapping[str, Any]) -> None:
    uow.audit(access, action, f"tag {tag.row.tag_id}", before=before, after=_facts(tag), hidden=_HIDDEN)
