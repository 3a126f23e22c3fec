"""The rules of the verifier: its settings and its entries. Source: verifier.md, sections 2 to 4 and 7."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from husqy_graphql.core.access import GuildAccess, MemberAccess
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.embeds import parse_embeds
from husqy_graphql.core.errors import BadUserInput, Conflict, ConflictReason, NotFound
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.key_ring import KeyRing
from husqy_graphql.core.languages import translate
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.pasted_json import BadPastedJSON, replace_strings, strings
from husqy_graphql.core.privacy import REMOVED_USER, MemberNames, erase_names
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guilds import GuildSettings, prevents_data_collection
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.lookup import find_channel, find_own_member
from husqy_graphql.discord.permissions import TEXT_CHANNELS
from husqy_graphql.discord.port import BotPort
from husqy_graphql.discord.roles import role_fault
from husqy_graphql.lifecycle import StoredTexts, require_enabled, require_guild
from husqy_graphql.modules.verifier import repository
from husqy_graphql.modules.verifier.models import VerifierEntry, VerifierSettings
from husqy_graphql.modules.verifier.repository import FullSettings
from husqy_graphql.sending import SETTLE_AFTER

TEXT_MAX = 2_000
PASSPHRASE_MAX = 100
COLOR = 661809
SHORT_MARK = "…"
NO_ENTRY = "There is no such verification any more. Ask the team of the server for a new one."
VERIFIED = "This verification was passed before; nothing is left to do."
_PLACES = {"prompt": "input.promptContent", "completed": "input.completedContent"}


class VerifierType(Enum):
    """What a member must do to pass; the value is the contract's."""

    CLICK = 1
    PASSPHRASE = 2
    WEB = 3


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that stands on Discord, and the verification that it belongs to."""

    verifier_id: str
    user_id: int
    channel_id: int
    message_id: int
    direct: bool


async def create(uow: UnitOfWork, access: GuildAccess, _: None) -> None:
    """The default settings, in the guild's language: a click is enough, by direct message, and gives no role."""
    guild = await require_guild(uow, access.guild_id)
    uow.session.add(
        VerifierSettings(
            guild_id=access.guild_id,
            verifier_type=VerifierType.CLICK.value,
            prompt_content=_default_embed(guild.language, "verifier.prompt"),
            completed_content=_default_embed(guild.language, "verifier.completed"),
        )
    )


async def require_settings(uow: UnitOfWork, guild_id: int) -> tuple[GuildSettings, FullSettings]:
    """The guild and its verifier. Raises NotFound when Husqy is not in the guild, Conflict when the module is off."""
    guild = await require_enabled(uow, guild_id, ModuleName.VERIFIER)
    row = await repository.find_settings(uow.session, guild_id)
    assert row is not None  # it is there exactly while the module is on
    return guild, FullSettings(row, await repository.find_role_ids(uow.session, guild_id))


async def check_places(bot: BotPort, guild_id: int, channel_id: int | None, role_ids: Sequence[int]) -> None:
    """Raise NotFound for a channel or role that is not in the guild, BadUserInput for a channel without messages and
    for a role that Husqy cannot give."""
    if channel_id is not None:
        channel = await find_channel(bot, guild_id, channel_id)
        if channel is None:
            raise NotFound("There is no such channel in this server.")
        if channel.type not in TEXT_CHANNELS:
            raise BadUserInput(
                "Prompts need a channel for text.", {"input.channelId": "must be a text, news or voice channel"}
            )
    if not role_ids:
        return
    found = await find_own_member(bot, guild_id)
    if found is None:
        raise NotFound("Husqy is not in this server any more.")
    guild, member = found
    roles = {role.id: role for role in guild.roles}
    if not roles.keys() >= set(role_ids):
        raise NotFound("One of the roles is not there.")
    refused = [roles[each].name for each in dict.fromkeys(role_ids) if role_fault(guild, member, roles[each])]
    if refused:
        raise BadUserInput(
            f"Husqy cannot give these roles: {', '.join(refused)[:500]}.",
            {"input.verifiedRoleIds": "must be roles below Husqy's highest, not managed, and not @everyone"},
        )


