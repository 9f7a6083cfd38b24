"""`tocsin compare`: what the dispatcher's door answers, in words and as JSON, and a sentence for every other answer."""

import json
import socket
from pathlib import Path

import pytest
from aiohttp import web

from services.cli import main as roof
from services.cli.errors import Code
from services.runtime.doors import announce, door_file
from tests.support.serving import served

pytestmark = pytest.mark.connected

FOUND = {"listed": 7, "known": 5, "duplicates": 1, "strangers": 2, "ended": 3}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOCSIN_KAFKA", "TOCSIN_DATA", "TOCSIN_REALM", "TOCSIN_CLI_DOORS"):
        monkeypatch.delenv(name, raising=False)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["tocsin", "compare", *words])
    with pytest.raises(SystemExit) as end:
        roof.main()
    return int(end.value.code or 0)


def dispatcher(request: web.Request) -> web.Response:
    """As `services.dispatch.app` answers; its door knows no other way."""
    if (request.method, request.path) != ("POST", "/compare"):
        return web.Response(status=404)
    return web.json_response(FOUND)


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_the_door_is_found_and_its_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(dispatcher) as url:
        announce(tmp_path / "drill", "dispatch/sms", {"private": url}, "0")
        assert run(monkeypatch, "sms", "--data", str(tmp_path), "--realm", "drill") == Code.DONE
        told = capsys.readouterr().out
        assert run(monkeypatch, "sms", "--data", str(tmp_path), "--realm", "drill", "--json") == Code.DONE
    assert told.startswith(
        "sms: 7 messages of two days stand on the list, 5 of them are the ledger's; 1 more came twice\n"
    )
    assert "2 are nobody's here, and of 3 only the list said how they ended" in told
    assert json.loads(capsys.readouterr().out) == {"channel": "sms", "realm": "drill", **FOUND}


def test_a_door_that_is_named_needs_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(dispatcher) as url:
        assert run(monkeypatch, "x", "--data", "/nowhere", "--door", url + "/") == Code.DONE


def test_any_replica_that_answers_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(dispatcher) as url:
        for replica, door in (("a", nobody()), ("b", url)):
            announce(tmp_path / "live", "dispatch/x", {"private": door}, replica)
        assert run(monkeypatch, "x", "--data", str(tmp_path)) == Code.DONE
        door_file(tmp_path / "live", "dispatch/x", "b").unlink()
        assert run(monkeypatch, "x", "--data", str(tmp_path)) == Code.MISSING


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (web.Response(status=500), Code.MISSING, "could not be read whole"),
        (web.Response(status=404), Code.MISSING, "no dispatcher's private door (it answers with 404)"),
        (web.json_response({"ready": True}), Code.WRONG, "no dispatcher's private door"),
        (web.Response(text="hello"), Code.MISSING, "does not answer at"),
    ],
)
def test_any_other_answer_is_a_sentence(
    answer: web.Response, code: Code, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(lambda _: answer) as url:
        assert run(monkeypatch, "sms", "--door", url) == code
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("sms", "--data", "/nowhere"), Code.MISSING, "dispatch/sms has no door in /nowhere/live"),
        (("sms", "--door", "127.0.0.1:9100"), Code.WRONG, "--door wants a URL"),
        (("pigeon",), Code.WRONG, "pigeon"),
    ],
)
def test_nobody_to_ask(
    words: tuple[str, ...], code: Code, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *words) == code
    assert says in capsys.readouterr().err


def test_a_door_that_is_shut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "sms", "--door", nobody()) == Code.MISSING
    assert "dispatch/sms does not answer at http://127.0.0.1" in capsys.readouterr().err
