"""Whether the services answer and are usable; open to everybody, like `/livez` and `/readyz`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from husqy_graphql.core.errors import Unavailable
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.gql.context import Info


@strawberry.type(description="A part of Husqy, as a program that runs.")
class Service:
    message: str = strawberry.field(description="A greeting that names the service.")
    liveness: str = strawberry.field(description="`alive`, as long as the process answers at all.")

    @strawberry.field(
        description="`ready` while the database and Discord are usable, else an UNAVAILABLE error naming what is not."
    )
    async def readiness(self, info: Info) -> str:
        unusable = await info.context.resources.readiness.unusable()
        if unusable:
            raise Unavailable(f"Not ready: {' and '.join(unusable)} cannot be used right now.")
        return "ready"


@strawberry.type
class StatusQuery:
    @strawberry.field(description="Whether a part of Husqy runs. Needs no credential.")
    def service(
        self,
        module: Annotated[
            ModuleName | None, strawberry.argument(description="Which module; the general service when left out.")
        ] = None,
    ) -> Service:
        name = "general" if module is None else module.value.replace("_", " ")
        return Service(message=f"This is Husqy's {name} service.", liveness="alive")
