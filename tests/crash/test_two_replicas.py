"""Two dispatchers of each channel share one PostgreSQL ledger: what the sandbox counts, whoever dies or stands still.

Scaled bounds as in `killing`. Short: two kills, one freeze with a restart of the server in it; `--long`: 50 kills,
one of a pair frozen 20 times, the server restarted ten times, half of them without tidying up.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.kafka import Kafka
from tests.crash.killing import Size
from tests.crash.replicas import Replicas, folder, long_enough
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800)]


@pytest.fixture
def replicas(
    own_kafka: Kafka, own_postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Replicas]:
    """Two machines with dispatchers, one of them with receipts and the sandbox."""
    monkeypatch.setenv("TOCSIN_PHONEBOOK_URL", own_postgres.url())
    made = Replicas(own_kafka.bootstrap, folder(tmp_path), server=own_postgres)
    yield made
    made.stop()


def test_two_share_a_ledger_that_restarts_while_one_dies_and_one_is_frozen(replicas: Replicas, long: bool) -> None:
    """0 lost, 0 doubled, 0 left in doubt."""
    rounds, kills = (10, 5) if long else (1, 2)
    size = Size(posts=200, texts=3800, kills=rounds * kills) if long else Size(posts=14, texts=280, kills=kills)
    freezes = [("dispatch/sms", 0), ("dispatch/x", 1)] if long else [("dispatch/sms", 0)]
    replicas.begin(size, 1, long_enough(size.kills, len(freezes) * rounds))
    for turn in range(rounds):
        replicas.release(size, 2 * turn, 2 * rounds)
        for room, number in freezes:
            fall = signal.SIGQUIT if turn % 2 else signal.SIGINT
            replicas.freeze(room, (number + turn) % 2, fall if room == "dispatch/sms" else None)
        replicas.release(size, 2 * turn + 1, 2 * rounds)
        replicas.kill_some(kills, seed=turn)
    replicas.finish(size)
    counts = replicas.fleet.counts()
    print(f"\nleft in sending by kills {replicas.left}, by freezes {replicas.frozen}; the sandbox: {counts}")
    assert (counts["texts_distinct"], counts["texts_extra"]) == (size.texts, 0)
    assert (counts["posts_distinct"], counts["posts_extra"]) == (size.posts, 0)
    assert replicas.rows("sms")["unresolved"] == replicas.rows("x")["unresolved"] == 0
    assert any(replicas.left)
    assert sum(1 for frozen in replicas.frozen if frozen) >= len(replicas.frozen) // 2 + 1
    for machine in replicas.machines:
        for room in ("dispatch/sms", "dispatch/x"):
            assert machine.metric(room, "tocsin_records_parked_total") == 0
