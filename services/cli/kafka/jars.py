"""The broker's jars: from Maven Central by the lock file, each held to its SHA-256, kept in a per-user cache."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from maven_artifact import Artifact, Downloader
from requests import RequestException as TransportError

from services.cli.kafka.errors import KafkaError, KafkaUnavailableError

LOCK = Path(__file__).parents[3] / "deploy" / "kafka" / "jars.lock"
"""One jar a line: `group:artifact:version sha256`."""

Progress = Callable[[int, int], None]
"""Called with (jars that are there, jars in all), from the thread that asked for them."""

_LINE = re.compile(r"([\w.-]+):([\w.-]+):([\w.-]+) ([0-9a-f]{64})")
_AT_ONCE = 8
_ATTEMPTS = 3
_TIMEOUT = (10, 60)
"""Seconds to connect, and to wait for the next bytes."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """Its file name in the cache: the one that Maven gives it."""
        return f"{self.artifact}-{self.version}.jar"


def read_lock(lock: Path = LOCK) -> list[Jar]:
    """The jars of the lock file, in its order.

    Raises:
        KafkaError: A line is not `group:artifact:version sha256`.
    """
    jars = []
    for number, line in enumerate(lock.read_text(encoding="ascii").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        if not (found := _LINE.fullmatch(line)):
            raise KafkaError(f"{lock}, line {number}: expected `group:artifact:version sha256`, got {line!r}.")
        jars.append(Jar(*found.groups()))
    return jars


def default_cache() -> Path:
    """The per-user cache (XDG base directory specification), a folder for each lock so that versions never mix."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "tocsin" / f"kafka-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"


def ensure_jars(cache_dir: Path | None = None, progress: Progress | None = None) -> Path:
    """The folder that holds every jar of the lock; what is missing or damaged there is fetched.

    Every sum is checked every time (44 MB, about 0.1 s), and a jar gets its name only once its sum is right, so an
    interrupted download is never believed and several processes may do this at once.

    Raises:
        KafkaUnavailableError: A jar cannot be fetched.
        KafkaError: What came is not what the lock says.
    """
    cache = cache_dir or default_cache()
    cache.mkdir(parents=True, exist_ok=True)
    jars = read_lock()
    missing = [jar for jar in jars if _sum(cache / jar.name) != jar.sha256]
    report = progress or (lambda _there, _of: None)
    report(len(jars) - len(missing), len(jars))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="jars") as pool:
        fetches = [pool.submit(_fetch, jar, cache) for jar in missing]
        try:
            for there, fetch in enumerate(as_completed(fetches), start=len(jars) - len(missing) + 1):
                fetch.result()
                report(there, len(jars))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return cache


def classpath(folder: Path) -> str:
    """Java's class path of exactly the locked jars: a stray file in the cache is not run."""
    return os.pathsep.join(str(folder / jar.name) for jar in read_lock())


def _sum(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _fetch(jar: Jar, cache: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=f"{jar.name}.", suffix=".part", dir=cache)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _download(jar, file)
        if (found := _sum(part)) != jar.sha256:
            raise KafkaError(
                f"{jar.name} came with SHA-256 {found}, but {LOCK.name} says {jar.sha256}. It was thrown away and "
                "Kafka is not started: either the download was altered on its way, or the lock is wrong. Try again; if "
                "it stays, ask whoever keeps this repository.",
            )
        part.replace(cache / jar.name)
    except (TransportError, OSError) as error:
        raise KafkaUnavailableError(
            f"{jar.name} could not be fetched from Maven Central into {cache}: {error}. Check the network and the "
            "disk, or copy that folder from a machine that has it; then try again.",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _download(jar: Jar, file: IO[bytes]) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        file.seek(0)
        file.truncate()
        try:
            for block in _blocks(jar):
                file.write(block)
        except TransportError:
            if attempt == _ATTEMPTS:
                raise
        else:
            return


def _blocks(jar: Jar) -> Iterator[bytes]:
    # maven-artifact knows the repository and its layout. Its own download() prints, has no time-out and believes what
    # it gets, so only its resolver and its requestor are used.
    maven = Downloader()
    url = maven.resolver.uri_for_artifact(Artifact(jar.group, jar.artifact, jar.version))
    with maven.requestor.request(url, None, stream=True, timeout=_TIMEOUT) as answer:
        yield from answer.iter_content(1 << 16)
