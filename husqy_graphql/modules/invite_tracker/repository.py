"""Every statement about tracked invites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, and_, bindparam, case, delete, func, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import NO_LIMIT, GuildRows, after, rows_by_keys
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.invite_tracker.models import InviteIntent, InviteTrackerSettings, InviteUse, KnownInvite

_SETTINGS: Any = InviteTrackerSettings.__table__
_INVITES: Any = KnownInvite.__table__
_USES: Any = InviteUse.__table__
_DIALECTS: Final = ("sqlite", "postgresql")

_SETTINGS_OF_GUILDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.guild_id)
_SETTINGS_BY_IDS = rows_by_keys(select(_SETTINGS), _SETTINGS.c.id)
_INVITES_OF_GUILD = GuildRows(_INVITES)
_INVITES_BY_IDS = rows_by_keys(select(_INVITES).where(_INVITES.c.gone.is_(False)), _INVITES.c.id)
_INVITES_BY_CODES = rows_by_keys(select(_INVITES).where(_INVITES.c.gone.is_(False)), _INVITES.c.code)
_USES_BY_IDS = rows_by_keys(select(_USES), _USES.c.id)


def _uses_since(dialect: str, *where: Any) -> Prepared:
    return Prepared(
        select(_USES)
        .where(*after(_USES, dialect), _USES.c.timestamp >= bindparam("since"), *where)
        .order_by(_USES.c.guild_id, _USES.c.id)
        .limit(bindparam("limit"))
    )


_USES_SINCE = {dialect: _uses_since(dialect) for dialect in _DIALECTS}
_USES_OF_INVITER = {
    dialect: _uses_since(dialect, _USES.c.inviter_id == bindparam("inviter_id")) for dialect in _DIALECTS
}
_RECENT = (_USES.c.guild_id == bindparam("guild_id"), _USES.c.timestamp >= bindparam("since"))
_LEFT = func.count(case((_USES.c.has_left, 1)))
_INVITERS = Prepared(
    select(_USES.c.inviter_id, func.count().label("joins"), _LEFT.label("leaves"))
    .where(*_RECENT, _USES.c.inviter_id.is_not(None))
    .group_by(_USES.c.inviter_id)
    .order_by((func.count() - _LEFT).desc(), _USES.c.inviter_id)
    .limit(bindparam("limit"))
)
_INVITER = Prepared(
    select(func.count().label("joins"), _LEFT.label("leaves")).where(
        *_RECENT, _USES.c.inviter_id == bindparam("inviter_id")
    )
)
_CONTENTS = Prepared(
    select(
        _SETTINGS.c.join_message_content,
        _SETTINGS.c.join_message_is_embed,
        _SETTINGS.c.leave_message_content,
        _SETTINGS.c.leave_message_is_embed,
    ).where(_SETTINGS.c.guild_id == bindparam("guild_id"))
)
_PEOPLE_OF_INVITES = Prepared(select(_INVITES.c.owner_id).where(_INVITES.c.guild_id == bindparam("guild_id")))
_PEOPLE_OF_USES = Prepared(
    select(_USES.c.member_id, _USES.c.inviter_id).where(_USES.c.guild_id == bindparam("guild_id"))
)
_OLD_USES = select(_USES.c.guild_id).where(_USES.c.timestamp < bindparam("before"))
_OLD_INVITES = select(_INVITES.c.guild_id).where(or_(_INVITES.c.gone, _INVITES.c.expires_at <= bindparam("now")))
_GUILDS_TO_CLEAN = Prepared(union(_OLD_USES, _OLD_INVITES))


@dataclass(frozen=True, slots=True)
class Contents:
    """The two messages of a guild: each a text and whether it is the JSON of embeds."""

    texts: Sequence[tuple[str, bool]]


async def settings_of_guilds(reads: Reads, guild_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """The settings of those of the guilds that have the module on."""
    return await _SETTINGS_OF_GUILDS.read(reads, guild_ids)


async def settings_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _SETTINGS_BY_IDS.read(reads, row_ids)


async def invites(
    reads: Reads, guild_id: int, *, after_id: int = 0, limit: int | None = None, owner_id: int | None = None
) -> Sequence[Row[Any]]:
    """The known invites of a guild by row id, from above `after_id`."""
    return await _INVITES_OF_GUILD.read(reads, guild_id, after_id=after_id, limit=limit, gone=False, owner_id=owner_id)


async def invites_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _INVITES_BY_IDS.read(reads, row_ids)


async def invites_by_codes(reads: Reads, codes: Sequence[str]) -> Sequence[Row[Any]]:
    return await _INVITES_BY_CODES.read(reads, codes)


async def uses(
    reads: Reads,
    guild_id: int,
    *,
    since: datetime,
    after_id: int = 0,
    limit: int | None = None,
    inviter_id: int | None = None,
) -> Sequence[Row[Any]]:
    """The uses in a guild since a time by row id, from above `after_id`; of one inviter, or of all."""
    dialect = reads.engine.dialect.name
    given: dict[str, Any] = {
        "guild_id": guild_id,
        "after_id": after_id,
        "since": since,
        "limit": NO_LIMIT if limit is None else limit,
    }
    if inviter_id is None:
        return await reads.all(_USES_SINCE[dialect], **given)
    return await reads.all(_USES_OF_INVITER[dialect], inviter_id=inviter_id, **given)


async def uses_by_ids(reads: Reads, row_ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await _USES_BY_IDS.read(reads, row_ids)


async def inviters(reads: Reads, guild_id: int, *, since: datetime, limit: int) -> Sequence[Row[Any]]:
    """(inviter_id, joins, leaves) since a time, whoever brought the most members who are still there first."""
    return await reads.all(_INVITERS, guild_id=guild_id, since=since, limit=limit)


async def inviter(reads: Reads, guild_id: int, inviter_id: int, *, since: datetime) -> Row[Any]:
    """(joins, leaves) of one inviter since a time."""
    row = await reads.first(_INVITER, guild_id=guild_id, inviter_id=inviter_id, since=since)
    assert row is not None  # a count is always there
    return row


async def stored_about_members(reads: Reads, guild_id: int) -> tuple[Contents, list[int]]:
    """The messages of a guild, and every id of a person that is stored there."""
    found = await reads.first(_CONTENTS, guild_id=guild_id)
    pairs = (
        []
        if found is None
        else [
            (found.join_message_content, found.join_message_is_embed),
            (found.leave_message_content, found.leave_message_is_embed),
        ]
    )
    owners = await reads.all(_PEOPLE_OF_INVITES, guild_id=guild_id)
    people = await reads.all(_PEOPLE_OF_USES, guild_id=guild_id)
    ids = [row.owner_id for row in owners] + [each for row in people for each in (row.member_id, row.inviter_id)]
    return Contents([pair for pair in pairs if pair[0]]), [each for each in ids if each is not None]


async def guilds_to_clean(reads: Reads, *, before: datetime, now: datetime) -> list[int]:
    """The guilds that have uses from before a time, or invites that have expired or are gone."""
    return [row.guild_id for row in await reads.all(_GUILDS_TO_CLEAN, before=before, now=now)]


async def find_settings(session: AsyncSession, guild_id: int) -> InviteTrackerSettings | None:
    return await session.scalar(select(InviteTrackerSettings).where(InviteTrackerSettings.guild_id == guild_id))


async def find_invite(session: AsyncSession, guild_id: int, code: str) -> KnownInvite | None:
    """The known invite of this code, gone or not."""
    return await session.scalar(select(KnownInvite).where(KnownInvite.guild_id == guild_id, KnownInvite.code == code))


async def invites_in(session: AsyncSession, guild_id: int) -> Sequence[KnownInvite]:
    """All known invites of a guild by row id, those that are gone too."""
    found = select(KnownInvite).where(KnownInvite.guild_id == guild_id).order_by(KnownInvite.id)
    return (await session.scalars(found)).all()


async def open_uses(session: AsyncSession, guild_id: int, member_id: int) -> Sequence[InviteUse]:
    """The uses of a member that have not ended, the newest first."""
    found = select(InviteUse).where(
        InviteUse.guild_id == guild_id, InviteUse.member_id == member_id, InviteUse.has_left.is_(False)
    )
    return (await session.scalars(found.order_by(InviteUse.id.desc()))).all()


async def count_present(session: AsyncSession, guild_id: int, inviter_id: int, since: datetime) -> int:
    """How many members an inviter has brought since a time who are still there."""
    found = select(func.count()).where(
        InviteUse.guild_id == guild_id,
        InviteUse.inviter_id == inviter_id,
        InviteUse.timestamp >= since,
        InviteUse.has_left.is_(False),
    )
    return await session.scalar(found) or 0


async def find_intent(session: AsyncSession, guild_id: int, intent_id: str) -> InviteIntent | None:
    return await session.scalar(
        select(InviteIntent).where(InviteIntent.guild_id == guild_id, InviteIntent.intent_id == intent_id)
    )


async def is_meant(session: AsyncSession, guild_id: int, channel_id: int, max_age: int, max_uses: int) -> bool:
    """Whether an invite of this kind is just being made."""
    found = select(InviteIntent.id).where(
        InviteIntent.guild_id == guild_id,
        InviteIntent.channel_id == channel_id,
        InviteIntent.max_age == max_age,
        InviteIntent.max_uses == max_uses,
    )
    return await session.scalar(found.limit(1)) is not None


async def forget_person(session: AsyncSession, guild_id: int, user_id: int) -> None:
    """Let uses and invites stay without the person."""
    for table, column in (
        (InviteUse, InviteUse.member_id),
        (InviteUse, InviteUse.inviter_id),
        (KnownInvite, KnownInvite.owner_id),
        (InviteIntent, InviteIntent.owner_id),
    ):
        await session.execute(
            update(table)
            .where(table.guild_id == guild_id, column == user_id)
            .values({column: None})
            .execution_options(synchronize_session=False)
        )


async def close_uses(session: AsyncSession, guild_id: int, member_id: int) -> None:
    """End every use of a member."""
    await session.execute(
        update(InviteUse)
        .where(InviteUse.guild_id == guild_id, InviteUse.member_id == member_id, InviteUse.has_left.is_(False))
        .values(has_left=True)
        .execution_options(synchronize_session=False)
    )


async def clean(
    session: AsyncSession, guild_id: int, *, before: datetime, now: datetime, seen_before: datetime
) -> None:
    """Delete the uses of a guild from before a time, and its invites that have expired, or are gone and were last seen
    to be used before another time."""
    gone = and_(KnownInvite.gone, or_(KnownInvite.pending_since.is_(None), KnownInvite.pending_since < seen_before))
    for statement in (
        delete(InviteUse).where(InviteUse.guild_id == guild_id, InviteUse.timestamp < before),
        delete(KnownInvite).where(
            KnownInvite.guild_id == guild_id,
            or_(gone, and_(KnownInvite.gone.is_(False), KnownInvite.expires_at <= now)),
        ),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))


async def delete_of_guild(
    session: AsyncSession, guild_id: int
) -> tuple[Sequence[InviteTrackerSettings], Sequence[KnownInvite], Sequence[InviteUse]]:
    """Delete everything of a guild; what was there."""
    settings = await find_settings(session, guild_id)
    known = [invite for invite in await invites_in(session, guild_id) if not invite.gone]
    used = (await session.scalars(select(InviteUse).where(InviteUse.guild_id == guild_id).order_by(InviteUse.id))).all()
    for table in (InviteIntent, InviteUse, KnownInvite, InviteTrackerSettings):
        await session.execute(
            delete(table).where(table.guild_id == guild_id).execution_options(synchronize_session=False)
        )
    return [settings] if settings else [], known, used
