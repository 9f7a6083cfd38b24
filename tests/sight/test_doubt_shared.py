"""A ledger on PostgreSQL that dispatchers share: two people settle the same message at once, and one word counts."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.words import Channel, Realm, State
from services.dispatch.persons import NotMovedError, Persons, Saying
from services.dispatch.tables import person_move
from tests.dispatch.shared import SharedWorld
from tests.dispatch.world import people
from tests.support.postgres import Postgres

pytestmark = pytest.mark.connected

MANY = 40


@pytest.fixture
def world(postgres: Postgres, tmp_path: Path) -> Iterator[SharedWorld]:
    made = SharedWorld(tmp_path, Channel.SMS, url=postgres.url(f"t_{uuid.uuid4().hex}"))
    yield made
    made.close()


async def test_of_two_people_one_word_counts(world: SharedWorld) -> None:
    process = world.process(patience_s=0)
    await world.release(to=people(MANY))
    for job in await process.window(MANY):
        await process.send(job, mood="lost")
    await process.window(0)
    world.platform.look_up_fails = True
    await process.sweep()
    world.clock.pass_time(world.platform.bounds.quarantine + 1)
    await process.sweep()
    names = [row.id for row in world.rows()]
    assert {row.state for row in world.rows()} == {State.UNRESOLVED}

    def say(to: State) -> int:
        ledger, counted = Persons(world.url, Channel.SMS, Realm.LIVE), 0
        try:
            for name in names:
                try:
                    ledger.settle(Saying(name, to, f"who says {to}", "saw it"), world.clock.now())
                    counted += 1
                except NotMovedError:
                    continue
        finally:
            ledger.close()
        return counted

    with ThreadPoolExecutor(2) as both:
        counted = list(both.map(say, (State.SENT, State.FAILED)))
    said = world.query(sa.select(person_move))
    assert sum(counted) == len(said) == MANY
    assert {row.delivery: row.to for row in said} == {row.id: row.state for row in world.rows()}
