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
from schemas.words import BroadcastKind, Channel, Kind, Severity, State
from services.dispatch import again, ids
from services.dispatch.again import Heard
from services.dispatch.settling import OF_LINEAGE, OVERTAKEN, THESE, forbid, settle_planned
from services.dispatch.tables import batch, delivery, mark, pause, release
from services.runtime import correlation
from services.runtime.postgres import take_turns
from services.runtime.store import insert_new
from services.runtime.verifier import Believed, NotTrustedError

KIND_OF = {BroadcastKind.ALERT: Kind.ALERT, BroadcastKind.UPDATE: Kind.UPDATE, BroadcastKind.CANCEL: Kind.CANCEL}
#: Take-backs go first: the older a wrong message, the more people have acted on it.
TAKE_BACK_PRIORITY = 0


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


def plan_release(  # noqa: PLR0917 - one call, and each is a different thing
    connection: sa.Connection, plan: Plan, believed: Believed, serial: int, margin: int, now: datetime
) -> int:
    """A verified release: remember it, raise the mark, plan the posts and whatever batches were waiting for it.

    Returns how many batches wait on, those of which nothing has started too: they are of more people than its signers
    saw, plus `margin` per cent.
    """
    broadcast = believed.broadcast
    take_turns(connection, broadcast.lineage)
    take_back = broadcast.kind is BroadcastKind.CANCEL
    ends = now + timedelta(seconds=plan.take_back_s) if take_back else believed.ends
    heard = _remember(connection, plan, believed, "release", ends, serial, now)
    wide = _anew(connection, plan, believed, heard, ends, margin, now)
    texts = texts_of(broadcast.renditions, plan.channel)
    if not texts and not take_back:
        return 0
    if not texts and _withdrawn(connection, broadcast.lineage):
        return 0
    kind = KIND_OF[broadcast.kind]
    raise_mark(connection, broadcast, ids.ordinal(broadcast.version, broadcast.revision), kind, believed.digest, now)
    if take_back:
        return 0
    if plan.public and heard is Heard.FIRST:
        _plan_posts(connection, plan, broadcast, believed, texts, now)
    return wide + _plan_waiting(connection, plan, believed, margin, now)


def _anew(  # noqa: PLR0917 - one call, and each is a different thing
    connection: sa.Connection, plan: Plan, believed: Believed, heard: Heard, ends: datetime, margin: int, now: datetime
) -> int:
    """Others have signed a release that is known; 1 when what was planned of it is of more people than they saw."""
    if heard in {Heard.FIRST, Heard.REPEAT}:
        return 0
    if too_wide(believed.reach, again.widest(connection, believed.digest), margin):
        return 1
    again.carry_on(connection, plan.channel, believed, "release", heard, ends, now)
    return 0


def _plan_waiting(connection: sa.Connection, plan: Plan, believed: Believed, margin: int, now: datetime) -> int:
    """Plan the batches that came before their release; the number of those that are too wide."""
    query = sa.select(batch).where(batch.c.digest == believed.digest, batch.c.subscribers.is_not(None))
    wide = 0
    for waiting in connection.execute(query).all():
        if too_wide(believed.reach, waiting.reach, margin):
            wide += 1
            continue
        _plan_texts(connection, plan, believed.digest, waiting.language, waiting.subscribers, now)
        this = (batch.c.digest == believed.digest) & (batch.c.number == waiting.number)
        connection.execute(sa.update(batch).where(this).values(subscribers=None))
    return wide


def too_wide(seen: int | None, people: int, margin: int) -> bool:
    """Whether `people` are more than the signers who saw `seen` have agreed to; who was shown none agreed to none."""
    return people * 100 > (seen or 0) * (100 + margin)


