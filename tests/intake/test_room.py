"""Intake as it runs: its own process on real Kafka, records that nobody should send, kill -9 at random instants."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from schemas.alert import Alert, Refusal
from services.cli.kafka import Kafka
from services.runtime.trust import digest_of
from tests.cap.messages import boil_water
from tests.intake.desk import SENDER, message
from tests.intake.process import IntakeProcess, publish, read_all

LARGE = "<area><areaDesc>Kestrel</areaDesc><polygon>" + "38.50000,-121.60000 " * 250_000 + "</polygon></area>"
REGISTER = f"publishers: [{{id: kestrel, name: Kestrel, senders: ['{SENDER}']}}]"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "publishers.yaml").write_text(REGISTER)
    return tmp_path


@pytest.mark.connected
@pytest.mark.timeout(180)
async def test_every_record_gets_its_answer_whatever_it_is(own_kafka: Kafka, data: Path) -> None:
    kafka = own_kafka.bootstrap
    with IntakeProcess(kafka, data) as live, IntakeProcess(kafka, data, "drill") as drill:
        live.ready()
        drill.ready()
        await publish(kafka, "alerts.incoming", [
            (b"no alert", []),
            (None, []),
            (message("a"), [("content-type", None)]),
            (message("b"), [("x", b"\xff\xfe"), ("reply_to", b"alarms")]),
            (message("c", status="Exercise"), [("tocsin-realm", b"live"), ("content-type", b"application/cap+xml")]),
            (boil_water(area=LARGE), []),
            (b" " * (5 * 1024 * 1024 + 1), []),
            (message("a"), []),
        ])  # fmt: skip
        accepted = [Alert.model_validate_json(one.value) for one in await read_all(kafka, "alerts.accepted", 3)]
        refused = [Refusal.model_validate_json(one.value) for one in await read_all(kafka, "alerts.refused", 3)]
        crossed = await read_all(kafka, "drill.alerts.incoming", 1)
        drilled = [Alert.model_validate_json(one.value) for one in await read_all(kafka, "drill.alerts.accepted", 1)]
        parked = await read_all(kafka, "parked", 0, seconds=2)
    assert {alert.source for alert in accepted} == {
        digest_of(one) for one in (message("a"), message("b"), boil_water(area=LARGE))
    }
    assert len(accepted) == 3
    assert Counter(refusal.rule for refusal in refused) == {"form": 2, "too-large": 1}
    assert [one.value for one in crossed] == [message("c", status="Exercise")]
    assert crossed[0].headers["content-type"] == b"application/cap+xml"
    assert not any(name.startswith("tocsin-") for name in crossed[0].headers)
    assert [alert.cap.identifier for alert in drilled] == ["c"]
    assert parked == []


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_killed_at_random_instants_each_message_has_one_place(own_kafka: Kafka, data: Path) -> None:
    kafka, dice = own_kafka.bootstrap, random.Random(7)  # noqa: S311 - instants, no secrets
    lineages = 40
    records = [message(f"m{line}-0", 0) for line in range(lineages)]
    records += [message(f"m{line}-1", 1, (f"m{line}-0", 0)) for line in range(lineages)]
    records += [message(f"m{line}-2", 2, (f"m{line}-1", 1)) for line in range(lineages)]
    records += [b"junk %d" % number for number in range(lineages)]
    dice.shuffle(records)
    with IntakeProcess(kafka, data, TOCSIN_INTAKE_ORPHAN_WAIT_S="3600") as intake:
        intake.ready()
        await publish(kafka, "alerts.incoming", [(one, []) for one in records[: len(records) // 2]])
        for turn in range(10):
            await asyncio.sleep(dice.uniform(0, 1.5))
            intake.kill()
            intake.start()
            part = records[len(records) // 2 + turn * 8 : len(records) // 2 + turn * 8 + 8]
            await publish(kafka, "alerts.incoming", [(one, []) for one in part])
        intake.ready()
        accepted = [
            Alert.model_validate_json(one.value) for one in await read_all(kafka, "alerts.accepted", 3 * lineages, 60)
        ]
        refused = [Refusal.model_validate_json(one.value) for one in await read_all(kafka, "alerts.refused", lineages)]
    places = {(alert.lineage, alert.version): alert.cap.identifier for alert in accepted}
    assert len(places) == len({alert.source for alert in accepted}) == 3 * lineages
    assert all(int(identifier[-1]) + 1 == version for (_, version), identifier in places.items())
    assert {refusal.source for refusal in refused} == {digest_of(b"junk %d" % number) for number in range(lineages)}
    # Published again after a kill between the broker's word and the row's deletion: the same record, never another.
    by_source = {alert.source: alert for alert in accepted}
    assert all(by_source[alert.source] == alert for alert in accepted)
    assert len(accepted) >= 3 * lineages
