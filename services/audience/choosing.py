"""Whom one Broadcast goes to: its own selection and, for what follows an alert, all who were selected before."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.words import BroadcastKind
from services.audience.wanted import Wanted
from services.phonebook.choosing import Reach


class Book(Protocol):
    """What this room asks of the phonebook to choose people."""

    def select(self, areas: Iterable[str], languages: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(id, language) of everyone in any of these areas who has not opted out."""
        ...

    def still(self, ids: Sequence[str], languages: Sequence[str]) -> Iterator[tuple[str, str]]:
        """(id, language) of those of `ids` who are still there and have not opted out."""
        ...

    def count(self, areas: Iterable[str] | None = None, languages: Sequence[str] = ()) -> Reach:
        """How many people `select` would give."""
        ...


@dataclass(frozen=True)
class Chosen:
    """Ids and the language of each. Who was chosen before and has left every area counts in none of `by_area`."""

    people: dict[str, str]
    by_area: dict[str, int]

    @property
    def by_language(self) -> dict[str, int]:
        """How many people read each language."""
        return dict(Counter(self.people.values()))


def choose(book: Book, wanted: Wanted, before: Sequence[str]) -> Chosen:
    """The people for `wanted`. `before` are all who were selected for earlier versions and revisions of its lineage.

    A Cancel has nobody of its own: this is how many could have got what it cancels.
    """
    if not wanted.units:
        return Chosen({}, {})
    people = dict(book.still(before, wanted.languages)) if before else {}
    if wanted.kind is BroadcastKind.CANCEL:
        return Chosen(people, {})
    people |= dict(book.select(wanted.areas, wanted.languages))
    return Chosen(people, book.count(wanted.areas, wanted.languages).by_area)
