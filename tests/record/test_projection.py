"""The projection on real SQLite: in any order, more than once, only what is believed."""

import itertools
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alert import Refusal
from schemas.base import Record
from schemas.operations import Alarm, Closing
from schemas.release import Stop
from schemas.topics import PARKED
from schemas.words import BroadcastKind, Channel, DecisionWord, Kind, Realm, State
from services.record import outcomes, tables, views
from services.runtime.decoding import Envelope
from services.runtime.outbox import message_of
from services.runtime.parking import parked_message
from services.runtime.store import Store
from tests.record.world import World, alert, broadcast, ended, give_bundle, release, rows, world
from tests.support import trust
from tests.support.trust import LINEAGE, NOW

IDS = [f"{number:032x}" for number in range(1, 6)]


async def look(w: World, lineage: str = LINEAGE) -> views.Json:
    found = await w.store.transact(views.alert, lineage, w.clock.now())
    assert found is not None
    return found


async def test_the_way_of_an_alert(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        assert await w.store.transact(views.alert, LINEAGE, NOW) is None
        await w.feed(alert())
        assert (await look(w))["state"] == "accepted"
        await w.feed(found)
        assert (await look(w))["state"] == "composed"
        await w.feed(trust.decision(found))
        await w.feed(release(found))
        seen = await look(w)
        assert (seen["state"], seen["version"], seen["digest"]) == ("released", 1, trust.digest_of(found))
        assert seen["released"] == {"version": 1, "revision": 1, "digest": trust.digest_of(found)}
        await w.feed(rows(found, dict.fromkeys(IDS, State.SENT)))
        await w.feed(rows(found, {"a" * 32: State.SENT}, channel=Channel.X))
        assert (await look(w))["deliveries"] == {"sms": {"sent": 5}, "x": {"sent": 1}}
        await w.feed(trust.stop(found))
        assert (await look(w))["state"] == "withdrawn"
        whats = [line["what"] for line in (await look(w))["timeline"]]
        assert sorted(whats) == ["accepted", "approve", "composed", "released", "withdraw"]


async def test_an_alert_without_texts_that_a_person_ends_is_withheld_and_says_who_and_why(tmp_path: Path) -> None:
    """In any order and any number of times; other findings wait again, and a newer version is on its own."""
    later, minute = trust.held(NOW + timedelta(hours=1), says="There is no such place."), timedelta(minutes=1)
    said = trust.decision(trust.held(), word=DecisionWord.REJECT, reason="it is last week's")
    records = [alert(), trust.held(), said, ended(trust.held(), NOW + minute)]
    for number, order in enumerate(itertools.permutations(records)):
        with world(tmp_path / str(number)) as w:
            for record in (*order, trust.held(), alert()):
                await w.feed(record)
            seen = await look(w)
            assert (seen["state"], seen["digest"]) == ("withheld", trust.digest_of(trust.held()))
            whats = {line["what"]: line["says"] for line in seen["timeline"]}
            assert whats.keys() == {"accepted", "held", "reject", "withheld"}
            assert whats["reject"] == "officer-1: it is last week's"
    with world(tmp_path / "newer") as w:
        for record, state in (
            (alert(), "accepted"), (trust.held(), "held"), (ended(trust.held(), NOW + minute), "withheld"),
            (later, "held"), (ended(later, later.held), "withheld"), (alert(version=2), "accepted"),
            (trust.held(version=2), "held"), (broadcast(version=2), "composed"),
        ):  # fmt: skip
            await w.feed(record)
            assert (await look(w))["state"] == state


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_order_and_repetition_change_nothing(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    import asyncio  # noqa: PLC0415 - hypothesis runs plain functions

    first, second = broadcast(), broadcast(version=2, kind=BroadcastKind.CANCEL)
    records = [
        alert(), alert(version=2), first, second, trust.decision(first), release(first), release(second),
        trust.stop(first), rows(first, dict.fromkeys(IDS, State.SENT), seq=3, at=NOW),
        rows(first, dict.fromkeys(IDS, State.DELIVERED), seq=4, at=NOW + timedelta(seconds=1)),
        rows(first, dict.fromkeys(IDS, State.WITHDRAWN), seq=5, at=NOW + timedelta(seconds=9)),
        rows(second, dict.fromkeys([name[::-1] for name in IDS], State.SENT), kind=Kind.CANCEL),
    ]  # fmt: skip
    mixed = random.Random(seed).choices(records, k=20) + records  # noqa: S311 - a test's order
    random.Random(seed + 1).shuffle(mixed)  # noqa: S311 - the same

    async def after(order: Sequence[Record]) -> object:
        with world(tmp_path_factory.mktemp("record")) as w:
            for record in order:
                await w.feed(record)
            seen = await look(w)
            ignored = {"timeline", "versions", "correlation"}  # the last is where in Kafka a record stood
            whats = sorted((line["what"], line["version"] or 0) for line in seen["timeline"])
            return {name: value for name, value in seen.items() if name not in ignored}, whats

    expected = asyncio.run(after(records))
    assert asyncio.run(after(mixed)) == expected


async def test_the_highest_seq_wins_and_first_moments_stay(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found, one = broadcast(), IDS[0]
        for seq, state in ((2, State.SENT), (9, State.WITHDRAWN), (5, State.DELIVERED), (9, State.SENT)):
            await w.feed(rows(found, {one: state}, seq=seq, at=NOW + timedelta(seconds=seq)))
        await w.feed(rows(found, {one: State.FAILED}, seq=1))
        with w.store.begin() as connection:
            row = connection.execute(sa.select(tables.delivery)).one()
        assert (row.state, row.seq, row.sent_at) == ("withdrawn", 9, "2026-07-01T12:00:02.000Z")


async def test_two_states_of_one_row_in_one_record(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        old = rows(found, {IDS[0]: State.SENDING}, seq=1)
        new = rows(found, {IDS[0]: State.SENT}, seq=2)
        await w.feed(new.model_copy(update={"rows": (*new.rows, *old.rows)}))
        assert (await look_counts(w)) == {"sms": {"alert": {"sent": 1}}}


async def look_counts(w: World) -> object:
    return await w.store.transact(views.counts, LINEAGE)


async def test_a_release_that_is_not_believed_is_no_release(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        good = release(found)
        forged = good.model_copy(update={"broadcast": good.broadcast.replace("Boil water", "Drink water")})
        unsigned = trust.release(found, trust.decision(found, hand="stranger"))
        assert await w.feed(forged) == "digest"
        assert await w.feed(unsigned) is not None
        with w.store.begin() as connection:
            assert views.broadcast(connection, LINEAGE) is None
        await w.pages.refresh()
        assert not (tmp_path / "pages" / f"{LINEAGE}.html").exists()
        assert await w.feed(good) is None
        assert (await look(w))["state"] == "released"
        assert [line["what"] for line in (await look(w))["timeline"]].count("untrusted") == 2


async def test_a_forged_withdrawal_changes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        await w.feed(release(found))
        assert await w.feed(trust.stop(found, person="clerk-1")) == "role"
        assert (await look(w))["state"] == "released"


async def test_what_came_before_the_bundle_is_believed_when_the_bundle_comes(tmp_path: Path) -> None:
    with world(tmp_path, bundle=False) as w:
        found = broadcast()
        assert await w.feed(release(found)) == "no_bundle"
        assert await w.feed(trust.stop(found)) == "no_bundle"
        assert (await look(w))["state"] == "composed"
        give_bundle(tmp_path / "live")
        await w.projection.judge_again()
        assert (await look(w))["state"] == "withdrawn"
        assert sorted(line["what"] for line in (await look(w))["timeline"]) == ["released", "withdraw"]
        await w.pages.refresh()
        assert w.json(f"{LINEAGE}.json")["state"] == "withdrawn"


async def test_pause_and_resume(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        await w.feed(release(found))
        for number, word in enumerate((DecisionWord.PAUSE, DecisionWord.RESUME, DecisionWord.PAUSE)):
            await w.feed(trust.stop(found, word, issued=NOW + timedelta(minutes=number)))
            assert (await look(w))["state"] == ("released" if word is DecisionWord.RESUME else "paused")


async def test_the_newest_released_text_is_kept_for_a_withdrawal_as_signed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        first, second = broadcast(), broadcast(version=2, kind=BroadcastKind.UPDATE)
        await w.feed(release(first))
        await w.feed(second)
        with w.store.begin() as connection:
            found = views.broadcast(connection, LINEAGE)
        assert found is not None
        assert found["digest"] == trust.digest_of(first)
        assert found["broadcast"] == trust.text_of(first)
        taken_back = Stop(
            realm=Realm.LIVE, lineage=LINEAGE, digest=found["digest"], broadcast=found["broadcast"],
            decision=trust.decision(first, word=DecisionWord.WITHDRAW),
        )  # fmt: skip
        assert await w.feed(taken_back) is None
        assert (await look(w))["state"] == "composed", "the newest version is the one that waits"


async def test_stages_in_seconds_and_each_told_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        received = NOW - timedelta(minutes=2)
        await w.feed(alert(), at=received + timedelta(seconds=0.25))
        await w.feed(found, at=received + timedelta(seconds=0.5))
        await w.feed(release(found, NOW))
        names = [f"{number:032x}" for number in range(100)]
        for number, name in enumerate(names[:97]):
            await w.feed(rows(found, {name: State.SENT}, seq=1, at=NOW + timedelta(seconds=1 + number)))
            await w.feed(rows(found, {name: State.DELIVERED}, seq=2, at=NOW + timedelta(seconds=10 + number)))
        await w.feed(rows(found, dict.fromkeys(names[97:], State.FAILED)))
        await w.feed(rows(found, {"f" * 32: State.SUPPRESSED}))
        with w.store.begin() as connection:
            (line,) = views.latencies(connection, 10)["latency"]
        assert line["seconds"] == {
            "accepted": 0.25, "composed": 0.5, "released": 120.0, "first_post": 121.0,
            "delivered_95": 120 + 10 + 94, "corrected": None,
        }  # fmt: skip
        await w.watch.look()
        assert w.metric("tocsin_stage_seconds_count", stage="first_post") == 1
        assert w.metric("tocsin_stage_seconds_count", stage="delivered_95") == 0, "messages may still move"
        w.clock.pass_time(seconds=11)
        for _ in range(2):
            await w.watch.look()
        assert w.metric("tocsin_stage_seconds_sum", stage="delivered_95") == 224
        assert w.metric("tocsin_stage_seconds_count", stage="delivered_95") == 1
        assert w.metric("tocsin_stage_seconds_count", stage="corrected") == 0
        assert w.metric("tocsin_record_deliveries", channel="sms", state="delivered") == 97
        assert w.metric("tocsin_record_deliveries", channel="x", state="sent") == 0


async def test_corrected_counts_from_when_it_was_known_to_be_wrong(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        found = broadcast()
        await w.feed(release(found))
        await w.feed(rows(found, dict.fromkeys(IDS, State.SENT), seq=1))
        await w.feed(trust.stop(found, issued=NOW + timedelta(seconds=60)))
        taken = rows(found, dict.fromkeys(IDS[:4], State.WITHDRAWN), seq=2, at=NOW + timedelta(seconds=62))
        await w.feed(taken)
        own = rows(found, {"e" * 32: State.SENT}, kind=Kind.WITHDRAWAL, at=NOW + timedelta(seconds=62))
        await w.feed(own)
        assert (await look(w))["versions"][0]["seconds"]["corrected"] is None, "one still stands"
        await w.feed(rows(found, {IDS[4]: State.WITHDRAWN}, seq=2, at=NOW + timedelta(seconds=65)))
        assert (await look(w))["versions"][0]["seconds"]["corrected"] == 5.0


async def test_a_cancel_corrects_from_its_receipt(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        first, cancel = broadcast(), broadcast(version=2, kind=BroadcastKind.CANCEL)
        await w.feed(release(first))
        await w.feed(rows(first, {IDS[0]: State.DELIVERED}))
        await w.feed(alert(version=2, received=NOW + timedelta(seconds=100.5)))
        await w.feed(release(cancel, NOW + timedelta(seconds=101)))
        await w.feed(rows(cancel, {IDS[1]: State.SENT}, kind=Kind.CANCEL, at=NOW + timedelta(seconds=103)))
        await w.feed(rows(first, {IDS[0]: State.WITHDRAWN}, seq=2, at=NOW + timedelta(seconds=103)))
        newest, oldest = (await look(w))["versions"]
        assert oldest["seconds"]["corrected"] == 2.5
        assert newest["seconds"]["corrected"] is None
        assert newest["seconds"]["first_post"] == 2.5
        assert (await look(w))["state"] == "cancelled"


async def test_alarms_refusals_and_what_is_parked(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        say: dict[str, Any] = {
            "realm": Realm.LIVE,
            "room": "dispatch/x",
            "rule": "auth",
            "says": "refused",
            "do": "renew the token",
        }
        await w.feed(Alarm(**say, lineage=LINEAGE, since=NOW))
        await w.feed(Alarm(**say | {"rule": "rate"}, since=NOW))
        await w.feed(Alarm(**say | {"rule": "rate"}, since=NOW, over=True))
        refusal = Refusal(realm=Realm.LIVE, source="sha256:" + "0" * 64, received=NOW, rule="xml", says="no XML")
        await w.feed(refusal)
        await w.feed(refusal)
        bad = Envelope("broadcasts.composed", 0, 7, b"k", b"\xff poison", {}, 0)
        message = parked_message(Realm.LIVE, "approve", bad, ValueError("x"), NOW.isoformat())
        parked = Envelope(message.topic, 0, 0, message.key, message.value, message.headers, 0)
        await w.projection.parked(message.value or b"", parked)
        with w.store.begin() as connection:
            assert [each["rule"] for each in views.alarms(connection, NOW)["alarms"]] == ["auth"]
            assert [each["state"] for each in views.refusals(connection, 9)["refusals"]] == ["refused"]
            (waiting,) = views.parked(connection, 9)["parked"]
        assert (waiting["room"], waiting["topic"]) == ("approve", "broadcasts.composed")
        await w.watch.look()
        assert w.metric("tocsin_record_alarms", raised_by="other", rule="other") == 1
        assert w.metric("tocsin_record_parked") == 1
        done = Closing(realm=Realm.LIVE, origin=bad.origin, did="drop", person="ops-1", reason="junk", at=NOW)
        closing = message_of(Realm.LIVE, PARKED, waiting["key"], done)
        await w.projection.parked(b"", Envelope(closing.topic, 0, 1, closing.key, closing.value, closing.headers, 0))
        with w.store.begin() as connection:
            assert views.parked(connection, 9)["parked"] == []
        assert b"poison" not in (tmp_path / "live" / "record.db").read_bytes()


async def test_what_was_dropped_and_is_parked_again_waits_again(tmp_path: Path) -> None:
    """As after a restore, when it comes from Kafka once more; the same parking read twice opens nothing."""
    bad = Envelope("broadcasts.composed", 0, 7, b"k", b"\xff poison", {}, 0)

    def parked(minutes: int) -> Envelope:
        at = NOW + timedelta(minutes=minutes)
        message = parked_message(Realm.LIVE, "approve", bad, ValueError("x"), at.isoformat())
        return Envelope(message.topic, 0, 0, message.key, message.value, message.headers, 0)

    with world(tmp_path) as w:
        first = parked(0)
        await w.projection.parked(b"", first)
        done = Closing(realm=Realm.LIVE, origin=bad.origin, did="drop", person="ops-1", reason="junk", at=NOW)
        said = message_of(Realm.LIVE, PARKED, (first.key or b"").decode(), done)
        await w.projection.parked(b"", Envelope(said.topic, 0, 1, said.key, said.value, said.headers, 0))
        for again, waiting in ((first, 0), (parked(9), 1)):
            await w.projection.parked(b"", again)
            with w.store.begin() as connection:
                assert len(views.parked(connection, 9)["parked"]) == waiting


async def test_a_refusal_of_bytes_sent_twice_is_listed_twice(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        base: dict[str, Any] = {"realm": Realm.LIVE, "source": "sha256:" + "0" * 64, "rule": "xml", "says": "no XML"}
        await w.feed(Refusal(**base, received=NOW))
        await w.feed(Refusal(**base, received=NOW + timedelta(seconds=1)))
        with w.store.begin() as connection:
            assert len(views.refusals(connection, 9)["refusals"]) == 2


@pytest.mark.bench
def test_thousands_of_rows_a_second(tmp_path: Path) -> None:
    """Batches of 500. Beside a yardstick in the same run: SQLite's own bulk insert of as many rows."""
    import time  # noqa: PLC0415 - only here

    with world(tmp_path) as w:
        found = broadcast()
        records = [
            rows(found, {f"{number:032x}": state for number in range(start, start + 500)}, seq=seq)
            for seq, state in ((1, State.SENDING), (2, State.SENT), (3, State.DELIVERED))
            for start in range(0, 10_000, 500)
        ]
        began = time.perf_counter()
        for record in records:
            with w.store.begin() as connection:
                outcomes.deliveries(connection, record)
        took = time.perf_counter() - began
        yardstick = _yardstick(w.store)
    assert 30_000 / took > 5_000, f"{30_000 / took:.0f} rows a second"
    assert took < 25 * yardstick, f"{took:.2f} s beside {yardstick:.2f} s"


def _yardstick(store: Store) -> float:
    import time  # noqa: PLC0415 - only here

    with store.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE yard (id TEXT PRIMARY KEY, a TEXT, b TEXT, c INT)")
    began = time.perf_counter()
    for start in range(0, 30_000, 500):
        values = [(f"{number:032x}", "x" * 32, "sent", 1) for number in range(start, start + 500)]
        with store.begin() as connection:
            connection.exec_driver_sql("INSERT INTO yard VALUES (?, ?, ?, ?)", values)
    return time.perf_counter() - began
