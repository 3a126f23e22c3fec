"""How Husqy answers a click, a command or a form: with the interaction's own token, not with the bot's.

A token lives for 15 minutes, and its first response must come within 3 seconds. It opens a door, so it never stands in
an exception, a log line or a repr. Source: Discord's API reference, "Receiving and Responding to Interactions".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class InteractionPort(Protocol):
    """Everything may raise Throttled and Unreachable; what else, the methods name."""

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
        """The first response, as a message; `ephemeral` shows it to one person alone.

        Raises Invalid (40060 already responded) and NotThere (10062: the three seconds are over).
        """
        ...

    async def respond_with_modal(self, interaction_id: int, token: str, modal: Mapping[str, Any]) -> None:
        """The first response, as a form (`custom_id`, `title`, `components`). Raises what `respond_to_interaction`
        raises."""
        ...

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
        """Fill the reply of an interaction that has been deferred or responded to; answers the message's id.

        Whether the reply is ephemeral was settled before; only a `followup`, a message of its own, has a say. A
        followup has no nonce: Unreachable may be `ambiguous`.

        Raises Invalid and NotThere (10015, 50027: the 15 minutes are over; 10008: the reply has been deleted).
        """
        ...

    async def delete_interaction_reply(self, application_id: int, token: str) -> bool:
        """Delete the reply; False when it was gone, or the 15 minutes are over."""
        ...
