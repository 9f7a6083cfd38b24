"""What receipts keeps: its outbox, which webhooks were answered and how, and whom it has told what today.

No number and no text of a person: webhooks by the hash of Twilio's id, people by the phonebook's keyed hash.
"""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from schemas.audience import Reply
from schemas.base import instant_text
from schemas.delivery import Receipt, Receipts
from schemas.topics import RECEIPTS, REPLIES
from schemas.words import Channel, Realm
from services.receipts.answers import Answer
from services.runtime import outbox
from services.runtime.outbox import Outbox
from services.runtime.store import Store, insert_new

metadata = sa.MetaData()
outbox_rows = outbox.table(metadata)

answered = sa.Table(
    "answered",
    metadata,
    sa.Column("message", sa.String(64), primary_key=True),
    sa.Column("answer", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False, index=True),
)

told = sa.Table(
    "told",
    metadata,
    sa.Column("person", sa.String(64), primary_key=True),
    sa.Column("answer", sa.String, primary_key=True),
    sa.Column("at", sa.String, nullable=False, index=True),
)

#: How long a webhook is known, and how long the same thing is not said to the same person again.
DAY = timedelta(days=1)
#: HELP is answered each time: whoever asks gets the number to call.
EVERY_TIME: frozenset[Answer] = frozenset({"help"})
#: Saying one makes the other worth saying again.
OPPOSITES: dict[Answer, Answer] = {"stop": "start", "start": "stop"}


class Answered(NamedTuple):
    """What a webhook was answered."""

    answer: Answer
    language: str


class Exchange(NamedTuple):
    """One webhook and what it is to be answered. `person` is the keyed hash of a number."""

    message: str
    person: str
    wish: Answered
    reply: Reply | None
    now: datetime


class ReceiptsStore:
    """The room's own state."""

    def __init__(self, store: Store, box: Outbox, realm: Realm) -> None:
        """Keep `store`, and publish through `box`."""
        self._store, self._box, self._realm = store, box, realm

    async def report(self, reports: list[Receipt]) -> None:
        """Put up to 500 reports into the outbox; they are safe when this returns."""
        record = Receipts(realm=self._realm, channel=Channel.SMS, reports=tuple(reports))
        await self._store.transact(lambda c: self._box.put(c, RECEIPTS, Channel.SMS.value, record))
        self._box.wake()

    async def answered(self, message: str) -> Answered | None:
        """What was answered to this webhook before, if it was."""
        return await self._store.transact(_before, _hash(message))

    async def answer(self, exchange: Exchange) -> Answered:
        """Settle what one webhook is answered, and publish its reply, in one transaction; once per message."""
        found = await self._store.transact(self._settle, exchange)
        self._box.wake()
        return found

    def _settle(self, connection: sa.Connection, exchange: Exchange) -> Answered:
        message, person, wish, reply, now = exchange
        _forget(connection, instant_text(now - DAY))
        at = instant_text(now)
        given = wish if _is_news(connection, person, wish.answer) else Answered("none", wish.language)
        row = {"message": _hash(message), "answer": given.answer, "language": given.language, "at": at}
        if not insert_new(connection, answered, [row]):
            return _before(connection, _hash(message)) or given
        if given.answer != "none":
            insert_new(connection, told, [{"person": person, "answer": given.answer, "at": at}])
            opposite = OPPOSITES.get(given.answer, "none")
            connection.execute(sa.delete(told).where(told.c.person == person, told.c.answer == opposite))
        if reply is not None:
            self._box.put(connection, REPLIES, reply.subscriber, reply)
        return given


def _before(connection: sa.Connection, message: str) -> Answered | None:
    row = connection.execute(
        sa.select(answered.c.answer, answered.c.language).where(answered.c.message == message)
    ).one_or_none()
    return Answered(*row) if row else None


def _is_news(connection: sa.Connection, person: str, answer: Answer) -> bool:
    if answer in EVERY_TIME:
        return True
    query = sa.select(told.c.at).where(told.c.person == person, told.c.answer == answer)
    return connection.execute(query).one_or_none() is None


def _forget(connection: sa.Connection, before: str) -> None:
    for table in (answered, told):
        connection.execute(sa.delete(table).where(table.c.at < before))


def _hash(message: str) -> str:
    return hashlib.sha256(message.encode()).hexdigest()
