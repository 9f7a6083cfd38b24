"""The keyring: private on disk, several keys, one hash for ever, and errors that say what to do."""

import json
import stat
from pathlib import Path

import pytest

from services.phonebook.book import Phonebook
from services.phonebook.errors import PhonebookError
from services.phonebook.keys import Keyring, add_key, ensure
from services.phonebook.rotation import rotate
from services.phonebook.tables import subscriber
from services.runtime.store import sqlite_url
from tests.phonebook.books import NOW, new_book, number, open_book, row, take


def test_the_file_is_private_and_made_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert ensure(path, NOW)
    first = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not ensure(path, NOW)
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]


def test_a_hidden_number_reads_only_with_its_own_id_and_unaltered(tmp_path: Path) -> None:
    ensure(tmp_path / "k", NOW)
    ring = Keyring(tmp_path / "k")
    name, hidden = ring.encrypt("a" * 32, number(1))
    assert number(1).encode() not in hidden
    assert ring.decrypt("a" * 32, name, hidden) == number(1)
    assert ring.decrypt("b" * 32, name, hidden) is None
    assert ring.decrypt("a" * 32, name, hidden[:-1] + bytes([hidden[-1] ^ 1])) is None


def test_old_values_are_readable_after_a_new_key_and_a_running_reader_finds_the_new_one(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    take(book, row(1))
    running = open_book(tmp_path)
    name = add_key(tmp_path / "keys.json", NOW)
    book = open_book(tmp_path)
    take(book, row(2))
    with book.reading() as connection:
        names = {each.key_name for each in connection.execute(subscriber.select())}
    assert name in names
    assert len(names) == 2
    ids = [each for each, _ in running.select(["north"], ["en"])]
    assert sorted(running.number_of(ids).values()) == [number(1), number(2)]
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_rotation_moves_every_number_under_the_new_key_and_changes_nobody(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    take(book, *map(row, range(1203)))
    before = book.number_of([book.id_of(number(i)) or "" for i in range(1203)])
    assert sum(rotate(book, NOW)) == 1203
    with book.reading() as connection:
        assert {each.key_name for each in connection.execute(subscriber.select())} == {book.keyring.newest}
    assert open_book(tmp_path).number_of(list(before)) == before


def test_a_key_that_is_gone_is_said_with_its_name(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    take(book, row(1))
    old = book.keyring.newest
    list(rotate(book, NOW))
    content = json.loads((tmp_path / "keys.json").read_text())
    newest = content["keys"].pop()["name"]
    (tmp_path / "keys.json").write_text(json.dumps(content))
    assert content["keys"][0]["name"] == old
    reader = open_book(tmp_path)
    with pytest.raises(PhonebookError, match=newest):
        reader.number_of([reader.id_of(number(1)) or ""])


def test_keys_of_another_phonebook_are_refused(tmp_path: Path) -> None:
    new_book(tmp_path).close()
    ensure(tmp_path / "other.json", NOW)
    with pytest.raises(PhonebookError, match="another phonebook"):
        Phonebook(sqlite_url(tmp_path / "phonebook.db"), Keyring(tmp_path / "other.json"))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"hash_key": "AAAA", "keys": []}'])
def test_a_file_that_is_no_keyring_is_said_to_be_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "k").write_text(content)
    with pytest.raises(PhonebookError, match="not a file of phonebook keys"):
        Keyring(tmp_path / "k")


def test_no_keys_at_all(tmp_path: Path) -> None:
    with pytest.raises(PhonebookError, match="tocsin subscribers init"):
        Keyring(tmp_path / "k")
