"""The nightly comparison: doubles, strangers, and how texts ended whose reports never came."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.delivery import Deliveries
from schemas.words import Channel, Kind, Reason, State
from services.dispatch.compare import Comparer, Comparison
from services.dispatch.gate import Done
from services.dispatch.port import Ended
from services.dispatch.sms.app import _reason_of
from services.dispatch.tables import outbox_rows
from tests.dispatch import platforms
from tests.dispatch.fakes import ManualClock
from tests.dispatch.platforms import Rig, closed_port, rigged
from tests.dispatch.world import ANNA, BEN, CLEO, Process, World, people

BACK = timedelta(days=2)


def comparer(process: Process, channel: Any = None) -> Comparer:
    return Comparer(
        store=process.store, ledger=process.ledger, channel=channel or process.world.platform, alarms=process.alarms,
        metrics=process.metrics, clock=process.world.clock, reason_of=_reason_of,
    )  # fmt: skip


async def compare(world: World) -> Comparison:
    return await comparer(world.one).compare(world.clock.now() - BACK)


def end(world: World, target: str, ended: Ended, code: int | None = None) -> None:
    """The platform knows how the text to this target ended, and nobody was told."""
    [message] = [each for each in world.platform.messages if each.address == f"+{target}"]
    message.ended, message.code = ended, code


def settled(world: World) -> dict[str, tuple[str, str | None]]:
    return {row.target: (row.state, row.reason) for row in world.rows(kind=Kind.ALERT)}


async def told(world: World) -> list[tuple[str, str]]:
    """What the ledger tells everybody else, in order: target and state."""
    while await world.one.ledger.report():
        pass
    rows = world.query(sa.select(outbox_rows).order_by(outbox_rows.c.id))
    records = [Deliveries.model_validate_json(row.value) for row in rows if row.topic.endswith("deliveries")]
    return [(row.target, row.state) for record in records for row in record.rows]


async def test_what_the_webhook_never_said_the_list_does(sms: World) -> None:
    await sms.release(to=[ANNA, BEN, CLEO])
    await sms.one.turn()
    assert set(sms.states().values()) == {State.SENT}
    assert len(await told(sms)) == 3
    end(sms, ANNA, "delivered")
    end(sms, BEN, "undelivered", 30003)
    assert await compare(sms) == Comparison(listed=3, known=3, duplicates=0, strangers=0, ended=2)
    assert settled(sms) == {
        ANNA: (State.DELIVERED, None), BEN: (State.FAILED, Reason.PERMANENT_RECIPIENT), CLEO: (State.SENT, None),
    }  # fmt: skip
    assert (await told(sms))[3:] == [(ANNA, State.DELIVERED), (BEN, State.FAILED)]
    assert sms.alarms() == []


async def test_every_night_again_it_changes_nothing_and_takes_what_is_new(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    await sms.one.turn()
    end(sms, ANNA, "failed")
    assert (await compare(sms)).ended == 1
    before = sms.rows()
    assert (await compare(sms)).ended == 0
    assert sms.rows() == before
    end(sms, BEN, "delivered")
    assert (await compare(sms)).ended == 1
    assert settled(sms) == {ANNA: (State.FAILED, Reason.UNKNOWN_OUTCOME), BEN: (State.DELIVERED, None)}


async def test_reports_and_list_agree_in_any_order(sms: World) -> None:
    await sms.release(to=[ANNA, BEN])
    await sms.one.turn()
    names = {row.target: (row.id, min(sms.ids(row.id))) for row in sms.rows()}
    await sms.receipts(sms.receipt(names[ANNA][0], "delivered", names[ANNA][1]))
    end(sms, ANNA, "delivered")
    end(sms, BEN, "undelivered", 30008)
    assert (await compare(sms)).ended == 1
    before = sms.rows()
    for name, number in names.values():  # they come after all, the late ones last
        await sms.receipts(sms.receipt(name, "sent", number), sms.receipt(name, "accepted", number))
    await sms.receipts(sms.receipt(names[BEN][0], "undelivered", names[BEN][1], 30008), reason=Reason.TRANSIENT)
    assert sms.rows() == before
    assert sms.row(BEN).reason == Reason.TRANSIENT


async def test_a_text_that_failed_by_its_report_and_was_delivered_by_the_list_was_delivered(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn()
    row = sms.row()
    await sms.receipts(sms.receipt(row.id, "undelivered", min(sms.ids(row.id)), 30003))
    end(sms, ANNA, "delivered")
    assert (await compare(sms)).ended == 1
    assert settled(sms) == {ANNA: (State.DELIVERED, None)}


async def test_two_texts_that_read_alike_each_end_as_their_own(sms: World) -> None:
    """By address and text each is as well the other's; only the id says whose it is."""
    texts = {channel: {"en": ["Boil your water."]} for channel in Channel}
    for lineage in ("e" * 32, "f" * 32):
        await sms.release(to=[ANNA], lineage=lineage, texts=texts)
        await sms.one.turn()
        sms.clock.pass_time(5)
    first, second = sms.platform.messages
    first.ended, (second.ended, second.code) = "delivered", ("undelivered", 30005)
    found = await compare(sms)
    assert (found.duplicates, found.ended) == (0, 2)
    assert {row.lineage[0]: row.state for row in sms.rows()} == {"e": State.DELIVERED, "f": State.FAILED}


