"""PostgreSQL as a store that several processes share: `postgresql+psycopg://user@host/database?schema=name`.

One schema a room: `schema` in the URL, by default `tocsin_<realm>_<room>`, made where it is missing. What is set for
each connection: a server that is gone is noticed within seconds, and a process that is frozen in the middle of a
transaction does not hold its locks for ever. `options=-c…` in the URL has the last word.
"""

import re
from collections.abc import Callable

import sqlalchemy as sa

BACKEND = "postgresql"
POOL = 8
#: A frozen process (SIGSTOP, a suspended machine) keeps its row locks for so long, and not longer.
IDLE_IN_TRANSACTION_S = 15
CONNECT = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "tocsin",
}
#: Made up, and the same in every process: the lock under which schemas and tables are made.
MAKING = "tocsin.making"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
DEADLOCK, SERIALIZATION, LOCK_TIMEOUT = "40P01", "40001", "55P03"


class TurnTakenError(Exception):
    """Another process has it, and goes on having it."""


class StoreError(Exception):
    """The store cannot be used as it is; the sentence says what to do."""


def read_url(url: str) -> sa.URL:
    """The parts of a URL. StoreError when it is none: SQLAlchemy's own error repeats it, password and all."""
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        message = "a store's URL cannot be read; write it as postgresql+psycopg://user:password@host:5432/database"
        raise StoreError(message) from None


def with_schema(url: str, name: str) -> str:
    """`url` with this schema, where it is PostgreSQL and names none itself."""
    made = read_url(url)
    if made.get_backend_name() != BACKEND or "schema" in made.query or "search_path" in str(made.query.get("options")):
        return url
    return made.update_query_dict({"schema": name}).render_as_string(hide_password=False)


def schema_name(realm: str, room: str) -> str:
    """The schema of a room that was given none."""
    return "tocsin_" + re.sub(r"[^a-z0-9]+", "_", f"{realm}_{room}".lower())


def open_engine(url: sa.URL) -> sa.Engine:
    """An engine whose connections see one schema. StoreError when the schema's name is none."""
    options = [f"-cidle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_S}s"]
    query = {name: _one(value) for name, value in url.query.items()}
    schema = query.pop("schema", None)
    if schema is not None:
        if not NAME.fullmatch(schema):
            raise StoreError("the schema in the store's URL must be letters, digits and _, at most 63")
        options.append(f"-csearch_path={schema}")
    options.append(query.pop("options", ""))
    address = url.set(drivername="postgresql+psycopg", query={**CONNECT, **query, "options": " ".join(options).strip()})
    return sa.create_engine(address, pool_size=POOL, max_overflow=POOL, pool_pre_ping=True, hide_parameters=True)


def _one(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else value[-1]


def make_tables(engine: sa.Engine, bring_up: Callable[[sa.Connection, str], object]) -> None:
    """Make the schema where it is missing, and `bring_up` its tables; processes that start together take turns.

    Raises:
        StoreError: an answered commit could be lost on this server.
    """
    with engine.begin() as connection:
        make_tables_in(connection, bring_up)


def make_tables_in(connection: sa.Connection, bring_up: Callable[[sa.Connection, str], object]) -> None:
    """The same, in the caller's transaction."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(MAKING, 0))))
    _must_be_durable(connection)
    path = str(connection.scalar(sa.text("SHOW search_path")))
    schema = path.split(",", maxsplit=1)[0].strip().strip('"')
    if NAME.fullmatch(schema) and connection.scalar(sa.text("SELECT current_schema()")) is None:
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    bring_up(connection, str(connection.scalar(sa.text("SELECT current_schema()"))))


def _must_be_durable(connection: sa.Connection) -> None:
    for setting in ("fsync", "synchronous_commit"):
        if connection.scalar(sa.text(f"SHOW {setting}")) == "off":
            message = f"the database server has {setting}=off: a commit that it answered could be lost; set it on"
            raise StoreError(message)


def take_turns(connection: sa.Connection, name: str, *, shared: bool = False) -> None:
    """Wait until no other transaction of this schema holds `name`, and hold it to the end of this one.

    `shared` only waits for those who do not share. On SQLite nothing: every transaction is alone there already.
    """
    if connection.dialect.name == BACKEND:
        lock = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
        connection.execute(sa.select(lock(lock_key(name))))


def enter(connection: sa.Connection, name: str, wait_s: float, hold_s: float) -> None:
    """Begin a transaction that holds `name`, and that may stand idle for `hold_s` seconds.

    Raises:
        TurnTakenError: another process held it for longer than `wait_s` seconds.
    """
    connection.execute(sa.select(_local("idle_in_transaction_session_timeout", hold_s), _local("lock_timeout", wait_s)))
    try:
        take_turns(connection, name)
    except sa.exc.DBAPIError as error:
        if sqlstate(error) == LOCK_TIMEOUT:
            raise TurnTakenError(name) from error
        raise


def _local(setting: str, seconds: float) -> "sa.ColumnElement[str]":
    local = True
    return sa.func.set_config(setting, f"{round(seconds * 1000)}ms", local, type_=sa.String)


def lock_key(name: str) -> "sa.ColumnElement[int]":
    """The number of the advisory lock `name`: such locks are the whole database's, names a schema's."""
    return sa.func.hashtextextended(sa.func.concat(sa.func.current_schema(), ".", name), 0, type_=sa.BigInteger)


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five characters, where an error has them: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
    found: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return found


def again_at_once(error: BaseException) -> bool:
    """Whether the server undid a transaction only because of others: two waited for each other."""
    return sqlstate(error) in {DEADLOCK, SERIALIZATION}


#: Classes of errors that pass by themselves: connection, resources, operator (shutdown, restart), system.
_PASSING = ("08", "53", "57P", "58")


def is_away(error: sa.exc.DBAPIError) -> bool:
    """Whether an error says that the server is not there now, or not able to work."""
    if error.connection_invalidated:
        return True
    state = sqlstate(error)
    if state is None:
        return isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError))
    return state.startswith(_PASSING) or state == "25P03"


def said(error: sa.exc.DBAPIError) -> str:
    """The first line of what the driver says; it names host and user, never the password."""
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
