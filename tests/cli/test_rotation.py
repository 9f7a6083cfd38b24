"""`tocsin keys rotate`, step by step: silence is not "done", the room's own file counts, and both keys stay known."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.trust import Bundle, Key
from schemas.words import Realm
from services.cli import room_states
from services.cli.context import Context
from services.cli.demo.trust import ADMINISTRATORS, make_demo_trust
from services.cli.errors import Code, Failure
from services.cli.house.rooms import ROOMS
from services.cli.keys import rotation, trust_files
from services.cli.keys.bundling import SourceError
from services.cli.keys.engine_keys import KeyFiles, key_files, know_our_keys
from services.cli.keys.rotating import rotate
from services.cli.keys.rotation import Means, Rotation
from services.cli.room_states import BELIEVERS, States
from services.cli.sight.asking import Answer, Sample
from services.runtime.doors import door_file
from services.runtime.trust import SigningKey, new_key, read_key, write_key
from tests.support.code import REPOSITORY

SILENT = Answer(("it does not run",))


def answer(serial: int, unread: int = 0, topic: str = "batches.sms.routine") -> Answer:
    samples = (
        Sample("tocsin_trust_bundle_serial", {}, serial),
        Sample("tocsin_consumer_lag_records", {"topic": topic}, unread),
    )
    return Answer((), samples)


def states(serial: int = 1, **rooms: Answer | list[Answer]) -> States:
    answers = {spec.name: [answer(serial)] for spec in ROOMS}
    for slug, found in rooms.items():
        answers[slug.replace("dispatch_", "dispatch/")] = found if isinstance(found, list) else [found]
    return States(answers)


# --- what rooms say ---


def test_a_room_that_does_not_answer_is_not_done() -> None:
    seen = states(dispatch_sms=SILENT)
    assert [str(each) for each in seen.silent] == ["dispatch/sms does not answer"]
    assert seen.by_older_bundle(1) == seen.with_unread == seen.without_bundle == []


def test_each_replica_counts_for_itself() -> None:
    seen = states(2, dispatch_sms=[answer(2), answer(1, 3), SILENT])
    assert [str(each) for each in seen.by_older_bundle(2)] == ["dispatch/sms works by bundle 1"]
    assert [str(each) for each in seen.with_unread] == ["dispatch/sms has 3 records to read"]
    assert [str(each) for each in seen.silent] == ["dispatch/sms does not answer"]


def test_what_no_engine_signs_may_be_unread() -> None:
    assert states(approve=answer(1, 9, "alerts.composed")).with_unread == []


def test_a_room_that_has_not_begun_to_read_is_behind_and_so_is_one_that_cannot_count() -> None:
    idle = Answer(
        ("broadcasts.released: no partitions assigned yet", "Twilio answers with status 503"), answer(1).samples
    )
    assert list(map(str, states(dispatch_x=idle).with_unread)) == [
        "dispatch/x says: broadcasts.released: no partitions assigned yet"
    ]
    uncounted = Answer((), (Sample("tocsin_consumer_lag_records", {"topic": "broadcasts.released"}, float("nan")),))
    assert [each.room for each in states(dispatch_x=uncounted).with_unread] == ["dispatch/x"]


def test_a_room_that_believes_nobody_yet_is_behind() -> None:
    assert [str(each) for each in states(record=answer(0)).without_bundle] == ["record has no trust bundle"]


def test_rooms_without_a_bundle_of_their_own_may_be_silent() -> None:
    assert states(agency=SILENT, receipts=SILENT).silent == []
    keepers = {
        spec.name
        for spec in ROOMS
        for folder in [REPOSITORY / "services" / spec.name.split("/")[0]]
        if "Keeper(" in (folder / "app.py").read_text()
    }
    assert keepers == set(BELIEVERS)


# --- the change itself, with rooms that say what the test says ---


class House:
    """A realm's folder with the demo's trust; what rooms say, and what was published."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.context = Context(folder)
        self.trust = make_demo_trust(self.context.home, Realm.LIVE)
        self.says: Callable[[], States] = lambda: states(self.serial)
        self.published: list[Bundle] = []
        monkeypatch.setattr(room_states, "look", lambda _: self.says())
        monkeypatch.setattr(rotation, "WAIT_S", 0.0)
        monkeypatch.setattr(Context, "publish", lambda _, __, ___, value: self.published.append(value))

    @property
    def bundle(self) -> Bundle:
        found = trust_files.current_bundle(self.context.home)
        assert found is not None
        return found

    @property
    def serial(self) -> int:
        return self.bundle.statement.serial

    @property
    def files(self) -> KeyFiles:
        return key_files(self.context, "approve")

    def rotation(self, *although: str) -> Rotation:
        administrators = {name: self.trust.key(name) for name in ADMINISTRATORS}
        return Rotation(self.context, "approve", Means(administrators, although))

    def believed(self) -> list[str]:
        return [key.id for engine in self.bundle.statement.engines if engine.id == "approve" for key in engine.keys]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)
    return House(tmp_path, monkeypatch)


