"""Connections that die at a commit: a dispatcher has asked for its window, and never hears whether it got it.

It sends over PostgreSQL, the way to which breaks at commits of intents, in turn after the server has made the commit
and before it came; bounds scaled as in `killing`. Short: four cuts; `--long`: 40. The sandbox counts what people got.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.words import Severity
from services.cli.kafka import Kafka
from tests.crash.cutting import Cutter
from tests.crash.killing import PACE, RELEASES, Killing, Size, bounds
from tests.support.fleet import Fleet, until
from tests.support.kafka_io import publish
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800)]
ROOMS = ("sandbox", "receipts", "dispatch/sms")


@dataclass(kw_only=True)
class Cutting(Killing):
    """One run. The dispatcher's ledger is behind `cutter`, the receipts' store is not."""

    server: Postgres
    cutter: Cutter

    def run_cut(self, size: Size, cuts: int) -> None:
        """Release in as many turns as there are to be cuts; in each, the way breaks at a commit of intents."""
        ledger = sa.make_url(self.server.url()).set(port=self.cutter.port).render_as_string(hide_password=False)
        self.fleet = Fleet(self.kafka, self.data, extra=self._settings(ledger))
        self.people = self.fleet.people(size.texts, ["ferrow-north"])
        self.fleet.start(*ROOMS)
        self.fleet.ready(*ROOMS)
        self.fleet.fault(match={"method": "POST"}, effect={"type": "slow", "seconds": [0.05, 0.3]}, seed=1)
        records = self._records(size, Severity.SEVERE)
        share = len(records) // RELEASES
        for turn in range(cuts):
            self.cutter.cut(made=turn % 2 == 0)
            if turn < RELEASES:
                publish(self.kafka, records[share * turn : share * (turn + 1)])
            until(partial(self._has_cut, turn + 1), 60, f"cut {turn + 1}")
        publish(self.kafka, records[share * min(cuts, RELEASES) :])
        until(lambda: self.settled(size), 900, "everything is settled")

    def _has_cut(self, wanted: int) -> bool:
        return self.cutter.cuts == wanted

    def opened_again(self) -> int:
        """Deliveries whose first intent nobody knew of: looked up, found nowhere, and opened once more."""
        return len(self._query("sms", "SELECT id FROM delivery WHERE attempt > 1"))

    def _settings(self, ledger: str) -> dict[str, str]:
        more = {"SMS_DATABASE_URL": ledger, "RECEIPTS_DATABASE_URL": self.server.url()}
        return bounds("SMS") | {k: str(v) for k, v in PACE.items()} | {f"TOCSIN_{k}": v for k, v in more.items()}

    def _query(self, channel: str, query: str) -> list[tuple[object, ...]]:
        return self.server.rows(f"tocsin_live_dispatch_{channel}", query)


@pytest.fixture
def cutting(own_kafka: Kafka, own_postgres: Postgres, tmp_path: Path) -> Iterator[Cutting]:
    """A dispatcher behind a way that breaks."""
    with Cutter(own_postgres.port) as cutter:
        made = Cutting(own_kafka.bootstrap, tmp_path / "data", server=own_postgres, cutter=cutter)
        yield made
        made.stop()


def test_a_commit_without_an_answer_loses_and_doubles_nothing(cutting: Cutting, long: bool) -> None:
    """0 lost, 0 doubled, 0 left in doubt."""
    cuts, size = (40, Size(posts=0, texts=2000, kills=0)) if long else (4, Size(posts=0, texts=100, kills=0))
    cutting.run_cut(size, cuts)
    counts, cutter = cutting.fleet.counts(), cutting.cutter
    again = cutting.opened_again()
    print(f"\n{cutter.unanswered} unanswered, {cutter.undone} undone, opened again {again}; the sandbox: {counts}")
    assert (cutter.unanswered, cutter.undone) == (cuts // 2, cuts // 2)
    assert again >= 1
    assert (counts["texts_distinct"], counts["texts_extra"]) == (size.texts, 0)
    assert cutting.missing_texts() == set()
    rows = cutting.rows("sms")
    assert sum(rows[state] for state in ("sent", "delivered")) == size.texts, rows
    assert cutting.counter("sms", "duplicates_detected") == 0
