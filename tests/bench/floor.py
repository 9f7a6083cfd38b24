"""What SQLite itself takes for a ledger with a row a text: four bare statements for claim and settle, nothing of ours.

Our tables and indexes, the driver alone, every commit on disk; no question is asked, no object made, nothing compared.
What `ledger_alone` costs beyond this is ours; below it no ledger of rows can be.

`python -m tests.bench.floor FOLDER NUMBER` prints microseconds for each text, W = 256 and a quarter of it a commit.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path

from schemas.words import Channel, Kind
from services.dispatch.ids import delivery_id
from services.dispatch.tables import metadata
from services.runtime.store import Store, sqlite_url
from tests.bench.ledger_alone import WINDOW
from tests.bench.sink import sid

LINEAGE, DIGEST = "f" * 32, "sha256:" + "0" * 64
PLAN = """
INSERT INTO delivery (id, lineage, version, revision, ordinal, kind, target, language, part, digest, severity, priority,
                      state, attempt, ends, changed_at, seq, unreported, maybe)
VALUES (?, ?, 1, 1, 200002, 'alert', ?, 'en', 1, ?, 'Severe', 1, 'planned', 0, 1900000000000, 1, 1, 1, 0)
"""
FIND = """
SELECT id, lineage, ordinal, kind, attempt, target, language, part, severity, digest, ends FROM delivery
WHERE state = 'planned' ORDER BY priority, ordinal LIMIT ?
"""
THESE = "WHERE id IN (SELECT value FROM json_each(?))"
CLAIM = f"""
UPDATE delivery SET state = 'sending', attempt = attempt + 1, intent_at = 2, changed_at = 2, seq = seq + 1 {THESE}
"""  # noqa: S608 - of this file's words
STAND = f"UPDATE delivery SET state = 'sent', changed_at = 3, seq = seq + 1 {THESE}"  # noqa: S608 - of this file's words
KEEP = "INSERT INTO platform_id (delivery, platform_id, source, created, at) VALUES (?, ?, 'answer', NULL, 3)"


def main(folder: str, number: int) -> None:
    path = Path(folder) / "floor.db"
    Store(sqlite_url(path), metadata).close()
    ledger = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        ledger.execute(f"PRAGMA {pragma}")
    ledger.execute("BEGIN")
    ledger.executemany(PLAN, [(_name(target), LINEAGE, target, DIGEST) for target in _people(number)])
    ledger.execute("COMMIT")
    began = time.process_time()
    settled = _pump(ledger)
    assert settled == number
    print((time.process_time() - began) * 1e6 / number, flush=True)


def _people(number: int) -> list[str]:
    return [f"{each:032x}" for each in range(number)]


def _name(target: str) -> str:
    return delivery_id(LINEAGE, 1, 1, Channel.SMS, target, Kind.ALERT)


def _pump(ledger: sqlite3.Connection) -> int:
    """A window, then a quarter of it settled and claimed in each transaction, as the pump does."""
    settled, flying = 0, _turn(ledger, [], WINDOW, 0)
    while flying:
        share, flying = flying[: WINDOW // 4], flying[WINDOW // 4 :]
        flying += _turn(ledger, share, len(share), settled)
        settled += len(share)
    return settled


def _turn(ledger: sqlite3.Connection, done: list[str], slots: int, settled: int) -> list[str]:
    ledger.execute("BEGIN IMMEDIATE")
    if done:
        ledger.executemany(KEEP, [(name, sid(settled + place)) for place, name in enumerate(done)])
        ledger.execute(STAND, (json.dumps(done),))
    names = [row[0] for row in ledger.execute(FIND, (slots,)).fetchall()]
    if names:
        ledger.execute(CLAIM, (json.dumps(names),))
    ledger.execute("COMMIT")
    return names


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
