"""The 145 switches of the logging module: their names, their categories, and the sentences of their lines.

A sentence goes on after the actor's name, and takes values out of the event's data: `{channel}`, `{old_channel}`,
`{role}` and `{member}` are mentions of ids, every other name in braces is a text in code style. What is not there is
left out with its brackets: `[in {channel}]`. Source: logging.md, sections 4 and 5.
"""

from __future__ import annotations

from enum import Enum


class LogCategory(Enum):
    """What an event belongs to; the value is the contract's word."""

    GENERAL = "general"
    CHANNEL = "channel"
    ROLE = "role"
    USER = "user"
    MISC = "misc"
    UTILS = "utils"
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
    REMINDERS = "reminders"
    GIVEAWAYS = "giveaways"


# Its commands are gone: the switch is kept, and no line is ever written.
DORMANT = ""

_G, _C, _R, _U = LogCategory.GENERAL, LogCategory.CHANNEL, LogCategory.ROLE, LogCategory.USER
_W, _S, _RR, _A = LogCategory.WELCOMING, LogCategory.SOCIALS, LogCategory.REACTIONROLES, LogCategory.AUTORESPONDER
_TC, _TI, _P, _GI = LogCategory.TEMPCHANNELS, LogCategory.TICKETS, LogCategory.POLLS, LogCategory.GIVEAWAYS
_RE, _UT = LogCategory.REMINDERS, LogCategory.UTILS


