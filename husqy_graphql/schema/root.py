"""The root types, put together from the domains."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import strawberry

from husqy_graphql.api_keys.graphql import ApiKeyFields, ApiKeyMutation
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Info
from husqy_graphql.guilds.audit_log import AuditLogFields
from husqy_graphql.guilds.changes import GuildChangeFields, GuildSettingsSubscription, Modules, watch_guild
from husqy_graphql.guilds.effects import EffectFields, EffectMutation
from husqy_graphql.guilds.gateway import GatewayMutation
from husqy_graphql.guilds.graphql import GuildFields, GuildsMutation, administered_guilds, find_guild
from husqy_graphql.guilds.helpers import HelpersQuery
from husqy_graphql.identity.graphql import IdentityQuery
from husqy_graphql.modules.autoresponder.graphql import AutoresponderFields, AutoresponderMutation
from husqy_graphql.modules.giveaways.graphql import GiveawaysFields, GiveawaysMutation, GiveawaysSubscription
from husqy_graphql.modules.invite_tracker.graphql import InviteTrackerFields, InviteTrackerMutation
from husqy_graphql.modules.logging.graphql import LoggingFields, LoggingMutation
from husqy_graphql.modules.polls.graphql import PollsFields, PollsMutation, PollsSubscription
from husqy_graphql.modules.reminders.graphql import RemindersFields, RemindersMutation, RemindersSubscription
from husqy_graphql.modules.rules.graphql import RulesFields, RulesMutation
from husqy_graphql.modules.tags.graphql import TagsFields, TagsMutation
from husqy_graphql.modules.verifier.graphql import VerifierFields, VerifierMutation, VerifierQuery
from husqy_graphql.modules.welcoming.graphql import WelcomingFields, WelcomingMutation
from husqy_graphql.schema.lifecycle import LifecycleMutation, Name, enable
from husqy_graphql.schema.nodes import NodeQuery
from husqy_graphql.schema.privacy import PrivacyMutation, PrivacyQuery
from husqy_graphql.schema.rate_limit import RateLimitQuery
from husqy_graphql.schema.status import StatusQuery
from husqy_graphql.schema.verification import VerificationMutation


@strawberry.type(description="A Discord guild (a server), and what Husqy does in it.")
class Guild(
    GuildFields,
    AuditLogFields,
    ApiKeyFields,
    LoggingFields,
    AutoresponderFields,
    TagsFields,
    RulesFields,
    VerifierFields,
    WelcomingFields,
    InviteTrackerFields,
    PollsFields,
    RemindersFields,
    GiveawaysFields,
    EffectFields,
):
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


@strawberry.type(description="Something that changed in a guild.")
class GuildChange(GuildChangeFields):
    @strawberry.field(description="The guild as it is now.")
    def guild(self) -> Guild:
        return Guild(guild_id=self.guild_id, context=self.context)


@strawberry.type(description="What switching a module on answers.")
class ModuleEnablePayload:
    guild: Guild = strawberry.field(description="The guild, in which the module is on now.")


@strawberry.type
class ModuleEnableMutation:
    @strawberry.mutation(description="Switch a module on, with its default settings. For administrators.")
    async def module_enable(self, info: Info, guild_id: GuildId, module: Name) -> ModuleEnablePayload | None:
        await enable(info, guild_id, module)
        return ModuleEnablePayload(guild=Guild(guild_id=guild_id, context=info.context))


@strawberry.type
class GuildSubscription:
    @strawberry.subscription(
        description="Every change in a guild, as it happens. For its administrators and Husqy itself."
    )
    async def guild_changed(
        self, info: Info, guild_id: GuildId, modules: Modules = None
    ) -> AsyncGenerator[GuildChange]:
        return await watch_guild(info, guild_id, modules, GuildChange)


@strawberry.type(description="All that can be asked.")
class Query(
    GuildQuery, IdentityQuery, HelpersQuery, PrivacyQuery, VerifierQuery, NodeQuery, StatusQuery, RateLimitQuery
):
    pass


@strawberry.type(description="All that can be changed.")
class Mutation(
    GuildsMutation,
    ApiKeyMutation,
    ModuleEnableMutation,
    LifecycleMutation,
    LoggingMutation,
    WelcomingMutation,
    AutoresponderMutation,
    TagsMutation,
    RulesMutation,
    InviteTrackerMutation,
    PollsMutation,
    RemindersMutation,
    GiveawaysMutation,
    VerifierMutation,
    VerificationMutation,
    PrivacyMutation,
    EffectMutation,
    GatewayMutation,
):
    pass


@strawberry.type(
    description="All that can be watched. An event is told after its change was stored; one that could not be told "
    "ends the subscription with an UNAVAILABLE error."
)
class Subscription(
    GuildSettingsSubscription, GuildSubscription, PollsSubscription, RemindersSubscription, GiveawaysSubscription
):
    pass
