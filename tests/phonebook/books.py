"""A phonebook in a folder of the test's own."""

from datetime import UTC, datetime
from pathlib import Path

from services.phonebook.book import Phonebook
from services.phonebook.csvfile import open_sheet
from services.phonebook.importing import Report, import_sheet
from services.phonebook.keys import Keyring, ensure
from services.phonebook.rows import Rules
from services.runtime.store import sqlite_url

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HEADER = "number,languages,areas,consent_at,consent_source"


def new_book(folder: Path) -> Phonebook:
    ensure(folder / "keys.json", NOW)
    return open_book(folder)


def open_book(folder: Path) -> Phonebook:
    return Phonebook(sqlite_url(folder / "phonebook.db"), Keyring(folder / "keys.json"))


def number(index: int) -> str:
    """The fictional numbers 555-0100 to 555-0199, area code after area code."""
    return f"+1{201 + index // 100}555{100 + index % 100:04d}"


def row(index: int, languages: str = "en", areas: str = "north", consent_at: str = "2026-03-01") -> str:
    return f"{number(index)},{languages},{areas},{consent_at},web-form"


def take(book: Phonebook, *rows: str, header: str = HEADER, now: datetime = NOW) -> Report:
    return import_sheet(book, open_sheet("\n".join([header, *rows]).encode()), Rules(now))
