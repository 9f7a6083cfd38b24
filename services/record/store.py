"""Writing that does not mind order or repetition: the newest word stays."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from services.record.tables import delivery

#: Set once, by the first row that has it.
FIRST = frozenset({"sent_at", "delivered_at"})


def keep_newest(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]], by: str) -> None:
    """Insert `rows`, or replace what is there where the new row's `by` is not less."""
    insert = _insert(connection, table)
    keys = [column.name for column in table.primary_key]
    changes = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    connection.execute(
        insert.on_conflict_do_update(index_elements=keys, set_=changes, where=insert.excluded[by] >= table.c[by]), rows
    )


def keep_deliveries(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Upsert up to some hundred delivery rows in one statement: the highest `seq` stays, first moments are kept."""
    insert = _insert(connection, delivery)
    changes = {
        column.name: sa.func.coalesce(delivery.c[column.name], insert.excluded[column.name])
        if column.name in FIRST
        else insert.excluded[column.name]
        for column in delivery.columns
        if column.name != "id"
    }
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["id"], set_=changes, where=insert.excluded["seq"] > delivery.c.seq
        ),
        rows,
    )


def _insert(connection: sa.Connection, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
