"""The register of publishers: read once, strictly, by each of the two rooms that need it."""

import importlib
from pathlib import Path

import pytest

from services.compose.settings import HOME
from services.place.publishers import Publisher, read_publishers, register_of

REGISTER = HOME / "deploy" / "publishers.yaml"


def test_the_register_of_the_repository_is_right() -> None:
    register = read_publishers(REGISTER, "TOCSIN_X_PUBLISHERS")
    water = register.of("alerts@water.ferrow.example")
    assert water is not None
    assert register.get(water.id) is water
    assert register.get("nobody") is register.of("nobody@nowhere.example") is None


def test_who_wants_no_answers_has_no_topic() -> None:
    quiet = Publisher(id="quiet", name="Quiet", senders=("q@q.example",), answers="none")
    loud = Publisher(id="loud", name="Loud", senders=("l@l.example",))
    assert register_of((quiet, loud)).on_topics == ("loud",)


@pytest.mark.parametrize("room", ["intake", "agency"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "publishers: [{id: a, name: A, senders: [s], answer: cap}]",
            "publishers.0.answer is a word that nothing reads",
        ),
        ("publishers: [{id: a, name: A}]", "publishers.0.senders is missing"),
        (
            "publishers: [{id: a, name: A, senders: [s]}, {id: b, name: B, senders: [s]}]",
            "gives the sender s to a and b",
        ),
        ("publishers: [{id: a, name: A, senders: [s], keys: [abc]}]", "a key is sha256:"),
        ("publishers: [{id: a, name: A, senders: [s], geocodes: [SAME]}]", "for example SAME=006037"),
    ],
)
def test_a_wrong_register_stops_both_rooms_and_names_the_setting(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    room: str,
    *,
    text: str,
    says: str,
) -> None:
    setting, path = f"TOCSIN_{room.upper()}_PUBLISHERS", tmp_path / "publishers.yaml"
    path.write_text(text)
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv(setting, str(path))
    with pytest.raises(SystemExit) as stopped:
        importlib.import_module(f"services.{room}.app").build()
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert str(path) in said
    assert setting in said
    assert says in said
