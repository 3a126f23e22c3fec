"""Template variables: the placeholders `<name>` in texts that administrators write.

A caller fills a `TemplateContext` with the groups that its feature supports. Names of a missing group, and names that
nobody knows, stay in the text as they are. A group whose object could not be found is given with its id alone; its
values become labels in the guild's language. What a value contains is never looked at again, so a member's nickname
cannot bring a placeholder in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TypeVar

from husqy_graphql.core.languages import translate
from husqy_graphql.core.snowflake import created_at

DATE = "%d-%m-%Y"
TIME = "%H:%M:%S"
DATETIME = f"{DATE} {TIME}"

# Possessive, and without "<" inside: every character is looked at a fixed number of times, whatever the text.
_PLACEHOLDER = re.compile(r"<([a-z][a-z_]*+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserContext:
    """A user, as far as known. The defaults are right for somebody who left the guild or was never asked for in one."""

    id: int
    avatar_url: str
    display_name: str | None = None  # None: the user could not be loaded
    nickname: str | None = None
    deaf: bool = False
    mute: bool = False
    pending: bool = False
    joined_at: datetime | None = None
    premium_since: datetime | None = None
    communication_disabled_until: datetime | None = None
    role_ids: tuple[int, ...] = ()  # in the order in which they are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelContext:
    """A channel; one that could not be found has its id alone."""

    id: int
    name: str | None = None
    type: str | None = None  # Discord's name of the type, like GUILD_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerContext:
    """A guild; one that could not be found has its id alone. Levels are Discord's names, like TIER_1."""

    id: int
    name: str | None = None
    owner_id: int | None = None
    description: str | None = None
    afk_timeout: int = 0  # seconds
    mfa_level: str | None = None
    preferred_locale: str | None = None
    premium_subscription_count: int = 0
    premium_tier: str | None = None
    verification_level: str | None = None
    nsfw_level: str | None = None
    public_updates_channel_id: int | None = None
    rules_channel_id: int | None = None
    system_channel_id: int | None = None
    widget_channel_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketContext:
    """A ticket; the texts of its type are None when it has no type, which leaves nothing in the text."""

    id: str
    type_title: str | None
    type_description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InviteContext:
    """The invite that a member came by; None for what cannot be told (any more)."""

    inviter: UserContext | None
    code: str | None
    current_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterContext:
    """The values of a counter, written as they are to be shown; None for those that its type does not have."""

    value: str | None = None
    online: str | None = None
    offline: str | None = None
    dnd: str | None = None
    role_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateContext:
    """What a text may speak of, and how: None for every group that the feature does not support.

    `now` has an offset; `zone` is the guild's. `other` is False only where not even the current time is supported
    (counters), for there is always a now.
    """

    language: str
    zone: tzinfo
    now: datetime
    other: bool = True
    user: UserContext | None = None
    channel: ChannelContext | None = None
    server: ServerContext | None = None
    ticket: TicketContext | None = None
    invite: InviteContext | None = None
    counter: CounterContext | None = None


def render(text: str, context: TemplateContext, *, limit: int | None = None) -> str:
    """The text with its variables replaced, cut after `limit` characters where one is given.

    One pass in time linear to text and result; with a limit nothing is made of what would be cut off anyway, so that a
    long value repeated often costs no memory. A variable is computed once, and only if the text has it. Never fails.
    """
    pieces = _pieces(text, context)
    if limit is None:
        return "".join(pieces)
    kept: list[str] = []
    room = limit
    while room > 0 and (piece := next(pieces, None)) is not None:
        kept.append(piece[:room])
        room -= len(kept[-1])
    return "".join(kept)


def _pieces(text: str, context: TemplateContext) -> Iterator[str]:
    values: dict[str, str | None] = {}
    end = 0
    for placeholder in _PLACEHOLDER.finditer(text):
        name = placeholder[1]
        if name not in _VARIABLES:
            continue
        if name not in values:
            values[name] = _VARIABLES[name](context)
        if (value := values[name]) is not None:
            yield text[end : placeholder.start()]
            yield value
            end = placeholder.end()
    yield text[end:]


def _label(context: TemplateContext, key: str) -> str:
    return translate(context.language, f"variables.{key}")


def _moment(context: TemplateContext, moment: datetime | None, form: str = DATETIME) -> str:
    return _label(context, "unknown") if moment is None else moment.astimezone(context.zone).strftime(form)


def _timeout(context: TemplateContext, until: datetime | None) -> str:
    # Discord goes on telling the end of a timeout that is over.
    if until is None or until <= context.now:
        return _label(context, "not_timed_out")
    return _moment(context, until)


def _roles(role_ids: tuple[int, ...]) -> str:
    return ", ".join(f"<@&{role_id}>" for role_id in role_ids)


def _channel_in_use(context: TemplateContext, channel_id: int | None) -> str:
    return _label(context, "not_in_use") if channel_id is None else f"<#{channel_id}>"


