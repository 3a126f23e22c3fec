"""Every field and every REST operation against every kind of caller; a refusal changes nothing.

A new field or operation fails here until it is written into the table.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from graphql import GraphQLObjectType

from husqy_graphql.app import rest_endpoints
from husqy_graphql.schema import build_schema, graphql_schema
from tests.conftest import ADMIN, GUILD, MEMBER, OWNER, QUIET_GUILD, Api, client, credentials
from tests.sign_in import TRUSTED, sign_in
from tests.transport.streams import stream

ANONYMOUS = {"anonymous"}
INVALID = {"foreign application", "expired"}
ADMINISTRATORS = {"owner", "administrator", "owner by cookie"}
OTHERS = {"member", "outsider", "member by cookie"}
KEY = {"API key"}
FOREIGN_KEY = {"API key of another guild"}
SERVICE = {"service"}
FOR_ADMIN = {"service for an administrator"}
FOR_MEMBER = {"service for a member"}

SERVICES = SERVICE | FOR_ADMIN | FOR_MEMBER
VALID = ADMINISTRATORS | OTHERS | KEY | FOREIGN_KEY | SERVICES
CALLERS = ANONYMOUS | INVALID | VALID

ADMINISTER = ADMINISTRATORS | KEY | FOR_ADMIN
READ = ADMINISTER | SERVICES
AUTHOR = ADMINISTER | SERVICES  # past this a rule asks who owns the tag
THE_MEMBER = {"member", "member by cookie"} | FOR_MEMBER

G = f'"{GUILD}"'
M = f'"{MEMBER}"'

# Where it hangs -> how it is asked for, and who may.
QUERY: dict[str, tuple[str, set[str]]] = {
    "service": ("{ service { message readiness } }", ANONYMOUS | VALID),
    "rateLimit": ("{ rateLimit { cost } }", ANONYMOUS | VALID),
    "viewer": ("{ viewer { kind } }", VALID),
    "credential": ('{ credential(value: "sandbox-owner") { value } }', VALID),
    "hasGuildAccess": (f'{{ hasGuildAccess(guildId: {G}, target: "1") }}', VALID),
    "supportedLanguages": ("{ supportedLanguages { name } }", VALID),
    "supportedTimeZones": ("{ supportedTimeZones }", VALID),
    "supportedUnitSystems": ("{ supportedUnitSystems }", VALID),
    "variableReplacedContent": (
        f'{{ variableReplacedContent(content: "x", language: "en", timeZone: "UTC", guildId: {G}) }}',
        ADMINISTER,
    ),
    "memberDataEntries": (f"{{ memberDataEntries(guildId: {G}, userId: {M}) {{ userId }} }}", THE_MEMBER),
    "verifierEntry": ('{ verifierEntry(verifierId: "x") { id } }', VALID),
    "guilds": ("{ guilds { id } }", VALID - SERVICES),
    "guild": (f"{{ guild(id: {G}) {{ id }} }}", READ),
    "node": ('{ node(id: "R3VpbGRTZXR0aW5nczox") { id } }', VALID),
    "nodes": ('{ nodes(ids: ["R3VpbGRTZXR0aW5nczox"]) { id } }', VALID),
}
GUILD_FIELDS: dict[str, tuple[str, set[str]]] = {
    name: (f"{{ guild(id: {G}) {{ {field} }} }}", callers)
    for name, field, callers in (
        ("id", "id", READ),
        ("name", "name", READ),
        ("iconUrl", "iconUrl", READ),
        ("active", "active", READ),
        ("premium", "premium", READ),
        ("settings", "settings { language }", READ),
        ("modules", "modules { name }", READ),
        ("module", "module(name: POLLS) { enabled }", READ),
        ("logging", "logging { settings { channelId } }", READ),
        ("welcoming", "welcoming { settings { id } responses { nodes { id } } }", READ),
        ("autoresponder", "autoresponder { triggers { nodes { id } } }", ADMINISTER),
        ("tags", "tags { entries { nodes { id } } }", READ),
        ("rules", "rules { settings { id } }", READ),
        ("verifier", "verifier { settings { id } }", READ),
        ("verifierEntries", "verifierEntries { nodes { id } }", ADMINISTER),
        ("inviteTracker", "inviteTracker { settings { id } uses { nodes { id } } inviters { total } }", READ),
        ("polls", "polls { settings { id } polls { nodes { id } } }", READ),
        ("reminders", "reminders { reminders { nodes { id } } }", READ),
        ("giveaways", "giveaways { settings { id } giveaways { nodes { id } } }", READ),
        ("effects", "effects { nodes { id } }", ADMINISTER),
        ("entitlements", "entitlements { id }", READ),
        ("roles", "roles { id }", ADMINISTER),
        ("channels", "channels { id }", ADMINISTER),
        ("emojis", "emojis { id }", ADMINISTER),
        ("members", "members { nodes { id } }", ADMINISTER),
        ("auditLog", "auditLog { nodes { id } }", ADMINISTER),
        ("apiKeys", "apiKeys { nodes { key } }", ADMINISTRATORS),
    )
}
MUTATION: dict[str, tuple[str, set[str]]] = {
    name: (f"mutation {{ {name}{rest} }}", callers)
    for name, rest, callers in (
        ("guildSettingsUpdate", f"(guildId: {G}, input: {{autoDelete: 9}}) {{ settings {{ id }} }}", ADMINISTER),
        ("apiKeyCreate", f"(guildId: {G}) {{ apiKey {{ id }} }}", ADMINISTRATORS),
        ("apiKeyDelete", f'(guildId: {G}, apiKey: {{key: "hq_x"}}) {{ apiKey {{ id }} }}', ADMINISTRATORS),
        ("memberDataDelete", f"(guildId: {G}, userId: {M}) {{ userId }}", THE_MEMBER),
        ("guildJoin", f"(guildId: {G}) {{ settings {{ id }} }}", SERVICES),
        ("guildLeave", f'(guildId: "{QUIET_GUILD}") {{ deleted }}', SERVICES),
        ("memberUpdate", f'(guildId: {G}, userId: {M}, input: {{username: "x"}}) {{ member {{ userId }} }}', SERVICES),
        ("memberLeave", f"(guildId: {G}, userId: {M}) {{ deleted }}", SERVICES),
        ("memberDataCollectionSet",
         f"(guildId: {G}, userId: {M}, input: {{prevented: true}}) {{ member {{ userId }} }}", SERVICES),
        ("moduleEnable", f"(guildId: {G}, module: LOGGING) {{ guild {{ id }} }}", ADMINISTER),
        ("moduleDisable", f"(guildId: {G}, module: AUTORESPONDER) {{ deleted {{ name }} }}", ADMINISTER),
        ("modulePurge", f"(guildId: {G}, module: AUTORESPONDER) {{ deleted {{ name }} }}", READ),
        ("loggingSettingsUpdate", f"(guildId: {G}, input: {{}}) {{ settings {{ id }} }}", ADMINISTER),
        ("loggingEventCheck",
         f'(guildId: {G}, input: {{category: GENERAL, event: "help", success: true}}) {{ message }}', SERVICES),
        ("welcomingSettingsUpdate", f"(guildId: {G}, input: {{}}) {{ settings {{ id }} }}", ADMINISTER),
        ("welcomingResponseCreate",
         f'(guildId: {G}, input: {{type: DM_WELCOME, content: "hi"}}) {{ response {{ id }} }}', ADMINISTER),
        ("welcomingResponseDelete", f'(guildId: {G}, responseId: "x") {{ response {{ id }} }}', ADMINISTER),
        ("welcomingTimedRoleCreate",
         f'(guildId: {G}, input: {{roleId: "1", addAfter: 1}}) {{ timedRole {{ id }} }}', ADMINISTER),
        ("welcomingTimedRoleDelete", f'(guildId: {G}, timedRoleId: "x") {{ timedRole {{ id }} }}', ADMINISTER),
        ("welcomingMessageCheck", f"(guildId: {G}, type: DM_WELCOME) {{ message }}", SERVICES),
        ("welcomingAutoroleCheck", f"(guildId: {G}) {{ message }}", SERVICES),
        ("welcomingTimedRolesCheck", " { given message }", SERVICES),
        ("autoresponderTriggerCreate", f"(guildId: {G}, input: {{type: WILDCARD}}) {{ trigger {{ id }} }}", ADMINISTER),
        ("autoresponderTriggerUpdate",
         f'(guildId: {G}, triggerId: "x", input: {{}}) {{ trigger {{ id }} }}', ADMINISTER),
        ("autoresponderTriggerDelete", f'(guildId: {G}, triggerId: "x") {{ trigger {{ id }} }}', ADMINISTER),
        ("autoresponderResponseCreate",
         f'(guildId: {G}, input: {{type: MESSAGE, content: "hi"}}) {{ response {{ id }} }}', ADMINISTER),
        ("autoresponderResponseDelete", f'(guildId: {G}, responseId: "x") {{ response {{ id }} }}', ADMINISTER),
        ("autoresponderCheck",
         f'(guildId: {G}, input: {{channelId: "1", messageId: "1", memberRoleIds: []}}) {{ message }}', SERVICES),
        ("tagCreate",
         f'(guildId: {G}, input: {{ownerId: {M}, content: "x", names: ["x"]}}) {{ tag {{ id }} }}', AUTHOR),
        ("tagUpdate", f'(guildId: {G}, tagId: "x", input: {{}}) {{ tag {{ id }} }}', AUTHOR),
        ("tagDelete", f'(guildId: {G}, tagId: "x") {{ tag {{ id }} }}', AUTHOR),
        ("tagPreview",
         f'(guildId: {G}, tagId: "x", input: {{channelId: "1", userId: "1"}}) {{ message }}', ADMINISTER),
        ("tagSend", f'(guildId: {G}, tag: "x", input: {{channelId: "1"}}) {{ message }}', SERVICES),
        ("rulesSettingsUpdate", f"(guildId: {G}, input: {{}}) {{ settings {{ id }} }}", ADMINISTER),
        ("rulesEntryCreate", f'(guildId: {G}, input: {{text: "Be kind."}}) {{ entry {{ id }} }}', ADMINISTER),
        ("rulesEntryDelete", f'(guildId: {G}, entryId: "x") {{ entry {{ id }} }}', ADMINISTER),
        ("rulesSendCheck", f"(guildId: {G}, input: {{}}) {{ message }}", SERVICES),
        ("rulesInteractionCheck",
         '(input: {channelId: "1", messageId: "1", answer: ACCEPT}) { message }', SERVICES),
        ("verifierSettingsUpdate", f"(guildId: {G}, input: {{}}) {{ settings {{ id }} }}", ADMINISTER),
        ("verifierVerificationCreate", f'(guildId: {G}, input: {{requester: "husqy"}}) {{ message }}', SERVICES),
        ("verifierVerificationHandle", '(verifierId: "x", input: {}) { message }', VALID),
        ("effectRetry", f"(guildId: {G}, effectId: 1) {{ effect {{ id }} }}", ADMINISTER),
        ("inviteTrackerSettingsUpdate", f"(guildId: {G}, input: {{}}) {{ settings {{ id }} }}", ADMINISTER),
        ("inviteCreate",
         f"(guildId: {G}, input: {{channelId: 1, maxUses: 0, maxAge: 60, isTemporary: false}}) {{ invite {{ id }} }}",
         AUTHOR),
        ("inviteDelete", f'(guildId: {G}, code: "x") {{ code }}', ADMINISTER),
        ("inviteCreationReport", f'(guildId: {G}, code: "x", channelId: 1) {{ outcome }}', SERVICES),
        ("inviteDeletionReport", f'(guildId: {G}, code: "x") {{ wasTracked }}', SERVICES),
        ("inviteJoinCheck", f"(guildId: {G}) {{ outcome }}", SERVICES),
        ("inviteLeaveCheck", f"(guildId: {G}) {{ use {{ code }} }}", SERVICES),
        ("pollsSettingsUpdate", f"(guildId: {G}, input: {{}}) {{ settings {{ id }} }}", ADMINISTER),
        ("pollCreate",
         f'(guildId: {G}, input: {{channelId: 1, type: HUSQY, answerType: BUTTON, question: "?", answers: [], '
         f"isMultiSelect: false, isAnonymous: false, maxVotesPerAnswer: 1, ownerId: {M}}}) {{ poll {{ id }} }}",
         AUTHOR),
        ("pollUpdate", f'(guildId: {G}, pollId: "x", input: {{}}) {{ poll {{ id }} }}', AUTHOR),
        ("pollClose", f'(guildId: {G}, pollId: "x") {{ poll {{ id }} }}', AUTHOR),
        ("pollDelete", f'(guildId: {G}, pollId: "x") {{ poll {{ id }} }}', AUTHOR),
        ("pollMessageDelete", f"(guildId: {G}, channelId: 1, messageId: 1) {{ pollId }}", SERVICES),
        ("pollVote",
         f"(guildId: {G}, input: {{action: ADD, channelId: 1, messageId: 1}}) {{ poll {{ id }} }}", SERVICES),
        ("reminderCreate",
         f"(guildId: {G}, input: {{type: QUICK, scheduleDetails: {{}}}}) {{ reminder {{ id }} }}", AUTHOR),
        ("reminderDelete", f'(guildId: {G}, reminderId: "x") {{ reminder {{ id }} }}', AUTHOR),
        ("reminderSend", f'(guildId: {G}, reminderId: "x") {{ reminderId }}', SERVICES),
        ("reminderInteract",
         f'(guildId: {G}, reminderId: "x", input: {{action: COMPLETE}}) {{ reminderId }}', SERVICES),
        ("giveawaysSettingsUpdate", f"(guildId: {G}, input: {{}}) {{ settings {{ id }} }}", ADMINISTER),
        ("giveawayCreate",
         f'(guildId: {G}, input: {{channelId: 1, ownerId: {M}, prize: "x", winnerCount: 1}}) {{ giveaway {{ id }} }}',
         AUTHOR),
        ("giveawayUpdate", f'(guildId: {G}, giveawayId: "x", input: {{}}) {{ giveaway {{ id }} }}', AUTHOR),
        ("giveawayDelete", f'(guildId: {G}, giveawayId: "x") {{ giveaway {{ id }} }}', AUTHOR),
        ("giveawayReroll", f'(guildId: {G}, giveawayId: "x") {{ giveaway {{ id }} }}', AUTHOR),
        ("giveawayEnter", f'(guildId: {G}, giveawayId: "x") {{ giveaway {{ id }} }}', SERVICES),
        ("giveawayLeave", f'(guildId: {G}, giveawayId: "x") {{ giveaway {{ id }} }}', SERVICES),
        ("guildEntitlementUpsert",
         f'(guildId: {G}, input: {{entitlementId: "1", skuId: "1", type: PURCHASE}}) {{ entitlement {{ id }} }}',
         SERVICES),
    )
}  # fmt: skip
SUBSCRIPTION: dict[str, tuple[str, set[str]]] = {
    "guildSettingsChanged": (f"subscription {{ guildSettingsChanged(guildId: {G}) {{ at }} }}", READ),
    "guildChanged": (f"subscription {{ guildChanged(guildId: {G}) {{ at }} }}", READ),
    "reminderFired": (f"subscription {{ reminderFired(guildId: {G}) {{ reminderId }} }}", READ),
    "pollVoteChanged": (f'subscription {{ pollVoteChanged(guildId: {G}, pollId: "x") {{ poll {{ id }} }} }}', READ),
    "giveawayChanged": (
        f'subscription {{ giveawayChanged(guildId: {G}, giveawayId: "x") {{ giveaway {{ id }} }} }}',
        READ,
    ),
}
FIELDS = {
    **{f"Query.{name}": row for name, row in QUERY.items()},
    **{f"Guild.{name}": row for name, row in GUILD_FIELDS.items()},
    **{f"Mutation.{name}": row for name, row in MUTATION.items()},
}

# Method and path -> the request, and who may.
ID = {"guild_id": GUILD}
MEMBER_ID = {**ID, "privacy_member_id": MEMBER}
TEXT = {"content": "x", "language": "en", "timezone": "UTC", "guild_id": GUILD}
EVERYBODY = CALLERS  # probes do not look at credentials
REST: dict[tuple[str, str], tuple[dict[str, Any], set[str]]] = {
    ("GET", "/v1"): ({}, EVERYBODY),
    ("GET", "/v1/livez"): ({}, EVERYBODY),
    ("GET", "/v1/readyz"): ({}, EVERYBODY),
    ("GET", "/v1/settings"): (ID, READ),
    ("PUT", "/v1/settings"): ({**ID, "auto_delete": 4}, ADMINISTER),
    ("POST", "/v1/auth/authorize"): ({"access_token": "sandbox-owner"}, VALID),
    ("POST", "/v1/auth/validate-user-permissions"): ({**ID, "target": "1"}, VALID),
    ("GET", "/v1/auth/api-key"): (ID, ADMINISTRATORS),
    ("POST", "/v1/auth/api-key"): (ID, ADMINISTRATORS),
    ("DELETE", "/v1/auth/api-key"): ({**ID, "api_key": "hq_x"}, ADMINISTRATORS),
    ("GET", "/v1/helpers/get-supported-languages"): ({}, VALID),
    ("GET", "/v1/helpers/get-supported-timezones"): ({}, VALID),
    ("GET", "/v1/helpers/get-supported-unit-systems"): ({}, VALID),
    ("GET", "/v1/helpers/get-husqy-for-guild"): ({}, VALID - SERVICES),
    ("GET", "/v1/helpers/get-guild-roles"): (ID, ADMINISTER),
    ("GET", "/v1/helpers/get-guild-users"): (ID, ADMINISTER),
    ("GET", "/v1/helpers/get-guild-channels"): (ID, ADMINISTER),
    ("GET", "/v1/helpers/get-guild-emojis"): (ID, ADMINISTER),
    ("GET", "/v1/helpers/get-variable-replaced-content"): (TEXT, ADMINISTER),
    ("GET", "/v1/privacy/get-user-entries"): (MEMBER_ID, THE_MEMBER),
    ("DELETE", "/v1/privacy/delete-user-entries"): (MEMBER_ID, THE_MEMBER),
}


def module_operations(module: str) -> dict[tuple[str, str], tuple[dict[str, Any], set[str]]]:
    """What every module's service has."""
    base = f"/v1/modules/{module}"
    return {
        ("GET", base): ({}, EVERYBODY),
        ("GET", f"{base}/livez"): ({}, EVERYBODY),
        ("GET", f"{base}/readyz"): ({}, EVERYBODY),
        ("GET", f"{base}/status"): (ID, READ),
        ("POST", f"{base}/enable"): (ID, ADMINISTER),
        ("POST", f"{base}/disable"): (ID, ADMINISTER),
        ("DELETE", f"{base}/settings"): (ID, READ),
        ("GET", f"{base}/privacy/get-user-entries"): (MEMBER_ID, THE_MEMBER),
        ("DELETE", f"{base}/privacy/delete-user-entries"): (MEMBER_ID, THE_MEMBER),
    }


