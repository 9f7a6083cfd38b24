"""The room's decisions on a real store: each alert ends once, a repeat gets the stored bytes, wishes make revisions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.broadcast import Broadcast, Held
from schemas.release import Withheld
from schemas.topics import COMPOSED, HELD, Topic
from schemas.words import BroadcastKind, Realm, WithheldReason
from services.compose.library import Library
from services.compose.metrics import ComposeMetrics, Outcome
from services.compose.reviews import Cabinet, Reviews
from services.compose.service import AnotherAlertError, Compose, OtherRealmError
from services.compose.settings import ComposeSettings
from services.compose.store import METADATA, OUTBOX
from services.runtime.keeper import Keeper
from services.runtime.metrics import RoomMetrics
from services.runtime.outbox import SCHEMA_HEADER, Outbox
from services.runtime.settings import SharedSettings
from services.runtime.store import Store, sqlite_url
from services.runtime.trust import digest_of
from services.runtime.verifier import NotTrustedError
from tests.compose.alerts import LINEAGE, NOW, a_cancel, a_hazard, an_alert, an_info, demo
from tests.compose.people import STRANGER, bundle, signed, wish
from tests.compose.reviewers import PEOPLE, library, pair


@dataclass
class StillClock:
    """A clock that a test moves."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def boottime(self) -> float:
        return self.at.timestamp()


@dataclass
class World:
    """Compose on a store of its own, and what it has put into its outbox."""

    folder: Path
    clock: StillClock = field(default_factory=StillClock)
    library: Library = field(default_factory=demo)

    def __post_init__(self) -> None:
        shared = SharedSettings(data=self.folder)
        self.room_metrics = RoomMetrics("compose", Realm.LIVE)
        self.metrics = ComposeMetrics(self.room_metrics.registry)
        self.store = Store(sqlite_url(self.folder / "compose.db"), METADATA)
        self.keeper = Keeper(shared, "compose")
        self.compose = Compose(
            self.store, Outbox(self.store, OUTBOX, self.clock, Realm.LIVE), self.keeper, self.library,
            ComposeSettings(), realm=Realm.LIVE, clock=self.clock, metrics=self.metrics, room_metrics=self.room_metrics,
            cabinet=Cabinet(self.folder / "live" / "guidance", Realm.LIVE),
        )  # fmt: skip

    def rows(self, topic: Topic) -> list[sa.Row[tuple[object, ...]]]:
        with self.store.begin() as connection:
            where = OUTBOX.c.topic == topic.full(Realm.LIVE)
            return list(connection.execute(sa.select(OUTBOX).where(where).order_by(OUTBOX.c.id)))

    def composed(self) -> list[Broadcast]:
        return [Broadcast.model_validate_json(row.value) for row in self.rows(COMPOSED)]

    def held(self) -> list[Held]:
        return [Held.model_validate_json(row.value) for row in self.rows(HELD)]

    def count(self, outcome: Outcome) -> float:
        found = self.room_metrics.registry.get_sample_value("tocsin_compose_outcomes_total", {"outcome": outcome})
        return found if found is not None else -1


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "bundle.json").write_text(bundle().model_dump_json())
    here = World(tmp_path)
    yield here
    here.store.close()


@pytest.fixture
def untrusting(tmp_path: Path) -> Iterator[World]:
    here = World(tmp_path)
    yield here
    here.store.close()


