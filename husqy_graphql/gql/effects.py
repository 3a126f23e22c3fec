"""What is still to be done on Discord, in the schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

from husqy_graphql.core.jobs import JobKind, JobState
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.jobs import effects_of_objects
from husqy_graphql.gql.context import Context
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.scalars import Snowflake

graphql_enum(
    JobState,
    "Where something stands that is to be done on Discord. What is done is gone.",
    {
        "PENDING": "It is tried soon, or again after a while.",
        "FAILED": "Discord refuses it for good; it is not tried again unless somebody asks for it.",
    },
    name="EffectState",
)


@strawberry.type(description="Something that is still to be done on Discord.")
class Effect(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("Effect", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    module: ModuleName = strawberry.field(description="The module that it is done for.")
    action: str = strawberry.field(description="What is to be done, such as `polls.show`.")
    target: str = strawberry.field(description="What it is done to, such as `poll:` and the `pollId`.")
    state: JobState = strawberry.field(description="Where it stands.")
    attempts: int = strawberry.field(description="How often it was tried.")
    last_error: str | None = strawberry.field(description="What Discord answered last; null before the first failure.")
    created_at: datetime = strawberry.field(description="Since when it is to be done.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is tried next; null when it is not tried again."
    )


async def load_effects(context: Context, keys: Sequence[tuple[int, str]]) -> list[list[Effect]]:
    """The effects of each (guild id, object key) that are not done; a batch for `context.load`."""
    found: dict[tuple[int, str], list[Effect]] = {key: [] for key in keys}
    for row in await effects_of_objects(context.resources.reads, [object_key for _, object_key in keys]):
        found.get((row.guild_id, row.object_key), []).append(to_effect(row))
    return [found[key] for key in keys]


def to_effect(row: Any) -> Effect:
    """A job's row, loaded either way, as the schema shows it."""
    state = JobState(row.state)
    return Effect(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        module=JobKind(row.kind).module,
        action=row.kind,
        target=row.object_key,
        state=state,
        attempts=row.attempts,
        last_error=row.last_error,
        created_at=row.created_at,
        next_attempt_at=row.due_at if state is JobState.PENDING else None,
    )
