"""Sends requests at a server: wrk for the most that it can answer, one by one to look at an answer."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Of the machine's processors: servers get one for themselves, whatever asks and stores gets another.
SERVER_CORE, CLIENT_CORE = 0, 1
TOKEN = "Bearer sandbox-owner"
CONNECTIONS = 16
_SCRIPT = Path(__file__).with_name("load.lua")


class LoadFailed(Exception):
    """What was measured is worth nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request. `@n@` in its path or body becomes the next number, from `first` up to `numbers` and again from 0.

    With `every` only each n-th request gets the next number, and the others get 0.
    """

    method: str
    path: str
    body: str = ""
    numbers: int = 0
    first: int = 0
    every: int = 1


@dataclass(frozen=True, slots=True)
class Load:
    """What a server answered in one go: requests a second, milliseconds, and how many."""

    rate: float
    p50: float
    p99: float
    requests: int


def require_wrk() -> None:
    """Raise LoadFailed when there is no wrk."""
    if shutil.which("wrk") is None:
        raise LoadFailed("wrk is not installed: apt install wrk")


def measure(port: int, call: Call, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Ask as fast as the connections allow; raises LoadFailed unless every answer was a good one."""
    command = ["taskset", "-c", str(CLIENT_CORE), "wrk", "--threads", "1", "--connections", str(connections)]
    command += ["--duration", f"{max(1, round(seconds))}s", "--script", str(_SCRIPT), f"http://127.0.0.1:{port}"]
    environment = {
        "LOAD_METHOD": call.method,
        "LOAD_PATH": call.path,
        "LOAD_BODY": call.body,
        "LOAD_NUMBERS": str(call.numbers),
        "LOAD_FIRST": str(call.first),
        "LOAD_EVERY": str(call.every),
        "LOAD_AUTHORIZATION": TOKEN,
    }
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    line = next((each for each in done.stdout.splitlines() if each.startswith("MEASURED ")), None)
    if line is None:
        raise LoadFailed(f"wrk did not measure anything: {done.stderr or done.stdout}")
    found = json.loads(line.removeprefix("MEASURED "))
    if found["refused"] or found["broken"]:
        raise LoadFailed(f"{call.method} {call.path}: {found['refused']} refused, {found['broken']} broken")
    return Load(found["requests"] / found["seconds"], found["p50"], found["p99"], found["requests"])


def answer(port: int, call: Call, number: int = 0) -> bytes:
    """The body of one answer; raises LoadFailed for a status other than 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": TOKEN}
    if call.body:
        headers["Content-Type"] = "application/json"
    try:
        body = call.body.replace("@n@", str(number)) or None
        connection.request(call.method, call.path.replace("@n@", str(number)), body, headers)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise LoadFailed(f"{call.method} {call.path} answered {response.status}: {content[:300].decode()}")
    return content


def json_answer(port: int, call: Call, number: int = 0) -> Any:
    """The value of one answer; raises LoadFailed as `answer` does."""
    return json.loads(answer(port, call, number))
