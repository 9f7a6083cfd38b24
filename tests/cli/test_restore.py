"""`tocsin restore` where something is in its way: it says so, changes nothing or all, and no room starts on half."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from schemas.words import Realm
from services.approve.settings import ApproveSettings
from services.approve.tables import metadata as approve_tables
from services.cli import backup as backing
from services.cli import main as roof
from services.cli import restore as restoring
from services.cli.context import Context
from services.cli.copies import belonging, keys_file, last, making, manifest, marks, putting_back, ring, stores
from services.cli.copies.manifest import Manifest, StoreCopy
from services.cli.copies.stores import PHONEBOOK, Place
from services.cli.errors import Code, Failure
from services.cli.house.prepare import prepare
from services.cli.house.rooms import ROOMS
from services.phonebook.keys import Keyring
from services.runtime.doors import announce
from services.runtime.lock import hold
from services.runtime.opening import PASSES, open_store
from services.runtime.settings import SharedSettings
from services.runtime.store import Store

AWAY = "postgresql+psycopg://tocsin:a-secret@127.0.0.1:9/postgres"
NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)
GROUP = {"live.record.alerts.accepted": {"alerts.accepted": {"0": 7}}}


def backup(context: Context, folder: Path, **more: Any) -> None:
    backing.backup(folder, data=context.data, realm=Realm.LIVE, **more)


def restore(context: Context, folder: Path, **more: Any) -> None:
    more = {"without_kafka": True, "as_json": True} | more
    restoring.restore(folder, data=context.data, realm=context.realm, **more)


def refused(context: Context, folder: Path, **more: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        restore(context, folder, **more)
    return caught.value


def without_store(context: Context, *rooms: str) -> list[Place]:
    found = list(stores.places(context))
    for place in found:
        if place.room in rooms and place.file is not None:
            place.file.unlink()
    return found


class Later(datetime):
    """A person has read what went wrong: the clock of what is typed again."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "datetime":  # type: ignore[override]
        return datetime.now(tz) + timedelta(minutes=5)


def content(context: Context) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in context.home.glob("*.db")}


def unmarked(context: Context) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
            patch.delenv(name)
        return marks.unfinished(context) == []


def changed(copy: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """A manifest that says something else; it is not among the files whose hash it holds."""
    path = copy / manifest.MANIFEST
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))


# --- a backup that is not the house ---


def test_a_room_with_a_door_and_no_store_is_missed(context: Context, tmp_path: Path) -> None:
    """Typical: the backup runs where the rooms' settings are not."""
    without_store(context, "record", "dispatch/sms")
    announce(context.home, "record", {"private": "http://127.0.0.1:1"}, "0")
    with pytest.raises(Failure, match=r"stores of record, .*set TOCSIN_RECORD_DATABASE_URL") as caught:
        backup(context, tmp_path / "backups")
    assert caught.value.code is Code.MISSING
    assert list((tmp_path / "backups").iterdir()) == []
    assert last.read(context.home) is None


