"""The doorways and the private door: what is refused, counted, parked and shown."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from aiohttp.web import RouteDef

from schemas.words import DecisionWord, Realm, Severity, WithheldReason
from services.approve.door import PrivateDoor
from services.approve.handlers import Handlers
from services.approve.metrics import ApproveMetrics
from services.approve.outcomes import HOW
from services.approve.service import SecondDigestError
from services.runtime.decoding import Envelope
from services.runtime.metrics import RoomMetrics
from services.runtime.trusted import NotTrustedError
from tests.approve.desk import Desk
from tests.support.trust import (
    broadcast,
    decision,
    digest_of,
    estimate,
    revocation,
    signed_bundle,
    statement,
    stop,
    text_of,
)

SEVERE = broadcast()


class Doorway:
    """The handlers over a desk, as app.py wires them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.room = RoomMetrics("approve", Realm.LIVE)
        self.metrics = ApproveMetrics(self.room)
        parts = desk.parts
        self.handlers = Handlers(
            store=parts.store, outbox=parts.outbox, approver=parts.approver, keeper=parts.keeper, metrics=self.metrics
        )

    def value(self, name: str, **labels: str) -> float | None:
        """One series of the registry; None when it does not exist."""
        return self.room.registry.get_sample_value(name, labels)


@pytest.fixture
def doorway(tmp_path: Path) -> Iterator[Doorway]:
    desk = Desk(tmp_path)
    yield Doorway(desk)
    desk.close()


def envelope(value: bytes = b"") -> Envelope:
    return Envelope("broadcasts.composed", 0, 0, None, value, {"tocsin-correlation": "alerts.incoming/0/7"})


async def test_from_composed_to_released_counted_by_how(doorway: Doorway) -> None:
    await doorway.handlers.composed(SEVERE, envelope(text_of(SEVERE).encode()))
    await doorway.handlers.decided(decision(SEVERE), envelope())
    assert len(doorway.desk.releases()) == 1
    assert doorway.value("tocsin_releases_total", how="approved") == 1
    assert doorway.value("tocsin_approval_wait_seconds_count", severity="Severe") == 1
    assert doorway.value("tocsin_received_to_released_seconds_sum", severity="Severe") == 120


async def test_what_is_not_believed_is_counted_and_not_parked(doorway: Doorway) -> None:
    other = Realm.DRILL
    await doorway.handlers.stopped(stop(SEVERE, person="clerk-1"), envelope())
    await doorway.handlers.estimated(estimate(SEVERE, 1).model_copy(update={"realm": other}), envelope())
    await doorway.handlers.trust(signed_bundle(statement(2), ("admin-1", "stranger")), envelope())
    await doorway.handlers.trust(revocation("officer-1", "officer-2"), envelope())
    assert doorway.value("tocsin_untrusted_total", rule="role") == 1
    assert doorway.value("tocsin_untrusted_total", rule="realm") == 1
    assert doorway.value("tocsin_untrusted_total", rule="signatures") == 2


async def test_what_compose_would_never_write_is_raised_for_the_room_to_park(doorway: Doorway) -> None:
    with pytest.raises(NotTrustedError):
        await doorway.handlers.composed(SEVERE, envelope(b" " + text_of(SEVERE).encode()))
    await doorway.handlers.composed(SEVERE, envelope(text_of(SEVERE).encode()))
    with pytest.raises(SecondDigestError):
        await doorway.handlers.composed(SEVERE, envelope(text_of(broadcast(headline="Other")).encode()))
    assert len(doorway.desk.pending()["waiting"]) == 1


async def test_a_failed_transaction_leaves_nothing_behind(doorway: Doorway) -> None:
    await doorway.handlers.composed(SEVERE, envelope(text_of(SEVERE).encode()))
    before = doorway.desk.approvals()
    with pytest.raises(SecondDigestError):
        await doorway.handlers.composed(SEVERE, envelope(text_of(broadcast(headline="Other")).encode()))
    assert doorway.desk.approvals() == before


async def test_a_revocation_on_the_topic_takes_the_signature_out_of_the_count(doorway: Doorway) -> None:
    extreme = broadcast(Severity.EXTREME)
    await doorway.handlers.composed(extreme, envelope(text_of(extreme).encode()))
    await doorway.handlers.decided(decision(extreme), envelope())
    await doorway.handlers.trust(revocation("officer-1", "admin-1"), envelope())
    assert doorway.desk.approvals()[-1] == ("waiting", 0, 2)


async def test_every_series_exists_from_the_start_and_all_labels_are_closed_sets(doorway: Doorway) -> None:
    for how in HOW:
        assert doorway.value("tocsin_releases_total", how=how) == 0
    for reason in WithheldReason:
        assert doorway.value("tocsin_withheld_total", reason=reason.value) == 0
    for severity in Severity:
        assert doorway.value("tocsin_approvals_waiting", severity=severity.value) == 0
        assert doorway.value("tocsin_approval_wait_seconds_count", severity=severity.value) == 0
    for what in ("approval", "held"):
        assert doorway.value("tocsin_escalations_total", what=what) == 0
    for name in ("approvals_asked_again", "decisions_too_late"):
        assert doorway.value(f"tocsin_{name}_total") == 0


async def test_what_waits_and_since_when_is_shown(doorway: Doorway) -> None:
    await doorway.handlers.composed(SEVERE, envelope(text_of(SEVERE).encode()))
    doorway.desk.clock.pass_time(seconds=90)
    parts = doorway.desk.parts
    doorway.metrics.show_waiting(*await parts.store.transact(parts.showing.counts, doorway.desk.clock.now()))
    assert doorway.value("tocsin_approvals_waiting", severity="Severe") == 1
    assert doorway.value("tocsin_approvals_oldest_seconds") == 90


async def test_the_private_door_shows_by_digest_and_by_lineage(doorway: Doorway) -> None:
    await doorway.handlers.composed(SEVERE, envelope(text_of(SEVERE).encode()))
    await doorway.handlers.decided(decision(SEVERE, word=DecisionWord.REJECT), envelope())
    parts = doorway.desk.parts
    routes = PrivateDoor(parts.store, parts.showing, doorway.desk.clock).routes()
    digest = digest_of(SEVERE)
    for given in (digest, digest[7:15], digest[7:15].upper()):
        status, items = await _get(routes[1], prefix=given)
        assert (status, [item["state"] for item in items]) == (200, ["withheld"])
        assert items[0]["decisions"][0]["verdict"] == "counted"
    for given in (digest[7:14], "x" * 8, "%", "sha256:"):
        assert (await _get(routes[1], prefix=given))[0] == 400
    assert (await _get(routes[1], prefix="0" * 64))[1] == []
    assert [item["text"] for item in (await _get(routes[2], lineage=SEVERE.lineage))[1]] == [text_of(SEVERE)]
    assert (await _get(routes[0]))[1] == {"waiting": [], "held": []}


async def _get(route: RouteDef, **names: str) -> tuple[int, Any]:
    handler: Any = route.handler
    answer = await handler(make_mocked_request("GET", "/", match_info=names))
    return answer.status, json.loads(answer.text)