async def update_settings(
    uow: UnitOfWork, access: GuildAccess, key_ring: KeyRing, changes: Mapping[str, Any]
) -> FullSettings:
    """Change the given values by column, `role_ids` and `passphrase` among them.

    Raises NotFound when Husqy is not in the guild, Conflict when the module is off, BadUserInput for values that do not
    go together.
    """
    _, settings = await require_settings(uow, access.guild_id)
    row: VerifierSettings = settings.row
    before = _facts(settings)
    for column in _COLUMNS & changes.keys():
        setattr(row, column, changes[column])
    role_ids = list(settings.role_ids)
    if "role_ids" in changes:
        role_ids = list(dict.fromkeys(changes["role_ids"] or ()))
    other_passphrase = False
    if "passphrase" in changes:
        other_passphrase = _set_passphrase(row, key_ring, changes["passphrase"])
    if changes:
        _check(row)
    if role_ids != settings.role_ids:
        await repository.replace_roles(uow.session, access.guild_id, role_ids)
    changed = FullSettings(row, role_ids)
    after = _facts(changed)
    if other_passphrase and before["passphrase"] == after["passphrase"]:
        after |= {"passphrase": "another one"}
    if before != after:
        uow.audit(access, AuditAction.VERIFIER_SETTINGS_UPDATE, "verifier settings", before=before, after=after)
        uow.log(access, LogEvent.MODULES, action="changed_the_settings_of", module="verifier")
    return changed


def object_key(verifier_id: str) -> str:
    """What jobs call a verification."""
    return f"verification:{verifier_id}"


async def intend_prompt(uow: UnitOfWork, guild_id: int, channel_id: int, verifier_id: str) -> None:
    """Note that a prompt is being sent: unless its verification begins, it is deleted. Raises what `require_settings`
    raises."""
    await require_settings(uow, guild_id)
    uow.effect(guild_id, JobKind.VERIFIER_SETTLE, object_key(verifier_id), delay=SETTLE_AFTER, channel_id=channel_id)


async def forget_prompt(uow: UnitOfWork, guild_id: int, verifier_id: str) -> bool:
    """Note that a prompt is not being sent any more; False where it was called off before."""
    return await uow.cancel(guild_id, object_key(verifier_id), JobKind.VERIFIER_SETTLE)


async def open_entry(uow: UnitOfWork, access: GuildAccess, prompt: Prompt) -> VerifierEntry | None:
    """Begin a verification whose prompt is sent, in place of an open one of the member, whose prompt goes; None where
    the module was switched off meanwhile."""
    if not await forget_prompt(uow, access.guild_id, prompt.verifier_id):
        return None
    for each in await repository.delete_entries(uow.session, access.guild_id, prompt.user_id, verified=False):
        _change_prompt(uow, JobKind.VERIFIER_PROMPT_DELETE, each)
    row = VerifierEntry(
        guild_id=access.guild_id,
        verifier_id=prompt.verifier_id,
        user_id=prompt.user_id,
        message_id=prompt.message_id,
        channel_id=prompt.channel_id,
        direct=prompt.direct,
        created_at=uow.clock(),
    )
    uow.session.add(row)
    await uow.session.flush()
    # Announced, not audited: the audit log is about administrators, and keeps nothing of members.
    uow.announce(access.guild_id, AuditAction.VERIFIER_VERIFICATION_CREATE, f"verification {row.verifier_id}")
    channel_id = None if prompt.direct else prompt.channel_id
    uow.log(access, LogEvent.VERIFIER_VERIFICATION_CREATE, channel_id=channel_id, member_id=prompt.user_id)
    return row


