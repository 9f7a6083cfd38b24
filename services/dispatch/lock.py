"""One process a SQLite ledger: an exclusive lock on a sibling `.lock` file, for the life of the process.

Never on the database itself: closing that descriptor would drop SQLite's own locks
(https://www.sqlite.org/howtocorrupt.html §2.2).
"""

import fcntl
import os
from pathlib import Path


class LedgerInUseError(Exception):
    """Another process serves this ledger."""


def hold(database: Path) -> int:
    """Take the lock for the life of the process; LedgerInUseError when it is taken. The descriptor is never closed."""
    path = database.with_name(database.name + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        message = (
            f"another process already serves {database.name}: a ledger on SQLite serves one process; "
            "stop the other one, or give both a PostgreSQL ledger"
        )
        raise LedgerInUseError(message) from error
    return descriptor