LOGGING = "/v1/modules/logging"
WELCOMING = "/v1/modules/welcoming"
AUTORESPONDER = "/v1/modules/autoresponder"
TAGS = "/v1/modules/tags"
NEW_TAG = {**ID, "owner_id": MEMBER, "content": "x", "visibility": 1, "names": ["x"]}
RULES = "/v1/modules/rules"
VERIFIER = "/v1/modules/verifier"
INVITES = "/v1/modules/invite_tracker"
NEW_INVITE = {**ID, "channel_id": 1, "max_uses": 0, "max_age": 60, "is_temporary": False}
POLLS = "/v1/modules/polls"
NEW_POLL = {
    **ID, "channel_id": 1, "poll_type": 2, "poll_answer_type": 2, "question": "?", "answers": [],
    "is_multi_select": False, "is_anonymous": False, "max_votes_per_answer": 1, "poll_owner_id": MEMBER,
}  # fmt: skip
REMINDERS = "/v1/modules/reminders"
GIVEAWAYS = "/v1/modules/giveaways"
NEW_GIVEAWAY = {**ID, "channel_id": 1, "giveaway_owner_id": MEMBER, "prize": "x", "winner_count": 1}
REST |= {
    **module_operations("logging"),
    ("GET", f"{LOGGING}/settings"): (ID, READ),
    ("PUT", f"{LOGGING}/settings"): ({**ID, "log_help": False}, ADMINISTER),
    ("POST", f"{LOGGING}/events/check"): (
        {**ID, "event_info": {"category": "general", "event": "help", "success": True}}, SERVICES),
    **module_operations("welcoming"),
    ("GET", f"{WELCOMING}/settings"): (ID, READ),
    ("PUT", f"{WELCOMING}/settings"): ({**ID, "autorole_enabled": True}, ADMINISTER),
    ("GET", f"{WELCOMING}/responses"): (ID, READ),
    ("POST", f"{WELCOMING}/responses"): (
        {**ID, "response_type": 1, "is_embed": False, "content": "hi"}, ADMINISTER),
    ("GET", f"{WELCOMING}/responses/{{response_id}}"): (ID, READ),
    ("DELETE", f"{WELCOMING}/responses/{{response_id}}"): (ID, ADMINISTER),
    ("GET", f"{WELCOMING}/timedroles"): (ID, READ),
    ("POST", f"{WELCOMING}/timedroles"): ({**ID, "role_id": 1, "add_after": 1}, ADMINISTER),
    ("GET", f"{WELCOMING}/timedroles/{{timedrole_id}}"): (ID, READ),
    ("DELETE", f"{WELCOMING}/timedroles/{{timedrole_id}}"): (ID, ADMINISTER),
    # Which member it is about is asked after who may: without one, this is a 400.
    ("POST", f"{WELCOMING}/check/welcome/dm"): (ID, SERVICES),
    ("POST", f"{WELCOMING}/check/welcome/channel"): (ID, SERVICES),
    ("POST", f"{WELCOMING}/check/leave/channel"): (ID, SERVICES),
    ("POST", f"{WELCOMING}/check/role/on-join"): (ID, SERVICES),
    ("POST", f"{WELCOMING}/check/role/timed"): ({}, SERVICES),
    **module_operations("autoresponder"),
    ("GET", f"{AUTORESPONDER}/triggers"): (ID, ADMINISTER),
    ("POST", f"{AUTORESPONDER}/triggers"): ({**ID, "trigger_type": 1, "match_case": False}, ADMINISTER),
    ("GET", f"{AUTORESPONDER}/triggers/{{trigger_id}}"): (ID, ADMINISTER),
    ("PUT", f"{AUTORESPONDER}/triggers/{{trigger_id}}"): (ID, ADMINISTER),
    ("DELETE", f"{AUTORESPONDER}/triggers/{{trigger_id}}"): (ID, ADMINISTER),
    ("POST", f"{AUTORESPONDER}/check"): (
        {**ID, "origin_message_id": 1, "channel_id": 1, "member_roles": []}, SERVICES),
    ("GET", f"{AUTORESPONDER}/responses"): (ID, ADMINISTER),
    ("POST", f"{AUTORESPONDER}/responses"): ({**ID, "response_type": 1, "response_content": "hi"}, ADMINISTER),
    ("GET", f"{AUTORESPONDER}/responses/{{response_id}}"): (ID, ADMINISTER),
    ("DELETE", f"{AUTORESPONDER}/responses/{{response_id}}"): (ID, ADMINISTER),
    **module_operations("tags"),
    ("GET", f"{TAGS}/entries"): (ID, READ),
    ("POST", f"{TAGS}/entries"): (NEW_TAG, AUTHOR),
    ("GET", f"{TAGS}/entries/{{entry_id}}"): (ID, READ),
    ("PUT", f"{TAGS}/entries/{{entry_id}}"): (ID, AUTHOR),
    ("DELETE", f"{TAGS}/entries/{{entry_id}}"): (ID, AUTHOR),
    ("POST", f"{TAGS}/entries/{{entry_id}}/preview"): ({**ID, "channel_id": 1, "user_id": 1}, ADMINISTER),
    ("POST", f"{TAGS}/entries/{{entry_id}}/send"): ({**ID, "channel_id": 1}, SERVICES),
    **module_operations("rules"),
    ("GET", f"{RULES}/settings"): (ID, READ),
    ("PUT", f"{RULES}/settings"): (ID, ADMINISTER),
    ("GET", f"{RULES}/entries"): (ID, READ),
    ("POST", f"{RULES}/entries"): ({**ID, "rule_text": "Be kind."}, ADMINISTER),
    ("GET", f"{RULES}/entries/{{entry_id}}"): (ID, READ),
    ("DELETE", f"{RULES}/entries/{{entry_id}}"): (ID, ADMINISTER),
    ("POST", f"{RULES}/check/send"): (ID, SERVICES),
    ("POST", f"{RULES}/check/interaction"): (
        {"message_id": 1, "channel_id": 1, "application_id": 1, "interaction_id_token": "t",
         "interaction_custom_id": "rules:accept"}, SERVICES),
    **module_operations("verifier"),
    ("GET", f"{VERIFIER}/settings"): (ID, READ),
    ("PUT", f"{VERIFIER}/settings"): ({**ID, "verifier_type": 1}, ADMINISTER),
    ("GET", f"{VERIFIER}/entries"): (ID, ADMINISTER),
    ("GET", f"{VERIFIER}/entries/{{entry_id}}"): ({}, VALID),
    ("POST", f"{VERIFIER}/event/create-verification"): ({**ID, "requester": "husqy"}, SERVICES),
    ("POST", f"{VERIFIER}/event/handle-verification"): ({"verifier_id": "x"}, VALID),
    **module_operations("invite_tracker"),
    ("GET", f"{INVITES}/settings"): (ID, READ),
    ("PUT", f"{INVITES}/settings"): (ID, ADMINISTER),
    ("GET", f"{INVITES}/invite-links"): (ID, READ),
    ("POST", f"{INVITES}/invite"): (NEW_INVITE, AUTHOR),
    ("DELETE", f"{INVITES}/invite"): ({**ID, "invite_code": "x"}, ADMINISTER),
    ("GET", f"{INVITES}/stats/uses"): ({**ID, "inviter_id": MEMBER}, READ),
    ("POST", f"{INVITES}/events/invite/create"): ({**ID, "invite_code": "x", "channel_id": 1}, SERVICES),
    ("POST", f"{INVITES}/events/invite/delete"): ({**ID, "invite_code": "x"}, SERVICES),
    ("POST", f"{INVITES}/events/join/check-invite"): (ID, SERVICES),
    ("POST", f"{INVITES}/events/leave/check-invite"): (ID, SERVICES),
    **module_operations("giveaways"),
    ("GET", f"{GIVEAWAYS}/settings"): (ID, READ),
    ("PUT", f"{GIVEAWAYS}/settings"): (ID, ADMINISTER),
    ("GET", f"{GIVEAWAYS}/entries"): (ID, READ),
    ("POST", f"{GIVEAWAYS}/entries"): (NEW_GIVEAWAY, AUTHOR),
    ("GET", f"{GIVEAWAYS}/entries/{{entry_id}}"): (ID, READ),
    ("PUT", f"{GIVEAWAYS}/entries/{{entry_id}}"): (ID, AUTHOR),
    ("DELETE", f"{GIVEAWAYS}/entries/{{entry_id}}"): (ID, AUTHOR),
    ("POST", f"{GIVEAWAYS}/entries/{{entry_id}}/enter"): (ID, SERVICES),
    ("POST", f"{GIVEAWAYS}/entries/{{entry_id}}/leave"): (ID, SERVICES),
    ("POST", f"{GIVEAWAYS}/entries/{{entry_id}}/reroll"): (ID, AUTHOR),
    **module_operations("polls"),
    ("GET", f"{POLLS}/settings"): (ID, READ),
    ("PUT", f"{POLLS}/settings"): (ID, ADMINISTER),
    ("GET", f"{POLLS}/entries"): (ID, READ),
    ("POST", f"{POLLS}/entries"): (NEW_POLL, AUTHOR),
    ("GET", f"{POLLS}/entries/{{entry_id}}"): (ID, READ),
    ("PUT", f"{POLLS}/entries/{{entry_id}}"): (ID, AUTHOR),
    ("DELETE", f"{POLLS}/entries/{{entry_id}}"): (ID, AUTHOR),
    ("POST", f"{POLLS}/entries/{{entry_id}}/close"): (ID, AUTHOR),
    ("DELETE", f"{POLLS}/entry/delete-poll-on-message-delete"): (
        {**ID, "channel_id": 1, "interacted_message_id": 1}, SERVICES),
    **module_operations("reminders"),
    ("GET", f"{REMINDERS}/entries"): (ID, READ),
    ("POST", f"{REMINDERS}/entries"): ({**ID, "reminder_type": 1, "schedule_details": {}}, AUTHOR),
    ("GET", f"{REMINDERS}/entries/{{entry_id}}"): (ID, READ),
    ("DELETE", f"{REMINDERS}/entries/{{entry_id}}"): (ID, AUTHOR),
    ("POST", f"{REMINDERS}/entries/{{entry_id}}/send"): (ID, SERVICES),
    ("POST", f"{REMINDERS}/entries/{{entry_id}}/interact"): ({**ID, "action": "complete"}, SERVICES),
    ("POST", f"{POLLS}/entry/vote"): ({**ID, "channel_id": 1, "interacted_message_id": 1, "action": "add"}, SERVICES),
}  # fmt: skip