def clean_prompt(uow: UnitOfWork, entry: Any, *, delay: timedelta = timedelta(0)) -> None:
    """Have the prompt of a passed verification taken away: a direct message keeps its text."""
    kind = JobKind.VERIFIER_BUTTON_REMOVE if entry.direct else JobKind.VERIFIER_PROMPT_DELETE
    _change_prompt(uow, kind, entry, delay)


def _change_prompt(uow: UnitOfWork, kind: JobKind, entry: Any, delay: timedelta = timedelta(0)) -> None:
    place = {"channel_id": entry.channel_id, "message_id": entry.message_id}
    uow.effect(entry.guild_id, kind, object_key(entry.verifier_id), delay=delay, **place)


async def require_open(
    uow: UnitOfWork, guild_id: int, verifier_id: str
) -> tuple[GuildSettings, FullSettings, VerifierEntry]:
    """A verification that is not passed yet. Raises what `require_settings` raises, NotFound when it is gone, Conflict
    when it is passed."""
    guild, settings = await require_settings(uow, guild_id)
    row = await repository.find_entry(uow.session, guild_id, verifier_id)
    if row is None:
        raise NotFound(NO_ENTRY)
    if row.is_verified:
        raise Conflict(VERIFIED, ConflictReason.WRONG_STATE)
    return guild, settings, row


async def finish_entry(uow: UnitOfWork, access: MemberAccess, verifier_id: str, seconds: float) -> VerifierEntry | None:
    """Note that the member has passed; None where the member lets nothing be kept. Raises what `require_open` raises.

    The prompt is taken away after a while, unless that is asked for before (`clean_prompt`). Somebody who prevents that
    data is collected is verified all the same, but the entry goes.
    """
    *_, row = await require_open(uow, access.guild_id, verifier_id)
    forget = await prevents_data_collection(uow.session, access.guild_id, access.user_id)
    if forget:
        await uow.session.delete(row)
    else:
        row.is_verified = True
    clean_prompt(uow, row, delay=SETTLE_AFTER)
    uow.announce(access.guild_id, AuditAction.VERIFIER_VERIFICATION_HANDLE, f"verification {verifier_id}")
    uow.log(access, LogEvent.VERIFIER_VERIFICATION_HANDLE, member_id=access.user_id)
    uow.count(access, Metric.VERIFIER_CHECK_TIME, check_time=round(seconds, 6))
    return None if forget else row


async def wipe(uow: UnitOfWork, guild_id: int) -> dict[str, Sequence[Any]]:
    """Delete the settings and entries of a guild; prompts and roles stay on Discord."""
    settings, entries = await repository.delete_of_guild(uow.session, guild_id)
    await uow.cancel_module(guild_id, ModuleName.VERIFIER)
    return {"settings": settings, "entries": entries}


async def stored_texts(reads: Reads, guild_id: int) -> StoredTexts:
    """The two texts of the settings, and whom the entries are about."""
    found = await repository.settings_of_guilds(reads, [guild_id])
    texts = [_words(text, is_embed=is_embed) for each in found for text, is_embed in _texts(each.row)]
    return StoredTexts(texts, await repository.users_of_entries(reads, guild_id))


async def erase_member(uow: UnitOfWork, guild_id: int, names: MemberNames) -> None:
    """Delete the verified entries of the member, and replace names and ids in the texts of the settings. An open entry
    stays: without it nobody could pass. Raises NotFound when Husqy is not in the guild."""
    await require_guild(uow, guild_id)
    await repository.delete_entries(uow.session, guild_id, names.user_id, verified=True)
    row = await repository.find_settings(uow.session, guild_id)
    if row is not None:
        row.prompt_content = _erased(row.prompt_content, names, is_embed=row.prompt_is_embed)
        row.completed_content = _erased(row.completed_content, names, is_embed=row.completed_is_embed)


async def member_left(uow: UnitOfWork, guild_id: int, user_id: int) -> None:
    """Delete every entry of a member who has left."""
    await repository.delete_entries(uow.session, guild_id, user_id)


