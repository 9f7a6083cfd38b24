"""The planner: what a release, a batch or a withdrawal means for this channel's ledger, in one transaction each.

Handlers only plan: rows with deterministic ids, inserted if they are not there. A record handled twice changes
nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from schemas.audience import BatchStatement
from schemas.broadcast import Broadcast, Rendition
from schemas.words import BroadcastKind, Channel, Kind, Reason, Severity, State
from services.dispatch import ids
from services.dispatch.evidence import changed
from services.dispatch.tables import batch, delivery, mark, opt_out, pause, release
from services.runtime.store import insert_new
from services.runtime.verifier import Believed

KIND_OF = {BroadcastKind.ALERT: Kind.ALERT, BroadcastKind.UPDATE: Kind.UPDATE, BroadcastKind.CANCEL: Kind.CANCEL}
#: Take-backs go first: the older a wrong message, the more people have acted on it.
TAKE_BACK_PRIORITY = 0
INSERT_CHUNK = 400


class SecondDigestError(Exception):
    """One version and revision has two digests: somebody composed twice, and a person must look."""


@dataclass(frozen=True)
class Plan:
    """What one channel's planner needs to know of it."""

    channel: Channel
    public: bool
    deletes: bool
    account: str
    take_back_s: int


def priority(severity: Severity) -> int:
    """The order of the queue: gravest first, after take-backs."""
    return 10 * (severity.gravity + 1)


def texts_of(renditions: Iterable[Rendition], channel: Channel) -> dict[str, list[str]]:
    """This channel's texts by language, a list of parts each."""
    return {r.language: list(r.parts) for r in renditions if r.channel is channel}


def plan_release(connection: sa.Connection, plan: Plan, believed: Believed, serial: int, now: datetime) -> None:
    """A verified release: remember it, raise the mark, plan the posts and whatever batches were waiting for it."""
    broadcast = believed.broadcast
    take_back = broadcast.kind is BroadcastKind.CANCEL
    ends = now + timedelta(seconds=plan.take_back_s) if take_back else believed.ends
    known = _remember(connection, plan, believed, "release", ends, serial, now)
    texts = texts_of(broadcast.renditions, plan.channel)
    if not texts and not take_back:
        return
    kind = KIND_OF[broadcast.kind]
    raise_mark(connection, broadcast, ids.ordinal(broadcast.version, broadcast.revision), kind, believed.digest, now)
    if take_back or known:
        return
    if plan.public:
        _plan_posts(connection, plan, broadcast, believed, texts, now)
    for waiting in connection.execute(
        sa.select(batch.c.number, batch.c.language, batch.c.subscribers).where(
            batch.c.digest == believed.digest, batch.c.subscribers.is_not(None)
        )
    ).all():
        _plan_texts(connection, plan, believed.digest, waiting.language, waiting.subscribers, now)
        connection.execute(
            sa.update(batch)
            .where(batch.c.digest == believed.digest, batch.c.number == waiting.number)
            .values(subscribers=None)
        )


def _remember(  # noqa: PLR0917 - the columns of one row
    connection: sa.Connection, plan: Plan, believed: Believed, word: str, ends: datetime, serial: int, now: datetime
) -> bool:
    """Keep the release; True when it was known (a new Decision may then have moved its end)."""
    broadcast = believed.broadcast
    same = (release.c.lineage == broadcast.lineage) & (release.c.version == broadcast.version) & (
        release.c.revision == broadcast.revision) & (release.c.word == word)  # fmt: skip
    other = connection.execute(sa.select(release.c.digest).where(same, release.c.digest != believed.digest)).scalar()
    if other is not None:
        message = f"version {broadcast.version} revision {broadcast.revision} was already released with another digest"
        raise SecondDigestError(message)
    row = {
        "digest": believed.digest, "word": word, "lineage": broadcast.lineage, "version": broadcast.version,
        "revision": broadcast.revision, "kind": broadcast.kind.value, "severity": broadcast.severity.value,
        "ends": ends, "reach": believed.reach, "keys": list(believed.keys), "serial": serial,
        "received": broadcast.received, "at": now,
        "texts": {
            "renditions": texts_of(broadcast.renditions, plan.channel),
            "corrections": texts_of(broadcast.corrections, plan.channel),
            "withdrawals": texts_of(broadcast.withdrawals, plan.channel),
        },
    }  # fmt: skip
    if insert_new(connection, release, [row]):
        return False
    where = (release.c.digest == believed.digest) & (release.c.word == word)
    connection.execute(
        sa.update(release).where(where).values(ends=ends, reach=believed.reach, keys=list(believed.keys))
    )
    return True


