"""One process a SQLite store: an exclusive lock on a sibling `.lock` file, for as long as the store is open.

Never on the database itself: closing that descriptor would drop SQLite's own locks
(https://www.sqlite.org/howtocorrupt.html §2.2). Not on a network file system, where `flock` may mean nothing.
"""

import fcntl
import os
from pathlib import Path

from services.runtime.postgres import StoreError


class StoreInUseError(StoreError):
    """Another process serves this store."""


def hold(database: Path) -> int:
    """Take the lock; the descriptor that holds it. StoreInUseError when another process has it."""
    path = database.with_name(database.name + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        message = (
            f"another process already serves {database.name}: a store on SQLite serves one process; "
            "stop the other one, or give both one PostgreSQL store"
        )
        raise StoreInUseError(message) from error
    return descriptor
