"""The audit log of a guild in the schema."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
import strawberry
from strawberry.utils.str_converters import to_camel_case

from husqy_graphql.core.access import Permission
from husqy_graphql.core.audit import ActorKind, AuditAction
from husqy_graphql.gql.arguments import After, First
from husqy_graphql.gql.connections import Connection, decode_cursor, encode_cursor, page_size, to_connection
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.guilds import repository

graphql_enum(
    AuditAction,
    "What was done.",
    {
        "GUILD_JOIN": "Husqy joined the guild.",
        "GUILD_LEAVE": "Husqy left the guild, and its audit log went with everything else; subscriptions tell of it.",
        "GUILD_SETTINGS_UPDATE": "The general settings were changed.",
        "GUILD_ENTITLEMENT_UPSERT": "Discord reported an entitlement.",
        "API_KEY_CREATE": "An API key was made.",
        "API_KEY_DELETE": "An API key was deleted.",
        "MEMBER_UPDATE": "The cached names or picture of a member were changed.",
        "MEMBER_LEAVE": "A member left, and what was cached of that member was deleted.",
        "MEMBER_DATA_COLLECTION_SET": "A member chose whether data may be collected.",
        "MEMBER_DATA_DELETE": "A member had the stored data deleted.",
        "EFFECT_RETRY": "What Discord had refused was tried again.",
        "MODULE_ENABLE": "A module was switched on.",
        "MODULE_DISABLE": "A module was switched off, and what was stored for it deleted.",
        "MODULE_PURGE": "What was stored for a module was deleted without a word.",
        "LOGGING_SETTINGS_UPDATE": "The channel or the switches of the logging module were changed.",
        "WELCOMING_SETTINGS_UPDATE": "The settings of the welcoming module were changed.",
        "WELCOMING_RESPONSE_CREATE": "A welcoming response was added.",
        "WELCOMING_RESPONSE_DELETE": "A welcoming response was deleted.",
        "WELCOMING_TIMED_ROLE_CREATE": "A timed role was added.",
        "WELCOMING_TIMED_ROLE_DELETE": "A timed role was deleted.",
        "AUTORESPONDER_TRIGGER_CREATE": "A trigger was added.",
        "AUTORESPONDER_TRIGGER_UPDATE": "A trigger was changed.",
        "AUTORESPONDER_TRIGGER_DELETE": "A trigger was deleted.",
        "AUTORESPONDER_RESPONSE_CREATE": "A response was added.",
        "AUTORESPONDER_RESPONSE_DELETE": "A response was deleted.",
        "TAG_CREATE": "A tag was made.",
        "TAG_UPDATE": "A tag was changed.",
        "TAG_DELETE": "A tag was deleted.",
        "RULES_SETTINGS_UPDATE": "Where the rules stand, or what accepting and denying them does, was changed.",
        "RULES_ENTRY_CREATE": "A rule was added.",
        "RULES_ENTRY_DELETE": "A rule was deleted.",
        "VERIFIER_SETTINGS_UPDATE": "The settings of the verifier were changed.",
        "VERIFIER_VERIFICATION_CREATE": "A member got a prompt of the verifier; subscriptions alone tell of it.",
        "VERIFIER_VERIFICATION_HANDLE": "A member passed the verifier; subscriptions alone tell of it.",
        "INVITE_TRACKER_SETTINGS_UPDATE": "The settings of the invite tracker were changed.",
        "INVITE_CREATE": "An invite was made; of one that was made on Discord, subscriptions alone tell.",
        "INVITE_DELETE": "An invite was deleted; of one that was deleted on Discord, subscriptions alone tell.",
        "INVITE_JOIN": "Somebody joined by an invite that is followed; subscriptions alone tell of it.",
        "INVITE_LEAVE": "Somebody left who had joined by an invite; subscriptions alone tell of it.",
        "POLLS_SETTINGS_UPDATE": "How long polls are kept was changed.",
        "POLL_CREATE": "A poll was made.",
        "POLL_UPDATE": "A poll was changed.",
        "POLL_CLOSE": "A poll was closed before its time.",
        "POLL_END": "A poll came to its end; subscriptions alone tell of it.",
        "POLL_DELETE": "A poll was deleted; of one whose message or time was gone, subscriptions alone tell.",
        "POLL_VOTE": "A member voted in a poll, or took votes back; subscriptions alone tell of it.",
        "REMINDER_CREATE": "A reminder was set.",
        "REMINDER_DELETE": "A reminder was deleted; of one over a limit, or of a member who is gone, subscriptions "
        "alone tell.",
        "REMINDER_COMPLETE": "A member was done with a quick reminder, which is gone.",
        "REMINDER_POSTPONE": "A member put a quick reminder off: another one stands in its place.",
        "REMINDER_SEND": "A reminder was sent, or could not be; subscriptions alone tell of it.",
        "GIVEAWAYS_SETTINGS_UPDATE": "How long giveaways are kept was changed.",
        "GIVEAWAY_CREATE": "A giveaway was made.",
        "GIVEAWAY_UPDATE": "A giveaway was changed.",
        "GIVEAWAY_DELETE": "A giveaway was deleted; of one whose time was over, subscriptions alone tell.",
        "GIVEAWAY_ENTRY": "A member entered or left a giveaway; subscriptions alone tell of it.",
        "GIVEAWAY_CLOSE": "The time of a giveaway is up, and its draw is next; subscriptions alone tell of it.",
        "GIVEAWAY_DRAW": "The winners of a giveaway were drawn; its seed and the entrants give the same again.",
        "GIVEAWAY_REROLL": "Winners of a giveaway were drawn once more, with a seed of its own.",
    },
)


@strawberry.type(description="Who made a change.")
class AuditActor:
    kind: ActorKind = strawberry.field(description="What kind of caller it was.")
    user_id: Snowflake | None = strawberry.field(description="The person; null where none is known.")


@strawberry.type(description="A field that a change touched.")
class AuditChange:
    field: str = strawberry.field(description="The name of the field.")
    before: str | None = strawberry.field(description="Its value before as JSON; null when it had none.")
    after: str | None = strawberry.field(description="Its value since then as JSON; null when it has none.")


@strawberry.type(description="One change to what is stored for a guild.")
class AuditLogEntry(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("AuditLogEntry", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    at: datetime = strawberry.field(description="When it was done.")
    actor: AuditActor = strawberry.field(description="Who did it.")
    action: AuditAction = strawberry.field(description="What was done.")
    target: str = strawberry.field(description="What it was done to.")
    changes: list[AuditChange] = strawberry.field(description="The fields whose value is another one since.")
    request_id: str = strawberry.field(description="The id of the request, as in the log and in `X-Request-Id`.")


@strawberry.input(description="Which changes to list; what is left out does not restrict.")
class AuditLogFilter:
    action: AuditAction | None = strawberry.field(description="Only this action.", default=None)
    actor_user_id: Snowflake | None = strawberry.field(description="Only what this person did.", default=None)
    since: datetime | None = strawberry.field(description="Only from this time on.", default=None)
    until: datetime | None = strawberry.field(description="Only before this time.", default=None)


@strawberry.type
class AuditLogFields(GuildObject):
    """The audit log of `Guild`."""

    @strawberry.field(description="What was changed in this guild, the newest first. For administrators.")
    async def audit_log(
        self,
        first: First = None,
        after: After = None,
        filter: Annotated[AuditLogFilter | None, strawberry.argument(description="Which changes to list.")] = None,
    ) -> Connection[AuditLogEntry] | None:
        await self.context.authorize(self.guild_id, Permission.ADMINISTER)
        size, wanted = page_size(self.context, first), filter or AuditLogFilter()
        rows = await repository.audit_log(
            self.context.resources.reads,
            self.guild_id,
            before_id=decode_cursor(after),
            limit=None if size is None else size + 1,
            action=wanted.action.value if wanted.action else None,
            actor_user_id=wanted.actor_user_id,
            since=wanted.since,
            until=wanted.until,
        )
        entries = [to_audit_log_entry(row) for row in rows]
        return to_connection(entries, size, lambda entry: encode_cursor(entry.database_id))


def to_audit_log_entry(row: Any) -> AuditLogEntry:
    """An audit row as the schema shows it."""
    return AuditLogEntry(
        database_id=row.id,
        at=row.at,
        actor=AuditActor(kind=ActorKind(row.actor_kind), user_id=row.actor_user_id),
        action=AuditAction(row.action),
        target=row.target,
        changes=[
            AuditChange(field=to_camel_case(each["field"]), before=_json(each["before"]), after=_json(each["after"]))
            for each in row.changes
        ],
        request_id=row.request_id,
    )


def _json(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
