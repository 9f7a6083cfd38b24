"""What the rooms say of a message reaches whoever sent it: at the door, and on the publisher's own topic."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from schemas.alert import Alert, Refusal
from schemas.base import Record
from schemas.broadcast import Held
from schemas.release import Approval, Withheld
from schemas.topics import ANSWERS
from schemas.words import AnswerState, Realm
from services.agency import memory, message, store
from services.agency.acknowledging import acknowledgement
from services.agency.message import Heard, answer_of, said
from services.agency.metrics import AgencyMetrics
from services.agency.standing import Standing, of_approval, of_held, of_withheld
from services.place.publishers import Register
from services.runtime.clock import Clock
from services.runtime.decoding import CONTENT_TYPE_HEADER
from services.runtime.outbox import Message, Outbox
from services.runtime.store import Store


@dataclass(frozen=True)
class Teller:
    """`pages` is where pages of record are served, `us` our CAP sender id; `wake` hears of bytes that are answered."""

    rows: Store
    outbox: Outbox
    clock: Clock
    realm: Realm
    publishers: Register
    metrics: AgencyMetrics
    pages: str | None
    us: str
    wake: Callable[[str], None]

    async def accepted(self, record: Alert) -> None:
        """`alerts.accepted`."""
        await self._hear(message.of_alert(record))

    async def refused(self, record: Refusal) -> None:
        """`alerts.refused`."""
        await self._hear(message.of_refusal(record))

    async def held(self, record: Held) -> None:
        """`broadcasts.held`."""
        await self._follow(record, of_held(record))

    async def approval(self, record: Approval) -> None:
        """`approvals`."""
        if word := of_approval(record):
            await self._follow(record, word)

    async def withheld(self, record: Withheld) -> None:
        """`broadcasts.withheld`."""
        await self._follow(record, of_withheld(record))

    async def _hear(self, heard: Heard) -> None:
        await self.rows.transact(self._keep_heard, heard)
        self.outbox.wake()
        self.wake(heard.source)

    def _keep_heard(self, connection: sa.Connection, heard: Heard) -> None:
        store.lock(connection)
        memory.keep_heard(connection, heard)
        self._tell(connection, heard, memory.standing(connection, heard.realm, heard.lineage, heard.version))

    async def _follow(self, record: Held | Approval | Withheld, word: Standing) -> None:
        await self.rows.transact(self._keep_standing, record, word)
        self.outbox.wake()

    def _keep_standing(self, connection: sa.Connection, record: Held | Approval | Withheld, word: Standing) -> None:
        store.lock(connection)
        if not memory.keep_standing(connection, record.realm, record.lineage, record.version, word):
            return
        heard = memory.of_version(connection, record.realm, record.lineage, record.version)
        if heard is not None:
            self._tell(connection, heard, word)

    def _tell(self, connection: sa.Connection, heard: Heard, word: Standing | None) -> None:
        """At the door for whoever posted it and for its publisher; on the topic only of one's own realm."""
        words = said(heard, word, self.pages)
        if memory.told(connection, heard) == words:
            return
        memory.keep_told(connection, heard, words)
        store.answer(connection, heard.source, words["state"], words)
        if self.publishers.get(heard.publisher) is None:
            return
        post = store.Post(heard.source, heard.publisher, heard.received, words["state"], words)
        store.add_for(connection, post)
        if heard.realm is self.realm:
            self._put(connection, heard, words)

    def _put(self, connection: sa.Connection, heard: Heard, words: dict[str, Any]) -> None:
        publisher = self.publishers.get(heard.publisher)
        if publisher is None or publisher.answers == "none":
            return
        topic, key = ANSWERS.of(publisher.id), heard.identifier or heard.source
        now = self.clock.now()
        if publisher.answers == "cap":
            written = acknowledgement(heard, words, self.us, now)
            if written is None:
                return
            headers = {CONTENT_TYPE_HEADER: "application/cap+xml"}
            self.outbox.put_message(connection, Message(topic.full(self.realm), key.encode(), written, headers))
        else:
            record: Record = answer_of(heard, words, now)
            self.outbox.put(connection, topic, key, record)
        self.metrics.answers.labels(AnswerState(words["state"])).inc()
