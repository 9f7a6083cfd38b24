"""What changed in the ledger, written to the `deliveries` topic through the outbox: in bulk, never a record a row."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from schemas.delivery import ROWS_LIMIT, Deliveries
from schemas.topics import DELIVERIES
from schemas.words import Channel, Realm, State
from services.dispatch import causes
from services.dispatch.tables import UNREPORTED, delivery, platform_id
from services.runtime.outbox import CORRELATION_HEADER, Outbox
from services.runtime.prepared import Given, Prepared, among
from services.runtime.store import moment

#: Within so much time a row that is planned or in flight has most often moved on, and what it was nobody needs.
PASSING = timedelta(seconds=1)
_PASSED = Given("passed", delivery.c.changed_at)
_CHANGED = Prepared(
    sa.select(
        delivery.c.id, delivery.c.version, delivery.c.revision, delivery.c.kind, delivery.c.target, delivery.c.state,
        delivery.c.reason, delivery.c.attempt, delivery.c.seq, delivery.c.changed_at.label("at"), delivery.c.lineage,
        delivery.c.digest, platform_id.c.platform_id,
    )
    .outerjoin(platform_id, platform_id.c.delivery == delivery.c.id)
    .where(
        UNREPORTED,
        sa.or_(delivery.c.state.not_in([State.PLANNED, State.SENDING]), delivery.c.changed_at <= _PASSED),
    )
    .limit(ROWS_LIMIT)
    .with_for_update(skip_locked=True, of=delivery)  # what changes meanwhile must not count as reported
)  # fmt: skip
_REPORTED = Prepared(sa.update(delivery).where(among(delivery.c.id, "ids")).values(unreported=False))


def report(connection: sa.Connection, outbox: Outbox, channel: Channel, realm: Realm, now: datetime) -> int:
    """Write up to one record's worth of changed rows, grouped by what they belong to; the number of rows."""
    rows = _CHANGED(connection, passed=now - PASSING).all()
    groups: dict[tuple[str, str], dict[str, dict[str, object]]] = {}
    for row in rows:
        made = {**row._mapping, "at": moment(row.at)}  # noqa: SLF001 - public, and so named that no column is hidden
        groups.setdefault((row.lineage, row.digest), {})[row.id] = made
    for (lineage, digest), changed in groups.items():
        record = Deliveries.model_validate({
            "realm": realm, "channel": channel, "lineage": lineage, "digest": digest, "rows": tuple(changed.values())
        })  # fmt: skip
        headers = {CORRELATION_HEADER: cause} if (cause := causes.of_digest(connection, digest)) else {}
        outbox.put(connection, DELIVERIES, f"{lineage}#{channel}", record, headers)
    if rows:
        _REPORTED(connection, ids=[row.id for row in rows])
    return len(rows)
