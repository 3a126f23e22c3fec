"""A page of the dashboard: one query, against the REST calls that it replaces, one after the other."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from statistics import median
from time import perf_counter

from benchmarks.load import TOKEN, Call, LoadFailed
from benchmarks.works import graphql_call
from husqy_graphql.discord.sandbox.world import DEMO_GUILD

TURNS = 40
WARM_UPS = 5

_PAGE = """query Page($guild: Snowflake!) {
  guild(id: $guild) {
    id name iconUrl active
    settings { databaseId guildId language timeZone unitSystem autoDelete }
    entitlements { databaseId guildId skuId type startAt endsAt deleted }
    modules { name enabled }
    roles { name id }
    channels { name id type }
    logging { settings { databaseId guildId channelId switches { event enabled } } }
    welcoming {
      settings {
        databaseId guildId timedRolesEnabled
        directMessage { enabled randomized responseId }
        welcomeMessage { enabled randomized channelId responseId }
        leaveMessage { enabled randomized channelId responseId }
        autorole { enabled roleIds }
      }
      responses(first: 10) { nodes { databaseId guildId responseId type isEmbed content } }
      timedRoles(first: 10) { nodes { databaseId guildId timedRoleId roleId addAfter } }
    }
    autoresponder {
      triggers(first: 10) {
        nodes {
          databaseId guildId triggerId type matchCase text
          allowedChannelIds ignoredChannelIds allowedRoleIds ignoredRoleIds responseIds
        }
      }
      responses(first: 10) { nodes { databaseId guildId responseId type content emojiName emojiId } }
    }
    tags {
      entries(first: 10) {
        nodes {
          databaseId guildId tagId content ownerId createdAt lastUpdate visibility
          names { databaseId guildId tagId name createdAt }
        }
      }
    }
    verifier {
      settings {
        databaseId guildId type channelId verifiedRoleIds passphrase
        promptContent promptIsEmbed completedContent completedIsEmbed
      }
    }
    verifierEntries(first: 100) {
      nodes { databaseId guildId verifierId userId verified messageId channelId createdAt }
    }
    rules {
      settings {
        databaseId guildId channelId messageId actionsEnabled deniedAction acceptedRoleIds deniedRoleIds
      }
      entries(first: 10) { nodes { databaseId guildId entryId text } }
    }
    polls {
      settings { databaseId guildId saveDurationTimeout deleteEndedDiscordPolls deleteEndedHusqyPolls }
      polls(first: 10) {
        nodes {
          databaseId guildId channelId messageId pollId type answerType question description isAnonymous
          isMultiSelect endsAt deleteAt ended maxVotesPerAnswer sentByHusqy ownerReference
          answers { databaseId guildId pollId answerText voters label emojiName emojiId answerId description }
        }
      }
    }
    giveaways {
      settings { databaseId guildId saveDurationTimeout deleteEndedGiveaways }
      giveaways(first: 10) {
        nodes {
          databaseId guildId channelId messageId ownerReference ended endsAt deleteAt prize description
          winnerCount participants winners giveawayId
        }
      }
    }
    reminders {
      reminders(first: 10) {
        nodes {
          databaseId guildId reminderId type triggerType scheduleDetails ownerId title description
          destinationId url contentIsEmbed content messageId
        }
      }
    }
    inviteTracker {
      settings {
        databaseId guildId preventOwnInviteCode serverSharedInviteLink
        joinMessage { enabled channelId isEmbed content }
        leaveMessage { enabled channelId isEmbed content }
      }
      invites(first: 10) { nodes { databaseId guildId code channelId currentUses expiresAt ownerId } }
    }
  }
}"""
_PATHS = (
    "settings",
    "helpers/get-guild-roles",
    "helpers/get-guild-channels",
    "modules/logging/settings",
    "modules/welcoming/settings",
    "modules/welcoming/responses",
    "modules/welcoming/timedroles",
    "modules/autoresponder/triggers",
    "modules/autoresponder/responses",
    "modules/tags/entries",
    "modules/verifier/settings",
    "modules/verifier/entries",
    "modules/rules/settings",
    "modules/rules/entries",
    "modules/polls/settings",
    "modules/polls/entries",
    "modules/giveaways/settings",
    "modules/giveaways/entries",
    "modules/reminders/entries",
    "modules/invite_tracker/settings",
    "modules/invite_tracker/invite-links",
)
QUERY = graphql_call(_PAGE, {"guild": str(DEMO_GUILD)})
CALLS = [Call("GET", f"/v1/{path}?guild_id={DEMO_GUILD}") for path in _PATHS]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Milliseconds until the page is there, by one query and by `calls` calls."""

    query: float
    rest: float
    calls: int

    @property
    def ratio(self) -> float:
        return self.rest / self.query


def measure_dashboard(port: int) -> Dashboard:
    """The median of both ways, by turns on one connection; raises LoadFailed for an answer that is not good."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    took: dict[str, list[float]] = {"query": [], "rest": []}
    try:
        for turn in range(WARM_UPS + TURNS):
            for way, calls in (("query", [QUERY]), ("rest", CALLS)):
                began = perf_counter()
                bodies = [_ask(connection, call) for call in calls]
                if turn >= WARM_UPS:
                    took[way].append((perf_counter() - began) * 1000)
                elif way == "query" and "errors" in json.loads(bodies[0]):
                    raise LoadFailed(f"the page's query was refused: {bodies[0][:500].decode()}")
    finally:
        connection.close()
    return Dashboard(median(took["query"]), median(took["rest"]), len(CALLS))


def _ask(connection: http.client.HTTPConnection, call: Call) -> bytes:
    headers = {"Authorization": TOKEN, "Content-Type": "application/json"}
    connection.request(call.method, call.path, call.body or None, headers)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise LoadFailed(f"{call.path} answered {response.status}: {body[:300].decode()}")
    return body
