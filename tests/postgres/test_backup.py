"""Backup and restore of stores on PostgreSQL: one moment of every table, and the same rows back, numbers going on."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from schemas.words import Realm
from services.cli.copies import fitting, marks, postgres_schemas
from services.cli.copies.manifest import Manifest, StoreCopy
from services.cli.copies.stores import PHONEBOOK, Place, tables_of
from services.phonebook.tables import metadata as phonebook_tables
from services.runtime.postgres import StoreError
from services.runtime.store import Store, is_away
from tests.support.postgres import Postgres

pytestmark = pytest.mark.connected
NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)
#: Tabs, line ends, backslashes and nothing at all must come back as they were.
VALUES = [b"plain", b"\x00\xff\t\n\\N", b""]


@pytest.fixture
def place(postgres: Postgres) -> Iterator[Place]:
    tables = tables_of("services.dispatch.sms")
    assert tables is not None
    yield from _place(postgres, "dispatch/sms", tables)


@pytest.fixture
def phonebook(postgres: Postgres) -> Iterator[Place]:
    yield from _place(postgres, PHONEBOOK, phonebook_tables)


def _place(postgres: Postgres, room: str, tables: sa.MetaData) -> Iterator[Place]:
    made = Place(room, postgres.url(f"b_{uuid.uuid4().hex}"), tables)
    Store(made.url, made.tables).close()
    yield made
    engine = sa.create_engine(postgres.url())
    schema = sa.make_url(made.url).query["schema"]
    with engine.begin() as connection:
        names = connection.execute(
            sa.text("SELECT nspname FROM pg_namespace WHERE nspname LIKE :like"), {"like": f"{schema}%"}
        ).scalars()
        for name in names.all():
            connection.execute(sa.schema.DropSchema(name, cascade=True))
    engine.dispose()


def put(place: Place, values: list[bytes]) -> None:
    outbox = place.tables.tables["outbox"]
    store = Store(place.url, place.tables)
    with store.begin() as connection:
        for value in values:
            row = {"topic": "t\\\t", "key": b"k", "value": value, "headers": {"a": 'quote " and ü'}, "at": NOW}
            connection.execute(sa.insert(outbox).values(row))
    store.close()


def kept(place: Place) -> list[tuple[int, bytes]]:
    outbox = place.tables.tables["outbox"]
    store = Store(place.url, place.tables)
    with store.begin() as connection:
        found = connection.execute(sa.select(outbox.c.id, outbox.c.value).order_by(outbox.c.id)).all()
    store.close()
    return [(row.id, row.value) for row in found]


def put_back(place: Place, folder: Path, aside: str) -> str | None:
    """A whole restore of this one store."""
    kept_in = postgres_schemas.put_back(place, folder, aside, tell)
    marks.lift([place])
    return kept_in


def tell(connection: sa.Connection) -> None:
    """Nothing to say to a store that is no house's."""


def test_it_comes_back_as_it_was(place: Place, tmp_path: Path) -> None:
    put(place, VALUES)
    before = kept(place)
    rows = postgres_schemas.copy(place, tmp_path / "copy")
    assert rows["outbox"] == len(VALUES) == postgres_schemas.rows(place)["outbox"]
    put(place, [b"since"])
    aside = put_back(place, tmp_path / "copy", "before-restore-1")
    assert kept(place) == before
    put(place, [b"next"])
    assert kept(place)[-1] == (before[-1][0] + 1, b"next")
    assert aside is not None
    old = Place(place.room, str(sa.make_url(place.url).update_query_dict({"schema": aside})), place.tables)
    assert [value for _, value in kept(old)] == [*VALUES, b"since"]


def test_it_comes_back_where_there_is_nothing(place: Place, postgres: Postgres, tmp_path: Path) -> None:
    put(place, VALUES)
    postgres_schemas.copy(place, tmp_path / "copy")
    other = Place(place.room, f"{place.url}_other", place.tables)
    assert postgres_schemas.rows(other) == {}
    assert put_back(other, tmp_path / "copy", "aside") is None
    assert kept(other) == kept(place)


