"""Who may sign: the bundle, the keys that rooms hold, and the phonebook's keys."""

import stat
from collections.abc import Iterator
from pathlib import Path

from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.cli.keys import trust_files
from services.phonebook.book import open_phonebook
from services.phonebook.errors import PhonebookError
from services.phonebook.settings import PhonebookSettings
from services.runtime.trust import read_key
from services.runtime.trusted import NotTrustedError, Trust

_BUNDLE = "tocsin keys new, then tocsin keys bundle (tocsin up --sandbox makes people who are nobody)"
_COPY = "put the keys back from their copy, or set TOCSIN_PHONEBOOK_KEYS_FILE"


def look(context: Context) -> Iterator[Found]:
    """Everything about trust in one realm's folder."""
    try:
        bundle = trust_files.current_bundle(context.home)
        if bundle is not None:
            trust_files.check_bundle(bundle, context.realm, None, frozenset())
    except NotTrustedError as error:
        yield bad("trust", f"the bundle cannot be believed: {error}", "tocsin keys bundle")
        return
    if bundle is None:
        yield mind("trust", f"no trust bundle in {context.home}: nothing can be approved or sent", _BUNDLE)
    else:
        trust = Trust(bundle.statement)
        people = sum(1 for person in trust.bundle.people if person.active)
        yield good("trust", f"bundle {trust.bundle.serial}, {people} people may act")
        yield from (_engine(context, trust, name, use) for name, use in (("approve", "release"), ("audience", "batch")))
    yield from _phonebook(context)


def _engine(context: Context, trust: Trust, name: str, use: str) -> Found:
    path = trust_files.key_path(context.home, name)
    try:
        trust.engine(read_key(path).id, use)
    except FileNotFoundError:
        return mind(name, f"no key at {path}", f"tocsin keys new {name} --out {path}, and enter it in the bundle")
    except (OSError, ValueError, NotTrustedError) as error:
        return bad(name, f"the key at {path} is not usable: {error}", "enter it in the bundle: tocsin keys bundle")
    return _private(name, path) or good(name, f"its key is in the bundle, for {use}")


def _phonebook(context: Context) -> Iterator[Found]:
    settings = PhonebookSettings()
    path = settings.keys_path(context.shared)
    if not path.exists():
        yield mind("phonebook", f"no keys at {path} yet", "tocsin up, or tocsin subscribers import, makes them once")
        return
    try:
        book = open_phonebook(context.shared, settings)
    except PhonebookError as error:
        yield bad("phonebook", str(error), _COPY)
        return
    people = book.count().people
    book.close()
    yield _private("phonebook", path) or good("phonebook", f"{people} people can be texted; keep a copy of {path}")


def _private(subject: str, path: Path) -> Found | None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return bad(subject, f"others may read {path} (mode {mode:o})", f"chmod 600 {path}")
    return None
