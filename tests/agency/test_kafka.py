"""The whole way back on real Kafka: each state of a message, heard by its publisher on its topic and at the door."""

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.broadcast import Held
from schemas.topics import ANSWERS, DECIDED, HELD, INCOMING
from schemas.words import DecisionWord, Realm
from services.cli.kafka import Kafka
from services.runtime.doors import read_doors
from services.runtime.trust import digest_of
from tests.support import alerts, broadcasts, kafka_io
from tests.support.fleet import Fleet, http, until
from tests.support.house import said, tocsin

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]
PUBLISHER = "ferrow-health"
KEYS = {"the-live-key": False, "the-test-key": True}
ROOMS = ("agency", "intake", "compose", "approve", "audience", "record")


class House:
    """The live rooms that speak to a publisher, and the drill's intake; all on one Kafka."""

    def __init__(self, kafka: str, data: Path) -> None:
        keys = data / "keys.yaml"
        data.mkdir()
        entries = [
            {"agency": PUBLISHER, "sha256": hashlib.sha256(key.encode()).hexdigest(), "test": test}
            for key, test in KEYS.items()
        ]
        keys.write_text(json.dumps(entries))
        extra = {"TOCSIN_AGENCY_KEYS": str(keys), "TOCSIN_AGENCY_PAGES_URL": "https://alerts.ferrow.example"}
        self.live = Fleet(kafka, data, extra=extra)
        self.live.people(2, ["ferrow-north"])
        self.drill = Fleet(kafka, data, realm=Realm.DRILL)
        self.live.start(*ROOMS)
        self.drill.start("intake")
        self.live.ready(*ROOMS)
        self.drill.ready("intake")

    def stop(self) -> None:
        self.live.stop()
        self.drill.stop()

    def publish(self, data: bytes) -> None:
        """As an agency with Kafka does."""
        message = kafka_io.record(INCOMING, "any", data)._replace(headers={"content-type": "application/cap+xml"})
        kafka_io.publish(self.live.kafka, [message])

    def ask(self, path: str, data: bytes | None = None, key: str = "the-live-key") -> dict[str, Any]:
        """At the door; what it answers, with its status."""
        door = read_doors(self.live.home, "agency")["public"]
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cap+xml"}
        request = urllib.request.Request(door + path, data, headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
                return {**json.load(answer), "http": answer.status}
        except urllib.error.HTTPError as error:
            body = error.read().decode()
            return {**(json.loads(body) if body.startswith("{") else {"says": body}), "http": error.code}

    def told(self, data: bytes) -> list[dict[str, Any]]:
        """What stands on the publisher's topic about these bytes, oldest first."""
        found = kafka_io.read_all(self.live.kafka, ANSWERS.of(PUBLISHER))
        answers = [json.loads(one.value or b"{}") for one in found]
        return [one for one in answers if one["source"] == digest_of(data)]

    def until_told(self, data: bytes, state: str) -> dict[str, Any]:
        """The publisher's newest answer, once it is this state."""

        def last() -> dict[str, Any] | None:
            found = self.told(data)
            return found[-1] if found and found[-1]["state"] == state else None

        answer: dict[str, Any] = until(last, 60, f"{PUBLISHER} is told {state}")
        shown = self.ask(answer["status"])
        assert (shown["state"], shown["says"]) == (state, answer["says"])
        return answer

    def decide(self, data: bytes, number: int, word: DecisionWord) -> None:
        """One officer's word about what waits."""
        name = f'"identifier":"test-{number}"'
        self.until_told(data, "waiting")

        def waiting() -> list[dict[str, Any]]:
            found = http(self.live.door("approve") + "/pending")["waiting"]
            return [one for one in found if one.get("reach") is not None and name in one["text"]]

        [one] = until(waiting, 60, "it waits, with its reach")
        signed = broadcasts.word_about(one, self.live.trust, word)
        kafka_io.publish(self.live.kafka, [kafka_io.record(DECIDED, signed.lineage, signed)])


@pytest.fixture(scope="module")
def house(kafka_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("answers")
    with Kafka(folder / "kafka") as broker:
        made = House(broker.bootstrap, folder / "data")
        yield made
        made.stop()


def test_waiting_then_returned_and_why(house: House) -> None:
    data = alerts.boil_water(1, severity="Severe")
    house.publish(data)
    house.decide(data, 1, DecisionWord.RETURN)
    answer = house.until_told(data, "returned")
    assert answer["why"] == "a test"
    assert [one["state"] for one in house.told(data)] in (
        ["accepted", "waiting", "returned"], ["waiting", "returned"],
    )  # fmt: skip


def test_by_the_door_waiting_then_released_with_its_page(house: House) -> None:
    data = alerts.boil_water(2, severity="Severe")
    posted = house.ask("/alerts", data)
    assert posted["http"] in {201, 202}
    house.decide(data, 2, DecisionWord.APPROVE)
    answer = house.until_told(data, "released")
    assert answer["page"] == f"https://alerts.ferrow.example/{answer['lineage']}.html"
    assert house.ask("/alerts", data)["state"] == "released"  # the same bytes again are the same alert


def test_held_for_a_person_and_never_with_the_words_that_held_it(house: House) -> None:
    text = alerts.boil_water(3, severity="Severe").replace(b"<headline>", b"<headline>Patient Jane Doe, MRN 5551234. ")
    house.publish(text)
    answer = until(lambda: house.told(text), 60, "it is told")[0]
    assert answer["grade"] == "hold"
    assert "personal" in [one["rule"] for one in answer["findings"]]
    assert "Jane" not in json.dumps(answer)


def test_what_could_not_be_composed_is_ended_by_a_person_for_good(house: House) -> None:
    """Rejected at the command line; then every record about it comes once more, and a newer version after it."""

    def run(*words: str) -> list[dict[str, Any]]:
        done = tocsin(*words, "--json", data=house.live.data, TOCSIN_KAFKA=house.live.kafka)
        assert done.returncode == 0, done.stderr
        return said(done)

    data = alerts.boil_water(7, severity="Severe", event="Heat Advisory and Air Quality Alert")
    house.publish(data)
    lineage = house.until_told(data, "held")["lineage"]
    [item] = until(lambda: [one for one in run("pending") if one["lineage"] == lineage], 60, "it waits for a person")
    until(lambda: house.live.metric("approve", "tocsin_held_waiting") == 1, 60, "the gauge shows it")
    until(lambda: run("status", lineage)[0]["state"] == "held", 60, "record has it")
    assert run("status", lineage)[0]["digest"] == item["digest"]

    person = ("--as", "officer-1", "--key", str(house.live.trust.people["officer-1"]))
    [done] = run("reject", item["digest"][7:19], *person, "--reason", "two hazards in one: they send two")
    assert (done["verdict"], done["state"]) == ("counted", "withheld")
    assert house.until_told(data, "withheld")["why"] == "two hazards in one: they send two"
    until(lambda: house.live.metric("approve", "tocsin_held_waiting") == 0, 60, "the gauge is empty")
    until(lambda: run("status", lineage)[0]["state"] == "withheld", 60, "record has the end")
    says = {line["what"]: line["says"] for line in run("status", lineage, "--timeline")[0]["timeline"]}
    assert says["reject"] == "officer-1: two hazards in one: they send two"

    kept = {topic: kafka_io.read_all(house.live.kafka, topic) for topic in (HELD, DECIDED)}
    for topic, found in kept.items():
        again = [one.value or b"" for one in found if one.key == lineage.encode()]
        assert again
        newer = [Held.model_validate_json(again[0]).model_copy(update={"version": 2})] if topic is HELD else []
        records = [kafka_io.record(topic, lineage, value) for value in (*again, *newer)]
        kafka_io.publish(house.live.kafka, records)
    seen = until(lambda: [one for one in run("pending") if one["lineage"] == lineage], 60, "the newer one waits")
    assert [one["version"] for one in seen] == [2]
    assert house.told(data)[-1]["state"] == "withheld"


def test_refused_and_what_would_be_right(house: House) -> None:
    house.publish(data := alerts.boil_water(4, status="Draft"))
    answer = house.until_told(data, "refused")
    assert answer["findings"][0]["rule"] == "draft"


def test_an_ack_of_ours_that_comes_back_is_recorded(house: House) -> None:
    sent = datetime.now(UTC).replace(microsecond=0)
    refers = f"alerts@health.ferrow.example,test-1,{sent.isoformat()}"
    house.publish(data := alerts.boil_water(5, msg_type="Ack", references=refers))
    house.until_told(data, "recorded")


def test_a_test_key_reaches_the_drill_and_hears_alike(house: House) -> None:
    assert house.ask("/alerts", alerts.boil_water(6), "the-test-key")["http"] == 403
    data = alerts.boil_water(6, status="Test")
    path = house.ask("/alerts", data, "the-test-key")["status"]

    def heard() -> dict[str, Any] | None:
        shown = house.ask(path, key="the-test-key")
        return shown if shown["state"] != "sent" else None

    shown = until(heard, 60, "the drill's intake has spoken")
    assert (shown["realm"], shown["state"]) in {("drill", "accepted"), ("drill", "held")}
    assert house.told(data) == []  # nothing of a drill on the live topic