async def rotate_passphrases(uow: UnitOfWork, key_ring: KeyRing) -> int:
    """Write every passphrase again under the first secret of the ring; returns how many. Raises ValueError when one
    cannot be read."""
    rows = await repository.settings_with_passphrase(uow.session)
    for row in rows:
        row.passphrase_encrypted = key_ring.encrypt(key_ring.decrypt(row.passphrase_encrypted or b""))
    return len(rows)


_COLUMNS = frozenset(
    {"verifier_type", "channel_id", "prompt_content", "prompt_is_embed", "completed_content", "completed_is_embed"}
)


def _default_embed(language: str, key: str) -> str:
    embed = {
        "title": translate(language, f"{key}_title"),
        "description": translate(language, f"{key}_text"),
        "color": COLOR,
    }
    return json.dumps({"embeds": [embed]}, ensure_ascii=False)


def _set_passphrase(row: VerifierSettings, key_ring: KeyRing, passphrase: str | None) -> bool:
    """Store the passphrase encrypted; whether it is another one than before."""
    before = key_ring.decrypt(row.passphrase_encrypted) if row.passphrase_encrypted else None
    if passphrase is None:
        row.passphrase_encrypted = None
    elif not passphrase.strip() or len(passphrase) > PASSPHRASE_MAX:
        raise BadUserInput(
            "This is no passphrase.", {"input.passphrase": f"must have 1 to {PASSPHRASE_MAX} characters, not all blank"}
        )
    elif passphrase != before:
        row.passphrase_encrypted = key_ring.encrypt(passphrase)
    return passphrase != before


def _check(row: VerifierSettings) -> None:
    if row.verifier_type == VerifierType.PASSPHRASE.value and row.passphrase_encrypted is None:
        raise BadUserInput(
            "This type of verification needs a passphrase.", {"input.passphrase": "must not be empty for this type"}
        )
    _check_text(_PLACES["prompt"], row.prompt_content, is_embed=row.prompt_is_embed)
    _check_text(_PLACES["completed"], row.completed_content, is_embed=row.completed_is_embed)


def _check_text(place: str, text: str, *, is_embed: bool) -> None:
    if is_embed:
        try:
            parse_embeds(text)
        except BadPastedJSON as error:
            raise BadUserInput("This is not the JSON of embeds.", error.fields(place)) from None
    elif not text.strip() or len(text) > TEXT_MAX:
        raise BadUserInput("A message needs a text.", {place: f"must have 1 to {TEXT_MAX} characters"})


def _facts(settings: FullSettings) -> dict[str, Any]:
    """What the audit log may tell; of the passphrase only whether there is one."""
    row = settings.row
    return {
        **{column: getattr(row, column) for column in sorted(_COLUMNS - {"channel_id"})},
        "channel_id": None if row.channel_id is None else str(row.channel_id),
        "verified_role_ids": [str(each) for each in settings.role_ids],
        "passphrase": None if row.passphrase_encrypted is None else "set",
    }


def _texts(row: Any) -> tuple[tuple[str, bool], tuple[str, bool]]:
    return (row.prompt_content, row.prompt_is_embed), (row.completed_content, row.completed_is_embed)


def _words(text: str, *, is_embed: bool) -> str:
    """What a text says, without the words of its JSON."""
    return "\n".join(strings(text)) if is_embed else text


def _erased(text: str, names: MemberNames, *, is_embed: bool) -> str:
    """The text without the member's names. One that would get too long to be sent gets a shorter mark in their place,
    so that nobody can keep others from passing by having a name erased."""
    erased = _without(text, names, REMOVED_USER, is_embed=is_embed)
    try:
        _check_text("", erased, is_embed=is_embed)
    except BadUserInput:
        return _without(text, names, SHORT_MARK, is_embed=is_embed)
    return erased


def _without(text: str, names: MemberNames, mark: str, *, is_embed: bool) -> str:
    replace: Callable[[str], str] = lambda value: erase_names(value, names, mark)  # noqa: E731
    return replace_strings(text, replace) if is_embed else replace(text)
