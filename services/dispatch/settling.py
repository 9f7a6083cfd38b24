"""`planned` rows that will not start, and why: overtaken, opted out, expired, revoked; for planner, gate and sweep."""

from datetime import datetime

import sqlalchemy as sa

from schemas.words import Kind, Reason, State
from services.dispatch import ids, restored
from services.dispatch.evidence import changed
from services.dispatch.tables import delivery, mark, opt_out, release


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
    """Settle the `planned` rows of `which` (all by default) for which `why` holds; the number that became `state`.

    One of which an earlier attempt may have arrived becomes `unresolved`: to call it not sent would hide a message.
    """
    where = (delivery.c.state == State.PLANNED) & why & restored.cleared()
    if which is not None:
        where &= which
    unknown = {"state": State.UNRESOLVED, "reason": Reason.UNKNOWN_OUTCOME, "maybe": False, **changed(now)}
    connection.execute(sa.update(delivery).where(where, delivery.c.maybe).values(**unknown))
    settled = {"state": state, "reason": reason, **changed(now)}
    return connection.execute(sa.update(delivery).where(where, ~delivery.c.maybe).values(**settled)).rowcount


def of_word(word: str) -> "sa.ColumnElement[bool]":
    """Rows that exist because of a `release`, or because of a `withdraw` of the same digest: see `ids.ordinal`."""
    return delivery.c.ordinal % 2 == (ids.TAKE_BACK if word == "withdraw" else 0)


def revoke(connection: sa.Connection, revoked: frozenset[str], now: datetime) -> int:
    """A signer's key was taken away: what it released, or took back, and has not started does not start."""
    if not revoked:
        return 0
    columns = (release.c.digest, release.c.word, release.c["keys"])
    suppressed = 0
    for digest, word, keys in connection.execute(sa.select(*columns).where(release.c.ends > now)).all():
        if revoked.intersection(keys):
            these = (delivery.c.digest == digest) & of_word(word)
            suppressed += settle_planned(connection, these, None, State.SUPPRESSED, Reason.REVOKED, now)
    return suppressed
