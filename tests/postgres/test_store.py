"""A store on a real PostgreSQL: one schema a room, made once by many processes, turns, what passes by itself."""

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.topics import ALARMS
from schemas.words import Realm
from services.runtime import outbox
from services.runtime.clock import SystemClock
from services.runtime.outbox import Message, Outbox
from services.runtime.postgres import StoreError, TurnTakenError, take_turns, with_schema
from services.runtime.store import Moment, Store, insert_new, is_away
from tests.support.code import REPOSITORY
from tests.support.postgres import Postgres

pytestmark = pytest.mark.connected

METADATA = sa.MetaData()
OUTBOX = outbox.table(METADATA)
THING = sa.Table(
    "thing",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("at", Moment),
    sa.Column("n", sa.Integer),
)
MAKE = (
    "import sys; from services.dispatch.tables import metadata; from services.runtime.store import Store;"
    "Store(sys.argv[1], metadata).close()"
)


@pytest.fixture
def url(postgres: Postgres) -> str:
    """A schema of this test's own."""
    return postgres.url(f"t_{uuid.uuid4().hex}")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    made = Store(url, METADATA)
    yield made
    made.close()


def test_the_schema_is_made_and_holds_the_tables(store: Store) -> None:
    with store.begin() as connection:
        schema = connection.scalar(sa.text("SELECT current_schema()"))
        tables = sa.inspect(connection).get_table_names(schema)
    assert schema == store.url.query["schema"]
    assert set(tables) == {"thing", "outbox", "structure"}


def test_two_schemas_of_one_database_share_nothing(postgres: Postgres, store: Store) -> None:
    other = Store(postgres.url(f"t_{uuid.uuid4().hex}"), METADATA)
    with store.begin() as connection:
        insert_new(connection, THING, [{"name": "a"}])
    with other.begin() as connection:
        assert connection.execute(sa.select(THING)).all() == []
    other.close()


def test_processes_that_start_together_make_the_tables_once(url: str) -> None:
    command = [sys.executable, "-c", MAKE, url]
    with ThreadPoolExecutor(4) as threads:
        results = list(
            threads.map(
                lambda _: subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False), range(4)
            )
        )
    assert [result.stderr for result in results] == [""] * 4


def test_a_room_without_a_schema_in_its_url_gets_its_own() -> None:
    plain = "postgresql+psycopg://u:p%40ss@h/d"
    assert with_schema(plain, "tocsin_live_intake") == plain + "?schema=tocsin_live_intake"
    for given in ("?schema=mine", "?options=-csearch_path%3Dmine"):
        assert with_schema(plain + given, "tocsin_live_intake") == plain + given
    assert with_schema("sqlite:////a/b.db", "x") == "sqlite:////a/b.db"


def test_a_search_path_in_the_options_counts(postgres: Postgres) -> None:
    name = f"t_{uuid.uuid4().hex}"
    made = Store(postgres.url() + f"?options=-csearch_path%3D{name}", METADATA)
    with made.begin() as connection:
        assert connection.scalar(sa.text("SELECT current_schema()")) == name
    made.close()


@pytest.mark.parametrize("schema", ["a b", "a;b", "1a", "a-csearch_path=b"])
def test_a_schema_that_is_no_name_is_refused(postgres: Postgres, schema: str) -> None:
    with pytest.raises(StoreError, match="letters, digits"):
        Store(sa.make_url(postgres.url()).update_query_dict({"schema": schema}).render_as_string(), METADATA)


def test_a_server_that_forgets_commits_is_refused(postgres: Postgres) -> None:
    with pytest.raises(StoreError, match="synchronous_commit=off"):
        Store(postgres.url() + "?options=-csynchronous_commit%3Doff", METADATA)


def test_no_error_shows_the_password(postgres: Postgres) -> None:
    for wrong in (
        "postgresql+psycopg://u:hush@127.0.0.1:1/d",
        "postgresql://u:hush@127.0.0.1:x/d",
        "mysql://u:hush@h/d",
    ):
        with pytest.raises((StoreError, sa.exc.DBAPIError)) as found:
            Store(wrong, METADATA)
        assert "hush" not in str(found.value)


def test_moments_are_the_same_on_both(store: Store) -> None:
    at = datetime(2026, 11, 24, 12, 0, 0, 123000, tzinfo=UTC)
    with store.begin() as connection:
        insert_new(connection, THING, [{"name": "a", "at": at}])
        assert connection.scalar(sa.select(THING.c.at)) == at


def test_what_is_there_is_not_inserted_again(store: Store) -> None:
    with store.begin() as connection:
        assert insert_new(connection, THING, [{"name": "a"}, {"name": "b"}]) == 2
        assert insert_new(connection, THING, [{"name": "b"}, {"name": "c"}]) == 1


async def test_a_turn_excludes_the_others_and_ends_with_its_transaction(url: str, store: Store) -> None:
    other, order = Store(url, METADATA), list[str]()
    inside = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first(connection: sa.Connection) -> None:
        take_turns(connection, "lineage")
        loop.call_soon_threadsafe(inside.set)
        connection.execute(sa.text("SELECT pg_sleep(0.3)"))
        order.append("first")

    def second(connection: sa.Connection) -> None:
        take_turns(connection, "lineage")
        order.append("second")

    running = asyncio.create_task(store.transact(first))
    await inside.wait()
    await other.transact(second)
    await running
    assert order == ["first", "second"]
    other.close()


