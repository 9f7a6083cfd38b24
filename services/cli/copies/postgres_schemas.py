"""A store in a PostgreSQL schema: every table by COPY, in one read-only transaction that sees one moment.

No program of PostgreSQL's is needed, so none can be of the wrong version: psycopg speaks COPY itself
(https://www.postgresql.org/docs/current/sql-copy.html), as text, which every version of the server reads.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from psycopg import Cursor, sql

from services.cli.copies.stores import Place
from services.runtime import postgres, restoring, structure

COLUMNS = "columns.json"


def engine_of(place: Place) -> sa.Engine:
    """Connections that no restore keeps out."""
    return postgres.open_engine(postgres.read_url(place.url))


def copy(place: Place, folder: Path) -> dict[str, int]:
    """Copy every table of a store that may be in use into `folder`; rows by table."""
    folder.mkdir()
    engine = engine_of(place)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            connection.execute(sa.text("SET TRANSACTION READ ONLY"))
            columns = columns_of(connection)
            (folder / COLUMNS).write_text(json.dumps(columns, indent=1))
            cursor = _cursor(connection)
            return {table: _out(cursor, table, names, folder) for table, names in columns.items()}
    finally:
        engine.dispose()


def columns_of(connection: sa.Connection) -> dict[str, list[str]]:
    """The columns of each table of the connection's own schema; the mark of a restore is none of the store's."""
    inspector = sa.inspect(connection)
    schema = connection.scalar(sa.text("SELECT current_schema()"))
    if schema is None:
        return {}
    return {
        table: [column["name"] for column in inspector.get_columns(table, schema)]
        for table in inspector.get_table_names(schema)
        if table != restoring.MARK
    }


def rows(place: Place) -> dict[str, int]:
    """How many rows each table has; nothing where there is no schema."""
    engine = engine_of(place)
    try:
        with engine.connect() as connection:
            count = sa.func.count
            return {
                table: int(connection.scalar(sa.select(count()).select_from(sa.table(table))) or 0)
                for table in columns_of(connection)
            }
    finally:
        engine.dispose()


@contextmanager
def alone(place: Place) -> Iterator[bool]:
    """Hold a store alone inside; False where a process of Tocsin's is connected to it, and nothing is held."""
    engine = engine_of(place)
    try:
        with engine.connect() as connection:
            yield restoring.shut_out(connection)
    finally:
        engine.dispose()


def must_be_movable(place: Place) -> None:
    """StoreError where what the store holds now cannot be set aside."""
    engine = engine_of(place)
    try:
        with engine.connect() as connection:
            schema = connection.scalar(sa.text("SELECT current_schema()"))
            if schema == "public" and columns_of(connection):
                raise postgres.StoreError(
                    f"the store of {place.room} is in the schema `public`, which cannot be set aside: name another"
                )
    finally:
        engine.dispose()


def put_back(place: Place, folder: Path, aside: str, tell: Callable[[sa.Connection], object]) -> str | None:
    """Put a store of `folder` in the place of what is there; the schema in which that is kept, if there was any.

    One transaction: it is done whole, or nothing has changed. `tell` writes in it that the store is out of a backup, so
    that none is ever there that does not know it, and it is marked: the house is not whole yet. The copy must fit
    (`fitting.check`).
    """
    columns: dict[str, list[str]] = json.loads((folder / COLUMNS).read_text())
    engine = engine_of(place)
    try:
        with engine.begin() as connection:
            kept = _set_aside(connection, aside)
            postgres.make_tables_in(connection, lambda here, schema: structure.bring_up(here, place.tables, schema))
            connection.execute(sa.delete(structure.known))  # what was just noted there stands in the copy, too
            cursor = _cursor(connection)
            for table in _in_order(place, columns):
                _in(cursor, table, columns[table], folder)
            _set_sequences(connection)
            tell(connection)
            restoring.mark(connection)
    finally:
        engine.dispose()
    return kept


def _in_order(place: Place, columns: dict[str, list[str]]) -> list[str]:
    """The tables of a copy, what others refer to first."""
    known = [table.name for table in place.tables.sorted_tables]
    return sorted(columns, key=lambda name: known.index(name) if name in known else -1)


def _set_aside(connection: sa.Connection, aside: str) -> str | None:
    """What is kept is a store like any other, and bears no mark."""
    restoring.unmark(connection)
    schema = connection.scalar(sa.text("SELECT current_schema()"))
    if schema is None or not columns_of(connection):
        return None
    kept = f"{schema}_{aside}".replace("-", "_").lower()[:63]
    statement = sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(str(schema)), sql.Identifier(kept))
    _cursor(connection).execute(statement)
    return kept


def _out(cursor: "Cursor[tuple[object, ...]]", table: str, columns: list[str], folder: Path) -> int:
    with (folder / f"{table}.copy").open("wb") as file, cursor.copy(_statement(table, columns, "TO STDOUT")) as stream:
        for chunk in stream:
            file.write(chunk)
    return cursor.rowcount


def _in(cursor: "Cursor[tuple[object, ...]]", table: str, columns: list[str], folder: Path) -> None:
    path = folder / f"{table}.copy"
    with path.open("rb") as file, cursor.copy(_statement(table, columns, "FROM STDIN")) as stream:
        while chunk := file.read(1 << 20):
            stream.write(chunk)


def _statement(table: str, columns: list[str], where: str) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) " + where).format(sql.Identifier(table), names)


def _cursor(connection: sa.Connection) -> "Cursor[tuple[object, ...]]":
    return connection.connection.cursor()  # type: ignore[return-value]  # psycopg's own, behind SQLAlchemy's pool


def _set_sequences(connection: sa.Connection) -> None:
    """Numbers that the server gives go on after the highest that was copied."""
    found = connection.execute(sa.text(_SEQUENCES)).all()
    for table, column, sequence in found:
        highest = sa.select(sa.func.max(sa.column(column, sa.Integer))).select_from(sa.table(table))
        if (last := connection.scalar(highest)) is not None:
            connection.execute(sa.text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})


_SEQUENCES = (
    "SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name) "
    "FROM information_schema.columns WHERE table_schema = current_schema() "
    "AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL"
)