def _duration(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_Subject = TypeVar("_Subject")
# How a variable is read off the object of its group; None leaves it in the text.
_Reader = Callable[[_Subject, TemplateContext], str | None]

# Without their prefix: the same variables exist for the user and for the inviter.
_USER: Mapping[str, _Reader[UserContext]] = {
    "id": lambda user, _: str(user.id),
    "mention": lambda user, _: f"<@{user.id}>",
    "nickname": lambda user, context: user.nickname or _label(context, "no_nickname"),
    "display_name": lambda user, context: user.display_name or _label(context, "unknown"),
    "is_deaf": lambda user, context: _label(context, "deafened" if user.deaf else "not_deafened"),
    "is_mute": lambda user, context: _label(context, "muted" if user.mute else "not_muted"),
    "is_pending": lambda user, context: _label(context, "pending" if user.pending else "not_pending"),
    "joined_at": lambda user, context: _moment(context, user.joined_at),
    "premium_since": lambda user, context: _moment(context, user.premium_since),
    "roles": lambda user, context: _roles(user.role_ids) or _label(context, "unknown"),
    "communication_disabled_until": lambda user, context: _timeout(context, user.communication_disabled_until),
    "avatar_url": lambda user, _: user.avatar_url,
}

_CHANNEL: Mapping[str, _Reader[ChannelContext]] = {
    "channel_id": lambda channel, _: str(channel.id),
    "channel_mention": lambda channel, _: f"<#{channel.id}>",
    "channel_name": lambda channel, context: channel.name or _label(context, "unknown"),
    "channel_type": lambda channel, context: channel.type or _label(context, "unknown"),
    "channel_created_at": lambda channel, context: _moment(context, created_at(channel.id)),
}

_SERVER: Mapping[str, _Reader[ServerContext]] = {
    "server_id": lambda server, _: str(server.id),
    "server_name": lambda server, context: server.name or _label(context, "unknown"),
    "server_created_at": lambda server, context: _moment(context, created_at(server.id)),
    "server_description": lambda server, context: server.description or _label(context, "not_in_use"),
    "server_afk_timeout": lambda server, _: _duration(server.afk_timeout),
    "server_mfa_level": lambda server, context: server.mfa_level or _label(context, "unknown"),
    "server_owner": lambda server, context: f"<@{server.owner_id}>" if server.owner_id else _label(context, "unknown"),
    "server_preferred_locale": lambda server, context: server.preferred_locale or _label(context, "unknown"),
    "server_premium_subscription_count": lambda server, _: str(server.premium_subscription_count),
    "server_premium_tier": lambda server, context: server.premium_tier or _label(context, "unknown"),
    "server_verification_level": lambda server, context: server.verification_level or _label(context, "unknown"),
    "server_nsfw_level": lambda server, context: server.nsfw_level or _label(context, "unknown"),
    "server_public_updates_channel": lambda server, context: _channel_in_use(context, server.public_updates_channel_id),
    "server_rules_channel": lambda server, context: _channel_in_use(context, server.rules_channel_id),
    "server_system_channel": lambda server, context: _channel_in_use(context, server.system_channel_id),
    "server_widget_channel": lambda server, context: _channel_in_use(context, server.widget_channel_id),
}

_OTHER: Mapping[str, _Reader[datetime]] = {
    "current_date": lambda now, context: _moment(context, now, DATE),
    "current_time": lambda now, context: _moment(context, now, TIME),
    "current_datetime": lambda now, context: _moment(context, now),
    "current_datetime_iso": lambda now, context: now.astimezone(context.zone).isoformat(timespec="seconds"),
}

_TICKET: Mapping[str, _Reader[TicketContext]] = {
    "ticket_id": lambda ticket, _: ticket.id,
    "ticket_type": lambda ticket, _: ticket.type_title or "",
    "ticket_type_description": lambda ticket, _: ticket.type_description or "",
}

_INVITE: Mapping[str, _Reader[InviteContext]] = {
    "current_invite_count": lambda invite, context: (
        _label(context, "unknown") if invite.current_count is None else str(invite.current_count)
    ),
    "invite_code": lambda invite, context: invite.code or _label(context, "unknown"),
}

_COUNTER: Mapping[str, _Reader[CounterContext]] = {
    "value": lambda counter, _: counter.value,
    "online": lambda counter, _: counter.online,
    "offline": lambda counter, _: counter.offline,
    "dnd": lambda counter, _: counter.dnd,
    "role_name": lambda counter, _: counter.role_name,
}


def _of_inviter(field: str, read: _Reader[UserContext]) -> _Reader[InviteContext]:
    label = "unknown_inviter" if field in {"mention", "nickname", "display_name"} else "unknown"

    def value(invite: InviteContext, context: TemplateContext) -> str | None:
        return _label(context, label) if invite.inviter is None else read(invite.inviter, context)

    return value


def _reading(
    subject: Callable[[TemplateContext], _Subject | None], readers: Mapping[str, _Reader[_Subject]]
) -> dict[str, Callable[[TemplateContext], str | None]]:
    """The variables of a group as functions of the whole context, which answer None when the group is not in it."""

    def of_context(read: _Reader[_Subject]) -> Callable[[TemplateContext], str | None]:
        def value(context: TemplateContext) -> str | None:
            found = subject(context)
            return None if found is None else read(found, context)

        return value

    return {name: of_context(read) for name, read in readers.items()}


_VARIABLES: Mapping[str, Callable[[TemplateContext], str | None]] = {
    **_reading(lambda context: context.user, {f"user_{field}": read for field, read in _USER.items()}),
    **_reading(lambda context: context.channel, _CHANNEL),
    **_reading(lambda context: context.server, _SERVER),
    **_reading(lambda context: context.now if context.other else None, _OTHER),
    **_reading(lambda context: context.ticket, _TICKET),
    **_reading(lambda context: context.invite, _INVITE),
    **_reading(
        lambda context: context.invite,
        {f"inviter_{field}": _of_inviter(field, read) for field, read in _USER.items()},
    ),
    **_reading(lambda context: context.counter, _COUNTER),
}
VARIABLE_NAMES = frozenset(_VARIABLES)
