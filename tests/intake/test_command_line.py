"""`tocsin validate`, `corpus` and `identifiers` as a program hears them."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from services.cli import main
from tests.cap.messages import boil_water
from tests.intake.desk import message


def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[Any]]:
    monkeypatch.setattr(sys, "argv", ["tocsin", *words])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0), [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_validate_says_one_object_with_line_and_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(boil_water(headline="THIS IS A TEST"))
    code, (told,) = said(monkeypatch, capsys, "validate", str(path), "--json")
    assert (code, told["file"], told["grade"], told["signature"]) == (0, str(path), "hold", "none")
    (finding,) = told["findings"]
    assert set(finding) == {"rule", "grade", "element", "line", "message"}
    assert (finding["rule"], finding["grade"], finding["element"]) == ("test-words", "hold", "headline")
    assert boil_water().decode().splitlines()[finding["line"] - 1].startswith("<headline>")


def test_corpus_says_one_line_a_file_and_knows_a_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "old" / "a.xml").write_bytes(message("a"))
    (tmp_path / "new" / "b.xml").write_bytes(message("b", 1, ("a", 0)))
    (tmp_path / "new" / "c.xml").write_bytes(message("c", 1, ("lost", 0)))
    (tmp_path / "new" / "junk.json").write_bytes(b"{")
    (tmp_path / "new" / "notes.txt").write_bytes(b"not an alert")
    code, told = said(monkeypatch, capsys, "corpus", str(tmp_path / "new"), "--json")
    assert (code, [one["grade"] for one in told]) == (0, ["accept", "accept", "refuse"])
    words = ("corpus", str(tmp_path / "new"), "--history", str(tmp_path / "old"), "--json")
    assert [one["grade"] for one in said(monkeypatch, capsys, *words)[1]] == ["accept", "hold", "refuse"]


def test_at_and_register_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, register = tmp_path / "a.xml", tmp_path / "publishers.yaml"
    path.write_bytes(boil_water())
    register.write_text("publishers: [{id: a, name: A, senders: [s]}]")
    words = ("validate", str(path), "--json", "--at", "2027-01-01T00:00:00+00:00", "--register", str(register))
    _, (told,) = said(monkeypatch, capsys, *words)
    assert {one["rule"] for one in told["findings"]} == {"expired", "unknown-sender"}


def test_identifiers_answers_each_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps({"text": text}) for text in ("Boil water.", "Patient Jonas Brandt is isolated.")]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines)))
    code, told = said(monkeypatch, capsys, "identifiers", "--json")
    assert (code, told) == (0, [{"findings": []}, {"findings": [{"kind": "name", "start": 8, "end": 20}]}])


def test_a_line_that_is_no_object_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("text"))
    assert said(monkeypatch, capsys, "identifiers", "--json") == (2, [])
