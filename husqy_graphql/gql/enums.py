"""Plain enums of the core as GraphQL enums, with a description for each value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, cast

import strawberry

from husqy_graphql.core.audit import ActorKind
from husqy_graphql.core.modules import ModuleName

E = TypeVar("E", bound=type[Enum])


def graphql_enum(enum: E, description: str, values: Mapping[str, str], *, name: str | None = None) -> E:
    """Make an enum usable in the schema; raises ValueError unless `values` describes exactly its members."""
    missing = {member.name for member in cast("type[Enum]", enum)} ^ values.keys()
    if missing:
        raise ValueError(f"{enum.__name__}: described and existing values differ in {sorted(missing)}")
    strawberry.enum(enum, name=name, description=description)
    definition = cast("Any", enum).__strawberry_definition__
    for value in definition.values:
        value.description = values[value.name]
    return enum


graphql_enum(
    ModuleName,
    "A part of Husqy that administrators switch on and off for their guild.",
    {
        "LOGGING": "Writes what happens in the guild to a channel.",
        "WELCOMING": "Greets members who join, says goodbye to those who leave, and gives roles on joining.",
        "TEMPCHANNELS": "Opens voice and text channels while members need them.",
        "SOCIALS": "Posts what is new on Reddit, Twitch, YouTube and RSS feeds.",
        "REACTIONROLES": "Lets members choose roles by reaction, button or menu.",
        "AUTORESPONDER": "Answers messages that match a trigger.",
        "TICKETS": "Opens private channels between members and the team.",
        "SERVERSTATS": "Counts what happens in the guild, and shows it.",
        "TAGS": "Keeps texts that members recall by name.",
        "VERIFIER": "Lets new members prove that they are human.",
        "RULES": "Shows the rules, and asks members to accept them.",
        "INVITE_TRACKER": "Notes who invited whom.",
        "POLLS": "Asks members, and counts their votes.",
        "GIVEAWAYS": "Draws winners among those who enter.",
        "REMINDERS": "Reminds members and channels in time.",
    },
)
graphql_enum(
    ActorKind,
    "What kind of caller somebody is, by the credential.",
    {
        "USER": "A person with a Discord access token.",
        "API_KEY": "A program with an API key of one guild.",
        "SERVICE": "Husqy itself, on behalf of a member where one is named.",
    },
)
