"""Every move that a ledger on SQLite makes, noted by the database itself: nothing in the code can leave one out."""

import sqlalchemy as sa

from schemas.words import State
from services.dispatch.moves import MOVES
from services.runtime.store import Store

Move = tuple[State, State]
ALLOWED = frozenset[Move]().union(*MOVES.values())
_TABLE = "CREATE TABLE IF NOT EXISTS moved (old TEXT, new TEXT, PRIMARY KEY (old, new))"
_NOTE = (
    "CREATE TRIGGER IF NOT EXISTS note_move AFTER UPDATE OF state ON delivery WHEN OLD.state <> NEW.state "
    "BEGIN INSERT OR IGNORE INTO moved VALUES (OLD.state, NEW.state); END"
)


def watch_moves(store: Store) -> None:
    """Note each from now on, and forget those before."""
    with store.begin() as connection:
        connection.execute(sa.text(_TABLE))
        connection.execute(sa.text(_NOTE))
        connection.execute(sa.text("DELETE FROM moved"))


def moved(store: Store) -> set[Move]:
    """The moves so far."""
    with store.begin() as connection:
        return {(State(old), State(new)) for old, new in connection.execute(sa.text("SELECT old, new FROM moved"))}


def foreign(store: Store) -> set[Move]:
    """Those that nobody may make."""
    return moved(store) - ALLOWED
