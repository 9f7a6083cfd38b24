"""The table of moves: what nobody may do, what only evidence may; and that the ledger makes no other move."""

import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.words import BroadcastKind, Severity, State
from services.dispatch import restored
from services.dispatch.moves import DOUBT, MOVES, Who, allowed
from tests.dispatch.moved import foreign, moved, watch_moves
from tests.dispatch.world import ANNA, BEN, World, people

FINAL = frozenset(State) - DOUBT - {State.PLANNED, State.SENT, State.DELIVERED, State.UNRESOLVED}
EVERY = list(itertools.product(State, State))


@pytest.mark.parametrize("final", sorted(FINAL))
def test_no_decision_moves_a_final_state(final: State) -> None:
    who_may = {who for who in Who for new in State if allowed(who, final, new)}
    # A report is the platform's word, and evidence like an id: `delivered` wins over `undelivered`, and what was to
    # follow a message and is `undelivered` leaves it standing. And others may sign what a lost key had signed.
    assert who_may - {Who.EVIDENCE, Who.RECEIPTS} == ({Who.PLANNER} if final is State.SUPPRESSED else set())


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


async def _story(world: World) -> None:
    """Everything that one lineage can meet, by way of every state."""
    one = world.one
    everybody = [ANNA, BEN, *people(8)]
    value = await world.release(to=everybody, keys=("stolen",), ends=world.clock.now() + timedelta(hours=2))
    for mood in ("accept", "reset", "lost", "refuse", "connect", "opted_out"):
        [job] = await one.window(1)
        await one.send(job, mood=mood)
        await one.window(0)
    await one.ledger.revoke(frozenset({"stolen"}))
    await one.ledger.release(world.believed(value, keys=("new",)), 1, 10)
    for status in ("delivered", "undelivered", "delivered"):
        await world.receipts(*(world.report(row, status) for row in world.rows()[:2]))
    await one.sweep()
    world.clock.pass_time(world.platform.bounds.quarantine + 1)
    await one.settle()
    await one.ledger.opt(BEN, out=True)
    await world.release(1, 2, to=everybody)
    await one.settle()
    await _undelivered(world)
    await world.release(2, kind=BroadcastKind.UPDATE, to=everybody)
    last = await world.release(3, kind=BroadcastKind.UPDATE, to=everybody, expires=world.clock.now())
    await one.settle()
    await world.withdraw(last)
    await one.settle()
    await _undelivered(world)


async def _undelivered(world: World) -> None:
    """What was sent last has not arrived; every second message has after all."""
    sent = [row for row in world.rows() if row.state == State.SENT]
    await world.receipts(*(world.report(row, "undelivered") for row in sent))
    await world.receipts(*(world.report(row, "delivered") for row in sent[::2]))


async def _unresolved(world: World, severity: Severity) -> None:
    """A look-up that fails for long; then a person, a report, or the end decides."""
    lineage = severity.value[0].lower() * 32
    process = world.process(patience_s=0)
    await world.release(to=people(3), lineage=lineage, severity=severity)
    world.platform.look_up_fails = True
    await process.turn("reset")
    await process.sweep()
    world.clock.pass_time(121)
    await process.sweep()
    world.platform.look_up_fails = False
    await world.receipts(*(world.receipt(row.id, "sent", f"late-{row.id}") for row in world.rows()[-3:]))


async def test_the_ledger_makes_no_move_that_is_not_in_the_table(tmp_path: Path) -> None:
    """The database itself notes them: see `machine` for random histories."""
    world = World(tmp_path)
    watch_moves(world.one.store)
    await _story(world)
    for severity in (Severity.SEVERE, Severity.EXTREME):
        await _unresolved(world, severity)
    await world.release(to=[ANNA], lineage="d" * 32)
    with world.one.store.begin() as connection:
        restored.mark(connection, world.clock.now())
    await world.one.ledger.load()
    await world.one.sweep()
    assert foreign(world.one.store) == set()
    assert len(moved(world.one.store)) > 20, "the story has become short"
    world.close()


async def test_a_move_that_is_not_in_the_table_is_seen(tmp_path: Path) -> None:
    world = World(tmp_path)
    watch_moves(world.one.store)
    await world.release(to=[ANNA])
    await world.one.turn()
    world.put(world.row(), state=State.PLANNED)
    assert foreign(world.one.store) == {(State.SENT, State.PLANNED)}
    world.close()
