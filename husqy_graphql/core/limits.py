"""The only list of tier limits: how many of a thing a guild may have, without and with Husqy+.

Source: premium.md. None is no limit of ours; Discord's own limits are not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from husqy_graphql.core.errors import Conflict, ConflictReason


@dataclass(frozen=True, slots=True)
class TierLimit:
    """`what` completes "at most N ...". `trims` says that the newest go when Husqy+ ends."""

    what: str
    free: int | None
    premium: int | None
    trims: bool = False

    def of(self, *, premium: bool) -> int | None:
        """The limit of a guild; None for no limit."""
        return self.premium if premium else self.free


class Limit(Enum):
    """Each thing that a tier limits."""

    WELCOMING_DM_RESPONSES = TierLimit("responses by direct message", 1, None, trims=True)
    WELCOMING_WELCOME_RESPONSES = TierLimit("welcome responses in a channel", 1, None, trims=True)
    WELCOMING_LEAVE_RESPONSES = TierLimit("leave responses in a channel", 1, None, trims=True)
    WELCOMING_TIMEDROLES = TierLimit("timed roles", 1, None, trims=True)
    TEMPCHANNELS_CREATION_CHANNELS = TierLimit("creation channels", 1, None)
    TEMPCHANNELS_ACTIVE = TierLimit("temporary channels at a time", 5, None)
    SOCIALS_REDDIT = TierLimit("subreddits", 1, 10, trims=True)
    SOCIALS_TWITCH = TierLimit("Twitch accounts", 1, 10, trims=True)
    SOCIALS_RSS = TierLimit("feeds", 1, 10, trims=True)
    SOCIALS_YOUTUBE = TierLimit("YouTube channels", 1, 3, trims=True)
    REACTIONROLES_PANELS = TierLimit("role panels", 1, None, trims=True)
    REACTIONROLES_EMOJI_ENTRIES = TierLimit("entries of a panel of reactions", 5, 20, trims=True)
    REACTIONROLES_BUTTON_ENTRIES = TierLimit("entries of a panel of buttons", 5, 25, trims=True)
    REACTIONROLES_DROPDOWN_ENTRIES = TierLimit("entries of a panel with a menu", 5, 25, trims=True)
    AUTORESPONDER_TRIGGERS = TierLimit("triggers", 1, None, trims=True)
    AUTORESPONDER_RESPONSES = TierLimit("responses", 3, None, trims=True)
    TICKETS_PANELS = TierLimit("ticket panels", 1, None, trims=True)
    TICKETS_TYPES = TierLimit("ticket types", 5, 25, trims=True)  # free: of the guild; Husqy+: of each panel
    TICKETS_ACTIVE = TierLimit("open tickets", 10, None)
    SERVERSTATS_COUNTERS = TierLimit("counters", 3, None, trims=True)
    TAGS = TierLimit("tags", 10, None, trims=True)
    RULES = TierLimit("rules", 3, None, trims=True)
    POLLS_OPEN = TierLimit("open polls of Husqy's own kind", 1, None)
    POLLS_DISCORD_ANSWERS = TierLimit("answers of a poll of Discord's kind", 10, 10)
    POLLS_EMOJI_ANSWERS = TierLimit("answers of a poll by reactions", 5, 20)
    POLLS_BUTTON_ANSWERS = TierLimit("answers of a poll by buttons", 5, 25)
    POLLS_DROPDOWN_ANSWERS = TierLimit("answers of a poll with a menu", 5, 25)
    REMINDERS_QUICK = TierLimit("quick reminders of a member", 3, None)
    REMINDERS_REPEATED = TierLimit("repeated reminders", 1, None, trims=True)
    REMINDERS_SCHEDULED = TierLimit("scheduled reminders", 1, None, trims=True)
    GIVEAWAYS_RUNNING = TierLimit("running giveaways", 2, None)


def check_limit(limit: Limit, count: int, *, premium: bool, logged_as: str | None = None) -> None:
    """Raise Conflict unless one more may be made beside `count`; count under the guild's lock."""
    most = limit.value.of(premium=premium)
    if most is not None and count >= most:
        more = "" if premium or limit.value.premium == limit.value.free else " Husqy+ allows more."
        raise Conflict(
            f"This server has {count} {limit.value.what}; at most {most} are allowed.{more}",
            ConflictReason.LIMIT_REACHED,
            logged_as=logged_as,
        )