async def test_what_was_in_doubt_is_found_and_ended_in_one_night(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn("reset")
    assert sms.states() == {ANNA: State.UNKNOWN}
    end(sms, ANNA, "delivered")
    assert (await compare(sms)).ended == 1
    assert sms.states() == {ANNA: State.DELIVERED}


async def test_what_was_taken_back_stays_taken_back(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.settle()
    for message in sms.platform.messages:
        message.ended = "delivered"
    assert (await compare(sms)).ended == 1  # of the withdrawal itself
    assert sms.states() == {ANNA: State.WITHDRAWN}
    assert sms.states(Kind.WITHDRAWAL) == {ANNA: State.DELIVERED}
    assert sms.alarms() == []


async def test_who_has_left_the_phonebook_since_and_what_is_not_ours(
    sms: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sms.release(to=[ANNA, BEN])
    await sms.one.turn()
    end(sms, ANNA, "delivered")
    sms.platform.accept("+another", "Not ours").ended = "failed"

    async def addresses(targets: Any, **_more: Any) -> dict[str, str]:
        return {target: f"+{target}" for target in targets if target != ANNA}

    monkeypatch.setattr(sms.platform, "addresses", addresses)
    assert await compare(sms) == Comparison(listed=3, known=2, duplicates=0, strangers=1, ended=1)
    assert sms.states() == {ANNA: State.DELIVERED, BEN: State.SENT}


async def test_more_than_one_page_of_them(sms: World) -> None:
    everybody = people(1200)
    for start in range(0, 1200, 400):
        await sms.release(to=everybody[start : start + 400], lineage=f"{start:032x}")
    for _ in range(3):
        await sms.one.window(400)
        await sms.one.send()
    await sms.one.window(0)
    for number, message in enumerate(sms.platform.messages):
        message.ended, message.code = ("undelivered", 30007) if number % 3 == 0 else ("delivered", None)
    assert (await compare(sms)).ended == 1200
    states = list(sms.states().values())
    assert (states.count(State.DELIVERED), states.count(State.FAILED)) == (800, 400)


async def test_a_list_that_cannot_be_read_ends_nothing(sms: World) -> None:
    await sms.release(to=[ANNA])
    await sms.one.turn()
    end(sms, ANNA, "delivered")
    sms.platform.look_up_fails = True
    with pytest.raises(ConnectionError):
        await compare(sms)
    assert sms.states() == {ANNA: State.SENT}


# --- with the platform's stand-in ---


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """The texting channel, and callbacks to an address where nobody listens."""
    async with rigged(Channel.SMS, tmp_path, callback_url=f"http://127.0.0.1:{closed_port()}") as made:
        yield made


@pytest.mark.contract
async def test_an_unreachable_webhook_is_made_up_for_from_twilios_list(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, clock=ManualClock(datetime.now(UTC)))
    names = dict(zip(("arrives", "wrong", "filtered", "no receipt", "on its way"), people(5), strict=True))
    numbers = {name: f"+1202555012{number}" for number, name in enumerate(names)}
    monkeypatch.setattr(platforms, "NUMBERS", {names[name]: number for name, number in numbers.items()})
    fates: dict[str, dict[str, Any]] = {
        "wrong": {"status": "undelivered", "code": 30005}, "filtered": {"status": "failed", "code": 30007},
        "no receipt": {"status": "sent"},
    }  # fmt: skip
    for name, fate in fates.items():
        await rig.sandbox.fault({"type": "fate", **fate}, match={"platform": "twilio", "contains": numbers[name]})
    *early, late = names.values()
    await world.release(to=early)
    await sent(world, rig)
    rig.sandbox.clock.advance(600)
    await world.release(to=[late], lineage="e" * 32)
    await sent(world, rig)
    assert set(world.states().values()) == {State.SENT}
    nightly = comparer(world.one, rig.channel)
    first, again = [await nightly.compare(world.clock.now() - BACK) for _ in range(2)]
    assert first == Comparison(listed=5, known=5, duplicates=0, strangers=0, ended=3)
    assert again == Comparison(listed=5, known=5, duplicates=0, strangers=0, ended=0)
    ends = settled(world)
    assert {name: ends[target] for name, target in names.items()} == {
        "arrives": (State.DELIVERED, None), "wrong": (State.FAILED, Reason.PERMANENT_RECIPIENT),
        "filtered": (State.FAILED, Reason.PERMANENT_CONTENT), "no receipt": (State.SENT, None),
        "on its way": (State.SENT, None),
    }  # fmt: skip
    assert (await rig.sandbox.counts())["callbacks"]["taken"] == 0
    world.close()


async def sent(world: World, rig: Rig) -> None:
    """Send what is planned over the channel, as the pump does."""
    process = world.one
    for job in await process.window():
        del process.flying[job.id]
        [address] = (await rig.channel.addresses([job.target])).values()
        process.finished.append(Done(job, await rig.channel.publish(job, address, lambda: True)))
    await process.window(0)
