"""The table of moves: what nobody may do, and what only evidence may."""

import itertools

import pytest

from schemas.words import State
from services.dispatch.moves import MOVES, SETTLED, Who, allowed

FINAL = SETTLED - {State.SENT, State.DELIVERED, State.UNRESOLVED}
EVERY = list(itertools.product(State, State))


@pytest.mark.parametrize("final", sorted(FINAL))
def test_no_decision_moves_a_final_state(final: State) -> None:
    who_may = {who for who in Who for new in State if allowed(who, final, new)}
    # A later `delivered` wins over `undelivered`: that is the platform's word, and evidence like an id.
    assert who_may <= {Who.EVIDENCE, Who.RECEIPTS}


def test_evidence_leads_to_sent_and_nowhere_else() -> None:
    assert {new for _, new in MOVES[Who.EVIDENCE]} == {State.SENT}
    assert {old for old, _ in MOVES[Who.EVIDENCE]} == set(State) - {State.SENT, State.DELIVERED}


def test_only_the_gate_starts_a_send_and_only_from_planned() -> None:
    assert [(who, old) for who in Who for old, new in EVERY if new is State.SENDING and allowed(who, old, new)] == [
        (Who.GATE, State.PLANNED)
    ]


def test_an_owner_speaks_only_of_what_it_is_sending() -> None:
    assert {old for old, _ in MOVES[Who.OWNER]} == {State.SENDING}


def test_doubt_is_left_by_recovery_or_evidence_alone() -> None:
    leavers = {who for who in Who for new in State if allowed(who, State.UNKNOWN, new)}
    assert leavers == {Who.RECOVERER, Who.EVIDENCE}


def test_nobody_makes_a_delivery_planned_again_that_stands() -> None:
    assert not [who for who in Who for old in (State.SENT, State.DELIVERED) if allowed(who, old, State.PLANNED)]


def test_no_move_stays_where_it_is() -> None:
    assert not [(who, old) for who in Who for old in State if allowed(who, old, old)]
