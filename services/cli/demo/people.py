"""1,000 subscribers who are nobody: numbers reserved for fiction, as a CSV file like any other."""

import csv
import io
from datetime import UTC, datetime

from services.cli.context import Context
from services.cli.errors import fail
from services.phonebook.book import open_phonebook
from services.phonebook.csvfile import open_sheet
from services.phonebook.importing import import_sheet
from services.phonebook.rows import Rules
from services.phonebook.settings import PhonebookSettings

#: +1 NPA 555-01XX is kept for fiction: https://www.nanpa.com/numbering/555-line-numbers.
PER_AREA_CODE = 100
FIRST_AREA_CODE = 221
MOST = 70 * PER_AREA_CODE
#: The two areas that the demo's alert names.
AREAS = ("ferrow-north", "ferrow-west")
#: Of ten people three read Spanish first.
LANGUAGES = ("en", "en;es", "es", "en", "en", "es;en", "en", "en", "es", "en")
HEAD = ("number", "languages", "areas", "consent_at", "consent_source")
WORDING = "Ferrow Health may text me public-health alerts. Reply STOP to end."


def sheet(people: int) -> bytes:
    """A CSV file of so many people."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(HEAD)
    for each in range(people):
        number = f"+1{FIRST_AREA_CODE + each // PER_AREA_CODE}55501{each % PER_AREA_CODE:02d}"
        writer.writerow(
            (number, LANGUAGES[each % 10], AREAS[each % 2], "2026-09-01T12:00:00Z", "demo: web form, invented")
        )
    return file.getvalue().encode()


def enter(context: Context, people: int) -> int:
    """Import them; how many are in the phonebook now. Somebody who is there already stays as they are."""
    book = open_phonebook(context.shared, PhonebookSettings())
    try:
        report = import_sheet(book, open_sheet(sheet(people), None, None), Rules(datetime.now(UTC), None, WORDING))
        if report.refused:
            first = report.refused[0]
            fail(f"{len(report.refused)} of the demo's people were refused, the first in row {first.row}: {first.why}")
        return book.count(AREAS).people
    finally:
        book.close()
