"""The projection: each record changes it once, in one durable transaction, in whatever order records come."""

import asyncio
from collections.abc import Callable
from typing import Concatenate, ParamSpec

import sqlalchemy as sa

from schemas.alert import Alert, Refusal
from schemas.answer import BytesRead
from schemas.audience import AudienceEstimate
from schemas.broadcast import Broadcast, Held
from schemas.decision import Decision, Recompose
from schemas.delivery import Deliveries
from schemas.operations import Alarm, Closing
from schemas.release import Approval, Release, Stop, Withheld
from services.record import alarms, outcomes, tables, writing
from services.record.belief import Belief
from services.record.timeline import What
from services.runtime.decoding import Envelope
from services.runtime.outbox import SCHEMA_HEADER
from services.runtime.store import Store

P = ParamSpec("P")
#: Records that change the projection and concern nobody outside.
Quiet = Alert | Broadcast | Held | Recompose | AudienceEstimate | Decision | Approval | Withheld | BytesRead
WRITERS: dict[type, Callable[..., None]] = {
    Alert: writing.accepted,
    Broadcast: writing.composed,
    Held: writing.held,
    Recompose: writing.recompose,
    AudienceEstimate: writing.estimated,
    Decision: writing.decided,
    Approval: writing.approval,
    Withheld: writing.withheld,
    BytesRead: writing.bytes_read,
}


class Projection:
    """Takes records. `on_public` hears of each lineage whose public page may have to change."""

    def __init__(
        self, store: Store, belief: Belief, on_public: Callable[[str], None], on_progress: Callable[[str], None],
        on_alarm: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        """`on_progress` hears of each lineage that came further, `on_alarm` the room and rule of what is raised."""
        self._store, self._belief = store, belief
        self._on_public, self._on_progress, self._on_alarm = on_public, on_progress, on_alarm
        self._judged = 0

    async def take(self, record: Quiet, envelope: Envelope) -> None:
        """Any record that only adds to the story."""
        await self._do(WRITERS[type(record)], record, envelope)
        if isinstance(record, Broadcast):
            self._on_progress(record.lineage)

    async def alarm(self, record: Alarm, envelope: Envelope) -> None:
        """Something is wrong, or no longer."""
        if await self._store.transact(alarms.take, record, envelope):
            self._on_alarm(record.room, record.rule)

    async def refused(self, record: Refusal) -> None:
        """Bytes that did not become an alert."""
        await self._do(writing.refused, record)

    async def released(self, record: Release, envelope: Envelope) -> str | None:
        """A release; the rule by which it is not believed, or None."""
        return await self._judge(writing.released, record, envelope)

    async def stopped(self, record: Stop, envelope: Envelope) -> str | None:
        """A withdrawal, a pause or a resume; the rule by which it is not believed, or None."""
        return await self._judge(writing.stopped, record, envelope)

    async def deliveries(self, record: Deliveries) -> None:
        """Up to 500 messages of one lineage."""
        await self._do(outcomes.deliveries, record)
        self._on_progress(record.lineage)

    async def parked(self, _record: bytes, envelope: Envelope) -> None:
        """What waits for a person, or what a person did with it. The bytes themselves are not kept here."""
        key = (envelope.key or b"").decode("utf-8", "replace") or envelope.origin
        if envelope.headers.get(SCHEMA_HEADER, "").startswith(Closing.schema_name + "/"):
            await self._do(outcomes.closed, key, Closing.model_validate_json(envelope.value or b""))
        else:
            await self._do(outcomes.parked, key, envelope)

    async def judge_again(self) -> None:
        """Once the trust bundle has changed: what was not believed may be believed now."""
        serial = self._belief.serial
        if serial != self._judged:
            for lineage in await self._store.transact(self._judge_again):
                self._on_public(lineage)
            self._judged = serial

    async def keep_judging(self, every_s: float = 5.0) -> None:
        """Look for ever whether there is another bundle: the first one may come as a file."""
        while True:
            await self.judge_again()
            await asyncio.sleep(every_s)

    def _judge_again(self, connection: sa.Connection) -> set[str]:
        changed = set()
        kinds: tuple[tuple[sa.Table, type[Release | Stop]], ...] = (
            (tables.release, Release),
            (tables.stop, Stop),
        )
        for table, kind in kinds:
            for row in connection.execute(sa.select(table).where(table.c.rule.is_not(None))).all():
                record = kind.model_validate_json(row.record)
                if self._belief.rule(record) is None:
                    _believe(connection, table, row.id, record)
                    changed.add(record.lineage)
        return changed

    async def _judge(self, write: Callable[..., None], record: Release | Stop, envelope: Envelope) -> str | None:
        rule = await self._store.transact(self._judged_write, write, record, envelope)
        self._on_public(record.lineage)
        self._on_progress(record.lineage)
        return rule

    def _judged_write(
        self, connection: sa.Connection, write: Callable[..., None], record: Release | Stop, envelope: Envelope
    ) -> str | None:
        """Judged inside the transaction: another bundle meanwhile judges again what stands in the store by then."""
        rule = self._belief.rule(record)
        found = self._belief.broadcast(record)
        if found is not None:
            writing.keep_broadcast(connection, found, record.digest, record.broadcast)
        write(connection, record, envelope, rule)
        return rule

    async def _do(self, work: Callable[Concatenate[sa.Connection, P], None], *args: P.args, **kwargs: P.kwargs) -> None:
        await self._store.transact(work, *args, **kwargs)


def _believe(connection: sa.Connection, table: sa.Table, name: str, record: Release | Stop) -> None:
    what = What.RELEASED if isinstance(record, Release) else What(record.decision.statement.decision.value)
    connection.execute(sa.update(table).where(table.c.id == name).values(rule=None))
    connection.execute(sa.update(tables.event).where(tables.event.c.id == name).values(what=what.value, says=None))
