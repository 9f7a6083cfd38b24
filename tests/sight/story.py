"""Alerts that go the whole way through real rooms, with a real Prometheus that watches them."""

import json
import subprocess
import urllib.parse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from schemas.broadcast import Broadcast
from schemas.topics import DECIDED, INCOMING, STOPPED
from services.cli.kafka.settings import free_port
from tests.crash.killing import bounds
from tests.sight.tools import PROMETHEUS, tool
from tests.support import alerts, broadcasts
from tests.support.fleet import Fleet, http, until
from tests.support.kafka_io import publish, record

ROOMS = (
    "sandbox", "agency", "intake", "compose", "approve", "audience", "dispatch/x", "dispatch/sms", "receipts", "record",
)  # fmt: skip
SETTINGS = {**bounds("SMS", "X"), "TOCSIN_SANDBOX_SENT_MS": "50", "TOCSIN_SANDBOX_DELIVERED_MS": "100"}
PEOPLE = 3


class Watched:
    """Prometheus, scraping every room of a fleet by the project's own rules, once a second."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        folder.mkdir(parents=True)
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        targets = [
            {
                "targets": [fleet.door(room).removeprefix("http://")],
                "labels": {"room": room.replace("/", "-"), "realm": "live"},
            }
            for room in ROOMS
        ]
        own = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(PROMETHEUS / name) for name in own["rule_files"]],
            "scrape_configs": [{"job_name": own["scrape_configs"][0]["job_name"], "static_configs": targets}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [tool("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def ask(self, path: str, **parameters: str) -> Any:
        """What Prometheus answers; its error as a failed assertion."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        answer = http(f"{self.address}/api/v1/{path}{query}")
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str) -> list[float]:
        """The values of an expression now."""
        found = self.ask("query", query=expression)
        samples = [found["result"]] if found["resultType"] == "scalar" else [each["value"] for each in found["result"]]
        return [float(value) for _, value in samples]

    def states(self) -> dict[str, str]:
        """The alerts that are pending or fire, by name."""
        return {each["labels"]["alertname"]: each["state"] for each in self.ask("alerts")["alerts"]}

    def some(self, expression: str) -> bool:
        """Whether an expression is more than nothing now."""
        return sum(self.query(expression)) > 0

    def answers(self) -> bool:
        """Whether every room has been scraped."""
        try:
            return sum(self.query('up{job="tocsin"}')) == len(ROOMS)
        except OSError:
            return False


class Story:
    """One alert released at once, one by a person and then withdrawn, one that still waits, one refused."""

    def __init__(self, kafka: str, data: Path, people: int = PEOPLE, **more: str) -> None:
        """`more` are settings beside those that scale the waits down."""
        self.fleet = Fleet(kafka, data, extra={**SETTINGS, **more})
        self.people = self.fleet.people(people, ["ferrow-north"])
        self.fleet.start(*ROOMS)

    def tell(self) -> None:
        """From four messages of an agency to the last phone, and back."""
        for number, (severity, event) in enumerate(
            [("Minor", "Boil Water Notice"), ("Severe", "Boil Water Notice"), ("Severe", "Unheard Of Happening")]
        ):
            sent = datetime.now(UTC) - timedelta(minutes=number + 1)
            self.publish(alerts.boil_water(number, severity=severity, event=event, sent=sent))
        self.publish(b"<alert>not a message</alert>")
        value = self.approve()
        self.until("delivered", 2 * PEOPLE)
        publish(self.fleet.kafka, [record(STOPPED, value.lineage, broadcasts.withdrawal(value, self.fleet.trust))])
        self.until("withdrawn", PEOPLE)

    def publish(self, data: bytes) -> None:
        """As an agency does."""
        message = record(INCOMING, "agency", data)._replace(headers={"content-type": "application/cap+xml"})
        publish(self.fleet.kafka, [message])

    def approve(self) -> Broadcast:
        """Sign what waits as `test-1`."""
        [waiting] = until(self._waiting, 60, "the second alert waits for a person, with its reach")
        value = Broadcast.model_validate_json(waiting["text"])
        signed = broadcasts.word_about(waiting, self.fleet.trust)
        publish(self.fleet.kafka, [record(DECIDED, value.lineage, signed)])
        return value

    def _waiting(self) -> list[dict[str, Any]]:
        found = http(self.fleet.door("approve") + "/pending")["waiting"]
        return [each for each in found if each.get("reach") is not None and '"identifier":"test-1"' in each["text"]]

    def until(self, state: str, number: int) -> None:
        """Wait for so many texts in this state."""

        def there() -> bool:
            return self.rows("dispatch/sms", state) >= number

        until(there, 90, f"{number} texts are {state}")

    def rows(self, room: str, state: str) -> float:
        """Rows of a dispatcher's ledger, as its metrics show them."""
        return self.fleet.metric(room, f'tocsin_ledger_rows{{channel="{room.partition("/")[2]}",state="{state}"}}')


def loads(path: Path) -> Any:
    """One JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