async def caller_headers(api: Api) -> dict[str, dict[str, str]]:
    async def key(guild: int) -> str:
        made = await api.rest("POST", "/auth/api-key", json={"guild_id": guild})
        return made.json()["data"]["api_key"]["api_key"]

    async def cookie(user: int) -> dict[str, str]:
        async with client(api.program) as browser:
            await sign_in(browser, user)
            return {**TRUSTED, "cookie": f"husqy_session={browser.cookies['husqy_session']}"}

    headers = {
        "anonymous": credentials(None),
        "foreign application": credentials("sandbox-foreign-app"),
        "expired": credentials("sandbox-expired"),
        "owner": credentials("sandbox-owner"),
        "administrator": credentials("sandbox-admin"),
        "member": credentials("sandbox-member"),
        "outsider": credentials("sandbox-outsider"),
        "owner by cookie": await cookie(OWNER),
        "member by cookie": await cookie(MEMBER),
        "API key": credentials(await key(GUILD)),
        "API key of another guild": credentials(await key(QUIET_GUILD)),
        "service": credentials("sandbox-service"),
        "service for an administrator": credentials("sandbox-service", ADMIN),
        "service for a member": credentials("sandbox-service", MEMBER),
    }
    assert headers.keys() == CALLERS
    for header in headers.values():  # so that the keys' first use is not taken for a change later
        await api.http.post("/graphql", json={"query": "{ viewer { kind } }"}, headers=header)
    return headers


