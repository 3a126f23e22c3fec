"""What is written to the log, as it is written: from the program in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

FAIL = """
import logging, structlog
from husqy_graphql.logs import configure_logging

configure_logging("info", as_json={as_json})

def fail(credential, nested):
    raise RuntimeError("it broke")

nested = []
for _ in range(950):
    nested = [nested]
try:
    fail("hunter2", nested)
except RuntimeError as error:
    structlog.get_logger().error("unexpected_error", exc_info=error)
    logging.getLogger("uvicorn.error").error("unexpected_error", exc_info=error)
"""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_is_logged_without_local_variables(as_json: bool) -> None:
    command = [sys.executable, "-c", FAIL.format(as_json=as_json)]

    written = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stderr

    assert written.count("it broke") == 2
    assert written.count("unexpected_error") == 2
    assert '"fail"' in written or "in fail" in written
    assert "hunter2" not in written.replace('fail("hunter2", nested)', "")
    assert len(written) < 5_000
    if as_json:
        lines = [json.loads(line) for line in written.splitlines()]
        assert [line["level"] for line in lines] == ["error", "error"]
