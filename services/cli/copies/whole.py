"""A restore in its order: all that could stop it is asked first, and no room starts before all of it is done."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from services.cli.context import Context, kafka_file, write_kafka
from services.cli.copies import fitting, keys_file, last, learning, marks, offsets, putting_back, ring
from services.cli.copies.keys_file import Key, KeysError
from services.cli.copies.last import Last
from services.cli.copies.manifest import Manifest
from services.cli.copies.offsets import RightError
from services.cli.copies.putting_back import Beside, Kept, first_line
from services.cli.copies.stores import Place
from services.cli.house.node import Node
from services.cli.kafka import KafkaError as NodeError
from services.cli.kafka.verbs import kafka_folder
from services.phonebook.settings import PhonebookSettings
from services.runtime.kafka_access import KafkaAccess
from services.runtime.postgres import StoreError
from services.runtime.settings import load

#: What a store, a disk or Kafka fails with.
STORE_TROUBLE = (sqlite3.Error, DBAPIError, StoreError, OSError)
KAFKA_TROUBLE = (NodeError, KafkaError, OSError, TimeoutError)


class UnfinishedError(Exception):
    """All stores are replaced, and something after that has failed: no room starts before it is done."""


class KafkaAwayError(Exception):
    """Kafka could not be asked, and nothing has been changed."""


@dataclass(frozen=True)
class Plan:
    """What is put where. `stores` are those of the backup, `shut` also those that stand beside them."""

    context: Context
    source: Path
    made: Manifest
    stores: list[Place]
    shut: list[Place]
    keys: list[Key]
    ring: Key | None
    aside: str


@dataclass(frozen=True)
class Done:
    """What was kept aside, put back beside the stores, and, by group, how many records come again."""

    kept: list[Kept]
    beside: Beside
    again: dict[str, int] | None = None


def look(
    context: Context, found: Sequence[Place], source: Path, made: Manifest, keys: Path | None, *, over: bool,
    now: datetime,
) -> Plan:  # fmt: skip
    """Everything that can be known before anything is changed, while the house is held.

    StoreError, DBAPIError or OSError where a store does not fit or is away, KeysError where the keys do not fit.
    """
    fitting.check(found, source, made)
    copied = [store.room for store in made.stores]
    given = keys_file.read(context, keys) if keys else []
    chosen = ring.choose(ring.wanted(source, made), phonebook_keys(context), given, over=over)
    stores = [place for place in found if place.room in copied]
    aside = f"before-restore-{now:%Y%m%dT%H%M%SZ}"
    return Plan(context, source, made, stores, putting_back.touched(found, copied), given, chosen, aside)


def phonebook_keys(context: Context) -> Path:
    """Where the phonebook's keys are, or belong."""
    return PhonebookSettings().keys_path(context.shared)


def without_kafka(plan: Plan) -> Done:
    """Put all of it back where Kafka is lost. Fails as `with_kafka`."""
    kept = _put_stores(plan)
    with _replaced(plan):
        beside = _put_beside(plan)
        marks.lift(plan.shut)
    return Done(kept, beside)


async def with_kafka(plan: Plan, named: str | None) -> Done:
    """Put all of it back, the rooms' places in Kafka too; and let compose learn what it has said since.

    Raises:
        RightError, KafkaAwayError, StoreError, sqlite3.Error, DBAPIError, OSError: nothing has been changed.
        HalfError, UnfinishedError: no room starts before it is typed again.
    """
    context, access = plan.context, load(KafkaAccess)
    async with _kafka(context, named) as servers:
        try:
            with offsets.refusals(context.realm, access.kafka_user):
                await offsets.ask(servers, context.realm)
                said = await learning.read_broadcasts(servers, context.realm)
        except KAFKA_TROUBLE as error:
            raise KafkaAwayError(type(error).__name__) from error
        kept = await asyncio.to_thread(_put_stores, plan)
        with _replaced(plan):
            beside = await asyncio.to_thread(_put_beside, plan)
            again = await offsets.put_back(servers, context.realm, plan.made.offsets)
            await asyncio.to_thread(learning.learn_broadcasts, plan.shut, said)
            await asyncio.to_thread(marks.lift, plan.shut)
    return Done(kept, beside, again)


@asynccontextmanager
async def _kafka(context: Context, named: str | None) -> AsyncIterator[str]:
    """The address of Kafka, named or started here. KafkaAwayError when it cannot be had."""
    node = Node(kafka_folder(context.data), named, lambda line: context.say(line, says=line))
    try:
        try:
            servers = await node.start()
        except KAFKA_TROUBLE as error:
            raise KafkaAwayError(type(error).__name__) from error
        write_kafka(context.data, servers)
        yield servers
    finally:
        await node.stop()
        if node.owned:
            kafka_file(context.data).unlink(missing_ok=True)


def _put_stores(plan: Plan) -> list[Kept]:
    try:
        marks.put(plan.shut)
        return putting_back.put_back(plan.stores, plan.source, plan.made.at, plan.aside)
    except STORE_TROUBLE:  # with the first one: nothing is replaced
        with contextlib.suppress(*STORE_TROUBLE):
            marks.lift(plan.shut)
        raise


def _put_beside(plan: Plan) -> Beside:
    beside = putting_back.put_beside(plan.context.home, plan.source, plan.keys, plan.ring, plan.aside)
    last.note(plan.context.home, Last(plan.made.at, str(plan.source.resolve())))
    return beside


@contextmanager
def _replaced(plan: Plan) -> Iterator[None]:
    """What fails inside leaves a house whose stores fit each other, and not what is beside them."""
    try:
        yield
    except (*STORE_TROUBLE, *KAFKA_TROUBLE, KeysError, RightError) as error:
        says = first_line(error) or type(error).__name__
        raise UnfinishedError(
            f"all {len(plan.stores)} stores are replaced, and then something has failed ({says}): do not start the "
            "house, whose rooms refuse their stores now; set that right and type it again with --over; where Kafka is "
            "lost, with --without-kafka, too"
        ) from error
