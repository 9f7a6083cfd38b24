"""Audience's queries, each inside the transaction of whoever calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from schemas.words import BroadcastKind, Severity
from services.audience.batching import Cut
from services.audience.tables import Progress, batch, broadcast, release, withdrawn
from services.audience.wanted import Wanted
from services.runtime.postgres import take_turns
from services.runtime.store import insert_new


class SecondDigestError(Exception):
    """One version and revision was released with two digests: somebody composed twice, and a person must look."""


@dataclass(frozen=True)
class Selection:
    """A release and how far its selection is."""

    wanted: Wanted
    correlation: str
    reach: int | None
    ends: datetime
    progress: Progress
    #: How many people there are; null before the first choice. Without `of`: more than were approved.
    people: int | None
    of: int | None


def keep_broadcast(
    connection: sa.Connection, wanted: Wanted, correlation: str, now: datetime, *, estimate: bool
) -> None:
    """Remember what a Broadcast wants; `estimate` owes an estimate where none was ever made."""
    row = {
        "digest": wanted.digest, "lineage": wanted.lineage, "version": wanted.version, "revision": wanted.revision,
        "kind": wanted.kind.value, "severity": wanted.severity.value, "areas": list(wanted.areas),
        "units": [list(each) for each in wanted.units.items()], "correlation": correlation, "estimate_due": estimate,
        "at": now,
    }  # fmt: skip
    if not insert_new(connection, broadcast, [row]) and estimate:
        never = (broadcast.c.digest == wanted.digest) & broadcast.c.estimated.is_(None)
        connection.execute(sa.update(broadcast).where(never).values(estimate_due=True))


def next_estimate(connection: sa.Connection) -> tuple[Wanted, str] | None:
    """The oldest Broadcast whose estimate is owed, with its correlation id."""
    query = sa.select(broadcast).where(broadcast.c.estimate_due).order_by(broadcast.c.at).limit(1)
    row = connection.execute(query).one_or_none()
    return (_wanted(row), row.correlation) if row else None


def estimated(connection: sa.Connection, digest: str, now: datetime) -> None:
    """The estimate stands in the outbox."""
    values = {"estimate_due": False, "estimated": now}
    connection.execute(sa.update(broadcast).where(broadcast.c.digest == digest).values(values))


def keep_release(connection: sa.Connection, wanted: Wanted, reach: int | None, ends: datetime, now: datetime) -> bool:
    """Remember a believed release; whether there is something to do. A repeat changes nothing.

    A new Decision makes a new Release of the same digest: with another reach a selection that was too wide is made
    again, with a later end one that had expired goes on. Batches that are fixed stay as they are.

    Raises:
        SecondDigestError: this version and revision was released with another digest.
    """
    take_turns(connection, wanted.digest)
    stopped = connection.scalar(sa.select(withdrawn.c.digest).where(withdrawn.c.digest == wanted.digest))
    fresh = Progress.STOPPED if stopped else Progress.WANTED if wanted.gets_batches else Progress.DONE
    row = {
        "lineage": wanted.lineage, "version": wanted.version, "revision": wanted.revision, "digest": wanted.digest,
        "reach": reach, "ends": ends, "progress": fresh.value, "at": now,
    }  # fmt: skip
    if insert_new(connection, release, [row]):
        return fresh is Progress.WANTED
    known = connection.execute(sa.select(release).where(_same(wanted))).one()
    if known.digest != wanted.digest:
        raise SecondDigestError(
            f"version {wanted.version} revision {wanted.revision} was released with another digest; withdraw both"
        )
    progress = _again(known, reach, ends)
    values = {"reach": reach, "ends": ends, "progress": progress.value}
    connection.execute(sa.update(release).where(release.c.digest == wanted.digest).values(values))
    return progress.value != str(known.progress)


def _again(known: Any, reach: int | None, ends: datetime) -> Progress:  # noqa: ANN401 - a row of `release`
    progress = Progress(known.progress)
    if progress is Progress.TOO_WIDE and reach != known.reach:
        return Progress.WANTED
    if progress is Progress.EXPIRED and ends > known.ends:
        return Progress.WANTED if known.of is None else Progress.WRITING
    return progress


def withdraw(connection: sa.Connection, digest: str, now: datetime) -> bool:
    """No batch of this digest is written from now on; whether any was still to be written."""
    take_turns(connection, digest)
    insert_new(connection, withdrawn, [{"digest": digest, "at": now}])
    open_ones = release.c.progress.not_in([Progress.DONE.value, Progress.STOPPED.value])
    stop = sa.update(release).where(release.c.digest == digest, open_ones).values(progress=Progress.STOPPED.value)
    return connection.execute(stop).rowcount > 0


def next_selection(connection: sa.Connection) -> Selection | None:
    """The selection to work on: the gravest first, then the oldest.

    A lineage's later version waits until its earlier one is fixed, because it also goes to everyone in that.
    """
    lower = release.alias("lower")
    waits = sa.exists().where(
        lower.c.lineage == release.c.lineage,
        lower.c.progress == Progress.WANTED.value,
        sa.tuple_(lower.c.version, lower.c.revision) < sa.tuple_(release.c.version, release.c.revision),
    )
    severe_first = sa.case({each.value: each.gravity for each in Severity}, value=broadcast.c.severity)
    query = (
        sa.select(broadcast, release.c.reach, release.c.ends, release.c.progress, release.c.people, release.c.of)
        .join(release, release.c.digest == broadcast.c.digest)
        .where(release.c.progress.in_([Progress.WANTED.value, Progress.WRITING.value]), ~waits)
        .order_by(severe_first, release.c.at, release.c.version, release.c.revision)
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Selection(_wanted(row), row.correlation, row.reach, row.ends, Progress(row.progress), row.people, row.of)


def before(connection: sa.Connection, wanted: Wanted) -> list[str]:
    """Everyone who stands in a fixed selection of an earlier version or revision of this lineage."""
    earlier = sa.tuple_(release.c.version, release.c.revision) < sa.tuple_(wanted.version, wanted.revision)
    query = (
        sa.select(batch.c.subscribers)
        .join(release, release.c.digest == batch.c.digest)
        .where(release.c.lineage == wanted.lineage, release.c.of.is_not(None), earlier)
    )
    return list(dict.fromkeys(each for subscribers in connection.scalars(query) for each in subscribers))


def begin(connection: sa.Connection, digest: str) -> None:
    """Throw away what a selection that was broken off had written down; nothing of it was ever published."""
    connection.execute(sa.delete(batch).where(batch.c.digest == digest))


def add(connection: sa.Connection, digest: str, cuts: Sequence[Cut]) -> None:
    """Write some batches of a selection down."""
    rows = [
        {"digest": digest, "number": each.number, "language": each.language, "subscribers": list(each.subscribers),
         "written": False}
        for each in cuts
    ]  # fmt: skip
    connection.execute(sa.insert(batch), rows)


def fix(connection: sa.Connection, digest: str, people: int, of: int) -> None:
    """All batches of a selection are down, and from now on they are these."""
    values = {"people": people, "of": of, "progress": Progress.WRITING.value}
    still = (release.c.digest == digest) & (release.c.progress == Progress.WANTED.value)
    connection.execute(sa.update(release).where(still).values(values))


def settle(connection: sa.Connection, digest: str, progress: Progress) -> bool:
    """A selection has ended; whether it had not before."""
    open_ones = release.c.progress.in_([Progress.WANTED.value, Progress.WRITING.value])
    query = sa.update(release).where(release.c.digest == digest, open_ones).values(progress=progress.value)
    return connection.execute(query).rowcount > 0


def hold_back(connection: sa.Connection, digest: str, people: int) -> None:
    """A selection has more people than were approved, and stands still until somebody approves so many."""
    still = (release.c.digest == digest) & (release.c.progress == Progress.WANTED.value)
    connection.execute(sa.update(release).where(still).values(progress=Progress.TOO_WIDE.value, people=people))


def too_wide(connection: sa.Connection, now: datetime) -> int:
    """How many selections stand still because of their size, of alerts that have not ended or been overtaken."""
    later = release.alias("later")
    overtaken = sa.exists().where(
        later.c.lineage == release.c.lineage,
        sa.tuple_(later.c.version, later.c.revision) > sa.tuple_(release.c.version, release.c.revision),
    )
    still = (release.c.progress == Progress.TOO_WIDE.value) & (release.c.ends > now) & ~overtaken
    return connection.scalar(sa.select(sa.func.count()).select_from(release).where(still)) or 0


def unwritten(connection: sa.Connection, digest: str, limit: int) -> list[Cut]:
    """The next batches to publish; none where the selection was stopped meanwhile."""
    query = (
        sa.select(batch)
        .join(release, release.c.digest == batch.c.digest)
        .where(batch.c.digest == digest, ~batch.c.written, release.c.progress == Progress.WRITING.value)
        .order_by(batch.c.number)
        .limit(limit)
    )
    return [Cut(row.number, row.language, tuple(row.subscribers)) for row in connection.execute(query)]


def written(connection: sa.Connection, digest: str, numbers: Sequence[int]) -> None:
    """These batches stand in the outbox."""
    these = (batch.c.digest == digest) & batch.c.number.in_(numbers)
    connection.execute(sa.update(batch).where(these).values(written=True))


def _same(wanted: Wanted) -> "sa.ColumnElement[bool]":
    return (
        (release.c.lineage == wanted.lineage)
        & (release.c.version == wanted.version)
        & (release.c.revision == wanted.revision)
    )


def _wanted(row: Any) -> Wanted:  # noqa: ANN401 - a row of `broadcast`
    return Wanted(
        digest=row.digest, lineage=row.lineage, version=row.version, revision=row.revision,
        kind=BroadcastKind(row.kind), severity=Severity(row.severity), areas=tuple(row.areas),
        units=dict(row.units),
    )  # fmt: skip
