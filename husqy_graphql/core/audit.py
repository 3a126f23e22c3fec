"""The only list of audited actions, and how a change is written down."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any

from husqy_graphql.core.access import Actor, ApiKeyActor, ServiceActor, UserActor, acting_user_id
from husqy_graphql.core.modules import ModuleName


class AuditAction(Enum):
    """A change that leaves a row in the audit log; the value is stored. A guild that is left takes its log with it."""

    GUILD_JOIN = "guild.join"
    GUILD_LEAVE = "guild.leave"
    GUILD_SETTINGS_UPDATE = "guild.settings.update"
    GUILD_ENTITLEMENT_UPSERT = "guild.entitlement.upsert"
    API_KEY_CREATE = "api_key.create"
    API_KEY_DELETE = "api_key.delete"
    MEMBER_UPDATE = "member.update"
    MEMBER_LEAVE = "member.leave"
    MEMBER_DATA_COLLECTION_SET = "member.data_collection.set"
    MEMBER_DATA_DELETE = "member.data.delete"
    EFFECT_RETRY = "effect.retry"
    MODULE_ENABLE = "module.enable"
    MODULE_DISABLE = "module.disable"
    MODULE_PURGE = "module.purge"
    LOGGING_SETTINGS_UPDATE = "logging.settings.update"
    WELCOMING_SETTINGS_UPDATE = "welcoming.settings.update"
    WELCOMING_RESPONSE_CREATE = "welcoming.response.create"
    WELCOMING_RESPONSE_DELETE = "welcoming.response.delete"
    WELCOMING_TIMED_ROLE_CREATE = "welcoming.timed_role.create"
    WELCOMING_TIMED_ROLE_DELETE = "welcoming.timed_role.delete"
    AUTORESPONDER_TRIGGER_CREATE = "autoresponder.trigger.create"
    AUTORESPONDER_TRIGGER_UPDATE = "autoresponder.trigger.update"
    AUTORESPONDER_TRIGGER_DELETE = "autoresponder.trigger.delete"
    AUTORESPONDER_RESPONSE_CREATE = "autoresponder.response.create"
    AUTORESPONDER_RESPONSE_DELETE = "autoresponder.response.delete"
    TAG_CREATE = "tags.tag.create"
    TAG_UPDATE = "tags.tag.update"
    TAG_DELETE = "tags.tag.delete"
    RULES_SETTINGS_UPDATE = "rules.settings.update"
    RULES_ENTRY_CREATE = "rules.entry.create"
    RULES_ENTRY_DELETE = "rules.entry.delete"
    VERIFIER_SETTINGS_UPDATE = "verifier.settings.update"
    VERIFIER_VERIFICATION_CREATE = "verifier.verification.create"
    VERIFIER_VERIFICATION_HANDLE = "verifier.verification.handle"
    INVITE_TRACKER_SETTINGS_UPDATE = "invite_tracker.settings.update"
    INVITE_CREATE = "invite_tracker.invite.create"
    INVITE_DELETE = "invite_tracker.invite.delete"
    INVITE_JOIN = "invite_tracker.use.join"
    INVITE_LEAVE = "invite_tracker.use.leave"
    POLLS_SETTINGS_UPDATE = "polls.settings.update"
    POLL_CREATE = "polls.poll.create"
    POLL_UPDATE = "polls.poll.update"
    POLL_CLOSE = "polls.poll.close"
    POLL_END = "polls.poll.end"
    POLL_DELETE = "polls.poll.delete"
    POLL_VOTE = "polls.poll.vote"
    REMINDER_CREATE = "reminders.reminder.create"
    REMINDER_DELETE = "reminders.reminder.delete"
    REMINDER_COMPLETE = "reminders.reminder.complete"
    REMINDER_POSTPONE = "reminders.reminder.postpone"
    REMINDER_SEND = "reminders.reminder.send"
    GIVEAWAYS_SETTINGS_UPDATE = "giveaways.settings.update"
    GIVEAWAY_CREATE = "giveaways.giveaway.create"
    GIVEAWAY_UPDATE = "giveaways.giveaway.update"
    GIVEAWAY_DELETE = "giveaways.giveaway.delete"
    GIVEAWAY_ENTRY = "giveaways.giveaway.entry"
    GIVEAWAY_CLOSE = "giveaways.giveaway.close"
    GIVEAWAY_DRAW = "giveaways.giveaway.draw"
    GIVEAWAY_REROLL = "giveaways.giveaway.reroll"

    @property
    def module(self) -> ModuleName | None:
        """The module that the change is one of; None for what belongs to no module."""
        return _MODULES.get(self.value.partition(".")[0])


NOT_KEPT = "(not kept)"
_MODULES = {module.value: module for module in ModuleName}


class ActorKind(Enum):
    """What kind of caller made a change; the value is stored."""

    USER = "user"
    API_KEY = "api_key"
    SERVICE = "service"


def describe_actor(actor: Actor) -> tuple[ActorKind, int | None]:
    """The kind of the caller, and the person behind it where one is known (never which API key it was)."""
    kinds = {UserActor: ActorKind.USER, ApiKeyActor: ActorKind.API_KEY, ServiceActor: ActorKind.SERVICE}
    return kinds[type(actor)], acting_user_id(actor)


def changed_fields(
    before: Mapping[str, Any], after: Mapping[str, Any], hidden: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The fields whose value differs, as `{"field", "before", "after"}`, in the order of `after`. What members wrote is
    `hidden`: the audit log names such fields, and must not keep what a member may have erased."""
    return [
        {"field": field, "before": None, "after": NOT_KEPT}
        if field in hidden
        else {"field": field, "before": before.get(field), "after": value}
        for field, value in after.items()
        if before.get(field) != value
    ]
