"""`planned` rows that will not start, and why: overtaken, opted out, expired, revoked; for planner, gate and sweep."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import sqlalchemy as sa

from schemas.words import Kind, Reason, State
from services.dispatch import ids, restored
from services.dispatch.evidence import NOW, changed
from services.dispatch.tables import delivery, mark, opt_out, release
from services.runtime.prepared import Given, Prepared, among


@dataclass(frozen=True, eq=False)
class Rule:
    """Why a `planned` row does not start, and what it becomes."""

    why: "sa.ColumnElement[bool]"
    state: State
    reason: Reason


@dataclass(frozen=True, eq=False)
class Which:
    """Of which rows a rule is asked."""

    where: "sa.ColumnElement[bool]"


#: A wrong post must go, whatever came after it.
OVERTAKEN = Rule(
    sa.exists().where(mark.c.lineage == delivery.c.lineage, mark.c.ordinal > delivery.c.ordinal)
    & (delivery.c.kind != Kind.DELETION),
    State.SUPERSEDED, Reason.SUPERSEDED,
)  # fmt: skip
OPTED_OUT = Rule(sa.exists().where(opt_out.c.target == delivery.c.target), State.SUPPRESSED, Reason.OPTED_OUT)
EXPIRED = Rule(delivery.c.ends <= NOW, State.EXPIRED, Reason.EXPIRED)
REVOKED = Rule(sa.true(), State.SUPPRESSED, Reason.REVOKED)

ALL = Which(sa.true())
THESE = Which(among(delivery.c.id, "ids"))
OF_LINEAGE = Which(delivery.c.lineage == Given("lineage"))
OF_TARGET = Which(delivery.c.target == Given("target"))


def of_word(word: str) -> "sa.ColumnElement[bool]":
    """Rows that exist because of a `release`, or because of a `withdraw` of the same digest: see `ids.ordinal`."""
    return delivery.c.ordinal % 2 == (ids.TAKE_BACK if word == "withdraw" else 0)


OF_WORD = {word: Which((delivery.c.digest == Given("digest")) & of_word(word)) for word in ("release", "withdraw")}


class _Statements(NamedTuple):
    any: Prepared
    unknown: Prepared
    settle: Prepared


@lru_cache(maxsize=64)
def _statements(rule: Rule, which: Which) -> _Statements:
    where = (delivery.c.state == State.PLANNED) & rule.why & restored.cleared() & which.where
    unknown = {"state": State.UNRESOLVED, "reason": Reason.UNKNOWN_OUTCOME, "maybe": False, **changed(NOW)}
    settled = {"state": rule.state, "reason": rule.reason, **changed(NOW)}
    return _Statements(
        Prepared(sa.select(delivery.c.id).where(where).limit(1)),
        Prepared(sa.update(delivery).where(where, delivery.c.maybe).values(unknown)),
        Prepared(sa.update(delivery).where(where, ~delivery.c.maybe).values(settled)),
    )


def settle_planned(
    connection: sa.Connection, rule: Rule, now: datetime, which: Which = ALL, **of_these: object
) -> int:  # fmt: skip
    """Settle the `planned` rows of `which` for which `rule` holds; the number that became its state.

    One of which an earlier attempt may have arrived becomes `unresolved`: to call it not sent would hide a message.
    Nearly always there is none, and looking is cheaper than writing.
    """
    statements = _statements(rule, which)
    if statements.any(connection, now=now, **of_these).first() is None:
        return 0
    statements.unknown(connection, now=now, **of_these)
    return statements.settle(connection, now=now, **of_these).rowcount


def forbid(connection: sa.Connection, now: datetime, which: Which, **of_these: object) -> None:
    """Settle what has become `planned`, anew or again, and may not start any more."""
    settle_planned(connection, OVERTAKEN, now, which, **of_these)
    settle_planned(connection, OPTED_OUT, now, which, **of_these)


_DUE = Prepared(
    sa.select(delivery.c.id)
    .where(delivery.c.state == State.PLANNED, sa.or_(EXPIRED.why, OVERTAKEN.why, OPTED_OUT.why), restored.cleared())
    .limit(1)
)


def anything_due(connection: sa.Connection, now: datetime) -> bool:
    """Whether any planned row is to be settled: one look at all of them, where three rules would be three."""
    return _DUE(connection, now=now).first() is not None


def revoke(connection: sa.Connection, revoked: frozenset[str], now: datetime) -> int:
    """A signer's key was taken away: what it released, or took back, and has not started does not start."""
    if not revoked:
        return 0
    columns = (release.c.digest, release.c.word, release.c["keys"])
    suppressed = 0
    for digest, word, keys in connection.execute(sa.select(*columns).where(release.c.ends > now)).all():
        if revoked.intersection(keys) and revoked.intersection(_keys(connection, digest, word)):
            suppressed += settle_planned(connection, REVOKED, now, OF_WORD[word], digest=digest)
    return suppressed


def _keys(connection: sa.Connection, digest: str, word: str) -> list[str]:
    """Who has signed it by now, until the end of this transaction: others may be signing it anew in this moment."""
    this = (release.c.digest == digest) & (release.c.word == word)
    keys: list[str] = connection.execute(sa.select(release.c["keys"]).where(this).with_for_update()).scalar_one()
    return keys