def raise_mark(  # noqa: PLR0917 - the columns of one row
    connection: sa.Connection, broadcast: Broadcast, ordinal: int, kind: Kind, digest: str, now: datetime
) -> None:
    """Raise the lineage's mark, upwards only, and supersede what is planned below it."""
    row = {"lineage": broadcast.lineage, "ordinal": ordinal, "kind": kind, "digest": digest, "at": now}
    if not insert_new(connection, mark, [row]):
        higher = (mark.c.lineage == broadcast.lineage) & (mark.c.ordinal < ordinal)
        if not connection.execute(sa.update(mark).where(higher).values(row)).rowcount:
            return
    supersede(connection, now, delivery.c.lineage == broadcast.lineage)


def supersede(connection: sa.Connection, now: datetime, which: "sa.ColumnElement[bool] | None" = None) -> int:
    """`planned` rows below their lineage's mark will not start; the number of them."""
    newer = sa.exists().where(mark.c.lineage == delivery.c.lineage, mark.c.ordinal > delivery.c.ordinal) & (
        delivery.c.kind != Kind.DELETION  # a wrong post must go, whatever came after it
    )
    return settle_planned(connection, newer, which, State.SUPERSEDED, Reason.SUPERSEDED, now)


def suppress_opted_out(connection: sa.Connection, now: datetime, which: "sa.ColumnElement[bool] | None" = None) -> int:
    """`planned` rows of those who said STOP will not start; the number of them."""
    stopped = sa.exists().where(opt_out.c.target == delivery.c.target)
    return settle_planned(connection, stopped, which, State.SUPPRESSED, Reason.OPTED_OUT, now)


def settle_planned(  # noqa: PLR0917 - one statement, and each is a different part of it
    connection: sa.Connection, why: "sa.ColumnElement[bool]", which: "sa.ColumnElement[bool] | None", state: State,
    reason: Reason, now: datetime,
) -> int:  # fmt: skip
    """Settle the `planned` rows of `which` (all by default) for which `why` holds; the number of them."""
    where = (delivery.c.state == State.PLANNED) & why
    if which is not None:
        where &= which
    return connection.execute(
        sa.update(delivery).where(where).values(state=state, reason=reason, **changed(now))
    ).rowcount


def _plan_posts(  # noqa: PLR0917 - one call, and each is a different thing
    connection: sa.Connection, plan: Plan, broadcast: Broadcast, believed: Believed, texts: dict[str, list[str]],
    now: datetime,
) -> None:  # fmt: skip
    rows: list[dict[str, Any]] = []
    for language, parts in texts.items():
        before: str | None = None
        for part in range(1, len(parts) + 1):
            target = ids.public_target(plan.account, language, "public", part)
            row = _row(plan, believed.digest, broadcast, KIND_OF[broadcast.kind], target, language, believed.ends, now)
            rows.append({**row, "part": part, "about": before})
            before = row["id"]
    _insert(connection, rows, now)


