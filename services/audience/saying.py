"""What audience says to others: how many people a Broadcast reaches, and that they are more than were approved."""

from datetime import datetime

from schemas.audience import AudienceEstimate
from schemas.operations import Alarm
from schemas.words import Realm
from services.audience.choosing import Chosen
from services.audience.store import Selection
from services.audience.wanted import Wanted

ROOM = "audience"
REACH_RULE = "reach"


def estimate_of(realm: Realm, wanted: Wanted, chosen: Chosen, at: datetime) -> AudienceEstimate:
    """People by language and area, and the segments that they cost."""
    return AudienceEstimate(
        realm=realm, lineage=wanted.lineage, version=wanted.version, revision=wanted.revision, digest=wanted.digest,
        people=len(chosen.people), by_language=chosen.by_language, by_area=chosen.by_area,
        segments=wanted.segments(chosen.by_language), at=at,
    )  # fmt: skip


def reach_alarm(realm: Realm, selection: Selection, people: int, at: datetime, *, over: bool) -> Alarm:
    """The audience has outgrown what was approved, or (`over`) that has been settled."""
    wanted = selection.wanted
    return Alarm(
        realm=realm, room=ROOM, rule=REACH_RULE, lineage=wanted.lineage, since=at, over=over,
        says=f"version {wanted.version} would reach {people} people by text, {selection.reach or 0} were approved",
        do=f"nobody is texted until somebody looks at the new number and approves {wanted.digest} again",
    )  # fmt: skip
