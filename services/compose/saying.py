"""What the templates of one language are given: names, moments, the contact, the link. No guidance yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.alert import Alert
from schemas.broadcast import Broadcast
from schemas.cap import MsgType, Status
from schemas.words import BroadcastKind, Realm
from services.compose.subject import Subject
from services.compose.times import Times
from services.compose.words import Ends, Words
from services.place.jurisdiction import Jurisdiction, Region

KINDS = {MsgType.ALERT: BroadcastKind.ALERT, MsgType.UPDATE: BroadcastKind.UPDATE, MsgType.CANCEL: BroadcastKind.CANCEL}


@dataclass(frozen=True)
class Said:
    """The values of one language; `places` is the area by its names, then in fewer words where there are any."""

    values: dict[str, object]
    places: tuple[str, ...]


@dataclass(frozen=True)
class Issue:
    """One message of ours, as a later one refers to it."""

    kind: BroadcastKind
    version: int
    at: datetime

    def named(self, times: Times) -> str:
        """How people are told which message is meant."""
        pattern = times.words.earlier[self.kind.value]
        return pattern.format(moment=times.moment(self.at), n=update_number(self.version))


def issue_of(broadcast: Broadcast) -> Issue:
    """How a composed Broadcast is referred to."""
    return Issue(broadcast.kind, broadcast.version, moment_of(broadcast.revision, broadcast.sent, broadcast.composed))


def moment_of(revision: int, sent: datetime, composed: datetime) -> datetime:
    """The time that a text shows: when the issuer sent it, or for later revisions when it was written anew."""
    return sent if revision == 1 else composed


def update_number(version: int) -> int:
    """The first Update is number 1 to its readers, though it is version 2 of its lineage."""
    return max(1, version - 1)


def said(
    alert: Alert, subject: Subject, words: Words, jurisdiction: Jurisdiction, *, own: Issue, earlier: Issue | None,
    number: int,
) -> Said:  # fmt: skip
    """What the templates are given. `earlier` is the message that this one corrects, cancels or takes back."""
    language, times = words.language, Times(words, jurisdiction)
    name, about = subject.called(language)
    values: dict[str, object] = {
        "exercise": ends(alert, words),
        "issuer": jurisdiction.issuer[language],
        "at": times.moment(own.at),
        "clock": times.clock(own.at),
        "number": number,
        "hazard": name,
        "about": about,
        "until": until(subject, times),
        "contact": subject.contact.text[language] + ".",
        "link": jurisdiction.page_of(alert.lineage),
        "earlier": earlier.named(times) if earlier else "",
        "earlier_at": times.seen_from(earlier.at, own.at) if earlier else "",
    }
    return Said(values, place_names(subject.regions, jurisdiction, words))


def ends(alert: Alert, words: Words) -> Ends | None:
    """First and last words of what is not real. The status decides, and a drill's realm never looks real."""
    if alert.cap.status in {Status.TEST, Status.SYSTEM}:
        return words.test
    return words.exercise if alert.cap.status is Status.EXERCISE or alert.realm is Realm.DRILL else None


def until(subject: Subject, times: Times) -> str:
    """Until when, by the place's rule or else the pack's: some hazards do not end when a message does."""
    rule = times.place.until.get(subject.pack.id, subject.pack.until)
    if rule == "none":
        return ""
    if rule == "notice" or not subject.says_end:
        return times.words.until_notice
    return times.words.until_moment.format(moment=times.moment(subject.expires))


def place_names(regions: Sequence[Region], jurisdiction: Jurisdiction, words: Words) -> tuple[str, ...]:
    """The area in words, the fullest first. The whole needs no list; one name has no shorter form."""
    language, whole = words.language, jurisdiction.whole
    if whole in regions:
        return (whole.names[language],)
    named = words.listed([region.names[language] for region in regions])
    return (named,) if len(regions) == 1 else (named, whole.parts[language])
