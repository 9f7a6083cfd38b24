"""A store's structure follows the code when it is opened: what is missing is added, nothing is changed or taken away.

Expand first, contract a release later: while rooms are restarted one by one, the version before works on beside the
new one, on the same tables. So a new column may be null or has a default that the database knows, and the version
before neither sees nor needs it. What cannot be done so (a column that goes, or means something else) raises `OLDEST`
in a later release: from then on programs of a lower structure refuse the store instead of writing half of it.
"""

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn

from services.runtime.postgres import StoreError

#: The structure of this release, and the lowest whose program may still use a store that this one has opened.
STRUCTURE, OLDEST = 2, 1

#: Its one row stands in every store.
known = sa.Table(
    "structure",
    sa.MetaData(),
    sa.Column("one", sa.Integer, primary_key=True),
    sa.Column("newest", sa.Integer, nullable=False),
    sa.Column("oldest", sa.Integer, nullable=False),
)


def bring_up(connection: sa.Connection, tables: sa.MetaData, schema: str | None = None) -> list[str]:
    """Make the tables, columns and indexes that are missing, in the caller's transaction; what was added.

    `schema` is where PostgreSQL's tables are. StoreError when a newer program has made this store unfit for this one,
    or a column cannot be added.
    """
    _refuse_newer(connection, schema)
    there = set(sa.inspect(connection).get_table_names(schema))
    tables.create_all(connection)
    added = [what for table in tables.sorted_tables if table.name in there for what in _grow(connection, table, schema)]
    _note(connection)
    return added


def _refuse_newer(connection: sa.Connection, schema: str | None) -> None:
    if not sa.inspect(connection).has_table(known.name, schema):
        return
    row = connection.execute(sa.select(known)).one_or_none()
    if row is not None and row.oldest > STRUCTURE:
        raise StoreError(
            f"the store belongs to a newer Tocsin (its structure is {row.newest}, this program's {STRUCTURE}, and it "
            f"needs {row.oldest}): start the newer version, or restore a backup from before the upgrade"
        )


def _note(connection: sa.Connection) -> None:
    known.create(connection, checkfirst=True)
    row = connection.execute(sa.select(known)).one_or_none()
    if row is None:
        connection.execute(sa.insert(known).values(one=1, newest=STRUCTURE, oldest=OLDEST))
    elif (row.newest, row.oldest) != (newest := max(row.newest, STRUCTURE), oldest := max(row.oldest, OLDEST)):
        connection.execute(sa.update(known).values(newest=newest, oldest=oldest))


def _grow(connection: sa.Connection, table: sa.Table, schema: str | None) -> list[str]:
    inspector = sa.inspect(connection)
    columns = {column["name"] for column in inspector.get_columns(table.name, schema)}
    missing = [column for column in table.columns if column.name not in columns]
    for column in missing:
        _add(connection, table, column)
    indexes = {index["name"] for index in inspector.get_indexes(table.name, schema)}
    fresh = [index for index in table.indexes if index.name not in indexes]
    for index in fresh:
        index.create(connection)
    return [f"{table.name}.{column.name}" for column in missing] + [str(index.name) for index in fresh]


def _add(connection: sa.Connection, table: sa.Table, column: "sa.Column[object]") -> None:
    if column.primary_key or not (column.nullable or column.server_default is not None):
        raise StoreError(
            f"{table.name}.{column.name} is missing in the store and cannot be added: it is a key, or has no default"
        )
    name = connection.dialect.identifier_preparer.format_table(table)
    what = CreateColumn(column).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {what}")
