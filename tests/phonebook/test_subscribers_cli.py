"""`tocsin subscribers`, as somebody types it."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.cli.errors import Failure
from services.cli.subscribers.verbs import app
from tests.phonebook.books import HEADER, number, row

DEMO = Path(__file__).parents[2] / "deploy" / "jurisdictions" / "demo.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("TOCSIN_REALM", raising=False)
    return tmp_path


def run(*words: str, typed: str = "", status: int = 0) -> Result:
    result = CliRunner().invoke(app, list(words), input=typed)
    code = result.exception.code if isinstance(result.exception, Failure) else result.exit_code
    assert code == status, result.output
    return result


def sentence(*words: str, typed: str = "") -> str:
    """What `tocsin` says on standard error when the verb ends with status 2."""
    return str(run(*words, typed=typed, status=2).exception)


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_from_nothing_to_forgotten(folder: Path) -> None:
    assert "tocsin subscribers init" in sentence("count")
    run("init")
    assert lines(run("init", "--json"))[0]["made"] is False
    (folder / "people.csv").write_text("\n".join([HEADER, row(1), row(2, "es"), "14155550123,en,north,2026-03-01,web"]))
    first = run("import", str(folder / "people.csv"), "--dry-run", status=1)
    assert "Nothing was changed" in first.stdout
    assert "14155550123" not in first.output
    assert lines(run("count", "--json"))[0]["people"] == 0
    refused, counts = lines(run("import", str(folder / "people.csv"), "--json", status=1))
    assert refused["refused"] == {
        "row": 4, "column": "number", "why": "the leading + is missing, so the country is unknown",
        "cure": refused["refused"]["cure"],  # type: ignore[index] # asserted to be an object by the comparison
    }  # fmt: skip
    assert (counts["rows"], counts["new"], counts["refused"]) == (3, 2, 1)
    assert lines(run("count", "--json", "--area", "north", "--language", "en", "--language", "es")) == [
        {"people": 2, "by_language": {"en": 1, "es": 1}, "by_area": {"north": 2}, "opted_out": 0}
    ]
    assert lines(run("forget", "-", "--json", typed=f"{number(1)}\n\n{number(9)}\nnobody\n", status=1))[-1] == {
        "forgotten": 1, "unknown": 1, "refused": 1,
    }  # fmt: skip
    run("export", str(folder / "out.csv"))
    assert stat.S_IMODE((folder / "out.csv").stat().st_mode) == 0o600
    exported = (folder / "out.csv").read_text()
    assert number(2) in exported
    assert number(1) not in exported
    assert "already" in sentence("export", str(folder / "out.csv"))
    assert lines(run("rotate", "--json"))[0]["moved"] == 1
    assert run("export", "-").stdout == exported


def test_standard_input_another_realm_and_the_jurisdictions_areas(folder: Path) -> None:
    run("init", "--realm", "drill")
    typed = "\n".join([HEADER, row(1, areas="ferrow-north"), row(2, areas="atlantis")])
    said = run("import", "-", "--realm", "drill", "--jurisdiction", str(DEMO), typed=typed, status=1)
    assert "its areas are ferrow, ferrow-centre, ferrow-east, ferrow-north, ferrow-south, ferrow-west" in said.stdout
    assert (folder / "data" / "drill" / "phonebook.db").exists()
    assert not (folder / "data" / "live").exists()


@pytest.mark.parametrize("verb", ["import", "export", "forget"])
def test_a_number_as_an_argument_is_refused_and_not_repeated(folder: Path, verb: str) -> None:
    del folder
    run("init")
    said = sentence(verb, "--", "+1 415 555 0123")
    assert "never stands in an argument" in said
    assert "0123" not in said


def test_usage(folder: Path) -> None:
    run("init")
    assert "No such file" in sentence("import", str(folder / "none.csv"))
    assert "lacks number" in sentence("import", "-", typed="hello\n")
    assert "is not there; check --jurisdiction" in sentence("import", "-", "--jurisdiction", str(folder / "none"))


def test_lost_keys_are_never_replaced_by_new_ones(folder: Path) -> None:
    run("init")
    (folder / "data" / "live" / "phonebook.keys.json").unlink()
    assert "put the keys back" in sentence("init")
    assert not (folder / "data" / "live" / "phonebook.keys.json").exists()
