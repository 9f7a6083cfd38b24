"""When somebody must be woken, and what happens when nobody came. Pure."""

from datetime import datetime, timedelta
from typing import Literal

from schemas.broadcast import Broadcast
from schemas.trust import SeverityRule
from schemas.words import BroadcastKind
from services.approve.quorum import Case
from services.runtime import verifier
from services.runtime.trusted import Trust

#: Without a bundle there is no rule that says how long to wait, and nothing can be released: soon.
NO_POLICY = timedelta(minutes=5)
#: A held alert that nobody composes is followed for a day; after that the alarm says that it no longer is.
HELD_FOLLOWED = timedelta(days=1)

End = Literal["expired", "deadline", "look"]


def wait_of(rule: SeverityRule | None) -> timedelta:
    """How long one wait may be."""
    return timedelta(seconds=rule.deadline_s) if rule else NO_POLICY


def deadline_of(case: Case | None, now: datetime) -> datetime:
    """When a wait that begins now is over.

    Counted from composing where that is later by its clock, so that a release at the deadline is late enough for
    every verifier.
    """
    if case is None:
        return now + NO_POLICY
    return max(now, case.broadcast.composed) + wait_of(case.rule)


def ends(found: Broadcast, trusted: Trust | None) -> datetime:
    """When there is nothing left to approve. A Cancel outlives its alert, also while no policy says for how long."""
    if trusted:
        return verifier.last_moment(found, trusted.policy)
    cancel = found.kind is BroadcastKind.CANCEL
    return max(found.expires, found.composed + HELD_FOLLOWED) if cancel else found.expires


def what_is_due(now: datetime, deadline: datetime | None, end: datetime) -> End:
    """Why a sweep looks at a proposal at `now`; `look` when only an estimate was waited for."""
    if end <= now:
        return "expired"
    return "deadline" if deadline is not None and deadline <= now else "look"
