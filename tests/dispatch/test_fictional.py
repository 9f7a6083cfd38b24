"""A real account believes no release of a fictional place and says none of its words; a sandbox account says them."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from schemas.broadcast import Broadcast
from schemas.words import BroadcastKind, Channel, DecisionWord, Kind, Severity, State
from services.dispatch import app, fictional, planner
from services.dispatch.sms.settings import VENDOR_HOSTS, SmsSettings
from services.runtime.settings import SharedSettings, load
from tests.dispatch.room import Room, approved, room_of
from tests.dispatch.world import ANNA, MARGIN, World
from tests.support import trust


@pytest.fixture
def real(sms: World, tmp_path: Path) -> Room:
    return room_of(sms, tmp_path)


@pytest.fixture
def sandbox(sms: World, tmp_path: Path) -> Room:
    return room_of(sms, tmp_path, sandbox=True)


def made_up(severity: Severity = Severity.SEVERE, **changes: Any) -> Broadcast:
    """What compose writes of the demo's place."""
    said = {"renditions": ("Ferrow Health: call 555-0142.",), "withdrawals": ("Ferrow Health: disregard.",)}
    words = {name: tuple(trust.rendition(Channel.SMS, text) for text in texts) for name, texts in said.items()}
    return trust.broadcast(severity, **{"fictional": True, **words, **changes})


async def sent(room: Room) -> list[str]:
    """All that Anna has got once nothing is left to do."""
    await room.world.one.settle()
    return room.world.platform.texts(ANNA)


async def test_a_real_account_refuses_its_release_and_plans_nothing(real: Room) -> None:
    found = made_up()
    await real.service.release(approved(found, "officer-1"))
    assert (real.refused(), real.nothing_planned(), real.woken) == ({"fictional": 1}, True, [])
    assert await real.world.one.ledger.doubts() == []
    await real.service.batch(trust.batch(found, [ANNA]))
    assert (real.world.rows(), await sent(real)) == ([], [])


async def test_nor_does_a_batch_that_came_first_go_out_with_it(real: Room) -> None:
    found = made_up()
    await real.service.batch(trust.batch(found, [ANNA]))
    await real.service.release(approved(found, "officer-1"))
    assert (real.world.rows(), await sent(real)) == ([], [])


@pytest.mark.parametrize("kind", list(BroadcastKind))
async def test_a_public_account_posts_none_of_its_kinds(x: World, tmp_path: Path, kind: BroadcastKind) -> None:
    room = room_of(x, tmp_path)
    await room.service.release(approved(trust.broadcast(fictional=True, kind=kind), "officer-1"))
    await x.one.settle()
    assert (room.refused(), room.nothing_planned(), x.platform.messages) == ({"fictional": 1}, True, [])


async def test_the_engine_and_an_override_are_refused_as_people_are(real: Room) -> None:
    minor = made_up(Severity.MINOR)
    await real.service.release(trust.release(minor, trust.engine_decision(minor, reach=100)))
    grave = made_up(Severity.EXTREME)
    alone = trust.decision(grave, "director-1", DecisionWord.OVERRIDE, reach=100)
    await real.service.release(trust.release(grave, alone))
    assert (real.refused(), real.nothing_planned()) == ({"fictional": 2}, True)


async def test_a_sandbox_account_sends_it_and_takes_it_back(sandbox: Room) -> None:
    found = made_up()
    await sandbox.service.release(approved(found, "officer-1"))
    await sandbox.service.batch(trust.batch(found, [ANNA]))
    assert await sent(sandbox) == ["Ferrow Health: call 555-0142."]
    await sandbox.service.stop(trust.stop(found))
    assert await sent(sandbox) == ["Ferrow Health: call 555-0142.", "Ferrow Health: disregard."]
    assert sandbox.refused() == {}


async def test_the_mark_cannot_be_taken_off_on_the_way(real: Room) -> None:
    """It is among the bytes that were signed."""
    record = approved(made_up(), "officer-1")
    bare = record.broadcast.replace('"fictional":true,', "")
    assert bare != record.broadcast
    await real.service.release(record.model_copy(update={"broadcast": bare}))
    assert (real.refused(), real.nothing_planned()) == ({"digest": 1}, True)


