"""The 15 modules of Husqy, by name."""

from __future__ import annotations

from enum import Enum


class ModuleName(Enum):
    """A module that administrators switch on and off; the value is its name in addresses and columns."""

    LOGGING = "logging"
    WELCOMING = "welcoming"
    TEMPCHANNELS = "tempchannels"
    SOCIALS = "socials"
    REACTIONROLES = "reactionroles"
    AUTORESPONDER = "autoresponder"
    TICKETS = "tickets"
    SERVERSTATS = "serverstats"
    TAGS = "tags"
    VERIFIER = "verifier"
    RULES = "rules"
    INVITE_TRACKER = "invite_tracker"
    POLLS = "polls"
    GIVEAWAYS = "giveaways"
    REMINDERS = "reminders"


def enabled_column(module: ModuleName) -> str:
    """The column of a guild's settings row that says whether the module is on."""
    return f"module_{module.value}"