def test_both_steps_say_the_digest_that_a_new_pod_pins(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    old = read_key(house.files.current)
    house.rotation().begin()
    new = read_key(house.files.current)
    assert house.believed() == [old.id, new.id]
    told = capsys.readouterr().out
    assert f"TOCSIN_BUNDLE_DIGEST of rooms that begin with this bundle: {trust_files.digest(house.bundle)}" in told
    assert f"keys: [{new.public}, {old.public}]" in told, "until the end the people file needs both"
    house.rotation().end(0)
    assert house.believed() == [new.id]
    assert trust_files.digest(house.bundle) in capsys.readouterr().out


def test_nothing_changes_while_a_room_is_silent(house: House) -> None:
    house.says = lambda: states(1, dispatch_sms=SILENT)
    with pytest.raises(
        Failure, match=r"dispatch/sms does not answer; nothing has been changed.*--although-silent"
    ) as end:
        house.rotation().begin()
    assert end.value.code is Code.MISSING
    assert (house.published, house.files.next.exists()) == ([], False)


def test_the_old_key_does_not_end_while_a_room_is_silent(house: House) -> None:
    """Or the batches that it has signed and that wait for that room would be refused afterwards."""
    house.rotation().begin()
    both = house.believed()
    house.says = lambda: states(2, dispatch_sms=SILENT)
    with pytest.raises(Failure, match="dispatch/sms does not answer"):
        house.rotation().end(0)
    assert (house.believed(), house.files.retired.exists()) == (both, True)
    with pytest.raises(Failure, match="dispatch/sms does not answer"):
        house.rotation("dispatch/x").end(0)
    house.says = lambda: states(house.serial, dispatch_sms=SILENT)
    house.rotation("dispatch/sms").end(0)
    assert house.believed() == [read_key(house.files.current).id]


def test_unread_records_and_a_replica_behind_keep_the_old_key(house: House) -> None:
    house.rotation().begin()
    house.says = lambda: states(2, dispatch_sms=[answer(2), answer(2, 4)])
    with pytest.raises(Failure, match="dispatch/sms has 4 records to read"):
        house.rotation().end(0)
    house.says = lambda: states(3, dispatch_sms=[answer(3), answer(2)])
    with pytest.raises(Failure, match="dispatch/sms works by bundle 2"):
        house.rotation().end(0)
    assert house.files.retired.exists()


def test_a_room_that_does_not_exist_is_no_exception(house: House) -> None:
    with pytest.raises(Failure, match="--although-silent pigeon: write one of agency, intake"):
        rotate("approve", admin=[], although_silent=["pigeon"], data=house.context.data)  # type: ignore[arg-type]


def test_the_file_that_the_room_reads_is_the_one_that_changes(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "keys-of-approve" / "engine-key.pem"
    elsewhere.parent.mkdir()
    usual = house.files.current.rename(elsewhere)
    with pytest.raises(Failure, match="TOCSIN_APPROVE_ENGINE_KEY_FILE names the file"):
        house.rotation()
    monkeypatch.setenv("TOCSIN_APPROVE_ENGINE_KEY_FILE", str(elsewhere))
    old = read_key(elsewhere)
    house.rotation().begin()
    assert read_key(elsewhere).id != old.id
    assert read_key(usual).id in house.believed()
    house.rotation().end(0)
    assert [path.name for path in elsewhere.parent.iterdir()] == ["engine-key.pem"]


def test_where_the_rooms_process_reads_another_file_nothing_is_changed(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was given its settings in another shell: the key that is changed here would not be the one it signs with."""
    elsewhere = tmp_path / "engine-key.pem"
    elsewhere.write_bytes(house.files.current.read_bytes())
    told = {**os.environ, "TOCSIN_DATA": str(house.context.data), "TOCSIN_APPROVE_ENGINE_KEY_FILE": "engine-key.pem"}
    command = [sys.executable, "-c", "input()", "services.approve"]  # as its process is told from any other
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=told, cwd=tmp_path) as process:
        announced(house.context, process.pid)
        with pytest.raises(Failure, match=rf"set TOCSIN_APPROVE_ENGINE_KEY_FILE={elsewhere} here, too"):
            house.rotation()
        monkeypatch.setenv("TOCSIN_APPROVE_ENGINE_KEY_FILE", str(elsewhere))
        house.rotation()
        process.kill()
    del told["TOCSIN_APPROVE_ENGINE_KEY_FILE"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=told, cwd=tmp_path) as process:
        announced(house.context, process.pid)
        with pytest.raises(
            Failure, match=rf"set TOCSIN_APPROVE_ENGINE_KEY_FILE={house.context.home}/keys/approve.pem here"
        ):
            house.rotation()
        process.kill()


def announced(context: Context, pid: int) -> None:
    path = door_file(context.home, "approve", "0")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"private": "http://127.0.0.1:9", "pid": pid}))


def test_a_mounted_file_is_named_for_a_person_to_replace(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mounted = tmp_path / "run" / "engine-key.pem"
    mounted.parent.mkdir()
    house.files.current.rename(mounted)
    monkeypatch.setenv("TOCSIN_APPROVE_ENGINE_KEY_FILE", str(mounted))
    monkeypatch.setattr(KeyFiles, "may_be_replaced", property(lambda self: mounted.parent not in self.next.parents
                                                              and self.current != mounted))  # fmt: skip
    old, files = read_key(mounted), house.files
    assert files.next == house.context.home / "keys" / "approve.next.pem"
    for _ in range(2):
        with pytest.raises(Failure, match=f"put {files.next} in its place .of a Secret: engine-key.pem."):
            house.rotation().begin()
    assert read_key(mounted).id == old.id
    with pytest.raises(Failure, match="signs with the old key still"):
        house.rotation().end(0)
    new = read_key(files.next)
    assert house.believed() == [old.id, new.id]

    mounted.unlink()
    write_key(new, mounted)  # what a person does
    house.rotation().begin()
    assert f"approve signs with {new.id} from now on, and {old.id} is believed, too" in capsys.readouterr().out
    house.rotation().end(0)
    assert (house.believed(), files.retired.exists(), files.next.exists()) == ([new.id], False, False)


def test_it_ends_only_when_the_new_key_is_in_its_place(house: House) -> None:
    """It may have broken off between the two: then the key in force is the old one."""
    house.rotation().begin()
    house.files.current.replace(house.files.next)
    house.files.current.write_bytes(house.files.retired.read_bytes())
    with pytest.raises(Failure, match="signs with the old key still"):
        house.rotation().end(0)
    house.rotation().begin()
    house.rotation().end(0)
    assert house.believed() == [read_key(house.files.current).id]


# --- a people file during the overlap ---


def with_keys(house: House, *keys: SigningKey) -> None:
    """What `tocsin keys bundle` asks of a people file in which approve has these keys."""
    statement = house.bundle.statement
    engines = tuple(
        each.model_copy(update={"keys": tuple(Key(id=key.id, public=key.public) for key in keys)})
        if each.id == "approve" else each
        for each in statement.engines
    )  # fmt: skip
    know_our_keys(house.context, statement.model_copy(update={"engines": engines}))


def test_a_bundle_that_drops_the_old_key_too_early_is_not_made(house: House) -> None:
    old = read_key(house.files.current)
    house.rotation().begin()
    new = read_key(house.files.current)
    with_keys(house, old, new)
    with pytest.raises(
        SourceError, match=rf"approve.retired.pem is not in the people file.*{new.public}, {old.public}"
    ):
        with_keys(house, new)
    with pytest.raises(SourceError, match=r"approve signs with .*; enter its key"):
        with_keys(house, old)
    house.rotation().end(0)
    with_keys(house, new)


def test_a_bundle_that_drops_a_key_that_waits_for_its_place_is_not_made(house: House) -> None:
    write_key(new_key(), house.files.next)
    with pytest.raises(SourceError, match=r"approve\.next\.pem is not in the people file"):
        with_keys(house, read_key(house.files.current))
