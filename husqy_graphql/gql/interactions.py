"""Replies to the interaction that caused an operation: after the commit, and never to its harm."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry
import structlog

from husqy_graphql.core.errors import DiscordRefused
from husqy_graphql.core.languages import DEFAULT_LANGUAGE, translate
from husqy_graphql.discord.interactions import InteractionPort
from husqy_graphql.discord.port import NO_MENTIONS, DiscordError
from husqy_graphql.gql.context import Context
from husqy_graphql.gql.scalars import Snowflake

log = structlog.get_logger()


@strawberry.input(
    description="The Discord interaction that an operation answers; without both parts nothing is answered."
)
class InteractionInput:
    application_id: Snowflake | None = strawberry.field(description="The application's Discord id.", default=None)
    token: str | None = strawberry.field(
        description="The interaction's token, which lives for 15 minutes.", default=None
    )


Interaction = Annotated[
    InteractionInput | None,
    strawberry.argument(
        description="The slash command, button or menu that asks for it. It must have been deferred; its reply tells "
        "what was done, and vanishes after the guild's `autoDelete` seconds."
    ),
]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said. `delete_after` is in seconds; 0 keeps it."""

    content: str | None = None
    embeds: Sequence[Mapping[str, Any]] = ()
    components: Sequence[Mapping[str, Any]] = ()
    allowed_mentions: Mapping[str, Any] | None = None
    delete_after: int = 0


# Held here, because the event loop alone would let them be collected.
_deletions: set[asyncio.Task[None]] = set()


async def reply(bot: InteractionPort, interaction: InteractionInput | None, said: Reply) -> bool:
    """Fill the interaction's reply; whether it was. Raises nothing: the operation is done whatever becomes of it."""
    if interaction is None or interaction.application_id is None or not interaction.token:
        return False
    application_id, token = int(interaction.application_id), interaction.token
    try:
        await bot.reply_to_interaction(
            application_id,
            token,
            content=said.content,
            embeds=said.embeds,
            components=said.components,
            allowed_mentions=said.allowed_mentions or NO_MENTIONS,
        )
    except DiscordError as error:
        log.info("interaction_not_answered", error=type(error).__name__)
        return False
    if said.delete_after > 0:
        task = asyncio.create_task(_delete_later(bot, application_id, token, said.delete_after))
        _deletions.add(task)
        task.add_done_callback(_deletions.discard)
    return True


async def reply_or_raise(bot: InteractionPort, interaction: InteractionInput | None, said: Reply) -> None:
    """The same for an operation whose caller must know. Raises DiscordRefused when an interaction was named and its
    reply not filled: what was done stays done."""
    wanted = interaction is not None and interaction.application_id is not None and interaction.token
    if wanted and not await reply(bot, interaction, said):
        raise DiscordRefused("What you asked for is done, but Discord did not take the reply to the interaction.")


async def translated_reply(context: Context, guild_id: int, key: str, **values: str) -> Reply:
    """A text of the guild's language, whose `<name>`s are replaced by `values`."""
    settings = await context.guild_settings(guild_id)
    text = translate(DEFAULT_LANGUAGE if settings is None else settings.language, key)
    for name, value in values.items():
        text = text.replace(f"<{name}>", value)
    return Reply(text, delete_after=await context.auto_delete(guild_id))


async def reply_in_language(
    context: Context, guild_id: int, interaction: InteractionInput | None, key: str, **values: str
) -> None:
    """Fill the interaction's reply with such a text. Raises what `reply_or_raise` raises."""
    if interaction is not None:
        said = await translated_reply(context, guild_id, key, **values)
        await reply_or_raise(context.resources.bot, interaction, said)


async def _delete_later(bot: InteractionPort, application_id: int, token: str, seconds: int) -> None:
    await asyncio.sleep(seconds)
    try:
        await bot.delete_interaction_reply(application_id, token)
    except DiscordError as error:
        log.info("reply_not_deleted", error=type(error).__name__)
