"""The ledger's tables. One ledger a channel: every process that sends on the account shares it."""

import sqlalchemy as sa

from services.runtime import doubts, outbox
from services.runtime.store import Moment

metadata = sa.MetaData()

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("lineage", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("ordinal", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("target", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("part", sa.Integer, nullable=False, default=1),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("reason", sa.String),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("due", Moment),
    sa.Column("ends", Moment, nullable=False),
    sa.Column("intent_at", Moment),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False, default=1),
    sa.Column("unreported", sa.Boolean, nullable=False, default=True),
    # Of an alert, update or correction: the take-back or correction that follows it. Of a deletion: what it deletes.
    sa.Column("follower", sa.String(32)),
    sa.Column("about", sa.String(32)),
    # Sent again although an earlier attempt may have arrived: only an id or a whole look-up may call it not sent.
    sa.Column("maybe", sa.Boolean, nullable=False, default=False),
    sa.Index("delivery_target", "lineage", "target", "ordinal"),
    sa.Index("delivery_follower", "follower", sqlite_where=sa.text("follower IS NOT NULL")),
)
#: The words of the partial indexes: a statement uses one only where it says the same, as words and not as parameters.
IN_DOUBT = delivery.c.state.in_([sa.literal_column("'sending'"), sa.literal_column("'unknown'")])
STANDING = delivery.c.state.in_([sa.literal_column(f"'{state}'") for state in ("unresolved", "sent", "delivered")])
UNREPORTED = sa.literal_column("delivery.unreported", sa.Integer)  # SQLite's boolean is `= 1`, which no index here says
sa.Index(
    "delivery_planned",
    delivery.c.priority,
    delivery.c.ordinal,
    sqlite_where=delivery.c.state == "planned",
    postgresql_where=delivery.c.state == "planned",
)
sa.Index(
    "delivery_doubt",
    delivery.c.id,
    sqlite_where=IN_DOUBT,
    postgresql_where=IN_DOUBT,
)
sa.Index(
    "delivery_unresolved",
    delivery.c.lineage,
    sqlite_where=delivery.c.state == "unresolved",
    postgresql_where=delivery.c.state == "unresolved",
)
# What may have to be taken back, by what it stands below: of an alert that was taken back whole nothing is left here,
# and who looks again and again reads nothing.
sa.Index(
    "delivery_standing",
    delivery.c.lineage,
    delivery.c.ordinal,
    sqlite_where=STANDING,
    postgresql_where=STANDING,
)
sa.Index(
    "delivery_unreported",
    delivery.c.lineage,
    sqlite_where=delivery.c.unreported,
    postgresql_where=delivery.c.unreported,
)

platform_id = sa.Table(
    "platform_id",
    metadata,
    sa.Column("delivery", sa.String(32), primary_key=True),
    sa.Column("platform_id", sa.String, primary_key=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("created", Moment),
    sa.Column("at", Moment, nullable=False),
    sa.Index("platform_id_id", "platform_id"),
)

mark = sa.Table(
    "mark",
    metadata,
    sa.Column("lineage", sa.String, primary_key=True),
    sa.Column("ordinal", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

release = sa.Table(
    "release",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("word", sa.String, primary_key=True),  # `release` or `withdraw`
    sa.Column("lineage", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("ends", Moment, nullable=False),
    sa.Column("reach", sa.Integer),
    sa.Column("texts", sa.JSON, nullable=False),  # {"renditions" | "corrections" | "withdrawals": {language: [part]}}
    sa.Column("keys", sa.JSON, nullable=False),
    sa.Column("serial", sa.Integer, nullable=False),
    sa.Column("received", Moment, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("first_sent", Moment),
    sa.Column("correlation", sa.String, nullable=False, server_default=""),
    sa.Column("fictional", sa.Boolean, nullable=False, server_default=sa.false()),  # see `services.dispatch.fictional`
    sa.Index("release_lineage", "lineage"),
)

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("of", sa.Integer, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("reach", sa.Integer, nullable=False),
    sa.Column("subscribers", sa.JSON(none_as_null=True)),  # kept only until its release has come
    sa.Column("at", Moment, nullable=False),
)

opt_out = sa.Table(
    "opt_out",
    metadata,
    sa.Column("target", sa.String, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)

brake = sa.Table(
    "brake",
    metadata,
    sa.Column("channel", sa.String, primary_key=True),
    sa.Column("on", sa.Boolean, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

#: What people said about deliveries that could not be known (`services.dispatch.persons`); never deleted.
person_move = sa.Table(
    "person_move",
    metadata,
    sa.Column("delivery", sa.String(32), primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    sa.Column("to", sa.String, nullable=False),
    sa.Column("platform_id", sa.String),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
)

#: One row in a ledger that is out of a backup (`services.dispatch.restored`): of when, and since when it works again.
restored = sa.Table("restored", metadata, sa.Column("since", Moment, primary_key=True), sa.Column("at", Moment))
#: What it has put in doubt, and what it knows to be from after the restore.
restored_doubt = sa.Table("restored_doubt", metadata, sa.Column("delivery", sa.String(32), primary_key=True))
restored_fresh = sa.Table(
    "restored_fresh", metadata, sa.Column("digest", sa.String, primary_key=True),
    sa.Column("word", sa.String, primary_key=True),
)  # fmt: skip

#: Alarms that are not over; see `services.dispatch.alarms`.
raised = sa.Table(
    "raised",
    metadata,
    sa.Column("rule", sa.String, primary_key=True),
    sa.Column("lineage", sa.String, primary_key=True),
    sa.Column("since", Moment, nullable=False),
)

pause = sa.Table("pause", metadata, sa.Column("lineage", sa.String, primary_key=True))

counted = sa.Table(
    "counted",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
)

#: One row: when the platform's list is compared next, when it was last, or when that began to be counted, and how many
#: messages on it were nobody's (`services.dispatch.nightly`).
compared = sa.Table(
    "compared",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True),
    sa.Column("due", Moment, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("strangers", sa.Integer, nullable=False),
)

#: Releases, stops and batches that nobody could believe yet: they are judged again when the trust bundle changes.
doubted = doubts.table(metadata)

outbox_rows = outbox.table(metadata)
