"""The only list of jobs: what is to be done on Discord, and what is to happen at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from husqy_graphql.core.modules import ModuleName


class JobKind(Enum):
    """A job of a module; the value is stored.

    An effect changes something on Discord: the effects of one object run one after the other, in the order in which
    they were asked for. A timer changes rows when its time has come, and leaves what follows on Discord to effects.
    """

    VERIFIER_SETTLE = "verifier.settle"
    VERIFIER_PROMPT_DELETE = "verifier.prompt_delete"
    VERIFIER_BUTTON_REMOVE = "verifier.button_remove"
    RULES_SETTLE = "rules.settle"
    RULES_MESSAGE_DELETE = "rules.message_delete"
    RULES_BUTTONS_REMOVE = "rules.buttons_remove"
    INVITE_SETTLE = "invite_tracker.settle"
    INVITE_JOIN_MESSAGE = "invite_tracker.join_message"
    INVITE_LEAVE_MESSAGE = "invite_tracker.leave_message"
    POLL_SETTLE = "polls.settle"
    POLL_REACT = "polls.react"
    POLL_SHOW = "polls.show"
    POLL_UNREACT = "polls.unreact"
    POLL_UNREACT_MEMBER = "polls.unreact_member"
    POLL_NOTICE = "polls.notice"
    POLL_MESSAGE_DELETE = "polls.message_delete"
    POLL_END = "polls.end"
    POLL_PURGE = "polls.purge"
    REMINDER_RUN = "reminders.run"
    REMINDER_SEND = "reminders.send"
    REMINDER_BUTTONS_REMOVE = "reminders.buttons_remove"
    GIVEAWAY_SETTLE = "giveaways.settle"
    GIVEAWAY_SHOW = "giveaways.show"
    GIVEAWAY_DRAW = "giveaways.draw"
    GIVEAWAY_NOTICE = "giveaways.notice"
    GIVEAWAY_MESSAGE_DELETE = "giveaways.message_delete"
    GIVEAWAY_END = "giveaways.end"
    GIVEAWAY_PURGE = "giveaways.purge"

    @property
    def module(self) -> ModuleName:
        """Whose it is."""
        return ModuleName(self.value.partition(".")[0])

    @property
    def is_effect(self) -> bool:
        return self not in _TIMERS


_TIMERS = frozenset(
    {
        JobKind.POLL_END,
        JobKind.POLL_PURGE,
        JobKind.REMINDER_RUN,
        JobKind.GIVEAWAY_END,
        JobKind.GIVEAWAY_PURGE,
    }
)


class JobState(Enum):
    """Where a job stands; the value is stored. A job that is done is gone."""

    PENDING = "pending"
    FAILED = "failed"  # Discord refuses it for good: nothing more is done unless somebody asks for it


@dataclass(frozen=True, slots=True)
class Job:
    """A job that somebody has claimed, and that is theirs until `leased_until`.

    `object_key` names the object, such as `poll:<its id>`; `part` tells several jobs of a kind for one object apart.
    `asked` counts how often it was asked for, `attempts` how often it was tried.
    """

    id: int
    guild_id: int
    kind: JobKind
    object_key: str
    part: str
    payload: dict[str, Any]
    created_at: datetime
    due_at: datetime
    asked: int
    attempts: int
    lease: str
    leased_until: datetime

    @property
    def object_id(self) -> str:
        """The object's own id, without what kind of object it is."""
        return self.object_key.partition(":")[2]

    @property
    def nonce(self) -> str:
        """What keeps the same message from being sent twice; 25 characters at most."""
        return f"job{self.id}"
