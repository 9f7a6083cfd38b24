"""The text of a row, out of its release or withdrawal; read from the ledger once, for all rows of one digest."""

from typing import Any

import sqlalchemy as sa

from schemas.words import Kind, Severity
from services.dispatch.port import Job
from services.dispatch.tables import release


class Texts:
    """What this process has read: a digest's texts never change."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self._known: dict[tuple[str, str], dict[str, dict[str, list[str]]]] = {}

    def of(self, connection: sa.Connection, row: Any) -> str:  # noqa: ANN401 - a row of `delivery`
        """What to send for one row."""
        kind = Kind(row.kind)
        if kind is Kind.DELETION:
            return ""
        texts = self._read(connection, row.digest, "withdraw" if kind is Kind.WITHDRAWAL else "release")
        if kind is Kind.WITHDRAWAL:
            chosen = texts["withdrawals"]
        elif kind is Kind.CORRECTION and row.language in texts["corrections"]:
            chosen = texts["corrections"]
        else:
            chosen = texts["renditions"]
        text: str = chosen[row.language][row.part - 1]
        return text

    def job(self, connection: sa.Connection, row: Any) -> Job:  # noqa: ANN401 - a row of `delivery`
        """One row as an attempt, with what to send."""
        kind = Kind(row.kind)
        about = row.target.rpartition("#")[2] if kind is Kind.DELETION else None
        return Job(
            row.id, row.attempt, row.lineage, row.ordinal, kind, row.target, row.language, Severity(row.severity),
            self.of(connection, row), row.ends, about, row.intent_at,
        )  # fmt: skip

    def _read(self, connection: sa.Connection, digest: str, word: str) -> dict[str, dict[str, list[str]]]:
        key = (digest, word)
        if key not in self._known:
            query = sa.select(release.c.texts).where(release.c.digest == digest, release.c.word == word)
            self._known[key] = connection.execute(query).scalar_one()
        return self._known[key]
