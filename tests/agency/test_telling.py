"""The publisher always hears back: each word of each room, in whatever order, once, as JSON or as CAP."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.alert import Alert, Finding, Refusal
from schemas.broadcast import Held
from schemas.cap import MsgType, Scope
from schemas.release import Approval, Withheld
from schemas.words import ApprovalState, Grade, Realm, Severity, WithheldReason
from services.cap.names import key_of
from services.cap.read import read
from tests.agency.world import OTHER, World, judged, opened
from tests.cap.messages import boil_water
from tests.intake.desk import message
from tests.support import trust

pytestmark = pytest.mark.contract
AT = datetime(2026, 11, 24, 14, 7, tzinfo=UTC)


def approval(alert: Alert, state: ApprovalState, second: int) -> Approval:
    return Approval(
        realm=alert.realm, lineage=alert.lineage, version=1, revision=1, digest=alert.source, state=state,
        severity=Severity.SEVERE, have=0, need=2, waiting_since=AT, at=AT + timedelta(seconds=second),
    )  # fmt: skip


def withheld(alert: Alert, reason: WithheldReason, second: int, why: str | None = None) -> Withheld:
    return Withheld(
        realm=alert.realm, lineage=alert.lineage, version=1, revision=1, digest=alert.source, reason=reason,
        says="officer-1 has returned it", at=AT + timedelta(seconds=second), why=why,
    )  # fmt: skip


async def alert_of(folder: Path, data: bytes, *, drill: bool = False) -> Alert:
    said = await judged(folder, data, drill=drill)
    assert isinstance(said, Alert)
    return said


async def states(world: World, alert: Alert) -> list[Any]:
    status, body = await world.get(f"/alerts/{alert.source}")
    assert status == 200
    return [*(told["state"] for told in world.told()), body["state"]]


async def test_each_state_is_heard_on_the_topic_and_at_the_door(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        alert = await alert_of(tmp_path, message("a"))
        await world.teller.accepted(alert)
        await world.teller.approval(approval(alert, ApprovalState.WAITING, 1))
        await world.teller.withheld(withheld(alert, WithheldReason.RETURNED, 2, "say Isla Verde as well"))
        assert await states(world, alert) == ["accepted", "waiting", "returned", "returned"]
        assert world.told()[-1]["why"] == "say Isla Verde as well"
        await world.teller.approval(approval(alert, ApprovalState.WAITING, 3))
        await world.teller.approval(approval(alert, ApprovalState.COUNTED, 4))
        await world.teller.approval(approval(alert, ApprovalState.RELEASED, 5))
        assert (await states(world, alert))[-3:] == ["waiting", "released", "released"]
        last = world.told()[-1]
        assert (last["page"], last["status"]) == (
            f"https://alerts.example/{alert.lineage}.html", f"/alerts/{alert.source}",
        )  # fmt: skip
        assert {row.topic for row in world.answers()} == {"answers.kestrel"}
        assert {row.key for row in world.answers()} == {alert.cap.identifier.encode()}


async def test_what_comes_twice_is_told_once_and_what_comes_late_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        alert = await alert_of(tmp_path, message("a"))
        await world.teller.approval(approval(alert, ApprovalState.RELEASED, 5))
        await world.teller.approval(approval(alert, ApprovalState.WAITING, 1))
        assert world.told() == []  # nobody has said yet whose it is
        for _ in range(2):
            await world.teller.accepted(alert)
        assert await states(world, alert) == ["released", "released"]


async def test_compose_may_need_help(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        alert = await alert_of(tmp_path, message("a"))
        finding = Finding(rule="guidance.none", grade=Grade.HOLD, says="no reviewed guidance", value="secret words")
        held = Held(
            realm=Realm.LIVE, lineage=alert.lineage, version=1, identifier="a", severity=Severity.SEVERE, event="x",
            findings=(finding,), held=AT, deadline=AT,
        )  # fmt: skip
        await world.teller.accepted(alert)
        await world.teller.held(held)
        assert (await states(world, alert))[-1] == "held"
        assert world.told()[-1]["findings"][-1]["rule"] == "guidance.none"
        assert "secret" not in str(world.told())


async def test_what_could_not_be_written_and_a_person_ends_is_told_with_why_and_stays_ended(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        alert = await alert_of(tmp_path, message("a"))
        held = trust.held(AT).model_copy(update={"lineage": alert.lineage})
        await world.teller.accepted(alert)
        await world.teller.held(held)
        await world.teller.withheld(withheld(alert, WithheldReason.REJECTED, 9, "it is last week's"))
        assert await states(world, alert) == ["accepted", "held", "withheld", "withheld"]
        last = world.told()[-1]
        assert (last["why"], last["says"]) == ("it is last week's", "it was rejected, and goes to nobody")
        for _ in range(2):  # the topics are read once more
            await world.teller.accepted(alert)
            await world.teller.held(held)
        assert (await states(world, alert))[-1] == "withheld"
        assert len(world.told()) == 3
        again = held.model_copy(update={"held": AT + timedelta(seconds=20)})  # and approve answers it at its own moment
        await world.teller.held(again)
        await world.teller.withheld(withheld(alert, WithheldReason.REJECTED, 20, "it is last week's"))
        assert (await states(world, alert))[-1] == "withheld"


async def test_a_refusal_is_told_to_whoever_s_sender_it_bears(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        data = message("a", status="Draft")
        refusal = await judged(tmp_path, data)
        assert isinstance(refusal, Refusal)
        await world.teller.refused(refusal)
        (told,) = world.told()
        assert (told["state"], told["findings"][0]["rule"], told["findings"][0]["grade"]) == (
            "refused", "draft", "refuse",
        )  # fmt: skip
        assert (await world.get(f"/alerts/{refusal.source}"))[1]["state"] == "refused"
        assert (await world.get(f"/alerts/{refusal.source}", OTHER))[0] == 404


async def test_bytes_of_nobody_are_told_to_nobody(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        for data in (b"junk", boil_water(sender="nobody@elsewhere.example")):
            said = await judged(tmp_path, data)
            await (world.teller.refused(said) if isinstance(said, Refusal) else world.teller.accepted(said))
        assert world.answers() == []


async def test_as_cap_an_ack_or_an_error_that_says_why(tmp_path: Path) -> None:
    async with opened(tmp_path, "cap") as world:
        alert = await alert_of(tmp_path, message("a"))
        await world.teller.accepted(alert)
        await world.teller.withheld(withheld(alert, WithheldReason.REJECTED, 2, "it is last week's"))
        ack, error = (read(row.value).alert for row in world.answers())
        assert (ack.msg_type, error.msg_type, ack.scope) == (MsgType.ACK, MsgType.ERROR, Scope.PRIVATE)
        assert [key_of(one) for one in (*ack.references, *error.references)] == [key_of(alert.cap)] * 2
        assert "it is last week's" in (error.note or "")
        assert ack.identifier != error.identifier
        assert {row.headers["content-type"] for row in world.answers()} == {"application/cap+xml"}


async def test_an_ack_is_recorded_and_never_answered_with_another(tmp_path: Path) -> None:
    async with opened(tmp_path, "cap") as world:
        ack = message("ack", msgType="Ack")
        said = await judged(tmp_path, ack)
        assert isinstance(said, Refusal)
        await world.teller.refused(said)
        assert world.answers() == []
        assert (await world.get(f"/alerts/{said.source}"))[1]["state"] == "recorded"


async def test_who_wants_no_topic_has_the_door(tmp_path: Path) -> None:
    async with opened(tmp_path, "none") as world:
        alert = await alert_of(tmp_path, message("a"))
        await world.teller.accepted(alert)
        assert await states(world, alert) == ["accepted"]
