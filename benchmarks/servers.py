"""Server processes, each on the servers' core, with what they cost: memory, and time until the first answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.load import SERVER_CORE, Call, LoadFailed, answer

ROOT = Path(__file__).parent.parent
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers; `started_in` is how many seconds it took."""

    process: subprocess.Popen[bytes]
    port: int
    started_in: float

    def memory(self) -> float:
        """Megabytes that it holds in memory, its child processes included."""
        return sum(_resident(pid) for pid in _family(self.process.pid)) / 1024


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def serving(
    command: Sequence[str], environment: Mapping[str, str], port: int, first: Call, log: Path, cores: str | None = None
) -> Generator[Server]:
    """Run a server until the block ends. Raises LoadFailed when it stops, or does not answer `first`."""
    pinned = ["taskset", "-c", cores or str(SERVER_CORE), *command]
    # Of the checkout that the benchmarks stand in, whatever is installed.
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    began = perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(
            pinned, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait(process, port, first, log)
        yield Server(process, port, perf_counter() - began)
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[bytes], port: int, first: Call, log: Path) -> None:
    deadline = perf_counter() + START_SECONDS
    while True:
        try:
            answer(port, first)
        except (OSError, LoadFailed) as error:
            if process.poll() is not None or perf_counter() > deadline:
                raise LoadFailed(f"{error}; the server said: {log.read_text(errors='replace')[-800:]}") from None
            sleep(0.01)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
            return


def _family(pid: int) -> list[int]:
    """A process and all that it has started."""
    children: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    return [pid, *(each for child in children for each in _family(child))]


def _resident(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
