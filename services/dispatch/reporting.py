"""What changed in the ledger, written to the `deliveries` topic through the outbox: in bulk, never a record a row."""

import sqlalchemy as sa

from schemas.delivery import ROWS_LIMIT, Deliveries, DeliveryRow
from schemas.topics import DELIVERIES
from schemas.words import Channel, Kind, Realm, Reason, State
from services.dispatch import causes
from services.dispatch.tables import delivery, platform_id
from services.runtime.outbox import CORRELATION_HEADER, Outbox


def report(connection: sa.Connection, outbox: Outbox, channel: Channel, realm: Realm) -> int:
    """Write up to one record's worth of changed rows, grouped by what they belong to; the number of rows."""
    rows = connection.execute(
        sa.select(delivery, platform_id.c.platform_id)
        .outerjoin(platform_id, platform_id.c.delivery == delivery.c.id)
        .where(delivery.c.unreported)
        .limit(ROWS_LIMIT)
        .with_for_update(skip_locked=True, of=delivery)  # what changes meanwhile must not count as reported
    ).all()
    groups: dict[tuple[str, str], dict[str, DeliveryRow]] = {}
    for row in rows:
        groups.setdefault((row.lineage, row.digest), {})[row.id] = DeliveryRow(
            id=row.id, version=row.version, revision=row.revision, kind=Kind(row.kind), target=row.target,
            state=State(row.state), reason=Reason(row.reason) if row.reason else None, attempt=row.attempt,
            seq=row.seq, at=row.changed_at, platform_id=row.platform_id,
        )  # fmt: skip
    for (lineage, digest), changed in groups.items():
        record = Deliveries(realm=realm, channel=channel, lineage=lineage, digest=digest, rows=tuple(changed.values()))
        headers = {CORRELATION_HEADER: cause} if (cause := causes.of_digest(connection, digest)) else {}
        outbox.put(connection, DELIVERIES, f"{lineage}#{channel}", record, headers)
    if rows:
        these = delivery.c.id.in_([row.id for row in rows])
        connection.execute(sa.update(delivery).where(these).values(unreported=False))
    return len(rows)
