"""What a text costs, beside a bare POST in the same run; and how long an alert takes. `make bench`.

Every figure is CPU of the process under test, so that neighbours cost time and hardly change it; the machine's load is
written beside the table all the same.
"""

import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.cli.kafka import Kafka
from services.compose.composer import Before, compose
from services.compose.settings import ComposeSettings
from services.intake.validate import validate
from tests.bench import posting_first
from tests.bench.straightforward import WORKERS, Text
from tests.bench.table import Line, Run, write
from tests.bench.texting import DOOR, Texting, bare, sink
from tests.compose.alerts import NOW, a_hazard, demo
from tests.support.code import REPOSITORY

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]
ROUNDS = int(os.environ.get("TOCSIN_BENCH_ROUNDS", "5"))
TEXTS, WARM, MANY, FEW = 3_000, 500, 100_000, 10_000
ALERTS = 100
CORPUS = REPOSITORY.parent / "shared" / "data" / "cap"


def middle(values: list[float]) -> float:
    return statistics.median(values)


def _machine() -> str:
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    system = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, {system}"


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """What is measured, in the order of the tests; written even where a bar was missed."""
    made = Run(_machine(), datetime.now(UTC).date().isoformat(), ROUNDS, "")
    loads = [os.getloadavg()[0]]
    yield made
    loads.append(os.getloadavg()[0])
    made.load = f"load average {loads[0]:.1f} at the start, {loads[1]:.1f} at the end"
    made.save()
    write()


def add(run: Run, *lines: Line) -> None:
    run.lines += lines
    for line in lines:
        print(f"\n{line.row()}", end="")
    missed = [line.what for line in lines if not line.reached]
    assert not missed, f"bars that were missed: {missed}"


def test_a_text_beside_a_bare_post(run: Run, kafka: Kafka, tmp_path: Path) -> None:
    """The bars of the README's *Speed*, as ratios to a bare aiohttp POST of the same body, 256 at once."""
    found: dict[str, list[float]] = defaultdict(list)
    with sink() as address:
        texting = Texting(kafka.bootstrap, tmp_path / "data", address)
        texting.enter(TEXTS)
        for number in range(ROUNDS):
            for client in ("aiohttp", "lean", "twilio"):
                found[f"bare {client}"].append(bare(client, address, TEXTS))
            for how in ("aiohttp", "lean", "none"):
                texting.start(how)
                try:
                    texting.send(WARM)
                    found[how].append(texting.send(TEXTS).cpu_us)
                finally:
                    texting.stop()
            plan, settle, report = _ledger(tmp_path / f"ledger-{number}")
            found["plan"].append(plan)
            found["ledger"].append(settle)
            found["report"].append(report)
            found["floor"].append(_floor(tmp_path / f"floor-{number}"))
            found["straightforward"].append(_straightforward(kafka.bootstrap, f"bench-{number}", address))
    yard = middle(found["bare aiohttp"])

    def line(what: str, name: str, bar: float | None = None) -> Line:
        spent = middle(found[name])
        return Line(what, f"{spent:.0f} us of CPU", spent / yard, " x", bar)

    add(
        run,
        line("bare POST, aiohttp, pooled, 256 at once (the yardstick)", "bare aiohttp"),
        line("bare POST, the lean transport", "bare lean"),
        line("a text from batch to committed outcome, aiohttp", "aiohttp", 1.35),
        line("the same, lean transport", "lean", 0.4),
        line("the same without its transport", "none", 0.10),
        line("ledger alone: claim and settle, each commit on disk", "ledger", 0.06),
        line("SQLite alone: what any ledger with a row a text takes", "floor"),
        line("ledger: planning", "plan"),
        line("ledger: reporting what changed", "report"),
        line("one POST with the vendor's client, no ledger", "bare twilio"),
        line("a record a text, vendor's client, row by row", "straightforward"),
    )


def _ledger(folder: Path) -> tuple[float, float, float]:
    plan, settle, report = _figures("tests.bench.ledger_alone", folder)
    return plan, settle, report


def _floor(folder: Path) -> float:
    [spent] = _figures("tests.bench.floor", folder)
    return spent


def _figures(module: str, folder: Path) -> list[float]:
    folder.mkdir()
    command = [sys.executable, "-m", module, str(folder), str(TEXTS)]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, timeout=600).stdout
    return list(map(float, said.split()))


