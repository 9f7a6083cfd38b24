"""Real alerts that came to the drill: each is an alarm of its own, by the hash of its bytes.

Nothing that intake could see ends it, for the alert belongs on the live topic, which the drill does not read: a person
has a day to see it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from schemas.operations import Alarm
from schemas.words import Realm
from services.intake.answers import ROOM
from services.intake.store import MISPLACED

RULE = "actual-in-drill"
SEEN = timedelta(days=1)


def found(connection: sa.Connection, realm: Realm, digest: str, now: datetime) -> Alarm:
    """Note it, and the alarm to publish: somebody must be woken."""
    connection.execute(sa.delete(MISPLACED).where(MISPLACED.c.digest == digest))
    connection.execute(sa.insert(MISPLACED).values(digest=digest, since=now))
    return _alarm(
        realm, digest, now,
        says="an alert with status Actual came to the drill's intake and was refused there: nobody will hear it",
        do="ask its sender to publish it on the live topic at once; `tocsin status` shows refusals with their sender",
    )  # fmt: skip


def seen(connection: sa.Connection, realm: Realm, now: datetime) -> Iterator[Alarm]:
    """The ends to publish, of those that have stood for a day."""
    old = MISPLACED.c.since <= now - SEEN
    for digest in connection.execute(sa.select(MISPLACED.c.digest).where(old)).scalars().all():
        yield _alarm(realm, digest, now, says="it was raised a day ago", do="nothing", over=True)
    connection.execute(sa.delete(MISPLACED).where(old))


def _alarm(realm: Realm, digest: str, since: datetime, *, says: str, do: str, over: bool = False) -> Alarm:
    return Alarm(realm=realm, room=ROOM, rule=RULE, says=says, do=do, about=digest, since=since, over=over)
