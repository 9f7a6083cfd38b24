"""What a room believes survives restarts, moves only upwards, and never begins with a topic's word alone."""

import errno
import json
import os
from pathlib import Path

import pytest

from schemas.trust import Bundle, Person
from schemas.words import Realm
from services.runtime import trust
from services.runtime.keeper import Keeper, bundle_path
from services.runtime.settings import SharedSettings
from services.runtime.trusted import NotTrustedError
from tests.support.trust import KEYS, key, revocation, signed_bundle, statement

FIRST = signed_bundle(statement())
SECOND = signed_bundle(statement(2))


def shared(folder: Path, pinned: str | None = None, realm: Realm = Realm.LIVE) -> SharedSettings:
    return SharedSettings(data=folder, realm=realm, bundle_digest=pinned)


def seed(folder: Path, bundle: Bundle = FIRST) -> None:
    path = bundle_path(folder / "live")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(bundle.model_dump_json())


def refused(keeper: Keeper, bundle: Bundle) -> str:
    with pytest.raises(NotTrustedError) as caught:
        keeper.take(bundle)
    return caught.value.rule


def test_without_a_bundle_nobody_is_believed_and_a_topic_alone_is_not(tmp_path: Path) -> None:
    keeper = Keeper(shared(tmp_path), "approve")
    assert keeper.serial == 0
    assert "tocsin keys bundle" in (keeper.missing() or "")
    assert refused(keeper, FIRST) == "no_bundle"
    assert keeper.serial == 0


def test_a_pinned_bundle_is_taken_from_the_topic_and_no_other(tmp_path: Path) -> None:
    pinned = trust.digest_of(trust.canonical(FIRST.statement))
    keeper = Keeper(shared(tmp_path, pinned), "approve")
    assert refused(keeper, SECOND) == "pin"
    keeper.take(FIRST)
    keeper.take(SECOND)
    assert Keeper(shared(tmp_path, pinned), "approve").serial == 2


def test_a_bundle_put_in_its_place_later_is_found(tmp_path: Path) -> None:
    keeper = Keeper(shared(tmp_path), "approve")
    seed(tmp_path)
    assert keeper.missing() is None
    assert keeper.trust.bundle == FIRST.statement


def test_the_topic_moves_it_upwards_only_and_listeners_are_told(tmp_path: Path) -> None:
    seed(tmp_path)
    keeper = Keeper(shared(tmp_path), "approve")
    told: list[int] = []
    keeper.on_change(lambda: told.append(keeper.serial))
    keeper.take(SECOND)
    keeper.take(SECOND)
    assert refused(keeper, FIRST) == "serial"
    assert told == [2]
    assert Keeper(shared(tmp_path), "approve").serial == 2


def test_a_newer_file_is_taken_at_the_next_start_and_an_older_one_is_not(tmp_path: Path) -> None:
    seed(tmp_path, SECOND)
    assert Keeper(shared(tmp_path), "approve").serial == 2
    seed(tmp_path, FIRST)
    assert Keeper(shared(tmp_path), "approve").serial == 2
    seed(tmp_path, signed_bundle(statement(3)))
    assert Keeper(shared(tmp_path), "approve").serial == 3


def test_a_file_that_cannot_be_believed_leaves_what_is_kept(tmp_path: Path) -> None:
    seed(tmp_path)
    Keeper(shared(tmp_path), "approve")
    seed(tmp_path, signed_bundle(statement(9), ("admin-1", "stranger")))
    assert Keeper(shared(tmp_path), "approve").serial == 1


def test_revocations_survive_restarts_and_the_administrator_who_made_them(tmp_path: Path) -> None:
    seed(tmp_path)
    keeper = Keeper(shared(tmp_path), "approve")
    keeper.take(revocation("officer-1", "admin-2"))
    keeper.take(revocation("officer-1", "admin-2"))
    others = (statement().administrators[0], Person(id="admin-3", roles=(), keys=(key("admin-3"),)))
    keeper.take(signed_bundle(statement(2, administrators=others)))
    again = Keeper(shared(tmp_path), "approve")
    assert again.serial == 2
    assert again.trust.revoked == {KEYS["officer-1"].id}


