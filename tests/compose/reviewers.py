"""Two reviewers of guidance and what they sign, and the demo's packs in a place that is real."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from schemas.guidance import GuidanceApproval, GuidanceStatement
from schemas.trust import Key, Person
from schemas.words import Realm
from services.compose.library import Library
from services.compose.reviews import Reviews, believe
from services.runtime import trust
from services.runtime.trusted import Trust
from tests.compose.alerts import NOW, demo
from tests.compose.people import bundle

SUE, HAL, BOTH = trust.new_key(), trust.new_key(), trust.new_key()
PACK = demo().packs["boil-water"]
YEAR = timedelta(days=365)


def _person(name: str, key: trust.SigningKey, *roles: str) -> Person:
    return Person(id=name, roles=roles, keys=(Key(id=key.id, public=key.public),))


PEOPLE = (
    _person("sue", SUE, "subject-reviewer"), _person("hal", HAL, "health-officer"),
    _person("bob", BOTH, "subject-reviewer", "health-officer"),
)  # fmt: skip
TRUST = Trust(bundle().statement.model_copy(update={"people": PEOPLE}))


def approval(person: str, key: trust.SigningKey, role: str, **changes: Any) -> GuidanceApproval:
    statement = GuidanceStatement.model_validate(
        {
            "realm": "live", "pack": PACK.id, "version": PACK.version, "digest": PACK.digest, "jurisdiction": "ferrow",
            "sandbox_only": False, "person": person, "role": role, "issued": NOW, "until": NOW + YEAR,
            "nonce": "0" * 32, **changes,
        }
    )  # fmt: skip
    return GuidanceApproval(statement=statement, key=key.id, signature=key.sign("guidance", statement))


def pair(**changes: Any) -> list[GuidanceApproval]:
    return [
        approval("sue", SUE, "subject-reviewer", **changes),
        approval("hal", HAL, "health-officer", **changes),
    ]


def reviews(*approvals: GuidanceApproval) -> Reviews:
    return believe(approvals, TRUST, Realm.LIVE)


def library(found: Reviews, *, read_first_hand: bool = True, **pack: Any) -> Library:
    """The demo's packs in a place that is real."""
    sources = PACK.sources
    if read_first_hand:
        sources = {name: source.model_copy(update={"how": "opened"}) for name, source in sources.items()}
    changed = PACK.model_copy(update={"sources": sources, **pack})
    place = demo().jurisdiction.model_copy(update={"fictional": False})
    return replace(demo(), packs={**demo().packs, PACK.id: changed}, jurisdiction=place, reviews=found)
