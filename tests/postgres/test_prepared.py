"""Prepared statements say on both databases what SQLAlchemy says, and let both use their partial indexes."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.words import State
from services.dispatch import gate
from services.dispatch.tables import delivery
from services.dispatch.tables import metadata as ledger
from services.runtime.prepared import Given, Prepared, among
from services.runtime.store import Moment, Store, insert_new, moment, sqlite_url
from tests.support.postgres import Postgres

pytestmark = pytest.mark.connected

METADATA = sa.MetaData()
THING = sa.Table(
    "thing", METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("n", sa.Integer, nullable=False, default=7),
    sa.Column("at", Moment),
    sa.Column("on", sa.Boolean, nullable=False, default=False),
    sa.Column("more", sa.JSON),
)  # fmt: skip
NOW = datetime(2026, 11, 29, 6, 0, 0, 250_000, UTC)
THESE = Prepared(sa.select(THING.c.name, THING.c.at).where(among(THING.c.name, "names")).order_by(THING.c.name))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "store.db")
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(f"t_{uuid.uuid4().hex}")


@pytest.fixture
def connection(url: str) -> Iterator[sa.Connection]:
    store = Store(url, METADATA)
    with store.begin() as connection:
        yield connection
    store.close()


def _rows(number: int) -> list[dict[str, object]]:
    return [{"name": f"it's {n:04d}", "state": "planned", "at": NOW + timedelta(seconds=n)} for n in range(number)]


@pytest.mark.parametrize("number", [0, 1, 3, 2000])
def test_among_takes_any_number_of_ids(connection: sa.Connection, number: int) -> None:
    insert_new(connection, THING, _rows(2100))
    wanted = {f"it's {n:04d}" for n in range(number)}
    found = THESE(connection, names=wanted).all()
    assert {row.name for row in found} == wanted
    assert [moment(row.at) for row in found] == [NOW + timedelta(seconds=n) for n in range(number)]


def test_constants_are_words_of_the_statement_and_do_what_they_say(connection: sa.Connection) -> None:
    insert_new(connection, THING, _rows(3))
    odd = 'it\'s 100 % \\ "odd" :name ?'
    change = Prepared(
        sa.update(THING)
        .where(among(THING.c.name, "names"), THING.c.state == "planned")
        .values(state=odd, n=THING.c.n + 1, at=Given("now", THING.c.at), on=True, more=sa.null())
    )
    assert change(connection, names=["it's 0001", "nobody"], now=NOW).rowcount == 1
    assert change(connection, names=["it's 0001"], now=NOW).rowcount == 0, "it is not planned any more"
    row = connection.execute(sa.select(THING).where(THING.c.state == odd)).one()
    assert (row.name, row.n, row.at, row.on) == ("it's 0001", 8, NOW, True)


def test_new_rows_get_the_tables_own_values_and_the_old_ones_stay(connection: sa.Connection) -> None:
    assert insert_new(connection, THING, [{**_rows(1)[0], "n": 1}]) == 1
    mixed = [{**row, "more": {"place": place}} for place, row in enumerate(_rows(4))]
    assert insert_new(connection, THING, mixed) == 3
    assert insert_new(connection, THING, mixed) == 0
    assert insert_new(connection, THING, []) == 0
    rows = connection.execute(sa.select(THING).order_by(THING.c.name)).all()
    assert [row.n for row in rows] == [1, 7, 7, 7]
    assert [row.more for row in rows] == [None, {"place": 1}, {"place": 2}, {"place": 3}]
    assert [row.at for row in rows] == [NOW + timedelta(seconds=n) for n in range(4)]


def test_rows_that_share_no_value_are_each_read_as_their_own(connection: sa.Connection) -> None:
    """A column is read once for neighbours with one value; a value that comes back later is no neighbour."""
    times = [NOW, NOW, None, NOW, NOW + timedelta(days=1), None]
    insert_new(connection, THING, [{"name": str(n), "state": "x", "at": at} for n, at in enumerate(times)])
    found = connection.execute(sa.select(THING.c.at).order_by(THING.c.name)).scalars().all()
    assert list(found) == times


def test_a_time_without_a_zone_is_refused(connection: sa.Connection) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="zone"):
        insert_new(connection, THING, [{"name": "x", "state": "x", "at": naive}])


def test_the_gate_finds_its_candidates_by_the_partial_index(url: str) -> None:
    """Without it every window would read every row that the ledger has ever had."""
    store = Store(url, ledger)
    with store.begin() as connection:
        compiled = gate._CANDIDATES._for(connection)
        values = compiled.values({"now": NOW, "far": NOW, "slots": 10})
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.text}", values).all()
        else:
            connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
            plan = connection.exec_driver_sql(f"EXPLAIN {compiled.text}", values).all()
    store.close()
    assert any("delivery_planned" in str(line) for line in plan), plan
    assert delivery.c.state.name in compiled.text
    assert f"'{State.PLANNED}'" in compiled.text
