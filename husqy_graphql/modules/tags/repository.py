"""Every statement about tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guild_rows import after, rows_by_keys
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.modules.tags.models import Tag, TagName, TagVisibility

_PUBLIC = TagVisibility.PUBLIC.value

_TAGS = Tag.__table__
_NAMES = TagName.__table__

_TAGS_OF_GUILD = {
    dialect: select(_TAGS).where(*after(_TAGS, dialect)).order_by(_TAGS.c.guild_id, _TAGS.c.id)
    for dialect in ("sqlite", "postgresql")
}
_TAGS_BY_TAG_IDS = rows_by_keys(select(_TAGS), _TAGS.c.tag_id)
_TAGS_BY_IDS = rows_by_keys(select(_TAGS), _TAGS.c.id)
_NAMES_OF = rows_by_keys(select(_NAMES).order_by(_NAMES.c.id), _NAMES.c.tag_row_id)
_NAMES_OF_GUILD = {
    dialect: select(_NAMES, _TAGS.c.tag_id)
    .join(_TAGS, _TAGS.c.id == _NAMES.c.tag_row_id)
    .where(*after(_NAMES, dialect))
    .order_by(_NAMES.c.guild_id, _NAMES.c.id)
    for dialect in ("sqlite", "postgresql")
}
_TEXTS = Prepared(
    select(_TAGS.c.content.label("text"), _TAGS.c.owner_id)
    .where(_TAGS.c.guild_id == bindparam("guild_id"))
    .union_all(
        select(_NAMES.c.name.label("text"), null().label("owner_id")).where(_NAMES.c.guild_id == bindparam("guild_id"))
    )
)


@dataclass(frozen=True, slots=True)
class FullTag:
    """A tag row with the rows of its names, by row id."""

    row: Any
    names: Sequence[Any]

    @property
    def id(self) -> int:
        return self.row.id

    @property
    def guild_id(self) -> int:
        return self.row.guild_id


async def tags(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    owner_id: int | None = None,
    visibility: int | None = None,
    usable_by: int | None = None,
    name_part: str | None = None,
) -> list[FullTag]:
    """The tags of a guild by row id, from above `after_id`: two statements, however many there are."""
    statement = _TAGS_OF_GUILD[reads.engine.dialect.name]
    if owner_id is not None:
        statement = statement.where(_TAGS.c.owner_id == owner_id)
    if visibility is not None:
        statement = statement.where(_TAGS.c.visibility == visibility)
    if name_part:
        named = select(_NAMES.c.tag_row_id).where(
            _NAMES.c.guild_id == guild_id, _NAMES.c.name.icontains(name_part, autoescape=True)
        )
        statement = statement.where(_TAGS.c.id.in_(named))
    statement = _usable(statement, usable_by).limit(limit)
    return await _full(reads, await reads.all(statement, guild_id=guild_id, after_id=after_id))


async def tags_by_tag_ids(reads: Reads, tag_ids: Sequence[str]) -> list[FullTag]:
    return await _full(reads, await _TAGS_BY_TAG_IDS.read(reads, tag_ids))


async def tags_by_ids(reads: Reads, row_ids: Sequence[int]) -> list[FullTag]:
    return await _full(reads, await _TAGS_BY_IDS.read(reads, row_ids))


async def names(
    reads: Reads,
    guild_id: int,
    *,
    after_id: int = 0,
    limit: int | None = None,
    usable_by: int | None = None,
    name_part: str | None = None,
) -> Sequence[Any]:
    """The names of all tags of a guild by row id, from above `after_id`, each with the `tag_id` of its tag."""
    statement = _NAMES_OF_GUILD[reads.engine.dialect.name]
    if name_part:
        statement = statement.where(_NAMES.c.name.icontains(name_part, autoescape=True))
    statement = _usable(statement, usable_by).limit(limit)
    return await reads.all(statement, guild_id=guild_id, after_id=after_id)


async def stored_texts(reads: Reads, guild_id: int) -> tuple[list[str], list[int]]:
    """Every free text of the guild's tags, and the ids of their owners."""
    rows = await reads.all(_TEXTS, guild_id=guild_id)
    return [row.text for row in rows], [row.owner_id for row in rows if row.owner_id is not None]


