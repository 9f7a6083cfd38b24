"""The machine: Java and Kafka's jars, disk, clock, open files, and what its kernel can bound."""

import ctypes
import resource
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from services.cli.checks.finding import Found, bad, good, mind
from services.cli.kafka import KafkaError, find_java
from services.cli.kafka.jars import default_cache, read_lock

_RUNBOOK = "deploy/runbook.md#tocsindiskalmostfull"
GIGABYTE = 1_000_000_000
#: A day's alerts, logs and Kafka together stay far below; with less a full disk is near.
LITTLE, TOO_LITTLE = 2 * GIGABYTE, GIGABYTE // 5
#: W requests, Kafka's connections and files of the largest room, several times over.
OPEN_FILES = 1024
#: <sys/timex.h>: adjtimex answers TIME_ERROR while the clock is not synchronised.
_TIME_ERROR = 5
_TIMEX_BYTES = 512


def look(data: Path, *, kafka_named: bool) -> Iterator[Found]:
    """Everything about this machine; Java and jars only matter where Kafka is started here."""
    if not kafka_named:
        yield _java()
        yield _jars()
    yield _disk(data)
    yield _clock()
    yield _suspended_time()
    yield _kernel_bounds()
    yield _open_files()


def _java() -> Found:
    try:
        return good("java", f"{find_java()}")
    except KafkaError as error:
        return bad("java", str(error), "make setup")


def _jars() -> Found:
    cache = default_cache()
    missing = [jar.name for jar in read_lock() if not (cache / jar.name).exists()]
    if missing:
        return mind("jars", f"{len(missing)} of Kafka's jars are not in {cache} yet", "tocsin kafka up fetches them")
    return good("jars", f"all of Kafka's jars are in {cache}")


def _disk(data: Path) -> Found:
    place = next(folder for folder in (data.resolve(), *data.resolve().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    says = f"{free / GIGABYTE:.1f} GB free at {place}"
    if free < TOO_LITTLE:
        return bad(
            "disk",
            says,
            f"make room now: {_RUNBOOK} says which files may go; start no Kafka before",
        )
    return mind("disk", says, f"make room soon: {_RUNBOOK}") if free < LITTLE else good("disk", says)


def _clock() -> Found:
    """Expiry and signatures are judged by the wall clock."""
    if sys.platform != "linux":
        return mind("clock", "whether this clock is synchronised cannot be seen here", "see to it that NTP is on")
    answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if answer == _TIME_ERROR or answer < 0:
        return mind("clock", "the kernel does not say that this clock is synchronised", "see to it that NTP is on")
    return good("clock", "synchronised")


def _suspended_time() -> Found:
    if hasattr(time, "CLOCK_BOOTTIME") or sys.platform == "darwin":
        return good("suspend", "durations count the time that the machine was suspended")
    return mind(
        "suspend", "no clock here counts suspended time: a machine that sleeps may send twice", "never suspend it"
    )


def _kernel_bounds() -> Found:
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        return good("kernel", "TCP_USER_TIMEOUT bounds a request even when its process is killed")
    return mind(
        "kernel", "there is no TCP_USER_TIMEOUT here: a request of a killed process may arrive late",
        "run dispatchers on Linux in production",
    )  # fmt: skip


def _open_files() -> Found:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < OPEN_FILES:
        return mind("files", f"a process may open {limit} files", f"ulimit -n {OPEN_FILES}")
    return good("files", f"a process may open {limit} files")
