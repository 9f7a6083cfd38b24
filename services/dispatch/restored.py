"""A ledger out of a backup knows it, and sends nothing that may have been sent since before it has looked.

It has forgotten what was committed after the backup (README, *The delivery protocol*). So
every row that is `planned` in it, and every row that a record from before the restore plans again, becomes an attempt
in doubt of the backup's own time: it is waited out and looked up like any other doubt, and only what is surely not
there is sent. Until then nothing else settles it either: what a person may have got must not be called superseded.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from schemas.decision import Decision
from schemas.words import Reason, State
from services.dispatch import due, ids
from services.dispatch.tables import delivery, release, restored, restored_doubt, restored_fresh
from services.runtime import verifier
from services.runtime.store import insert_new

#: Topics keep records for 30 days: for so long one from before the restore may come again.
LASTS = timedelta(days=31)
#: How far the clocks of a signer and of the ledger may be apart; above it a decision is surely from after the restore.
SKEW = timedelta(seconds=60)
#: No delivery makes so many moves in its life: what is reported after a restore counts as newer.
SEQ_AHEAD = 1000


def mark(connection: sa.Connection, since: datetime) -> None:
    """Make this ledger one that is out of a backup of `since`; whatever an earlier restore had found is void."""
    for table in (restored, restored_doubt, restored_fresh):
        connection.execute(sa.delete(table))
    connection.execute(sa.insert(restored).values(since=since, at=None))


def begin(connection: sa.Connection, now: datetime) -> datetime | None:
    """The first process on a restored ledger starts its time: all is reported anew. When the backup was made, or None.

    Only the first one gets an answer; to all others, and without a restore, it is None.
    """
    begun = sa.update(restored).where(restored.c.at.is_(None)).values(at=now).returning(restored.c.since)
    since: datetime | None = connection.execute(begun).scalar()
    if since is not None:
        connection.execute(sa.update(delivery).values(seq=delivery.c.seq + SEQ_AHEAD, unreported=True))
    return since


def cleared() -> "sa.ColumnElement[bool]":
    """Rows of `delivery` that may start or be settled: all of them, unless the ledger is out of a backup."""
    withdraw = delivery.c.ordinal % 2 == ids.TAKE_BACK
    same_word = sa.or_(
        withdraw & (restored_fresh.c.word == "withdraw"), ~withdraw & (restored_fresh.c.word == "release")
    )
    return sa.or_(
        ~sa.exists(sa.select(restored.c.since)),
        sa.exists().where(restored_doubt.c.delivery == delivery.c.id),
        sa.exists().where(restored_fresh.c.digest == delivery.c.digest, same_word),
    )


def doubt(connection: sa.Connection, now: datetime) -> int:
    """Put every planned row whose moment has come, and that nobody has looked for, in doubt; the number of them."""
    connection.execute(sa.delete(restored).where(restored.c.at < now - LASTS))
    since = connection.execute(sa.select(restored.c.since)).scalar()
    if since is None:
        return 0
    where = (delivery.c.state == State.PLANNED) & due.come(now, now + due.LONGEST) & ~cleared()
    found = connection.execute(sa.select(delivery.c.id).where(where).with_for_update()).scalars().all()
    for start in range(0, len(found), 400):
        _doubt(connection, found[start : start + 400], since, now)
    return len(found)


def _doubt(connection: sa.Connection, found: Sequence[str], since: datetime, now: datetime) -> None:
    """`since` is when its message may have been sent at the earliest: a look-up reads from there."""
    insert_new(connection, restored_doubt, [{"delivery": each} for each in found])
    values = {
        "state": State.UNKNOWN, "reason": Reason.UNKNOWN_OUTCOME, "attempt": delivery.c.attempt + 1, "intent_at": since,
        # What Kafka plans again begins at 1, and the board may know it from before the restore.
        "changed_at": now, "seq": delivery.c.seq + SEQ_AHEAD, "unreported": True,
    }  # fmt: skip
    connection.execute(sa.update(delivery).where(delivery.c.id.in_(found)).values(values))


def note(connection: sa.Connection, digest: str, word: str, signed: datetime | None) -> None:
    """A release or withdrawal that this ledger has not known and that was signed after the restore was never sent."""
    at = connection.execute(sa.select(restored.c.at)).scalar()
    if at is None or signed is None or signed <= at + SKEW:
        return
    known = sa.select(release.c.digest).where(release.c.digest == digest, release.c.word == word)
    if connection.execute(known).first() is None:
        insert_new(connection, restored_fresh, [{"digest": digest, "word": word}])


def signed_at(received: datetime, decisions: Sequence[Decision]) -> datetime:
    """When a release cannot have been made before: at its last person's word, and never before its alert came.

    The engine's own word counts for nothing: approve, restored too, may give it again for what was sent long ago.
    """
    people = [d.statement.issued for d in decisions if d.statement.role != verifier.ENGINE_ROLE]
    return max([received, *people])
