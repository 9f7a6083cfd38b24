"""Receipts as a process of its own: a 2xx is a promise, also to a process that is killed, also without Kafka."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from twilio.request_validator import RequestValidator

from schemas.delivery import Receipts
from schemas.topics import RECEIPTS
from services.cli.kafka import Kafka
from services.cli.kafka.settings import free_port
from services.runtime.doors import read_doors
from tests.support import kafka_io
from tests.support.fleet import TOKEN, Fleet, chooser, fictional_numbers, until

pytestmark = pytest.mark.connected
CALLBACKS, KILLS = 1_500, 4


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Fleet]:
    """Receipts whose Kafka is nowhere."""
    made = Fleet(f"127.0.0.1:{free_port()}", tmp_path / "data")
    yield made
    made.stop()


@pytest.fixture
def fleet(own_kafka: Kafka, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(own_kafka.bootstrap, tmp_path / "data")
    yield made
    made.stop()


def base(fleet: Fleet) -> str:
    return fleet.environment["TOCSIN_RECEIPTS_PUBLIC_URL"]


def signed(fleet: Fleet, path: str, fields: dict[str, str]) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(base(fleet) + path, fields)}


async def post(session: aiohttp.ClientSession, fleet: Fleet, path: str, fields: dict[str, str]) -> tuple[int, str]:
    """As Twilio calls; 0 where the connection failed."""
    try:
        async with session.post(base(fleet) + path, data=fields, headers=signed(fleet, path, fields)) as answer:
            return answer.status, await answer.text()
    except (aiohttp.ClientError, TimeoutError):
        return 0, ""


def open_door(fleet: Fleet) -> None:
    until(
        lambda: str(read_doors(fleet.home, "receipts").get("pid")) == str(fleet.processes["receipts"].pid), 30, "a door"
    )


async def call_back(fleet: Fleet, promised: set[str], names: list[str]) -> None:
    """Every callback, each until it is answered with a 2xx."""
    left = iter(names)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session:

        async def worker() -> None:
            for name in left:
                fields = {"MessageSid": f"SM{name}", "MessageStatus": "delivered"}
                while (await post(session, fleet, f"/twilio/status/{name}", fields))[0] != 204:  # noqa: ASYNC110 - Twilio calls again
                    await asyncio.sleep(0.05)
                promised.add(name)

        await asyncio.gather(*(worker() for _ in range(40)))


async def kill_now_and_then(fleet: Fleet, promised: set[str]) -> None:
    dice = chooser(7)
    for number in range(1, KILLS + 1):
        while len(promised) < number * CALLBACKS // (KILLS + 1):  # noqa: ASYNC110 - a real process is at work
            await asyncio.sleep(0.01)
        await asyncio.sleep(dice.random() * 0.05)
        fleet.kill("receipts")
        fleet.start("receipts")


def test_what_was_answered_with_a_2xx_is_published_though_the_process_is_killed(own_kafka: Kafka, fleet: Fleet) -> None:
    fleet.start("receipts")
    fleet.ready("receipts")
    promised: set[str] = set()
    names = [f"{number:032x}" for number in range(CALLBACKS)]

    async def work() -> None:
        await asyncio.gather(call_back(fleet, promised, names), kill_now_and_then(fleet, promised))

    asyncio.run(work())
    fleet.ready("receipts")

    def reported() -> set[str]:
        records = [Receipts.model_validate_json(raw.value) for raw in kafka_io.read_all(own_kafka.bootstrap, RECEIPTS)]
        assert all(len(record.reports) <= 500 for record in records)
        return {report.delivery for record in records for report in record.reports}

    assert promised == set(names)
    until(lambda: reported() == promised, 30, "every promised report is on the topic")


def test_a_stop_counts_while_kafka_is_down(alone: Fleet) -> None:
    (anna,) = alone.people(1, ["ferrow"])
    number = fictional_numbers(1)[0]
    alone.start("receipts")
    open_door(alone)

    async def work() -> tuple[int, str]:
        async with aiohttp.ClientSession() as session:
            return await post(session, alone, "/twilio/reply", {"MessageSid": "SM1", "From": number, "Body": "Stop"})

    status, answer = asyncio.run(work())
    assert status == 200
    assert "reply START" in answer
    book = alone.phonebook()
    assert book.opted_out([anna]) == {anna}
    book.close()
    assert number[2:] not in alone.log("receipts")
    assert "Stop" not in alone.log("receipts")
