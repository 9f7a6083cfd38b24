"""A whole file into the phonebook: every row that can be taken is taken, every other is reported with its cure.

Chunks are committed one by one, so an import that was killed has entered a beginning of the file; the same file again,
or the corrected one, changes nothing that is there already.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from services.phonebook.book import Phonebook
from services.phonebook.csvfile import Row, Sheet
from services.phonebook.rows import Entry, Refused, Rules, read_row
from services.phonebook.writing import CHUNK, Written, write


@dataclass
class Report:
    """What an import did, or with a dry run would do. `rows` are all that are not empty."""

    rows: int = 0
    written: Written = field(default_factory=Written)
    refused: list[Refused] = field(default_factory=list)


def import_sheet(
    book: Phonebook, sheet: Sheet, rules: Rules, *, dry_run: bool = False, progress: Callable[[int], None] | None = None
) -> Report:
    """Enter the people of `sheet`. `progress` is called with the line that has been reached, a chunk at a time."""
    report = Report()
    for rows, entries in _chunks(book, sheet, rules, report):
        report.written.add(write(book, entries, rules.now, dry_run=dry_run))
        if progress is not None and rows:
            progress(rows[-1].line)
    return report


def _chunks(book: Phonebook, sheet: Sheet, rules: Rules, report: Report) -> Iterator[tuple[list[Row], list[Entry]]]:
    seen: dict[bytes, int] = {}
    rows: list[Row] = []
    entries: list[Entry] = []
    for row in sheet.rows():
        rows.append(row)
        report.rows += 1
        entry = _first_of_its_number(book, row, read_row(row, rules), seen)
        if isinstance(entry, Refused):
            report.refused.append(entry)
        else:
            entries.append(entry)
        if len(rows) == CHUNK:
            yield rows, entries
            rows, entries = [], []
    yield rows, entries


def _first_of_its_number(book: Phonebook, row: Row, entry: Entry | Refused, seen: dict[bytes, int]) -> Entry | Refused:
    if isinstance(entry, Refused):
        return entry
    first = seen.setdefault(book.keyring.hash(entry.number), row.line)
    if first == row.line:
        return entry
    return Refused(
        row.line, "number", f"the same number stands in line {first}, which was taken",
        "keep one of the two rows, with all areas of the person in it",
    )  # fmt: skip
