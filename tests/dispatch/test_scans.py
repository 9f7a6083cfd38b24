"""What a dispatcher does again and again reads what is open, not all that its ledger has ever had.

A report that read every row was a fifth of the work at 100,000 texts, and would have been all of it at some millions.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from schemas.words import Channel, State
from services.dispatch.reporting import PASSING
from services.dispatch.tables import delivery
from services.runtime.store import Store
from tests.dispatch.world import ANNA, BEN, MARGIN, World, open_store, people

#: A table that grows with every text, read from its first row to its last.
WHOLE = re.compile(r"SCAN (delivery|new|old|other|row|follower|platform_id|batch)(?! USING)")
#: Read whole on purpose: counted as rarely as it costs a fiftieth of the time.
ALL_STATES = "SELECT delivery.state, count(*) AS count_1 \nFROM delivery GROUP BY delivery.state"


@contextmanager
def statements(store: Store) -> Iterator[dict[str, Any]]:
    """Every statement that is run meanwhile, with its parameters of the first time."""
    found: dict[str, Any] = {}

    def note(_connection: object, _cursor: object, text: str, given: Any, _context: object, many: bool) -> None:
        if not many:
            found.setdefault(text, given)

    event.listen(store.engine, "before_cursor_execute", note)
    yield found
    event.remove(store.engine, "before_cursor_execute", note)


def explained(connection: sa.Connection, text: str, given: Any) -> list[str]:
    return [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)]


def _sent(world: World) -> list[Any]:
    """Rows that are sent; read by somebody else."""
    store = open_store(world.path)
    with store.begin() as connection:
        found = connection.execute(sa.select(delivery).where(delivery.c.state == State.SENT)).all()
    store.close()
    return list(found)


async def _story(world: World) -> None:
    """Everything that a dispatcher does: send, doubt, look up, report, correct, take back, delete, count."""
    everybody = [] if world.plan.public else [ANNA, BEN, *people(5)]
    value = await world.release(to=everybody)
    await world.one.turn()
    await world.one.turn(mood="hang")
    await world.release(revision=2, to=everybody)
    await world.one.settle()
    world.clock.pass_time(world.platform.bounds.quarantine + 1)
    await world.one.settle()
    await world.withdraw(value)
    await world.one.settle()
    world.clock.pass_time(PASSING.total_seconds())
    ledger = world.one.ledger
    while await ledger.report():
        pass
    await ledger.opt(BEN, out=True)
    await world.receipts(*(world.report(row, "undelivered") for row in _sent(world)))
    world.clock.pass_time(1)
    await world.withdraw(value)
    await ledger.revoke(frozenset({"key-1", "key-2"}))
    await world.withdraw(value, keys=("key-3",))
    await ledger.release(world.believed(value, keys=("key-3",)), 1, MARGIN)
    await world.one.settle()
    await ledger.open_counts()
    await ledger.unresolved()


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.X])
async def test_no_statement_reads_the_whole_ledger(channel: Channel, tmp_path: Path) -> None:
    world = World(tmp_path, channel)
    with statements(world.one.store) as found:
        await _story(world)
    asked = [text for text in found if text.startswith(("SELECT", "UPDATE", "DELETE"))]
    assert len(asked) > 30, "the story has become short"
    with world.one.store.begin() as connection:
        whole = {text: plan for text in asked if WHOLE.search(str(plan := explained(connection, text, found[text])))}
    world.close()
    assert not whole


async def test_all_states_are_read_whole_and_the_open_ones_are_the_same(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.release(to=people(5))
    await world.one.window(2)
    ledger = world.one.ledger
    with statements(world.one.store) as found:
        assert await ledger.counts() == await ledger.open_counts() == {"planned": 3, "sending": 2}
    with world.one.store.begin() as connection:
        assert WHOLE.search(str(explained(connection, ALL_STATES, ()))), "the pattern finds what it looks for"
    assert ALL_STATES in found
    world.close()


async def test_what_was_taken_back_whole_is_not_read_again(sms: World) -> None:
    """Every row of 360 cancelled alerts was read at each sweep, after two hours: texts went out slower and slower."""
    value = await sms.release(to=people(5))
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.settle()
    assert set(sms.states().values()) == {State.WITHDRAWN}
    with statements(sms.one.store) as found:
        await sms.one.ledger.owe(sms.platform.bounds.last_arrival)
    assert [text for text in found if "FROM mark" in text]
    assert [text for text in found if "AS follower" in text and "FROM mark" not in text] == []
