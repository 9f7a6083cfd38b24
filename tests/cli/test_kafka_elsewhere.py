"""`tocsin kafka status` and `up` where Kafka is not the data folder's own: Compose's, or a managed one."""

import asyncio
import json
import socket
from pathlib import Path

import pytest

from schemas.words import Realm
from services.cli import main as roof
from services.cli.context import write_kafka
from services.cli.errors import Code
from services.cli.kafka import Kafka
from services.cli.kafka.settings import Ports, properties
from services.runtime import topics


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOCSIN_KAFKA", "TOCSIN_DATA", "TOCSIN_REALM"):
        monkeypatch.delenv(name, raising=False)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["tocsin", "kafka", *words])
    with pytest.raises(SystemExit) as end:
        roof.main()
    return int(end.value.code or 0)


@pytest.mark.connected
def test_a_broker_elsewhere_is_asked_and_not_the_folder(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(topics.ensure(kafka.bootstrap, Realm.DRILL))
    monkeypatch.setenv("TOCSIN_KAFKA", kafka.bootstrap)
    assert run(monkeypatch, "status", "--data", str(tmp_path), "--realm", "drill", "--json") == Code.DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["servers"], found["controller"], found["nodes"]) == (kafka.bootstrap, 1, [kafka.bootstrap])
    assert found["missing"] == []
    assert found["topics"] >= len(topics.wanted(Realm.DRILL))
    assert len(found["cluster"]) == 22  # 16 bytes in base64url, as `kafka-storage format` was given them


@pytest.mark.connected
def test_what_up_has_left_of_anothers_broker_is_asked_too(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_kafka(tmp_path, kafka.bootstrap)
    assert run(monkeypatch, "status", "--data", str(tmp_path)) == Code.DONE
    assert f"Kafka runs at {kafka.bootstrap}: cluster" in capsys.readouterr().out


@pytest.mark.connected
def test_a_broker_that_does_not_answer_invites_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{probe.getsockname()[1]}"
    monkeypatch.setenv("TOCSIN_KAFKA", nobody)
    assert run(monkeypatch, "status", "--data", str(tmp_path)) == Code.MISSING
    told = capsys.readouterr().err
    assert f"Kafka at {nobody} does not answer" in told
    assert "kafka up" not in told


def test_no_second_one_is_started_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOCSIN_KAFKA", "kafka:9092")
    assert run(monkeypatch, "up", "--data", str(tmp_path)) == Code.WRONG
    assert "TOCSIN_KAFKA names Kafka at kafka:9092" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_folders_own_that_has_ended_is_to_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kafka"
    folder.mkdir()
    (folder / "server.properties").write_text(properties(folder / "data", Ports(9999, 9998), {}))
    write_kafka(tmp_path, "127.0.0.1:9999")
    monkeypatch.setenv("TOCSIN_KAFKA", "127.0.0.1:9999")
    assert run(monkeypatch, "status", "--data", str(tmp_path)) == Code.MISSING
    assert "start one with `tocsin kafka up`" in capsys.readouterr().err
