"""A store that `tocsin restore` works on, or was killed at, serves no room: half a house must not start.

Two signs. A table stands in each store from before the first one of the house is replaced until Kafka's offsets fit
them all; it outlives the end of who made it. And on PostgreSQL, where no file can be locked, every connection of a room
shares an advisory lock that a restore holds alone: none can be made in the middle, and it cannot begin beside one.
"""

from typing import TYPE_CHECKING

import psycopg
import sqlalchemy as sa

from services.runtime.postgres import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

MARK = "restoring"
SENTENCE = (
    "a restore of this store is not finished: wait for it; where it broke off, type `tocsin restore DIR --over` again"
)
_table = sa.Table(MARK, sa.MetaData(), sa.Column("one", sa.Integer, primary_key=True))
#: The schema by the name that the URL gives it: it need not be there, and a restore makes another one in its place.
_LOCK = "hashtextextended(concat(current_setting('search_path'), '.restoring'), 0)"
_ENTER = "SELECT pg_try_advisory_lock_shared(" + _LOCK + ") AND to_regclass('restoring') IS NULL"
_ALONE = sa.text("SELECT pg_try_advisory_lock(" + _LOCK + ")")


class RestoringError(StoreError):
    """The store is being restored, or a restore of it has broken off."""


def enter(connection: "DBAPIConnection", _record: object) -> None:
    """Let a fresh connection to PostgreSQL in, for as long as it lives; SQLAlchemy calls it.

    Raises:
        psycopg.OperationalError: a restore is at work: for a room its store is away, and it waits.
    """
    cursor = connection.cursor()
    cursor.execute(_ENTER)
    row = cursor.fetchone()
    cursor.close()
    connection.commit()  # the lock is the session's, and outlives it
    if row is None or not row[0]:
        connection.close()
        raise psycopg.OperationalError(SENTENCE)


def shut_out(connection: sa.Connection) -> bool:
    """Hold a schema of PostgreSQL alone until `connection` is closed; False where a process is connected to it."""
    alone = bool(connection.scalar(_ALONE))
    connection.commit()  # not to stand idle within a transaction, which the server would end
    return alone


def marked(connection: sa.Connection) -> bool:
    """Whether a restore has begun with this store and not finished the house."""
    return sa.inspect(connection).has_table(MARK)


def mark(connection: sa.Connection) -> None:
    """A restore begins; known already is no error."""
    _table.create(connection, checkfirst=True)


def unmark(connection: sa.Connection) -> None:
    """The house is whole."""
    _table.drop(connection, checkfirst=True)


def refuse(connection: sa.Connection) -> None:
    """RestoringError where this SQLite file is marked."""
    if marked(connection):
        raise RestoringError(SENTENCE)
