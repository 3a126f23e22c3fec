"""The one adapter: the project's words on one side, Discord's REST API on the other."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from husqy_graphql.discord.calls import UNKNOWN_CHANNEL, UNKNOWN_MEMBER, all_pages, unless_gone
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.interaction_calls import InteractionCalls
from husqy_graphql.discord.invite_calls import InviteCalls
from husqy_graphql.discord.message_calls import MessageCalls
from husqy_graphql.discord.parsing import (
    parse_channel,
    parse_entitlement,
    parse_guild,
    parse_id,
    parse_member,
    parse_token_info,
    parse_token_pair,
    parse_user,
    parse_user_guild,
    parsed,
    parsed_rows,
)
from husqy_graphql.discord.poll_calls import PollCalls
from husqy_graphql.discord.port import (
    DiscordChannel,
    DiscordEntitlement,
    DiscordGuild,
    DiscordMember,
    DiscordUser,
    PermissionOverwrite,
    TokenInfo,
    TokenPair,
    UserGuild,
)

MEMBERS_PAGE = 1_000
ENTITLEMENTS_PAGE = 100
MEMBER = "/guilds/{guild_id}/members/{user_id}"
MEMBER_ROLE = MEMBER + "/roles/{role_id}"


@dataclass(frozen=True, slots=True)
class BotDiscord(MessageCalls, PollCalls, InviteCalls, InteractionCalls):
    """Asks as the bot."""

    async def current_user(self) -> DiscordUser:
        return parsed(parse_user, await self._get("/users/@me"))

    async def guild(self, guild_id: int) -> DiscordGuild | None:
        found = await self._find("/guilds/{guild_id}", guild_id=guild_id)
        return None if found is None else parsed(parse_guild, found)

    async def channels(self, guild_id: int) -> Sequence[DiscordChannel] | None:
        found = await self._find("/guilds/{guild_id}/channels", guild_id=guild_id)
        return None if found is None else parsed_rows(parse_channel, found)

    async def channel(self, channel_id: int) -> DiscordChannel | None:
        found = await self._find("/channels/{channel_id}", channel_id=channel_id)
        return None if found is None else parsed(parse_channel, found)

    async def members(self, guild_id: int) -> Sequence[DiscordMember] | None:
        async def page(after: int, size: int) -> list[DiscordMember] | None:
            query = {"limit": size, "after": after}
            found = await self._find("/guilds/{guild_id}/members", query=query, guild_id=guild_id)
            return None if found is None else parsed_rows(parse_member, found)

        return await all_pages(page, MEMBERS_PAGE, lambda member: member.user.id)

    async def member(self, guild_id: int, user_id: int) -> DiscordMember | None:
        found = await self._find(MEMBER, guild_id=guild_id, user_id=user_id)
        return None if found is None else parsed(parse_member, found)

    async def user(self, user_id: int) -> DiscordUser | None:
        found = await self._find("/users/{user_id}", user_id=user_id)
        return None if found is None else parsed(parse_user, found)

    async def entitlements(self) -> Sequence[DiscordEntitlement]:
        async def page(after: int, size: int) -> list[DiscordEntitlement]:
            query = {"limit": size, "after": after, "exclude_ended": "false", "exclude_deleted": "false"}
            route = "/applications/{application_id}/entitlements"
            found = await self._get(route, query=query, application_id=self.application_id)
            return parsed_rows(parse_entitlement, found)

        return await all_pages(page, ENTITLEMENTS_PAGE, lambda entitlement: entitlement.id) or []

    async def create_channel(
        self,
        guild_id: int,
        *,
        name: str,
        type: int,
        parent_id: int | None = None,
        topic: str | None = None,
        permission_overwrites: Sequence[PermissionOverwrite] = (),
        reason: str | None = None,
    ) -> DiscordChannel:
        body: dict[str, Any] = {"name": name, "type": int(type)}
        if parent_id is not None:
            body["parent_id"] = str(parent_id)
        if topic is not None:
            body["topic"] = topic
        if permission_overwrites:
            body["permission_overwrites"] = [
                {"id": str(each.id), "type": each.type, "allow": str(each.allow), "deny": str(each.deny)}
                for each in permission_overwrites
            ]
        made = await self._write("POST", "/guilds/{guild_id}/channels", body, reason=reason, guild_id=guild_id)
        return parsed(parse_channel, made, ambiguous=True)

    async def delete_channel(self, channel_id: int, *, reason: str | None = None) -> bool:
        call = self._write("DELETE", "/channels/{channel_id}", reason=reason, channel_id=channel_id)
        return await unless_gone(call, UNKNOWN_CHANNEL)

    async def add_member_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str | None = None) -> None:
        await self._write("PUT", MEMBER_ROLE, reason=reason, guild_id=guild_id, user_id=user_id, role_id=role_id)

    async def set_member_roles(
        self, guild_id: int, user_id: int, role_ids: Sequence[int], *, reason: str | None = None
    ) -> None:
        body = {"roles": [str(each) for each in role_ids]}
        await self._write("PATCH", MEMBER, body, reason=reason, guild_id=guild_id, user_id=user_id)

    async def remove_member_role(self, guild_id: int, user_id: int, role_id: int, *, reason: str | None = None) -> None:
        await self._write("DELETE", MEMBER_ROLE, reason=reason, guild_id=guild_id, user_id=user_id, role_id=role_id)

    async def kick_member(self, guild_id: int, user_id: int, *, reason: str | None = None) -> bool:
        call = self._write("DELETE", MEMBER, reason=reason, guild_id=guild_id, user_id=user_id)
        return await unless_gone(call, UNKNOWN_MEMBER)

    async def open_dm(self, user_id: int) -> int:
        # Opening it again answers the same channel, so that a repetition does no harm.
        body = {"recipient_id": str(user_id)}
        return parsed(parse_id, await self._write("POST", "/users/@me/channels", body, keyed=True))


@dataclass(frozen=True, slots=True)
class UserDiscord:
    """Asks with a user's OAuth access token."""

    http: DiscordHTTP

    async def token_info(self, token: str) -> TokenInfo:
        return parsed(parse_token_info, await self.http.request("GET", "/oauth2/@me", authorization=f"Bearer {token}"))

    async def user_guilds(self, token: str) -> Sequence[UserGuild]:
        # One page is enough: 200 guilds are the most that a person can be in.
        rows = await self.http.request(
            "GET", "/users/@me/guilds", authorization=f"Bearer {token}", query={"limit": 200}
        )
        return parsed_rows(parse_user_guild, rows)


@dataclass(frozen=True, slots=True)
class OAuthDiscord:
    """Asks as the application, with its client secret."""

    http: DiscordHTTP
    client_id: int
    client_secret: str = field(repr=False)

    async def exchange_code(self, code: str, *, redirect_uri: str, code_verifier: str) -> TokenPair:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": code_verifier,
        }
        return parsed(parse_token_pair, await self._post("/oauth2/token", form))

    async def refresh(self, refresh_token: str) -> TokenPair:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return parsed(parse_token_pair, await self._post("/oauth2/token", form))

    async def revoke(self, refresh_token: str) -> None:
        form = {"token": refresh_token, "token_type_hint": "refresh_token"}
        await self._post("/oauth2/token/revoke", form)

    async def _post(self, route: str, form: Mapping[str, str]) -> Any:
        # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
        client = f"{self.client_id}:{quote(self.client_secret, safe='')}"
        authorization = f"Basic {b64encode(client.encode()).decode()}"
        return await self.http.request("POST", route, authorization=authorization, form=form)