def test_a_revocation_that_comes_before_its_bundle_waits_for_it(tmp_path: Path) -> None:
    """The topic is compacted: a bundle that was replaced stands after revocations that were made before."""
    keeper = Keeper(shared(tmp_path), "approve")
    with pytest.raises(NotTrustedError):
        keeper.take(revocation("officer-1", "admin-1"))
    assert Keeper(shared(tmp_path), "approve").serial == 0
    seed(tmp_path)
    again = Keeper(shared(tmp_path), "approve")
    assert again.trust.revoked == {KEYS["officer-1"].id}


def test_a_revocation_by_nobody_is_never_believed(tmp_path: Path) -> None:
    seed(tmp_path)
    keeper = Keeper(shared(tmp_path), "approve")
    with pytest.raises(NotTrustedError):
        keeper.take(revocation("officer-1", "officer-2"))
    keeper.take(SECOND)
    assert keeper.trust.revoked == frozenset()


def test_each_room_keeps_its_own(tmp_path: Path) -> None:
    seed(tmp_path)
    Keeper(shared(tmp_path), "approve").take(SECOND)
    assert Keeper(shared(tmp_path), "dispatch/x").serial == 1


def test_a_copy_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    seed(tmp_path)
    Keeper(shared(tmp_path), "approve")
    path = tmp_path / "live" / "trust" / "approve.json"
    path.write_text(path.read_text()[:-9])
    with pytest.raises(NotTrustedError, match="delete it"):
        Keeper(shared(tmp_path), "approve")


def test_a_copy_of_the_other_realm_is_refused(tmp_path: Path) -> None:
    seed(tmp_path)
    Keeper(shared(tmp_path), "approve")
    kept = json.loads((tmp_path / "live" / "trust" / "approve.json").read_text())
    drill = tmp_path / "drill" / "trust" / "approve.json"
    drill.parent.mkdir(parents=True)
    drill.write_text(json.dumps(kept))
    with pytest.raises(NotTrustedError, match="live"):
        Keeper(shared(tmp_path, realm=Realm.DRILL), "approve")


def test_a_bundle_that_cannot_be_read_is_said_and_found_when_it_can(tmp_path: Path) -> None:
    """A folder in its place stands for a file of another user: root may read any file."""
    bundle_path(tmp_path / "live").mkdir(parents=True)
    keeper = Keeper(shared(tmp_path), "approve")
    assert "bundle.json cannot be read (Is a directory)" in (keeper.missing() or "")
    with pytest.raises(NotTrustedError) as caught:
        keeper.take(SECOND)
    assert caught.value.rule == "no_bundle"
    bundle_path(tmp_path / "live").rmdir()
    seed(tmp_path)
    assert keeper.missing() is None


def test_a_copy_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "live" / "trust" / "approve.json").mkdir(parents=True)
    with pytest.raises(NotTrustedError, match="let this room's user read it"):
        Keeper(shared(tmp_path), "approve")


class Disk:
    """Without room until it is given some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        monkeypatch.setattr(os, "fsync", self._fsync)

    def _fsync(self, _file: int) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_first_bundle_is_in_force_while_the_disk_is_full_and_kept_when_it_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, kept = Disk(monkeypatch), tmp_path / "live" / "trust" / "approve.json"
    seed(tmp_path)
    keeper = Keeper(shared(tmp_path), "approve")
    assert keeper.trust.bundle == FIRST.statement
    assert "cannot be kept" in (keeper.missing() or "")
    assert "No space left on device" in (keeper.missing() or "")
    assert list(kept.parent.iterdir()) == [], "half a file is left"
    disk.full = False
    assert keeper.missing() is None
    assert kept.exists()


def test_what_the_topic_says_is_in_force_on_a_full_disk_and_kept_when_it_comes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(tmp_path)
    keeper, disk = Keeper(shared(tmp_path), "approve"), Disk(monkeypatch)
    told: list[int] = []
    keeper.on_change(lambda: told.append(keeper.serial))
    gone = revocation("officer-1", "admin-1")
    for record in (SECOND, gone, SECOND, gone):
        with pytest.raises(OSError, match="No space left"):  # unacknowledged: it is never lost
            keeper.take(record)
    assert (keeper.serial, keeper.trust.revoked) == (2, frozenset({KEYS["officer-1"].id}))
    assert told == [2, 2], "what follows from it waits for no disk"
    disk.full = False
    keeper.take(gone)
    again = Keeper(shared(tmp_path), "approve")
    assert (again.serial, again.trust.revoked) == (2, frozenset({KEYS["officer-1"].id}))
