"""Statements of the hot path: said in SQLAlchemy's words, compiled once a database, run by its driver.

SQLAlchemy takes 50 to 250 us to build, look up and coerce a statement that is built anew for each call, which is more
than both databases take to run it for 64 rows. What a statement says as a constant stands in its text: only then may
either database use a partial index (`WHERE state = 'planned'`) without preparing the statement again for each call
(https://www.sqlite.org/partialindex.html#queries_using_partial_indexes,
https://www.postgresql.org/docs/current/indexes-partial.html).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

Process = Callable[[Any], Any]


class Names(sa.types.TypeDecorator[Sequence[str]]):
    """Some ids as one parameter, however many: an array, or JSON where there are no arrays."""

    impl = sa.String
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """How the database gets it."""
        return dialect.type_descriptor(sa.String() if dialect.name == "sqlite" else sa.ARRAY(sa.String()))

    def process_bind_param(self, value: Sequence[str] | None, dialect: sa.Dialect) -> str | list[str]:
        """A list, or its JSON."""
        names = list(value or ())
        return json.dumps(names) if dialect.name == "sqlite" else names


class Given(sa.BindParameter[Any]):
    """A parameter that each call gives; `like` is a column of its type."""

    inherit_cache = False

    def __init__(self, name: str, like: "sa.ColumnElement[Any] | None" = None) -> None:
        """Without `like` it is an integer or a text, given to the driver as it is."""
        super().__init__(name, type_=sa.types.NullType() if like is None else like.type)


@compiles(Given)
def _as_parameter(element: Given, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return str(compiler.visit_bindparam(element, **{**how, "literal_binds": False}))  # type: ignore[no-untyped-call]


class _Among(sa.ColumnElement[bool]):
    inherit_cache = False
    type = sa.Boolean()
    _is_implicitly_boolean = True  # else SQLite gets `… = 1`, and uses no index

    def __init__(self, column: "sa.ColumnElement[str]", names: Given) -> None:
        self.column, self.names = column, names


def among(column: "sa.ColumnElement[str]", name: str) -> "sa.ColumnElement[bool]":
    """`column` is one of the ids that the parameter `name` gives: the same text for any number of them."""
    names = Given(name)
    names.type = Names()
    return _Among(column, names)


@compiles(_Among)
def _of_array(element: _Among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"{compiler.process(element.column, **how)} = ANY ({compiler.process(element.names, **how)})"


@compiles(_Among, "sqlite")
def _of_json(element: _Among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    names = compiler.process(element.names, **how)
    return f"{compiler.process(element.column, **how)} IN (SELECT value FROM json_each({names}))"  # noqa: S608 - SQLAlchemy's own text


@dataclass(frozen=True)
class _Compiled:
    """One statement for one dialect."""

    text: str
    order: tuple[str, ...]
    positional: bool
    process: Mapping[str, Process]

    def values(self, given: Mapping[str, object]) -> "tuple[object, ...] | dict[str, object]":
        """What the driver gets for `given`."""
        made = dict(given)
        for name, process in self.process.items():
            made[name] = process(made[name])
        return tuple([made[name] for name in self.order]) if self.positional else made

    def table(self, rows: Sequence[Mapping[str, object]]) -> "list[tuple[object, ...]] | list[dict[str, object]]":
        """What the driver gets for each of `rows`, made a column at a time: most rows share most values."""
        names = self.order if self.positional else tuple(rows[0])
        columns = [_processed(self.process.get(name), [row[name] for row in rows]) for name in names]
        lines = zip(*columns, strict=True)
        return list(lines) if self.positional else [dict(zip(names, line, strict=True)) for line in lines]


def _processed(process: Process | None, column: list[object]) -> list[object]:
    if process is None:
        return column
    last: object = column[0]
    made = process(last)
    found = []
    for value in column:
        if value is not last:
            last, made = value, process(value)
        found.append(made)
    return found


class Prepared:
    """One statement, whose parameters are `Given`, those of `among`, and the columns of an insert without values."""

    def __init__(self, statement: sa.Executable, columns: Sequence[str] | None = None) -> None:
        """Nothing is compiled before its first use. `columns` are those that an insert without values gets."""
        self._statement, self._columns = cast("sa.ClauseElement", statement), columns
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, connection: sa.Connection, **given: object) -> "sa.CursorResult[*tuple[Any, ...]]":
        """Run it. Rows have the columns' names, and their values as the driver gives them: times are milliseconds."""
        compiled = self._for(connection)
        return connection.exec_driver_sql(compiled.text, cast("Any", compiled.values(given)))

    def many(self, connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> int:
        """Run it once for each of `rows`, which name the same columns; the number of rows that it changed."""
        if not rows:
            return 0
        compiled = self._for(connection)
        values = cast("Any", compiled.table(rows))
        return connection.exec_driver_sql(compiled.text, values, {"preserve_rowcount": True}).rowcount

    def _for(self, connection: sa.Connection) -> _Compiled:
        name = connection.dialect.name
        if name not in self._compiled:
            self._compiled[name] = _compile(self._statement, self._columns, connection.dialect)
        return self._compiled[name]


def _compile(statement: sa.ClauseElement, columns: Sequence[str] | None, dialect: sa.Dialect) -> _Compiled:
    constants = {"literal_binds": columns is None}
    keys = None if columns is None else list(columns)
    made = cast("SQLCompiler", statement.compile(dialect=dialect, column_keys=keys, compile_kwargs=constants))
    of_type = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in made.binds.items()}
    process = {name: each for name, each in of_type.items() if each is not None}
    return _Compiled(str(made), tuple(made.positiontup or ()), made.positional, process)
