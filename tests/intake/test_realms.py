"""Status decides the realm: the one crossing, what the drill refuses, and what nobody takes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.operations import Alarm
from schemas.words import Realm
from services.intake import store
from services.intake.history import Place
from services.intake.metrics import Outcome
from services.runtime.trust import digest_of
from tests.intake.desk import Desk, message, rules

DRILLS = ["Exercise", "Test", "System"]


@pytest.fixture
def live(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def drill(tmp_path: Path) -> Desk:
    return Desk(tmp_path, Realm.DRILL)


@pytest.mark.parametrize("status", DRILLS)
async def test_live_intake_hands_a_drill_over_as_it_came(live: Desk, status: str) -> None:
    data = message("a", status=status)
    headers = {"content-type": "application/cap+xml", "tocsin-publisher": "forged", "Tocsin-Only": "compose", "x": "y"}
    assert await live.take(data, key=b"k", headers=headers, content_type="application/cap+xml") == [Outcome.HAND_OVER]
    (record,) = live.published()
    assert (record.topic, record.key, record.value) == ("drill.alerts.incoming", "k", data)
    assert record.headers == {"content-type": "application/cap+xml", "x": "y"}
    assert await live.take(data) == [Outcome.REPEAT]
    assert len(live.published()) == 1


async def test_a_drill_takes_no_name_in_the_live_realm(live: Desk) -> None:
    await live.take(message("a", status="Exercise"))
    assert await live.take(message("a")) == [Outcome.ACCEPT]


@pytest.mark.parametrize("status", DRILLS)
async def test_the_drill_accepts_drills_on_topics_of_its_own(drill: Desk, status: str) -> None:
    assert await drill.take(message("a", status=status)) == [Outcome.ACCEPT]
    assert [record.topic for record in drill.published()] == ["drill.alerts.accepted"]


async def test_the_drill_refuses_a_real_alert_and_wakes_somebody(drill: Desk) -> None:
    assert await drill.take(message("a")) == [Outcome.REFUSE]
    refused, alarm = drill.published()
    assert (refused.topic, alarm.topic, alarm.key) == ("drill.alerts.refused", "drill.alarms", "intake#actual-in-drill")
    assert Alarm.model_validate_json(alarm.value).do


async def test_each_real_alert_in_the_drill_is_an_alarm_of_its_own_and_over_after_a_day(drill: Desk) -> None:
    await drill.take(message("a"))
    drill.clock.forward(3600)
    await drill.take(message("b", 1))
    first, second = alarms(drill)
    assert first.about != second.about
    assert first.about == digest_of(message("a"))
    for seconds, ended in ((86_399 - 3600, []), (1, [first.about]), (3600, [first.about, second.about])):
        drill.clock.forward(seconds)
        for _ in range(2):
            await drill.store.transact(drill.intake._filing.end_alarms)
        assert [one.about for one in alarms(drill)[2:]] == ended
    assert all(one.over for one in alarms(drill)[2:])


async def test_a_real_alert_that_comes_to_the_drill_again_is_raised_again(drill: Desk) -> None:
    await drill.take(message("a"))
    drill.clock.forward(60)
    await drill.take(message("a"))
    first, again = alarms(drill)
    assert (first.about, first.since < again.since) == (again.about, True)


def alarms(desk: Desk) -> list[Alarm]:
    return [Alarm.model_validate_json(one.value) for one in desk.published("drill.alarms")]


@pytest.mark.parametrize("realm", list(Realm))
async def test_a_draft_is_refused_everywhere(tmp_path: Path, realm: Realm) -> None:
    desk = Desk(tmp_path, realm)
    assert await desk.take(message("a", status="Draft")) == [Outcome.REFUSE]
    assert len(desk.published()) == 1
    assert desk.count("tocsin_intake_refused_total", rule="draft") == 1


@pytest.mark.parametrize("kind", ["Ack", "Error"])
async def test_answers_are_kept_and_go_no_further(live: Desk, kind: str) -> None:
    data = message("a", 0, ("b", 0), msgType=kind)
    assert await live.take(data) == [Outcome.RECORD]
    (refusal,) = live.refusals()
    assert (refusal.rule, refusal.element, live.alerts()) == ("answer", "msgType", [])
    with live.store.begin() as connection:
        kept = store.original(connection, digest_of(data))
        cited = connection.execute(sa.select(store.CITATIONS.c.cited)).scalars().all()
    assert kept is not None
    assert (kept.data, kept.place, len(cited)) == (data, Place.RECORDED, 1)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("expired", {"expires": "2026-11-24T14:05:59-00:00"}),
        ("not-public", {"scope": "Restricted"}),
        ("sent-in-future", {"sent": "2026-11-24T14:12:00-00:00"}),
        ("unknown-sender", {"sender": "someone@else.example"}),
        ("unreadable", {"expires": "tomorrow"}),
        ("unknown-element", {"advice": "boil it"}),
    ],
)
async def test_what_is_held(live: Desk, rule: str, changes: dict[str, str]) -> None:
    assert await live.take(message("a", changes=changes)) == [Outcome.HOLD]
    assert rule in rules(live.alerts()[0])
    assert live.count("tocsin_intake_held_total", rule=rule) == 1


async def test_what_ends_in_time_or_never_is_not_held(live: Desk) -> None:
    assert await live.take(message("a", expires="2026-11-24T14:06:01-00:00")) == [Outcome.ACCEPT]
    no_end = message("b").replace(b"<expires>2026-11-25T06:05:00-08:00</expires>", b"")
    assert await live.take(no_end) == [Outcome.ACCEPT]
    assert rules(live.alerts()[1]) == {"no-expires"}


async def test_a_cancel_without_info_or_after_its_end_is_no_reason_to_wait(live: Desk) -> None:
    await live.take(message("a"))
    live.clock.at = datetime(2027, 1, 1, tzinfo=UTC)
    assert await live.take(message("b", 1, ("a", 0), msgType="Cancel")) == [Outcome.ACCEPT]
    whole = message("c", 2, ("a", 0), ("b", 1), msgType="Cancel")
    bare = whole[: whole.index(b"<info>")] + b"</alert>"
    assert await live.take(bare) == [Outcome.ACCEPT]
    assert rules(live.alerts()[2]) == {"cancel-without-info"}


async def test_an_alert_without_info_is_held(live: Desk) -> None:
    whole = message("a")
    assert await live.take(whole[: whole.index(b"<info>")] + b"</alert>") == [Outcome.HOLD]
    assert rules(live.alerts()[0]) == {"no-info"}
