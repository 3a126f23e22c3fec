"""What a caller sees of an error: coded errors as they are, everything else masked."""

from __future__ import annotations

import structlog
from graphql import GraphQLError

from husqy_graphql.core.errors import CodedError, DiscordRefused, ErrorCode, Internal, Unavailable
from husqy_graphql.discord.port import DiscordError, Throttled, Unauthorized, Unreachable

log = structlog.get_logger()


def present_errors(errors: list[GraphQLError], request_id: str, most: int) -> list[GraphQLError]:
    """At most `most` errors, each with a code, none with anything that is ours to know."""
    return [_present(error, request_id) for error in errors[:most]]


def coded(error: Exception, request_id: str) -> CodedError:
    """The coded error for any exception; an unexpected one is logged with its traceback and masked."""
    match error:
        case CodedError():
            return error
        case Throttled(retry_after=retry_after):
            return Unavailable("Discord asks us to wait. Try again later.", retry_after)
        case Unreachable(ambiguous=True):
            return Unavailable("Discord did not answer, so it is not known whether the change took place there.")
        case Unreachable() | Unauthorized():
            return Unavailable("Discord does not answer right now. Try again later.")
        case DiscordError():
            return DiscordRefused(f"Discord refused: {error}")
        case _:
            log.error("unexpected_error", exc_info=error)
            return Internal(request_id)


def _present(error: GraphQLError, request_id: str) -> GraphQLError:
    original = error.original_error
    while isinstance(original, GraphQLError) and original.original_error is not None:
        original = original.original_error
    if original is None or isinstance(original, GraphQLError):
        # graphql-core's own words about a value, or about which operation to run.
        extensions = {"code": ErrorCode.BAD_USER_INPUT.name, **(error.extensions or {})}
        return GraphQLError(error.message, error.nodes, error.source, error.positions, error.path, None, extensions)
    shown = coded(original, request_id)
    return GraphQLError(
        shown.detail, error.nodes, error.source, error.positions, error.path, original, dict(shown.extensions)
    )


def to_graphql_error(error: CodedError) -> GraphQLError:
    """The refusal of a whole operation."""
    return GraphQLError(error.detail, original_error=error, extensions=dict(error.extensions))
