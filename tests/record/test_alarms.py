"""Alarms in the projection: two of one rule stand beside each other, each raised is counted, none stands for ever."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from schemas.operations import Alarm
from schemas.words import Realm
from services.record import tables, views
from tests.record.world import World, world
from tests.support.trust import LINEAGE, NOW

OTHER = "f" * 32


def alarm(room: str = "intake", rule: str = "missed-heartbeat", *, seconds: int = 0, **more: Any) -> Alarm:
    since = NOW + timedelta(seconds=seconds)
    return Alarm(realm=Realm.LIVE, room=room, rule=rule, says="it is wrong", do="mend it", since=since, **more)


async def standing(w: World, raised_by: str, rule: str) -> tuple[float, float]:
    """How many of a rule are not over, and how many were ever raised."""
    await w.watch.look()
    labels = {"raised_by": raised_by, "rule": rule}
    return (
        w.metric("tocsin_record_alarms", **labels),
        w.metric("tocsin_record_alarms_raised_total", **labels),
    )


async def test_one_publisher_that_is_back_leaves_the_other_ones_alarm(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        assert await standing(w, "intake", "missed-heartbeat") == (0, 0)
        await w.feed(alarm(about="kestrel"))
        await w.feed(alarm(about="osprey", seconds=5))
        assert await standing(w, "intake", "missed-heartbeat") == (2, 2)
        await w.feed(alarm(about="kestrel", seconds=60, over=True))
        assert await standing(w, "intake", "missed-heartbeat") == (1, 2)
        with w.store.begin() as connection:
            (left,) = views.alarms(connection, w.clock.now())["alarms"]
        assert (left["about"], left["lineage"]) == ("osprey", "")


async def test_one_that_ends_as_another_begins_is_counted(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(alarm("dispatch/sms", "no_batches", lineage=LINEAGE))
        assert await standing(w, "dispatch-sms", "no_batches") == (1, 1)
        await w.feed(alarm("dispatch/sms", "no_batches", lineage=LINEAGE, seconds=9, over=True))
        await w.feed(alarm("dispatch/sms", "no_batches", lineage=OTHER, seconds=10))
        assert await standing(w, "dispatch-sms", "no_batches") == (1, 2)


async def test_the_same_record_twice_is_one_alarm_and_a_later_one_another(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        for _ in range(2):
            await w.feed(alarm("audience", "reach", lineage=LINEAGE))
        assert await standing(w, "audience", "reach") == (1, 1)
        await w.feed(alarm("audience", "reach", lineage=LINEAGE, seconds=30))
        assert await standing(w, "audience", "reach") == (1, 2)


async def test_what_an_earlier_release_wrote_without_a_name_ends(tmp_path: Path) -> None:
    """One row for all publishers: the first word of one takes its place. One of real alerts in the drill: a day."""
    with world(tmp_path) as w:
        await w.feed(alarm())
        await w.feed(alarm(rule="actual-in-drill"))
        assert await standing(w, "intake", "missed-heartbeat") == (1, 1)
        await w.feed(alarm(about="kestrel", seconds=5))
        await w.feed(alarm(about="kestrel", seconds=9, over=True))
        assert (await standing(w, "intake", "missed-heartbeat"))[0] == 0
        assert (await standing(w, "intake", "actual-in-drill"))[0] == 1
        w.clock.pass_time(days=1, seconds=1)
        assert (await standing(w, "intake", "actual-in-drill"))[0] == 0


async def test_an_alarm_of_a_newer_release_is_counted_among_others(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(alarm("compose", "of-tomorrow", lineage=LINEAGE))
        assert await standing(w, "other", "other") == (1, 1)


async def test_a_store_of_the_release_before_gets_the_column(tmp_path: Path) -> None:
    with world(tmp_path) as w, w.store.begin() as connection:
        connection.execute(sa.text("ALTER TABLE alarm DROP COLUMN about"))
        connection.execute(
            sa.text("INSERT INTO alarm VALUES ('approve', 'held', :l, 's', 'd', '2026-11-24T14:00:00.000Z', false)"),
            {"l": LINEAGE},
        )
    with world(tmp_path) as w:
        assert (await standing(w, "approve", "held"))[0] == 1
        with w.store.begin() as connection:
            assert connection.scalar(sa.select(tables.alarm.c.about)) is None
