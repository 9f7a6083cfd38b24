"""Publishers that promised a sign of life: a message with status System every so often. A missed one is an alarm.

Live intake notes it before it hands the message over to the drill: silence of the live way is what must be heard.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from schemas.cap import CapAlert, Status
from schemas.operations import Alarm
from schemas.words import Realm
from services.intake import memory
from services.intake.answers import ROOM
from services.place.publishers import Publisher, Register

RULE = "missed-heartbeat"


def promised(register: Register) -> list[Publisher]:
    """Who promised one."""
    found = {one.id: one for one in register.by_sender.values() if one.heartbeat_s is not None}
    return list(found.values())


def heard(connection: sa.Connection, register: Register, alert: CapAlert, now: datetime) -> None:
    """Note a System message of a publisher that promised one; that it is back is said at the next look."""
    publisher = register.of(alert.sender)
    if alert.status is not Status.SYSTEM or publisher is None or publisher.heartbeat_s is None:
        return
    before = memory.beat(connection, publisher.id)
    memory.keep_beat(connection, publisher.id, now, alarmed=before is not None and before.alarmed)


def changed(connection: sa.Connection, realm: Realm, register: Register, now: datetime) -> Iterator[tuple[str, Alarm]]:
    """Alarms to publish, with their keys: of publishers that have fallen silent, and of those that are back."""
    for publisher in promised(register):
        beat = memory.beat(connection, publisher.id)
        if beat is None:
            memory.keep_beat(connection, publisher.id, now, alarmed=False)  # it is not asked for before it was known
            continue
        late = now - beat.seen > timedelta(seconds=publisher.heartbeat_s or 0)
        if late != beat.alarmed:
            memory.keep_beat(connection, publisher.id, beat.seen, alarmed=late)
            yield f"{ROOM}#{RULE}#{publisher.id}", alarm_of(realm, publisher, beat.seen, over=not late)


def alarm_of(realm: Realm, publisher: Publisher, seen: datetime, *, over: bool) -> Alarm:
    """Silence, or its end."""
    return Alarm(
        realm=realm,
        room=ROOM,
        rule=RULE,
        says=f"{publisher.id} promised a System message every {publisher.heartbeat_s:g} s, and none has come since",
        do=f"ask {publisher.id} whether it can publish: an alert of theirs might not reach Tocsin now",
        about=publisher.id,
        since=seen,
        over=over,
    )
