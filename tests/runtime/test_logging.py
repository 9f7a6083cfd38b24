"""Log lines: JSON, bound ids, and never the words of an error."""

import json
import subprocess
import sys

from services.runtime import correlation
from services.runtime.decoding import Envelope
from tests.support.code import REPOSITORY

NUMBER = "+15555550123"
PROGRAM = f"""
import asyncio, logging, structlog
from services.runtime.logging import configure
configure("INFO", room="intake", realm="live", replica="0")
try:
    try:
        raise ValueError("{NUMBER}")
    except ValueError as first:
        raise RuntimeError("call {NUMBER}") from first
except RuntimeError:
    structlog.stdlib.get_logger("a").exception("background.failed", work="x")
    logging.getLogger("asyncio").exception("Task exception was never retrieved")
logging.getLogger("aiokafka").info("quiet")
"""


def test_an_error_is_its_type_and_places_and_every_line_is_json() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["background.failed", "Task exception was never retrieved"]
    for line in lines:
        assert (line["error"], line["cause"], line["room"]) == ("RuntimeError", "ValueError", "intake")
        assert line["places"] == ["<string>:9 <module>"]
    assert NUMBER not in done.stderr


def envelope(topic: str, said: str) -> Envelope:
    return Envelope(topic, 2, 5, None, b"", {"tocsin-correlation": said})


def test_only_a_room_names_what_a_record_follows_and_only_as_a_place() -> None:
    assert envelope("alerts.accepted", "alerts.incoming/0/1").correlation == "alerts.incoming/0/1"
    assert envelope("alerts.accepted", NUMBER).correlation == "alerts.accepted/2/5"
    assert envelope("alerts.incoming", "alerts.incoming/0/1").correlation == "alerts.incoming/2/5"
    assert envelope("drill.alerts.incoming", "alerts.incoming/0/1").correlation == "drill.alerts.incoming/2/5"


def test_what_is_bound_ends_with_its_record() -> None:
    with correlation.bound("a/0/1", origin="b/0/2"):
        assert correlation.current() == "a/0/1"
    assert not correlation.current()
