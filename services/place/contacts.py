"""Contacts: hotlines, clinics, telehealth, support communities and pages, with the day somebody checked them."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter

from schemas.alert import Finding
from schemas.base import Language
from schemas.words import Grade
from services.place.jurisdiction import Jurisdiction, read_jurisdiction
from services.place.opening import Opens, is_open
from services.place.reading import Data, DataError, Day, Id, Line, read_as, zone_name

Mode = Literal["voice", "text", "chat", "relay", "sign", "web"]


class ContactSource(Data):
    """Where the number was read."""

    address: Annotated[str, StringConstraints(pattern=r"^https?://")]
    read_on: Day
    how: Literal["opened", "stored", "archive", "retold", "memory"]


class Contact(Data):
    """One way to reach help. `text` is the reviewed phrase that stands in a message."""

    id: Id
    kind: Literal[
        "hotline", "poison_centre", "web_page", "telehealth", "support_community", "clinic", "crisis_line", "shelter",
        "media_desk", "nurse_line", "reporting",
    ]  # fmt: skip
    #: For whom it is; a text to the public names only what is for the public.
    audience: tuple[Literal["public", "patients", "professionals", "media"], ...] = ("public",)
    fictional: bool = False
    run_by: Line
    #: The public body, hospital or charity that stands behind a support community; one that sells is never listed.
    vetted_by: Line | None = None
    #: Why a contact is by voice alone, which leaves out whoever cannot hear or speak.
    voice_only: Line | None = None
    languages: tuple[Language, ...] = Field(min_length=1)
    areas: tuple[str, ...] = ()
    #: What people are told of its hours, and the hours themselves: by the clock of `timezone`, else the jurisdiction's.
    hours: dict[Language, Line] = Field({})
    opens: Opens = "unknown"
    timezone: Annotated[str, AfterValidator(zone_name)] | None = None
    modes: dict[Mode, Line] = Field(min_length=1)
    text: dict[Language, Line]
    verified_on: Day | None
    review_by: Day
    source: ContactSource | None = None

    def is_open(self, at: datetime, place: ZoneInfo) -> bool:
        """Whether somebody answers at that moment; `place` is the jurisdiction's time zone. A page is always there."""
        by_page = not {"voice", "text", "chat", "relay", "sign"} & self.modes.keys()
        return by_page or is_open(self.opens, at, ZoneInfo(self.timezone) if self.timezone else place)

    def with_hours(self) -> "Contact":
        """The same contact, its hours beside its number: nobody is told to call where nobody answers."""
        said = {language: f"{text} ({self.hours[language]})" if language in self.hours else text
                for language, text in self.text.items()}  # fmt: skip
        return self.model_copy(update={"text": said})


_CONTACTS = TypeAdapter(tuple[Contact, ...])


def read_contacts(folder: Path) -> dict[str, Contact]:
    """All contacts of a folder by their id, or DataError; two of one id are a mistake."""
    found: dict[str, Contact] = {}
    for path in sorted(folder.glob("*.yaml")):
        for contact in read_as(_CONTACTS, path):
            if contact.id in found:
                raise DataError(f"{path}: a contact of the id {contact.id} is there already")
            found[contact.id] = contact
    return found


def read_place(path: Path, folder: Path, setting: str) -> tuple[Jurisdiction, dict[str, Contact]]:
    """The jurisdiction in `path` and all contacts of `folder`; DataError also where it names one that is not there."""
    place, contacts = read_jurisdiction(path, setting), read_contacts(folder)
    for kind, names in place.contacts.items():
        for name in names:
            if name not in contacts:
                says = f"{path} names the contact {name} for {kind}, which is in no file of {folder}"
                raise DataError(f"{says}: write it there, or correct the name (the file of {setting})")
    return place, contacts


def trouble(contact: Contact, today: date) -> Finding | None:
    """Why this contact may not stand in a text today, or None."""
    if contact.verified_on is None:
        says = f"nobody has checked the contact {contact.id}: call it, then write the day in verified_on"
        return Finding(rule="contact.unverified", grade=Grade.HOLD, element=contact.id, says=says)
    if date.fromisoformat(contact.review_by) < today:
        says = f"the contact {contact.id} was to be checked again by {contact.review_by}"
        return Finding(rule="contact.overdue", grade=Grade.HOLD, element=contact.id, says=says)
    return None
