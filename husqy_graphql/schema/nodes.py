"""`node` and `nodes`: any row by its global id, under the same permission as where it hangs in the schema."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import strawberry

from husqy_graphql.api_keys.graphql import to_api_key
from husqy_graphql.api_keys.repository import keys_by_ids
from husqy_graphql.api_keys.service import reveal
from husqy_graphql.core.access import Permission
from husqy_graphql.core.errors import BadUserInput, Forbidden
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.jobs import effects_by_ids
from husqy_graphql.gql.connections import PAGE_MAX
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.effects import to_effect
from husqy_graphql.gql.nodes import Node, decode_node_id
from husqy_graphql.guilds import repository as guilds
from husqy_graphql.guilds.audit_log import to_audit_log_entry
from husqy_graphql.guilds.types import to_entitlement, to_settings
from husqy_graphql.modules.autoresponder import repository as autoresponder_repository
from husqy_graphql.modules.autoresponder.types import to_response, to_trigger
from husqy_graphql.modules.giveaways import repository as giveaways_repository
from husqy_graphql.modules.giveaways.types import to_giveaway
from husqy_graphql.modules.giveaways.types import to_settings as to_giveaways_settings
from husqy_graphql.modules.invite_tracker import repository as invite_repository
from husqy_graphql.modules.invite_tracker import types as invite_tracker
from husqy_graphql.modules.logging import repository as logging_repository
from husqy_graphql.modules.logging.graphql import to_settings as to_logging_settings
from husqy_graphql.modules.polls import repository as polls_repository
from husqy_graphql.modules.polls.types import to_poll
from husqy_graphql.modules.polls.types import to_settings as to_polls_settings
from husqy_graphql.modules.reminders import repository as reminders_repository
from husqy_graphql.modules.reminders.types import to_reminder
from husqy_graphql.modules.rules import repository as rules_repository
from husqy_graphql.modules.rules.types import to_active_entry, to_entry
from husqy_graphql.modules.rules.types import to_settings as to_rules_settings
from husqy_graphql.modules.tags import repository as tags_repository
from husqy_graphql.modules.tags.types import to_tag
from husqy_graphql.modules.verifier import repository as verifier_repository
from husqy_graphql.modules.verifier.types import to_entry as to_verifier_entry
from husqy_graphql.modules.verifier.types import to_settings as to_verifier_settings
from husqy_graphql.modules.welcoming import repository as welcoming_repository
from husqy_graphql.modules.welcoming import types as welcoming

# How rows are read, what its field in `Guild` asks of the caller, and how one is shown.
_NodeType = tuple[
    Callable[[Reads, Sequence[int]], Awaitable[Sequence[Any]]], Permission, Callable[[Context, Any], Node]
]

NODE_TYPES: Mapping[str, _NodeType] = {
    "ApiKey": (
        keys_by_ids,
        Permission.MANAGE_API_KEYS,
        lambda context, row: to_api_key(reveal(row, context.resources.key_ring)),
    ),
    "AutoresponderResponse": (
        autoresponder_repository.responses_by_ids,
        Permission.ADMINISTER,
        lambda _, row: to_response(row),
    ),
    "AutoresponderTrigger": (
        autoresponder_repository.triggers_by_ids,
        Permission.ADMINISTER,
        lambda _, trigger: to_trigger(trigger),
    ),
    "AuditLogEntry": (guilds.audit_entries_by_ids, Permission.ADMINISTER, lambda _, row: to_audit_log_entry(row)),
    "Entitlement": (guilds.entitlements_by_ids, Permission.READ, lambda _, row: to_entitlement(row)),
    "InviteTrackerSettings": (
        invite_repository.settings_by_ids,
        Permission.READ,
        lambda _, row: invite_tracker.to_settings(row),
    ),
    "InviteUse": (invite_repository.uses_by_ids, Permission.READ, lambda _, row: invite_tracker.to_use(row)),
    "TrackedInvite": (invite_repository.invites_by_ids, Permission.READ, lambda _, row: invite_tracker.to_invite(row)),
    "LoggingSettings": (logging_repository.settings_by_ids, Permission.READ, lambda _, row: to_logging_settings(row)),
    "Effect": (effects_by_ids, Permission.ADMINISTER, lambda _, row: to_effect(row)),
    "Poll": (polls_repository.polls_by_ids, Permission.READ, lambda _, row: to_poll(row)),
    "PollsSettings": (polls_repository.settings_by_ids, Permission.READ, lambda _, row: to_polls_settings(row)),
    "Reminder": (reminders_repository.reminders_by_ids, Permission.READ, lambda _, row: to_reminder(row)),
    "Giveaway": (giveaways_repository.giveaways_by_ids, Permission.READ, lambda _, row: to_giveaway(row)),
    "GiveawaysSettings": (
        giveaways_repository.settings_by_ids,
        Permission.READ,
        lambda _, row: to_giveaways_settings(row),
    ),
    "RulesActiveEntry": (
        rules_repository.active_entries_by_ids,
        Permission.READ,
        lambda _, row: to_active_entry(row),
    ),
    "RulesEntry": (rules_repository.entries_by_ids, Permission.READ, lambda _, row: to_entry(row)),
    "RulesSettings": (
        rules_repository.settings_by_ids,
        Permission.READ,
        lambda _, settings: to_rules_settings(settings),
    ),
    "VerifierEntry": (verifier_repository.entries_by_ids, Permission.ADMINISTER, lambda _, row: to_verifier_entry(row)),
    "VerifierSettings": (
        verifier_repository.settings_by_ids,
        Permission.READ,
        lambda _, settings: to_verifier_settings(settings),
    ),
    "GuildSettings": (guilds.settings_by_ids, Permission.READ, lambda _, row: to_settings(row)),
    "Tag": (tags_repository.tags_by_ids, Permission.READ, lambda _, tag: to_tag(tag)),
    "WelcomingResponse": (
        welcoming_repository.responses_by_ids,
        Permission.READ,
        lambda _, row: welcoming.to_response(row),
    ),
    "WelcomingSettings": (
        welcoming_repository.settings_by_ids,
        Permission.READ,
        lambda _, settings: welcoming.to_settings(settings),
    ),
    "WelcomingTimedRole": (
        welcoming_repository.timed_roles_by_ids,
        Permission.READ,
        lambda _, row: welcoming.to_timed_role(row),
    ),
}


@strawberry.type
class NodeQuery:
    @strawberry.field(description="Any object by its `id`; null when it is not there, or is not for you.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The global id.")]
    ) -> Node | None:
        return await _find(info.context, id)

    @strawberry.field(description=f"Up to {PAGE_MAX} objects by their `id`s, in the same order.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="The global ids.")],
    ) -> list[Node | None]:
        if len(ids) > PAGE_MAX:
            raise BadUserInput(
                f"These are {len(ids)} ids, more than {PAGE_MAX}.", {"ids": f"must be at most {PAGE_MAX}"}
            )
        return await asyncio.gather(*(_find(info.context, each) for each in ids))


async def _find(context: Context, node_id: str) -> Node | None:
    context.require_actor()
    type_name, row_id = decode_node_id(node_id)
    if type_name not in NODE_TYPES:
        return None
    _, permission, show = NODE_TYPES[type_name]
    row = await context.load(_LOADERS[type_name], row_id)
    if row is None:
        return None
    try:
        await context.authorize(row.guild_id, permission)
    except Forbidden:
        return None  # which rows exist is nobody's business but their guild's
    return show(context, row)


def _loader(type_name: str) -> Callable[[Context, Sequence[int]], Awaitable[list[Any]]]:
    read = NODE_TYPES[type_name][0]

    async def load(context: Context, row_ids: Sequence[int]) -> list[Any]:
        found = {row.id: row for row in await read(context.resources.reads, row_ids)}
        return [found.get(row_id) for row_id in row_ids]

    return load


_LOADERS = {type_name: _loader(type_name) for type_name in NODE_TYPES}
