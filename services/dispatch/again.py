"""What people say again of a digest that the ledger knows, which is no repeat: after a key was taken away, or too late.

A record that is handled twice changes nothing. Another Decision about the same bytes does: whoever signs anew takes up
what stopped when an earlier signer's key was taken away, and a later withdrawal begins anew for those whom the one
before has not reached. It never begins anew for anybody who has its message, or may have it.
"""

from collections import defaultdict
from datetime import datetime
from enum import Enum, auto
from typing import Any

import sqlalchemy as sa

from schemas.words import BroadcastKind, Channel, Kind, Reason, State
from services.dispatch import ids
from services.dispatch.evidence import changed
from services.dispatch.settling import OF_LINEAGE, forbid, of_word
from services.dispatch.tables import STANDING, batch, delivery, mark, release
from services.runtime.store import insert_new
from services.runtime.verifier import Believed

#: A take-back that surely has not reached anybody, and will not.
_UNHEARD = (State.FAILED, State.EXPIRED, State.SUPPRESSED)


class Heard(Enum):
    """What a release or a withdrawal is to the ledger."""

    FIRST = auto()
    REPEAT = auto()
    #: The same bytes, by other keys or for another reach: others have signed, or an older record comes again.
    OTHERS = auto()
    #: The same bytes, until later: somebody has signed since.
    LATER = auto()


def hear(connection: sa.Connection, believed: Believed, word: str, ends: datetime) -> Heard:
    """Take the signers, the reach and the end of a word that the ledger knows, for it and for what is planned of it.

    Of two withdrawals the later end stays: every process hears each, and one that is new hears all of them again.
    """
    where = (release.c.digest == believed.digest) & (release.c.word == word)
    # Locked, as by `settling.revoke`: whoever comes second sees what the other has done.
    columns = release.c["keys"], release.c.reach, release.c.ends
    keys, reach, before = connection.execute(sa.select(*columns).where(where).with_for_update()).one()
    others = set(keys) != set(believed.keys) or reach != believed.reach
    # The end of a Cancel is counted from when it is handled: it says nothing of the Decision.
    later = ends > before and (word == "withdraw" or believed.broadcast.kind is not BroadcastKind.CANCEL)
    if word == "withdraw":
        ends = max(ends, before)
    values = {"ends": ends, "reach": believed.reach, "keys": list(believed.keys)}
    connection.execute(sa.update(release).where(where).values(values))
    planned = (delivery.c.digest == believed.digest) & of_word(word) & (delivery.c.state == State.PLANNED)
    connection.execute(sa.update(delivery).where(planned).values(ends=ends))
    return Heard.LATER if later else Heard.OTHERS if others else Heard.REPEAT


def widest(connection: sa.Connection, digest: str) -> int:
    """Of how many people the batches are that were planned for this digest; 0 where there is none."""
    query = sa.select(sa.func.max(batch.c.reach)).where(batch.c.digest == digest, batch.c.subscribers.is_(None))
    return connection.execute(query).scalar() or 0


def carry_on(  # noqa: PLR0917 - one call, and each is a different thing
    connection: sa.Connection, channel: Channel, believed: Believed, word: str, heard: Heard, ends: datetime,
    now: datetime,
) -> None:  # fmt: skip
    """What is `heard` is no repeat: take up what a lost key has stopped, and begin a take-back anew."""
    taken = _take_up(connection, believed, word, ends, now)
    takes_back = word == "withdraw" or believed.broadcast.kind is BroadcastKind.CANCEL
    if takes_back and (taken or heard is Heard.LATER):
        _begin_anew(connection, channel, believed, word, now)


def _take_up(connection: sa.Connection, believed: Believed, word: str, ends: datetime, now: datetime) -> bool:
    """Plan again what did not start because a signer's key was taken away; what may not start is settled at once.

    Nothing of it can have arrived: of what may have, `settling.settle_planned` makes `unresolved`. The end that the
    lost key had signed is void, too.
    """
    lineage = believed.broadcast.lineage
    stopped = (
        (delivery.c.lineage == lineage) & (delivery.c.digest == believed.digest) & of_word(word)
        & (delivery.c.state == State.SUPPRESSED) & (delivery.c.reason == Reason.REVOKED)
    )  # fmt: skip
    values = {"state": State.PLANNED, "reason": None, "due": None, "ends": ends, **changed(now)}
    if not connection.execute(sa.update(delivery).where(stopped).values(values)).rowcount:
        return False
    this = (release.c.digest == believed.digest) & (release.c.word == word)
    connection.execute(sa.update(release).where(this).values(ends=ends))
    forbid(connection, now, OF_LINEAGE, lineage=lineage)
    return True


def _begin_anew(connection: sa.Connection, channel: Channel, believed: Believed, word: str, now: datetime) -> None:
    """A Cancel or withdrawal is said anew: it counts from now, for those whom its first take-back has not reached."""
    lineage = believed.broadcast.lineage
    this = (mark.c.lineage == lineage) & (mark.c.digest == believed.digest)
    said = sa.update(mark).where(this, mark.c.kind.in_([Kind.CANCEL, Kind.WITHDRAWAL])).values(at=now)
    ordinal = connection.execute(said.returning(mark.c.ordinal)).scalar()
    if ordinal is not None:
        _let_go(connection, lineage, ordinal)
    _delete_again(connection, channel, believed, word, now)


def _let_go(connection: sa.Connection, lineage: str, ordinal: int) -> None:
    """Rows that stand below the mark and that a take-back of it follows which reached nobody are followed by none."""
    back = delivery.alias("back")
    unheard = sa.exists().where(
        back.c.id == delivery.c.follower, back.c.ordinal == ordinal, back.c.state.in_(_UNHEARD),
        sa.func.coalesce(back.c.reason, "") != Reason.OPTED_OUT,
    )  # fmt: skip
    stands = (delivery.c.lineage == lineage) & (delivery.c.ordinal < ordinal) & STANDING
    connection.execute(sa.update(delivery).where(stands, unheard).values(follower=None))


def _delete_again(connection: sa.Connection, channel: Channel, believed: Believed, word: str, now: datetime) -> None:
    """Another deletion of what each of the first ones has not deleted. It is numbered, as a repeated take-back is."""
    mine = (delivery.c.lineage == believed.broadcast.lineage) & (delivery.c.kind == Kind.DELETION) & of_word(word)
    query = sa.select(delivery, release.c.ends.label("until")).join(
        release, (release.c.digest == delivery.c.digest) & (release.c.word == word)
    ).where(mine, delivery.c.digest == believed.digest)  # fmt: skip
    tried: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query).all():
        tried[row.target].append(row)
    failed = [rows for rows in tried.values() if all(row.state in _UNHEARD for row in rows)]
    insert_new(connection, delivery, [_another(channel, rows, now) for rows in failed])


def _another(channel: Channel, rows: list[Any], now: datetime) -> dict[str, Any]:
    row = rows[0]
    name = ids.delivery_id(row.lineage, row.version, row.revision, channel, row.target, Kind.DELETION, len(rows))
    return {
        **{column.name: getattr(row, column.name) for column in delivery.columns},
        "id": name, "state": State.PLANNED.value, "reason": None, "attempt": 0, "due": None, "ends": row.until,
        "intent_at": None, "changed_at": now, "seq": 1, "unreported": True, "follower": None, "maybe": False,
    }  # fmt: skip
