"""A person settles what cannot be known: `unresolved -> sent | planned | failed`, with a name and a reason.

Written straight into the ledger beside its dispatcher, as the brake is: the next sweep or
window goes on from there. The state is compared when it is set, so evidence that came in the meantime wins.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from schemas.operations import Alarm
from schemas.topics import ALARMS
from schemas.words import PUBLIC_CHANNELS, Channel, Kind, Realm, Reason, State
from services.dispatch import alarms, claims, evidence, settling
from services.dispatch.evidence import Effects, Evidence, changed
from services.dispatch.moves import Who, allowed
from services.dispatch.port import Job
from services.dispatch.settling import THESE
from services.dispatch.tables import delivery, metadata, outbox_rows, person_move
from services.dispatch.texts import Texts
from services.runtime.outbox import message_of
from services.runtime.store import Store

ASKABLE = (State.UNKNOWN, State.UNRESOLVED)


class NotMovedError(Exception):
    """The move was refused, and nothing has changed; the sentence says why and what to do."""


@dataclass(frozen=True)
class Saying:
    """What one person says about one delivery, and why. `platform_id` is the platform's own id of the message."""

    delivery: str
    to: State
    by: str
    reason: str
    platform_id: str | None = None


class Persons:
    """One channel's ledger, as the command line opens it. Close it."""

    def __init__(self, url: str, channel: Channel, realm: Realm) -> None:
        """Open the ledger at `url`; sqlalchemy.exc.DBAPIError when it cannot be read."""
        self.channel, self.realm, self._store = channel, realm, Store(url, metadata)

    def close(self) -> None:
        """Close the ledger."""
        self._store.close()

    def open_questions(self, lineage: str | None = None) -> "list[sa.Row[Any]]":
        """Rows of `delivery` that are `unknown` or `unresolved`, the oldest doubt first."""
        query = sa.select(delivery).where(delivery.c.state.in_(ASKABLE)).order_by(delivery.c.changed_at, delivery.c.id)
        if lineage is not None:
            query = query.where(delivery.c.lineage == lineage)
        with self._store.begin() as connection:
            return list(connection.execute(query).all())

    def attempts(self, ids: Collection[str]) -> list[Job]:
        """These deliveries as attempts, for a look-up; those that the ledger does not know are left out."""
        with self._store.begin() as connection:
            rows = connection.execute(sa.select(delivery).where(delivery.c.id.in_(ids)).order_by(delivery.c.id)).all()
            texts = Texts()
            return [texts.job(connection, row) for row in rows]

    def unclaimed(self, found: Sequence[Evidence]) -> list[Evidence]:
        """Those of `found` that are no other delivery's."""
        with self._store.begin() as connection:
            return claims.unclaimed(connection, found)

    def settle(self, saying: Saying, now: datetime) -> State:
        """Make one move; the state that came of it. NotMovedError when it is refused."""
        with self._store.begin() as connection:
            return settle(connection, self.channel, self.realm, saying, now)


def settle(connection: sa.Connection, channel: Channel, realm: Realm, saying: Saying, now: datetime) -> State:
    """Make one move in the caller's transaction, and write down who made it and why.

    With the last one of an alert its alarm is over; the dispatcher's own outbox carries that.
    """
    row = connection.execute(sa.select(delivery).where(delivery.c.id == saying.delivery)).one_or_none()
    if row is None:
        raise NotMovedError(f"the ledger of {channel} has no delivery {saying.delivery}: `tocsin doubt list` shows ids")
    _check(channel, row, saying, now)
    if saying.platform_id is not None:
        _prove(connection, row, saying.platform_id, now)
    else:
        _set(connection, row, saying.to, now)
    said = {"delivery": row.id, "at": now, "to": saying.to.value, "platform_id": saying.platform_id,
            "by": saying.by, "reason": saying.reason}  # fmt: skip
    connection.execute(sa.insert(person_move).values(said))
    _end_alarm(connection, channel, realm, row.lineage, now)
    return State(connection.execute(sa.select(delivery.c.state).where(delivery.c.id == row.id)).scalar_one())


def _check(channel: Channel, row: "sa.Row[Any]", saying: Saying, now: datetime) -> None:
    """Refuse what the protocol does not allow, and what would do harm."""
    if not saying.by.strip() or not saying.reason.strip():
        raise NotMovedError("a name and a reason are needed: they stay on record")
    if row.state == State.UNKNOWN:
        raise NotMovedError(f"{row.id} is still being looked up: it settles itself, or becomes `unresolved`; then say")
    if not allowed(Who.PERSON, State(row.state), saying.to):
        raise NotMovedError(f"{row.id} is {row.state}, not unresolved: it needs nobody's word any more")
    if saying.platform_id is not None and saying.to is not State.SENT:
        raise NotMovedError("a platform id is proof that the message is there: it goes with `sent` only")
    stands_in_public = channel in PUBLIC_CHANNELS and row.kind != Kind.DELETION
    if saying.to is State.SENT and saying.platform_id is None and stands_in_public:
        raise NotMovedError("a public post needs --platform-id (its number there): else nobody could delete it")
    if saying.to is State.PLANNED and row.ends <= now:
        raise NotMovedError(f"{row.id} ended at {row.ends:%Y-%m-%d %H:%M} UTC and would not be sent: say `failed`")


def _prove(connection: sa.Connection, row: "sa.Row[Any]", platform_id: str, now: datetime) -> None:
    """A platform's id is evidence, whoever brings it; but one message is one delivery's only."""
    found = claims.unclaimed(connection, [Evidence(row.id, platform_id)])
    if not found:
        raise NotMovedError(f"the message {platform_id} is another delivery's: look again for the one that is meant")
    evidence.accept(connection, found, "person", now, Effects())


def _set(connection: sa.Connection, row: "sa.Row[Any]", to: State, now: datetime) -> None:
    """Compare and set; then what a message that stands, or one that is planned again, always entails."""
    why = None if to is State.SENT else Reason.UNKNOWN_OUTCOME
    mine = (delivery.c.id == row.id) & (delivery.c.state == State.UNRESOLVED) & (delivery.c.seq == row.seq)
    values = {"state": to, "reason": why, "due": None, "maybe": False, **changed(now)}
    if connection.execute(sa.update(delivery).where(mine).values(values)).rowcount != 1:
        raise NotMovedError(f"{row.id} has changed in this moment: list again")
    if to is State.SENT:
        evidence.follow(connection, [row], now, Effects())
    elif to is State.PLANNED:
        settling.forbid(connection, now, THESE, ids=[row.id])


def _end_alarm(connection: sa.Connection, channel: Channel, realm: Realm, lineage: str, now: datetime) -> None:
    left = sa.select(sa.func.count()).where(delivery.c.lineage == lineage, delivery.c.state == State.UNRESOLVED)
    if connection.execute(left).scalar_one():
        return
    room = f"dispatch/{channel}"
    says = alarms.RULES["unresolved"].over
    over = Alarm(
        realm=realm, room=room, rule="unresolved", says=says, do="nothing", lineage=lineage, since=now, over=True
    )
    alarms.drop(connection, "unresolved", lineage)
    message = message_of(realm, ALARMS, f"{room}#unresolved", over)
    connection.execute(sa.insert(outbox_rows).values(at=now, **message._asdict()))
