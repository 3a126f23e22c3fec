"""The one schema behind `/graphql` and `/v1`."""

from __future__ import annotations

import strawberry
from graphql import GraphQLSchema
from strawberry.schema.config import StrawberryConfig

from husqy_graphql.api_keys.graphql import ApiKey
from husqy_graphql.gql.effects import Effect
from husqy_graphql.gql.scalars import SCALARS
from husqy_graphql.guilds.audit_log import AuditLogEntry
from husqy_graphql.guilds.types import Entitlement, GuildSettings
from husqy_graphql.modules.autoresponder.types import AutoresponderResponse, AutoresponderTrigger
from husqy_graphql.modules.giveaways.types import Giveaway, GiveawaysSettings
from husqy_graphql.modules.invite_tracker.types import InviteTrackerSettings, InviteUse, TrackedInvite
from husqy_graphql.modules.logging.graphql import LoggingSettings
from husqy_graphql.modules.polls.types import Poll, PollsSettings
from husqy_graphql.modules.reminders.types import Reminder
from husqy_graphql.modules.rules.types import RulesActiveEntry, RulesEntry, RulesSettings
from husqy_graphql.modules.tags.types import Tag
from husqy_graphql.modules.verifier.types import VerifierEntry, VerifierSettings
from husqy_graphql.modules.welcoming.types import WelcomingResponse, WelcomingSettings, WelcomingTimedRole
from husqy_graphql.schema.root import Mutation, Query, Subscription

__all__ = ["build_schema", "graphql_schema", "print_schema"]


def build_schema() -> strawberry.Schema:
    """Assemble the schema; nothing is registered anywhere else."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[
            ApiKey,
            AuditLogEntry,
            AutoresponderResponse,
            AutoresponderTrigger,
            Effect,
            Entitlement,
            Giveaway,
            GiveawaysSettings,
            GuildSettings,
            InviteTrackerSettings,
            InviteUse,
            LoggingSettings,
            Poll,
            PollsSettings,
            Reminder,
            Tag,
            TrackedInvite,
            RulesActiveEntry,
            RulesEntry,
            RulesSettings,
            VerifierEntry,
            VerifierSettings,
            WelcomingResponse,
            WelcomingSettings,
            WelcomingTimedRole,
        ],
        config=StrawberryConfig(
            disable_field_suggestions=True,
            scalar_map={python_type: scalar.definition for python_type, scalar in SCALARS.items()},
        ),
    )
    for scalar in SCALARS.values():
        extensions = graphql_schema(schema).type_map[scalar.definition.name].extensions
        extensions["json"] = {"request": scalar.request, "response": scalar.response}
        extensions["native"] = scalar.native
    return schema


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """graphql-core's own schema, which documents are validated against and run on."""
    return schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def print_schema(schema: strawberry.Schema) -> str:
    """The schema in the schema definition language, as kept in `schema.graphql`."""
    return f"{schema.as_str()}\n"