async def test_a_withdrawal_of_what_was_never_sent_says_nothing(real: Room) -> None:
    found = made_up()
    await real.service.release(approved(found, "officer-1"))
    await real.service.stop(trust.stop(found))
    assert (real.world.rows(), await sent(real)) == ([], [])


async def test_what_a_real_place_said_before_is_taken_back_in_its_own_words(real: Room) -> None:
    """Compose was started again without its jurisdiction between an alert and its Update."""
    alert = trust.broadcast()
    await real.service.release(approved(alert, "officer-1"))
    await real.service.batch(trust.batch(alert, [ANNA]))
    assert await sent(real) == ["Boil water."]
    update = made_up(version=2, kind=BroadcastKind.UPDATE)
    await real.service.release(approved(update, "officer-1"))
    assert await sent(real) == ["Boil water."]
    await real.service.stop(trust.stop(update))
    assert await sent(real) == ["Boil water.", "Disregard."]
    assert real.world.row(ANNA, Kind.ALERT).state == State.WITHDRAWN
    assert real.refused() == {"fictional": 1}


async def test_a_pause_of_it_holds_its_lineage_and_says_nothing(real: Room) -> None:
    alert, update = trust.broadcast(), made_up(version=2, kind=BroadcastKind.UPDATE)
    await real.service.release(approved(alert, "officer-1"))
    await real.service.batch(trust.batch(alert, [ANNA]))
    await real.service.stop(trust.stop(update, DecisionWord.PAUSE))
    assert await sent(real) == []
    await real.service.stop(trust.stop(update, DecisionWord.RESUME))
    assert await sent(real) == ["Boil water."]


async def test_the_rule_stands_among_the_metrics_from_the_start(real: Room) -> None:
    assert 'tocsin_untrusted_total{rule="fictional"} 0.0' in generate_latest(real.metrics.registry).decode()


# --- a ledger that changes hands ---


@pytest.mark.parametrize(("made", "found"), [(made_up(), True), (trust.broadcast(), False)], ids=["fictional", "real"])
async def test_a_ledger_remembers_whether_a_fictional_place_spoke(sandbox: Room, made: Broadcast, found: bool) -> None:
    store = sandbox.world.one.store
    assert await store.transact(fictional.in_ledger) is False
    await sandbox.service.release(approved(made, "officer-1"))
    assert await store.transact(fictional.in_ledger) is found


async def test_withdrawing_a_fictional_place_does_not_shut_a_real_ledger(real: Room) -> None:
    await real.service.stop(trust.stop(made_up()))
    assert await real.world.one.store.transact(fictional.in_ledger) is False


def settings(monkeypatch: pytest.MonkeyPatch, folder: Path, *, sandbox: bool) -> tuple[SharedSettings, SmsSettings]:
    monkeypatch.setenv("TOCSIN_DATA", str(folder))
    for name, value in {"BASE_URL": "http://127.0.0.1:1", "ACCOUNT_SID": "AC" + "1" * 32, "AUTH_TOKEN": "t"}.items():
        monkeypatch.setenv(f"TOCSIN_SMS_{name}", value)
    monkeypatch.setenv("TOCSIN_SMS_SANDBOX", str(sandbox))
    return load(SharedSettings), load(SmsSettings)


@pytest.mark.parametrize("sandbox", [True, False], ids=["sandbox", "real"])
def test_a_real_account_does_not_go_on_with_a_sandbox_accounts_ledger(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], sandbox: bool
) -> None:
    """Its rows may be planned, and its alerts may be taken back: to people who never heard of them."""
    shared, given = settings(monkeypatch, tmp_path, sandbox=True)
    room = app.frame(shared, given, Channel.SMS, VENDOR_HOSTS)
    store = app._open_ledger(room, given)
    believed = World(tmp_path).believed(made_up())
    with store.begin() as connection:
        planner.plan_release(connection, World(tmp_path).plan, believed, 1, MARGIN, trust.NOW)
    store.close()

    shared, given = settings(monkeypatch, tmp_path, sandbox=sandbox)
    room = app.frame(shared, given, Channel.SMS, VENDOR_HOSTS)
    if sandbox:
        app._open_ledger(room, given).close()
        return
    with pytest.raises(SystemExit) as stopped:
        app._open_ledger(room, given)
    assert stopped.value.code == 2
    assert "another TOCSIN_DATA" in capsys.readouterr().err
