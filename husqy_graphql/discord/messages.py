"""Messages: what they say as Discord's JSON, and a part of `BotPort`. Errors are in `port.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from husqy_graphql.discord.objects import DiscordMessage
from husqy_graphql.discord.polls import NewPoll

EPHEMERAL = 1 << 6


def message_body(
    *,
    content: str | None,
    embeds: Sequence[Mapping[str, Any]],
    components: Sequence[Mapping[str, Any]],
    allowed_mentions: Mapping[str, Any],
    flags: int = 0,
) -> dict[str, Any]:
    """The whole of a message: an edit with this body takes away what is left out."""
    return {
        "content": content or "",
        "embeds": [dict(each) for each in embeds],
        "components": [dict(each) for each in components],
        "allowed_mentions": dict(allowed_mentions),
        **({"flags": flags} if flags else {}),
    }


def message_url(guild_id: int, channel_id: int, message_id: int) -> str:
    """The address of a guild's message in Discord's client."""
    return f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}"


class MessagePort(Protocol):
    """Everything may raise Unauthorized, Throttled and Unreachable; the methods name what else. Embeds and components
    are Discord's JSON."""

    async def message(self, channel_id: int, message_id: int) -> DiscordMessage | None:
        """The message; None when it or its channel is gone, or the bot may not read it."""
        ...

    async def messages(self, channel_id: int, *, after: int, limit: int = 100) -> Sequence[DiscordMessage]:
        """At most `limit` messages of a channel, from above an id on, the oldest first; none when the channel is gone,
        or the bot may not read what was said before. Raises Refused (50001 the bot does not see the channel)."""
        ...

    async def send_message(
        self,
        channel_id: int,
        *,
        content: str | None = None,
        embeds: Sequence[Mapping[str, Any]] = (),
        components: Sequence[Mapping[str, Any]] = (),
        allowed_mentions: Mapping[str, Any],
        poll: NewPoll | None = None,
        nonce: str | None = None,
    ) -> DiscordMessage:
        """Post a message. A call whose answer is lost is repeated, and posts no second message. A nonce of
        your own (25 characters at most) makes a later call safe too, for some minutes: Discord answers what is there.
        Raises Invalid (50006 empty, 50008 no text channel, 520004 an emoji of the poll), Refused (50001 the bot does
        not see the channel, 50013 it may not write there, or send polls, 50007 the person takes no direct messages from
        it) and NotThere (10003 no such channel, 10008 the message of this nonce has been deleted).
        """
        ...

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
        """Replace what a message of the bot's own says; what is left out is taken away from it.
        Raises Invalid (520003 a message with a poll), Refused (50001, 50005 another one's message), NotThere (10003,
        10008) and TooMany (30046).
        """
        ...

    async def remove_components(self, channel_id: int, message_id: int) -> bool:
        """Take the buttons and menus off a message of the bot's own, and leave the rest; False when it was gone. Raises
        Invalid (520003 a message with a poll) and Refused (50001, 50005)."""
        ...

    async def delete_message(self, channel_id: int, message_id: int, *, reason: str | None = None) -> bool:
        """Delete a message; False when it or its channel was gone. Raises Refused (50001, 50013)."""
        ...

    async def add_reaction(self, channel_id: int, message_id: int, emoji: str) -> None:
        """React as the bot, with a Unicode emoji or `name:id`; nothing happens if it already has.
        Raises Invalid (10014 no such emoji), Refused (50001, 50013), NotThere (10003, 10008) and TooMany (30010).
        """
        ...

    async def remove_reaction(self, channel_id: int, message_id: int, emoji: str, user_id: int) -> bool:
        """Take somebody's reaction away; nothing happens if it is not there. False when the message or its channel was
        gone. Raises Invalid (10014 no such emoji) and Refused (50001, 50013 another one's)."""
        ...

    async def clear_reactions(self, channel_id: int, message_id: int) -> bool:
        """Take all reactions away; False when the message or its channel was gone. Raises Refused (50001, 50013)."""
        ...
