"""Whether a pack's words may be used here and today: approved for this place, in date, and in which languages.

What is not approved, has run out or was changed since reaches nobody, and the approver sees why.
Of a made-up place drafts may be seen: every Broadcast of it is marked as fictional, and no dispatcher believes such a
one unless its own account is a sandbox's (`services.dispatch.fictional`). What the place's file says of its accounts
would be no guard: no dispatcher reads it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from schemas.alert import Finding
from schemas.words import Grade, Realm
from services.compose.guidance import Pack
from services.compose.reviews import Reviews, Standing
from services.place.jurisdiction import Jurisdiction


@dataclass(frozen=True)
class Permit:
    """What may be used of a pack: `stops` is empty, or says why nothing may be."""

    stops: tuple[Finding, ...]
    notes: tuple[Finding, ...]
    languages: frozenset[str]
    is_approved: bool


def permit(pack: Pack, place: Jurisdiction, reviews: Reviews, realm: Realm, now: datetime) -> Permit:
    """The permit of one pack at one moment."""
    sandbox = place.is_sandbox or realm is Realm.DRILL
    standings = {
        language: reviews.of(digest, place.id, now, sandbox=sandbox) for language, digest in pack.files().items()
    }
    own = standings[""]
    spoken = (x for x in pack.languages if x not in pack.translations or standings[x].holds or place.is_sandbox)
    return Permit(
        tuple(_stops(pack, place, reviews, own, now.date(), sandbox=sandbox)),
        tuple(_notes(pack, place, own)),
        frozenset(spoken),
        own.holds and not own.sandbox_only,
    )


def _stops(
    pack: Pack, place: Jurisdiction, reviews: Reviews, own: Standing, today: date, *, sandbox: bool
) -> Iterator[Finding]:  # fmt: skip
    if not own.holds and not place.is_sandbox:
        before = reviews.other_version(pack.id, pack.digest, place.id)
        changed = f" Version {before} was approved; its words were changed since." if before else ""
        says = f"{pack.id} is a draft here: {own.why}. It needs both reviewers' `tocsin guidance approve`.{changed}"
        yield _finding("pack.draft", Grade.HOLD, says, pack.id)
    elif own.holds and not sandbox and not all(source.is_first_hand for source in pack.sources.values()):
        says = f"{pack.id} rests on what nobody has read at the authority itself: read it there first"
        yield _finding("pack.draft", Grade.HOLD, says, pack.id)
    if date.fromisoformat(pack.review_by) < today:
        says = f"{pack.id} was to be reviewed by {pack.review_by}: review it, then write the new day in review_by"
        yield _finding("pack.overdue", Grade.HOLD, says, pack.id)


def _notes(pack: Pack, place: Jurisdiction, own: Standing) -> Iterator[Finding]:
    if own.holds:
        where = ", for drills and sandbox accounts only" if own.sandbox_only else ""
        until = f"{own.until:%Y-%m-%d}" if own.until else ""
        says = f"{pack.id} {pack.version} is approved by {' and '.join(own.people)} until {until}{where}"
        yield _finding("pack.approved", Grade.ACCEPT, says, pack.id)
    elif place.is_sandbox:
        says = f"{pack.id} is a draft ({own.why}); this jurisdiction is fictional: sandbox accounts only"
        yield _finding("pack.draft", Grade.ACCEPT, says, pack.id)


def _finding(rule: str, grade: Grade, says: str, element: str) -> Finding:
    return Finding(rule=rule, grade=grade, element=element, says=says)