def _straightforward(bootstrap: str, topic: str, address: str) -> float:
    _fill(bootstrap, topic)
    command = [sys.executable, "-W", "ignore", "-m", "tests.bench.straightforward", bootstrap, topic, address]
    ran = subprocess.run([*command, str(TEXTS)], cwd=REPOSITORY, capture_output=True, check=True, timeout=600)
    return float(ran.stdout)


def _fill(bootstrap: str, topic: str) -> None:
    async def work() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(topic, WORKERS, 1)])
        await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        await producer.start()
        for number in range(TEXTS):
            value = Text(to=f"+999{number:09d}", headline="Boil water").model_dump_json().encode()
            await producer.send(topic, value, partition=number % WORKERS)
        await producer.stop()

    asyncio.run(work())


def test_a_callback(run: Run, kafka: Kafka, tmp_path: Path) -> None:
    doors, dispatchers, yards = [], [], []
    with sink() as address:
        texting = Texting(kafka.bootstrap, tmp_path / "data", address)
        texting.enter(2_000 * ROUNDS)
        texting.fleet.start(DOOR)
        texting.start("lean")
        try:
            texting.fleet.ready(DOOR, seconds=120)
            texting.send(2_000 * ROUNDS)
            for _ in range(ROUNDS):
                yards.append(bare("aiohttp", address, TEXTS))
                door, dispatcher = texting.report_back(2_000)
                doors.append(door)
                dispatchers.append(dispatcher)
        finally:
            texting.stop()
    yard = middle(yards)
    add(
        run,
        Line("one callback: the door (receipts)", f"{middle(doors):.0f} us of CPU", middle(doors) / yard, " x"),
        Line(
            "one callback: the ledger (dispatcher)", f"{middle(dispatchers):.0f} us of CPU", middle(dispatchers) / yard,
            " x",
        ),
    )  # fmt: skip


def test_many_cost_each_what_few_cost(run: Run, kafka: Kafka, tmp_path: Path) -> None:
    with sink() as address:
        texting = Texting(kafka.bootstrap, tmp_path / "data", address)
        texting.enter(MANY)
        texting.start("lean")
        try:
            texting.send(WARM)
            few = [texting.send(FEW) for _ in range(ROUNDS)]
            many = texting.send(MANY)
        finally:
            texting.stop()
    each = middle([cost.cpu_us for cost in few])
    add(
        run,
        Line(f"a text of {MANY:,} / of {FEW:,}, lean", f"{many.cpu_us:.0f} / {each:.0f} us of CPU",
             many.cpu_us / each, " x", 1.05),
        Line(f"memory after {MANY:,} / after {FEW:,}", f"{many.memory_mb:.0f} / {few[-1].memory_mb:.0f} MB",
             many.memory_mb / few[-1].memory_mb, " x", 1.1),
    )  # fmt: skip


def test_from_publish_to_the_first_post(run: Run, kafka_parts: None, tmp_path: Path) -> None:
    with Kafka(tmp_path / "kafka") as own:
        found = posting_first.times(own.bootstrap, tmp_path / "data", ALERTS)
    half, nearly_all = posting_first.percentile(found, 50), posting_first.percentile(found, 99)
    add(
        run,
        Line("publish to first post, automatic release, p50", f"{ALERTS} alerts, two a second", half, " ms"),
        Line("the same, p99; over the platform's own time", f"{ALERTS} alerts, two a second", nearly_all, " ms", 100),
    )


def _cpu_ms(work: Callable[[], object], times: int) -> float:
    work()
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(times):
            work()
        spent.append((time.process_time() - began) * 1000 / times)
    return middle(spent)


def test_one_alert(run: Run) -> None:
    library, settings = demo(), ComposeSettings()
    alert = a_hazard("boil-water")
    composed = _cpu_ms(lambda: compose(alert, library, settings, NOW, before=Before()), 50)
    lines = [Line("one alert composed: every channel, two languages", "boil water", composed, " ms")]
    if CORPUS.exists():
        files = sorted(CORPUS.glob("*/*.xml"), key=lambda path: path.stat().st_size)
        valid = [path.read_bytes() for path in files if path.parent.name in {"valid", "signed"}]
        median, largest = valid[len(valid) // 2], valid[-1]
        lines += [
            Line("intake of the median real file", f"{len(median):,} bytes", _cpu_ms(lambda: validate(median), 20),
                 " ms", 11),
            Line("intake of the largest real file", f"{len(largest):,} bytes", _cpu_ms(lambda: validate(largest), 1),
                 " ms", 150),
        ]  # fmt: skip
    add(run, *lines)
