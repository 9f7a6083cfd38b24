"""Keeps the public page of record: reads the store, writes files. Safe to do again, at any time."""

import asyncio
import contextlib
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from structlog.stdlib import get_logger

from schemas.broadcast import Broadcast
from schemas.words import DecisionWord, Realm
from services.record import files, reading, tables
from services.record.editions import Holds, Page, Released, page_of
from services.record.files import UnsafeNameError
from services.record.metrics import RecordMetrics
from services.record.rendering import Renderer
from services.runtime.clock import Clock
from services.runtime.store import Store

log = get_logger(__name__)
#: How late a page may say that an alert has ended.
TICK_S = 15.0


class Pages:
    """The pages of one realm."""

    def __init__(
        self, *, store: Store, clock: Clock, realm: Realm, folder: Path, renderer: Renderer, metrics: RecordMetrics
    ) -> None:
        self._store, self._clock, self._renderer, self._metrics = store, clock, renderer, metrics
        self._drill, self._folder = realm is Realm.DRILL, folder
        self._due: set[str] = set()
        self._pages: dict[str, Page] | None = None
        self._woken = asyncio.Event()

    def changed(self, lineage: str) -> None:
        """The page of `lineage` may have to change."""
        self._due.add(lineage)
        self._woken.set()

    async def run(self) -> None:
        """Keep the pages for ever."""
        while True:
            try:
                await self.refresh()
            except (OSError, SQLAlchemyError) as error:
                self._metrics.page_failures.inc()
                log.error("pages.failed", error=type(error).__name__, folder=str(self._folder))  # noqa: TRY400 - no trace
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), TICK_S)
            self._woken.clear()

    async def refresh(self) -> int:
        """Write what is due; how many files changed. At first, everything is due."""
        first = self._pages is None
        known = self._pages = self._pages or {}
        due = set(await self._store.transact(_lineages)) if first else self._due | self._ended(known)
        self._due -= due
        try:
            return await self._write_all(known, due, index=first or bool(due))
        except (OSError, SQLAlchemyError):
            self._due |= due
            raise

    async def _write_all(self, known: dict[str, Page], due: set[str], *, index: bool) -> int:
        number = 0
        for lineage in sorted(due):
            page = page_of(
                await self._store.transact(_released, lineage), self._clock.now(), drill=self._drill
            )  # fmt: skip
            if page is None:
                continue
            namesakes = [each for name, each in known.items() if each.short == page.short and name != lineage]
            if (written := await self._write_page(page, namesakes)) is not None:
                known[lineage] = page
                number += written
        if index:
            listed = self._renderer.index(list(known.values()), drill=self._drill)
            number += await asyncio.to_thread(files.write, self._folder, listed)
        self._metrics.pages.inc(number)
        return number

    async def _write_page(self, page: Page, namesakes: list[Page]) -> int | None:
        try:
            return await asyncio.to_thread(files.write, self._folder, self._renderer.files(page, namesakes))
        except UnsafeNameError as error:
            log.warning("pages.refused", says=str(error))
            self._metrics.page_failures.inc()
            return None

    def _ended(self, known: dict[str, Page]) -> set[str]:
        """Pages that still say "in force" of what has ended."""
        now = self._clock.now()
        return {
            name for name, page in known.items() if page.holds is Holds.IN_FORCE and page.current.ends <= now
        }  # fmt: skip


def _lineages(connection: sa.Connection) -> list[str]:
    """Every lineage of which something was released."""
    b, r = tables.broadcast.c, tables.release.c
    query = sa.select(b.lineage).join(tables.release, b.digest == r.digest).where(r.rule.is_(None)).distinct()
    return list(connection.scalars(query))


def _released(connection: sa.Connection, lineage: str) -> list[Released]:
    found = []
    for row in reading.broadcasts(connection, lineage):
        at = reading.released_at(connection, row.digest)
        if at is not None:
            said = [stop.at for stop in reading.stops(connection, row.digest) if stop.word is DecisionWord.WITHDRAW]
            broadcast = Broadcast.model_validate_json(row.canonical)
            withdrawn = datetime.fromisoformat(min(said)) if said else None
            found.append(Released(broadcast, row.digest, datetime.fromisoformat(at), withdrawn))
    return found