# fmt: off
class LogEvent(Enum):
    """An event that a switch of the same name turns on: `log_` and the first part of the value."""

    ERRORS = ("errors", _G, "ran into a failure[: {text}]")
    INFO = ("info", _G, "asked for information[ with {command}]")
    SETTINGS_CHANGED = ("settings_changed", _G, "changed the general settings[: {name}]")
    HELP = ("help", _G, "asked for help")
    MODULES = ("modules", _G, "{action} the module {module}")
    CHANNEL_CREATE = ("channel_create", _C, "created the channel {channel}[ ({name})]")
    CHANNEL_DELETE = ("channel_delete", _C, "deleted the channel {name}")
    CHANNEL_UPDATE = ("channel_update", _C, "changed the channel {channel}[ ({name})]")
    CHANNEL_JOIN = ("channel_join", _C, "joined the voice channel {channel}[ {name}]")
    CHANNEL_LEAVE = ("channel_leave", _C, "left the voice channel {channel}[ {name}]")
    CHANNEL_MOVE = ("channel_move", _C, "moved[ from {old_channel}] to the voice channel {channel}[ {name}]")
    CLEAR_MESSAGES = ("clear_messages", _C, DORMANT)
    SLOWMODE = ("slowmode", _C, DORMANT)
    CHANNEL_LOCK = ("channel_lock", _C, DORMANT)
    CHANNEL_UNLOCK = ("channel_unlock", _C, DORMANT)
    ROLE_CREATE = ("role_create", _R, "created the role {role}[ ({name})]")
    ROLE_DELETE = ("role_delete", _R, "deleted the role {name}")
    ROLE_UPDATE = ("role_update", _R, "changed the role {role}[ ({name})]")
    KICK_EVENTS = ("kick_events", _U, "kicked {member}[: {text}]")
    BAN_CREATE = ("ban_create", _U, "banned {member}[: {text}]")
    BAN_DELETE = ("ban_delete", _U, "lifted the ban of {member}")
    USER_SERVER_MUTED = ("user_server_muted", _U, "muted {member} in voice channels")
    USER_SERVER_UNMUTED = ("user_server_unmuted", _U, "unmuted {member} in voice channels")
    USER_SERVER_DEAFEND = ("user_server_deafend", _U, "deafened {member} in voice channels")
    USER_SERVER_UNDEAFEND = ("user_server_undeafend", _U, "undeafened {member} in voice channels")
    USER_DEAFEND = ("user_deafend", _U, "went deaf[ in {channel}]")
    USER_UNDEAFEND = ("user_undeafend", _U, "listens again[ in {channel}]")
    USER_MUTED = ("user_muted", _U, "went mute[ in {channel}]")
    USER_UNMUTED = ("user_unmuted", _U, "speaks again[ in {channel}]")
    USER_STREAM_STARTED = ("user_stream_started", _U, "started to stream[ in {channel}]")
    USER_STREAM_STOPPED = ("user_stream_stopped", _U, "stopped the stream[ in {channel}]")
    USER_CAMERA_STREAM_STARTED = ("user_camera_stream_started", _U, "switched the camera on[ in {channel}]")
    USER_CAMERA_STREAM_STOPPED = ("user_camera_stream_stopped", _U, "switched the camera off[ in {channel}]")
    USER_WARN_CREATE = ("user_warn_create", _U, DORMANT)
    USER_WARN_DELETE = ("user_warn_delete", _U, DORMANT)
    VCKICK = ("vckick", _U, DORMANT)
    MOVE = ("move", _U, DORMANT)
    TEMPMUTE = ("tempmute", _U, DORMANT)
    TEMPTIMEOUT = ("temptimeout", _U, DORMANT)
    GAMES = ("games", LogCategory.MISC, "played[ {name}][ against {member}][: {text}]")
    MEME = ("meme", LogCategory.MISC, "asked for a meme[ from {name}]")
    CUSTOMEMBED_CREATE = ("customembed_create", _UT, DORMANT)
    CUSTOMEMBED_SEND = ("customembed_send", _UT, "sent an embed[ to {channel}]")
    CUSTOMMODAL_CREATE = ("custommodal_create", _UT, "made a form[ {name}]")
    CUSTOMMODAL_PREVIEW = ("custommodal_preview", _UT, "tried a form[ {name}]")
    QR_GENERATED = ("qr_generated", _UT, "made a QR code")
    TIME_CONVERTED = ("time_converted", _UT, "converted a time[: {text}]")
    WELCOMING_RESPONSE_CREATE = ("welcoming_response_create", _W, "added a welcoming response[ of type {name}]")
    WELCOMING_RESPONSE_DELETE = ("welcoming_response_delete", _W, "deleted a welcoming response[ of type {name}]")
    WELCOMING_TIMEDROLE_CREATE = ("welcoming_timedrole_create", _W, "added the timed role {role}[ after {name}]")
    WELCOMING_TIMEDROLE_DELETE = ("welcoming_timedrole_delete", _W, "deleted the timed role {role}")
    WELCOMING_CHECK_WELCOME_DM = ("welcoming_check_welcome_dm", _W, "was welcomed by direct message")
    WELCOMING_CHECK_WELCOME_CHANNEL = ("welcoming_check_welcome_channel", _W, "was welcomed in {channel}")
    WELCOMING_CHECK_LEAVE_CHANNEL = ("welcoming_check_leave_channel", _W, "was seen off in {channel}")
    WELCOMING_CHECK_ROLE_ON_JOIN = ("welcoming_check_role_on_join", _W, "got the role {role} on joining")
    WELCOMING_CHECK_ROLE_TIMED = ("welcoming_check_role_timed", _W, "got the timed role {role}")
    SOCIALS_REDDIT_ADD = ("socials_reddit_add", _S, "follows the subreddit {name}[ in {channel}]")
    SOCIALS_REDDIT_REMOVE = ("socials_reddit_remove", _S, "follows the subreddit {name} no more")
    SOCIALS_RSS_ADD = ("socials_rss_add", _S, "follows the feed {name}[ in {channel}]")
    SOCIALS_RSS_REMOVE = ("socials_rss_remove", _S, "follows the feed {name} no more")
    SOCIALS_TWITCH_ADD = ("socials_twitch_add", _S, "follows {name} on Twitch[ in {channel}]")
    SOCIALS_TWITCH_REMOVE = ("socials_twitch_remove", _S, "follows {name} on Twitch no more")
    SOCIALS_YOUTUBE_ADD = ("socials_youtube_add", _S, "follows {name} on YouTube[ in {channel}]")
    SOCIALS_YOUTUBE_REMOVE = ("socials_youtube_remove", _S, "follows {name} on YouTube no more")
    REACTIONROLES_PANEL_CREATE = ("reactionroles_panel_create", _RR, "created the role panel {name}[ in {channel}]")
    REACTIONROLES_PANEL_DELETE = ("reactionroles_panel_delete", _RR, "deleted the role panel {name}")
    REACTIONROLES_PANEL_EDIT = ("reactionroles_panel_edit", _RR, "changed the role panel {name}")
    REACTIONROLES_PANEL_ENTRY_CREATE = (
        "reactionroles_panel_entry_create", _RR, "added the role {role} to the role panel {name}")
    REACTIONROLES_PANEL_ENTRY_DELETE = (
        "reactionroles_panel_entry_delete", _RR, "took the role {role} out of the role panel {name}")
    REACTIONROLES_PANEL_ENTRY_EDIT = (
        "reactionroles_panel_entry_edit", _RR, "changed the role {role} of the role panel {name}")
    AUTORESPONDER_TRIGGER_CREATED = ("autoresponder_trigger_created", _A, "added the trigger {name}")
    AUTORESPONDER_TRIGGER_DELETED = ("autoresponder_trigger_deleted", _A, "deleted the trigger {name}")
    AUTORESPONDER_TRIGGER_EDITED = ("autoresponder_trigger_edited", _A, "changed the trigger {name}")
    AUTORESPONDER_TRIGGER_HIT = ("autoresponder_trigger_hit", _A, "hit the trigger {name}[ in {channel}]")
    AUTORESPONDER_RESPONSE_CREATED = ("autoresponder_response_created", _A, "added a response[ of type {name}]")
    AUTORESPONDER_RESPONSE_DELETED = ("autoresponder_response_deleted", _A, "deleted a response[ of type {name}]")
    TAG_CREATE = ("tag_create", LogCategory.TAGS, "created the tag {name}")
    TAG_DELETE = ("tag_delete", LogCategory.TAGS, "deleted the tag {name}")
    TAG_EDIT = ("tag_edit", LogCategory.TAGS, "changed the tag {name}")
    TAG_SEND = ("tag_send", LogCategory.TAGS, "sent the tag {name}[ to {channel}]")
    TAG_PREVIEW = ("tag_preview", LogCategory.TAGS, "looked at the tag {name}")
    CREATION_CHANNEL_CREATE = ("creation_channel_create", _TC, "added the creation channel {channel}[ ({name})]")
    CREATION_CHANNEL_DELETE = ("creation_channel_delete", _TC, "deleted the creation channel {name}")
    CREATION_CHANNEL_EDIT = ("creation_channel_edit", _TC, "changed the creation channel {channel}[ ({name})]")
    TEMPCHANNEL_CHECK_CREATE = ("tempchannel_check_create", _TC, "opened the temporary channel {name}")
    TEMPCHANNEL_CHECK_DELETE = ("tempchannel_check_delete", _TC, "left the temporary channel {name}, which is gone")
    TEMPCHANNEL_NAME_EDITED = ("tempchannel_name_edited", _TC, "named a temporary channel {name}")
    TEMPCHANNEL_USER_LIMIT_EDITED = (
        "tempchannel_user_limit_edited", _TC, "changed the user limit of {name}[ to {text}]")
    TEMPCHANNEL_SLOWMODE_EDITED = ("tempchannel_slowmode_edited", _TC, "changed the slow mode of {name}[ to {text}]")
    TEMPCHANNEL_BITRATE_EDITED = ("tempchannel_bitrate_edited", _TC, "changed the bit rate of {name}[ to {text}]")
    TEMPCHANNEL_AGE_RESTRICTION_EDITED = (
        "tempchannel_age_restriction_edited", _TC, "changed the age restriction of {name}[ to {text}]")
    TEMPCHANNEL_REGION_EDITED = ("tempchannel_region_edited", _TC, "changed the region of {name}[ to {text}]")
    TEMPCHANNEL_CLAIMED = ("tempchannel_claimed", _TC, "claimed the temporary channel {name}")
    TEMPCHANNEL_TRANSFERRED = ("tempchannel_transferred", _TC, "gave the temporary channel {name} to {member}")
    TEMPCHANNEL_DELETED = ("tempchannel_deleted", _TC, "deleted the temporary channel {name}")
    TEMPCHANNEL_BLOCK_RULE_ADDED = ("tempchannel_block_rule_added", _TC, "blocked {member} in {name}")
    TEMPCHANNEL_BLOCK_RULE_REMOVED = ("tempchannel_block_rule_removed", _TC, "unblocked {member} in {name}")
    TEMPCHANNEL_TRUST_RULE_ADDED = ("tempchannel_trust_rule_added", _TC, "trusts {member} in {name}")
    TEMPCHANNEL_TRUST_RULE_REMOVED = ("tempchannel_trust_rule_removed", _TC, "trusts {member} in {name} no more")
    VERIFIER_VERIFICATION_CREATE = (
        "verifier_verification_create", LogCategory.VERIFIER, "began a verification[ in {channel}]")
    VERIFIER_VERIFICATION_HANDLE = (
        "verifier_verification_handle", LogCategory.VERIFIER, "ended a verification[: {text}]")
    RULES_RULE_ADD = ("rules_rule_add", LogCategory.RULES, "added the rule {name}")
    RULES_RULE_REMOVE = ("rules_rule_remove", LogCategory.RULES, "deleted the rule {name}")
    RULES_SEND_CHECK = ("rules_send_check", LogCategory.RULES, "got the rules[ in {channel}]")
    RULES_INTERACTION_CHECK = ("rules_interaction_check", LogCategory.RULES, "{action} the rules")
    TICKET_PANEL_CREATE = ("ticket_panel_create", _TI, "created the ticket panel {name}[ in {channel}]")
    TICKET_PANEL_EDIT = ("ticket_panel_edit", _TI, "changed the ticket panel {name}")
    TICKET_PANEL_DELETE = ("ticket_panel_delete", _TI, "deleted the ticket panel {name}")
    TICKET_TYPE_ADD = ("ticket_type_add", _TI, "added the ticket type {name}")
    TICKET_TYPE_DELETE = ("ticket_type_delete", _TI, "deleted the ticket type {name}")
    TICKET_CREATE = ("ticket_create", _TI, "opened the ticket {name}")
    TICKET_FORM_SHOWED = ("ticket_form_showed", _TI, "was shown the form of {name}")
    TICKET_DELETE = ("ticket_delete", _TI, "deleted the ticket {name}")
    TICKET_TRANSFER = ("ticket_transfer", _TI, "gave the ticket {name} to {member}")
    TICKET_REOPEN = ("ticket_reopen", _TI, "opened the ticket {name} again")
    TICKET_CLOSE = ("ticket_close", _TI, "closed the ticket {name}")
    TICKET_CLAIM = ("ticket_claim", _TI, "took the ticket {name}")
    TICKET_TRANSCRIBE = ("ticket_transcribe", _TI, "wrote out the ticket {name}")
    INVITE_CREATED = ("invite_created", LogCategory.INVITE_TRACKER, "made the invite {name}[ to {channel}]")
    INVITE_DELETED = ("invite_deleted", LogCategory.INVITE_TRACKER, "deleted the invite {name}")
    INVITE_BASED_JOIN = ("invite_based_join", LogCategory.INVITE_TRACKER, "joined by an invite[ of {member}]")
    INVITE_BASED_LEAVE = ("invite_based_leave", LogCategory.INVITE_TRACKER, "left[, once invited by {member}]")
    SERVERSTATS_COUNTER_CREATED = (
        "serverstats_counter_created", LogCategory.SERVERSTATS, "added the counter {name}[ in {channel}]")
    SERVERSTATS_COUNTER_DELETED = ("serverstats_counter_deleted", LogCategory.SERVERSTATS, "deleted the counter {name}")
    SERVERSTATS_STARBOARD_CHECK = (
        "serverstats_starboard_check", LogCategory.SERVERSTATS, "got a message onto the starboard[ in {channel}]")
    SERVERSTATS_COUNTERS_UPDATED = ("serverstats_counters_updated", LogCategory.SERVERSTATS, "updated the counters")
    POLLS_CREATED = ("polls_created", _P, "created the poll {name}[ in {channel}]")
    POLLS_EDITED = ("polls_edited", _P, "changed the poll {name}")
    POLLS_DELETED = ("polls_deleted", _P, "deleted the poll {name}")
    POLLS_CLOSED = ("polls_closed", _P, "saw the poll {name} come to its end")
    POLLS_CLOSED_MANUALLY = ("polls_closed_manually", _P, "closed the poll {name}")
    POLLS_VOTE_ADDED = ("polls_vote_added", _P, "voted in the poll {name}[ for {text}]")
    POLLS_VOTE_REMOVED = ("polls_vote_removed", _P, "took a vote back in the poll {name}[ for {text}]")
    REMINDERS_CREATED = ("reminders_created", _RE, "created the reminder {name}")
    REMINDERS_DELETED = ("reminders_deleted", _RE, "deleted the reminder {name}")
    REMINDERS_SEND = ("reminders_send", _RE, "was sent the reminder {name}[ in {channel}]")
    REMINDERS_COMPLETED = ("reminders_completed", _RE, "completed the reminder {name}")
    REMINDERS_REMINDED_LATER = ("reminders_reminded_later", _RE, "wants to be reminded of {name} later")
    GIVEAWAYS_CREATED = ("giveaways_created", _GI, "created the giveaway {name}[ in {channel}]")
    GIVEAWAYS_DELETED = ("giveaways_deleted", _GI, "deleted the giveaway {name}")
    GIVEAWAYS_EDITED = ("giveaways_edited", _GI, "changed the giveaway {name}")
    GIVEAWAYS_REROLLED = ("giveaways_rerolled", _GI, "drew again in the giveaway {name}[: {text}]")
    GIVEAWAYS_ENTERED = ("giveaways_entered", _GI, "entered the giveaway {name}")
    GIVEAWAYS_LEAVES = ("giveaways_leaves", _GI, "left the giveaway {name}")
    GIVEAWAYS_FINISHED = ("giveaways_finished", _GI, "finished the giveaway {name}[: {text}]")

    def __init__(self, switch: str, category: LogCategory, sentence: str) -> None:
        self.switch = switch
        self.category = category
        self.sentence = sentence

    @property
    def dormant(self) -> bool:
        """Whether no line is ever written for it."""
        return self.sentence == DORMANT


# fmt: on
EVENTS_BY_SWITCH = {event.switch: event for event in LogEvent}
