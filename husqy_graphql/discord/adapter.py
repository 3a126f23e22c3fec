"""The one adapter: the project's words on one side, Discord's REST API on the other."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.port import (
    DiscordChannel,
    DiscordEmoji,
    DiscordEntitlement,
    DiscordGuild,
    DiscordMember,
    DiscordRole,
    DiscordUser,
    NotThere,
    Refused,
    TokenInfo,
    TokenPair,
    Unreachable,
    UserGuild,
)

T = TypeVar("T")

MEMBERS_PAGE = 1_000
ENTITLEMENTS_PAGE = 100
UNKNOWN_ACCESS = 50001  # Discord's answer for guilds that the bot is not in


@dataclass(frozen=True, slots=True)
class BotDiscord:
    """Asks as the bot."""

    http: DiscordHTTP
    token: str = field(repr=False)
    application_id: int

    async def current_user(self) -> DiscordUser:
        return _parsed(_user, await self._get("/users/@me"))

    async def guild(self, guild_id: int) -> DiscordGuild | None:
        found = await self._find("/guilds/{guild_id}", guild_id=guild_id)
        return None if found is None else _parsed(_guild, found)

    async def channels(self, guild_id: int) -> Sequence[DiscordChannel] | None:
        found = await self._find("/guilds/{guild_id}/channels", guild_id=guild_id)
        return None if found is None else _parsed_rows(_channel, found)

    async def members(self, guild_id: int) -> Sequence[DiscordMember] | None:
        async def page(after: int) -> list[DiscordMember] | None:
            query = {"limit": MEMBERS_PAGE, "after": after}
            found = await self._find("/guilds/{guild_id}/members", query=query, guild_id=guild_id)
            return None if found is None else _parsed_rows(_member, found)

        return await _all_pages(page, MEMBERS_PAGE, lambda member: member.user.id)

    async def member(self, guild_id: int, user_id: int) -> DiscordMember | None:
        found = await self._find("/guilds/{guild_id}/members/{user_id}", guild_id=guild_id, user_id=user_id)
        return None if found is None else _parsed(_member, found)

    async def user(self, user_id: int) -> DiscordUser | None:
        found = await self._find("/users/{user_id}", user_id=user_id)
        return None if found is None else _parsed(_user, found)

    async def entitlements(self) -> Sequence[DiscordEntitlement]:
        async def page(after: int) -> list[DiscordEntitlement]:
            query = {"limit": ENTITLEMENTS_PAGE, "after": after, "exclude_ended": "false", "exclude_deleted": "false"}
            route = "/applications/{application_id}/entitlements"
            found = await self._get(route, query=query, application_id=self.application_id)
            return _parsed_rows(_entitlement, found)

        return await _all_pages(page, ENTITLEMENTS_PAGE, lambda entitlement: entitlement.id) or []

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
            if error.code == UNKNOWN_ACCESS:
                return None
            raise


@dataclass(frozen=True, slots=True)
class UserDiscord:
    """Asks with a user's OAuth access token."""

    http: DiscordHTTP

    async def token_info(self, token: str) -> TokenInfo:
        return _parsed(_token_info, await self.http.request("GET", "/oauth2/@me", authorization=f"Bearer {token}"))

    async def user_guilds(self, token: str) -> Sequence[UserGuild]:
        # One page is enough: 200 guilds are the most that a person can be in.
        rows = await self.http.request(
            "GET", "/users/@me/guilds", authorization=f"Bearer {token}", query={"limit": 200}
        )
        return _parsed_rows(_user_guild, rows)


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
        return _parsed(_token_pair, await self._post("/oauth2/token", form))

    async def refresh(self, refresh_token: str) -> TokenPair:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return _parsed(_token_pair, await self._post("/oauth2/token", form))

    async def revoke(self, refresh_token: str) -> None:
        form = {"token": refresh_token, "token_type_hint": "refresh_token"}
        await self._post("/oauth2/token/revoke", form)

    async def _post(self, route: str, form: Mapping[str, str]) -> Any:
        # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
        client = f"{self.client_id}:{quote(self.client_secret, safe='')}"
        authorization = f"Basic {b64encode(client.encode()).decode()}"
        return await self.http.request("POST", route, authorization=authorization, form=form)


def _parsed(parse: Callable[[Any], T], answer: Any) -> T:
    try:
        return parse(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreachable(f"Discord's answer lacks something: {type(error).__name__} {error}.") from None


def _parsed_rows(parse: Callable[[Any], T], answer: Any) -> list[T]:
    return _parsed(lambda rows: [parse(row) for row in rows], answer)


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


def _optional_id(value: Any) -> int | None:
    return None if value is None else int(value)


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).astimezone(UTC)


