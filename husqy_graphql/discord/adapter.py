"""The one adapter: the project's words on one side, Discord's REST API on the other."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.messages import EPHEMERAL, message_body
from husqy_graphql.discord.parsing import (
    parse_channel,
    parse_entitlement,
    parse_guild,
    parse_id,
    parse_member,
    parse_message,
    parse_token_info,
    parse_token_pair,
    parse_user,
    parse_user_guild,
    parsed,
    parsed_rows,
)
from husqy_graphql.discord.port import (
    NO_MENTIONS,
    DiscordChannel,
    DiscordEntitlement,
    DiscordGuild,
    DiscordMember,
    DiscordMessage,
    DiscordUser,
    NotThere,
    PermissionOverwrite,
    Refused,
    TokenInfo,
    TokenPair,
    Unauthorized,
    UserGuild,
)

T = TypeVar("T")

MEMBERS_PAGE = 1_000
ENTITLEMENTS_PAGE = 100
UNKNOWN_CHANNEL, UNKNOWN_MEMBER, UNKNOWN_MESSAGE = 10003, 10007, 10008
MISSING_ACCESS = 50001  # also Discord's answer for guilds that the bot is not in
MISSING_PERMISSIONS = 50013
INVALID_WEBHOOK_TOKEN = 50027
MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = MESSAGES + "/{message_id}"
MEMBER = "/guilds/{guild_id}/members/{user_id}"
MEMBER_ROLE = MEMBER + "/roles/{role_id}"
WEBHOOK = "/webhooks/{webhook_id}/{token}"
ORIGINAL = WEBHOOK + "/messages/@original"
RESPOND_MESSAGE, RESPOND_MODAL = 4, 9


@dataclass(frozen=True, slots=True)
class BotDiscord:
    """Asks as the bot."""

    http: DiscordHTTP
    token: str = field(repr=False)
    application_id: int

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
        async def page(after: int) -> list[DiscordMember] | None:
            query = {"limit": MEMBERS_PAGE, "after": after}
            found = await self._find("/guilds/{guild_id}/members", query=query, guild_id=guild_id)
            return None if found is None else parsed_rows(parse_member, found)

        return await _all_pages(page, MEMBERS_PAGE, lambda member: member.user.id)

    async def member(self, guild_id: int, user_id: int) -> DiscordMember | None:
        found = await self._find(MEMBER, guild_id=guild_id, user_id=user_id)
        return None if found is None else parsed(parse_member, found)

    async def user(self, user_id: int) -> DiscordUser | None:
        found = await self._find("/users/{user_id}", user_id=user_id)
        return None if found is None else parsed(parse_user, found)

    async def entitlements(self) -> Sequence[DiscordEntitlement]:
        async def page(after: int) -> list[DiscordEntitlement]:
            query = {"limit": ENTITLEMENTS_PAGE, "after": after, "exclude_ended": "false", "exclude_deleted": "false"}
            route = "/applications/{application_id}/entitlements"
            found = await self._get(route, query=query, application_id=self.application_id)
            return parsed_rows(parse_entitlement, found)

        return await _all_pages(page, ENTITLEMENTS_PAGE, lambda entitlement: entitlement.id) or []

    async def message(self, channel_id: int, message_id: int) -> DiscordMessage | None:
        try:
            found = await self._find(MESSAGE, channel_id=channel_id, message_id=message_id)
        except Refused as error:
            if error.code == MISSING_PERMISSIONS:
                return None
            raise
        return None if found is None else parsed(parse_message, found)

    async def send_message(
        self,
        channel_id: int,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
        nonce: str | None = None,
    ) -> DiscordMessage:
        body = message_body(content=content, embeds=embeds, components=components, allowed_mentions=allowed_mentions)
        body |= {"nonce": nonce or secrets.token_hex(12), "enforce_nonce": True}
        sent = await self._write("POST", MESSAGES, body, keyed=True, channel_id=channel_id)
        return parsed(parse_message, sent, ambiguous=True)

    async def edit_message(
        self,
        channel_id: int,
        message_id: int,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
    ) -> DiscordMessage:
        body = message_body(content=content, embeds=embeds, components=components, allowed_mentions=allowed_mentions)
        edited = await self._write("PATCH", MESSAGE, body, channel_id=channel_id, message_id=message_id)
        return parsed(parse_message, edited, ambiguous=True)

    async def remove_components(self, channel_id: int, message_id: int) -> bool:
        body: dict[str, Any] = {"components": [], "allowed_mentions": dict(NO_MENTIONS)}
        call = self._write("PATCH", MESSAGE, body, channel_id=channel_id, message_id=message_id)
        return await _unless_gone(call, UNKNOWN_MESSAGE, UNKNOWN_CHANNEL)

    async def delete_message(self, channel_id: int, message_id: int, *, reason: str | None = None) -> bool:
        call = self._write("DELETE", MESSAGE, reason=reason, channel_id=channel_id, message_id=message_id)
        return await _unless_gone(call, UNKNOWN_MESSAGE, UNKNOWN_CHANNEL)

    async def add_reaction(self, channel_id: int, message_id: int, emoji: str) -> None:
        route = MESSAGE + "/reactions/{emoji}/@me"
        await self._write("PUT", route, channel_id=channel_id, message_id=message_id, emoji=emoji)

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
        return await _unless_gone(call, UNKNOWN_CHANNEL)

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
        return await _unless_gone(call, UNKNOWN_MEMBER)

    async def open_dm(self, user_id: int) -> int:
        # Opening it again answers the same channel, so that a repetition does no harm.
        body = {"recipient_id": str(user_id)}
        return parsed(parse_id, await self._write("POST", "/users/@me/channels", body, keyed=True))

    async def respond_to_interaction(
        self,
        interaction_id: int,
        token: str,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
        ephemeral: bool = False,
    ) -> None:
        data = message_body(
            content=content,
            embeds=embeds,
            components=components,
            allowed_mentions=allowed_mentions,
            flags=EPHEMERAL if ephemeral else 0,
        )
        await self._respond(interaction_id, token, {"type": RESPOND_MESSAGE, "data": data})

    async def respond_with_modal(self, interaction_id: int, token: str, modal: Mapping[str, Any]) -> None:
        await self._respond(interaction_id, token, {"type": RESPOND_MODAL, "data": dict(modal)})

    async def reply_to_interaction(
        self,
        application_id: int,
        token: str,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
        followup: bool = False,
        ephemeral: bool = False,
    ) -> int:
        body = message_body(
            content=content,
            embeds=embeds,
            components=components,
            allowed_mentions=allowed_mentions,
            flags=EPHEMERAL if followup and ephemeral else 0,
        )
        method, route = ("POST", WEBHOOK) if followup else ("PATCH", ORIGINAL)
        sent = await self._with_token(method, route, body, webhook_id=application_id, token=token)
        return parsed(parse_id, sent, ambiguous=True)

    async def delete_interaction_reply(self, application_id: int, token: str) -> bool:
        return await _unless_gone(self._with_token("DELETE", ORIGINAL, webhook_id=application_id, token=token))

    async def _respond(self, interaction_id: int, token: str, body: Mapping[str, Any]) -> None:
        route = "/interactions/{interaction_id}/{token}/callback"
        await self._with_token("POST", route, body, interaction_id=interaction_id, token=token)

    async def _with_token(self, method: str, route: str, body: object = None, **parameters: object) -> Any:
        """Call without the bot's token: the interaction's is in the path, and its 401 says nothing of the bot."""
        try:
            return await self.http.request(method, route, authorization=None, parameters=parameters, json=body)
        except Unauthorized as error:
            if error.code == INVALID_WEBHOOK_TOKEN:
                raise NotThere(str(error), status=error.status, code=error.code) from None
            raise

    async def _write(
        self,
        method: str,
        route: str,
        body: object = None,
        *,
        keyed: bool = False,
        reason: str | None = None,
        **parameters: object,
    ) -> Any:
        return await self.http.request(
            method,
            route,
            authorization=f"Bot {self.token}",
            parameters=parameters,
            json=body,
            reason=reason,
            keyed=keyed,
        )

    async def _get(self, route: str, *, query: Mapping[str, str | int] | None = None, **parameters: object) -> Any:
        return await self.http.request(
            "GET", route, authorization=f"Bot {self.token}", parameters=parameters, query=query
        )

    async def _find(self, route: str, *, query: Mapping[str, str | int] | None = None, **parameters: object) -> Any:
        """The answer, or None for what is not there or not the bot's to see."""
        try:
            return await self._get(route, query=query, **parameters)
        except NotThere:
            return None
        except Refused as error:
            if error.code == MISSING_ACCESS:
                return None
            raise


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


async def _all_pages(
    read: Callable[[int], Awaitable[list[T] | None]], size: int, id_of: Callable[[T], int]
) -> list[T] | None:
    """Every row by ascending id, read page by page from above an id; None when the first page is not there."""
    found: list[T] = []
    while True:
        after = id_of(found[-1]) if found else 0
        page = await read(after)
        if page is None:
            return None
        # A server that ignores `after` must not keep us for ever.
        new = sorted((each for each in page if id_of(each) > after), key=id_of)
        found += new
        if len(page) < size or not new:
            return found


async def _unless_gone(call: Awaitable[object], *codes: int) -> bool:
    """Wait for a deletion; False when Discord says with one of these codes (any, without codes) that it was gone."""
    try:
        await call
    except NotThere as error:
        if codes and error.code not in codes:
            raise
        return False
    return True
