"""The table of allowed moves: who may take a delivery from which state to which.

Protocol, model-checked, with the reason for each row: README, *The delivery protocol*. Everything that is not here is
refused, counted and changes nothing. No decision moves a final state; only evidence (a platform's id, its report) does,
and one decision that undoes another: what stopped with a key that was taken away, and that nobody can have got.
"""

from enum import StrEnum

from schemas.words import State


class Who(StrEnum):
    """Who makes a move."""

    PLANNER = "planner"
    GATE = "gate"
    OWNER = "owner"
    RECOVERER = "recoverer"
    EVIDENCE = "evidence"
    RECEIPTS = "receipts"
    FOLLOW_THROUGH = "follow_through"
    SWEEP = "sweep"
    PERSON = "person"
    RESTORE = "restore"


_S = State
DOUBT = frozenset({_S.SENDING, _S.UNKNOWN})
#: The target has the message, as far as anybody knows.
STANDS = frozenset({_S.SENT, _S.DELIVERED})
#: Evidence for one of these means that a bound was broken.
SURPRISING = frozenset({_S.FAILED, _S.EXPIRED, _S.SUPERSEDED, _S.SUPPRESSED})

MOVES: dict[Who, frozenset[tuple[State, State]]] = {
    # Its signer's key was taken away, and others have signed the same bytes: it surely was never sent.
    Who.PLANNER: frozenset({(_S.SUPPRESSED, _S.PLANNED)}),
    Who.GATE: frozenset({(_S.PLANNED, _S.SENDING)}),
    Who.OWNER: frozenset(
        {(_S.SENDING, _S.PLANNED), (_S.SENDING, _S.FAILED), (_S.SENDING, _S.UNKNOWN), (_S.SENDING, _S.SUPPRESSED)}
    ),
    # FAILED only where the platform refused a duplicate and nothing of ours stands: trying again would be refused too.
    Who.RECOVERER: frozenset((old, new) for old in DOUBT for new in (_S.PLANNED, _S.UNRESOLVED, _S.FAILED)),
    Who.EVIDENCE: frozenset(
        (old, _S.SENT) for old in (DOUBT | SURPRISING | {_S.PLANNED, _S.UNRESOLVED, _S.WITHDRAWN, _S.CORRECTED})
    ),
    # The last four: what took it back or corrected it has not arrived, so it stands as it did, as far as is known.
    Who.RECEIPTS: frozenset(
        {(_S.SENT, _S.DELIVERED), (_S.SENT, _S.FAILED), (_S.FAILED, _S.DELIVERED)}
        | {(old, new) for old in (_S.WITHDRAWN, _S.CORRECTED) for new in (_S.SENT, _S.UNRESOLVED)}
    ),
    Who.FOLLOW_THROUGH: frozenset(
        (old, new) for old in (_S.SENT, _S.DELIVERED, _S.UNRESOLVED) for new in (_S.WITHDRAWN, _S.CORRECTED)
    ),
    Who.SWEEP: frozenset((_S.PLANNED, new) for new in (_S.SUPERSEDED, _S.EXPIRED, _S.SUPPRESSED, _S.UNRESOLVED)),
    Who.PERSON: frozenset((_S.UNRESOLVED, new) for new in (_S.SENT, _S.PLANNED, _S.FAILED)),
    # A ledger out of a backup may have forgotten that it was sent.
    Who.RESTORE: frozenset({(_S.PLANNED, _S.UNKNOWN)}),
}


def allowed(who: Who, old: State, new: State) -> bool:
    """Whether `who` may move a delivery from `old` to `new`."""
    return (old, new) in MOVES[who]
