"""The phonebook's tables. Moments are text as records write them (UTC, milliseconds), so they compare as text."""

import sqlalchemy as sa

metadata = sa.MetaData()
SPACE = " "

#: One row, `hash_key`: the fingerprint of the only hash key that recognises these numbers.
about = sa.Table(
    "phonebook_about",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)

subscriber = sa.Table(
    "subscriber",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("number_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("key_name", sa.String, nullable=False),
    sa.Column("number", sa.LargeBinary, nullable=False),
    #: In the person's own order, separated by a space.
    sa.Column("languages", sa.String, nullable=False),
    sa.Column("consent_at", sa.String, nullable=False),
    sa.Column("consent_source", sa.String, nullable=False),
    sa.Column("consent_wording", sa.String, nullable=False),
    sa.Column("added_at", sa.String, nullable=False),
    sa.Column("changed_at", sa.String, nullable=False),
)

#: One row for each area of a person; the primary key leads with the area, because that is how people are selected.
subscriber_area = sa.Table(
    "subscriber_area",
    metadata,
    sa.Column("area", sa.String, primary_key=True),
    sa.Column("id", sa.String(32), sa.ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True, index=True),
)

#: Who said stop, by the number's hash alone: it outlives the subscriber, so that no later import brings them back.
#: `back_at` is the latest START; the opt-out holds while that is not later than `out_at` (empty: never said).
opt_out = sa.Table(
    "opt_out",
    metadata,
    sa.Column("number_hash", sa.LargeBinary(32), primary_key=True),
    sa.Column("out_at", sa.String, nullable=False),
    sa.Column("out_source", sa.String, nullable=False),
    sa.Column("back_at", sa.String),
    sa.Column("back_source", sa.String),
)

OUT = sa.or_(opt_out.c.back_at.is_(None), opt_out.c.back_at <= opt_out.c.out_at)
#: The condition of everything that reaches people.
NOT_OUT = ~sa.exists().where(opt_out.c.number_hash == subscriber.c.number_hash, OUT)
