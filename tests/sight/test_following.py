"""One alert the whole way, watched from outside: its id and its trace lead through every room, and no person's number
or name stands in a log, metric, trace, topic, page, error page or store.

What goes wrong on the way is chosen to quote people: refusals of the platform that repeat the number, replies that name
their writer, a parked record that holds both, doors that are asked for a number.
"""

import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from aiokafka import ConsumerRecord

from schemas.topics import INCOMING, RECEIPTS, STOPPED, TOPICS
from schemas.words import Realm
from services.cli.kafka import Kafka
from services.runtime.doors import read_doors
from services.runtime.otlp import trace_of
from tests.sight.story import ROOMS, Story
from tests.support import alerts, broadcasts
from tests.support.code import REPOSITORY
from tests.support.collector import Collector, Seen
from tests.support.fleet import fictional_numbers, http, until
from tests.support.kafka_io import publish, read_all, record

pytestmark = [pytest.mark.connected, pytest.mark.timeout(900)]

PEOPLE, LONG = 300, 20_000
NAME = "Maria Quispe"
NUMBER = re.compile(rb"([2-9]\d\d)[^0-9A-Za-z]{0,3}(555)[^0-9A-Za-z]?(01\d\d)")
BYTES_A_TEXT = 50
SLOW_S = 240
#: What every door is asked for, by GET and by POST; most have no such page.
ASKED = (
    "/metrics", "/health/ready", "/alerts", "/alarms", "/parked", "/pending", "/withheld", "/alerts/{number}",
    "/digests/{number}", "/twilio/reply", "/twilio/status/{number}", "/{number}?to={number}",
)  # fmt: skip


@dataclass
class Run:
    """What was seen of one run."""

    story: Story
    numbers: set[bytes]
    #: What was looked at, by where it was found.
    seen: dict[str, bytes] = field(default_factory=dict)
    topics: dict[str, list["ConsumerRecord[bytes, bytes]"]] = field(default_factory=dict)
    spans: list[Seen] = field(default_factory=list)
    logged: int = 0
    status: str = ""
    poison: bytes = b""

    def look(self, where: str, content: bytes) -> None:
        """Keep it for the search."""
        self.seen[where] = content

    def leaks(self) -> list[str]:
        """Where a number or the name stands, without repeating it."""
        return [where for where, content in self.seen.items() if self._shows(content)]

    def _shows(self, content: bytes) -> bool:
        found = {b"".join(match) for match in NUMBER.findall(content)}
        return bool(found & self.numbers) or NAME.encode() in content or b"Quispe" in content


