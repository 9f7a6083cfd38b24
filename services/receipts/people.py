"""Who wrote: the phonebook's answer, with the number gone. A STOP is noted there at once, Kafka or not.

The phonebook is opened when the first reply comes, so that delivery reports never wait for it.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from schemas.words import ReplyWord
from services.phonebook.errors import PhonebookError

SOURCE = "reply"


class Book(Protocol):
    """What this room asks of `services.phonebook`."""

    def id_of(self, number: str) -> str | None:
        """The subscriber with this number."""
        ...

    def language_of(self, subscriber_id: str) -> str | None:
        """The language that this subscriber reads best."""
        ...

    def hash_of(self, number: str) -> bytes:
        """The keyed hash of a number."""
        ...

    def opt_out(self, who: str, source: str, at: datetime) -> bool:
        """Note a STOP."""
        ...

    def opt_in(self, who: str, source: str, at: datetime) -> bool:
        """Note a START."""
        ...


@dataclass(frozen=True)
class Person:
    """Whoever wrote. `mark` is the keyed hash of the number; `subscriber` is None for a stranger."""

    subscriber: str | None
    language: str | None
    mark: str


class People:
    """Looks people up. Blocks: call it from a thread."""

    def __init__(self, open_book: Callable[[], Book]) -> None:
        """`open_book` opens the phonebook, or raises; it is tried again at the next reply."""
        self._open, self._lock = open_book, threading.Lock()
        self._book: Book | None = None
        self.missing: str | None = "the phonebook is not open yet"

    def heard(self, number: str, word: ReplyWord, at: datetime) -> Person:
        """Note a STOP or START of `number`, and say who it is. Also a stranger's STOP is noted."""
        book = self.book()
        if word is ReplyWord.STOP:
            book.opt_out(number, SOURCE, at)
        elif word is ReplyWord.START:
            book.opt_in(number, SOURCE, at)
        subscriber = book.id_of(number)
        language = book.language_of(subscriber) if subscriber else None
        return Person(subscriber, language, book.hash_of(number).hex())

    def book(self) -> Book:
        """The phonebook, opened if need be. PhonebookError or a database's error when that fails."""
        with self._lock:
            if self._book is None:
                self._book = self._open()
                self.missing = None
            return self._book

    async def keep_open(self, again_s: float = 5.0) -> None:
        """Open the phonebook as soon as that is possible, and say in `missing` why it is not."""
        while self.missing is not None:
            try:
                await asyncio.to_thread(self.book)
            except PhonebookError as error:
                self.missing = str(error)
                await asyncio.sleep(again_s)
            except SQLAlchemyError as error:
                self.missing = f"the phonebook cannot be opened: {type(error).__name__}; see TOCSIN_PHONEBOOK_URL"
                await asyncio.sleep(again_s)
        await asyncio.Event().wait()
