"""Releases that are missing batches: people who should get a text and are in no row of the ledger."""

from datetime import datetime

import sqlalchemy as sa

from services.dispatch.ids import REVISIONS
from services.dispatch.tables import batch, mark, release


def incomplete(connection: sa.Connection, older_than: datetime, now: datetime) -> set[tuple[str, str]]:
    """Live releases with texts that came before `older_than` and miss batches, as (rule of the alarm, lineage).

    Where its signers were shown that it reaches nobody, no batch is what was to be expected. What was overtaken or
    taken back needs none any more.
    """
    # One that keeps its people is not planned: it is of more than the signers saw, and nobody in it gets a text.
    planned = (batch.c.digest == release.c.digest) & batch.c.subscribers.is_(None)
    have = sa.select(sa.func.count()).where(planned).scalar_subquery()
    wanted = sa.select(sa.func.max(batch.c.of)).where(batch.c.digest == release.c.digest).scalar_subquery()
    ordinal = (sa.cast(release.c.version, sa.BigInteger) * REVISIONS + release.c.revision) * 2
    newer = sa.exists().where(mark.c.lineage == release.c.lineage, mark.c.ordinal > ordinal)
    query = sa.select(release.c.lineage, release.c.reach, release.c.texts, have, wanted).where(
        release.c.word == "release", release.c.kind != "cancel", release.c.at < older_than, release.c.ends > now,
        ~newer, have < sa.func.coalesce(wanted, 1),
    )  # fmt: skip
    found: set[tuple[str, str]] = set()
    for lineage, reach, texts, number, _ in connection.execute(query):
        if number:
            found.add(("batches_missing", lineage))
        elif reach and texts["renditions"]:
            found.add(("no_batches", lineage))
    return found
