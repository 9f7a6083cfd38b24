"""A new encryption key: it hides what is written from now on, and what lies under older keys is moved under it."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from services.phonebook.book import Phonebook
from services.phonebook.keys import Keyring, add_key
from services.phonebook.tables import subscriber

CHUNK = 500


def rotate(book: Phonebook, now: datetime) -> Iterator[int]:
    """Add a key, then move all numbers under it; yields how many were moved with each chunk.

    Stopped half-way nothing is lost, because the older keys stay in the file and every value names its key. Rooms that
    run read the file again when they meet the new name.
    """
    add_key(book.keyring.path, now)
    book.keyring = Keyring(book.keyring.path)
    last = ""
    while True:
        last, moved = _move(book, last)
        if not last:
            return
        yield moved


def _move(book: Phonebook, after: str) -> tuple[str, int]:
    ring = book.keyring
    with book.store.begin() as connection:
        rows = connection.execute(
            sa.select(subscriber.c.id, subscriber.c.key_name, subscriber.c.number)
            .where(subscriber.c.id > after, subscriber.c.key_name != ring.newest)
            .order_by(subscriber.c.id)
            .limit(CHUNK)
        ).all()
        fresh = []
        for row in rows:
            number = ring.decrypt(row.id, row.key_name, row.number)
            if number is not None:  # what was tampered with stays as it is, to be looked at
                key_name, hidden = ring.encrypt(row.id, number)
                fresh.append({"moved_id": row.id, "key_name": key_name, "number": hidden})
        if fresh:
            connection.execute(sa.update(subscriber).where(subscriber.c.id == sa.bindparam("moved_id")), fresh)
    return (rows[-1].id if rows else ""), len(fresh)
