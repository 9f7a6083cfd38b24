"""The phonebook as others use it. Everything here blocks: call it from a thread (`asyncio.to_thread`), never a loop.

Readers of SQLite take no lock, so an import or a STOP never makes a dispatcher wait.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from structlog.stdlib import get_logger

from schemas.base import instant_text
from services.phonebook import choosing, consent
from services.phonebook.choosing import Reach
from services.phonebook.errors import PhonebookError
from services.phonebook.keys import Keyring, ensure
from services.phonebook.numbers import NumberError, canonical
from services.phonebook.settings import PhonebookSettings
from services.phonebook.tables import NOT_OUT, SPACE, about, metadata, subscriber
from services.runtime.prepared import Prepared, among
from services.runtime.settings import SharedSettings
from services.runtime.store import BUSY_MS, Store, insert_new

log = get_logger(__name__)


_ALL = sa.select(subscriber.c.id, subscriber.c.key_name, subscriber.c.number).where(among(subscriber.c.id, "ids"))
_ALL_NUMBERS, _NUMBERS = Prepared(_ALL), Prepared(_ALL.where(NOT_OUT))


class Phonebook:
    """Random ids on one side, numbers on the other. Somebody who said stop is not selected and has no number here."""

    def __init__(self, url: str, keyring: Keyring) -> None:
        """Open the phonebook at `url`.

        Raises:
            PhonebookError: its numbers were stored under another hash key than this keyring's.
        """
        self.keyring = keyring
        self.store = Store(url, metadata)
        self._reader = self._readers()
        self._check_keys()

    def number_of(self, ids: Sequence[str], *, reading: bool = False) -> dict[str, str]:
        """The numbers of up to some thousand subscribers, for the moment of sending.

        `reading` is for a look-up of what was sent, and includes who opted out since.

        Left out: who opted out, who was forgotten, and a value that was tampered with (logged by its id).

        Raises:
            PhonebookError: a key is missing from the keyring.
        """
        with self.reading() as connection:
            rows = (_ALL_NUMBERS if reading else _NUMBERS)(connection, ids=ids).all()
        found = {row.id: self.keyring.decrypt(row.id, row.key_name, row.number) for row in rows}
        for each in [each for each, number in found.items() if number is None]:
            log.error("phonebook.unreadable", subscriber=each, do="import this person again, or restore the phonebook")
        return {each: number for each, number in found.items() if number is not None}

    def opted_out(self, ids: Sequence[str]) -> set[str]:
        """Which of these said stop."""
        with self.reading() as connection:
            return set(connection.scalars(sa.select(subscriber.c.id).where(subscriber.c.id.in_(ids), ~NOT_OUT)))

    def id_of(self, number: str) -> str | None:
        """The subscriber with this number, also one who opted out; nothing for a number that nobody has."""
        with self.reading() as connection:
            return connection.scalar(sa.select(subscriber.c.id).where(subscriber.c.number_hash == self.hash_of(number)))

    def language_of(self, subscriber_id: str) -> str | None:
        """The language that this subscriber reads best."""
        with self.reading() as connection:
            found = connection.scalar(sa.select(subscriber.c.languages).where(subscriber.c.id == subscriber_id))
        return found.split(SPACE)[0] if found else None

    def opt_out(self, who: str, source: str, at: datetime) -> bool:
        """Note a STOP by id or number; whether it is known whose it is (a number always is). Repeats are harmless."""
        with self.store.begin() as connection:
            number_hash = self._hash_in(connection, who)
            if number_hash is not None:
                consent.out(connection, number_hash, source, instant_text(at))
        return number_hash is not None

    def opt_in(self, who: str, source: str, at: datetime) -> bool:
        """Note a START by id or number, unless a later STOP is noted; whether it is known whose it is."""
        with self.store.begin() as connection:
            number_hash = self._hash_in(connection, who)
            if number_hash is not None:
                consent.back(connection, number_hash, source, instant_text(at))
        return number_hash is not None

    def forget(self, number: str, at: datetime) -> bool:
        """Delete whoever has this number; whether there was somebody. What stays is an opt-out of the number's hash."""
        number_hash = self.hash_of(number)
        with self.store.begin() as connection:
            consent.out(connection, number_hash, "forgotten", instant_text(at))
            return connection.execute(sa.delete(subscriber).where(subscriber.c.number_hash == number_hash)).rowcount > 0

    def select(self, areas: Iterable[str], languages: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(id, language) of everyone in any of these areas, once, ordered by id; see `choosing.language_for`."""
        with self.reading() as connection:
            yield from choosing.select(connection, tuple(areas), tuple(languages))

    def still(self, ids: Sequence[str], languages: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(id, language) of those of `ids` who are still here and have not opted out, ordered by id."""
        with self.reading() as connection:
            yield from choosing.still(connection, tuple(ids), tuple(languages))

    def count(self, areas: Iterable[str] | None = None, languages: Sequence[str] = ()) -> Reach:
        """How many people `select` would give, by language and by area; without areas, all who have not opted out."""
        with self.reading() as connection:
            return choosing.count(connection, None if areas is None else tuple(areas), tuple(languages))

    def count_opted_out(self) -> int:
        """How many people said stop."""
        with self.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(subscriber).where(~NOT_OUT)) or 0

    def hash_of(self, number: str) -> bytes:
        """The keyed hash; a number that cannot be read is hashed as it stands, so a STOP from it counts too."""
        try:
            return self.keyring.hash(canonical(number))
        except NumberError:
            return self.keyring.hash(number)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that only reads: on SQLite each query sees one moment and waits for nobody."""
        with self._reader.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._reader.dispose()
        self.store.close()

    def _readers(self) -> sa.Engine:
        if not self.store.is_sqlite:
            return self.store.engine
        return sa.create_engine(
            self.store.url, connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000}, hide_parameters=True
        )  # the store's engine begins every transaction IMMEDIATE, which takes the lock of writers

    def _check_keys(self) -> None:
        mine = self.keyring.fingerprint
        with self.store.begin() as connection:
            insert_new(connection, about, [{"name": "hash_key", "value": mine}])
            theirs = connection.scalar(sa.select(about.c.value).where(about.c.name == "hash_key"))
        if theirs != mine:
            raise PhonebookError(
                f"{self.keyring.path} belongs to another phonebook: with it nobody here would be recognised and"
                " opt-outs would be lost; put this phonebook's own keys back, or set TOCSIN_PHONEBOOK_KEYS_FILE"
            )

    def _hash_in(self, connection: sa.Connection, who: str) -> bytes | None:
        if who.startswith("+"):
            return self.hash_of(who)
        return connection.scalar(sa.select(subscriber.c.number_hash).where(subscriber.c.id == who))


def open_phonebook(shared: SharedSettings, settings: PhonebookSettings) -> Phonebook:
    """The phonebook of this realm.

    Raises:
        PhonebookError: its keys are not there (`init_phonebook` makes them, once), or are another phonebook's.
    """
    return Phonebook(settings.store_url(shared), Keyring(settings.keys_path(shared)))


def init_phonebook(shared: SharedSettings, settings: PhonebookSettings, now: datetime) -> bool:
    """Make the keys of a new phonebook, and its tables; whether keys were made. What is there stays as it is.

    Raises:
        PhonebookError: the phonebook has numbers under keys that are gone; new ones would not read them.
    """
    path = settings.keys_path(shared)
    if not path.exists():
        store = Store(settings.store_url(shared), metadata)
        with store.begin() as connection:
            begun = connection.scalar(sa.select(sa.func.count()).select_from(about))
        store.close()
        if begun:
            raise PhonebookError(
                f"the phonebook is there, but its keys are not in {path}: new keys would read none of its numbers;"
                " put the keys back from their copy, or set TOCSIN_PHONEBOOK_KEYS_FILE"
            )
    made = ensure(path, now)
    open_phonebook(shared, settings).close()
    return made
