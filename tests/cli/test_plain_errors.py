"""Whatever goes wrong, a person gets a sentence and a program an exit code; never a traceback."""

import json
from pathlib import Path

import pytest

from schemas.topics import ALARMS
from services.cli import context as contexts
from services.cli import main as roof
from services.cli.context import Context, kafka_file, read_kafka, write_kafka
from services.cli.errors import Code, Failure
from services.cli.files import content_type
from services.cli.verbs import GROUPS, VERBS, command
from tests.support.code import REPOSITORY

ALERT = str(REPOSITORY / "deploy" / "demo" / "boil-water.xml")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOCSIN_KAFKA", "TOCSIN_DATA", "TOCSIN_REALM"):
        monkeypatch.delenv(name, raising=False)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["tocsin", *words])
    with pytest.raises(SystemExit) as end:
        roof.main()
    return int(end.value.code or 0)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("nonsense",), Code.WRONG, "No such command 'nonsense'"),
        (("publish",), Code.WRONG, "say what to publish: FILE"),
        (("publish", "/nowhere.xml", "--data", "/nowhere"), Code.WRONG, "/nowhere.xml: No such file or directory"),
        (("publish", ALERT, "--data", "/nowhere"), Code.MISSING, "no Kafka is known in /nowhere"),
        (("validate", "/nowhere.xml"), Code.WRONG, "/nowhere.xml: No such file or directory"),
        (("status", "0" * 32, "--data", "/nowhere"), Code.MISSING, "record has no door"),
        (("brake", "on", "x", "--data", "/nowhere"), Code.MISSING, "there is no ledger"),
        (("brake", "on", "pigeon"), Code.WRONG, "pigeon"),
        (("kafka", "status", "--data", "/nowhere"), Code.MISSING, "no Kafka runs on /nowhere"),
        (("up", "--realm", "dream"), Code.WRONG, "dream"),
        (("demo", "--people", "0"), Code.WRONG, "people"),
    ],
)
def test_an_end_with_a_sentence(
    words: tuple[str, ...], code: Code, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *words) == code
    told = capsys.readouterr().err
    assert says in told
    assert told.startswith("tocsin: ")
    assert "Traceback" not in told


def test_a_mistake_of_ours_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("secret value")

    monkeypatch.setattr(roof, "command", lambda _words: broken)
    assert run(monkeypatch, "up") == Code.BUG
    told = capsys.readouterr().err
    assert "mistake in tocsin itself" in told
    assert "ZeroDivisionError" in told
    assert "secret value" not in told  # an unforeseen message may hold anything


def test_help_names_every_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--help") == 0
    told = " ".join(capsys.readouterr().out.split())
    for code in (Code.DONE, Code.NO, Code.WRONG, Code.MISSING, Code.TIMEOUT, Code.INTERRUPTED):
        assert f"{int(code)} " in told


def test_validate_accepts_and_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "validate", ALERT, "--json") == 0
    assert json.loads(capsys.readouterr().out)["grade"] == "accept"
    wrong = tmp_path / "wrong.xml"
    wrong.write_text(Path(ALERT).read_text().replace("<severity>Severe</severity>", ""))
    assert run(monkeypatch, "validate", str(wrong), "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["grade"] == "refuse"
    assert found["findings"][0]["element"].endswith("severity")


def test_preview_shows_texts_that_end_in_a_contact(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "preview", ALERT, "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert {(each["channel"], each["language"]) for each in made["renditions"]} == {
        (channel, language) for channel in ("x", "sms") for language in ("en", "es")
    }
    assert all("555-0142" in " ".join(each["parts"]) for each in made["renditions"] + made["withdrawals"])


def test_preview_of_a_cancel_wants_what_it_cancels(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cancel = ALERT.replace("boil-water.xml", "boil-water-cancel.xml")
    assert run(monkeypatch, "preview", cancel) == 1
    assert "nothing to take back" in capsys.readouterr().err
    assert run(monkeypatch, "preview", cancel, "--after", ALERT, "--json") == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "cancel"


def test_kafkas_address_is_left_whole_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_kafka(tmp_path, "127.0.0.1:4711")
    assert Context(tmp_path).kafka == "127.0.0.1:4711"
    assert Context(tmp_path).shared.kafka == "127.0.0.1:4711"
    monkeypatch.setenv("TOCSIN_KAFKA", "broker:9092")
    assert Context(tmp_path).kafka == "broker:9092"


def test_a_spoilt_address_file_is_said(tmp_path: Path) -> None:
    kafka_file(tmp_path).write_text("{")
    with pytest.raises(Failure, match="cannot be read"):
        read_kafka(tmp_path)


@pytest.mark.connected
def test_a_kafka_that_does_not_answer_is_said(tmp_path: Path) -> None:
    write_kafka(tmp_path, "127.0.0.1:9")
    with pytest.raises(Failure, match="Kafka does not answer") as end:
        Context(tmp_path).publish(ALARMS, "key", b"value")
    assert end.value.code is Code.MISSING


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<alert/>", "application/cap+xml"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><alert/>", "application/cap+xml"),
        (b'  {"identifier": 1}', "application/json"),
        (b"neither", "application/cap+xml"),
    ],
)
def test_the_first_bytes_say_which_form_it_is(content: bytes, kind: str) -> None:
    assert content_type(content) == kind


def test_json_or_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    contexts.Context().say("all is well", state="well")
    contexts.Context(as_json=True).say("all is well", state="well")
    assert capsys.readouterr().out == 'all is well\n{"state": "well"}\n'


@pytest.mark.parametrize("words", [[], ["nonsense"], ["--help"]])
def test_without_a_verb_all_are_there(words: list[str]) -> None:
    every = command(words)
    assert [each.name for each in every.registered_commands] == list(VERBS)
    assert [group.name for group in every.registered_groups] == list(GROUPS)


@pytest.mark.parametrize("verb", [*VERBS, *GROUPS])
def test_each_verb_has_help_of_its_own(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, verb, "--help") == 0
    assert f"tocsin {verb}" in capsys.readouterr().out