async def test_who_shares_a_turn_waits_only_for_who_does_not(url: str, store: Store) -> None:
    with store.begin() as one, store.begin() as two:
        take_turns(one, "lineage", shared=True)
        take_turns(two, "lineage", shared=True)
    with store.begin() as one, store.begin() as two:
        take_turns(one, "lineage", shared=True)
        two.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(sa.exc.OperationalError):
            take_turns(two, "lineage")


async def test_two_that_wait_for_each_other_are_run_again(url: str) -> None:
    one, two = Store(url, METADATA), Store(url, METADATA)
    with one.begin() as connection:
        insert_new(connection, THING, [{"name": "a", "n": 0}, {"name": "b", "n": 0}])

    def both(connection: sa.Connection, order: str) -> None:
        for name in order:
            connection.execute(sa.update(THING).where(THING.c.name == name).values(n=THING.c.n + 1))
            connection.execute(sa.text("SELECT pg_sleep(0.2)"))

    await asyncio.gather(one.transact(both, "ab"), two.transact(both, "ba"))
    with one.begin() as connection:
        assert connection.execute(sa.select(THING.c.n)).scalars().all() == [2, 2]
    one.close()
    two.close()


# --- the outbox of several processes ---


def _box(store: Store) -> Outbox:
    return Outbox(store, OUTBOX, SystemClock(), Realm.LIVE)


async def test_two_relays_publish_every_row_once_and_each_key_in_order(url: str) -> None:
    stores = [Store(url, METADATA) for _ in range(3)]
    boxes = [_box(store) for store in stores]
    published: list[tuple[bytes, int]] = []

    async def publish(message: Message) -> None:
        await asyncio.sleep(0.001)
        published.append((message.key, int(message.value or b"")))

    relays = [asyncio.create_task(box.relay(publish, idle_s=0.02)) for box in boxes]
    for number in range(300):
        box = boxes[number % 3]

        def write(connection: sa.Connection, box: Outbox = box, number: int = number) -> None:
            box.put(connection, ALARMS, f"key{number % 5}", str(number).encode())

        await stores[number % 3].transact(write)
        box.wake()
    async with asyncio.timeout(20):
        while await boxes[0].oldest():  # noqa: ASYNC110 - the relays have no event for this
            await asyncio.sleep(0.02)
    for relay in relays:
        relay.cancel()
    await asyncio.gather(*relays, return_exceptions=True)
    assert len(published) == 300
    for key in range(5):
        numbers = [number for name, number in published if name == f"key{key}".encode()]
        assert numbers == sorted(numbers)
    for store in stores:
        store.close()


async def test_a_relay_that_stands_still_loses_its_turn(url: str) -> None:
    frozen, other = Store(url, METADATA), Store(url, METADATA)
    async with other.alone("outbox", 1, 1):
        pass
    with pytest.raises(sa.exc.DBAPIError) as found:  # noqa: PT012 - the end of the block is what raises
        async with frozen.alone("outbox", 0.1, 0.5):
            with pytest.raises(TurnTakenError):
                async with other.alone("outbox", 0.1, 1):
                    pass
            async with other.alone("outbox", 5, 5):
                pass
    assert is_away(found.value)
    async with frozen.alone("outbox", 1, 1):
        pass
    frozen.close()
    other.close()


async def test_a_failed_publish_leaves_its_row_and_what_follows_it(store: Store) -> None:
    box = _box(store)

    def write(connection: sa.Connection) -> None:
        for number in range(4):
            box.put(connection, ALARMS, "one" if number < 3 else "two", str(number).encode())

    await store.transact(write)

    async def publish(message: Message) -> None:
        if message.value == b"1":
            raise TimeoutError

    with pytest.raises(TimeoutError):
        await box.relay_once(publish)
    with store.begin() as connection:
        left = connection.execute(sa.select(OUTBOX.c.value).order_by(OUTBOX.c.id)).scalars().all()
    assert left == [b"1", b"2"]


# --- a server that goes away ---


async def test_a_restart_is_told_from_a_mistake(own_postgres: Postgres, tmp_path: Path) -> None:
    store = Store(own_postgres.url("here"), METADATA)

    def sleep(connection: sa.Connection) -> None:
        connection.execute(sa.text("SELECT pg_sleep(30)"))

    running = asyncio.create_task(store.transact(sleep))
    async with asyncio.timeout(10):
        busy = sa.text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = 'active'")
        while (await store.transact(lambda c: c.scalar(busy))) < 2:  # noqa: ASYNC110 - itself is one of them
            await asyncio.sleep(0.05)
    own_postgres.stop()
    with pytest.raises(sa.exc.DBAPIError) as cut:
        await running
    with pytest.raises(sa.exc.DBAPIError) as refused:
        await store.transact(sleep)
    own_postgres.start()
    assert await store.transact(lambda c: c.scalar(sa.select(1))) == 1
    with pytest.raises(sa.exc.DBAPIError) as mistake:
        await store.transact(lambda c: c.execute(sa.text("SELECT nonsense")))
    assert is_away(cut.value)
    assert is_away(refused.value)
    assert not is_away(mistake.value)
    store.close()