def plan_batch(connection: sa.Connection, plan: Plan, statement: BatchStatement, now: datetime) -> None:
    """A verified batch: plan its texts, or keep it until its release has come."""
    there = connection.execute(
        sa.select(release.c.digest).where(release.c.digest == statement.digest, release.c.word == "release")
    ).scalar()
    subscribers = None if there else list(statement.subscribers)
    row = {
        "digest": statement.digest, "number": statement.number, "of": statement.of, "language": statement.language,
        "reach": statement.reach, "subscribers": subscribers, "at": now,
    }  # fmt: skip
    if insert_new(connection, batch, [row]) and there:
        _plan_texts(connection, plan, statement.digest, statement.language, statement.subscribers, now)


def _plan_texts(  # noqa: PLR0917 - one call, and each is a different thing
    connection: sa.Connection, plan: Plan, digest: str, language: str, subscribers: Sequence[str], now: datetime
) -> None:
    known = connection.execute(sa.select(release).where(release.c.digest == digest, release.c.word == "release")).one()
    languages = known.texts["renditions"]
    if not languages or known.kind == BroadcastKind.CANCEL:
        return  # nothing was composed for this channel, or a Cancel, which goes to those who got the alert
    if language not in languages:
        language = next(iter(languages))
    kind = KIND_OF[BroadcastKind(known.kind)]
    rows = [_row(plan, digest, known, kind, subscriber, language, known.ends, now) for subscriber in subscribers]
    _insert(connection, rows, now)


def _row(  # noqa: PLR0917 - the columns of one row
    plan: Plan, digest: str, of: Any, kind: Kind, target: str, language: str, ends: datetime, now: datetime  # noqa: ANN401 - a Broadcast or a row of `release`: both name version and revision alike
) -> dict[str, Any]:  # fmt: skip
    severity = Severity(of.severity)
    return {
        "id": ids.delivery_id(of.lineage, of.version, of.revision, plan.channel, target, kind),
        "lineage": of.lineage, "version": of.version, "revision": of.revision,
        "ordinal": ids.ordinal(of.version, of.revision), "kind": kind.value, "target": target, "language": language,
        "part": 1, "digest": digest, "severity": severity.value, "priority": priority(severity),
        "state": State.PLANNED.value, "ends": ends, "changed_at": now, "attempt": 0, "seq": 1, "unreported": True,
        "about": None,
    }  # fmt: skip


def _insert(connection: sa.Connection, rows: list[dict[str, Any]], now: datetime) -> None:
    """Insert what is new; what may not start is settled at once."""
    for start in range(0, len(rows), INSERT_CHUNK):
        chunk = rows[start : start + INSERT_CHUNK]
        insert_new(connection, delivery, chunk)
        these = delivery.c.id.in_([row["id"] for row in chunk])
        supersede(connection, now, these)
        suppress_opted_out(connection, now, these)


def plan_withdrawal(connection: sa.Connection, plan: Plan, believed: Believed, serial: int, now: datetime) -> None:
    """A verified withdrawal: remember its texts and raise the mark; the take-backs are derived from settled rows."""
    broadcast = believed.broadcast
    _remember(connection, plan, believed, "withdraw", believed.ends, serial, now)
    ordinal = ids.ordinal(broadcast.version, broadcast.revision, take_back=True)
    raise_mark(connection, broadcast, ordinal, Kind.WITHDRAWAL, believed.digest, now)


def plan_pause(connection: sa.Connection, lineage: str, *, on: bool) -> None:
    """Pause or resume one lineage; its take-backs go on."""
    if on:
        insert_new(connection, pause, [{"lineage": lineage}])
    else:
        connection.execute(sa.delete(pause).where(pause.c.lineage == lineage))


def revoke(connection: sa.Connection, revoked: frozenset[str], now: datetime) -> int:
    """A signer's key was taken away: what it released and has not started does not start."""
    rows = connection.execute(sa.select(release.c.digest, release.c["keys"]).where(release.c.ends > now)).all()
    digests = [digest for digest, keys in rows if revoked.intersection(keys)]
    return settle_planned(connection, delivery.c.digest.in_(digests), None, State.SUPPRESSED, Reason.REVOKED, now)
