"""The whole house on one machine: Kafka, topics, trust and rooms, for one realm or both; for `up` and for the demo."""

import fcntl
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aiokafka.errors import KafkaError as ClientError

from schemas.words import Realm
from services.cli.context import Context, kafka_file, write_kafka
from services.cli.demo import agency as demo_agency
from services.cli.errors import Code, fail
from services.cli.house.child import Child
from services.cli.house.node import Node
from services.cli.house.prepare import is_own_drill, prepare
from services.cli.house.rooms import ROOMS, SANDBOX, shared_environment
from services.cli.house.stand_ins import stand_ins
from services.cli.house.supervisor import Show, Supervisor
from services.cli.kafka import KafkaError
from services.cli.kafka.verbs import kafka_folder
from services.runtime import topics
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import load


@dataclass(frozen=True)
class Plan:
    """What to start. `kafka` names somebody else's broker; without it one is started here."""

    data: Path
    realms: Sequence[Realm]
    kafka: str | None = None
    sandbox: bool = False


class House:
    """Started once, stopped once. Only one may work in a data folder."""

    def __init__(self, plan: Plan, show: Show, say: Callable[[str], None]) -> None:
        """`show` is told of rooms, `say` of everything else."""
        self.plan = plan
        self._show, self._say = show, say
        self._node = Node(kafka_folder(plan.data), plan.kafka, say)
        self._lock: IO[str] | None = None
        self.kafka = ""
        self.rooms: Supervisor | None = None

    async def start(self) -> None:
        """Start everything; rooms are still coming up afterwards. Fails with a sentence."""
        self._take_folder()
        try:
            self.kafka = await self._node.start()
        except KafkaError as error:
            fail(str(error), Code.MISSING)
        self._say(f"Kafka is ready at {self.kafka}")
        await self._make_topics()
        write_kafka(self.plan.data, self.kafka)
        self.rooms = Supervisor([child for realm in self.plan.realms for child in self._children(realm)], self._show)
        await self.rooms.start()

    def _take_folder(self) -> None:
        self.plan.data.mkdir(parents=True, exist_ok=True)
        self._lock = (self.plan.data / "up.lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            who = self._lock.read().strip() or "unknown"
            fail(f"another `tocsin up` (process {who}) works in {self.plan.data}: stop it, or name another --data")
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    async def _make_topics(self) -> None:
        try:
            made = [
                name
                for realm in self.plan.realms
                for name in await topics.ensure(self.kafka, realm, access=load(KafkaAccess))
            ]
        except (ClientError, OSError, TimeoutError) as error:
            fail(f"Kafka at {self.kafka} does not answer ({type(error).__name__}): is that the address?", Code.MISSING)
        self._say(f"{len(made)} topics made" if made else "all topics are there")

    def _children(self, realm: Realm) -> list[Child]:
        context = Context(self.plan.data, realm)
        environment = shared_environment(os.environ, self.plan.data, realm, self.kafka)
        specs = ROOMS
        for line in prepare(context, sandbox=self.plan.sandbox):
            self._say(line)
        if self.plan.sandbox:
            specs = (SANDBOX, *ROOMS)  # first: dispatchers ask it whether it is there
            environment |= stand_ins(context.home).environment(os.environ)
            if not is_own_drill(context):
                environment |= demo_agency.environment(context.home, os.environ)
        return [Child(spec, realm, context.home, environment) for spec in specs]

    async def stop(self) -> None:
        """Stop rooms, then Kafka; bounded, and nothing is left."""
        if self.rooms is not None:
            await self.rooms.stop()
        await self._node.stop()
        if self._node.owned:
            kafka_file(self.plan.data).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
