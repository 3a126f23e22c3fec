"""Who is asking, in the schema."""

from __future__ import annotations

from typing import Annotated

import strawberry

from husqy_graphql.core.access import Actor, ApiKeyActor, ServiceActor, UserActor
from husqy_graphql.core.audit import ActorKind
from husqy_graphql.core.errors import BadUserInput
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.identity.service import API_KEY_SUBJECT, SERVICE_SUBJECT


@strawberry.type(description="Whom a credential stands for.")
class Identity:
    kind: ActorKind = strawberry.field(description="What kind of caller it makes.")
    subject: str = strawberry.field(
        description="Whom it stands for: a person's Discord id, `api-key:` and a row number, or `service`."
    )
    user_id: Snowflake | None = strawberry.field(
        description="The person behind it; for the service credential the member it acts for; null where there is none."
    )
    guild_id: Snowflake | None = strawberry.field(description="The one guild that an API key works for, else null.")


@strawberry.type(description="A credential that is valid now.")
class Credential:
    value: str = strawberry.field(description="The credential, as it was sent.")
    identity: Identity = strawberry.field(description="Whom it stands for.")


@strawberry.type
class IdentityQuery:
    @strawberry.field(description="Who you are.")
    def viewer(self, info: Info) -> Identity:
        return to_identity(info.context.actor)

    @strawberry.field(
        description=(
            "Whom another credential stands for. Any caller may ask about a credential that it holds; one that is "
            "unknown, expired or revoked is an UNAUTHENTICATED error."
        )
    )
    async def credential(
        self,
        info: Info,
        value: Annotated[
            str, strawberry.argument(description="A Discord access token, an API key or the service credential.")
        ],
    ) -> Credential:
        info.context.require_actor()
        if not value:
            raise BadUserInput("The credential is empty.", {"value": "must not be empty"})
        return Credential(value=value, identity=to_identity(await info.context.resources.credentials.resolve(value)))

    @strawberry.field(
        description=(
            "Whether somebody may administer a guild: a person who owns or administers it, or one of its API keys. "
            "False for guilds and people that do not exist."
        )
    )
    async def has_guild_access(
        self,
        info: Info,
        guild_id: GuildId,
        target: Annotated[
            str,
            strawberry.argument(description="Whom to ask about: the `subject` of an `Identity`."),
        ],
    ) -> bool:
        info.context.require_actor()
        return await info.context.resources.credentials.target_administers(guild_id, target)


def to_identity(actor: Actor) -> Identity:
    """An actor as the schema shows it."""
    match actor:
        case UserActor(user_id):
            return Identity(kind=ActorKind.USER, subject=str(user_id), user_id=Snowflake(user_id), guild_id=None)
        case ApiKeyActor(key_id, guild_id):
            return Identity(
                kind=ActorKind.API_KEY,
                subject=f"{API_KEY_SUBJECT}{key_id}",
                user_id=None,
                guild_id=Snowflake(guild_id),
            )
        case ServiceActor(acting_user_id):
            return Identity(
                kind=ActorKind.SERVICE,
                subject=SERVICE_SUBJECT,
                user_id=None if acting_user_id is None else Snowflake(acting_user_id),
                guild_id=None,
            )
