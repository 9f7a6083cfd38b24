"""All the reviewed data that texts are made of, read once at start."""

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from services.compose.guidance import Pack
from services.compose.hearing import Hearing, read_hearing
from services.compose.matching import Finder
from services.compose.packfiles import read_packs
from services.compose.reviews import Reviews
from services.compose.settings import ComposeSettings
from services.compose.texts import Texts
from services.compose.words import Words, read_words
from services.place.contacts import Contact, read_place
from services.place.jurisdiction import Jurisdiction
from services.place.reading import DataError


@dataclass(frozen=True)
class Library:
    """Packs, contacts, words and templates, and the one jurisdiction that they are filled for."""

    packs: dict[str, Pack]
    contacts: dict[str, Contact]
    words: dict[str, Words]
    texts: Texts
    jurisdiction: Jurisdiction
    hearings: dict[str, Hearing] = field(default_factory=dict)
    reviews: Reviews = field(default_factory=Reviews)

    @cached_property
    def finder(self) -> Finder:
        """Which pack an alert needs."""
        return Finder(self.packs)

    def reviewed(self, reviews: Reviews) -> "Library":
        """This library with these approvals; the index of its packs is kept."""
        if reviews == self.reviews:
            return self
        found = replace(self, reviews=reviews)
        found.__dict__["finder"] = self.finder
        return found

    def overdue(self, today: date) -> list[str]:
        """The packs and contacts whose review day has passed."""
        packs = [pack.id for pack in self.packs.values() if date.fromisoformat(pack.review_by) < today]
        used = self.jurisdiction.all_contacts
        contacts = [c.id for c in self.contacts.values() if c.id in used and date.fromisoformat(c.review_by) < today]
        return packs + contacts


def read(settings: ComposeSettings) -> Library:
    """Read everything, or DataError with what is wrong and where."""
    place, contacts = read_place(settings.jurisdiction, settings.templates / "contacts", "TOCSIN_COMPOSE_JURISDICTION")
    library = Library(
        read_packs(settings.templates / "guidance"),
        contacts,
        read_words(settings.templates / "words", place.languages),
        Texts(settings.templates / "text", settings.segments),
        place,
        read_hearing(settings.templates / "words" / "hearing"),
    )
    _check(library, str(settings.jurisdiction))
    return library


def _check(library: Library, path: str) -> None:
    place = library.jurisdiction
    for pack in library.packs.values():
        for name, parameter in pack.parameters.items():
            value = place.parameters.get(name)
            if value is not None and isinstance(value, int) is not (parameter.kind == "quantity"):
                raise DataError(f"{path}: {name} must be a {parameter.kind} for the pack {pack.id}")
            if isinstance(value, int) and not parameter.holds(value):
                raise DataError(
                    f"{path}: {name} is {value}; {pack.id} takes at least {parameter.least or 0}"
                    f"{f' and at most {parameter.most}' if parameter.most else ''}: {parameter.differs}"
                )
            if parameter.unit is not None and any(parameter.unit not in w.units for w in library.words.values()):
                raise DataError(
                    f"the unit {parameter.unit} of {pack.id}/{name} is not in every file of templates/words"
                )
