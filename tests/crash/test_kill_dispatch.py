"""Kill -9 at random instants over dispatch/x, dispatch/sms and receipts, counted by the platform's side, never by ours.

The bounds are scaled down (Q = 3.6 s in place of 120 s), the relation between them is not: Q > F + G + R + D + L.
`--long` kills 50 times over 2,000 deliveries; without it a few times over some hundreds.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.words import Severity
from services.cli.kafka import Kafka
from tests.crash.killing import QUARANTINE_S, VISIBLE_S, Killing, Size, W
from tests.support.fleet import http, let_pass

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1200)]

LAG = [0, 0.9 * VISIBLE_S]
LONG_LAG = 5 * QUARANTINE_S


@pytest.fixture
def killing(own_kafka: Kafka, tmp_path: Path) -> Iterator[Killing]:
    """Dispatchers, receipts and the sandbox, to be killed."""
    made = Killing(own_kafka.bootstrap, tmp_path / "data")
    yield made
    made.stop()


def test_look_up_settles_every_kill(killing: Killing, long: bool) -> None:
    """Callbacks off: 0 lost, 0 doubled, 0 left in doubt."""
    size = Size(posts=100, texts=1900, kills=50) if long else Size(posts=30, texts=570, kills=10)
    killing.run(size, Severity.SEVERE, lag=LAG, seed=1, TOCSIN_SMS_CALLBACK_URL="")
    counts = killing.fleet.counts()
    hit = sum(1 for left in killing.left if left)
    print(f"\n{size.kills} kills, {hit} left rows in sending, {max(killing.left)} at most; the sandbox: {counts}")
    assert (counts["texts_distinct"], counts["texts_extra"]) == (size.texts, 0)
    assert (counts["posts_distinct"], counts["posts_extra"]) == (size.posts, 0)
    assert killing.rows("sms")["unresolved"] == killing.rows("x")["unresolved"] == 0
    assert hit >= size.kills * 3 // 5


def test_receipts_settle_every_kill_of_an_extreme_alert(killing: Killing, long: bool) -> None:
    """Callbacks on, look-up off, Extreme: 0 lost, 0 doubled."""
    size = Size(posts=0, texts=2000, kills=50) if long else Size(posts=0, texts=480, kills=8)
    killing.run(size, Severity.EXTREME, lag=LAG, seed=2, TOCSIN_SMS_LOOK_UP="false", TOCSIN_SMS_PATIENCE_S=15)
    counts = killing.fleet.counts()
    print(f"\n{size.kills} kills; the sandbox: {counts}")
    assert (counts["texts_distinct"], counts["texts_extra"]) == (size.texts, 0)


def test_what_is_missing_of_a_severe_alert_is_listed(killing: Killing, long: bool) -> None:
    """Callbacks on, look-up off, Severe: 0 doubled; each missing text is `unresolved`, at most W a kill."""
    size = Size(posts=0, texts=2000, kills=50) if long else Size(posts=0, texts=480, kills=8)
    killing.run(size, Severity.SEVERE, lag=LAG, seed=3, TOCSIN_SMS_LOOK_UP="false", TOCSIN_SMS_PATIENCE_S=15)
    missing, unresolved = killing.missing_texts(), killing.unresolved()
    print(f"\n{size.kills} kills, {len(missing)} missing, {len(unresolved)} unresolved; {killing.fleet.counts()}")
    assert killing.fleet.counts()["texts_extra"] == 0
    assert missing <= unresolved
    assert len(unresolved) <= W * len(killing.left)


def test_it_can_fail(killing: Killing, long: bool) -> None:
    """A platform that shows nothing for 5 Q breaks the inequality: doubles, and the nightly comparison finds each.

    Two would do, but for machines where a killed dispatcher takes as long as Q to start.
    """
    size = Size(posts=0, texts=1000, kills=8, peace=5) if long else Size(posts=0, texts=300, kills=3, peace=5)
    killing.run(size, Severity.SEVERE, lag=LONG_LAG, seed=4, TOCSIN_SMS_CALLBACK_URL="")
    let_pass(LONG_LAG)
    http(killing.fleet.door("dispatch/sms") + "/compare", method="POST")
    doubles, detected = killing.fleet.counts()["texts_extra"], killing.counter("sms", "duplicates_detected")
    print(f"\n{doubles} doubled by the sandbox's count, {detected} detected")
    assert doubles > 0
    assert detected == doubles
