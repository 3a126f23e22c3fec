"""The rate limit as a field, so that a program can see what it may still ask."""

from __future__ import annotations

from datetime import datetime, timedelta

import strawberry

from husqy_graphql.gql.context import Info


@strawberry.type(
    description="The rate limit of your credential; without one, of your address. An object costs a point, a list its "
    "length times what stands below it, a mutation 10 more."
)
class RateLimit:
    cost: int = strawberry.field(description="The points of this very operation.")
    limit: int = strawberry.field(description="The most points that can be saved up.")
    remaining: int = strawberry.field(description="The points that are left after this operation.")
    reset_at: datetime = strawberry.field(description="When all points are back, if nothing else is asked.")


@strawberry.type
class RateLimitQuery:
    @strawberry.field(description="What you may still ask; null where nothing is limited.")
    def rate_limit(self, info: Info) -> RateLimit | None:
        budget = info.context.budget
        state = budget.states.get("credential") or budget.states.get("address")
        if state is None:
            return None
        return RateLimit(
            cost=budget.points,
            limit=state.policy.points,
            remaining=int(state.remaining),
            reset_at=info.context.resources.clock() + timedelta(seconds=state.full_in),
        )