def test_every_field_is_in_the_table() -> None:
    types = graphql_schema(build_schema()).type_map
    fields = {
        f"{name}.{field}"
        for name in ("Query", "Guild", "Mutation", "Subscription")
        if isinstance(kind := types[name], GraphQLObjectType)
        for field in kind.fields
    }

    assert fields == FIELDS.keys() | {f"Subscription.{name}" for name in SUBSCRIPTION}


def test_every_operation_is_in_the_table() -> None:
    operations = {(endpoint.method, endpoint.paths[0].rstrip("/")) for endpoint in rest_endpoints()}

    assert operations == REST.keys()


@pytest.mark.parametrize("field", FIELDS)
async def test_a_field_is_for_its_callers_alone(api: Api, field: str) -> None:
    query, allowed = FIELDS[field]
    headers = await caller_headers(api)
    before = await api.everything()

    for caller in sorted(CALLERS - allowed):
        response = await api.http.post("/graphql", json={"query": query}, headers=headers[caller])
        [error] = response.json()["errors"]
        expected = "UNAUTHENTICATED" if caller in ANONYMOUS | INVALID else "FORBIDDEN"
        assert error["extensions"]["code"] == expected, caller
    assert await api.everything() == before

    for caller in sorted(allowed):
        response = await api.http.post("/graphql", json={"query": query}, headers=headers[caller])
        codes = {error["extensions"]["code"] for error in response.json().get("errors", ())}
        assert not codes & {"UNAUTHENTICATED", "FORBIDDEN", "INTERNAL"}, caller


