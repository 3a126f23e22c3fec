"""Structured logs on standard error: for people, or as one JSON object a line."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

from husqy_graphql.core.clock import system_clock


def configure_logging(level: str, *, as_json: bool) -> None:
    """Send structlog's and the standard library's records the same way, from `level` on."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Tracebacks without local variables: those hold credentials, and may be as large as a request likes.
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    last: list[Processor] = (
        [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer()]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    write_request = _request_as_json if as_json else _request_as_text
    structlog.configure(
        # A line a request: written as the rest would be, in a fifth of the time.
        processors=[partial(_written, write_request, (*shared, *last))],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Their lines repeat ours; what goes wrong is still told.
    for name in ("httpx2", "alembic", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _written(
    write_request: Callable[[EventDict], str], processors: Sequence[Processor], logger: Any, name: str, event: EventDict
) -> Any:
    """A record as it is written."""
    if event["event"] == "request":
        return write_request(structlog.contextvars.merge_contextvars(logger, name, event))
    written: Any = event
    for process in processors:
        written = process(logger, name, written)
    return written


def _request_as_json(event: EventDict) -> str:
    return orjson.dumps({**event, "level": "info", "timestamp": _now()}).decode()


def _request_as_text(event: EventDict) -> str:
    values = " ".join(f"{name}={_shown(value)}" for name, value in sorted(event.items()) if name != "event")
    return f"{_now()} [info     ] request                        {values}"


def _now() -> str:
    return system_clock().isoformat(timespec="microseconds").replace("+00:00", "Z")


def _shown(value: object) -> str:
    """A value in a line: what could be taken for another line or value is quoted."""
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)
