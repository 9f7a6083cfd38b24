"""How a room opens its own store: alone where it is SQLite, patiently where it is a server that is not up yet."""

import os
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from services.runtime import postgres
from services.runtime.lock import hold
from services.runtime.postgres import StoreError
from services.runtime.restoring import RestoringError
from services.runtime.settings import RoomSettings, SharedSettings, stop
from services.runtime.store import Store, is_away

T = TypeVar("T")

AGAIN_S, MOST_S = 1.0, 15.0
#: The status of a room that may be started again as it is.
PASSES = 3


def open_store(shared: SharedSettings, settings: RoomSettings, room: str, tables: sa.MetaData) -> Store:
    """The room's store; ends the process with a sentence where that cannot be.

    A SQLite file is locked until the store is closed. Where another program holds it, the disk is full or a restore is
    not finished, the process ends with status 3, for that passes. A server that does not answer, or is being restored,
    is waited for as long as it takes, as Kafka is, and standard error says what it says.
    """
    try:
        return _open(settings.store_url(shared, room), tables, f"tocsin {room}")
    except (_PassesError, RestoringError) as error:
        stop([f"{room}: {error}"], PASSES)
    except StoreError as error:
        stop([f"{room}: {error}"])


class _PassesError(StoreError):
    """Nothing is wrong with the store, and it cannot be used now."""


def _open(url: str, tables: sa.MetaData, who: str) -> Store:
    made = postgres.read_url(url)
    if made.get_backend_name() == "sqlite" and made.database:
        file = Path(made.database)
        descriptor = hold(file)
        try:
            store = _open_file(file, url, tables)
        except StoreError:
            os.close(descriptor)
            raise
        store.on_close(lambda: os.close(descriptor))
        return store
    try:
        return when_there(lambda: Store(url, tables), f"{who}: waiting for the store")
    except sa.exc.DBAPIError as error:
        raise StoreError(f"the store cannot be opened: {postgres.said(error)}") from None


def _open_file(file: Path, url: str, tables: sa.MetaData) -> Store:
    try:
        return Store(url, tables)
    except sa.exc.DBAPIError as error:
        raise (_PassesError if is_away(error) else StoreError)(_why(file, error)) from None


def _why(file: Path, error: sa.exc.DBAPIError) -> str:
    if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return (
            f"another process holds {file} and does not let go of it, a backup or a program that looks into it: "
            f"`fuser {file}` names it; end it, and start this room again (`tocsin up` and Compose do it themselves)"
        )
    return f"{file} cannot be opened: {error.orig}; `tocsin doctor` says what this machine lacks"


def when_there(opens: Callable[[], T], waits: str) -> T:
    """What `opens` gives, asked as often as it takes; `waits` begins the line that says what its server says.

    Blocks: for the building of a room. Any error but a server's absence is raised.
    """
    wait = AGAIN_S
    while True:
        try:
            return opens()
        except RestoringError as error:
            says = str(error)
        except sa.exc.DBAPIError as error:
            if not is_away(error):
                raise
            says = postgres.said(error)
        print(f"{waits}: {says}", file=sys.stderr)  # noqa: T201 - before logging
        time.sleep(wait)
        wait = min(MOST_S, wait * 2)
