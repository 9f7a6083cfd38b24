"""STOP and START, in any order and more than once: what counts is which was said later; at a tie, STOP."""

import sqlalchemy as sa

from services.phonebook.tables import opt_out
from services.runtime.store import insert_new

#: Sorts before every moment.
NEVER = ""


def out(connection: sa.Connection, number_hash: bytes, source: str, at: str) -> None:
    """Note a STOP said at `at`. An earlier one that comes again, after a later START, changes nothing."""
    insert_new(connection, opt_out, [{"number_hash": number_hash, "out_at": at, "out_source": source}])
    connection.execute(
        sa.update(opt_out)
        .where(opt_out.c.number_hash == number_hash, opt_out.c.out_at < at)
        .values(out_at=at, out_source=source)
    )


def back(connection: sa.Connection, number_hash: bytes, source: str, at: str) -> None:
    """Note a START said at `at`, also before any STOP: one said earlier may still be on its way."""
    insert_new(connection, opt_out, [{"number_hash": number_hash, "out_at": NEVER, "out_source": ""}])
    connection.execute(
        sa.update(opt_out)
        .where(opt_out.c.number_hash == number_hash, sa.or_(opt_out.c.back_at.is_(None), opt_out.c.back_at < at))
        .values(back_at=at, back_source=source)
    )
