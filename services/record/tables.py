"""The projection's tables. Each can be filled in any order, because topics have none: nothing refers to a row.

Moments are text as records write them (UTC, milliseconds), so they compare as text.
"""

import sqlalchemy as sa

metadata = sa.MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String, primary_key=key, nullable=null)


def _number(name: str, *, key: bool = False, null: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, primary_key=key, nullable=null, autoincrement=False)


#: `alerts.accepted`, one row a version.
alert = sa.Table(
    "alert", metadata, _text("lineage", key=True), _number("version", key=True), _text("identifier"), _text("sender"),
    _text("event"), _text("severity"), _text("grade"), _text("scope"), _text("source"), _text("received"),
    _text("accepted"), sa.Column("correlation", sa.String, nullable=False, server_default=""),
)  # fmt: skip

#: `alerts.refused`, by the hash of the bytes and the moment: bytes sent twice are refused twice.
refusal = sa.Table(
    "refusal", metadata, _text("source", key=True), _text("received", key=True), _text("identifier", null=True),
    _text("sender", null=True), _text("rule"), _text("element", null=True), _text("says"),
    _text("expected", null=True),
)  # fmt: skip

#: Every Broadcast by its digest, whether it came by itself, in a release or in a withdrawal.
broadcast = sa.Table(
    "broadcast", metadata, _text("digest", key=True), _text("lineage"), _number("version"), _number("revision"),
    _text("kind"), _text("scope"), _text("severity"), _text("hazard"), _text("received"), _text("composed"),
    _text("expires"), _text("canonical"),
    sa.Index("broadcast_lineage", "lineage", "version", "revision"), sa.Index("broadcast_received", "received"),
)  # fmt: skip

#: `broadcasts.held`, one row a version.
held = sa.Table(
    "held", metadata, _text("lineage", key=True), _number("version", key=True), _text("identifier"),
    _text("severity"), _text("event"), _text("says"), _text("held"), _text("deadline"), _text("digest", null=True),
)  # fmt: skip

#: The latest `audiences.estimated` of a digest.
estimate = sa.Table(
    "estimate", metadata, _text("digest", key=True), _number("people"), _number("segments"),
    sa.Column("by_language", sa.JSON, nullable=False), _text("at"),
)  # fmt: skip

#: The latest `approvals` of a digest.
approval = sa.Table(
    "approval", metadata, _text("digest", key=True), _text("lineage"), _number("version"), _number("revision"),
    _text("state"), _number("have"), _number("need"), _text("deadline", null=True), _text("at"),
)  # fmt: skip

#: The latest `broadcasts.withheld` of a digest. Of a row that an earlier release has written, lineage and version are
#: null: those were all about Broadcasts, which are found by their digest.
withheld = sa.Table(
    "withheld", metadata, _text("digest", key=True), _text("reason"), _text("says"), _text("at"),
    _text("lineage", null=True), _number("version", null=True), sa.Index("withheld_version", "lineage", "version"),
)  # fmt: skip

#: `broadcasts.released`, whole, by the hash of the record. `rule` is why it is not believed; null where it is.
release = sa.Table(
    "release", metadata, _text("id", key=True), sa.Column("digest", sa.String, nullable=False, index=True), _text("at"),
    _text("rule", null=True), _text("record"),
)  # fmt: skip

#: `broadcasts.stopped`, whole, by the hash of the record. `at` is when it was signed.
stop = sa.Table(
    "stop", metadata, _text("id", key=True), sa.Column("digest", sa.String, nullable=False, index=True), _text("word"),
    _text("at"), _text("rule", null=True), _text("record"),
)  # fmt: skip

#: The timeline of a lineage, by the hash of the record.
event = sa.Table(
    "event", metadata, _text("id", key=True), _text("lineage"), _text("at"), _text("what"),
    _number("version", null=True), _number("revision", null=True), _text("digest", null=True),
    _text("says", null=True), sa.Index("event_lineage", "lineage", "at"),
)  # fmt: skip

#: One message to one target, as its ledger had it at `seq`. `sent_at` and `delivered_at` are the first such moment.
delivery = sa.Table(
    "delivery", metadata, sa.Column("id", sa.String(32), primary_key=True), _text("lineage"), _text("channel"),
    _text("digest"), _number("version"), _number("revision"), _text("kind"), _text("target"), _text("state"),
    _text("reason", null=True), _number("attempt"), _number("seq"), _text("at"), _text("platform_id", null=True),
    _text("sent_at", null=True), _text("delivered_at", null=True),
    sa.Index("delivery_states", "lineage", "channel", "kind", "state"),
)  # fmt: skip

#: The words of the partial index: a statement uses it only where it says the same, as words and not as a parameter.
FAILED = delivery.c.state == sa.literal_column("'failed'")
sa.Index(
    "delivery_failed", delivery.c.reason, delivery.c.digest, delivery.c.channel, delivery.c.kind, delivery.c.at,
    sqlite_where=FAILED, postgresql_where=FAILED,
)  # fmt: skip

#: The latest word of each alarm. `lineage` is what it is of: where that is no alert, `about` says the same.
alarm = sa.Table(
    "alarm", metadata, _text("room", key=True), _text("rule", key=True), _text("lineage", key=True), _text("says"),
    _text("do"), _text("since"), sa.Column("over", sa.Boolean, nullable=False), _text("about", null=True),
)  # fmt: skip

#: What is parked, by origin and room; `did` once a person has replayed or dropped it.
parked = sa.Table(
    "parked", metadata, _text("key", key=True), _text("room"), _text("topic"), _text("error"), _text("cause"),
    _text("at"), _text("did", null=True), _text("person", null=True),
)  # fmt: skip

#: When the newest backup of this realm was made: one row, which `tocsin backup` writes beside the room.
backup = sa.Table("backup", metadata, _number("one", key=True), _text("at"))

#: Latencies that were told to Prometheus: each once, over restarts.
observed = sa.Table(
    "observed", metadata, _text("digest", key=True), _text("stage", key=True),
    sa.Column("seconds", sa.Float, nullable=False),
)  # fmt: skip
