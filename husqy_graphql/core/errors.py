"""The errors a person can meet, in one table.

A service raises one of these; GraphQL shows it as a top-level error with `extensions.code`, `/v1` as a problem body
with the status of the table. Whatever is not a `CodedError` is a defect of ours and is masked as `INTERNAL`.

    CodedError
    ├── Unauthenticated   401  no credential, or one that is not valid (any more)
    ├── Forbidden         403  a valid credential that may not do this
    ├── NotFound          404  the caller may know of it, and it is not there
    ├── BadUserInput      400  a value that cannot be accepted; `fields` says which
    ├── Conflict          409  the state forbids it; `reason` says how
    ├── RateLimited       429  too much in too short a time
    ├── DiscordRefused    500  Discord understood, and said no
    ├── Unavailable       503  something we need does not answer
    ├── Internal          500  a defect of ours, masked
    │   what the doors refuse before any resolver runs:
    ├── QueryTooComplex       400  a document over a limit; `limit`, `maximum` and `value` say which
    ├── PersistedQueryNotFound 400
    ├── DocumentNotTrusted    403
    ├── MethodNotAllowed      405
    ├── NotAcceptable         406
    ├── PayloadTooLarge       413
    ├── UnsupportedMediaType  415
    └── TimedOut              504
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar

MOST_IN_JSON = 2**53  # from here on readers of JSON round integers, and its writers may refuse them


class ErrorCode(Enum):
    """Every `extensions.code` with its HTTP status and the title of its problem body."""

    UNAUTHENTICATED = (401, "Not signed in")
    FORBIDDEN = (403, "Not allowed")
    NOT_FOUND = (404, "Not found")
    BAD_USER_INPUT = (400, "Bad input")
    CONFLICT = (409, "Conflict")
    RATE_LIMITED = (429, "Too many requests")
    DISCORD_REFUSED = (500, "Discord refused")
    UNAVAILABLE = (503, "Not available right now")
    INTERNAL = (500, "Internal error")
    # What the doors themselves refuse, before any resolver runs.
    METHOD_NOT_ALLOWED = (405, "Method not allowed")
    NOT_ACCEPTABLE = (406, "Not acceptable")
    PAYLOAD_TOO_LARGE = (413, "Request too large")
    UNSUPPORTED_MEDIA_TYPE = (415, "Unsupported content type")
    TIMEOUT = (504, "Took too long")
    GRAPHQL_PARSE_FAILED = (400, "Not a GraphQL document")
    GRAPHQL_VALIDATION_FAILED = (400, "Does not fit the schema")
    QUERY_TOO_COMPLEX = (400, "Over a limit")
    PERSISTED_QUERY_NOT_FOUND = (400, "Unknown document")
    DOCUMENT_NOT_TRUSTED = (403, "Not a trusted document")

    def __init__(self, status: int, title: str) -> None:
        self.status = status
        self.title = title


class ConflictReason(Enum):
    """Why a `CONFLICT` came about (`extensions.reason`)."""

    MODULE_DISABLED = "MODULE_DISABLED"
    MODULE_ENABLED = "MODULE_ENABLED"
    LIMIT_REACHED = "LIMIT_REACHED"
    DUPLICATE = "DUPLICATE"
    WRONG_STATE = "WRONG_STATE"


class CodedError(Exception):
    """An error that the caller is meant to see; `detail` tells what to do about it. `logged_as` is the word for it in
    logs that people read, where a module's own list has one."""

    code: ClassVar[ErrorCode]

    def __init__(self, detail: str, *, logged_as: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.logged_as = logged_as

    @property
    def extensions(self) -> dict[str, Any]:
        """What GraphQL shows beside the message; graphql-core copies it off the exception."""
        return {"code": self.code.name}

    @property
    def reason_word(self) -> str:
        """Why it failed, in one snake_case word for logs that people read."""
        return self.logged_as or self.code.name.lower()


class Unauthenticated(CodedError):
    code = ErrorCode.UNAUTHENTICATED


class Forbidden(CodedError):
    code = ErrorCode.FORBIDDEN


class NotFound(CodedError):
    code = ErrorCode.NOT_FOUND


class BadUserInput(CodedError):
    """`fields` maps the dotted path of an argument (`input.timeZone`) to what is wrong with its value."""

    code = ErrorCode.BAD_USER_INPUT

    def __init__(self, detail: str, fields: Mapping[str, str] | None = None, *, logged_as: str | None = None) -> None:
        super().__init__(detail, logged_as=logged_as)
        self.fields = dict(fields or {})

    @property
    def extensions(self) -> dict[str, Any]:
        extensions = super().extensions
        if self.fields:
            extensions["fields"] = self.fields
        return extensions


class Conflict(CodedError):
    code = ErrorCode.CONFLICT

    def __init__(self, detail: str, reason: ConflictReason, *, logged_as: str | None = None) -> None:
        super().__init__(detail, logged_as=logged_as)
        self.reason = reason

    @property
    def extensions(self) -> dict[str, Any]:
        return {**super().extensions, "reason": self.reason.value}

    @property
    def reason_word(self) -> str:
        if self.logged_as is not None:
            return self.logged_as
        return "already_added" if self.reason is ConflictReason.DUPLICATE else self.reason.value.lower()


class RateLimited(CodedError):
    """`retry_after` is in seconds."""

    code = ErrorCode.RATE_LIMITED

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def extensions(self) -> dict[str, Any]:
        return {**super().extensions, "retryAfter": self.retry_after}


class DiscordRefused(CodedError):
    code = ErrorCode.DISCORD_REFUSED


class Unavailable(CodedError):
    """`retry_after` is in seconds."""

    code = ErrorCode.UNAVAILABLE

    def __init__(self, detail: str, retry_after: float = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def extensions(self) -> dict[str, Any]:
        return {**super().extensions, "retryAfter": self.retry_after}


class Internal(CodedError):
    """The mask over a defect of ours; `request_id` is what finds it in the log."""

    code = ErrorCode.INTERNAL

    def __init__(self, request_id: str) -> None:
        super().__init__(f"Something went wrong on our side. Quote the request id {request_id} when you report it.")
        self.request_id = request_id

    @property
    def extensions(self) -> dict[str, Any]:
        return {**super().extensions, "requestId": self.request_id}


class MethodNotAllowed(CodedError):
    code = ErrorCode.METHOD_NOT_ALLOWED


class NotAcceptable(CodedError):
    code = ErrorCode.NOT_ACCEPTABLE


class PayloadTooLarge(CodedError):
    code = ErrorCode.PAYLOAD_TOO_LARGE


class UnsupportedMediaType(CodedError):
    code = ErrorCode.UNSUPPORTED_MEDIA_TYPE


class TimedOut(CodedError):
    code = ErrorCode.TIMEOUT


class QueryTooComplex(CodedError):
    """A document over a limit. `value` is None where counting stopped at the limit, or went beyond what JSON holds."""

    code = ErrorCode.QUERY_TOO_COMPLEX

    def __init__(self, detail: str, limit: str, maximum: int, value: int | None = None) -> None:
        super().__init__(detail)
        self.limit = limit
        self.maximum = maximum
        # Fragments that spread each other twice count to powers of two.
        self.value = value if value is None or value < MOST_IN_JSON else None

    @property
    def extensions(self) -> dict[str, Any]:
        counted = {} if self.value is None else {"value": self.value}
        return {**super().extensions, "limit": self.limit, "maximum": self.maximum, **counted}


class PersistedQueryNotFound(CodedError):
    code = ErrorCode.PERSISTED_QUERY_NOT_FOUND


class DocumentNotTrusted(CodedError):
    code = ErrorCode.DOCUMENT_NOT_TRUSTED