def test_a_room_that_was_given_up_can_be_left_out(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    without_store(context, "record")
    announce(context.home, "record", {"private": "http://127.0.0.1:1"})
    backup(context, tmp_path / "backups", without=["record"])
    assert "record has no store: Prometheus does not hear of this backup" in capsys.readouterr().out


def test_a_small_house_is_a_whole_one(context: Context, tmp_path: Path) -> None:
    """Rooms that were never started left no trace, neither here nor in Kafka."""
    without_store(context, "agency", "record", "receipts")
    backup(context, tmp_path / "backups")
    made = manifest.read(manifest.newest(tmp_path / "backups", Realm.LIVE))
    assert len(made.stores) == len(ROOMS) + 1 - 3


def test_a_room_that_kafka_knows_is_missed(context: Context) -> None:
    found = list(stores.places(context))
    others = {place.room for place in found} - {"record", "agency"}
    assert [place.room for place in belonging.lacking(context, found, others, GROUP)] == ["record"]
    assert belonging.lacking(context, found, others, {}) == []


def test_a_file_beside_postgresql_is_missed_where_kafka_cannot_say(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    for room in ("INTAKE", "APPROVE"):
        monkeypatch.setenv(f"TOCSIN_{room}_DATABASE_URL", AWAY)
    found = list(stores.places(context))
    copied = {"intake"}
    missed = {place.room for place in belonging.lacking(context, found, copied, None)}
    assert missed == {place.room for place in found} - {"intake", "approve"}
    assert belonging.lacking(context, found, copied, {}) == []


def test_the_phonebook_is_missed_beside_a_room_that_needs_it(context: Context, tmp_path: Path) -> None:
    without_store(context, PHONEBOOK)
    with pytest.raises(Failure, match=r"stores of phonebook, .*set TOCSIN_PHONEBOOK_URL"):
        backup(context, tmp_path / "backups")


def test_nothing_to_copy_leaves_nothing(tmp_path: Path, context: Context) -> None:
    shutil.rmtree(context.home)
    with pytest.raises(Failure, match="there is nothing to copy"):
        backup(context, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


# --- settings and servers ---


def no_backup(context: Context, copy: Path) -> Failure:
    with pytest.raises(Failure) as caught:
        backup(context, copy.with_name("backups"))
    return caught.value


@pytest.mark.parametrize("verb", [no_backup, refused])
def test_a_setting_that_is_no_url_is_named_and_its_value_is_not(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: Callable[[Context, Path], Failure]
) -> None:  # fmt: skip
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    monkeypatch.setenv("TOCSIN_SMS_DATABASE_URL", "postgresql:a-secret@somewhere")
    failure = verb(context, tmp_path / "copy")
    assert "TOCSIN_SMS_DATABASE_URL: a store's URL cannot be read" in str(failure)
    assert "a-secret" not in str(failure)
    assert failure.code is Code.WRONG
    monkeypatch.delenv("TOCSIN_SMS_DATABASE_URL")
    monkeypatch.setenv("TOCSIN_SMS_DATABASE_URL_FILE", str(tmp_path / "nothing"))
    failure = verb(context, tmp_path / "copy")
    assert f"TOCSIN_SMS_DATABASE_URL_FILE: {tmp_path / 'nothing'}: No such file" in str(failure)


def test_a_server_that_is_away_is_said(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    monkeypatch.setenv("TOCSIN_SMS_DATABASE_URL", AWAY)
    failure = refused(context, tmp_path / "copy", over=True)
    assert "nothing has been changed: connection" in str(failure)
    assert failure.code is Code.MISSING
    assert unmarked(context)


def test_a_copy_of_another_kind_is_refused_before_any_store_is_touched(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Record's is the last of them."""
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    changed(tmp_path / "copy", lambda raw: raw["stores"][-1].update(kind="postgresql"))
    before = content(context)
    failure = refused(context, tmp_path / "copy", over=True)
    assert "the copy of record is of postgresql, and TOCSIN_RECORD_DATABASE_URL names sqlite" in str(failure)
    assert content(context) == before


def test_a_form_that_is_not_known_is_refused(context: Context, tmp_path: Path) -> None:
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    changed(tmp_path / "copy", lambda raw: raw.update(v=99))
    assert "is of another form (99)" in str(refused(context, tmp_path / "copy", over=True))


def test_a_store_of_a_newer_version_is_refused_before_any_store_is_touched(context: Context, tmp_path: Path) -> None:
    with closing(sqlite3.connect(context.home / "record.db")) as database:
        database.execute("UPDATE structure SET newest = 99, oldest = 99")
        database.commit()
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    before = content(context)
    assert "the copy of record is of a newer version" in str(refused(context, tmp_path / "copy", over=True))
    assert content(context) == before


def test_a_store_that_is_not_known_here_is_refused(context: Context, tmp_path: Path) -> None:
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    changed(tmp_path / "copy", lambda raw: raw["stores"][-1].update(room="tomorrow"))
    assert "a store of tomorrow, of which this version knows nothing" in str(refused(context, tmp_path / "copy"))


# --- half a house ---


@pytest.fixture
def broken_off(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Failure:
    """A restore whose fourth store cannot be written."""
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    work = putting_back._put_back

    def full(place: Place, *args: Any) -> str | None:
        if place.room == "approve":
            raise OSError(28, "No space left on device")
        return work(place, *args)

    with monkeypatch.context() as patch:
        patch.setattr(putting_back, "_put_back", full)
        return refused(context, tmp_path / "copy", over=True)


def test_half_a_house_says_so_and_is_closed(
    context: Context, tmp_path: Path, broken_off: Failure, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    number = len(ROOMS) + 1
    assert f"4 of {number} stores are replaced, and that of approve could not be" in str(broken_off)
    assert "do not start the house" in str(broken_off)
    assert len(marks.unfinished(context)) == number
    shared = SharedSettings(data=context.data)
    for _ in range(2):  # replaced or not
        with pytest.raises(SystemExit) as ended:
            open_store(shared, ApproveSettings(), "approve", approve_tables)
        assert ended.value.code == PASSES
        assert "approve: a restore of this store is not finished" in capsys.readouterr().err
    with pytest.raises(Failure, match="a restore of this store is not finished"):
        prepare(context, sandbox=True)
    with pytest.raises(Failure, match="no backup was made: a restore of phonebook is not finished"):
        backup(context, tmp_path / "backups")
    assert "a restore has broken off here" in str(refused(context, tmp_path / "copy"))


def test_another_verb_on_half_a_house_gets_the_sentence(
    context: Context, broken_off: Failure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    del broken_off
    monkeypatch.setattr("sys.argv", ["tocsin", "brake", "on", "sms", "--data", str(context.data)])
    with pytest.raises(SystemExit) as ended:
        roof.main()
    assert ended.value.code == Code.WRONG
    assert capsys.readouterr().err.startswith("tocsin: a restore of this store is not finished")


def test_typed_again_it_is_whole(
    context: Context, tmp_path: Path, broken_off: Failure, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    del broken_off
    monkeypatch.setattr(restoring, "datetime", Later)
    restore(context, tmp_path / "copy", over=True)
    answer = json.loads(capsys.readouterr().out)
    assert unmarked(context)
    for place in stores.places(context):
        Store(place.url, place.tables).close()
    for where in answer["kept"].values():  # what was kept aside is a store like any other
        with closing(sqlite3.connect(where)) as old:
            assert old.execute("SELECT count(*) FROM sqlite_master WHERE name = 'restoring'").fetchone() == (0,)


def test_what_fails_after_the_stores_keeps_the_house_closed(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    making.make(context, tmp_path / "copy", NOW, lambda: None)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(last, "note", full)
    failure = refused(context, tmp_path / "copy", over=True)
    assert f"all {len(ROOMS) + 1} stores are replaced, and then something has failed" in str(failure)
    assert marks.unfinished(context)


def test_where_the_first_store_cannot_be_written_nothing_has_changed(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    shutil.rmtree(context.home)

    def full(*_: object) -> None:
        raise OperationalError("INSERT", None, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(putting_back, "_put_back", full)
    assert "nothing has been changed: database or disk is full" in str(refused(context, tmp_path / "copy"))
    assert list(context.home.glob("*.db")) == []


def test_a_store_is_never_away_for_a_moment(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Killed at its last step: the old store stands there, and not none, with which a room would begin anew."""
    making.make(context, tmp_path / "copy", NOW, lambda: None)

    def killed(_: Path, target: Path) -> Path:
        raise KeyboardInterrupt(target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        restore(context, tmp_path / "copy", over=True)
    assert {place.room for place in stores.places(context)} == set(marks.unfinished(context))


# --- keys ---


@pytest.fixture
def keys(context: Context, tmp_path: Path) -> Path:
    backup(context, tmp_path / "backups", keys=tmp_path / "keys.tar.gz")
    return tmp_path / "keys.tar.gz"


def anew(context: Context) -> None:
    """The disk was lost, and a house was started before anything was restored."""
    shutil.rmtree(context.home)
    prepare(context, sandbox=True)


def test_keys_of_another_phonebook_are_refused_before_anything_changes(
    context: Context, tmp_path: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    ring = context.home / "phonebook.keys.json"
    fingerprint = Keyring(ring).fingerprint
    anew(context)
    before, other = content(context), ring.read_bytes()
    assert "stored under other keys than those in" in str(refused(context, tmp_path / "backups", over=True))
    failure = refused(context, tmp_path / "backups", keys=keys)
    assert (content(context), ring.read_bytes()) == (before, other)
    assert f"{ring} holds the keys of another phonebook: --over" in str(failure)
    capsys.readouterr()
    restore(context, tmp_path / "backups", keys=keys, over=True)
    assert Keyring(ring).fingerprint == fingerprint
    assert [each.read_bytes() for each in context.home.glob("phonebook.keys.json.before-restore-*")] == [other]
    assert {"keys/approve.pem", "bundle.json"} <= set(json.loads(capsys.readouterr().out)["differ"])


def test_a_copy_out_of_postgresql_says_which_keys_it_needs(tmp_path: Path) -> None:
    """As COPY writes the table of the phonebook's own words."""
    (tmp_path / PHONEBOOK).mkdir()
    (tmp_path / PHONEBOOK / "phonebook_about.copy").write_text("made\t2026\nhash_key\tabc\n")
    book = StoreCopy(PHONEBOOK, "postgresql", 2, {"phonebook_about": 2})
    assert ring.wanted(tmp_path, Manifest(Realm.LIVE, NOW, "1", (book,), None)) == "abc"


def test_a_file_of_other_keys_is_refused(context: Context, tmp_path: Path, keys: Path) -> None:
    anew(context)
    backup(context, tmp_path / "others", keys=tmp_path / "others.tar.gz")
    shutil.rmtree(context.home)
    failure = refused(context, tmp_path / "backups", keys=tmp_path / "others.tar.gz")
    assert "stored under other keys than those in --keys" in str(failure)
    assert not context.home.exists() or not list(context.home.glob("*.db"))
    restore(context, tmp_path / "backups", keys=keys)


def test_no_key_is_put_back_beside_a_house_that_runs(context: Context, tmp_path: Path, keys: Path) -> None:
    (context.home / "keys" / "approve.pem").unlink()
    descriptor = hold(context.home / "record.db")
    try:
        assert "nothing has been changed" in str(refused(context, tmp_path / "backups", keys=keys, over=True))
    finally:
        os.close(descriptor)
    assert not (context.home / "keys" / "approve.pem").exists()


def test_keys_that_lie_elsewhere_are_among_them(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    elsewhere = {"APPROVE_ENGINE_KEY_FILE": "keys/approve.pem", "AGENCY_KEYS": "agency-keys.yaml"}
    files = {name: tmp_path / name.lower() for name in elsewhere}
    for name, file in files.items():
        (context.home / elsewhere[name]).replace(file)
        monkeypatch.setenv(f"TOCSIN_{name}", str(file))
    before = {name: file.read_bytes() for name, file in files.items()}
    backup(context, tmp_path / "backups", keys=tmp_path / "keys.tar.gz")
    assert "not among them" not in capsys.readouterr().out
    for file in files.values():
        file.unlink()
    restore(context, tmp_path / "backups", keys=tmp_path / "keys.tar.gz", over=True)
    assert {name: file.read_bytes() for name, file in files.items()} == before
    assert not (context.home / "keys" / "approve.pem").exists()


def test_a_key_that_is_not_here_is_named(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    (context.home / "keys" / "audience.pem").unlink()
    backup(context, tmp_path / "backups", keys=tmp_path / "keys.tar.gz")
    assert "not among them, for they are not on this machine: keys/audience.pem" in capsys.readouterr().out


def test_a_key_is_there_whole_or_not_at_all(
    context: Context, tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    shutil.rmtree(context.home)

    def killed(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", killed)
        for key in keys_file.read(context, keys):
            with pytest.raises(KeyboardInterrupt):
                keys_file.put(key)
            assert key.missing
    restore(context, tmp_path / "backups", keys=keys)
    assert {name for name in keys_file.keys_of(context) if name.startswith("keys/")} >= {"keys/approve.pem"}
    assert not [name for name in keys_file.keys_of(context) if "/." in name]
