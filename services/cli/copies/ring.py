"""Whether the phonebook's keys that will be here are those of the phonebook that is put back.

Under other keys no number of it could be read, nobody would be recognised, and who said stop would be written to.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from services.cli.copies.keys_file import PHONEBOOK_KEYS, Key, KeysError
from services.cli.copies.manifest import Manifest
from services.cli.copies.stores import PHONEBOOK
from services.phonebook.keys import fingerprint_of
from services.phonebook.tables import about

_HASH_KEY = "hash_key"


def wanted(folder: Path, made: Manifest) -> str | None:
    """The fingerprint that a backup's phonebook was stored under; None where it holds none, or says nothing."""
    kinds = {store.room: store.kind for store in made.stores if about.name in store.rows}
    if PHONEBOOK not in kinds:
        return None
    if kinds[PHONEBOOK] == "postgresql":
        lines = (folder / PHONEBOOK / f"{about.name}.copy").read_text().splitlines()
        return dict(line.split("\t")[:2] for line in lines).get(_HASH_KEY)
    source = (folder / f"{PHONEBOOK}.db").resolve().as_uri() + "?mode=ro&immutable=1"
    with closing(sqlite3.connect(source, uri=True)) as database:
        row = database.execute("SELECT value FROM phonebook_about WHERE name = ?", (_HASH_KEY,)).fetchone()
    return str(row[0]) if row else None


def choose(fingerprint: str | None, here: Path, given: Sequence[Key], *, over: bool) -> Key | None:
    """The keys to be put in the place of those that are `here`; None where these stay, or there are none to put.

    KeysError when the phonebook would be left with another's keys.
    """
    key = next((each for each in given if each.name == PHONEBOOK_KEYS), None)
    if here.exists() and (fingerprint is None or _fits(here.read_bytes(), fingerprint)):
        return None
    if key is None or not (fingerprint is None or _fits(key.data, fingerprint)):
        if key is None and not here.exists():
            return None
        where = "--keys" if key else str(here)
        raise KeysError(
            f"the numbers of this backup were stored under other keys than those in {where}: give the file of keys "
            "that was made with it (--keys FILE)"
        )
    if here.exists() and not over:
        raise KeysError(
            f"{here} holds the keys of another phonebook: --over puts those of --keys in their place, and keeps them "
            "aside"
        )
    return key


def _fits(content: bytes, fingerprint: str) -> bool:
    try:
        return fingerprint_of(content) == fingerprint
    except ValueError:
        return False
