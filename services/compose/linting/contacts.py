"""Rules about contacts: in date, reachable in more than one way, and in every language that they claim."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from services.compose.linting.dangers import DEAD
from services.compose.linting.rules import Problem
from services.place.contacts import Contact

LONGEST = timedelta(days=184)
_NUMBER = re.compile(r"\+?[\d(][\d ()./-]*")
_PAGE = re.compile(r"https://[^\s]+")
#: Which form the value of each mode has.
FORMS = {
    "voice": _NUMBER, "text": re.compile(r"(?:[\w ]{1,40} )?\+?[\d(][\d ()./-]*"), "relay": _NUMBER,
    "sign": re.compile(rf"{_NUMBER.pattern}|{_PAGE.pattern}"), "chat": _PAGE, "web": _PAGE,
}  # fmt: skip
CONTACT_RULES = (
    "contact.dead-number", "contact.form", "contact.hours", "contact.overdue", "contact.too-far",
    "contact.unnamed-source", "contact.unvetted", "contact.voice-only",
)  # fmt: skip


def lint_contacts(contacts: Iterable[Contact], today: date) -> list[Problem]:
    """Everything that is wrong with contacts, whoever uses them."""
    return [Problem(rule, contact.id, says) for contact in contacts for rule, says in _look(contact, today)]


def _look(contact: Contact, today: date) -> Iterator[tuple[str, str]]:
    due = date.fromisoformat(contact.review_by)
    if due < today:
        yield "contact.overdue", f"it was to be checked by {contact.review_by}: call it, then write both days anew"
    if contact.verified_on and due > date.fromisoformat(contact.verified_on) + LONGEST:
        yield "contact.too-far", f"a contact is checked every {LONGEST.days} days: write an earlier review_by"
    if not contact.fictional and contact.source is None:
        yield "contact.unnamed-source", "a real contact says where its number was read"
    if contact.kind == "support_community" and contact.vetted_by is None:
        yield "contact.unvetted", "a support community says which public body, hospital or charity has vetted it"
    if set(contact.modes) == {"voice"} and contact.voice_only is None:
        yield "contact.voice-only", "it is by voice alone: name another way, or say why there is none in voice_only"
    yield from _hours(contact)
    for mode, value in contact.modes.items():
        if not FORMS[mode].fullmatch(value):
            yield "contact.form", f"{mode}: this is not how such an address is written"
        if DEAD.search(value):
            yield "contact.dead-number", f"{mode}: this number is no longer answered"


def _hours(contact: Contact) -> Iterator[tuple[str, str]]:
    if contact.opens == "unknown" and contact.verified_on and set(contact.modes) != {"web"}:
        yield "contact.hours", "it was checked, and nobody asked when it answers: write opens, or always"
    if isinstance(contact.opens, tuple) and not contact.hours.keys() >= set(contact.languages):
        yield "contact.hours", "it does not answer always: say its hours in each of its languages"