def _remember(  # noqa: PLR0917 - the columns of one row
    connection: sa.Connection, plan: Plan, believed: Believed, word: str, ends: datetime, serial: int, now: datetime
) -> Heard:
    """Keep the release; whether it was known, and then whether it is a repeat."""
    broadcast = believed.broadcast
    same = (release.c.lineage == broadcast.lineage) & (release.c.version == broadcast.version) & (
        release.c.revision == broadcast.revision) & (release.c.word == word)  # fmt: skip
    other = connection.execute(sa.select(release.c.digest).where(same, release.c.digest != believed.digest)).scalar()
    if other is not None:
        message = f"version {broadcast.version} revision {broadcast.revision} was already released with another digest"
        raise SecondDigestError(message)
    withdrawals = texts_of(broadcast.withdrawals, plan.channel)
    row = {
        "digest": believed.digest, "word": word, "lineage": broadcast.lineage, "version": broadcast.version,
        "revision": broadcast.revision, "kind": broadcast.kind.value, "severity": broadcast.severity.value,
        "ends": ends, "reach": believed.reach, "keys": list(believed.keys), "serial": serial,
        "received": broadcast.received, "at": now, "correlation": correlation.current(),
        "fictional": bool(broadcast.fictional),
        "texts": {
            "renditions": texts_of(broadcast.renditions, plan.channel),
            "corrections": texts_of(broadcast.corrections, plan.channel),
            "withdrawals": withdrawals or _words_before(connection, broadcast.lineage),
        },
    }  # fmt: skip
    return Heard.FIRST if insert_new(connection, release, [row]) else again.hear(connection, believed, word, ends)


def _words_before(connection: sa.Connection, lineage: str) -> dict[str, list[str]]:
    """The newest approved words that take back what this lineage has said here, where its newest version has none."""
    this = (release.c.lineage == lineage) & (release.c.word == "release")
    newest = sa.select(release.c.texts).where(this).order_by(release.c.version.desc(), release.c.revision.desc())
    return next((texts["withdrawals"] for texts in connection.execute(newest).scalars() if texts["withdrawals"]), {})


def raise_mark(  # noqa: PLR0917 - the columns of one row
    connection: sa.Connection, broadcast: Broadcast, ordinal: int, kind: Kind, digest: str, now: datetime
) -> None:
    """Raise the lineage's mark, upwards only, and supersede what is planned below it."""
    row = {"lineage": broadcast.lineage, "ordinal": ordinal, "kind": kind, "digest": digest, "at": now}
    if not insert_new(connection, mark, [row]):
        higher = (mark.c.lineage == broadcast.lineage) & (mark.c.ordinal < ordinal)
        if not connection.execute(sa.update(mark).where(higher).values(row)).rowcount:
            return
    settle_planned(connection, OVERTAKEN, now, OF_LINEAGE, lineage=broadcast.lineage)


def _plan_posts(  # noqa: PLR0917 - one call, and each is a different thing
    connection: sa.Connection, plan: Plan, broadcast: Broadcast, believed: Believed, texts: dict[str, list[str]],
    now: datetime,
) -> None:  # fmt: skip
    rows: list[dict[str, Any]] = []
    common = _planned(believed.digest, broadcast, KIND_OF[broadcast.kind], believed.ends, now)
    for language, parts in texts.items():
        before: str | None = None
        for part in range(1, len(parts) + 1):
            target = ids.public_target(plan.account, language, "public", part)
            rows.append({**_named(plan, common, language, target), "part": part, "about": before})
            before = rows[-1]["id"]
    _insert(connection, rows, now)


def plan_batch(connection: sa.Connection, plan: Plan, statement: BatchStatement, margin: int, now: datetime) -> bool:
    """A verified batch: plan its texts, or keep it until a release that it fits has come; whether it is too wide now.

    It may have overtaken the new Release that its audience waited for: topics have no common order. NotTrustedError
    when it is for another channel.
    """
    if statement.channel is not plan.channel:
        raise NotTrustedError("other_digest", "the batch is for another channel")
    take_turns(connection, statement.lineage, shared=True)
    there = connection.execute(
        sa.select(release.c.reach).where(release.c.digest == statement.digest, release.c.word == "release")
    ).first()
    wide = there is not None and too_wide(there.reach, statement.reach, margin)
    subscribers = None if there and not wide else list(statement.subscribers)
    row = {
        "digest": statement.digest, "number": statement.number, "of": statement.of, "language": statement.language,
        "reach": statement.reach, "subscribers": subscribers, "at": now,
    }  # fmt: skip
    if insert_new(connection, batch, [row]) and there and not wide:
        _plan_texts(connection, plan, statement.digest, statement.language, statement.subscribers, now)
    return wide


def _plan_texts(  # noqa: PLR0917 - one call, and each is a different thing
    connection: sa.Connection, plan: Plan, digest: str, language: str, subscribers: Sequence[str], now: datetime
) -> None:
    known = connection.execute(sa.select(release).where(release.c.digest == digest, release.c.word == "release")).one()
    languages = known.texts["renditions"]
    if not languages or known.kind == BroadcastKind.CANCEL:
        return  # nothing was composed for this channel, or a Cancel, which goes to those who got the alert
    if language not in languages:
        language = next(iter(languages))
    common = _planned(digest, known, KIND_OF[BroadcastKind(known.kind)], known.ends, now)
    _insert(connection, [_named(plan, common, language, subscriber) for subscriber in subscribers], now)