@pytest.fixture(scope="module")
def run(kafka_parts: None, long: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The whole way once, for every test here."""
    folder = tmp_path_factory.mktemp("following")
    with Collector() as collector, Kafka(folder / "kafka") as kafka:
        people = LONG if long else PEOPLE
        story = Story(kafka.bootstrap, folder / "data", people, TOCSIN_TRACES_URL=collector.url)
        found = Run(story, {number[2:].encode() for number in fictional_numbers(people)})
        try:
            story.fleet.ready(*ROOMS)
            _the_way(found, people)
            _look(found)
        finally:
            story.fleet.stop()
        _look_at_files(found)
        found.spans = collector.spans()
        for number, body in enumerate(collector.bodies):
            found.look(f"trace {number}", body)
        yield found


def _the_way(run: Run, people: int) -> None:
    story, fleet = run.story, run.story.fleet
    numbers = fictional_numbers(people)
    before = _log_bytes(run)
    for number, code in zip(numbers[:2], (21211, 21610), strict=True):
        fleet.fault(
            match={"method": "POST", "contains": number}, times=1,
            effect={"type": "refuse", "status": 400, "code": code, "message": f"{number} of {NAME} is no phone"},
        )  # fmt: skip
    for effect in ({"type": "html"}, {"type": "broken"}, {"type": "empty"}, {"type": "reset"}):
        fleet.fault(match={"platform": "twilio", "method": "POST"}, effect=effect, times=2, skip=20)
    story.publish(alerts.boil_water(1, severity="Severe"))
    value = story.approve()
    until(lambda: story.rows("dispatch/sms", "delivered") >= people - 2, SLOW_S, "everybody else has the text")
    run.logged = _log_bytes(run) - before
    _replies(run, numbers)
    run.poison = f'{{"channel": "sms", "reports": [{{"to": "{numbers[5]}", "name": "{NAME}"}}]}}'.encode()
    publish(fleet.kafka, [record(RECEIPTS, "sms", run.poison)])
    until(lambda: fleet.metric("dispatch/sms", "tocsin_records_parked_total") == 1, 60, "the poison is parked")
    publish(fleet.kafka, [record(STOPPED, value.lineage, broadcasts.withdrawal(value, fleet.trust))])
    until(lambda: story.rows("dispatch/sms", "withdrawn") >= people - 4, SLOW_S, "it is taken back")
    until(lambda: fleet.metric("record", "tocsin_records_parked_total") == 0, 10, "record reads on")
    run.status = _tocsin(run, "status", value.lineage)


def _replies(run: Run, numbers: list[str]) -> None:
    """One stops, one writes who she is; both are answered."""
    for number, body in ((numbers[3], "STOP"), (numbers[4], f"This is {NAME}, call me on {numbers[4]}")):
        http(f"{run.story.fleet.sandbox}/_sandbox/phones/{number}/reply", {"body": body})


def _look(run: Run) -> None:
    fleet = run.story.fleet
    for words in (("status",), ("parked", "list"), ("doubt", "list")):
        _tocsin(run, *words)
    number = fictional_numbers(7)[6]
    form = f"From={number}&Body={NAME.replace(' ', '+')}".encode()
    for room in (each for each in ROOMS if each != "sandbox"):  # the sandbox is the platform and the phones
        for name, door in read_doors(fleet.home, room).items():
            if not str(door).startswith("http"):
                continue
            for path in ASKED:
                run.look(f"{room} {name} {path}", _page(door + path.format(number=number)))
                run.look(f"{room} {name} {path} form", _page(door + path.format(number=number), form))
                run.look(f"{room} {name} {path} broken", _page(door + path.format(number=number), b"\xff%zz" + form))
    for topic in TOPICS:
        if not getattr(topic, "is_pattern", False):
            _look_at_topic(run, topic.name)


def _look_at_topic(run: Run, name: str) -> None:
    [topic] = [each for each in TOPICS if each.name == name]
    run.topics[name] = read_all(run.story.fleet.kafka, topic, Realm.LIVE)
    for each in run.topics[name]:
        value = b"" if each.value == run.poison else each.value or b""  # what a stranger wrote is kept as it is
        headers = b"\n".join(key.encode() + b"=" + content for key, content in each.headers)
        run.look(f"{name}/{each.partition}/{each.offset}", b"\n".join((each.key or b"", headers, value)))


def _look_at_files(run: Run) -> None:
    """Logs, pages of record, every store; the phonebook has its numbers encrypted."""
    files = [path for path in run.story.fleet.home.rglob("*") if path.is_file()]
    assert {"intake.log", "dispatch-sms.log", "receipts.log"} <= {path.name for path in files}
    for path in files:
        if not path.name.startswith("sandbox.db"):
            run.look(str(path.relative_to(run.story.fleet.home)), path.read_bytes())


def _log_bytes(run: Run) -> int:
    return sum(len(run.story.fleet.log(room).encode()) for room in ROOMS)


def _page(url: str, form: bytes | None = None) -> bytes:
    try:
        with urllib.request.urlopen(url, form, timeout=20) as answer:  # noqa: S310 - loopback
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        return str(error.headers).encode() + error.read()


def _tocsin(run: Run, *words: str) -> str:
    command = [sys.executable, "-m", "services.cli.main", *words, "--data", str(run.story.fleet.data)]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=run.story.fleet.environment, capture_output=True, text=True, check=False
    )
    run.look(f"tocsin {words[0]}", (done.stdout + done.stderr).encode())
    return done.stdout


def test_nobodys_number_or_name_stands_anywhere(run: Run) -> None:
    assert run.leaks() == []


def test_the_search_finds_what_is_there(run: Run) -> None:
    """The phones of the stand-in do show the numbers, in each way of writing them."""
    [number] = fictional_numbers(1)
    spaced = f"({number[2:5]}) 555-{number[-4:]}"
    assert run._shows(number.encode())
    assert run._shows(spaced.encode())
    assert run._shows((run.story.fleet.home / "sandbox.db").read_bytes())
    assert [each.value for each in run.topics["parked"]] == [run.poison]


def test_a_million_texts_log_less_than_50_megabytes(run: Run) -> None:
    a_text = run.logged / len(run.numbers)
    print(f"\n{run.logged} bytes logged for {len(run.numbers)} texts: {a_text:.1f} a text")
    assert a_text <= BYTES_A_TEXT


def _id(run: Run) -> str:
    [incoming] = run.topics[INCOMING.name]
    return f"{INCOMING.name}/{incoming.partition}/{incoming.offset}"


def test_one_id_leads_from_the_agencys_record_to_the_platforms_id(run: Run) -> None:
    """Every topic of the alert carries it, the ledger and the record know it, `tocsin status` says it."""
    said = {
        name: {dict(each.headers).get("tocsin-correlation", b"").decode() for each in records}
        for name, records in run.topics.items()
    }
    way = (
        "alerts.accepted", "broadcasts.composed", "audiences.estimated", "approvals", "broadcasts.released",
        "batches.sms.urgent",
    )  # fmt: skip
    assert {name: said[name] for name in way} == {name: {_id(run)} for name in way}
    assert said["deliveries"] == {_id(run)}  # those that take it back too: they are of the same digest
    delivered = [
        each.value or b"" for each in run.topics["deliveries"] if _id(run).encode() in dict(each.headers).values()
    ]
    assert any(b'"platform_id":"SM' in value for value in delivered)
    assert f"version 1 follows {_id(run)}" in run.status


def test_a_trace_leads_through_every_room(run: Run) -> None:
    trace = f"{trace_of(_id(run)):032x}"
    spans = {span.id: span for span in run.spans if span.trace == trace}
    assert {span.room for span in spans.values()} == set(ROOMS) - {"sandbox", "receipts"}
    compose = next(s for s in spans.values() if (s.room, s.name) == ("compose", "process alerts.accepted"))
    sent = spans[compose.parent]
    took = spans[sent.parent]
    assert [(each.room, each.name) for each in (sent, took)] == [
        ("intake", "send alerts.accepted"),
        ("intake", "process alerts.incoming"),
    ]
    texts = [span for span in spans.values() if span.name == "send sms"]
    assert sum(int(span.attributes.get("tocsin.messages.sent", 0)) for span in texts) >= len(run.numbers) - 4
    assert len(texts) < len(run.numbers) / 2  # never one a text


def test_what_fails_shows_in_its_trace_by_type_alone(run: Run) -> None:
    [parked] = [span for span in run.spans if span.failed and span.name == "process receipts"]
    assert parked.attributes["error.type"] == "UnreadableError"


def test_off_nothing_of_it_is_imported() -> None:
    """FastStream asks whether OpenTelemetry's packages are there; that much is a folder's name."""
    program = "import sys, services.dispatch.app; print({'opentelemetry.sdk', 'opentelemetry.trace'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
