"""The broker's jars are those of the lock, or Kafka is not started."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from requests import ConnectionError as NoConnectionError

from services.cli.kafka import KafkaError, KafkaUnavailableError, jars
from services.cli.kafka.jars import Jar, classpath, default_cache, ensure_jars, read_lock


class Central:
    """Stands in for the repository: answers with what it was given, and counts."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, jar: Jar) -> Iterator[bytes]:
        del jar
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, Exception):
            yield b"the first bytes"
            raise answer
        yield answer


@pytest.fixture
def lock_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A lock of one jar, whose content is b"right"."""
    lock = tmp_path / "jars.lock"
    lock.write_text(f"# one\norg.example:thing:1.0 {hashlib.sha256(b'right').hexdigest()}\n")
    monkeypatch.setattr(jars, "read_lock", lambda: read_lock(lock))
    return tmp_path / "cache"


def test_the_lock_is_whole() -> None:
    locked = read_lock()
    coordinates = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in locked}
    assert len(locked) == 46
    assert {"org.apache.kafka:kafka_2.13:4.3.1", "org.slf4j:slf4j-simple:1.7.36"} < coordinates
    assert len({jar.name for jar in locked}) == len({jar.sha256 for jar in locked}) == 46
    assert {jar.version for jar in locked if jar.group == "org.apache.kafka"} == {"4.3.1"}
    assert {jar.version for jar in locked if jar.group == "org.slf4j"} == {"1.7.36"}


@pytest.mark.parametrize(
    "line", ["org.example:thing 1234", "org.example:thing:1.0 beef", "org.example:thing:1.0", f"a:../../b:1 {'0' * 64}"]
)
def test_a_damaged_lock_stops_with_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "jars.lock").write_text(f"# one\n{line}\n")
    with pytest.raises(KafkaError, match=r"line 2: expected `group:artifact:version sha256`"):
        read_lock(tmp_path / "jars.lock")


def test_a_jar_is_fetched_once_and_then_believed(lock_of: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    central = Central(b"right")
    monkeypatch.setattr(jars, "_blocks", central)
    said: list[tuple[int, int]] = []
    assert ensure_jars(lock_of, lambda there, of: said.append((there, of))) == lock_of
    ensure_jars(lock_of)
    assert central.asked == 1
    assert said == [(0, 1), (1, 1)]
    assert [file.name for file in lock_of.iterdir()] == ["thing-1.0.jar"]
    assert classpath(lock_of) == str(lock_of / "thing-1.0.jar")


def test_a_wrong_sum_stops_and_leaves_nothing(lock_of: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_blocks", Central(b"wrong"))
    with pytest.raises(KafkaError, match=r"thing-1\.0\.jar came with SHA-256") as caught:
        ensure_jars(lock_of)
    assert not isinstance(caught.value, KafkaUnavailableError)  # which a test run may skip on, and this never
    assert list(lock_of.iterdir()) == []


def test_a_jar_that_was_altered_in_the_cache_is_fetched_anew(lock_of: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_blocks", Central(b"right"))
    lock_of.mkdir()
    (lock_of / "thing-1.0.jar").write_bytes(b"ri")  # as an interrupted copy leaves it
    ensure_jars(lock_of)
    assert (lock_of / "thing-1.0.jar").read_bytes() == b"right"


def test_a_broken_transfer_is_tried_again_from_its_beginning(lock_of: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_blocks", Central(NoConnectionError("reset"), b"right"))
    ensure_jars(lock_of)
    assert (lock_of / "thing-1.0.jar").read_bytes() == b"right"


def test_no_network_says_what_to_do(lock_of: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_blocks", Central(NoConnectionError("no route")))
    with pytest.raises(KafkaUnavailableError, match=r"no route\. Check the network"):
        ensure_jars(lock_of)
    assert list(lock_of.iterdir()) == []


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache().parent == tmp_path / "tocsin"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache().parent == tmp_path / ".cache" / "tocsin"
