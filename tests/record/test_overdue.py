"""What the histograms cannot see: stages that have not come past their bound, and messages that a platform refused."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from schemas.audience import AudienceEstimate
from schemas.broadcast import Broadcast
from schemas.delivery import Deliveries
from schemas.words import BroadcastKind, Channel, Kind, Realm, Reason, State
from services.record import refused
from services.record.latency import Stage
from services.record.overdue import BOUNDS
from tests.record.world import World, broadcast, release, rows, text, world
from tests.support import trust
from tests.support.trust import NOW

IDS = [f"{number:032x}" for number in range(1, 4)]
#: Every alert of these cases is received two minutes before `NOW`, when the clock begins.
PAST_FIRST, PAST_SHARE = timedelta(minutes=9), timedelta(minutes=29)
REFUSED = "tocsin_record_refused"


async def overdue(w: World, stage: Stage, alert: str = "standing") -> float:
    w.clock.pass_time(seconds=31)
    await w.watch.look()
    return w.metric("tocsin_objective_overdue", stage=stage.value, alert=alert)


def only_texts(**changes: Any) -> Broadcast:
    return broadcast(renditions=(text(Channel.SMS, "en", "Boil."), text(Channel.SMS, "es", "Hierva.")), **changes)


async def test_a_release_of_which_nothing_is_out_is_overdue_until_the_first_post(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        await w.feed(release(found))
        assert await overdue(w, Stage.FIRST_POST) == 0
        w.clock.pass_time(seconds=PAST_FIRST.total_seconds())
        assert await overdue(w, Stage.FIRST_POST) == 1
        await w.feed(rows(found, {IDS[0]: State.SENT}, channel=Channel.X, at=w.clock.now()))
        assert await overdue(w, Stage.FIRST_POST) == 0
        assert w.metric("tocsin_stage_seconds_count", stage="first_post") == 1, "from here on it is measured"


async def test_what_was_not_released_or_reaches_nobody_is_not_waited_for(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(broadcast())
        nobody = only_texts(lineage="e" * 32)
        await w.feed(release(nobody))
        estimate = AudienceEstimate(
            realm=Realm.LIVE, lineage=nobody.lineage, version=1, revision=1, digest=trust.digest_of(nobody), people=0,
            by_language={}, by_area={}, segments=0, at=NOW,
        )  # fmt: skip
        await w.feed(estimate)
        w.clock.pass_time(hours=1)
        assert await overdue(w, Stage.FIRST_POST) == 0
        await w.feed(release(only_texts(lineage="d" * 32)))
        assert await overdue(w, Stage.FIRST_POST) == 1, "nobody has said that it reaches nobody"


async def test_what_was_withdrawn_or_overtaken_in_time_had_no_time(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        first, second = broadcast(lineage="d" * 32), broadcast(lineage="e" * 32)
        for found in (first, second):
            await w.feed(release(found))
        await w.feed(trust.stop(first, issued=NOW + timedelta(minutes=1)))
        await w.feed(release(broadcast(lineage="e" * 32, version=2, kind=BroadcastKind.CANCEL)))
        w.clock.pass_time(hours=1)
        assert await overdue(w, Stage.FIRST_POST) == 0


async def test_an_alert_that_has_ended_without_a_post_stays_missed_for_a_week(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(release(broadcast()))
        w.clock.pass_time(hours=7)
        assert await overdue(w, Stage.FIRST_POST) == 0
        assert await overdue(w, Stage.FIRST_POST, "ended") == 1
        w.clock.pass_time(days=7)
        assert await overdue(w, Stage.FIRST_POST, "ended") == 0


async def test_texts_of_which_no_report_comes_are_overdue(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = only_texts()
        await w.feed(release(found))
        await w.feed(rows(found, dict.fromkeys(IDS, State.SENT)))
        w.clock.pass_time(seconds=PAST_SHARE.total_seconds())
        assert await overdue(w, Stage.DELIVERED_95) == 1
        await w.feed(rows(found, dict.fromkeys(IDS, State.DELIVERED), seq=2, at=w.clock.now()))
        assert await overdue(w, Stage.DELIVERED_95) == 0


async def test_a_wrong_message_that_stands_is_overdue(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        await w.feed(release(found))
        await w.feed(rows(found, dict.fromkeys(IDS, State.SENT)))
        await w.feed(trust.stop(found, issued=NOW + timedelta(seconds=60)))
        assert await overdue(w, Stage.CORRECTED) == 0
        w.clock.pass_time(minutes=11)
        assert await overdue(w, Stage.CORRECTED) == 1
        await w.feed(rows(found, dict.fromkeys(IDS, State.WITHDRAWN), seq=2, at=w.clock.now()))
        assert await overdue(w, Stage.CORRECTED) == 0


def test_every_objective_has_a_bound() -> None:
    assert set(BOUNDS) == {Stage.FIRST_POST, Stage.DELIVERED_95, Stage.CORRECTED}


# --- what was refused ---


def failed(found: Broadcast, reason: Reason, kind: Kind = Kind.ALERT, name: str = IDS[0]) -> Deliveries:
    record = rows(found, {name: State.FAILED}, kind=kind, channel=Channel.X)
    return record.model_copy(update={"rows": tuple(row.model_copy(update={"reason": reason}) for row in record.rows)})


async def look(w: World, reason: Reason) -> float:
    w.clock.pass_time(seconds=31)
    await w.watch.look()
    return w.metric(REFUSED, channel="x", reason=reason.value)


async def test_a_refused_post_counts_while_its_alert_speaks(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        first = broadcast()
        await w.feed(release(first))
        await w.feed(failed(first, Reason.PERMANENT_CONTENT))
        await w.feed(failed(first, Reason.PERMANENT_RECIPIENT, name=IDS[1]))
        assert await look(w, Reason.PERMANENT_CONTENT) == 1
        second = broadcast(revision=2)
        await w.feed(release(second))
        assert await look(w, Reason.PERMANENT_CONTENT) == 0, "other words were released: it was mended"
        await w.feed(failed(second, Reason.FORBIDDEN_CAPABILITY, name=IDS[2]))
        assert await look(w, Reason.FORBIDDEN_CAPABILITY) == 1
        w.clock.pass_time(hours=7)
        assert await look(w, Reason.FORBIDDEN_CAPABILITY) == 0, "the alert has ended"


async def test_a_refused_take_back_is_somebodys_for_a_day(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        await w.feed(release(found))
        await w.feed(trust.stop(found))
        await w.feed(failed(found, Reason.AUTH, kind=Kind.DELETION))
        assert await look(w, Reason.AUTH) == 1
        w.clock.pass_time(days=1)
        assert await look(w, Reason.AUTH) == 0


async def test_the_ledgers_settled_rows_are_not_read_for_it(tmp_path: Path) -> None:
    with world(tmp_path) as w, w.store.begin() as connection:
        seen: list[str] = []

        def note(_c: object, _cur: object, statement: str, parameters: Any, *_: object) -> None:
            if "delivery" in statement:
                seen.append(
                    str(connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())
                )

        sa.event.listen(w.store.engine, "before_cursor_execute", note)
        refused.refused(connection, NOW)
        assert len(seen) == 2
        assert all("delivery_failed" in plan for plan in seen)
