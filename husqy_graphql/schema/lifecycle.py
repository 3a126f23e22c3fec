"""Modules as a whole in the schema: switched on, switched off, purged."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

from husqy_graphql.core.access import Permission
from husqy_graphql.core.errors import BadUserInput
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.gql.arguments import GuildId
from husqy_graphql.gql.context import Info
from husqy_graphql.lifecycle import Module, disable_module, enable_module, purge_module, work_of
from husqy_graphql.modules import MODULES
from husqy_graphql.modules.autoresponder import graphql as autoresponder
from husqy_graphql.modules.giveaways import graphql as giveaways
from husqy_graphql.modules.invite_tracker import graphql as invite_tracker
from husqy_graphql.modules.logging import graphql as logging
from husqy_graphql.modules.polls import graphql as polls
from husqy_graphql.modules.reminders import graphql as reminders
from husqy_graphql.modules.rules import graphql as rules
from husqy_graphql.modules.tags import graphql as tags
from husqy_graphql.modules.verifier import types as verifier
from husqy_graphql.modules.welcoming import graphql as welcoming

Name = Annotated[ModuleName, strawberry.argument(description="Which module.")]


@strawberry.type(
    description="What a module had stored. The field of the module that it was is filled, the others are null."
)
class DeletedModule:
    name: ModuleName = strawberry.field(description="Which module it was.")
    wiped: strawberry.Private[Any]

    @strawberry.field(description="What the logging module had stored.")
    def logging(self) -> logging.DeletedLogging | None:
        return logging.to_deleted(self.wiped) if self.name is ModuleName.LOGGING else None

    @strawberry.field(description="What the welcoming module had stored.")
    def welcoming(self) -> welcoming.DeletedWelcoming | None:
        return welcoming.to_deleted(self.wiped) if self.name is ModuleName.WELCOMING else None

    @strawberry.field(description="What the autoresponder had stored.")
    def autoresponder(self) -> autoresponder.DeletedAutoresponder | None:
        return autoresponder.to_deleted(self.wiped) if self.name is ModuleName.AUTORESPONDER else None

    @strawberry.field(description="What the tags module had stored.")
    def tags(self) -> tags.DeletedTags | None:
        return tags.to_deleted(self.wiped) if self.name is ModuleName.TAGS else None

    @strawberry.field(description="What the rules module had stored.")
    def rules(self) -> rules.DeletedRules | None:
        return rules.to_deleted(self.wiped) if self.name is ModuleName.RULES else None

    @strawberry.field(description="What the verifier had stored.")
    def verifier(self) -> verifier.DeletedVerifier | None:
        return verifier.to_deleted(self.wiped) if self.name is ModuleName.VERIFIER else None

    @strawberry.field(description="What the invite tracker had stored.")
    def invite_tracker(self) -> invite_tracker.DeletedInviteTracker | None:
        return invite_tracker.to_deleted(self.wiped) if self.name is ModuleName.INVITE_TRACKER else None

    @strawberry.field(description="What the polls module had stored.")
    def polls(self) -> polls.DeletedPolls | None:
        return polls.to_deleted(self.wiped) if self.name is ModuleName.POLLS else None

    @strawberry.field(description="What the reminders module had stored.")
    def reminders(self) -> reminders.DeletedReminders | None:
        return reminders.to_deleted(self.wiped) if self.name is ModuleName.REMINDERS else None

    @strawberry.field(description="What the giveaways module had stored.")
    def giveaways(self) -> giveaways.DeletedGiveaways | None:
        return giveaways.to_deleted(self.wiped) if self.name is ModuleName.GIVEAWAYS else None


@strawberry.type(description="What switching a module off answers.")
class ModuleDisablePayload:
    deleted: DeletedModule = strawberry.field(description="All that was stored for the module, which is gone now.")


@strawberry.type(description="What purging a module answers.")
class ModulePurgePayload:
    deleted: DeletedModule = strawberry.field(description="All that was stored for the module, which is gone now.")


async def enable(info: Info, guild_id: int, name: ModuleName) -> None:
    """Switch a module on; raises what `authorize` and `enable_module` raise."""
    access = await info.context.authorize(guild_id, Permission.ADMINISTER)
    try:
        await enable_module(work_of(info.context), access, _module(name))
    except Exception as error:
        await info.context.log_failure(access, LogEvent.MODULES, error)
        raise
    info.context.forget()


@strawberry.type
class LifecycleMutation:
    @strawberry.mutation(
        description="Switch a module off, and delete all that is stored for it. For administrators. What Husqy has "
        "written on Discord stays there."
    )
    async def module_disable(self, info: Info, guild_id: GuildId, module: Name) -> ModuleDisablePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        try:
            wiped = await disable_module(work_of(info.context), access, _module(module))
        except Exception as error:
            await info.context.log_failure(access, LogEvent.MODULES, error)
            raise
        info.context.forget()
        return ModuleDisablePayload(deleted=DeletedModule(name=module, wiped=wiped))

    @strawberry.mutation(
        description="Delete all that is stored for a module, on or off, without a line in the logs. For "
        "administrators, and for Husqy itself when it leaves a guild."
    )
    async def module_purge(self, info: Info, guild_id: GuildId, module: Name) -> ModulePurgePayload | None:
        access = await info.context.authorize(guild_id, Permission.READ)
        wiped = await purge_module(work_of(info.context), access, _module(module))
        info.context.forget()
        return ModulePurgePayload(deleted=DeletedModule(name=module, wiped=wiped))


def _module(name: ModuleName) -> Module:
    module = MODULES.get(name)
    if module is None:
        raise BadUserInput(
            "This module is not there yet.", {"module": f"must be one of {', '.join(m.name for m in MODULES)}"}
        )
    return module
