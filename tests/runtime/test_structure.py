"""A store that an earlier or a later version has opened."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from services.runtime import structure
from services.runtime.postgres import StoreError
from services.runtime.store import Store, sqlite_url
from tests.support.postgres import Postgres

BEFORE = sa.MetaData()
OLD = sa.Table("thing", BEFORE, sa.Column("name", sa.String, primary_key=True))
AFTER = sa.MetaData()
NEW = sa.Table(
    "thing", AFTER, sa.Column("name", sa.String, primary_key=True), sa.Column("size", sa.Integer, index=True),
    sa.Column("colour", sa.String, nullable=False, server_default="grey"),
)  # fmt: skip
sa.Table("other", AFTER, sa.Column("name", sa.String, primary_key=True))


def file(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "store.db")


def both_use_it(url: str) -> None:
    """What the old version wrote before and beside the new one is there, with what is new at its default."""
    old = Store(url, BEFORE)
    with old.begin() as connection:
        connection.execute(sa.insert(OLD).values(name="early"))
    new = Store(url, AFTER)
    with old.begin() as connection:
        connection.execute(sa.insert(OLD).values(name="beside"))
    with new.begin() as connection:
        connection.execute(sa.insert(NEW).values(name="new", size=3, colour="red"))
    with old.begin() as connection:
        assert set(connection.scalars(sa.select(OLD.c.name))) == {"early", "beside", "new"}
    again = Store(url, AFTER)
    with again.begin() as connection:
        found = {tuple(row) for row in connection.execute(sa.select(NEW))}
        schema = None if again.is_sqlite else connection.scalar(sa.text("SELECT current_schema()"))
        indexes = [index["name"] for index in sa.inspect(connection).get_indexes("thing", schema)]
    assert found == {("early", None, "grey"), ("beside", None, "grey"), ("new", 3, "red")}
    assert indexes == ["ix_thing_size"]
    for store in (old, new, again):
        store.close()


def test_a_store_grows_while_the_version_before_uses_it(tmp_path: Path) -> None:
    both_use_it(file(tmp_path))


@pytest.mark.connected
def test_a_store_on_postgresql_grows_while_the_version_before_uses_it(postgres: Postgres) -> None:
    both_use_it(postgres.url("t_structure"))


def test_a_store_of_a_newer_version_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr(structure, "OLDEST", structure.STRUCTURE + 1)
        later.setattr(structure, "STRUCTURE", structure.STRUCTURE + 1)
        Store(file(tmp_path), AFTER).close()
    with pytest.raises(StoreError, match=r"newer Tocsin .*start the newer version"):
        Store(file(tmp_path), AFTER)


def test_a_newer_version_that_only_added_is_no_reason_to_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr(structure, "STRUCTURE", structure.STRUCTURE + 1)
        Store(file(tmp_path), AFTER).close()
    store = Store(file(tmp_path), BEFORE)
    with store.begin() as connection:
        assert connection.execute(sa.text("SELECT newest FROM structure")).scalar() == structure.STRUCTURE + 1
    store.close()


def test_a_column_without_a_default_is_not_added(tmp_path: Path) -> None:
    Store(file(tmp_path), BEFORE).close()
    wrong = sa.MetaData()
    sa.Table(
        "thing", wrong, sa.Column("name", sa.String, primary_key=True), sa.Column("must", sa.Integer, nullable=False)
    )
    with pytest.raises(StoreError, match=r"thing\.must is missing .* has no default"):
        Store(file(tmp_path), wrong)
