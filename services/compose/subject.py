"""What an alert is about, once every question is answered: hazard, place, values, end. Or what stops it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from schemas.alert import Alert, Finding
from schemas.broadcast import Broadcast
from schemas.cap import Certainty, Info, Scope, Urgency
from schemas.words import Grade, Severity
from services.compose import filling, issuer, matching, places
from services.compose.allowed import Permit, permit
from services.compose.guidance import GENERAL, Pack
from services.compose.indexes import index_class
from services.compose.library import Library
from services.compose.settings import ComposeSettings
from services.compose.wishes import Wishes
from services.place.contacts import Contact, trouble
from services.place.jurisdiction import Jurisdiction, Region


@dataclass(frozen=True)
class Subject:
    """Everything that the texts and the Broadcast need to know. `says_end`: the alert itself says when it ends."""

    event: str
    headline: str
    pack: Pack
    contact: Contact
    regions: tuple[Region, ...]
    geometry: str | None
    slots: dict[str, str]
    severity: Severity
    urgency: Urgency
    certainty: Certainty
    expires: datetime
    says_end: bool
    permit: Permit
    findings: list[Finding] = field(default_factory=list)
    #: The issuer's own instruction by language, where it stands alone; None where the pack speaks.
    own_words: dict[str, issuer.Own] | None = None
    #: What the alert calls its event, by language: said where no pack has a name for the hazard.
    events: dict[str, str] = field(default_factory=dict)

    @property
    def languages(self) -> frozenset[str]:
        """The languages in which something may be said."""
        return self.permit.languages if self.own_words is None else frozenset(self.own_words)

    def called(self, language: str) -> tuple[str, str]:
        """What the hazard is called at the head of a text, and inside one."""
        if self.own_words is not None:
            event = self.own_words[language].event
            return event, event
        if self.pack.id == GENERAL and (said := self.events.get(language)):
            return said, said
        wording = self.pack.languages[language]
        return wording.name, wording.about


class Stopped(Exception):  # noqa: N818 - no error: the alert is held, and these findings say why
    """The alert cannot be composed; a person must help."""

    def __init__(self, findings: list[Finding]) -> None:
        """Hold for these findings."""
        super().__init__("; ".join(finding.says for finding in findings))
        self.findings = findings


def stop(rule: str, says: str, element: str | None = None) -> Finding:
    """A finding that only a person can settle."""
    return Finding(rule=rule, grade=Grade.HOLD, element=element, says=says)


def note(rule: str, says: str, element: str | None = None) -> Finding:
    """A finding that the approver reads."""
    return Finding(rule=rule, grade=Grade.ACCEPT, element=element, says=says)


def of_alert(alert: Alert, library: Library, wishes: Wishes, settings: ComposeSettings, now: datetime) -> Subject:
    """The subject of an Alert or Update; Stopped with everything that is missing, not only the first."""
    infos = alert.cap.info
    if alert.cap.scope is not Scope.PUBLIC:
        raise Stopped([stop("scope", f"its scope is {alert.cap.scope}: nothing public is made of it", "scope")])
    if not infos:
        raise Stopped([stop("info.missing", "it has no info: nothing says what the hazard is", "info")])
    place = places.find((area for info in infos for area in info.area), library.jurisdiction)
    problems = _place_trouble(place, library)
    expires, says_end = _end(alert, infos, settings)
    if expires <= now:
        problems.append(stop("expired", f"it ended at {expires.isoformat()}: ask its sender for an Update", "expires"))
    pack, doubts = _pack(infos, library, wishes, problems)
    if pack is None:
        raise Stopped(problems)
    allowed = permit(pack, library.jurisdiction, library.reviews, alert.realm, now)
    words, why = issuer.own_words(alert, allowed, wishes)
    slots = filling.slots_of(infos, wishes.slots, pack, library.jurisdiction)
    if words is None:
        problems += [*allowed.stops, *filling.trouble(pack, library.jurisdiction, slots)]
    contact = _contact(pack, library, place.regions, now, problems)
    if problems or contact is None:
        raise Stopped(problems)
    gravest = min(infos, key=lambda info: info.severity.gravity)
    severity, read = _severity(gravest.severity, pack, library.jurisdiction, infos)
    findings = [*doubts, *why, *(allowed.notes if words is None else ()), *read, *_notes(place, library)]
    if contact != library.contacts[contact.id]:
        says = f"nobody answers {contact.id} now: its hours stand beside it"
        findings.append(note("contact.closed", says, contact.id))
    subject = Subject(
        infos[0].event, infos[0].headline or infos[0].event, pack, contact, place.regions, place.geometry,
        slots, severity, gravest.urgency, gravest.certainty, expires, says_end, allowed, findings, words,
        {info.language.split("-")[0].lower(): info.event for info in reversed(infos)},
    )  # fmt: skip
    if words is None and pack.id != GENERAL and wishes.slots.get(issuer.CHOICE) != issuer.PACK:
        findings += issuer.differences(infos, pack, slots, library)
    if not says_end:
        says = f"the alert says no end; it is sent until {expires.isoformat()}"
        findings.append(note("expires.missing", says, "expires"))
    return subject


def of_cancel(earlier: Broadcast | None, library: Library, settings: ComposeSettings, now: datetime) -> Subject:
    """The subject of a Cancel is that of what it cancels: it may say nothing itself (CAP 1.2 §3.2.1, msgType)."""
    if earlier is None:
        says = "nothing of this lineage was composed, so there is nothing to take back; a person must look"
        raise Stopped([stop("cancel.nothing", says, "references")])
    pack = library.packs.get(earlier.hazard)
    if pack is None:
        raise Stopped([stop("pack.unknown", f"there is no pack {earlier.hazard} any more; put it back", "hazard")])
    problems: list[Finding] = []
    allowed = permit(pack, library.jurisdiction, library.reviews, earlier.realm, now)
    regions = tuple(r for r in library.jurisdiction.areas if r.code in earlier.audience.areas)
    if not regions:
        says = "the areas of what it cancels are not in the jurisdiction any more; put them back"
        raise Stopped([stop("area.outside", says, "area")])
    contact = _contact(pack, library, regions, now, problems)
    if problems or contact is None:
        raise Stopped(problems)
    used = {name: value for use in earlier.guidance for name, value in use.parameters.items()}
    open_here = (*pack.slots, *filling.holes(pack, library.jurisdiction))
    slots = {name: used[name] for name in open_here if name in used}
    return Subject(
        earlier.event, earlier.headline, pack, contact, regions, earlier.audience.geometry, slots, earlier.severity,
        earlier.urgency, earlier.certainty, now + settings.take_back, says_end=True, permit=allowed,
        findings=[*allowed.stops, *allowed.notes], events={library.jurisdiction.languages[0]: earlier.event},
        own_words=dict.fromkeys(earlier.languages, issuer.Own(earlier.event, "")) if allowed.stops else None,
    )  # fmt: skip


def _end(alert: Alert, infos: tuple[Info, ...], settings: ComposeSettings) -> tuple[datetime, bool]:
    """The earliest end that any info says, so that none is outlived; the setting's where none says one."""
    said = [info.expires for info in infos if info.expires is not None]
    return (min(said), True) if said else (alert.cap.sent + settings.default_expires, False)


