"""Status callbacks and phones' replies, received over loopback HTTP and checked with the vendor's own validator."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from tests.sandbox.harness import BASIC, PHONE, SID, TOKEN, Receiver, Sandbox, receiving, running

pytestmark = pytest.mark.contract


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running(tmp_path) as started:
        yield started


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


def statuses(receiver: Receiver) -> list[str]:
    return [form["MessageStatus"] for _, form, _ in receiver.got]


async def settled(sandbox: Sandbox) -> dict[str, int]:
    """Wait until no callback is under way or to come; the outcomes."""
    async with asyncio.timeout(10):
        while (found := (await sandbox.counts())["callbacks"])["waiting"]:
            pass
    return dict(found)


async def test_each_status_is_called_back_at_its_time_and_signed(sandbox: Sandbox, receiver: Receiver) -> None:
    made = await sandbox.text(StatusCallback=f"{receiver.address}/status?m=d-1#rc=2")
    for count, seconds in enumerate((0.05, 0.15, 0.6), start=1):
        assert len(receiver.got) == count - 1
        sandbox.clock.advance(seconds)
        await receiver.until(count)
    assert statuses(receiver) == ["queued", "sent", "delivered"]
    for url, form, signature in receiver.got:
        assert url.endswith("/status?m=d-1")
        assert (form["MessageSid"], form["AccountSid"], form["To"]) == (made["sid"], SID, PHONE)
        assert RequestValidator(TOKEN).validate(url, form, signature)
    assert (await settled(sandbox))["taken"] == 3


async def test_callbacks_can_be_off_late_repeated_and_out_of_order(sandbox: Sandbox, receiver: Receiver) -> None:
    callback = f"{receiver.address}/status"
    await sandbox.fault({"type": "callbacks", "mode": "off"}, times=1)
    await sandbox.text(StatusCallback=callback)
    sandbox.clock.advance(10)
    assert (await settled(sandbox))["taken"] == 0
    await sandbox.fault({"type": "callbacks", "mode": "late", "seconds": 60}, times=1)
    await sandbox.text(StatusCallback=callback)
    sandbox.clock.advance(60)
    assert receiver.got == []
    sandbox.clock.advance(1)
    await receiver.until(3)
    receiver.got.clear()
    await sandbox.fault({"type": "callbacks", "mode": "repeat", "times": 2}, times=1)
    await sandbox.fault({"type": "callbacks", "mode": "shuffle"}, times=1, seed=1)
    await sandbox.text(StatusCallback=callback)
    for count, seconds in ((2, 0.05), (4, 0.15), (6, 0.6)):
        sandbox.clock.advance(seconds)
        await receiver.until(count)
    assert sorted(statuses(receiver)) == ["delivered"] * 2 + ["queued"] * 2 + ["sent"] * 2
    assert statuses(receiver) != ["queued", "queued", "sent", "sent", "delivered", "delivered"]


async def test_a_bad_end_is_called_back_with_its_code(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.fault({"type": "fate", "status": "undelivered", "code": 30005})
    await sandbox.text(StatusCallback=f"{receiver.address}/status")
    sandbox.clock.advance(1)
    await receiver.until(3)
    codes = {form["MessageStatus"]: form.get("ErrorCode") for _, form, _ in receiver.got}
    assert codes == {"queued": None, "sent": None, "undelivered": "30005"}


async def test_a_callback_is_tried_again_as_its_fragment_asks(sandbox: Sandbox, receiver: Receiver) -> None:
    answers = iter([503, 503, 200])
    receiver.answer = lambda _: web.Response(status=next(answers, 200))
    await sandbox.fault({"type": "fate", "status": "failed", "code": 30007})
    await sandbox.rules(sent_ms=0, delivered_ms=60_000)
    await sandbox.text(StatusCallback=f"{receiver.address}/status#rc=2&rp=5xx")
    await receiver.until(1)
    for tries, pause in ((2, 0.5), (3, 1.0)):
        await sandbox.clock.asleep(2)  # the pause, and the wait for the last callback
        sandbox.clock.advance(pause)
        await receiver.until(tries)
    assert statuses(receiver).count("queued") == 3
    sandbox.clock.advance(60)
    await receiver.until(4)
    assert (await settled(sandbox))["taken"] == 2


async def test_by_default_only_a_failed_connection_is_tried_again(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answer = lambda _: web.Response(status=500)
    await sandbox.rules(sent_ms=0, delivered_ms=0)
    await sandbox.text(StatusCallback=f"{receiver.address}/status")
    assert (await settled(sandbox))["refused"] == 3
    assert len(receiver.got) == 3


async def test_callbacks_never_leave_this_machine(sandbox: Sandbox) -> None:
    await sandbox.rules(sent_ms=0, delivered_ms=0)
    await sandbox.text(StatusCallback="https://93.184.216.34/status")
    assert await settled(sandbox) == {"taken": 0, "refused": 0, "lost": 0, "forbidden": 3, "waiting": 0}


async def test_a_public_url_is_signed_and_delivered_to_the_door_behind_it(tmp_path: Path, receiver: Receiver) -> None:
    async with running(tmp_path, deliver_to=receiver.address, sent_ms=0, delivered_ms=0) as sandbox:
        await sandbox.text(StatusCallback="https://alerts.example.org/twilio/status?m=d-1")
        await receiver.until(3)
    for url, form, signature in receiver.got:
        assert url == f"{receiver.address}/twilio/status?m=d-1"
        assert RequestValidator(TOKEN).validate("https://alerts.example.org/twilio/status?m=d-1", form, signature)


async def test_callbacks_that_had_not_gone_out_follow_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    async with running(tmp_path) as sandbox:
        made = await sandbox.text(StatusCallback=f"{receiver.address}/status")
    assert receiver.got == []
    async with running(tmp_path) as sandbox:
        sandbox.clock.advance(1)
        await receiver.until(3)
        assert {form["MessageSid"] for _, form, _ in receiver.got} == {made["sid"]}
        assert RequestValidator(TOKEN).validate(*receiver.got[0])
        await settled(sandbox)
    async with running(tmp_path) as sandbox:
        sandbox.clock.advance(5)
        assert (await settled(sandbox))["taken"] == 0, "those that went out do not go out again"


async def test_a_canceled_text_calls_nobody(sandbox: Sandbox, receiver: Receiver) -> None:
    made = await sandbox.text(
        ScheduleType="fixed", SendAt="2026-11-22T12:10:00Z", StatusCallback=f"{receiver.address}/status"
    )
    path = f"/2010-04-01/Accounts/{SID}/Messages/{made['sid']}.json"
    await sandbox.json("POST", path, data={"Status": "canceled"}, headers=BASIC)
    sandbox.clock.advance(3600)
    assert (await settled(sandbox))["taken"] == 0


def twiml(text: str) -> Any:
    return lambda _: web.Response(text=f"<Response><Message>{text}</Message></Response>", content_type="text/xml")


async def reply(sandbox: Sandbox, body: str, **more: str) -> Any:
    return await sandbox.json("POST", f"/_sandbox/phones/{PHONE}/reply", json={"body": body, **more})


async def test_a_phone_replies_and_gets_the_answer(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answer = twiml("You will get no more alerts.")
    await sandbox.rules(inbound_url=f"{receiver.address}/sms")
    await sandbox.text()
    said = await reply(sandbox, "STOP")
    assert (said["webhook"], said["answers"], said["trouble"]) == (200, ["You will get no more alerts."], None)
    url, form, signature = receiver.got[0]
    assert (form["From"], form["Body"], "OptOutType" in form) == (PHONE, "STOP", False)
    assert RequestValidator(TOKEN).validate(url, form, signature)
    found = await sandbox.counts()
    assert (found["texts"], found["inbound"], found["replies"]) == (1, 1, 1)
    await sandbox.text(body="Twilio does not mind: the opt-out is ours")


async def test_where_twilio_keeps_the_opt_out_it_says_so_answers_and_refuses(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    await sandbox.rules(inbound_url=f"{receiver.address}/sms", opt_out="twilio")
    await sandbox.text()
    await reply(sandbox, "stop")
    assert receiver.got[0][1]["OptOutType"] == "STOP"
    assert (await sandbox.counts())["replies"] == 1
    assert (await sandbox.text(status=400))["code"] == 21610
    await reply(sandbox, "START")
    await sandbox.text()


@pytest.mark.parametrize(("status", "body"), [(500, ""), (200, "ok"), (200, "<html/>")])
async def test_a_reply_says_what_went_wrong(sandbox: Sandbox, receiver: Receiver, status: int, body: str) -> None:
    receiver.answer = lambda _: web.Response(status=status, text=body)
    said = await reply(sandbox, "Hello", url=f"{receiver.address}/sms")
    assert said["trouble"]
    assert (await reply(sandbox, "Hello"))["trouble"].startswith("no webhook is set")


async def test_a_reply_does_not_leave_this_machine(sandbox: Sandbox) -> None:
    said = await sandbox.json(
        "POST", f"/_sandbox/phones/{PHONE}/reply", 400, json={"body": "STOP", "url": "https://93.184.216.34/"}
    )
    assert "loopback only" in said["error"]


async def test_a_reply_can_be_typed_on_the_page(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answer = twiml("Answer")
    await sandbox.rules(inbound_url=f"{receiver.address}/sms")
    await sandbox.text()
    async with sandbox.session.post(
        f"{sandbox.address}/_sandbox/phones/{PHONE}/reply", data={"body": "HELP"}
    ) as answer:
        shown = await answer.text()
    assert 'class="text mine"' in shown
    assert "Answer" in shown
