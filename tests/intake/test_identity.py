"""Identity: repeats, taken names, refusals, and what the bytes become."""

from pathlib import Path

import pytest

from schemas.words import Grade
from services.cap import json
from services.cap.read import read
from services.intake import store
from services.intake.history import Place
from services.intake.metrics import Outcome
from services.runtime.trust import digest_of
from tests.cap.messages import boil_water
from tests.intake.desk import START, Desk, message, rules


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_a_good_alert_is_accepted_whole(desk: Desk) -> None:
    data = message("a")
    assert await desk.take(data) == [Outcome.ACCEPT]
    (alert,) = desk.alerts()
    assert (alert.version, alert.grade, alert.findings) == (1, Grade.ACCEPT, ())
    assert (alert.publisher, alert.authors, alert.received) == ("kestrel", ("ines",), START)
    assert alert.source == digest_of(data)
    assert alert.cap == read(data).alert
    (record,) = desk.published()
    assert record.key == alert.lineage
    assert record.headers["tocsin-schema"] == "alert/1.0"
    assert record.headers["tocsin-correlation"] == "alerts.incoming/0/1"


async def test_the_json_form_is_accepted_alike(desk: Desk) -> None:
    assert await desk.take(json.write(read(message("a")).alert), content_type="application/json") == [Outcome.ACCEPT]
    assert desk.alerts()[0].cap == read(message("a")).alert


async def test_a_byte_identical_repeat_does_nothing(desk: Desk) -> None:
    await desk.take(message("a"))
    assert await desk.take(message("a")) == [Outcome.REPEAT]
    again = desk.restarted()
    assert await again.take(message("a")) == [Outcome.REPEAT]
    assert len(again.published()) == 1


async def test_the_same_identifier_with_other_bytes_is_refused_and_names_what_was_accepted(desk: Desk) -> None:
    await desk.take(message("a"))
    desk.clock.forward(30)
    for other in (message("a", headline="Other words"), message("a", 3), json.write(read(message("a")).alert)):
        assert await desk.take(other) == [Outcome.REFUSE]
    refusal, *_ = desk.refusals()
    assert (refusal.rule, refusal.element, refusal.identifier) == ("identifier-taken", "identifier", "a")
    assert refusal.accepted_before == digest_of(message("a"))
    assert "2026-11-24T14:06:00Z" in refusal.says
    assert digest_of(message("a")) in refusal.says
    assert len(desk.alerts()) == 1
    assert len(desk.refusals()) == 3


async def test_the_same_identifier_of_another_sender_is_another_message(desk: Desk) -> None:
    await desk.take(message("a"))
    assert await desk.take(message("a", sender="other@elsewhere.example")) == [Outcome.HOLD]
    held = desk.alerts()[1]
    assert (held.publisher, held.authors, rules(held)) == ("unknown", (), {"unknown-sender", "looks-like"})
    assert held.lineage != desk.alerts()[0].lineage


async def test_what_cannot_be_read_is_refused_with_element_and_expectation_and_kept(desk: Desk) -> None:
    data = boil_water(scope="High", headline="Jane Doe, 7 Elm Street")
    assert await desk.take(data) == [Outcome.REFUSE]
    (record,) = desk.published("alerts.refused")
    (refusal,) = desk.refusals()
    assert record.key == refusal.source == digest_of(data)
    assert (refusal.rule, refusal.element) == ("unknown-value", "scope")
    assert refusal.expected == "one of Public, Restricted, Private"
    assert b"Jane" not in record.value
    assert b"High" not in record.value
    with desk.store.begin() as connection:
        kept = store.original(connection, digest_of(data))
    assert kept is not None
    assert (kept.data, kept.place, kept.rule) == (data, Place.REFUSED, "unknown-value")


async def test_too_large_is_refused_with_both_sizes_and_kept(desk: Desk) -> None:
    data = boil_water() + b" " * (5 * 1024 * 1024)
    assert await desk.take(data) == [Outcome.REFUSE]
    refusal = desk.refusals()[0]
    assert refusal.rule == "too-large"
    assert f"{len(data):,} bytes" in refusal.says
    assert refusal.expected == "at most 5,242,880 bytes"


async def test_nothing_and_junk_get_an_answer(desk: Desk) -> None:
    for data in (b"", b"\x00", b"hello", b"<", b"{"):
        assert await desk.take(data) == [Outcome.REFUSE]
    assert {refusal.rule for refusal in desk.refusals()} == {"form", "not-well-formed"}
    assert desk.count("tocsin_intake_refused_total", rule="form") == 3


async def test_refused_bytes_are_answered_again_when_sent_again_but_not_when_read_again(desk: Desk) -> None:
    await desk.take(b"hello", origin="alerts.incoming/0/7")
    assert await desk.take(b"hello", origin="alerts.incoming/0/7") == [Outcome.REPEAT]
    assert len(desk.refusals()) == 1
    assert await desk.take(b"hello", origin="alerts.incoming/0/8") == [Outcome.REFUSE]
    assert len(desk.refusals()) == 2


async def test_a_refused_identifier_is_not_taken(desk: Desk) -> None:
    await desk.take(message("a", scope="High"))
    assert await desk.take(message("a")) == [Outcome.ACCEPT]


async def test_five_megabytes_travel_whole(desk: Desk) -> None:
    ring = "38.50000,-121.60000 " * 250_000
    area = f"<area><areaDesc>Kestrel</areaDesc><polygon>{ring}</polygon></area>"
    data = boil_water(area=area)
    assert 4_900_000 < len(data) <= 5 * 1024 * 1024
    assert await desk.take(data) == [Outcome.ACCEPT]
    (record,) = desk.published()
    assert len(record.value) > 4_900_000
    assert desk.alerts()[0].cap.info[0].area[0].polygon == (ring.strip(),)
