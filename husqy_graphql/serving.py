"""Serves the program over HTTP: in this process, or in several behind one port that this one starts and watches."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from husqy_graphql.config import Settings

log = structlog.get_logger()

WORKER_APP = "husqy_graphql.app:create_worker_app"
BACKLOG = 2048
GRACE_SECONDS = 10


class CannotListen(Exception):
    """The address cannot be listened on; the message is one sentence that says why."""


def listen(settings: Settings, port: int | None = None) -> socket.socket:
    """The socket that every process accepts from, on the port of the settings or another one; raises CannotListen."""
    port = settings.port if port is None else port
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0].lower()
        raise CannotListen(
            f"HUSQY_HOST and HUSQY_PORT: {settings.host}, port {port} cannot be listened on ({reason})."
        ) from None


def serve_alone(settings: Settings, app: ASGIApp, listener: socket.socket) -> int:
    """Serve in this process until a signal stops it; the status to exit with."""
    server = uvicorn.Server(_config(settings, app))
    with suppress(KeyboardInterrupt):  # uvicorn has stopped cleanly by then, and tells of it this way
        server.run([listener])
    return 0 if server.started else STARTUP_FAILURE


async def serve_metrics(settings: Settings, app: ASGIApp) -> None:
    """Serve what a worker answers, on its own port, until a signal stops it. Raises CannotListen."""
    assert settings.metrics_port is not None
    with listen(settings, settings.metrics_port) as listener:
        await uvicorn.Server(_config(settings, app)).serve([listener])


def serve_together(settings: Settings, listener: socket.socket) -> int:
    """Start the workers, and others for those that die, until a signal stops them all; the status to exit with."""
    workers = _Workers(_config(settings, WORKER_APP), [listener])
    workers.run()
    return STARTUP_FAILURE if any(each.exitcode == STARTUP_FAILURE for each in workers.processes) else 0


class _Workers(Multiprocess):
    """uvicorn's own, which says nothing above `info` of a worker that died."""

    def keep_subprocess_alive(self) -> None:
        before = list(self.processes)
        super().keep_subprocess_alive()
        for old, new in zip(before, self.processes, strict=True):
            if new is not old:
                log.warning("worker_replaced", died=old.pid, exit_code=old.exitcode, started=new.pid)


def _config(settings: Settings, app: ASGIApp | str) -> uvicorn.Config:
    """The one way to run uvicorn; `app` is the program, or where each worker finds what makes its own."""
    # Named, so that a process without them does not start; an automatic choice would be slow without a word.
    cpython = sys.implementation.name == "cpython"
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=settings.workers,
        host=settings.host,
        port=settings.port,
        loop="uvloop" if cpython and sys.platform != "win32" else "asyncio",
        http="httptools" if cpython else "h11",
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws_max_size=settings.max_body,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )
