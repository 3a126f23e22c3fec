"""The root types, put together from the domains."""

from __future__ import annotations

import strawberry

from husqy_graphql.api_keys.graphql import ApiKeyFields, ApiKeyMutation
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Info
from husqy_graphql.guilds.audit_log import AuditLogFields
from husqy_graphql.guilds.gateway import GatewayMutation
from husqy_graphql.guilds.graphql import GuildFields, GuildsMutation, administered_guilds, find_guild
from husqy_graphql.guilds.helpers import HelpersQuery, PrivacyMutation
from husqy_graphql.identity.graphql import IdentityQuery
from husqy_graphql.schema.nodes import NodeQuery
from husqy_graphql.schema.status import StatusQuery


@strawberry.type(description="A Discord guild (a server), and what Husqy does in it.")
class Guild(GuildFields, AuditLogFields, ApiKeyFields):
    pass


@strawberry.type
class GuildQuery:
    @strawberry.field(
        description="A guild that Husqy is in. For its administrators and Husqy itself; some fields ask for more."
    )
    async def guild(self, info: Info, id: GuildId) -> Guild | None:
        return await find_guild(info, id, Guild)

    @strawberry.field(
        description="The guilds that you administer, Husqy being in them or not. For an API key, its own guild."
    )
    async def guilds(self, info: Info) -> list[Guild]:
        return await administered_guilds(info, Guild)


@strawberry.type(description="All that can be asked.")
class Query(GuildQuery, IdentityQuery, HelpersQuery, NodeQuery, StatusQuery):
    pass


@strawberry.type(description="All that can be changed.")
class Mutation(GuildsMutation, ApiKeyMutation, PrivacyMutation, GatewayMutation):
    pass
