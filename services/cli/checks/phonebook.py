"""The phonebook: its keys, and how many people can be texted."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from services.cli.checks.finding import Found, bad, good, mind
from services.cli.checks.modes import open_to_others
from services.cli.context import Context
from services.phonebook.book import open_phonebook
from services.phonebook.errors import PhonebookError
from services.phonebook.settings import PhonebookSettings
from services.runtime.postgres import StoreError

_MAKES = "tocsin up, or tocsin subscribers import, makes them once"
_COPY = "put the keys back from their copy, or set TOCSIN_PHONEBOOK_KEYS_FILE"
_STORE = "start its server, or correct TOCSIN_PHONEBOOK_URL; a file: is its disk full, or has another process it?"


def look(context: Context) -> Iterator[Found]:
    """The phonebook of this realm, with the settings of whoever asks."""
    settings = PhonebookSettings()
    path = settings.keys_path(context.shared)
    if not path.exists():
        yield mind("phonebook", f"no keys at {path} yet", _MAKES)
        return
    try:
        people = _people(context, settings)
    except PhonebookError as error:
        yield bad("phonebook", str(error), _COPY)
    except (DBAPIError, StoreError) as error:
        kind = type(getattr(error, "orig", None) or error).__name__
        yield bad("phonebook", f"its store cannot be opened ({kind}): nobody can be texted", _STORE)
    else:
        yield private("phonebook", path) or good("phonebook", f"{people} people can be texted; keep a copy of {path}")


def _people(context: Context, settings: PhonebookSettings) -> int:
    book = open_phonebook(context.shared, settings)
    try:
        return book.count().people
    finally:
        book.close()


def private(subject: str, path: Path) -> Found | None:
    """That others may read a key, or None."""
    mode = open_to_others(path)
    return bad(subject, f"others may read {path} (mode {mode:o})", f"chmod 600 {path}") if mode is not None else None
