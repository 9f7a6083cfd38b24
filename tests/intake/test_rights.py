"""What a publisher may say where, whose key it bears, copies and originals, what looks alike, and signs of life."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas.operations import Alarm
from services.intake import store
from services.intake.filing import Filing
from services.intake.history import Place
from services.intake.metrics import Outcome
from services.intake.validate import validate
from services.place.publishers import Publisher, register_of
from services.runtime.trust import digest_of
from tests.cap.messages import boil_water
from tests.cap.signing import Signer
from tests.intake.desk import KESTREL, SENDER, Desk, message, rules

SIGNER = Signer()
COUNTY = "38.0,-122.0 39.0,-122.0 39.0,-121.0 38.0,-121.0 38.0,-122.0"


def found(data: bytes, **rights: Any) -> set[str]:
    verdict = validate(data, register=register_of((KESTREL.model_copy(update=rights),)))
    return {finding.rule for finding in verdict.findings}


def desk_of(folder: Path, *publishers: Publisher) -> Desk:
    desk = Desk(folder)
    filing: Filing = replace(desk.intake._filing, register=register_of(publishers))
    desk.intake._filing = filing
    return desk


@pytest.mark.parametrize(
    ("rights", "rule"),
    [
        ({"events": ("Air quality",)}, "event-not-granted"),
        ({"severities": ("Minor",)}, "severity-not-granted"),
        ({"polygon": "48.0,-122.0 49.0,-122.0 49.0,-121.0 48.0,-121.0 48.0,-122.0"}, "outside-jurisdiction"),
        ({"keys": (SIGNER.fingerprint,)}, "signature-not-pinned"),
    ],
)
def test_what_is_not_granted_is_held(rights: dict[str, Any], rule: str) -> None:
    assert found(boil_water(), **rights) == {rule}


def test_what_is_granted_passes() -> None:
    assert found(boil_water(), events=("boil water notice",), severities=("Severe",), polygon=COUNTY) == set()
    assert found(SIGNER.sign(boil_water()), keys=(SIGNER.fingerprint,)) == set()


@pytest.mark.parametrize(
    ("granted", "value", "outside"),
    [("006067", "006067", False), ("006067", "306067", False), ("006000", "006067", False),
     ("006067", "006061", True), ("032000", "006067", True)],
)  # fmt: skip
def test_same_codes_are_granted_by_county_part_and_state(granted: str, value: str, *, outside: bool) -> None:
    geocode = f"<geocode><valueName>SAME</valueName><value>{value}</value></geocode>"
    data = boil_water(area=f"<area><areaDesc>x</areaDesc>{geocode}</area>")
    assert ("outside-jurisdiction" in found(data, geocodes=(f"SAME={granted}",))) is outside


def test_a_rule_is_relaxed_for_its_publisher_unless_it_protects_others() -> None:
    data = boil_water(status="Actual", headline="Required Weekly Test")
    relaxed = validate(data, register=register_of((KESTREL.model_copy(update={"relaxed": ("test-words",)}),)))
    assert (relaxed.grade, [one.rule for one in relaxed.findings]) == ("accept", ["test-words"])
    personal = boil_water(description="Patient Jonas Brandt is isolated.")
    strict = validate(personal, register=register_of((KESTREL.model_copy(update={"relaxed": ("personal",)}),)))
    assert strict.grade == "hold"


def test_a_pinned_signature_that_fails_is_refused() -> None:
    forged = SIGNER.sign(boil_water()).replace(b"Severe", b"Minor")
    verdict = validate(forged, register=register_of((KESTREL.model_copy(update={"keys": (SIGNER.fingerprint,)}),)))
    assert (verdict.grade, verdict.findings[0].rule, verdict.signature) == (
        "refuse",
        "pinned-signature-failed",
        "failed",
    )


def test_a_certificate_must_have_been_valid_when_the_message_was_sent() -> None:
    old = Signer("2020-01-01", "2021-01-01")
    assert "certificate-not-valid" in {one.rule for one in validate(old.sign(boil_water())).findings}
    assert found(old.sign(boil_water()), keys=(old.fingerprint,)) >= {"certificate-not-valid", "signature-not-pinned"}


async def test_the_signed_original_takes_its_name_back_from_a_copy(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, KESTREL.model_copy(update={"keys": (SIGNER.fingerprint,)}))
    copy, original = message("a", headline="Copied"), SIGNER.sign(message("a"))
    assert await desk.take(copy) == [Outcome.HOLD]
    assert await desk.take(original) == [Outcome.ACCEPT]
    first, second = desk.alerts()
    assert (second.lineage, first.version, second.version) == (first.lineage, 1, 2)
    assert rules(second) == {"replaces-copy"}
    with desk.store.begin() as connection:
        kept = store.original(connection, digest_of(copy))
    assert kept is not None
    assert kept.place is Place.REPLACED
    assert await desk.take(SIGNER.sign(message("a", headline="Changed later"))) == [Outcome.REFUSE]
    assert await desk.take(SIGNER.sign(message("b", 1, ("a", 0)))) == [Outcome.ACCEPT]
    assert desk.alerts()[2].version == 3


async def test_a_copy_never_takes_the_name_of_the_issuer(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, KESTREL.model_copy(update={"keys": (SIGNER.fingerprint,)}))
    assert await desk.take(SIGNER.sign(message("a"))) == [Outcome.ACCEPT]
    assert await desk.take(message("a", headline="Copied")) == [Outcome.REFUSE]
    assert await desk.take(Signer().sign(message("a"))) == [Outcome.REFUSE]


async def test_the_same_event_by_another_agency_is_held_and_named(tmp_path: Path) -> None:
    other = Publisher(id="water", name="Water", senders=("alerts@water.example",))
    desk = desk_of(tmp_path, KESTREL, other)
    await desk.take(message("a"))
    assert await desk.take(message("w-1", 1, sender="alerts@water.example")) == [Outcome.HOLD]
    held = desk.alerts()[1]
    assert rules(held) == {"looks-like"}
    assert "a of alerts@kestrel.example" in held.findings[0].says
    assert await desk.take(message("w-2", 1, sender="alerts@water.example", event="Air quality")) == [Outcome.ACCEPT]
    desk.clock.forward(25 * 3600)
    late = message("w-3", 1, sender="alerts@water.example").replace(b"2026-11-24T14:01", b"2026-11-25T14:01")
    assert "looks-like" not in rules((await desk.take(late), desk.alerts()[-1])[1])


async def test_a_cancel_without_info_takes_event_area_and_audience(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.take(message("a", audience="Everybody on the water network"))
    cancel = message("c", 2, ("a", 0), msgType="Cancel")
    bare = cancel[: cancel.index(b"<info>")] + cancel[cancel.index(b"</info>") + len(b"</info>") :]
    assert await desk.take(bare) == [Outcome.ACCEPT]
    first, last = (alert.cap.info[0] for alert in desk.alerts())
    assert (last.event, last.area, last.audience, last.severity) == (
        first.event,
        first.area,
        first.audience,
        first.severity,
    )
    assert (last.headline, last.description, last.expires, last.urgency) == (None, None, None, "Past")


async def test_a_missed_heartbeat_is_an_alarm_and_its_return_the_end(tmp_path: Path) -> None:
    desk = desk_of(tmp_path, KESTREL.model_copy(update={"heartbeat_s": 3600}))
    assert desk.intake._filing.awaits_beats
    sign = message("hb-1", status="System")
    assert await desk.take(sign) == [Outcome.HAND_OVER]
    for seconds, count in ((3000, 0), (700, 1), (10, 1)):
        desk.clock.forward(seconds)
        await desk.store.transact(desk.intake._filing.hear_beats)
        assert len(desk.published("alarms")) == count
    await desk.take(message("hb-2", 5, status="System"))
    await desk.store.transact(desk.intake._filing.hear_beats)
    missed, back = (Alarm.model_validate_json(one.value) for one in desk.published("alarms"))
    assert (missed.rule, missed.over, back.over) == ("missed-heartbeat", False, True)
    assert SENDER not in missed.says
    assert missed.about == back.about == KESTREL.id


async def test_old_messages_are_held_as_stale_but_never_a_cancel(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.clock.forward(25 * 3600)
    assert await desk.take(message("a", expires="2026-11-30T00:00:00-00:00")) == [Outcome.HOLD]
    assert rules(desk.alerts()[0]) == {"stale"}
    assert await desk.take(message("c", 2, ("a", 0), msgType="Cancel")) == [Outcome.ACCEPT]
