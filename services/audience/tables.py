"""Audience's tables. A subscriber is a random id here too; numbers are the phonebook's alone."""

from enum import StrEnum

import sqlalchemy as sa

from services.runtime import doubts, outbox
from services.runtime.store import Moment

metadata = sa.MetaData()
outbox_rows = outbox.table(metadata)


class Progress(StrEnum):
    """How far a release is. `wanted` is chosen anew after a crash; `writing` has its batches, which never change."""

    WANTED = "wanted"
    WRITING = "writing"
    DONE = "done"
    TOO_WIDE = "too_wide"
    STOPPED = "stopped"
    EXPIRED = "expired"


#: What alerts say of where, by the hash of their polygons and circles.
geometry = sa.Table(
    "geometry",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("areas", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

#: What each Broadcast wants (`wanted.Wanted`), and whether its estimate is still owed.
broadcast = sa.Table(
    "broadcast",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("lineage", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("areas", sa.JSON, nullable=False),
    #: [language, segments a person] in the order of preference.
    sa.Column("units", sa.JSON, nullable=False),
    sa.Column("correlation", sa.String, nullable=False),
    sa.Column("estimate_due", sa.Boolean, nullable=False, index=True),
    sa.Column("estimated", Moment),
    sa.Column("at", Moment, nullable=False),
)

#: One selection for each version and revision of a lineage: its digest, what its signers saw, how far it is.
release = sa.Table(
    "release",
    metadata,
    sa.Column("lineage", sa.String, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String, sa.ForeignKey("broadcast.digest"), nullable=False, unique=True),
    sa.Column("reach", sa.Integer),
    sa.Column("ends", Moment, nullable=False),
    sa.Column("progress", sa.String, nullable=False, index=True),
    #: How many people and batches there are; `of` is null until they are fixed.
    sa.Column("people", sa.Integer),
    sa.Column("of", sa.Integer),
    sa.Column("at", Moment, nullable=False),
)

batch = sa.Table(
    "batch",
    metadata,
    sa.Column("digest", sa.String, sa.ForeignKey("broadcast.digest"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("subscribers", sa.JSON, nullable=False),
    sa.Column("written", sa.Boolean, nullable=False),
)

#: Digests that were withdrawn, also those whose release has not come yet.
withdrawn = sa.Table(
    "withdrawn",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)

#: Releases and stops that nobody could believe yet: they are asked again when the trust bundle changes.
doubted = doubts.table(metadata)
