"""Every query of every dashboard and rule, asked of a real Prometheus that scrapes real rooms: none errs or is empty.

After one alert has gone the whole way by itself, one was approved and withdrawn, one waits and one was refused.
"""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from schemas.topics import ACCEPTED
from schemas.words import Channel
from services.cli.kafka import Kafka
from services.dispatch.brake import set_brake
from services.runtime.store import sqlite_url
from tests.sight.story import ROOMS, Story, Watched, loads
from tests.sight.tools import ALERTS, DASHBOARDS, RECORDED, queries, selectors, tool
from tests.support.code import REPOSITORY
from tests.support.fleet import until
from tests.support.house import tocsin
from tests.support.kafka_io import publish, record

pytestmark = [pytest.mark.connected, pytest.mark.timeout(400)]

#: What Prometheus makes itself, and only while something is pending or fires.
MADE = {"ALERTS"}
#: Must have happened in the story: the figure is more than nothing.
HAPPENED = (
    'sum(tocsin_intake_alerts_total{outcome="accept"})', 'sum(tocsin_compose_outcomes_total{outcome="composed"})',
    'sum(tocsin_releases_total{how="automatic"})',
    'sum(tocsin_releases_total{how="approved"})', 'tocsin_stage_seconds_count{stage="first_post"}',
    'tocsin_stage_seconds_count{stage="delivered_95"}', 'tocsin_stage_seconds_count{stage="corrected"}',
    'sum(tocsin_deliveries_total{channel="x", state="sent"})', "sum(tocsin_receipts_total)",
    "sum(tocsin_intake_refused_total)", "tocsin_data_free_bytes",
    "sum(tocsin_channel_last_probe_timestamp_seconds > 0)", "tocsin_last_backup_timestamp_seconds > 0",
    'sum(tocsin_channel_rate_remaining{channel="x"})',
    'min(tocsin_trust_bundle_serial{room=~"approve|audience|compose|dispatch-.+|record"})',
)  # fmt: skip
#: No number yet in so short a life: what the platform does not say, and shares of what has not happened.
NO_NUMBER: set[str] = set()


@pytest.fixture(scope="module")
def watched(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    tool("prometheus")
    folder = tmp_path_factory.mktemp("sight")
    story = Story(kafka.bootstrap, folder / "data")
    prometheus: Watched | None = None
    try:
        story.fleet.ready(*ROOMS, seconds=120)
        prometheus = Watched(story.fleet, folder / "prometheus")
        until(prometheus.answers, 30, "Prometheus has scraped every room")
        story.tell()
        done = tocsin("backup", str(folder / "backups"), data=story.fleet.data, timeout=120, **story.fleet.environment)
        assert done.returncode == 0, done.stderr
        for expression in HAPPENED:
            until(partial(prometheus.some, expression), 60, expression)
        for share in (rule["record"] for rule in RECORDED if ":ratio" in rule["record"]):
            until(partial(prometheus.some, share), 30, f"{share} is a number: the story is in it")
        yield prometheus
    finally:
        if prometheus is not None:
            prometheus.stop()
        story.fleet.stop()


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_has_something_to_show(watched: Watched, board: Path) -> None:
    found = {query: watched.query(query) for query in queries(loads(board))}
    assert [query for query, values in found.items() if not values] == []
    assert {query for query, values in found.items() if all(map(math.isnan, values))} <= NO_NUMBER


@pytest.mark.parametrize("rule", ALERTS + RECORDED, ids=lambda rule: rule.get("alert") or rule["record"])
def test_everything_that_a_rule_reads_is_there(watched: Watched, rule: dict[str, str]) -> None:
    watched.query(rule["expr"])
    empty = [each.text for each in selectors(rule["expr"]) if each.metric not in MADE and not watched.query(each.text)]
    assert empty == []


def test_every_rule_is_healthy_and_recorded(watched: Watched) -> None:
    groups = watched.ask("rules")["groups"]
    assert {
        rule["name"]: rule.get("lastError", "") for group in groups for rule in group["rules"] if rule["health"] != "ok"
    } == {}
    assert len([rule for group in groups for rule in group["rules"]]) == len(ALERTS) + len(RECORDED)
    assert [rule["record"] for rule in RECORDED if not watched.query(rule["record"])] == []


def test_what_fires_is_what_happened(watched: Watched) -> None:
    """One message was refused and one alert still waits; nothing is wrong with rooms, trust or channels."""
    states = watched.states()
    assert states["TocsinWatchdog"] == states["TocsinAlertRefused"] == "firing"
    assert "TocsinSandboxInLive" in states
    waiting = states.keys() & {"TocsinApprovalWaits", "TocsinHeldWaits"}
    assert waiting
    assert states.keys() - waiting == {"TocsinWatchdog", "TocsinAlertRefused", "TocsinSandboxInLive"}


def test_top_sees_what_prometheus_sees(watched: Watched) -> None:
    words = ["top", "--once", "--json", "--data", str(watched.fleet.data)]
    done = subprocess.run(
        [sys.executable, "-m", "services.cli.main", *words], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    seen = json.loads(done.stdout)
    assert {room["room"] for room in seen["rooms"] if room["ready"]} == set(ROOMS) - {"sandbox"}
    sms, x = ({each["channel"]: each for each in seen["channels"]}[name] for name in ("sms", "x"))
    for view in (sms, x):
        where = f'channel="{view["channel"]}"'
        shown = watched.ask("query", query=f"tocsin_ledger_rows{{{where}}} > 0")["result"]
        assert view["states"] == {each["metric"]["state"]: int(each["value"][1]) for each in shown}
        assert view["sent_rate"] is not None
    assert (sms["credentials"], x["credentials"]) == (True, True)
    assert (sms["sandbox"], sms["remaining"]) == (True, None)
    assert x["remaining"] > 0
    assert sum(seen["alerts"].values()) >= 3
    assert sum(seen["waiting"].values()) + seen["held"] == 1
    assert {room["bundle"] for room in seen["rooms"]} == {0, 1}


def test_what_goes_wrong_shows(watched: Watched) -> None:
    """Last, because it breaks the house: a poisoned record, a brake, and a room killed; each within seconds."""
    fleet, states = watched.fleet, watched.states
    publish(fleet.kafka, [record(ACCEPTED, "poison", b"no alert")])
    until(lambda: "TocsinParked" in states(), 30, "the parked record")
    set_brake(
        sqlite_url(fleet.home / "dispatch-sms.db"), Channel.SMS, on=True, by="a test", reason="a test",
        now=datetime.now(UTC),
    )  # fmt: skip
    until(lambda: "TocsinBrakeForgotten" in states(), 30, "the brake")
    fleet.kill("compose")
    until(lambda: "TocsinRoomDown" in states(), 30, "the room that is gone")
