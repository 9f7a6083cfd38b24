"""The phonebook as a file that an import takes back, opt-outs included. It holds numbers in the clear: handle it so."""

import csv
from collections.abc import Iterator
from typing import TextIO

import sqlalchemy as sa

from services.phonebook.book import Phonebook
from services.phonebook.csvfile import OPTIONAL, REQUIRED
from services.phonebook.tables import OUT, SPACE, opt_out, subscriber, subscriber_area

CHUNK = 500


def export(book: Phonebook, file: TextIO) -> Iterator[int]:
    """Write everybody, ordered by id; yields the number of rows with each chunk.

    A number that cannot be read (tampered with) has an empty cell, so that the row is missed by nobody.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(REQUIRED + OPTIONAL)
    last = ""
    while True:
        rows = _after(book, last)
        if not rows:
            return
        writer.writerows(rows.values())
        last = max(rows)
        yield len(rows)


def _after(book: Phonebook, last: str) -> dict[str, list[str]]:
    query = (
        sa.select(subscriber, opt_out.c.out_at, opt_out.c.out_source)
        .outerjoin(opt_out, sa.and_(opt_out.c.number_hash == subscriber.c.number_hash, OUT))
        .where(subscriber.c.id > last)
        .order_by(subscriber.c.id)
        .limit(CHUNK)
    )
    with book.reading() as connection:
        found = connection.execute(query).all()
        areas: dict[str, list[str]] = {row.id: [] for row in found}
        lived = sa.select(subscriber_area).where(subscriber_area.c.id.in_(areas)).order_by(subscriber_area.c.area)
        for area, each in connection.execute(lived):
            areas[each].append(area)
    return {
        row.id: [
            book.keyring.decrypt(row.id, row.key_name, row.number) or "", row.languages.replace(SPACE, ";"),
            ";".join(areas[row.id]), row.consent_at, row.consent_source, row.consent_wording,
            row.out_at or "", row.out_source or "",
        ]
        for row in found
    }  # fmt: skip
