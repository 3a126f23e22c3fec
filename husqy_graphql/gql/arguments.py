"""Arguments that many fields have in common, each with its description."""

from __future__ import annotations

from typing import Annotated

import strawberry

from husqy_graphql.gql.connections import PAGE_DEFAULT, PAGE_MAX
from husqy_graphql.gql.scalars import Snowflake

GuildId = Annotated[Snowflake, strawberry.argument(description="The guild's Discord id.")]
UserId = Annotated[Snowflake, strawberry.argument(description="The member's Discord id.")]
First = Annotated[
    int | None,
    strawberry.argument(description=f"How many to answer: 1 to {PAGE_MAX}, {PAGE_DEFAULT} when left out."),
]
After = Annotated[
    str | None,
    strawberry.argument(description="Answer those behind this cursor, the `endCursor` of the page before."),
]
