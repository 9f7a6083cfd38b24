"""The text of a row, out of its release or withdrawal; read from the ledger once, for all rows of one digest."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from schemas.words import Kind, Severity
from services.dispatch.port import Job
from services.dispatch.tables import release
from services.runtime.store import moment

#: Of words: calling an enumeration takes longer than all else about a job.
_KINDS, _SEVERITIES = {each.value: each for each in Kind}, {each.value: each for each in Severity}
#: The end of a release is that of all its rows.
_moment = lru_cache(maxsize=1024)(moment)


def _about(kind: Kind, target: str) -> str | None:
    """The platform's id that a deletion deletes."""
    return target.rpartition("#")[2] if kind is Kind.DELETION else None


class Texts:
    """What this process has read: a digest's texts never change."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self._known: dict[tuple[str, str], dict[str, dict[str, list[str]]]] = {}
        self._chosen: dict[tuple[str, Kind, str, int], str] = {}

    def job(self, connection: sa.Connection, row: Any) -> Job:  # noqa: ANN401 - a row of `delivery`
        """One row as an attempt, with what to send."""
        kind = Kind(row.kind)
        text = self._text(connection, row.digest, kind, row.language, row.part)
        return Job(
            row.id, row.attempt, row.lineage, row.ordinal, kind, row.target, row.language, Severity(row.severity),
            text, row.ends, _about(kind, row.target), row.intent_at,
        )  # fmt: skip

    def intent(self, connection: sa.Connection, row: "sa.Row[*tuple[Any, ...]]", now: datetime) -> Job:
        """A row of `gate.INTENT`, as the attempt that has begun now."""
        name, lineage, ordinal, word, attempt, target, language, part, severity, digest, ends = row
        kind = _KINDS[word]
        text = self._text(connection, digest, kind, language, part)
        return Job(
            name, attempt + 1, lineage, ordinal, kind, target, language, _SEVERITIES[severity],
            text, _moment(ends), _about(kind, target), now,
        )  # fmt: skip

    def _text(self, connection: sa.Connection, digest: str, kind: Kind, language: str, part: int) -> str:
        key = (digest, kind, language, part)
        found = self._chosen.get(key)
        if found is None:
            found = self._chosen[key] = self._choose(connection, digest, kind, language)[part - 1]
        return found

    def _choose(self, connection: sa.Connection, digest: str, kind: Kind, language: str) -> list[str]:
        """The parts of the text of one kind of row."""
        if kind is Kind.DELETION:
            return [""]
        texts = self._read(connection, digest, "withdraw" if kind is Kind.WITHDRAWAL else "release")
        if kind is Kind.WITHDRAWAL:
            return texts["withdrawals"][language]
        if kind is Kind.CORRECTION and language in texts["corrections"]:
            return texts["corrections"][language]
        return texts["renditions"][language]

    def _read(self, connection: sa.Connection, digest: str, word: str) -> dict[str, dict[str, list[str]]]:
        key = (digest, word)
        if key not in self._known:
            query = sa.select(release.c.texts).where(release.c.digest == digest, release.c.word == word)
            self._known[key] = connection.execute(query).scalar_one()
        return self._known[key]