def _planned(digest: str, of: Any, kind: Kind, ends: datetime, now: datetime) -> dict[str, Any]:  # noqa: ANN401 - a Broadcast or a row of `release`: both name version and revision alike
    """What the rows of one release have in common; `_named` makes each."""
    severity = Severity(of.severity)
    return {
        "lineage": of.lineage, "version": of.version, "revision": of.revision,
        "ordinal": ids.ordinal(of.version, of.revision), "kind": kind.value,
        "part": 1, "digest": digest, "severity": severity.value, "priority": priority(severity),
        "state": State.PLANNED.value, "ends": ends, "changed_at": now, "attempt": 0, "seq": 1, "unreported": True,
        "about": None, "maybe": False,
    }  # fmt: skip


def _named(plan: Plan, common: dict[str, Any], language: str, target: str) -> dict[str, Any]:
    """One row: what is planned for `target`."""
    name = ids.delivery_id(
        common["lineage"], common["version"], common["revision"], plan.channel, target, common["kind"]
    )
    return {**common, "id": name, "language": language, "target": target}


def _insert(connection: sa.Connection, rows: list[dict[str, Any]], now: datetime) -> None:
    """Insert what is new; what may not start is settled at once."""
    insert_new(connection, delivery, rows)
    forbid(connection, now, THESE, ids=[row["id"] for row in rows])


def plan_withdrawal(connection: sa.Connection, plan: Plan, believed: Believed, serial: int, now: datetime) -> None:
    """A verified withdrawal: remember its texts and raise the mark; the take-backs are derived from settled rows."""
    broadcast = believed.broadcast
    take_turns(connection, broadcast.lineage)
    heard = _remember(connection, plan, believed, "withdraw", believed.ends, serial, now)
    ordinal = ids.ordinal(broadcast.version, broadcast.revision, take_back=True)
    ordinal = _above_a_mute_cancel(connection, broadcast.lineage, ordinal)
    raise_mark(connection, broadcast, ordinal, Kind.WITHDRAWAL, believed.digest, now)
    if heard in {Heard.OTHERS, Heard.LATER}:
        again.carry_on(connection, plan.channel, believed, "withdraw", heard, believed.ends, now)


def _withdrawn(connection: sa.Connection, lineage: str) -> bool:
    """Whether the newest word is a withdrawal: a Cancel without words here adds nothing to it, and must not stop it."""
    newest = sa.select(mark.c.kind).where(mark.c.lineage == lineage)
    return connection.execute(newest).scalar() == Kind.WITHDRAWAL


def _above_a_mute_cancel(connection: sa.Connection, lineage: str, ordinal: int) -> int:
    """The place of a withdrawal at `ordinal`: above a later Cancel too, where that one has no words for this channel.

    Whom the Cancel could not tell hears of the end in the alert's own approved words.
    """
    of_cancel = (release.c.digest == mark.c.digest) & (release.c.word == "release")
    later = (mark.c.lineage == lineage) & (mark.c.kind == Kind.CANCEL) & (mark.c.ordinal > ordinal)
    query = sa.select(mark.c.ordinal, release.c.texts).join(release, of_cancel).where(later)
    found = connection.execute(query).one_or_none()
    return ordinal if found is None or found.texts["renditions"] else found.ordinal + ids.TAKE_BACK


def plan_pause(connection: sa.Connection, lineage: str, *, on: bool) -> None:
    """Pause or resume one lineage; its take-backs go on."""
    if on:
        insert_new(connection, pause, [{"lineage": lineage}])
    else:
        connection.execute(sa.delete(pause).where(pause.c.lineage == lineage))


def gravest(connection: sa.Connection, before: Broadcast, now: datetime) -> Severity | None:
    """The gravest severity still live in a lineage, of what was released before this and has not been withdrawn."""
    query = sa.select(release).where(release.c.lineage == before.lineage, release.c.ends > now)
    rows = connection.execute(query).all()
    withdrawn = {row.digest for row in rows if row.word == "withdraw"}
    live = [
        Severity(row.severity)
        for row in rows
        if row.word == "release" and row.digest not in withdrawn
        and (row.version, row.revision) < (before.version, before.revision)
    ]  # fmt: skip
    return min(live, key=lambda severity: severity.gravity, default=None)