async def test_the_value_is_the_canonical_form_that_people_sign(world: World) -> None:
    await world.compose.accept(a_hazard("boil-water"))
    [row] = world.rows(COMPOSED)
    assert (
        json.dumps(json.loads(row.value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        == row.value
    )
    assert row.headers[SCHEMA_HEADER] == "broadcast/1.0"
    assert row.key == LINEAGE.encode()
    assert world.held() == []


async def test_a_repeat_is_answered_with_the_same_bytes(world: World) -> None:
    await world.compose.accept(a_hazard("boil-water"))
    world.clock.at += timedelta(hours=1)
    await world.compose.accept(a_hazard("boil-water"))
    one, two = (row.value for row in world.rows(COMPOSED))
    assert digest_of(one) == digest_of(two)
    assert (world.count(Outcome.COMPOSED), world.count(Outcome.REPEATED)) == (1, 1)


async def test_a_held_alert_waits_for_a_person_until_policys_deadline(world: World) -> None:
    await world.compose.accept(an_alert(an_info(event="Heat Advisory and Air Quality Alert")))
    await world.compose.accept(an_alert(an_info(event="Heat Advisory and Air Quality Alert")))
    held, again = world.held()
    assert held == again
    assert held.deadline - held.held == timedelta(seconds=300)
    assert [finding.rule for finding in held.findings] == ["pack.unsure"]
    assert world.composed() == []
    value = world.room_metrics.registry.get_sample_value("tocsin_compose_held_total", {"rule": "pack.unsure"})
    assert value == 1


async def test_without_a_bundle_the_setting_gives_the_deadline(untrusting: World) -> None:
    await untrusting.compose.accept(an_alert(an_info(event="Heat Advisory and Air Quality Alert")))
    assert untrusting.held()[0].deadline - NOW == timedelta(seconds=900)


async def test_a_wish_turns_a_held_alert_into_a_broadcast(world: World) -> None:
    await world.compose.accept(an_alert(an_info(event="Food Recall")))
    await world.compose.recompose(wish(LINEAGE, slots={"product": "Ferrow cheese"}))
    [made] = world.composed()
    assert (made.revision, made.authors, made.corrections) == (1, ("ana", "ben"), ())
    await world.compose.accept(an_alert(an_info(event="Food Recall")))
    assert len(world.held()) == 1, "nobody is asked for help any more"
    assert len(world.rows(COMPOSED)) == 2


async def test_a_second_revision_corrects_the_first_and_wishes_add_up(world: World) -> None:
    await world.compose.accept(an_alert(an_info(event="Food Recall")))
    await world.compose.recompose(wish(LINEAGE, nonce=1, slots={"product": "Ferrow cheese"}))
    world.clock.at += timedelta(minutes=20)
    await world.compose.recompose(wish(LINEAGE, nonce=2, form="minimum"))
    first, second = world.composed()
    assert (second.version, second.revision) == (1, 2)
    assert "(replaces 2:05 PM)" in second.corrections[0].parts[0]
    assert "Ferrow cheese" in second.renditions[0].parts[0]
    assert first.renditions != second.renditions


async def test_what_never_went_out_needs_no_correction(world: World) -> None:
    await world.compose.accept(a_hazard("boil-water"))
    [row] = world.rows(COMPOSED)
    record = Withheld(
        realm=Realm.LIVE, lineage=LINEAGE, version=1, revision=1, digest=digest_of(row.value),
        reason=WithheldReason.RETURNED, says="shorter, please", at=NOW,
    )  # fmt: skip
    await world.compose.withheld(record)
    await world.compose.recompose(wish(LINEAGE, form="minimum"))
    assert (world.composed()[-1].revision, world.composed()[-1].corrections) == (2, ())


async def test_a_wish_counts_once(world: World) -> None:
    await world.compose.accept(a_hazard("boil-water"))
    for _ in range(2):
        await world.compose.recompose(wish(LINEAGE, form="minimum"))
    assert [made.revision for made in world.composed()] == [1, 2, 2]


async def test_a_wish_with_a_wrong_signature_or_in_a_strangers_hand_does_nothing(world: World) -> None:
    await world.compose.accept(a_hazard("boil-water"))
    good = wish(LINEAGE, form="minimum")
    altered = good.model_copy(update={"statement": good.statement.model_copy(update={"form": "short"})})
    await world.compose.recompose(altered)
    await world.compose.recompose(wish(LINEAGE, key=STRANGER, form="minimum"))
    assert [made.revision for made in world.composed()] == [1]
    for rule in ("signature", "key"):
        assert world.room_metrics.registry.get_sample_value("tocsin_untrusted_total", {"rule": rule}) == 1


async def test_a_wish_without_any_bundle_is_parked_not_lost(untrusting: World) -> None:
    await untrusting.compose.accept(a_hazard("boil-water"))
    with pytest.raises(NotTrustedError, match="no trust bundle"):
        await untrusting.compose.recompose(wish(LINEAGE, form="minimum"))


async def test_a_wish_for_what_was_updated_since_is_too_late(world: World) -> None:
    await world.compose.accept(a_hazard("boil-water"))
    update = a_hazard("boil-water", msgType="Update", version=2, source="sha256:" + "1" * 64)
    await world.compose.accept(update)
    await world.compose.recompose(wish(LINEAGE, form="minimum"))
    await world.compose.recompose(wish("0" * 32, nonce=2, form="minimum"))
    assert world.count(Outcome.STALE) == 2
    assert [(made.version, made.revision) for made in world.composed()] == [(1, 1), (2, 1)]


async def test_a_cancel_takes_back_the_newest_that_went_out(world: World) -> None:
    await world.compose.accept(a_hazard("boil-water"))
    await world.compose.accept(
        a_hazard("boil-water", "499001", msgType="Update", version=2, sent="2026-11-24T15:00:00-05:00")
    )
    await world.compose.accept(a_cancel(version=3))
    cancel = world.composed()[-1]
    assert (cancel.kind, cancel.audience.areas) == (BroadcastKind.CANCEL, ("ferrow-west",))
    assert "our Update 1 of Nov 24, 3:00 PM" in cancel.renditions[0].parts[0]


async def test_another_alert_in_the_same_place_is_parked(world: World) -> None:
    await world.compose.accept(a_hazard("boil-water"))
    with pytest.raises(AnotherAlertError):
        await world.compose.accept(a_hazard("boil-water", source="sha256:" + "1" * 64))


async def test_a_record_of_the_other_realm_is_parked(world: World) -> None:
    with pytest.raises(OtherRealmError):
        await world.compose.accept(a_hazard("boil-water", realm="drill", status="Exercise"))
    assert world.composed() == []


async def test_every_held_rule_has_a_series(world: World) -> None:
    await world.compose.accept(an_alert(an_info(event="Boil water"), scope="Private"))
    await world.compose.accept(
        an_alert(an_info(), version=2, grade="hold", findings=[{"rule": "x", "grade": "hold", "says": "y"}])
    )
    registry = world.room_metrics.registry
    assert registry.get_sample_value("tocsin_compose_held_total", {"rule": "scope"}) == 1
    assert registry.get_sample_value("tocsin_compose_held_total", {"rule": "intake"}) == 1


def test_what_is_past_its_review_is_shown(world: World) -> None:
    world.compose.count_overdue()
    assert world.room_metrics.registry.get_sample_value("tocsin_guidance_overdue") == 0
    world.clock.at += timedelta(days=800)
    world.compose.count_overdue()
    assert (world.room_metrics.registry.get_sample_value("tocsin_guidance_overdue") or 0) >= len(demo().packs)


async def test_approvals_in_the_folder_count_from_the_next_alert_on(tmp_path: Path) -> None:
    people = (*bundle().statement.people, *PEOPLE)
    statement = bundle().statement.model_copy(update={"people": people})
    home = tmp_path / "live"
    (home / "guidance").mkdir(parents=True)
    (home / "bundle.json").write_text(signed(statement).model_dump_json())
    here = World(tmp_path, library=library(Reviews()))
    await here.compose.accept(a_hazard("boil-water"))
    assert [finding.rule for finding in here.held()[0].findings] == ["pack.draft"]
    for number, approval in enumerate(pair()):
        (home / "guidance" / f"{number}.json").write_text(approval.model_dump_json())
    await here.compose.accept(a_hazard("boil-water", lineage="1" * 32))
    assert here.composed()[0].guidance[0].status == "approved"
    here.store.close()
