"""Mixed load with faults: alerts that go out by themselves, cancels of some, rubbish, STOP and START."""

import itertools
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.topics import INCOMING
from tests.support import alerts
from tests.support.fleet import Fleet, fictional_numbers, http
from tests.support.kafka_io import publish, record

AREAS = ("ferrow-north", "ferrow-west", "ferrow-centre", "ferrow-east", "ferrow-south")
#: Every which alert is cancelled, accompanied by rubbish, and answered.
CANCEL_EVERY, RUBBISH_EVERY, REPLY_EVERY = 5, 7, 3
#: Seconds that the platform may take to hand over a reply: on a machine that others keep busy it took more than thirty.
LATEST_S = 120
#: What goes wrong with each request, and how often.
FAULTS: tuple[tuple[dict[str, Any], float], ...] = (
    ({"type": "slow", "seconds": [0.1, 0.4]}, 0.3),
    ({"type": "html"}, 0.01),
    ({"type": "broken"}, 0.01),
    ({"type": "broken", "accept": True}, 0.01),
    ({"type": "reset"}, 0.01),
    ({"type": "reset", "accept": True}, 0.01),
    ({"type": "empty"}, 0.01),
    ({"type": "rate_limited", "retry_after": 0.2}, 0.01),
    ({"type": "late", "seconds": [0, 0.9]}, 0.2),
)


class Load:
    """One agency, its people, and a platform in a bad mood."""

    def __init__(self, fleet: Fleet, people: int) -> None:
        """Enter `people` in each area."""
        self._fleet, self._people = fleet, people
        self._numbers = fictional_numbers(people * len(AREAS))
        for place, area in enumerate(AREAS):
            fleet.people(people, [area], first=place * people)
        self._sent: deque[tuple[int, str, datetime]] = deque()
        self._count = itertools.count(1)
        self.alerts = self.cancels = 0

    def faults(self) -> None:
        """From now on."""
        for number, (effect, probability) in enumerate(FAULTS):
            self._fleet.fault(match={"method": "POST"}, effect=effect, probability=probability, seed=number)

    def step(self) -> None:
        """One alert, and what goes with it."""
        number = next(self._count)
        area, sent = AREAS[number % len(AREAS)], datetime.now(UTC) - timedelta(seconds=1)
        self._publish(alerts.boil_water(number, area=area, sent=sent))
        self._sent.append((number, area, sent))
        self.alerts += 1
        if number % CANCEL_EVERY == 0:
            self._cancel()
        if number % RUBBISH_EVERY == 0:
            self._publish(b"<alert>%d is no message</alert>" % number)
        if number % REPLY_EVERY == 0:
            self._reply(number)
        while len(self._sent) > CANCEL_EVERY:
            self._sent.popleft()

    def _cancel(self) -> None:
        """Take back one that had time to go out."""
        number, area, sent = self._sent[0]
        data = alerts.boil_water(
            next(self._count), area=area, msg_type="Cancel", references=alerts.reference(number, sent)
        )  # fmt: skip
        self._publish(data)
        self.cancels += 1

    def _reply(self, number: int) -> None:
        phone = self._numbers[number * 7 % len(self._numbers)]
        for body in ("STOP", "START") if number % 2 else ("what is this?",):
            http(f"{self._fleet.sandbox}/_sandbox/phones/{phone}/reply", {"body": body}, timeout=LATEST_S)

    def _publish(self, data: bytes) -> None:
        message = record(INCOMING, "agency", data)._replace(headers={"content-type": "application/cap+xml"})
        publish(self._fleet.kafka, [message])
