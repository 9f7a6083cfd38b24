"""Approve's queries. Every one runs in the caller's transaction."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from schemas.audience import AudienceEstimate
from schemas.broadcast import Held
from schemas.decision import Decision
from schemas.words import ApprovalState, Severity
from services.approve.proposal import OPEN, HeldAlert, Proposal
from services.approve.tables import Moment, decisions, estimates, held, proposals, withdrawals
from services.runtime import holds, trust
from services.runtime.postgres import take_turns
from services.runtime.store import insert_new

#: How long a decision may wait for its Broadcast.
STRAY_FOR = timedelta(days=7)
_COLUMNS = [proposals.c[field.name] for field in fields(Proposal)]
_HELD_COLUMNS = [held.c[field.name] for field in fields(HeldAlert)]


def lock(c: sa.Connection, lineage: str) -> None:
    """One transaction at a time for one lineage. On SQLite every transaction is alone already."""
    take_turns(c, lineage)


# --- proposals ---


def insert_proposal(c: sa.Connection, proposal: Proposal) -> bool:
    """Enter a proposal; False when its version and revision have another digest already."""
    return insert_new(c, proposals, [{column.name: getattr(proposal, column.name) for column in _COLUMNS}]) == 1


def update_proposal(c: sa.Connection, digest: str, **values: object) -> Proposal:
    """Change a proposal; it as it is then."""
    update = sa.update(proposals).where(proposals.c.digest == digest).values(**values).returning(*_COLUMNS)
    return _proposal(c.execute(update).mappings().one())


def find_proposal(c: sa.Connection, digest: str) -> Proposal | None:
    """The proposal of a digest."""
    return next(find_proposals(c, proposals.c.digest == digest), None)


def find_proposals(c: sa.Connection, *where: sa.ColumnElement[bool]) -> Iterator[Proposal]:
    """Proposals, the oldest wait first."""
    query = sa.select(*_COLUMNS).where(*where).order_by(proposals.c.waiting_since, proposals.c.digest)
    return map(_proposal, c.execute(query).mappings().all())


def find_open(c: sa.Connection) -> list[Proposal]:
    """What waits."""
    return list(find_proposals(c, proposals.c.state.in_(OPEN)))


def count_open(c: sa.Connection) -> tuple[dict[Severity, int], datetime | None]:
    """How many wait, by severity, and since when the longest of them has."""
    since = sa.func.min(proposals.c.waiting_since, type_=Moment)
    query = sa.select(proposals.c.severity, sa.func.count(), since).where(proposals.c.state.in_(OPEN))
    rows = c.execute(query.group_by(proposals.c.severity)).all()
    return {Severity(row[0]): row[1] for row in rows}, min((row[2] for row in rows), default=None)


def find_released(c: sa.Connection, now: datetime) -> list[Proposal]:
    """What has been released and is neither over nor taken back nor asked about again."""
    state = proposals.c.state == ApprovalState.RELEASED
    return list(find_proposals(c, state, proposals.c.expires > now, proposals.c.withdrawn.is_(False)))


def find_lineage(c: sa.Connection, lineage: str) -> list[Proposal]:
    """All versions and revisions of one lineage, the newest first."""
    found = find_proposals(c, proposals.c.lineage == lineage)
    return sorted(found, key=lambda proposal: proposal.place, reverse=True)


def find_by_prefix(c: sa.Connection, prefix: str) -> list[Proposal]:
    """Proposals whose digest begins so, `sha256:` included."""
    return list(find_proposals(c, proposals.c.digest.startswith(prefix, autoescape=True)))


def due_digests(c: sa.Connection, now: datetime) -> list[tuple[str, str]]:
    """Digest and lineage of what a sweep must look at, the longest due first."""
    query = sa.select(proposals.c.digest, proposals.c.lineage).where(proposals.c.due <= now).order_by(proposals.c.due)
    return [(row.digest, row.lineage) for row in c.execute(query)]


def live_severity(c: sa.Connection, lineage: str, before: tuple[int, int], now: datetime) -> Severity | None:
    """The gravest severity that was released in the lineage before this place and has not expired or been withdrawn."""
    query = sa.select(proposals.c.severity, proposals.c.version, proposals.c.revision).where(
        proposals.c.lineage == lineage,
        proposals.c.released_at.is_not(None),
        proposals.c.withdrawn.is_(False),
        proposals.c.expires > now,
    )
    found = [Severity(row.severity) for row in c.execute(query) if (row.version, row.revision) < before]
    return min(found, key=lambda severity: severity.gravity, default=None)


def _proposal(row: Mapping[Any, Any]) -> Proposal:
    return Proposal(**{**row, "severity": Severity(row["severity"]), "state": ApprovalState(row["state"])})


# --- decisions ---


def insert_decision(c: sa.Connection, decision: Decision, now: datetime) -> bool:
    """Keep a decision that nobody has judged; False when the very same came before."""
    row = {
        "id": _decision_id(decision),
        "digest": decision.statement.digest,
        "record": decision.model_dump_json(),
        "came": now,
        "expires": decision.statement.expires,
    }
    return insert_new(c, decisions, [row]) == 1


def set_verdict(c: sa.Connection, decision: Decision, verdict: str) -> None:
    """Note what a decision was good for."""
    c.execute(sa.update(decisions).where(decisions.c.id == _decision_id(decision)).values(verdict=verdict))


def _decision_id(decision: Decision) -> str:
    return trust.digest_of(decision.model_dump_json().encode())


def find_decisions(c: sa.Connection, digest: str) -> list[tuple[Decision, datetime, str | None]]:
    """Every decision about a digest, when it came, and its verdict; the oldest first."""
    query = sa.select(decisions).where(decisions.c.digest == digest).order_by(decisions.c.came, decisions.c.id)
    return [(Decision.model_validate_json(row.record), row.came, row.verdict) for row in c.execute(query)]


def approvals(c: sa.Connection, digest: str) -> list[Decision]:
    """Every decision about a digest, the oldest first."""
    return [decision for decision, _came, _verdict in find_decisions(c, digest)]


def forget_strays(c: sa.Connection, now: datetime) -> int:
    """Delete decisions whose Broadcast never came and that have run out or are a week old; how many."""
    over = (decisions.c.expires <= now) | (decisions.c.came <= now - STRAY_FOR)
    stray = decisions.c.verdict.is_(None) & over
    return c.execute(sa.delete(decisions).where(stray)).rowcount


# --- what other topics say ---


def take_estimate(c: sa.Connection, record: AudienceEstimate) -> None:
    """Keep the newest estimate of a digest."""
    row = {"digest": record.digest, "people": record.people, "at": record.at}
    if not insert_new(c, estimates, [row]):
        newer = (estimates.c.digest == record.digest) & (estimates.c.at <= record.at)
        c.execute(sa.update(estimates).where(newer).values(**row))


def find_estimate(c: sa.Connection, digest: str) -> int | None:
    """How many people a digest would reach, as last estimated."""
    found: int | None = c.execute(sa.select(estimates.c.people).where(estimates.c.digest == digest)).scalar()
    return found


def take_withdrawal(c: sa.Connection, lineage: str, place: tuple[int, int]) -> None:
    """Remember how far up a lineage was taken back; only upwards."""
    known = find_withdrawal(c, lineage)
    row = {"lineage": lineage, "version": place[0], "revision": place[1]}
    if known is None:
        insert_new(c, withdrawals, [row])
    elif known < place:
        c.execute(sa.update(withdrawals).where(withdrawals.c.lineage == lineage).values(**row))


def find_withdrawal(c: sa.Connection, lineage: str) -> tuple[int, int] | None:
    """Version and revision up to which a lineage was taken back."""
    row = c.execute(sa.select(withdrawals).where(withdrawals.c.lineage == lineage)).one_or_none()
    return (row.version, row.revision) if row else None


# --- held alerts ---


def follow_held(c: sa.Connection, record: Held, correlation: str) -> HeldAlert:
    """Follow a held alert from now on, in place of what was held of its version before."""
    row = {
        "lineage": record.lineage,
        "version": record.version,
        "severity": record.severity,
        "record": record.model_dump_json(),
        "since": record.held,
        "due": record.deadline,
        "digest": holds.digest_of(record),
        "correlation": correlation,
    }
    if not insert_new(c, held, [{**row, "escalations": 0}]):
        c.execute(sa.update(held).where(_is_version(record.lineage, record.version)).values(**row))
    return _held(c, _is_version(record.lineage, record.version))[0]


def find_held(c: sa.Connection, *where: sa.ColumnElement[bool]) -> list[HeldAlert]:
    """Held alerts that are followed, the longest due first."""
    return _held(c, held.c.due.is_not(None), *where)


def find_held_version(c: sa.Connection, lineage: str, version: int) -> HeldAlert | None:
    """What is or was held of one version."""
    return next(iter(_held(c, _is_version(lineage, version))), None)


def find_held_by_prefix(c: sa.Connection, prefix: str) -> list[HeldAlert]:
    """What is or was held under a digest that begins so, `sha256:` included."""
    where = held.c.digest.startswith(prefix, autoescape=True) | held.c.digest.is_(None)
    return [alert for alert in _held(c, where) if alert.digest.startswith(prefix)]


def _held(c: sa.Connection, *where: sa.ColumnElement[bool]) -> list[HeldAlert]:
    query = sa.select(*_HELD_COLUMNS).where(*where).order_by(held.c.due)
    return [HeldAlert(**{**row, "severity": Severity(row["severity"])}) for row in c.execute(query).mappings()]


def _is_version(lineage: str, version: int) -> sa.ColumnElement[bool]:
    return (held.c.lineage == lineage) & (held.c.version == version)


def count_held(c: sa.Connection) -> int:
    """How many held alerts are followed."""
    return int(c.execute(sa.select(sa.func.count()).where(held.c.due.is_not(None))).scalar_one())


def count_late(c: sa.Connection) -> dict[str, int]:
    """How many wait on although a deadline of theirs has passed, by what waits, as `metrics.ESCALATIONS` has it."""
    late = {
        "approval": (proposals, proposals.c.state.in_([state.value for state in OPEN]) & (proposals.c.escalations > 0)),
        "held": (held, held.c.due.is_not(None) & (held.c.escalations > 0)),
    }
    counts = {what: sa.select(sa.func.count()).select_from(table).where(where) for what, (table, where) in late.items()}
    return {what: int(c.execute(query).scalar_one()) for what, query in counts.items()}


def find_held_due(c: sa.Connection, now: datetime) -> list[HeldAlert]:
    """Held alerts whose deadline has passed."""
    return find_held(c, held.c.due <= now)


def find_held_upto(c: sa.Connection, lineage: str, version: int) -> list[HeldAlert]:
    """Held alerts of a lineage that a Broadcast of `version` answers."""
    return find_held(c, held.c.lineage == lineage, held.c.version <= version)


def update_held(c: sa.Connection, alert: HeldAlert, **values: object) -> None:
    """Change a held alert."""
    c.execute(sa.update(held).where(_is_version(alert.lineage, alert.version)).values(**values))