def _pack(
    infos: tuple[Info, ...], library: Library, wishes: Wishes, problems: list[Finding]
) -> tuple[Pack | None, list[Finding]]:  # fmt: skip
    """The pack that a person asked for, else the one that the alert names, else the general one with a hold."""
    if wishes.pack is not None:
        pack = library.packs.get(wishes.pack)
        if pack is None:
            known = ", ".join(sorted(library.packs))
            problems.append(stop("pack.unknown", f"there is no pack {wishes.pack}; there are {known}", "pack"))
        return pack, []
    found = library.finder.find(matching.signs_of(infos))
    if found.pack is not None:
        return library.packs[found.pack], []
    choose = "Choose one: `tocsin recompose LINEAGE --pack ID`"
    if found.candidates == (GENERAL,):
        says = f"no guidance pack fits: {found.why}. Its texts only point to the issuer. {choose}"
        return library.packs[GENERAL], [stop("pack.none", says, "event")]
    named = f" Candidates: {', '.join(found.candidates)}." if found.candidates else ""
    rule = "pack.unsure" if found.candidates else "pack.none"
    problems.append(stop(rule, f"no guidance pack is sure: {found.why}.{named} {choose}", "event"))
    return None, []


def _contact(
    pack: Pack, library: Library, regions: Iterable[Region], now: datetime, problems: list[Finding]
) -> Contact | None:  # fmt: skip
    """The contact that goes with the pack; adds why it may not be named today: unchecked, or past its review."""
    contact = contact_of(pack, library, regions, now)
    if contact is None:
        wanted = " or ".join(pack.contacts)
        says = f"{library.jurisdiction.id} names no contact of the kind {wanted}, which {pack.id} needs"
        problems.append(stop("contact.missing", says, wanted))
    elif problem := trouble(contact, now.date()):
        problems.append(problem)
    return contact


def _severity(
    said: Severity, pack: Pack, place: Jurisdiction, infos: tuple[Info, ...]
) -> tuple[Severity, list[Finding]]:  # fmt: skip
    """The alert's severity, or where it says Unknown that of the index class in its text."""
    found = index_class(pack, place, infos) if said is Severity.UNKNOWN else None
    if found is None:
        return said, []
    severity, words = found[0].severity, found[1]
    says = f"its sender says Unknown; {severity} is ours, read from “{words}” in its text"
    return severity, [stop("severity.ours", says, "severity")]


def contact_of(pack: Pack, library: Library, regions: Iterable[Region], now: datetime) -> Contact | None:
    """The first contact of a kind that the pack wants that answers now, else the first with its hours beside it.

    It is for the public, for all these areas, and has words in every language here.
    """
    place, codes = library.jurisdiction, {region.code for region in regions}
    named = (library.contacts[name] for kind in pack.contacts for name in place.contacts.get(kind, ()))
    fitting = [
        contact for contact in named
        if "public" in contact.audience and (not contact.areas or codes <= set(contact.areas))
        and all(language in contact.text for language in place.languages)
    ]  # fmt: skip
    usable = [contact for contact in fitting if trouble(contact, now.date()) is None]
    answers = next((contact for contact in usable if contact.is_open(now, place.zone)), None)
    return answers or next((contact.with_hours() for contact in usable), next(iter(fitting), None))


def _place_trouble(place: places.Place, library: Library) -> list[Finding]:
    if place.regions:
        return []
    name = next(iter(library.jurisdiction.names.values()))
    strange = f" It names {', '.join(place.unknown[:5])}." if place.unknown else ""
    bad = f" Unreadable: {', '.join(place.unreadable[:5])}." if place.unreadable else ""
    says = f"none of its areas is in {name}, so nobody would be told.{strange}{bad} Its sender must correct the area"
    return [stop("area.outside", says, "area")]


def _notes(place: places.Place, library: Library) -> list[Finding]:
    found: list[Finding] = []
    if place.unknown:
        named = ", ".join(place.unknown[:5])
        says = f"{len(place.unknown)} of its codes are not areas of {library.jurisdiction.id}: {named}"
        found.append(note("area.partly", says, "geocode"))
    if place.unreadable:
        says = f"could not be read and was left out: {', '.join(place.unreadable[:5])}"
        found.append(stop("area.unreadable", says, "area"))
    return found
