"""What an import writes, a chunk a transaction: new people, and new areas and languages of those already known.

An opt-out is only ever added here, never taken back; whoever was forgotten, or said stop before anybody entered them,
is not entered.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from schemas.base import instant_text
from services.phonebook import consent
from services.phonebook.book import Phonebook
from services.phonebook.rows import Entry
from services.phonebook.tables import OUT, SPACE, opt_out, subscriber, subscriber_area

CHUNK = 500
WORDS = ("languages", "consent_at", "consent_source", "consent_wording")


@dataclass
class Written:
    """What became of the rows of a chunk. `kept_out` are those who said stop and were not entered again."""

    new: int = 0
    changed: int = 0
    same: int = 0
    kept_out: int = 0
    #: Of all these rows, how many belong to somebody who has opted out and stays so.
    opted_out: int = 0

    def add(self, other: "Written") -> None:
        """Count the rows of another chunk in."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True)
class _Known:
    """Somebody who is in the phonebook already."""

    id: str
    words: dict[str, str]
    areas: set[str]


@dataclass
class _Plan:
    """Rows to write, by table, and the count of what they do."""

    book: Phonebook
    now: str
    written: Written = field(default_factory=Written)
    subscribers: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    areas: list[dict[str, str]] = field(default_factory=list)

    def enter(self, number_hash: bytes, entry: Entry) -> None:
        """Somebody new."""
        fresh = secrets.token_hex(16)
        key_name, number = self.book.keyring.encrypt(fresh, entry.number)
        moments = {"added_at": self.now, "changed_at": self.now}
        identity = {"id": fresh, "number_hash": number_hash, "key_name": key_name, "number": number}
        self.subscribers.append(identity | moments | _words(entry))
        self._live(fresh, entry)
        self.written.new += 1

    def change(self, known: _Known, entry: Entry) -> None:
        """Somebody known: areas and languages are replaced, the consent only by a later one."""
        words = known.words | {"languages": SPACE.join(entry.languages)}
        if entry.consent_at > words["consent_at"]:
            words = _words(entry)
        if words == known.words and known.areas == set(entry.areas):
            self.written.same += 1
            return
        self.changes.append({"changed_id": known.id, "changed_at": self.now, **words})
        self._live(known.id, entry)
        self.written.changed += 1

    def carry_out(self, connection: sa.Connection) -> None:
        """Write it all."""
        if self.subscribers:
            connection.execute(sa.insert(subscriber), self.subscribers)
        if self.changes:
            one = sa.update(subscriber).where(subscriber.c.id == sa.bindparam("changed_id"))
            connection.execute(one, self.changes)
            gone = [each["changed_id"] for each in self.changes]
            connection.execute(sa.delete(subscriber_area).where(subscriber_area.c.id.in_(gone)))
        if self.areas:
            connection.execute(sa.insert(subscriber_area), self.areas)

    def _live(self, each: str, entry: Entry) -> None:
        self.areas += [{"area": area, "id": each} for area in entry.areas]


def write(book: Phonebook, entries: Sequence[Entry], now: datetime, *, dry_run: bool = False) -> Written:
    """Enter up to `CHUNK` people, no number twice, in one transaction; or only say what would become of them."""
    hashes = {book.keyring.hash(each.number): each for each in entries}
    if dry_run:
        with book.reading() as connection:
            return _plan(connection, book, hashes, now).written
    with book.store.begin() as connection:
        if not book.store.is_sqlite:  # SQLite's transaction has the lock of writers already
            connection.execute(sa.text("LOCK TABLE subscriber IN SHARE ROW EXCLUSIVE MODE"))
        plan = _plan(connection, book, hashes, now)
        plan.carry_out(connection)
        for number_hash, each in hashes.items():
            if each.opted_out_at is not None:
                consent.out(connection, number_hash, each.opted_out_source, each.opted_out_at)
    return plan.written


def _plan(connection: sa.Connection, book: Phonebook, hashes: dict[bytes, Entry], now: datetime) -> _Plan:
    known = _known(connection, list(hashes))
    out = set(connection.scalars(sa.select(opt_out.c.number_hash).where(opt_out.c.number_hash.in_(hashes), OUT)))
    plan = _Plan(book, instant_text(now), Written(opted_out=len(out)))
    for number_hash, entry in hashes.items():
        if number_hash in known:
            plan.change(known[number_hash], entry)
        elif number_hash in out:
            plan.written.kept_out += 1
        else:
            plan.enter(number_hash, entry)
    return plan


def _known(connection: sa.Connection, hashes: Sequence[bytes]) -> dict[bytes, _Known]:
    rows = connection.execute(sa.select(subscriber).where(subscriber.c.number_hash.in_(hashes))).all()
    found = {row.id: _Known(row.id, {name: getattr(row, name) for name in WORDS}, set()) for row in rows}
    for area, each in connection.execute(sa.select(subscriber_area).where(subscriber_area.c.id.in_(found))):
        found[each].areas.add(area)
    return {row.number_hash: found[row.id] for row in rows}


def _words(entry: Entry) -> dict[str, str]:
    values = (SPACE.join(entry.languages), entry.consent_at, entry.consent_source, entry.consent_wording)
    return dict(zip(WORDS, values, strict=True))
