"""An open-loop load: requests are due at fixed moments, whether or not earlier ones are answered.

`python -m benchmarks.pacing` reads what to send as JSON from standard input, and prints the milliseconds of each answer
from the moment when its request was due. wrk cannot do that: it asks again only once it has been answered.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
from collections import deque
from dataclasses import asdict, dataclass
from statistics import quantiles
from time import perf_counter
from typing import Any

from benchmarks.load import CLIENT_CORE, TOKEN, Call, Load, LoadFailed

CONNECTIONS = 32
_HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Connection:
    """A kept-alive connection; `due` is when the request that it waits for should have been sent."""

    socket: socket.socket
    due: float = 0.0
    received: bytes = b""

    def answered(self) -> bool:
        """Take what has arrived; whether the answer is complete. Raises LoadFailed for one that is not good."""
        self.received += self.socket.recv(1 << 20)
        head, found, body = self.received.partition(_HEAD_END)
        if not found:
            return False
        status, *lines = head.decode().lower().split("\r\n")
        if " 200" not in status:
            raise LoadFailed(f"a paced request was answered by {status}")
        length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), None)
        if length is None:
            raise LoadFailed("a paced answer does not say how long it is")
        return len(body) >= length


def paced(port: int, call: Call, rate: float, seconds: float) -> Load:
    """Send `rate` requests a second; raises LoadFailed when the answers are no good, or fewer."""
    plan = {"port": port, "call": asdict(call), "rate": rate, "seconds": seconds}
    command = ["taskset", "-c", str(CLIENT_CORE), sys.executable, "-m", "benchmarks.pacing"]
    done = subprocess.run(command, input=json.dumps(plan), capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadFailed(f"the paced load failed: {done.stderr.strip().splitlines()[-1:]}")
    return Load(**json.loads(done.stdout))


def run(port: int, call: Call, rate: float, seconds: float) -> Load:
    """Send everything that is due, and look at what comes back, until all is answered."""
    free = deque(Connection(socket.create_connection(("127.0.0.1", port))) for _ in range(CONNECTIONS))
    busy: dict[socket.socket, Connection] = {}
    for each in free:
        each.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    requests = _requests(call)
    total, sent, took = round(rate * seconds), 0, list[float]()
    began = perf_counter()
    while len(took) < total:
        now = perf_counter()
        while free and sent < total and began + sent / rate <= now:
            connection = free.popleft()
            connection.due, connection.received = began + sent / rate, b""
            connection.socket.sendall(requests[sent % len(requests)])
            busy[connection.socket] = connection
            sent += 1
        # Until something arrives or, if a connection is free, until the next one is due.
        wait = max(0.0, began + sent / rate - perf_counter()) if free and sent < total else 5.0
        ready, _, _ = select.select(busy, [], [], wait)
        if not ready and wait == 5.0:
            raise LoadFailed("nothing was answered for 5 seconds")
        for each in ready:
            connection = busy[each]
            if connection.answered():
                took.append((perf_counter() - connection.due) * 1000)
                free.append(busy.pop(each))
    percentiles = quantiles(took, n=100)
    return Load(total / (perf_counter() - began), percentiles[49], percentiles[98], total)


def _requests(call: Call) -> list[bytes]:
    """The bytes of each request that differs."""

    def render(number: int) -> bytes:
        body = call.body.replace("@n@", str(number)).encode()
        head = f"{call.method} {call.path.replace('@n@', str(number))} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += f"Authorization: {TOKEN}\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"\r\n" + body

    return [render(number) for number in range(max(1, call.numbers))]


def main() -> None:
    plan: dict[str, Any] = json.load(sys.stdin)
    print(json.dumps(asdict(run(plan["port"], Call(**plan["call"]), plan["rate"], plan["seconds"]))))


if __name__ == "__main__":
    main()
