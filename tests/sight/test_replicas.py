"""Of a room's replicas each is asked: what each counts is added up, and what each says of one store is said once."""

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from services.cli.context import Context
from services.cli.house.rooms import ROOMS
from services.cli.sight.adding import together
from services.cli.sight.asking import Answer, Look, Sample, look
from services.cli.sight.drawing import lines
from services.cli.sight.picture import RoomView, picture
from services.runtime.doors import announce
from tests.support.serving import served

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
HANDLED = "tocsin_records_handled_total"


def answer(door: str, *missing: str, **values: float) -> Answer:
    return Answer(missing, tuple(Sample(name, {"topic": "a"}, value) for name, value in values.items()), door)


def value(of: Answer, name: str) -> float:
    [found] = [sample.value for sample in of.samples if sample.name == name]
    return found


def seen(seconds: float, *replicas: Answer) -> Look:
    """All rooms idle, and these replicas of compose."""
    idle = {spec.name: Answer((), (Sample("tocsin_room_ready", {}, 1),)) for spec in ROOMS}
    at = START + timedelta(seconds=seconds)
    return Look(at, idle | {"compose": together(replicas)}, each={"compose": list(replicas)})


def compose(now: Look, before: Look | None = None) -> RoomView:
    return next(room for room in picture("live", now, before).rooms if room.room == "compose")


@pytest.mark.parametrize(
    ("name", "of"),
    [
        (HANDLED, 5),
        ("tocsin_handler_seconds_sum", 5),
        ("tocsin_consumer_lag_records", 5),
        ("tocsin_ledger_rows", 3),  # both read one ledger
        ("tocsin_outbox_oldest_seconds", 3),
        ("tocsin_brake_on", 3),
        ("tocsin_trust_bundle_serial", 2),
        ("tocsin_channel_credentials_ok", 2),
        ("tocsin_channel_last_probe_timestamp_seconds", 2),
        ("tocsin_room_ready", 2),
    ],
)
def test_what_is_counted_is_added_up_and_of_anything_else_it_is_the_worst(name: str, of: float) -> None:
    assert value(together([answer("a", **{name: 2}), answer("b", **{name: 3})]), name) == of


def test_what_nobody_has_read_yet_hides_nothing() -> None:
    for name in ("tocsin_ledger_rows", "tocsin_channel_rate_remaining", HANDLED):
        assert value(together([answer("a", **{name: math.nan}), answer("b", **{name: 3})]), name) == 3
    assert math.isnan(value(together([answer("a", x=math.nan), answer("b", x=math.nan)]), "x"))


def test_series_of_other_labels_stay_apart() -> None:
    one, other = Sample("x_total", {"topic": "a"}, 1), Sample("x_total", {"topic": "b"}, 2)
    assert together([Answer((), (one, other)), Answer((), (one,))]).samples == (one._replace(value=2), other)


def test_a_room_is_ready_when_each_of_its_replicas_is() -> None:
    now = seen(0, answer("http://a", x=1), answer("http://b", "no partitions assigned yet", x=1))
    view = compose(now)
    assert (view.ready, view.missing, view.replicas) == (False, ("no partitions assigned yet (at http://b)",), 2)
    told = next(line for line in lines(picture("live", now, None)) if line.startswith("compose"))
    assert told.startswith("compose (2 replicas): no partitions assigned yet (at http://b)")


def test_a_replica_that_does_not_answer_hides_no_other() -> None:
    view = compose(
        seen(0, answer("http://a", tocsin_consumer_lag_records=4), Answer(("does not answer",), (), "http://b"))
    )
    assert (view.lag, view.missing) == (4, ("does not answer (at http://b)",))


def test_the_rate_of_replicas_is_theirs_together_and_no_restart_distorts_it() -> None:
    before = seen(0, answer("a", **{HANDLED: 100}), answer("b", **{HANDLED: 1000}), answer("c", **{HANDLED: 9}))
    now = seen(2, answer("a", **{HANDLED: 110}), answer("b", **{HANDLED: 4}), answer("d", **{HANDLED: 7000}))
    assert compose(now, before).rate == 7  # 10 of a, 4 of b, which began anew; c has gone, d was not seen before


def replica(handled: int) -> Callable[[web.Request], web.Response]:
    def handle(request: web.Request) -> web.Response:
        if request.path == "/metrics":
            return web.Response(text=f'{HANDLED}{{topic="a"}} {handled}\ntocsin_trust_bundle_serial {handled}\n')
        return web.json_response({"ready": True, "missing": [], "alerts": [{"state": "released"}]})

    return handle


@pytest.mark.connected
def test_every_replica_that_is_announced_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_CLI_DOORS", raising=False)
    context = Context(tmp_path)
    with served(replica(2)) as first, served(replica(3)) as second:
        for name, url in (("a", first), ("b", second)):
            announce(context.home, "compose", {"private": url}, name)
        with served(replica(1)) as gone:
            pass
        for name, url in (("a", gone), ("b", second)):
            announce(context.home, "record", {"private": url}, name)
        found = asyncio.run(look(context))
    assert [each.door for each in found.replicas("compose")] == [first, second]
    assert value(found.answers["compose"], HANDLED) == 5
    assert value(found.answers["compose"], "tocsin_trust_bundle_serial") == 2
    assert found.alerts == {"released": 1}, "the first replica of record is away, and the second is asked"
    assert found.answers["intake"].missing == ("it does not run",)