def test_tables_that_refer_to_each_other_come_back(phonebook: Place, tmp_path: Path) -> None:
    """What is referred to comes first, whatever its name; and none of them can be emptied alone."""
    subscriber, area = (phonebook.tables.tables[name] for name in ("subscriber", "subscriber_area"))
    filled = {c.name: _any(c) for c in subscriber.columns if not c.nullable}
    store = Store(phonebook.url, phonebook.tables)
    with store.begin() as connection:
        connection.execute(sa.insert(subscriber).values(filled))
        connection.execute(sa.insert(area).values(area="ferrow-north", id=filled["id"]))
    store.close()
    rows = postgres_schemas.copy(phonebook, tmp_path / "copy")
    assert (rows["subscriber"], rows["subscriber_area"]) == (1, 1)
    put_back(phonebook, tmp_path / "copy", "aside")
    assert postgres_schemas.rows(phonebook) == rows


def _any(column: "sa.Column[Any]") -> object:
    kind = column.type
    return b"b" * 32 if isinstance(kind, sa.LargeBinary) else 1 if isinstance(kind, sa.Integer) else "a" * 32


def test_a_store_knows_that_it_is_out_of_a_backup_or_is_not_there(place: Place, tmp_path: Path) -> None:
    """The word is in the transaction that fills it: who is killed before it has put nothing back."""
    put(place, VALUES)
    postgres_schemas.copy(place, tmp_path / "copy")
    other = Place(place.room, f"{place.url}_other", place.tables)

    def killed(_: sa.Connection) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        postgres_schemas.put_back(other, tmp_path / "copy", "aside", killed)
    assert postgres_schemas.rows(other) == {}


def test_a_copy_of_a_newer_version_is_refused_and_nothing_changes(place: Place, tmp_path: Path) -> None:
    put(place, VALUES)
    store = Store(place.url, place.tables)
    with store.begin() as connection:
        connection.execute(sa.text("ALTER TABLE outbox ADD COLUMN tomorrow text"))
    store.close()
    rows = postgres_schemas.copy(place, tmp_path / place.slug)
    made = Manifest(Realm.LIVE, NOW, "9.9", (StoreCopy(place.room, "postgresql", 2, rows),), None)
    with pytest.raises(StoreError, match=r"outbox\.tomorrow, which this version does not know.*9\.9"):
        fitting.check([place], tmp_path, made)
    assert [value for _, value in kept(place)] == VALUES


def test_a_store_is_held_alone_and_nobody_comes_in_meanwhile(place: Place, postgres: Postgres) -> None:
    """As with a lock on a file: a process that is connected keeps a restore out, and a restore every process."""
    with postgres_schemas.alone(place) as alone:
        assert alone
        with pytest.raises(OperationalError, match="a restore of this store is not finished") as caught:
            Store(place.url, place.tables)
        assert is_away(caught.value)  # a room waits for it, and parks nothing
        another = Place(place.room, f"{place.url}_another", place.tables)  # of another realm, in the same database
        Store(another.url, another.tables).close()
    store = Store(place.url, place.tables)
    with postgres_schemas.alone(place) as alone:
        assert not alone
    store.close()
    with postgres_schemas.alone(place) as alone:
        assert alone


def test_what_a_restore_has_left_is_closed_also_when_nobody_holds_it(place: Place, tmp_path: Path) -> None:
    """It was killed between its first store and Kafka: what it made, what it kept aside, and what was never there."""
    put(place, VALUES)
    postgres_schemas.copy(place, tmp_path / "copy")
    absent = Place(place.room, f"{place.url}_other", place.tables)
    marks.put([place, absent])
    aside = postgres_schemas.put_back(place, tmp_path / "copy", "aside", tell)
    assert aside is not None
    for each in (place, absent):
        assert marks.is_marked(each)
        with pytest.raises(OperationalError, match="not finished"):
            Store(each.url, each.tables)
    old = Place(place.room, str(sa.make_url(place.url).update_query_dict({"schema": aside})), place.tables)
    assert [value for _, value in kept(old)] == VALUES
    assert postgres_schemas.put_back(absent, tmp_path / "copy", "aside", tell) is None
    marks.lift([place, absent])
    assert [value for _, value in kept(absent)] == [value for _, value in kept(place)] == VALUES
