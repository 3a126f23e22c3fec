"""The object that every guild field hangs on; each domain adds its fields by inheriting from it."""

from __future__ import annotations

import strawberry

from husqy_graphql.discord.port import UserGuild
from husqy_graphql.gql.context import Context


@strawberry.type
class GuildObject:
    """A guild that the caller may see, before any of it is loaded.

    `seen` is the guild as Discord lists it for the signed-in user, where the caller came by it that way.
    """

    guild_id: strawberry.Private[int]
    context: strawberry.Private[Context]
    seen: strawberry.Private[UserGuild | None] = None
