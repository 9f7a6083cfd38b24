"""A store in a PostgreSQL schema: every table by COPY, in one read-only transaction that sees one moment.

No program of PostgreSQL's is needed, so none can be of the wrong version: psycopg speaks COPY itself
(https://www.postgresql.org/docs/current/sql-copy.html), as text, which every version of the server reads.
"""

import json
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from psycopg import Cursor, sql

from services.cli.copies.stores import Place
from services.runtime import postgres, structure

COLUMNS = "columns.json"


def copy(place: Place, folder: Path) -> dict[str, int]:
    """Copy every table of a store that may be in use into `folder`; rows by table."""
    folder.mkdir()
    engine = postgres.open_engine(sa.make_url(place.url))
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
    """The columns of each table of the connection's own schema."""
    inspector = sa.inspect(connection)
    schema = connection.scalar(sa.text("SELECT current_schema()"))
    if schema is None:
        return {}
    return {
        table: [column["name"] for column in inspector.get_columns(table, schema)]
        for table in inspector.get_table_names(schema)
    }


def rows(place: Place) -> dict[str, int]:
    """How many rows each table has; nothing where there is no schema."""
    engine = postgres.open_engine(sa.make_url(place.url))
    try:
        with engine.connect() as connection:
            count = sa.func.count
            return {
                table: int(connection.scalar(sa.select(count()).select_from(sa.table(table))) or 0)
                for table in columns_of(connection)
            }
    finally:
        engine.dispose()


def others(place: Place) -> int:
    """How many of Tocsin's processes are connected to the same database, this one left out."""
    engine = postgres.open_engine(sa.make_url(place.url))
    try:
        with engine.connect() as connection:
            return int(connection.scalar(sa.text(_OTHERS)) or 0)
    finally:
        engine.dispose()


_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tocsin' "
    "AND pid <> pg_backend_pid()"
)


def put_back(place: Place, folder: Path, aside: str, tell: Callable[[sa.Connection], object]) -> str | None:
    """Put a store of `folder` in the place of what is there; the schema in which that is kept, if there was any.

    One transaction: it is done whole, or nothing has changed. `tell` writes in it that the store is out of a backup, so
    that none is ever there that does not know it. StoreError when this program's tables lack a column of the copy.
    """
    columns: dict[str, list[str]] = json.loads((folder / COLUMNS).read_text())
    engine = postgres.open_engine(sa.make_url(place.url))
    try:
        with engine.begin() as connection:
            kept = _set_aside(connection, place, aside)
            postgres.make_tables_in(connection, lambda here, schema: structure.bring_up(here, place.tables, schema))
            _fits(place, columns, columns_of(connection))
            connection.execute(sa.delete(structure.known))  # what was just noted there stands in the copy, too
            cursor = _cursor(connection)
            for table in _in_order(place, columns):
                _in(cursor, table, columns[table], folder)
            _set_sequences(connection)
            tell(connection)
    finally:
        engine.dispose()
    return kept


def _in_order(place: Place, columns: dict[str, list[str]]) -> list[str]:
    """The tables of a copy, what others refer to first."""
    known = [table.name for table in place.tables.sorted_tables]
    return sorted(columns, key=lambda name: known.index(name) if name in known else -1)


def _fits(place: Place, theirs: dict[str, list[str]], ours: dict[str, list[str]]) -> None:
    for table, names in theirs.items():
        if unknown := set(names) - set(ours.get(table, [])):
            raise postgres.StoreError(
                f"the copy of {place.room} has {table}.{min(unknown)}, which this version does not know: restore with "
                "the version that made the backup (its manifest names it), then upgrade"
            )


def _set_aside(connection: sa.Connection, place: Place, aside: str) -> str | None:
    schema = connection.scalar(sa.text("SELECT current_schema()"))
    if schema is None or not columns_of(connection):
        return None
    if str(schema) == "public":
        message = f"the store of {place.room} is in the schema `public`, which cannot be set aside: name a schema"
        raise postgres.StoreError(message)
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
