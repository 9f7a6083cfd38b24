"""Wrong data of a place is refused with the file, the mistake and the setting, whichever room reads it."""

import importlib
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.compose.settings import HOME
from services.place.contacts import read_contacts, read_place
from services.place.jurisdiction import read_jurisdiction
from services.place.reading import DataError

SHIPPED = sorted((HOME / "deploy" / "jurisdictions").glob("*.yaml"))
DEMO: dict[str, Any] = yaml.safe_load((HOME / "deploy" / "jurisdictions" / "demo.yaml").read_text("utf-8"))
CONTACTS = HOME / "templates" / "contacts"
SETTING = "TOCSIN_X_JURISDICTION"


def written(folder: Path, content: object, name: str = "place.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return path


def renamed(key: str) -> dict[str, Any]:
    """The demo's file with one key misspelt, as one would after an upgrade that calls it otherwise."""
    return {f"{name}s" if name == key else name: value for name, value in DEMO.items()}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_place_that_is_shipped_is_right(path: Path) -> None:
    place, contacts = read_place(path, CONTACTS, SETTING)
    assert place.all_contacts <= contacts.keys()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"timezone": "America/Ferrow"}, "timezone: no time zone is called America/Ferrow"),
        ({"languages": ["en", "es", "fr"]}, "no wording in fr"),
        ({"page": "http://alerts.ferrow.example/"}, "page"),
        ({"areas": [area for area in DEMO["areas"] if "whole" not in area]}, "one area, and only one, is the whole"),
        ({"areas": [DEMO["areas"][0], DEMO["areas"][1], DEMO["areas"][1]]}, "two areas have one code"),
        ({"accounts": {"fax": {"name": "x"}}}, "accounts.fax"),
        ({"areas": [{**DEMO["areas"][0], "colour": "red"}]}, "areas.0.colour is a word that nothing reads"),
    ],
)
def test_a_wrong_jurisdiction_names_its_mistake(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = written(tmp_path, {**DEMO, **change})
    with pytest.raises(DataError) as caught:
        read_jurisdiction(path, SETTING)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert SETTING in str(caught.value)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"- a list"])
def test_what_is_no_jurisdiction_at_all_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "place.yaml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=str(path)):
        read_jurisdiction(path, SETTING)


def test_a_file_that_is_not_there_or_a_folder_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"is not there; check {SETTING}"):
        read_jurisdiction(tmp_path / "nowhere.yaml", SETTING)
    with pytest.raises(DataError, match=f"cannot be read .*; check {SETTING}"):
        read_jurisdiction(tmp_path, SETTING)


def test_a_contact_that_is_named_and_not_there_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, {**DEMO, "contacts": {"hotline": ["ferrow-hotline", "nobody"]}})
    with pytest.raises(DataError, match=f"names the contact nobody for hotline.*{SETTING}"):
        read_place(path, CONTACTS, SETTING)


def test_two_contacts_of_one_id_are_refused(tmp_path: Path) -> None:
    found = yaml.safe_load((CONTACTS / "ferrow.yaml").read_text("utf-8"))[:1]
    written(tmp_path, found, "a.yaml")
    written(tmp_path, found, "b.yaml")
    with pytest.raises(DataError, match=r"b\.yaml: a contact of the id ferrow-hotline is there already"):
        read_contacts(tmp_path)


@pytest.mark.parametrize("room", ["compose", "receipts", "record"])
@pytest.mark.parametrize("key", ["timezone", "emergency_number", "contacts", "languages"])
def test_a_key_that_is_renamed_stops_every_room_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], room: str, key: str
) -> None:
    setting = f"TOCSIN_{room.upper()}_JURISDICTION"
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN", "t")
    monkeypatch.setenv(setting, str(written(tmp_path, renamed(key))))
    with pytest.raises(SystemExit) as stopped:
        importlib.import_module(f"services.{room}.app").build()
    says = capsys.readouterr().err
    assert stopped.value.code == 2
    assert setting in says
    assert f"{key}s is a word that nothing reads" in says


@pytest.mark.parametrize("room", ["compose", "receipts"])
def test_contacts_of_ones_own_are_read_where_the_room_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], room: str
) -> None:
    """A place with a hotline that only its own folder has: without the folder's setting the room stops."""
    shutil.copytree(HOME / "templates", tmp_path / "templates")
    own = yaml.safe_load((CONTACTS / "ferrow.yaml").read_text("utf-8"))[0]
    written(tmp_path / "templates" / "contacts", [{**own, "id": "our-hotline"}], "ours.yaml")
    place = written(tmp_path, {**DEMO, "contacts": {**DEMO["contacts"], "hotline": "our-hotline"}})
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN", "t")
    monkeypatch.setenv(f"TOCSIN_{room.upper()}_JURISDICTION", str(place))
    build = importlib.import_module(f"services.{room}.app").build
    with pytest.raises(SystemExit):
        build()
    assert "names the contact our-hotline for hotline" in capsys.readouterr().err
    monkeypatch.setenv(f"TOCSIN_{room.upper()}_TEMPLATES", str(tmp_path / "templates"))
    built = build()
    built.close()
    assert built.name == room
