"""The types of tags in the schema, and how rows become them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import strawberry

from husqy_graphql.gql.arguments import After, First
from husqy_graphql.gql.connections import Connection, load_page
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.discord_types import Member, load_members
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.modules.tags import repository
from husqy_graphql.modules.tags.models import TagVisibility
from husqy_graphql.modules.tags.repository import FullTag

graphql_enum(
    TagVisibility,
    "Who may send a tag.",
    {"PUBLIC": "Every member.", "PRIVATE": "Its owner alone."},
)

TagId = Annotated[strawberry.ID, strawberry.argument(description="The tag's `tagId`.")]
UsableBy = Annotated[
    Snowflake | None,
    strawberry.argument(description="Only what this member may send: public tags, and the member's private ones."),
]
NamePart = Annotated[
    str | None, strawberry.argument(description="Only names with this text in them; upper and lower case are the same.")
]


@strawberry.type(description="A name by which a tag is sent. Several tags may have the same one.")
class TagName:
    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    tag_id: str = strawberry.field(description="The `tagId` of its tag.")
    name: str = strawberry.field(description="The name: 1 to 100 characters, without commas.")
    created_at: datetime = strawberry.field(description="When the tag got it.")


@strawberry.type(description="A text that members send into a channel by its name.")
class Tag(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("Tag", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    tag_id: str = strawberry.field(description="The id by which it is named: a UUID.")
    content: str = strawberry.field(
        description="The text, in Discord's markdown and with variables like `<user_mention>`."
    )
    visibility: TagVisibility = strawberry.field(description="Who may send it.")
    owner_id: Snowflake = strawberry.field(description="The member who may change and delete it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    last_update: datetime = strawberry.field(description="When it was changed last; when it was made, if never.")
    names: list[TagName] = strawberry.field(description="Its names: 1 to 25, the oldest first.")

    @strawberry.field(
        description="The member who may change and delete it; null when that member has left, and administrators may."
    )
    async def owner(self, info: Info) -> Member | None:
        return await info.context.load(load_members, (int(self.guild_id), int(self.owner_id)))


@strawberry.type(description="The tags module of a guild that has it on.")
class TagsModule:
    guild_id: strawberry.Private[int]

    @strawberry.field(description="The tags, private ones included, the oldest first.")
    async def entries(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        owner_id: Annotated[Snowflake | None, strawberry.argument(description="Only what this member owns.")] = None,
        visibility: Annotated[TagVisibility | None, strawberry.argument(description="Only these.")] = None,
        usable_by: UsableBy = None,
        name: NamePart = None,
    ) -> Connection[Tag]:
        context = info.context
        read = partial(
            repository.tags,
            context.resources.reads,
            self.guild_id,
            owner_id=owner_id,
            visibility=visibility.value if visibility else None,
            usable_by=usable_by,
            name_part=name,
        )
        return await load_page(context, first, after, read, to_tag)

    @strawberry.field(description="One tag; null when it is not there.")
    async def entry(self, info: Info, tag_id: TagId) -> Tag | None:
        found = await info.context.load(_load_tags, tag_id)
        return to_tag(found) if found is not None and found.guild_id == self.guild_id else None

    @strawberry.field(description="The names of all tags, the oldest first: what completes the name of a tag to send.")
    async def names(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        usable_by: UsableBy = None,
        name: NamePart = None,
    ) -> Connection[TagName]:
        context = info.context
        read = partial(
            repository.names,
            context.resources.reads,
            self.guild_id,
            usable_by=usable_by,
            name_part=name,
        )
        return await load_page(context, first, after, read, lambda row: to_name(row, row.tag_id))


async def _load_tags(context: Context, tag_ids: Sequence[str]) -> list[FullTag | None]:
    found = {tag.row.tag_id: tag for tag in await repository.tags_by_tag_ids(context.resources.reads, tag_ids)}
    return [found.get(tag_id) for tag_id in tag_ids]


def to_tag(tag: FullTag) -> Tag:
    """A tag with its names, as the schema shows it."""
    row = tag.row
    return Tag(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        tag_id=row.tag_id,
        content=row.content,
        visibility=TagVisibility(row.visibility),
        owner_id=Snowflake(row.owner_id),
        created_at=row.created_at,
        last_update=row.last_update,
        names=[to_name(each, row.tag_id) for each in tag.names],
    )


def to_name(row: Any, tag_id: str) -> TagName:
    """A row of a name, loaded either way, as the schema shows it."""
    return TagName(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        tag_id=tag_id,
        name=row.name,
        created_at=row.created_at,
    )
