"""The program, which kills itself right before a commit: `python -m tests.faults.dying FILE serve`.

While there is such a file, it says how many commits are let through before that; -1 once it has come to that.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from husqy_graphql import cli


def die_before_commit(countdown: Path) -> None:
    def count_down(_: Connection) -> None:
        if not countdown.exists():
            return
        left = int(countdown.read_text()) - 1
        countdown.write_text(str(left))
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", count_down)


if __name__ == "__main__":
    die_before_commit(Path(sys.argv.pop(1)))
    cli.main()