def _user(row: Mapping[str, Any]) -> DiscordUser:
    return DiscordUser(
        id=int(row["id"]),
        username=row["username"],
        global_name=row.get("global_name"),
        avatar=row.get("avatar"),
        discriminator=row.get("discriminator", "0"),
        bot=row.get("bot", False),
    )


def _member(row: Mapping[str, Any]) -> DiscordMember:
    return DiscordMember(
        user=_user(row["user"]),
        nick=row.get("nick"),
        avatar=row.get("avatar"),
        role_ids=tuple(int(each) for each in row["roles"]),
        joined_at=_time(row.get("joined_at")),
        premium_since=_time(row.get("premium_since")),
        deaf=row.get("deaf", False),
        mute=row.get("mute", False),
        pending=row.get("pending", False),
        communication_disabled_until=_time(row.get("communication_disabled_until")),
    )


def _role(row: Mapping[str, Any]) -> DiscordRole:
    return DiscordRole(
        id=int(row["id"]),
        name=row["name"],
        color=row["color"],
        position=row["position"],
        permissions=int(row["permissions"]),
        managed=row["managed"],
        hoist=row["hoist"],
        mentionable=row["mentionable"],
    )


def _emoji(row: Mapping[str, Any]) -> DiscordEmoji:
    return DiscordEmoji(
        id=int(row["id"]),
        name=row["name"],
        animated=row.get("animated", False),
        require_colons=row.get("require_colons", True),
        managed=row.get("managed", False),
        available=row.get("available", True),
    )


def _channel(row: Mapping[str, Any]) -> DiscordChannel:
    return DiscordChannel(
        id=int(row["id"]),
        guild_id=_optional_id(row.get("guild_id")),
        name=row.get("name"),
        type=row["type"],
        position=row.get("position", 0),
        parent_id=_optional_id(row.get("parent_id")),
        topic=row.get("topic"),
        nsfw=row.get("nsfw", False),
    )


def _guild(row: Mapping[str, Any]) -> DiscordGuild:
    return DiscordGuild(
        id=int(row["id"]),
        name=row["name"],
        owner_id=int(row["owner_id"]),
        icon=row.get("icon"),
        description=row.get("description"),
        afk_timeout=row["afk_timeout"],
        mfa_level=row["mfa_level"],
        preferred_locale=row["preferred_locale"],
        premium_subscription_count=row.get("premium_subscription_count") or 0,
        premium_tier=row["premium_tier"],
        verification_level=row["verification_level"],
        nsfw_level=row["nsfw_level"],
        public_updates_channel_id=_optional_id(row.get("public_updates_channel_id")),
        rules_channel_id=_optional_id(row.get("rules_channel_id")),
        system_channel_id=_optional_id(row.get("system_channel_id")),
        widget_channel_id=_optional_id(row.get("widget_channel_id")),
        roles=tuple(_role(each) for each in row["roles"]),
        emojis=tuple(_emoji(each) for each in row["emojis"]),
    )


def _entitlement(row: Mapping[str, Any]) -> DiscordEntitlement:
    return DiscordEntitlement(
        id=int(row["id"]),
        sku_id=int(row["sku_id"]),
        guild_id=_optional_id(row.get("guild_id")),
        type=row["type"],
        starts_at=_time(row.get("starts_at")),
        ends_at=_time(row.get("ends_at")),
        deleted=row["deleted"],
    )


def _user_guild(row: Mapping[str, Any]) -> UserGuild:
    return UserGuild(
        id=int(row["id"]),
        name=row["name"],
        icon=row.get("icon"),
        owner=row["owner"],
        permissions=int(row["permissions"]),
    )


def _token_info(row: Mapping[str, Any]) -> TokenInfo:
    return TokenInfo(
        application_id=int(row["application"]["id"]),
        scopes=frozenset(row["scopes"]),
        expires_at=datetime.fromisoformat(row["expires"]).astimezone(UTC),
        user=_user(row["user"]) if row.get("user") else None,
    )


def _token_pair(row: Mapping[str, Any]) -> TokenPair:
    if row["token_type"].lower() != "bearer":
        raise ValueError("token_type")
    if not (isinstance(row["access_token"], str) and isinstance(row["refresh_token"], str)):
        raise TypeError("access_token and refresh_token must be text")
    return TokenPair(
        access_token=row["access_token"],
        refresh_token=row["refresh_token"],
        expires_in=int(row["expires_in"]),
        scopes=frozenset(row["scope"].split()),
    )