async def count(session: AsyncSession, guild_id: int) -> int:
    """How many tags the guild has; hold its lock."""
    return await session.scalar(select(func.count()).select_from(Tag).where(Tag.guild_id == guild_id)) or 0


async def find_tag(session: AsyncSession, guild_id: int, tag_id: str) -> Tag | None:
    return await session.scalar(select(Tag).where(Tag.guild_id == guild_id, Tag.tag_id == tag_id))


async def find_usable_by_name(session: AsyncSession, guild_id: int, name: str, user_id: int) -> Tag | None:
    """The oldest tag of this name that the member may send."""
    named = select(TagName.tag_row_id).where(TagName.guild_id == guild_id, TagName.name == name)
    return await session.scalar(
        select(Tag)
        .where(Tag.id.in_(named), or_(Tag.visibility == _PUBLIC, Tag.owner_id == user_id))
        .order_by(Tag.id)
        .limit(1)
    )


async def load_names(session: AsyncSession, tag: Tag) -> FullTag:
    """The tag with its names, as the transaction sees them."""
    found = await session.scalars(select(TagName).where(TagName.tag_row_id == tag.id).order_by(TagName.id))
    return FullTag(tag, found.all())


async def replace_names(session: AsyncSession, tag: FullTag, wanted: Iterable[str], now: datetime) -> FullTag:
    """Let the tag have exactly these names; those that it has already stay as they are."""
    left = dict.fromkeys(wanted)
    for row in tag.names:
        if row.name in left:
            del left[row.name]
        else:
            await session.delete(row)
    for name in left:
        session.add(TagName(guild_id=tag.guild_id, tag_row_id=tag.id, name=name, created_at=now))
        await session.flush()  # one by one: their ids are their order
    await session.flush()
    return await load_names(session, tag.row)


async def delete_of_guild(session: AsyncSession, guild_id: int) -> list[FullTag]:
    """Delete all tags of a guild; what was there."""
    found = await rows_of_guild(session, guild_id)
    for table in (TagName, Tag):
        await session.execute(
            delete(table).where(table.guild_id == guild_id).execution_options(synchronize_session=False)
        )
    return found


async def rows_of_guild(session: AsyncSession, guild_id: int) -> list[FullTag]:
    """All tags of a guild by row id, with their names: two statements."""
    rows = (await session.scalars(select(Tag).where(Tag.guild_id == guild_id).order_by(Tag.id))).all()
    named = await session.scalars(select(TagName).where(TagName.guild_id == guild_id).order_by(TagName.id))
    return _joined(rows, named.all())


async def delete_newest(session: AsyncSession, guild_id: int, keep: int) -> None:
    """Delete the tags of a guild but the `keep` oldest; their names go with them."""
    oldest = select(Tag.id).where(Tag.guild_id == guild_id).order_by(Tag.id).limit(keep)
    await session.execute(
        delete(Tag).where(Tag.guild_id == guild_id, Tag.id.not_in(oldest)).execution_options(synchronize_session=False)
    )


def _usable(statement: Select[Any], user_id: int | None) -> Select[Any]:
    if user_id is None:
        return statement
    return statement.where(or_(_TAGS.c.visibility == _PUBLIC, _TAGS.c.owner_id == user_id))


async def _full(reads: Reads, rows: Sequence[Any]) -> list[FullTag]:
    if not rows:
        return []
    return _joined(rows, await _NAMES_OF.read(reads, [row.id for row in rows]))


def _joined(rows: Sequence[Any], named: Sequence[Any]) -> list[FullTag]:
    names_of: dict[int, list[Any]] = {row.id: [] for row in rows}
    for each in named:
        names_of[each.tag_row_id].append(each)
    return [FullTag(row, names_of[row.id]) for row in rows]
