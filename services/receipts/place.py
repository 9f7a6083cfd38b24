"""What the answers say of the place: its issuer, emergency number and hotline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from services.place.contacts import Contact, trouble
from services.place.jurisdiction import Jurisdiction


@dataclass(frozen=True)
class Place:
    """A jurisdiction as far as answers need it. `hotlines` are those for everybody there that have a number to call."""

    issuer: Mapping[str, str]
    language: str
    emergency: str
    hotlines: tuple[Contact, ...]

    @classmethod
    def of(cls, place: Jurisdiction, contacts: Mapping[str, Contact]) -> Self:
        """The part of `place`; `contacts` by id hold all that it names."""
        named = [contacts[name] for name in place.contacts.get("hotline", ())]
        hotlines = tuple(one for one in named if "voice" in one.modes and _for_everybody(one, place))
        return cls(place.issuer, place.languages[0], place.emergency_number, hotlines)

    def slots(self, language: str, today: date) -> dict[str, str | None]:
        """The slots of one language. A hotline that nobody has checked in time is left out: better none than wrong."""
        hotline = next((one for one in self.hotlines if trouble(one, today) is None), None)
        return {
            "issuer": self.issuer.get(language, self.issuer[self.language]),
            "emergency": self.emergency,
            "hotline": hotline.modes["voice"] if hotline else None,
        }


def _for_everybody(contact: Contact, place: Jurisdiction) -> bool:
    """Whether whoever writes may be given it: nobody knows here who that is, nor in which area."""
    return "public" in contact.audience and (not contact.areas or place.whole.code in contact.areas)
