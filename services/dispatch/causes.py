"""What a dispatcher's messages were caused by: the correlation id that the ledger keeps with each release."""

import sqlalchemy as sa

from schemas.words import Kind
from services.dispatch.tables import delivery, release


def of_delivery(connection: sa.Connection, identifier: str) -> str:
    """The correlation id of one delivery; empty where its release came without one."""
    word = sa.case((delivery.c.kind == Kind.WITHDRAWAL, "withdraw"), else_="release")
    query = (
        sa.select(release.c.correlation)
        .join(delivery, sa.and_(delivery.c.digest == release.c.digest, release.c.word == word))
        .where(delivery.c.id == identifier)
    )
    return connection.execute(query).scalar() or ""


def of_digest(connection: sa.Connection, digest: str) -> str:
    """The correlation id under which a digest was released, or else withdrawn."""
    query = sa.select(release.c.correlation).where(release.c.digest == digest).order_by(release.c.word)
    return connection.execute(query).scalars().first() or ""
