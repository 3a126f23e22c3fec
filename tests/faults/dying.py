"""The program, which kills itself right before a commit: `python -m tests.faults.dying FILE serve`.

While there is such a file, its length says how many commits are let through before that; it is gone then. Transactions
that changed no row do not count: whoever looks through the rows from time to time, and finds nothing, ends many.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from husqy_graphql import cli

CHANGED = "a row was changed in this transaction"


def die_before_commit(countdown: Path) -> None:
    """Listen to every database of this process."""

    def execute(connection: Connection, cursor: Any, _: str, __: Any, context: Any, ___: bool) -> None:
        if (context.isinsert or context.isupdate or context.isdelete) and cursor.rowcount:
            connection.info[CHANGED] = True

    def rollback(connection: Connection) -> None:
        connection.info.pop(CHANGED, None)

    def commit(connection: Connection) -> None:
        if not connection.info.pop(CHANGED, False) or not countdown.exists():
            return
        if left := countdown.stat().st_size:
            os.truncate(countdown, left - 1)
        else:
            countdown.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", execute)
    event.listen(Engine, "rollback", rollback)
    event.listen(Engine, "commit", commit)


if __name__ == "__main__":
    die_before_commit(Path(sys.argv.pop(1)))
    cli.main()
