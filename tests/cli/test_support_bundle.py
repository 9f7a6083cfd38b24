"""`tocsin doctor --bundle`: whoever helps gets what they need, and nothing of anybody's."""

import io
import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.words import Realm
from services.cli.checks.finding import bad
from services.cli.checks.secret_values import secrets
from services.cli.context import Context
from services.cli.house.prepare import prepare
from services.cli.support import bundle as support
from services.cli.support.masking import log_line
from services.phonebook.book import open_phonebook
from services.phonebook.rows import Entry
from services.phonebook.settings import PhonebookSettings
from services.phonebook.writing import write

NUMBER, NAME, MAIL = "+12025550143", "Wilhelmina Featherstonehaugh", "wilhelmina@example.org"
TOKEN, PASSWORD = "planted-9f27c1d04be8", "pw-4c41e0aa71"
PLANTED = (NUMBER, NUMBER[1:], "202-555-0143", "Wilhelmina", "Featherstonehaugh", "wilhelmina", TOKEN, PASSWORD)
LOG = [
    {"event": "record.parked", "level": "error", "error": "ValueError", "origin": "alerts.incoming/3/17",
     "places": [f"/home/{NAME}/tocsin/services/intake/filing.py:88 take"], "says": f"{NAME} wrote"},
    {"event": f"no number for {NAME}", "level": "warning", "room": "audience", "number": NUMBER},
    {"event": "kafka.waiting", "topic": NUMBER, "reason": f"token {TOKEN}", "work": MAIL, "serial": 3},
    {"event": "room.started", "room": "intake", "token": TOKEN, "lineage": "ab" * 16, "topics_made": 4},
]  # fmt: skip


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)
    for name in secrets():
        monkeypatch.setenv(name, f"postgresql+psycopg://tocsin:{PASSWORD}@127.0.0.1/t" if "URL" in name else TOKEN)
    monkeypatch.setenv("TOCSIN_SMS_SENDER", NUMBER)
    monkeypatch.setenv("TOCSIN_SMS_ACCOUNT", NAME)
    monkeypatch.setenv("TOCSIN_SMS_BASE_URL", f"http://{TOKEN}@127.0.0.1:9")
    monkeypatch.setenv("TOCSIN_SMS_WINDOW", "48")
    made = Context(tmp_path / NAME)
    prepare(made, sandbox=True)
    book = open_phonebook(made.shared, PhonebookSettings())
    write(book, [Entry(NUMBER, ("en",), ("ferrow-north",), "2026-01-01", "test", NAME)], datetime.now(UTC))
    book.close()
    logs = made.home / "logs"
    logs.mkdir()
    lines = [*map(json.dumps, LOG), f"Traceback: {NAME} {NUMBER} {TOKEN}"]
    (logs / "intake.log").write_text("\n".join(lines) + "\n")
    return made


def contents(file: Path) -> dict[str, str]:
    with tarfile.open(file) as archive:
        found = {}
        for entry in archive.getmembers():
            part = archive.extractfile(entry)
            assert part is not None
            found[entry.name.removeprefix("tocsin-support/")] = io.TextIOWrapper(part).read()
        return found


def test_what_was_planted_is_nowhere_in_it(context: Context, tmp_path: Path) -> None:
    said = f"{context.data} says {NUMBER} (202) 555-0143, {MAIL}, {TOKEN}, {PASSWORD}"
    file = tmp_path / "support.tar.gz"
    support.write(context, file, [bad("phonebook", said, f"ask at {NUMBER}")])
    everything = "\n".join(f"{name}\n{text}" for name, text in contents(file).items())
    assert [each for each in PLANTED if each in everything] == []
    assert file.stat().st_mode & 0o077 == 0


def test_what_helps_is_in_it(context: Context, tmp_path: Path) -> None:
    file = tmp_path / "support.tar.gz"
    support.write(context, file, [bad("disk", "0.1 GB free", "make room")])
    found = contents(file)
    assert json.loads(found["versions.json"])["packages"]["tocsin"]
    assert json.loads(found["checks.json"])[0]["says"] == "0.1 GB free"
    settings = json.loads(found["settings.json"])
    assert settings["every room"]["TOCSIN_REALM"] == "default"
    lines = [json.loads(line) for line in found["logs/intake.log"].splitlines()]
    assert lines[0] == {
        "event": "record.parked", "level": "error", "error": "ValueError", "origin": "alerts.incoming/3/17",
        "places": ["intake/filing.py:88 take"],
    }  # fmt: skip
    assert lines[3] == {"event": "room.started", "room": "intake", "lineage": "ab" * 16, "topics_made": 4}
    assert json.loads(found["waiting.json"])["parked"] == "Kafka does not answer"


def test_times_ids_and_offsets_stay(context: Context) -> None:
    del context
    line = {"event": "x", "timestamp": "2026-11-24T18:00:01.123456Z", "correlation": "1f" * 16, "origin": "t/0/123456"}
    assert json.loads(log_line(json.dumps(line))) == line


def test_it_is_never_written_over_something(context: Context, tmp_path: Path) -> None:
    file = tmp_path / "support.tar.gz"
    file.write_text("kept")
    with pytest.raises(FileExistsError):
        support.write(context, file, [])
    assert file.read_text() == "kept"
    assert context.realm is Realm.LIVE
