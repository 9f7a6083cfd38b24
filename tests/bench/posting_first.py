"""From an agency's record to the first post, for alerts that policy releases by itself: every room, real Kafka."""

import sqlite3
import statistics
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.topics import INCOMING
from tests.support import alerts
from tests.support.fleet import Fleet, http, until
from tests.support.kafka_io import publish, record

ROOMS = ("sandbox", "intake", "compose", "approve", "audience", "dispatch/x")
EVERY_S = 0.5
WARM = 5


def times(kafka: str, folder: Path, number: int) -> list[float]:
    """Milliseconds from each publish to the arrival of its first post's request at the platform."""
    limits = {"TOCSIN_SANDBOX_X_CREATE_LIMIT": "100000", "TOCSIN_SANDBOX_X_READ_LIMIT": "100000"}
    fleet = Fleet(kafka, folder, extra=limits)
    fleet.people(3, ["ferrow-north"])
    fleet.start(*ROOMS)
    try:
        fleet.ready(*ROOMS, seconds=120)
        published = _publish(kafka, WARM + number)
        until(lambda: fleet.counts()["posts"] >= 1, 60, "a post")
        until(lambda: len(_arrivals(fleet)) >= WARM + number, 60, "every alert is posted")
        arrived = _arrivals(fleet)
    finally:
        fleet.stop()
    return [first - began * 1000 for began, first in zip(published, arrived, strict=True)][WARM:]


def _publish(kafka: str, number: int) -> list[float]:
    began, moments, areas = datetime.now(UTC), [], list(alerts.DISTRICTS)
    for place in range(number):
        sent = began - timedelta(minutes=1 + place // len(areas))  # no two alerts of a district read alike
        data = alerts.boil_water(place, area=areas[place % len(areas)], sent=sent)
        message = record(INCOMING, str(place), data)._replace(headers={"content-type": "application/cap+xml"})
        moments.append(publish_at(kafka, message))
        time.sleep(EVERY_S)
    return moments


def publish_at(kafka: str, message: object) -> float:
    """Publish one record; when it was confirmed."""
    publish(kafka, [message])  # type: ignore[list-item]  # a Message
    return time.time()


def _arrivals(fleet: Fleet) -> list[float]:
    """When each alert's first post arrived, milliseconds since 1970, in the order in which intake took the alerts."""
    query = (
        "SELECT release.lineage, platform_id.platform_id FROM release JOIN delivery USING (digest)"
        " JOIN platform_id ON platform_id.delivery = delivery.id ORDER BY release.received"
    )
    with sqlite3.connect(fleet.home / "dispatch-x.db") as ledger:
        found = ledger.execute(query).fetchall()
    posts = {str(post["id"]): post["arrived_ms"] for post in http(fleet.sandbox + "/_sandbox/messages")["posts"]}
    first: dict[str, list[float]] = defaultdict(list)
    for lineage, name in found:
        first[lineage].append(posts[str(name)])
    return [min(each) for each in first.values()]


def percentile(values: list[float], share: int) -> float:
    """The `share`-th percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]
