"""`tocsin backup` and `restore` without a house: what is copied, what stays apart, what is refused."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from schemas.words import Realm
from services.cli import backup as backing
from services.cli import restore as restoring
from services.cli.context import Context
from services.cli.copies import keys_file, last, making, manifest, sqlite_files, stores
from services.cli.copies.manifest import DamagedError
from services.cli.errors import Failure
from services.cli.house.rooms import ROOMS
from services.dispatch.tables import restored
from services.record import backups
from services.record.tables import metadata as record_tables
from services.runtime.lock import hold
from services.runtime.store import Store, sqlite_url
from tests.support.code import REPOSITORY

NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)


def ledger(context: Context) -> sqlite3.Connection:
    return sqlite3.connect(context.home / "dispatch-sms.db")


def remember(context: Context, target: str) -> None:
    with closing(ledger(context)) as database:
        database.execute("INSERT INTO opt_out VALUES (?, 0)", (target,))
        database.commit()


def remembered(context: Context) -> list[str]:
    with closing(ledger(context)) as database:
        return [str(target) for (target,) in database.execute("SELECT target FROM opt_out ORDER BY target")]


def restore(
    context: Context, folder: Path, *, over: bool = False, keys: Path | None = None, as_json: bool = False
) -> None:  # fmt: skip
    restoring.restore(
        folder, without_kafka=True, data=context.data, realm=context.realm, over=over, keys=keys, as_json=as_json
    )


def test_every_room_with_a_store_is_copied(context: Context) -> None:
    found = {place.room for place in stores.places(context)}
    assert {spec.name for spec in ROOMS} | {stores.PHONEBOOK} == found


def test_every_table_of_a_room_is_known_before_the_room_is_built() -> None:
    """In a process of its own: here other tests have imported the rooms, which would hide what is missing."""
    program = (
        "import importlib\n"
        "from services.cli.copies.stores import tables_of\n"
        "from services.cli.house.rooms import ROOMS\n"
        "known = {spec.module: (tables_of(spec.module), set(tables_of(spec.module).tables)) for spec in ROOMS}\n"
        "for module, (tables, before) in known.items():\n"
        "    importlib.import_module(f'{module}.app')\n"
        "    print(module, *sorted(set(tables.tables) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [spec.module for spec in ROOMS]


def test_a_copy_is_made_beside_a_writer_and_sees_one_moment(context: Context, tmp_path: Path) -> None:
    remember(context, "before")
    with closing(ledger(context)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO opt_out VALUES ('not committed', 0)")
        made = making.make(context, tmp_path / "copy", NOW, lambda: None)
        writer.rollback()
    rows = {store.room: store.rows for store in made.stores}
    assert rows["dispatch/sms"]["opt_out"] == 1
    assert not list((tmp_path / "copy").glob("*-wal"))
    assert manifest.read(tmp_path / "copy") == made


def test_the_copy_of_a_ledger_says_what_it_is(context: Context, tmp_path: Path) -> None:
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    with (
        closing(sqlite3.connect(tmp_path / "copy" / "dispatch-sms.db")) as copied,
        closing(ledger(context)) as original,
    ):
        query = f"SELECT since, at FROM {restored.name}"  # noqa: S608 - a table's own name
        assert copied.execute(query).fetchall() == [(round(NOW.timestamp() * 1000), None)]
        assert original.execute(query).fetchall() == []


def test_no_key_is_among_the_copies(context: Context, tmp_path: Path) -> None:
    secrets = [path.read_bytes() for path in keys_file.keys_of(context).values()]
    assert len(secrets) >= 7
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    copied = [path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert not [secret for secret in secrets for data in copied if secret in data]


def test_keys_go_into_a_file_of_their_own(context: Context, tmp_path: Path) -> None:
    keys = tmp_path / "keys.tar.gz"
    backing.backup(tmp_path / "backups", keys=keys, data=context.data, realm=Realm.LIVE)
    assert keys.stat().st_mode & 0o077 == 0
    with tarfile.open(keys) as archive:
        assert {"keys/approve.pem", "keys/audience.pem", "phonebook.keys.json"} <= set(archive.getnames())
    before = (context.home / "keys" / "approve.pem").read_bytes()
    (context.home / "keys" / "approve.pem").unlink()
    restore(context, tmp_path / "backups", over=True, keys=keys)
    assert (context.home / "keys" / "approve.pem").read_bytes() == before
    assert (context.home / "keys" / "approve.pem").stat().st_mode & 0o077 == 0


def test_keys_are_not_put_beside_the_copies(context: Context, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="keep the keys elsewhere"):
        backing.backup(tmp_path / "b", keys=tmp_path / "b" / "keys", data=context.data, realm=Realm.LIVE)


def test_a_name_that_leads_out_of_the_folder_is_not_put_back(context: Context, tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(evil, "w:gz") as archive:
        for name in ("keys/../../outside.pem", "/etc/passwd", "keys/..", "bundle.json"):
            archive.addfile(tarfile.TarInfo(name))
    assert keys_file.read(context, evil) == []
    assert not (context.data / "outside.pem").exists()


def test_it_comes_back_and_what_stood_there_is_kept(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    remember(context, "before")
    backing.backup(tmp_path / "backups", data=context.data, realm=Realm.LIVE)
    remember(context, "since")
    with pytest.raises(Failure, match=r"not empty: .*dispatch/sms \(\d+ rows\).*--over"):
        restore(context, tmp_path / "backups")
    assert remembered(context) == ["before", "since"]
    capsys.readouterr()
    restore(context, tmp_path / "backups", over=True, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert remembered(context) == ["before"]
    kept = Path(answer["kept"]["dispatch/sms"])
    assert sqlite_files.rows(kept)["opt_out"] == 2
    with closing(ledger(context)) as database:
        assert database.execute("SELECT count(*) FROM restored").fetchone() == (1,)


def noted(context: Context) -> datetime | None:
    store = Store(sqlite_url(context.home / "record.db"), record_tables)
    try:
        with store.begin() as connection:
            return backups.newest(connection)
    finally:
        store.close()


def test_record_and_doctor_know_of_the_newest_also_where_its_own_copy_cannot(context: Context, tmp_path: Path) -> None:
    """A copy is made before the backup is whole, so it knows of the one before alone."""
    backing.backup(tmp_path / "backups", data=context.data, realm=Realm.LIVE)
    at = manifest.read(manifest.newest(tmp_path / "backups", Realm.LIVE)).at
    found = last.read(context.home)
    assert found is not None
    assert noted(context) == found.at == at
    shutil.rmtree(context.home)
    restore(context, tmp_path / "backups")
    assert (noted(context), last.read(context.home)) == (at, found)


def test_a_backup_is_whole_also_when_record_cannot_note_it(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def full(*_: object) -> None:
        raise OperationalError("INSERT", None, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(backups, "note", full)
    with pytest.raises(Failure, match=r"the backup is whole, but .*database or disk is full"):
        backing.backup(tmp_path / "backups", data=context.data, realm=Realm.LIVE)
    assert manifest.read(manifest.newest(tmp_path / "backups", Realm.LIVE)).stores


def test_nothing_is_put_back_over_a_room_that_runs(context: Context, tmp_path: Path) -> None:
    backing.backup(tmp_path / "backups", data=context.data, realm=Realm.LIVE)
    descriptor = hold(context.home / "dispatch-sms.db")
    try:
        with pytest.raises(Failure, match=r"dispatch/sms runs on .*nothing has been changed"):
            restore(context, tmp_path / "backups", over=True)
    finally:
        os.close(descriptor)


def test_a_copy_that_was_changed_is_refused(context: Context, tmp_path: Path) -> None:
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    with (tmp_path / "copy" / "intake.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"!")
    with pytest.raises(DamagedError, match=r"intake\.db is not as it was written"):
        manifest.read(tmp_path / "copy")


def test_what_broke_off_is_no_backup(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "_copy_trust", full)
    with pytest.raises(Failure, match="No space left"):
        backing.backup(tmp_path / "backups", data=context.data, realm=Realm.LIVE)
    assert list((tmp_path / "backups").iterdir()) == []
    assert last.read(context.home) is None


def test_the_newest_of_several_is_taken(tmp_path: Path) -> None:
    """Of the realm that is meant, and whole: what is named `.….partial` broke off."""
    names = (
        "drill-20261124T100000Z",
        "drill-20261124T110000Z",
        ".drill-20261124T120000Z.partial",
        "live-20261124T090000Z",
    )
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / manifest.MANIFEST).write_text("{}")
    assert manifest.newest(tmp_path, Realm.DRILL).name == "drill-20261124T110000Z"
    assert manifest.newest(tmp_path, Realm.LIVE).name == "live-20261124T090000Z"


def test_another_realms_backup_is_refused(context: Context, tmp_path: Path) -> None:
    backing.backup(tmp_path / "backups", data=context.data, realm=Realm.LIVE)
    with pytest.raises(Failure, match="a backup of live: say --realm live"):
        restoring.restore(tmp_path / "backups", without_kafka=True, data=context.data, realm=Realm.DRILL)


def test_a_newer_bundle_stays_and_that_is_said(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    making.make(context, tmp_path / "copy", NOW, lambda: None)
    (context.home / "bundle.json").write_text("newer")
    restore(context, tmp_path / "copy", over=True, as_json=True)
    assert (context.home / "bundle.json").read_text() == "newer"
    assert json.loads(capsys.readouterr().out)["differ"] == ["bundle.json"]
