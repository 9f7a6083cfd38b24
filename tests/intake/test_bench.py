"""CPU of reading and judging real files, and of refusing what is not one, beside a yardstick of the same machine."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.cap.read import read
from services.cap.reading import CapError
from services.intake import content
from services.intake.case import Case
from services.intake.validate import AFTER_SENT, validate
from tests.cap.messages import boil_water

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "data" / "cap"
MEGABYTE = 1024 * 1024
pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not there: {CORPUS}"),
]


def cpu(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of CPU, the best of some runs: what is measured is the work, not the neighbours."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def yardstick() -> float:
    """Seconds that a million additions take here."""
    return cpu(lambda: sum(range(1_000_000)))


def files() -> list[Path]:
    return sorted(path for folder in ("valid", "signed") for path in (CORPUS / folder).glob("*.xml"))


def test_the_median_real_file() -> None:
    reads, judges = [], []
    for path in files():
        data = path.read_bytes()
        reading = read(data)
        reads.append(cpu(lambda data=data: read(data)))  # type: ignore[misc]  # a default binds it
        case = lambda reading=reading: content.remarks(Case(reading, reading.alert.sent + AFTER_SENT))  # noqa: E731 - one use
        judges.append(cpu(case))
    read_ms, judge_ms = (statistics.median(spent) * 1000 for spent in (reads, judges))
    print(f"median of {len(reads)}: read {read_ms:.2f}, judged {judge_ms:.2f}, yardstick {yardstick() * 1000:.1f} ms")
    assert read_ms <= 1
    assert judge_ms <= 10


def test_the_largest_real_file() -> None:
    path = max(files(), key=lambda one: one.stat().st_size)
    data = path.read_bytes()
    spent = cpu(lambda: validate(data)) * 1000
    print(f"{len(data):,} bytes: read and judged in {spent:.0f} ms (yardstick {yardstick() * 1000:.1f} ms)")
    assert spent <= 150


LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha">' + b"".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'.encode() for n in range(1, 12)
).replace(b"&a0;", b"&a;") + b"]>"  # fmt: skip
BOMBS = {
    "a billion laughs": LAUGHS + boil_water(headline="&a11;"),
    "an external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + boil_water(headline="&x;"),
    "5 MB of nothing": b"\x00" * (5 * MEGABYTE),
    "5 MB of angle brackets": b"<" * (5 * MEGABYTE),
    "5 MB of open tags": b"<a>" * (5 * MEGABYTE // 3),
    "5 MB of attributes": b"<alert " + b'a="b" ' * (5 * MEGABYTE // 6) + b"/>",
    "5 MB of nested lists": b'{"info":' + b"[" * (5 * MEGABYTE - 10),
    "5 MB of digits": b'{"sent":' + b"9" * (5 * MEGABYTE - 10) + b"}",
    "as many tags as are read": b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
    + b"<x/>" * 49_000
    + b"</alert>",
    "as many attributes as are read": b"<alert " + b"".join(b'a%d="b" ' % n for n in range(49_000)) + b"/>",
    "6 MB": boil_water() + b" " * (6 * MEGABYTE),
}


@pytest.mark.parametrize("name", list(BOMBS))
def test_bombs_and_junk(name: str) -> None:
    data = BOMBS[name]

    def refuse() -> None:
        with pytest.raises(CapError):
            read(data)

    spent = cpu(refuse) * 1000
    peak = _memory(data)
    print(f"{name}: refused in {spent:.1f} ms, {peak / MEGABYTE:.0f} MB of memory at most")
    assert spent <= 50
    assert peak <= 100 * MEGABYTE


def _memory(data: bytes) -> int:
    """Bytes by which a fresh process grows while it refuses them, libxml2's among them."""
    source = (
        "import resource, sys\n"
        "from services.cap.read import read\n"
        "from services.cap.reading import CapError\n"
        "data = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    read(data)\nexcept CapError:\n    pass\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)\n"
    )
    ran = subprocess.run([sys.executable, "-c", source], input=data, capture_output=True, check=True, cwd=ROOT)
    return int(ran.stdout)