@pytest.mark.parametrize("field", SUBSCRIPTION)
async def test_a_subscription_is_for_its_callers_alone(api: Api, field: str) -> None:
    query, allowed = SUBSCRIPTION[field]
    headers = await caller_headers(api)

    target = f"/graphql?{httpx2.QueryParams({'query': query})}"
    for caller in sorted(CALLERS):
        async with stream(api.program, "GET", target, {**headers[caller], "accept": "text/event-stream"}) as answer:
            refused = 401 if caller in ANONYMOUS | INVALID else 403
            assert answer.status == (200 if caller in allowed else refused), caller
            assert api.program.resources.events.subscribers == (caller in allowed)
    assert api.program.resources.events.subscribers == 0


@pytest.mark.parametrize("operation", REST, ids=" ".join)
async def test_an_operation_is_for_its_callers_alone(api: Api, operation: tuple[str, str]) -> None:
    method, path = operation
    values, allowed = REST[operation]
    headers = await caller_headers(api)
    before = await api.everything()
    request = {"params": values} if method == "GET" else {"json": values}

    for caller in sorted(CALLERS - allowed):
        response = await api.http.request(method, path, headers=headers[caller], **request)
        assert response.status_code == (401 if caller in ANONYMOUS | INVALID else 403), caller
        assert response.headers["content-type"] == "application/problem+json"
    assert await api.everything() == before

    # A module is off, and what is named is not there: past the question of who may, that is what is left to say.
    fine = {404} if "hq_x" in values.values() else {200, 404, 409} if "/modules/" in path else {200}
    fine |= {400} if "/welcoming/check/" in path else set()
    for caller in sorted(allowed):
        response = await api.http.request(method, path, headers=headers[caller], **request)
        # An operation about a member says so when none is named.
        memberless = {400} if caller in SERVICE and "/check/" in path else set[int]()
        assert response.status_code in fine | memberless, (caller, response.text)


async def test_a_node_is_for_those_who_see_it_where_it_hangs(api: Api) -> None:
    headers = await caller_headers(api)
    query = (
        f"""{{ guild(id: {G}) {{ settings {{ id }} apiKeys {{ nodes {{ id }} }} auditLog {{ nodes {{ id }} }} }} }}"""
    )
    guild = (await api.data(query))["guild"]
    may_see = {
        guild["settings"]["id"]: READ,
        guild["apiKeys"]["nodes"][0]["id"]: ADMINISTRATORS,
        guild["auditLog"]["nodes"][0]["id"]: ADMINISTER,
    }

    for node_id, allowed in may_see.items():
        body = {"query": f'{{ node(id: "{node_id}") {{ id }} }}'}
        for caller in sorted(VALID):
            response = await api.http.post("/graphql", json=body, headers=headers[caller])
            assert (response.json()["data"]["node"] is not None) == (caller in allowed), (node_id, caller)
