"""What approve keeps: proposals, decisions, estimates, withdrawals seen, what compose holds, and the outbox."""

from datetime import UTC, datetime

import sqlalchemy as sa

from services.runtime import outbox

metadata = sa.MetaData()


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC. SQLite keeps no zone, so it is put back on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """UTC, so that texts compare as times do."""
        del dialect
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Aware again."""
        del dialect
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("lineage", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("expires", Moment, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("correlation", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("have", sa.Integer, nullable=False),
    sa.Column("reach", sa.Integer),
    sa.Column("waiting_since", Moment, nullable=False),
    sa.Column("estimate_until", Moment, nullable=False),
    sa.Column("deadline", Moment),
    # The next moment at which a sweep must look: null when nothing is waited for.
    sa.Column("due", Moment, index=True),
    sa.Column("escalations", sa.Integer, nullable=False),
    sa.Column("released_at", Moment),
    sa.Column("release", sa.Text),
    sa.Column("reach_signed", sa.Integer),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    # The arbiter of a second digest: one version and revision of a lineage has one.
    sa.UniqueConstraint("lineage", "version", "revision"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    # Hash of the whole record. People are counted, never rows; and a forged copy must not keep the true one out, which
    # it could if person and nonce were the key.
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("digest", sa.String, nullable=False, index=True),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("came", Moment, nullable=False),
    sa.Column("expires", Moment, nullable=False),
    # Null while the Broadcast has not come; then `counted`, or the rule that it broke.
    sa.Column("verdict", sa.String),
)

estimates = sa.Table(
    "estimates",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

withdrawals = sa.Table(
    "withdrawals",
    metadata,
    sa.Column("lineage", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
)

held = sa.Table(
    "held",
    metadata,
    sa.Column("lineage", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("due", Moment, index=True),
    sa.Column("escalations", sa.Integer, nullable=False),
    # What a person signs who ends it; null in a row that an earlier release has written.
    sa.Column("digest", sa.String, index=True),
    sa.Column("correlation", sa.String, nullable=False, server_default=""),
)

#: One row in a store that is out of a backup (`services.approve.restoring`): for how long it waits, and until when.
restored = sa.Table(
    "restored",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True),
    sa.Column("grace_s", sa.Integer, nullable=False),
    # Null before the first sweep.
    sa.Column("until", Moment),
)

outgoing = outbox.table(metadata)
