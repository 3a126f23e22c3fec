"""The schema's own scalars: what they accept, what they answer, and how they look in JSON schema.

A scalar carries the rules that a value must meet whatever the data (a range, a format), so that `/graphql` and `/v1`
refuse it in the same words, with all other faults of the request, before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NewType, cast

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from husqy_graphql.core.snowflake import SNOWFLAKE_MAX, SNOWFLAKE_MIN, parse_snowflake

Snowflake = NewType("Snowflake", int)
ChannelOrDirectMessage = NewType("ChannelOrDirectMessage", str)  # digits, or DIRECT_MESSAGE
DIRECT_MESSAGE = "dm"
JSONObject = NewType("JSONObject", dict[str, Any])
JSON_OBJECT_MAX = 50
AutoDeleteSeconds = NewType("AutoDeleteSeconds", int)
MembershipSeconds = NewType("MembershipSeconds", int)

AUTO_DELETE_MAX = 900
MEMBERSHIP_MAX = 315_360_000  # ten years


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar's GraphQL definition beside its JSON schemas for requests and responses.

    `native` is `datetime` where the JSON writer writes times in UTC just as the scalar does.
    """

    definition: ScalarDefinition
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    native: type[datetime] | None = None


def _parser(parse: Callable[[object], object]) -> Callable[[object], object]:
    """Turns the ValueError of a parser into the error that graphql-core shows as it is."""

    def parse_value(value: object) -> object:
        try:
            return parse(value)
        except ValueError as error:
            raise GraphQLError(str(error)) from None

    return parse_value


def parse_datetime(value: object) -> datetime:
    """An aware UTC time out of RFC 3339 text; without an offset it is UTC (G3b). Raises ValueError."""
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
            return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError("must be a time like 2026-03-01T14:05:00Z (RFC 3339)")


def format_datetime(value: datetime) -> str:
    """RFC 3339 in UTC with a trailing Z."""
    return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def parse_auto_delete(value: object) -> int:
    """Seconds from 0 to 900. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= AUTO_DELETE_MAX:
        return value
    raise ValueError(f"must be a whole number of seconds from 0 to {AUTO_DELETE_MAX}")


def parse_channel_or_direct_message(value: object) -> str:
    """A Discord id as digits, or `dm`. Raises ValueError."""
    if value == DIRECT_MESSAGE:
        return DIRECT_MESSAGE
    try:
        return str(parse_snowflake(value))
    except ValueError as error:
        raise ValueError(f'{error}, or "{DIRECT_MESSAGE}"') from None


def parse_membership(value: object) -> int:
    """Seconds from 1 to ten years. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MEMBERSHIP_MAX:
        return value
    raise ValueError(f"must be a whole number of seconds from 1 to {MEMBERSHIP_MAX}")


def parse_json_object(value: object) -> dict[str, Any]:
    """A JSON object of at most 50 members. Raises ValueError."""
    if isinstance(value, dict) and len(cast("dict[str, Any]", value)) <= JSON_OBJECT_MAX:
        return cast("dict[str, Any]", value)
    raise ValueError(f"must be a JSON object with at most {JSON_OBJECT_MAX} members")


SCALARS: Mapping[object, Scalar] = {
    JSONObject: Scalar(
        strawberry.scalar(
            name="JSONObject",
            description="A JSON object whose members are not fixed.",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
            parse_value=_parser(parse_json_object),
        ),
        request={"type": "object", "additionalProperties": True},
        response={"type": "object", "additionalProperties": True},
    ),
    Snowflake: Scalar(
        strawberry.scalar(
            name="Snowflake",
            description=(
                "A Discord id. It is a string of digits, because it is larger than the numbers that JavaScript keeps "
                f"exactly; a whole number is accepted too. From {SNOWFLAKE_MIN} to {SNOWFLAKE_MAX}."
            ),
            specified_by_url="https://discord.com/developers/docs/reference#snowflakes",
            serialize=str,
            parse_value=_parser(parse_snowflake),
        ),
        request={"type": ["integer", "string"], "minimum": SNOWFLAKE_MIN, "maximum": SNOWFLAKE_MAX},
        response={"type": "string", "pattern": "^[0-9]+$"},
    ),
    ChannelOrDirectMessage: Scalar(
        strawberry.scalar(
            name="ChannelOrDirectMessage",
            description=f"The Discord id of a channel, or `{DIRECT_MESSAGE}` for direct messages.",
            serialize=str,
            parse_value=_parser(parse_channel_or_direct_message),
        ),
        request={"type": ["integer", "string"], "pattern": f"^([0-9]+|{DIRECT_MESSAGE})$"},
        response={"type": "string", "pattern": f"^([0-9]+|{DIRECT_MESSAGE})$"},
    ),
    AutoDeleteSeconds: Scalar(
        strawberry.scalar(
            name="AutoDeleteSeconds",
            description=(
                "Seconds until Husqy removes its own replies: 0 (never) to 900, as long as an interaction lives."
            ),
            serialize=int,
            parse_value=_parser(parse_auto_delete),
        ),
        request={"type": "integer", "minimum": 0, "maximum": AUTO_DELETE_MAX},
        response={"type": "integer", "minimum": 0, "maximum": AUTO_DELETE_MAX},
    ),
    MembershipSeconds: Scalar(
        strawberry.scalar(
            name="MembershipSeconds",
            description=f"Seconds that somebody has been a member of a guild: 1 to {MEMBERSHIP_MAX}, ten years.",
            serialize=int,
            parse_value=_parser(parse_membership),
        ),
        request={"type": "integer", "minimum": 1, "maximum": MEMBERSHIP_MAX},
        response={"type": "integer", "minimum": 1, "maximum": MEMBERSHIP_MAX},
    ),
    datetime: Scalar(
        strawberry.scalar(
            name="DateTime",
            description=(
                "A time in UTC, as RFC 3339 writes it: `2026-03-01T14:05:00Z`. Any offset is accepted, and none means "
                "UTC."
            ),
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=format_datetime,
            parse_value=_parser(parse_datetime),
        ),
        request={"type": "string", "format": "date-time"},
        response={"type": "string", "format": "date-time"},
        native=datetime,
    ),
}
