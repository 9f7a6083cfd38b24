"""Log lines: JSON, bound ids, and never the words of an error or what a library was given."""

import json
import subprocess
import sys
from typing import Any

import pytest

from services.runtime import correlation
from services.runtime.decoding import Envelope
from tests.support.code import REPOSITORY

NUMBER, TOKEN, TEXT = "+15555550123", "Bearer-of-nobody", "Boil your water"
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
#: Each of these writes to its log what it was given, as it does when a room sends something; at DEBUG, all of it.
LIBRARIES = f"""
import asyncio, gc, logging, structlog
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from services.runtime.logging import configure
configure("DEBUG", room="dispatch/x", realm="live", replica="0")
structlog.stdlib.get_logger("a").debug("ours")

import aiohttp, sqlalchemy as sa, tweepy.asynchronous
from oauthlib.oauth1 import Client
from twilio.http.http_client import TwilioHttpClient

Client("{TOKEN}", "{TOKEN}", "{TOKEN}", "{TOKEN}").sign("http://a.example/2?to=%2B15555550123")

engine = sa.create_engine("sqlite://")
logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)  # as `echo` does
with engine.begin() as connection:
    connection.execute(sa.text("SELECT :number"), {{"number": "{NUMBER}"}})

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(201)
        self.send_header("Set-Cookie", "{NUMBER}=\\x01; path=/")
        self.end_headers()
    do_POST = do_GET
    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Answer)
Thread(target=server.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{{server.server_port}}"
TwilioHttpClient().request("POST", here, data={{"To": "{NUMBER}", "Body": "{TEXT}"}}, auth=("{TOKEN}", "{TOKEN}"))

async def use():
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0  # a slow callback is told with all that it was given
    client = tweepy.asynchronous.AsyncClient("{TOKEN}")
    async with aiohttp.ClientSession() as client.session:
        await client.request("POST", "", json={{"text": "{TEXT} {NUMBER}"}})  # its base address is below

    async def fails():
        raise ValueError("{NUMBER}")
    task = asyncio.create_task(fails(), name="{NUMBER}")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()

    def given(number):
        raise ValueError(number)
    loop.call_soon(given, "{NUMBER}")
    aiohttp.ClientSession(headers={{"X": "{NUMBER}"}})
    gc.collect()
    await asyncio.sleep(0)

import tweepy.asynchronous.client
original = aiohttp.ClientSession.request
aiohttp.ClientSession.request = lambda self, method, _url, **more: original(self, method, here, **more)
asyncio.run(use())
for name in ("aiohttp.client", "twilio.http_client", "urllib3.connectionpool", "psycopg", "one.more"):
    log = logging.getLogger(name)
    log.warning("Retrying after %r to %s", "{NUMBER}", "{TOKEN}")
    log.error(ValueError("{NUMBER}"))
    log.error("three %d", "{NUMBER}", extra={{"number": "{NUMBER}"}})
logging.getLogger("aiokafka.cluster").error("Topic %s not found in cluster metadata", "alerts.incoming")
logging.getLogger("aiokafka.cluster").error("Topic %d not found", "{NUMBER}")
"""
UNCAUGHT = f"""
import asyncio, structlog, threading, warnings
from services.runtime import uncaught
uncaught.watch()
log = structlog.stdlib.get_logger("a")
log.debug("not before it is asked for")
log.warning("trust.seed_refused")
warnings.warn("it got {NUMBER}", RuntimeWarning)

def fails():
    raise ValueError("{NUMBER}")
thread = threading.Thread(target=fails, name="{NUMBER}")
thread.start()
thread.join()

class Ends:
    def __repr__(self):
        return "{NUMBER}"
    def __del__(self):
        raise KeyError("{NUMBER}")
Ends()
from services.runtime.logging import configure
configure("DEBUG", room="intake", realm="live", replica="0")
log.debug("asked for")
{{"{NUMBER}": 1}}["call {NUMBER}"]
"""


def lines_of(program: str, status: int = 0) -> list[dict[str, Any]]:
    """What a program writes on standard error, in which nothing of anybody's may stand."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == status, done.stderr
    assert not done.stdout
    for secret in (NUMBER, NUMBER[1:], TOKEN, TEXT):
        assert secret not in done.stderr
    return [json.loads(line) if line.startswith("{") else {"says": line} for line in done.stderr.splitlines()]


def test_an_error_is_its_type_and_places_and_every_line_is_json() -> None:
    lines = lines_of(PROGRAM)
    assert [line["event"] for line in lines] == ["background.failed", "Task exception was never retrieved"]
    for line in lines:
        assert (line["error"], line["cause"], line["room"]) == ("RuntimeError", "ValueError", "intake")
        assert line["places"] == ["<string>:9 <module>"]


@pytest.mark.connected
def test_no_library_tells_what_it_was_given_whatever_the_level() -> None:
    lines = lines_of(LIBRARIES)
    told = [(line.get("logger", "ours"), line["event"]) for line in lines]
    assert told[0] == ("ours", "ours"), "our own lines at DEBUG"
    assert {line["level"] for line in lines[1:]} <= {"warning", "error"}
    assert ("asyncio", "Task exception was never retrieved") in told
    assert ("asyncio", "Exception in callback use.") in told
    assert ("asyncio", "Unclosed client session") in told
    assert ("asyncio", "Executing %s took %.3f seconds") in told
    more = [event for name, event in told if name == "one.more"]
    assert more == ["Retrying after %r to %s", "ValueError", "three %d"]
    assert ("aiokafka.cluster", "Topic alerts.incoming not found in cluster metadata") in told
    assert told[-1] == ("aiokafka.cluster", "log.failed")


def test_what_nobody_caught_is_told_by_type_and_place_also_before_there_is_a_log() -> None:
    lines = lines_of(UNCAUGHT, status=1)
    assert [line.get("event") for line in lines] == [
        "trust.seed_refused", "python.warning", "thread.failed", "error.unraisable", "asked for", "process.failed",
        None,
    ]  # fmt: skip
    assert (lines[1]["kind"], lines[1]["place"]) == ("RuntimeWarning", "<string>:8")
    assert [line["error"] for line in (*lines[2:4], lines[5])] == ["ValueError", "KeyError", "KeyError"]
    assert lines[2]["places"][-1] == "<string>:11 fails"
    assert lines[5]["room"] == "intake"
    assert lines[6]["says"] == "tocsin: ended by KeyError at <string>:25; the line before has the way there"


@pytest.mark.parametrize("level", ["debug", "INFO", "Warning", "ERROR"])
def test_every_level_that_is_documented_can_be_set(level: str) -> None:
    program = PROGRAM.replace('configure("INFO"', f'configure("{level}"')
    assert [line["event"] for line in lines_of(program)] == ["background.failed", "Task exception was never retrieved"]


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
