"""From an Alert to a Broadcast, or to the findings that hold it. Pure: the caller gives the moment and what was before.

The same inputs make the same bytes, and so the same digest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas.alert import Alert, Finding
from schemas.broadcast import Broadcast, ContactUse, GuidanceUse, LeftOut, Rendition, Selection, SourceUse
from schemas.words import BroadcastKind, Channel, Grade, Kind
from services.compose import filling, forms, identifying, subject
from services.compose.guidance import GENERAL, Pack
from services.compose.library import Library
from services.compose.saying import KINDS, Issue, issue_of, moment_of, said, update_number
from services.compose.settings import ComposeSettings
from services.compose.subject import Stopped, Subject
from services.compose.wishes import NONE, Wishes
from services.compose.words import Words
from services.compose.writing import Target, Written, write
from services.place.contacts import Contact

CHANNELS = (Channel.X, Channel.SMS)
#: A person may say that a cancelled alert was a mistake: `tocsin recompose LINEAGE --slot ending=error`.
ENDING = "ending"
FIRST_KIND = {BroadcastKind.ALERT: Kind.ALERT, BroadcastKind.UPDATE: Kind.UPDATE, BroadcastKind.CANCEL: Kind.CANCEL}


@dataclass(frozen=True)
class Before:
    """What was composed earlier: of this version (to be corrected), and of the lineage (to be cancelled)."""

    revision: int = 0
    corrected: Broadcast | None = None
    cancelled: Broadcast | None = None


FIRST = Before()


def compose(
    alert: Alert, library: Library, settings: ComposeSettings, now: datetime, *, wishes: Wishes = NONE,
    before: Before = FIRST,
) -> Broadcast:  # fmt: skip
    """The Broadcast of one alert; Stopped when a person must help first."""
    kind = KINDS.get(alert.cap.msg_type)
    if kind is None:
        says = f"a {alert.cap.msg_type} is no message to the public"
        raise Stopped([*alert.findings, subject.stop("msgType", says, "msgType")])
    try:
        if kind is BroadcastKind.CANCEL:
            about = subject.of_cancel(before.cancelled, library, settings, now)
        else:
            about = subject.of_alert(alert, library, wishes, settings, now)
    except Stopped as stopped:
        raise Stopped([*alert.findings, *stopped.findings]) from None
    return _Composition(alert, kind, about, library, now=now, wishes=wishes, before=before).broadcast()


class _Composition:
    """One Broadcast in the making."""

    def __init__(
        self, alert: Alert, kind: BroadcastKind, about: Subject, library: Library, *, now: datetime, wishes: Wishes,
        before: Before,
    ) -> None:  # fmt: skip
        self.alert, self.kind, self.about, self.library = alert, kind, about, library
        self.now, self.wishes, self.before = now, wishes, before
        self.revision = before.revision + 1
        self.own = Issue(kind, alert.version, moment_of(self.revision, alert.cap.sent, now))
        self.findings: list[Finding] = [*alert.findings, *about.findings]
        self.left_out: list[LeftOut] = []

    def broadcast(self) -> Broadcast:
        """All texts, and everything that their approver must see."""
        renditions = self._texts(FIRST_KIND[self.kind], self.before.cancelled)
        withdrawals = self._texts(Kind.WITHDRAWAL, None)
        renditions = self._only_what_can_be_taken_back(renditions, withdrawals)
        corrections = self._corrections()
        if not renditions:
            raise Stopped([*self.findings, subject.stop("rendition.none", "no text fits on any channel", "info")])
        self.findings += identifying.findings((*renditions, *corrections, *withdrawals), self.library.jurisdiction)
        return self._filled(renditions, corrections, withdrawals)

    def _texts(self, kind: Kind, earlier: Broadcast | None) -> list[Rendition]:
        """The texts of one kind for every channel and language; what cannot be made is a finding."""
        made: list[Rendition] = []
        for target in self._targets(kind):
            written = self._write(target, earlier)
            self.left_out += written.left_out
            if written.rendition is not None:
                made.append(written.rendition)
                continue
            says = f"the {kind} for {target.channel} in {target.language} is too long in every form and is left out"
            self.findings.append(subject.stop("rendition.impossible", says, f"{target.channel}/{target.language}"))
        return made

    def _targets(self, kind: Kind) -> Iterator[Target]:
        """Every channel and language of the jurisdiction that the pack has words for."""
        place = self.library.jurisdiction
        for channel in CHANNELS:
            for language in place.languages:
                if channel in place.accounts and language in self.about.languages:
                    yield Target(kind, channel, language)

    def _write(self, target: Target, earlier: Broadcast | None) -> Written:
        words, place = self.library.words[target.language], self.library.jurisdiction
        meant = self.own if target.kind is Kind.WITHDRAWAL else issue_of(earlier) if earlier else None
        number = self.revision - 1 if target.kind is Kind.CORRECTION else update_number(self.alert.version)
        values = said(self.alert, self.about, words, place, own=self.own, earlier=meant, number=number)
        candidates = self._candidates(target.kind, words)
        return write(self.library.texts, target, values, candidates, self.about.pack.id)

    def _candidates(self, kind: Kind, words: Words) -> Iterable[forms.Candidate]:
        if kind is Kind.WITHDRAWAL:
            return [forms.Candidate("short", "", ())]
        if self.about.own_words is not None:
            return self._issuers("" if kind is Kind.CANCEL else self.about.own_words[words.language].instruction, words)
        wording = self.about.pack.languages[words.language]
        shown = filling.values(self.about.pack, self.library.jurisdiction, self.about.slots, words)
        if kind is Kind.CANCEL:
            ending = wording.error if self.wishes.slots.get(ENDING) == "error" and wording.error else wording.end
            return forms.endings(filling.fill(ending, shown)[0])
        return forms.candidates({f: filling.fill(wording.form(f), shown)[0] for f in forms.ORDER}, self.wishes.form)

    def _issuers(self, instruction: str, words: Words) -> Iterable[forms.Candidate]:
        """The issuer's own words whole, never cut; where they do not fit, where to read them."""
        yield forms.Candidate("long", instruction, ())
        general = self.library.packs.get(GENERAL)
        if instruction and general and words.language in general.languages:
            shown = filling.values(general, self.library.jurisdiction, {}, words)
            lines = filling.fill(general.languages[words.language].minimum, shown)[0]
            yield forms.Candidate("minimum", " ".join(line.text for line in lines), ("instruction",))

    def _only_what_can_be_taken_back(
        self, renditions: list[Rendition], withdrawals: list[Rendition]
    ) -> list[Rendition]:  # fmt: skip
        """Nothing is sent that no withdrawal could follow."""
        can = {(w.channel, w.language) for w in withdrawals}
        return [r for r in renditions if (r.channel, r.language) in can]

    def _corrections(self) -> list[Rendition]:
        """What those get who have an earlier revision. A Cancel stands alone: its own text serves."""
        if self.before.corrected is None:
            return []
        if self.kind is BroadcastKind.CANCEL:
            return self._texts(Kind.CANCEL, self.before.cancelled)
        return self._texts(Kind.CORRECTION, self.before.corrected)

    def _filled(
        self, renditions: list[Rendition], corrections: list[Rendition], withdrawals: list[Rendition]
    ) -> Broadcast:  # fmt: skip
        alert, about, place = self.alert, self.about, self.library.jurisdiction
        held = alert.grade is Grade.HOLD or any(finding.grade is Grade.HOLD for finding in self.findings)
        spoken = {rendition.language for rendition in renditions}
        return Broadcast(
            realm=alert.realm, lineage=alert.lineage, version=alert.version, revision=self.revision, kind=self.kind,
            identifier=alert.cap.identifier, sender=alert.cap.sender, sent=alert.cap.sent,
            issuer=place.issuer[place.languages[0]], scope=alert.cap.scope, event=about.event, hazard=about.pack.id,
            headline=about.headline, severity=about.severity, urgency=about.urgency, certainty=about.certainty,
            grade=Grade.HOLD if held else Grade.ACCEPT, findings=tuple(self.findings),
            authors=tuple(dict.fromkeys((*alert.authors, *self.wishes.editors))), received=alert.received,
            composed=self.now, expires=about.expires,
            languages=tuple(language for language in place.languages if language in spoken),
            audience=Selection(
                jurisdiction=place.id, areas=tuple(sorted(region.code for region in about.regions)),
                geometry=about.geometry,
            ),
            renditions=tuple(renditions), corrections=tuple(corrections), withdrawals=tuple(withdrawals),
            left_out=(*self._not_worded(), *dict.fromkeys(self.left_out)),
            guidance=self._used(), contacts=(contact_use(about.contact),),
            fictional=place.fictional or about.contact.fictional or None,
        )  # fmt: skip

    def _used(self) -> tuple[GuidanceUse, ...]:
        """The pack, where its words were used."""
        if self.about.own_words is not None:
            return ()
        return (guidance_use(self.about.pack, self.about.slots, self.library, approved=self.about.permit.is_approved),)

    def _not_worded(self) -> Iterator[LeftOut]:
        """Languages of the jurisdiction that the pack has no words in."""
        for language in self.library.jurisdiction.languages:
            if language not in self.about.languages:
                for channel in CHANNELS:
                    why = f"there are no reviewed words of {self.about.pack.id} in {language}"
                    if self.about.own_words is not None:
                        why = f"the issuer gave no instruction in {language}"
                    yield LeftOut(channel=channel, language=language, what="every text", why=why)


def guidance_use(pack: Pack, slots: dict[str, str], library: Library, *, approved: bool) -> GuidanceUse:
    """The pack as the approver sees it: its digest, what filled it, and where its facts come from."""
    given = {
        name: _plain(library.jurisdiction.parameters[name])
        for name in pack.parameters
        if name in library.jurisdiction.parameters
    }
    sources = tuple(
        SourceUse(id=name, authority=source.authority, address=source.address or "", read_on=source.read_on)
        for name, source in pack.sources.items()
    )
    return GuidanceUse(
        pack=pack.id, version=pack.version, digest=pack.digest, review_by=pack.review_by,
        status="approved" if approved else "draft",
        parameters={**given, **slots}, sources=sources,
    )  # fmt: skip


def _plain(value: object) -> str:
    return " · ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)


def contact_use(contact: Contact) -> ContactUse:
    """The contact as the approver sees it."""
    return ContactUse(
        id=contact.id, kind=contact.kind, verified_on=contact.verified_on or "", review_by=contact.review_by
    )  # fmt: skip
