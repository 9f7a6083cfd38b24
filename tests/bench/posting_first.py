"""From an agency's record to the first post, for alerts that policy releases by itself: every room, real Kafka."""

import asyncio
import sqlite3
import statistics
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiokafka import AIOKafkaProducer

from schemas.topics import INCOMING
from tests.support import alerts
from tests.support.fleet import Fleet, http, until
from tests.support.kafka_io import read_all

ROOMS = ("sandbox", "intake", "compose", "approve", "audience", "dispatch/x")
EVERY_S = 0.5
WARM = 5
CAP = [("content-type", b"application/cap+xml")]


def times(kafka: str, folder: Path, number: int) -> list[float]:
    """Milliseconds from each publish to the arrival of its first post's request at the platform."""
    limits = {"TOCSIN_SANDBOX_X_CREATE_LIMIT": "100000", "TOCSIN_SANDBOX_X_READ_LIMIT": "100000"}
    fleet = Fleet(kafka, folder, extra=limits)
    fleet.people(3, ["ferrow-north"])
    fleet.start(*ROOMS)
    try:
        fleet.ready(*ROOMS, seconds=120)
        published = asyncio.run(_publish(kafka, WARM + number))
        until(lambda: fleet.counts()["posts"] >= 1, 60, "a post")
        until(lambda: len(_arrivals(fleet)) >= WARM + number, 60, "every alert is posted")
        arrived, places = _arrivals(fleet), _places(kafka)
    finally:
        fleet.stop()
    return [arrived[places[place]] - published[place] * 1000 for place in range(WARM, WARM + number)]


async def _publish(kafka: str, number: int) -> list[float]:
    """Publish alerts as an agency does, which keeps its producer; the moment before each was handed to it."""
    began, moments, areas = datetime.now(UTC), [], list(alerts.DISTRICTS)
    async with AIOKafkaProducer(bootstrap_servers=kafka, acks="all") as producer:
        for place in range(number):
            sent = began - timedelta(minutes=1 + place // len(areas))  # no two alerts of a district read alike
            data = alerts.boil_water(place, area=areas[place % len(areas)], sent=sent)
            moments.append(time.time())
            await producer.send_and_wait(INCOMING.name, data, key=str(place).encode(), headers=CAP)
            await asyncio.sleep(EVERY_S)
    return moments


def _places(kafka: str) -> dict[int, str]:
    """Where each alert stands in Kafka, which is the correlation id of all that it becomes."""
    found = read_all(kafka, INCOMING)
    return {int(each.key or b""): f"{INCOMING.name}/{each.partition}/{each.offset}" for each in found}


def _arrivals(fleet: Fleet) -> dict[str, float]:
    """When each alert's first post arrived, milliseconds since 1970, by correlation id."""
    query = (
        "SELECT release.correlation, platform_id.platform_id FROM release JOIN delivery USING (digest)"
        " JOIN platform_id ON platform_id.delivery = delivery.id"
    )
    with sqlite3.connect(fleet.home / "dispatch-x.db") as ledger:
        found = ledger.execute(query).fetchall()
    posts = {str(post["id"]): post["arrived_ms"] for post in http(fleet.sandbox + "/_sandbox/messages")["posts"]}
    first: dict[str, list[float]] = defaultdict(list)
    for alert, name in found:
        first[alert].append(posts[str(name)])
    return {alert: min(each) for alert, each in first.items()}


def percentile(values: list[float], share: int) -> float:
    """The `share`-th percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]
