"""One suite over all channels: what a platform and the way to it can say, and what the channel makes of it."""

import socket
import struct
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tweepy.errors import TweepyException
from twilio.base.exceptions import TwilioException

from schemas.words import Channel as ChannelName
from schemas.words import Kind, Reason
from services.dispatch.port import Doubt, NotSent, Outcome, Refused, Sent
from services.dispatch.sms import client as sms_client
from services.dispatch.x import client as x_client
from tests.dispatch.platforms import (
    ANSWER_S,
    GONE,
    SMS_WAYS,
    WAYS,
    Rig,
    Way,
    channel_of,
    closed_port,
    raw_server,
    rigged,
    sockets_in_use,
)
from tests.dispatch.world import World
from tests.sandbox.harness import PHONE

pytestmark = pytest.mark.contract
X, SMS = ChannelName.X, ChannelName.SMS


@pytest.fixture(params=WAYS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Each channel in turn, with each of its transports."""
    name, settings = request.param
    async with rigged(name, tmp_path, **settings) as made:
        yield made


@pytest.fixture
async def x_rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(X, tmp_path) as made:
        yield made


@pytest.fixture(params=SMS_WAYS)
async def sms_rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    name, settings = request.param
    async with rigged(name, tmp_path, **settings) as made:
        yield made


# --- sending ---


@pytest.mark.parametrize("text", ["Boil water.", "Hierva el agua: 1 + 1 & 2 % ¿cómo?", "煮沸 💧 e\u0301 <b>", "a\nb"])
async def test_a_message_is_sent_and_stands_as_it_was_given(rig: Rig, text: str) -> None:
    job = rig.job(text)
    outcome = await rig.publish(job)
    assert isinstance(outcome, Sent)
    found = (await rig.look(job))[job.id]
    assert (found.complete, [sent.platform_id for sent in found.found]) == (True, [outcome.platform_id])


async def test_a_link_comes_back_as_it_was_sent(x_rig: Rig) -> None:
    job = x_rig.job("Boil your water: https://ferrow.example/water?a=1&b=2 until Friday.")
    sent = await x_rig.publish(job)
    assert isinstance(sent, Sent)
    assert [each.platform_id for each in (await x_rig.look(job))[job.id].found] == [sent.platform_id]


# --- what is refused for good ---

TWILIO = [
    *[(400, code, Reason.PERMANENT_RECIPIENT) for code in (21211, 21214, 21217, 21401, 21407, 21612, 21614, 21635)],
    (400, 21610, Reason.OPTED_OUT),
    (401, 20003, Reason.AUTH),
    (404, 20404, Reason.AUTH),
    *[(400, code, Reason.PERMANENT_CONTENT) for code in (21602, 21617, 21658)],
    (403, 21408, Reason.FORBIDDEN_CAPABILITY),
    (403, 30034, Reason.FORBIDDEN_CAPABILITY),
    (402, 20005, Reason.PAYMENT),
]


@pytest.mark.parametrize(("status", "code", "reason"), TWILIO)
async def test_twilios_refusals(sms_rig: Rig, status: int, code: int, reason: Reason) -> None:
    await sms_rig.fault({"type": "refuse", "status": status, "code": code})
    assert await sms_rig.publish() == Refused(reason, code)
    assert await sms_rig.accepted() == 0


@pytest.mark.parametrize("code", [20429, 14107, 21611])
async def test_twilios_refusals_for_rate_are_not_for_good(sms_rig: Rig, code: int) -> None:
    await sms_rig.fault({"type": "refuse", "status": 400, "code": code})
    assert await sms_rig.publish() == NotSent(Reason.RATE_LIMITED, None)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, Reason.PERMANENT_CONTENT),
        (401, Reason.AUTH),
        (403, Reason.FORBIDDEN_CAPABILITY),
        (422, Reason.PERMANENT_CONTENT),
    ],
)
async def test_xs_refusals(x_rig: Rig, status: int, reason: Reason) -> None:
    await x_rig.fault({"type": "refuse", "status": status, "message": "You are not permitted to do this."})
    assert await x_rig.publish() == Refused(reason, status)
    assert await x_rig.accepted() == 0


async def test_x_out_of_credit(x_rig: Rig) -> None:
    await x_rig.fault({"type": "payment"})
    assert await x_rig.publish() == Refused(Reason.PAYMENT, 402)


async def test_a_post_that_is_too_long(x_rig: Rig) -> None:
    assert await x_rig.publish(x_rig.job("a" * 281)) == Refused(Reason.PERMANENT_CONTENT, 400)


# --- what was surely not sent ---


async def test_a_refusal_for_rate_has_the_platforms_own_wait(rig: Rig) -> None:
    await rig.fault({"type": "rate_limited", "retry_after": 90})
    outcome = await rig.publish()
    assert isinstance(outcome, NotSent)
    assert outcome.reason is Reason.RATE_LIMITED
    assert outcome.retry_after_s is not None
    assert 85 <= outcome.retry_after_s <= 91
    assert await rig.accepted() == 0


@pytest.mark.parametrize("way", WAYS)
async def test_where_nobody_listens_nothing_was_sent(way: Way) -> None:
    channel = channel_of(way[0], f"http://127.0.0.1:{closed_port()}", **way[1])
    await channel.open()
    job = Rig(way[0], channel, sandbox=None).job()  # type: ignore[arg-type]  # there is no stand-in
    assert await channel.publish(job, PHONE, lambda: True) == NotSent(Reason.TRANSIENT)
    await channel.close()


# --- doubt ---

DOUBTS: list[tuple[dict[str, Any], bool]] = [
    ({"type": "broken", "status": 500}, False),
    ({"type": "broken", "status": 503, "accept": True}, True),
    ({"type": "html", "status": 503}, False),
    ({"type": "html", "status": 502, "accept": True}, True),
    ({"type": "html", "status": 200, "accept": True}, True),
    ({"type": "html", "status": 403}, False),
    ({"type": "html", "status": 404}, False),
    ({"type": "html", "status": 408, "accept": True}, True),
    ({"type": "empty", "status": 201}, True),
    ({"type": "reset"}, False),
    ({"type": "reset", "accept": True}, True),
    ({"type": "hang", "seconds": 60, "accept": "first"}, True),
    ({"type": "hang", "seconds": 60, "accept": "never"}, False),
    ({"type": "slow", "seconds": 60, "accept": "first"}, True),
]


@pytest.mark.parametrize(("effect", "accepted"), DOUBTS, ids=str)
async def test_no_usable_answer_is_doubt_and_the_look_up_settles_it(
    rig: Rig, effect: dict[str, Any], accepted: bool
) -> None:
    await rig.fault(effect, times=1)
    job = rig.job()
    assert await rig.publish(job) == Doubt()
    assert await rig.accepted() == int(accepted)
    found = (await rig.look(job))[job.id]
    assert (found.complete, len(found.found)) == (True, int(accepted))


async def test_a_duplicate_is_doubt_and_never_success(x_rig: Rig) -> None:
    job = x_rig.job()
    first = await x_rig.publish(job)
    assert isinstance(first, Sent)
    assert await x_rig.publish(job) == Doubt(Reason.DUPLICATE)
    assert [sent.platform_id for sent in (await x_rig.look(job))[job.id].found] == [first.platform_id]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(way: Way, status: int) -> None:
    """What is signed for one host is sent to no other."""
    async with raw_server() as elsewhere:
        head = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.address}/2/tweets\r\nContent-Length: 0\r\n\r\n"
        async with raw_server(head.encode()) as server:
            channel = channel_of(way[0], server.address, **way[1])
            await channel.open()
            job = Rig(way[0], channel, sandbox=None).job()  # type: ignore[arg-type]  # there is no stand-in
            assert await channel.publish(job, PHONE, lambda: True) == Doubt()
            await channel.close()
        assert elsewhere.received == 0


# --- the permit ---


@pytest.mark.parametrize("way", WAYS)
async def test_when_the_permit_says_no_not_one_byte_is_written_and_no_connection_leaks(
    way: Way,
) -> None:
    await _refused(way, yes_first=0)


@pytest.mark.parametrize("way", [each for each in WAYS if each.id == "x"])  # a text asks once, and is written at once
async def test_when_the_permit_turns_between_head_and_body_not_one_byte_is_written(way: Way) -> None:
    await _refused(way, yes_first=1)


async def _refused(way: Way, yes_first: int) -> None:
    async with raw_server() as server:
        channel = channel_of(way[0], server.address, **way[1])
        await channel.open()
        for _ in range(20):  # more than the pool has
            answers = iter([True] * yes_first + [False] * 5)
            job = Rig(way[0], channel, sandbox=None).job()  # type: ignore[arg-type]  # there is no stand-in
            assert await channel.publish(job, PHONE, lambda answers=answers: next(answers)) == NotSent(
                Reason.TRANSIENT, 0.0
            )
        assert server.received == 0
        assert server.connections >= 1
        assert not sockets_in_use(channel)
        await channel.close()


async def test_the_permit_is_asked_after_the_connection_is_there(rig: Rig) -> None:
    asked: list[int] = []

    def permit() -> bool:
        asked.append(len(sockets_in_use(rig.channel)))
        return True

    assert isinstance(await rig.publish(permit=permit), Sent)
    assert asked
    assert min(asked) >= 1


async def test_a_deletion_asks_too(x_rig: Rig) -> None:
    sent = await x_rig.publish()
    assert isinstance(sent, Sent)
    job = x_rig.job("", kind=Kind.DELETION, about=sent.platform_id)
    assert await x_rig.channel.withdraw(job, "", lambda: False) == NotSent(Reason.TRANSIENT, 0.0)
    assert len([item async for item in x_rig.channel.listing(job.ends - timedelta(hours=2))]) == 1


# --- looking up ---


async def test_what_is_accepted_late_shows_late(rig: Rig) -> None:
    await rig.fault({"type": "late", "seconds": 30})
    job = rig.job()
    assert isinstance(await rig.publish(job), Sent)
    found = (await rig.look(job))[job.id]
    assert (found.complete, found.found) == (True, ())
    rig.sandbox.clock.advance(30)
    assert len((await rig.look(job))[job.id].found) == 1


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of five, so that a few messages fill some."""
    monkeypatch.setattr(sms_client, "PAGE", 5)
    monkeypatch.setattr(x_client, "PAGE", 5)


async def test_all_pages_are_read(rig: Rig, small_pages: None) -> None:
    first = rig.job("The very first. 1")
    wanted = await rig.publish(first)
    assert isinstance(wanted, Sent)
    for number in range(13):
        assert isinstance(await rig.publish(rig.job(f"The very first. 1{number}")), Sent)
    found = (await rig.look(first))[first.id]
    assert [sent.platform_id for sent in found.found] == [wanted.platform_id]


@pytest.mark.parametrize("effect", [{"type": "broken"}, {"type": "html"}, {"type": "rate_limited"}, {"type": "reset"}])
@pytest.mark.parametrize("page", [0, 1])
async def test_a_look_up_that_fails_on_any_page_proves_nothing(
    rig: Rig, small_pages: None, effect: dict[str, Any], page: int
) -> None:
    for number in range(8):
        await rig.publish(rig.job(f"Number {number}"))
    job = rig.job("Was never sent")
    await rig.address()
    await rig.fault(effect, method="GET", skip=page)
    assert not (await rig.look(job))[job.id].complete


async def test_only_the_exact_text_is_this_delivery(rig: Rig) -> None:
    await rig.publish(rig.job("Boil your water. Version 1."))
    for near in ("Boil your water. Version 2.", "Boil your water. Version 1", "boil your water. Version 1."):
        job = rig.job(near)
        assert (await rig.look(job))[job.id].found == ()


async def test_a_text_to_somebody_else_is_not_this_delivery(sms_rig: Rig) -> None:
    await sms_rig.publish(sms_rig.job("Boil water."))
    job = sms_rig.job("Boil water.", target="b" * 32)
    found = (await sms_rig.look(job))[job.id]
    assert (found.complete, found.found) == (True, ())


async def test_who_opted_out_since_has_no_number_but_for_a_look_up(sms_rig: Rig) -> None:
    assert await sms_rig.channel.addresses([GONE]) == {}
    job = sms_rig.job("Boil water.", target=GONE)
    assert (await sms_rig.look(job))[job.id].complete


async def test_a_subscriber_who_was_forgotten_cannot_be_looked_up(sms_rig: Rig) -> None:
    job = sms_rig.job("Boil water.", target="9" * 32)
    assert not (await sms_rig.look(job))[job.id].complete


async def test_a_twin_shows_too(sms_rig: Rig) -> None:
    job = sms_rig.job()
    for _ in range(2):
        await sms_rig.publish(job)
    assert len((await sms_rig.look(job))[job.id].found) == 2


# --- taking back, listing, probing ---


async def test_a_deletion_is_done_once_and_again(x_rig: Rig) -> None:
    sent = await x_rig.publish()
    assert isinstance(sent, Sent)
    job = x_rig.job("", kind=Kind.DELETION, about=sent.platform_id)
    outcomes = [await x_rig.channel.withdraw(job, "", lambda: True) for _ in range(2)]
    assert outcomes == [Sent(f"deleted:{sent.platform_id}")] * 2
    assert [item async for item in x_rig.channel.listing(job.ends - timedelta(hours=2))] == []


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        ({"type": "broken"}, Doubt()),
        ({"type": "reset", "accept": True}, Doubt()),
        ({"type": "refuse", "status": 401}, Refused(Reason.AUTH, 401)),
    ],
)
async def test_a_deletion_that_fails(x_rig: Rig, effect: dict[str, Any], outcome: Outcome) -> None:
    sent = await x_rig.publish()
    assert isinstance(sent, Sent)
    await x_rig.fault(effect, method="DELETE")
    job = x_rig.job("", kind=Kind.DELETION, about=sent.platform_id)
    assert await x_rig.channel.withdraw(job, "", lambda: True) == outcome


async def test_a_text_cannot_be_deleted(sms_rig: Rig) -> None:
    assert await sms_rig.channel.withdraw(sms_rig.job(), PHONE, lambda: True) == Refused(Reason.FORBIDDEN_CAPABILITY)


async def test_the_list_holds_everything_with_its_address_and_time(rig: Rig, small_pages: None) -> None:
    jobs = [rig.job(f"Number {number}") for number in range(7)]
    for job in jobs:
        await rig.publish(job)
    address = await rig.address()
    found = [item async for item in rig.channel.listing(jobs[0].ends - timedelta(hours=2))]
    assert {(item.address, item.text) for item in found} == {(address, job.text) for job in jobs}
    now = rig.sandbox.clock.now()
    assert all(abs((item.created - now).total_seconds()) < 60 for item in found)


async def test_a_list_that_cannot_be_read_whole_raises(rig: Rig, small_pages: None) -> None:
    for number in range(8):
        await rig.publish(rig.job(f"Number {number}"))
    await rig.address()
    await rig.fault({"type": "broken"}, method="GET", skip=1)
    with pytest.raises((TweepyException, TwilioException)):
        [item async for item in rig.channel.listing(rig.job().ends - timedelta(hours=2))]


async def test_a_probe_proves_the_credentials(rig: Rig) -> None:
    assert (await rig.channel.probe()).ok
    await rig.fault({"type": "refuse", "status": 401, "code": 20003}, method="GET")
    found = await rig.channel.probe()
    assert not found.ok
    assert "refuses the credentials" in found.says


async def test_a_probe_that_is_one_too_many_is_an_answer(rig: Rig) -> None:
    """The account is known, or nobody could say that its rate is used up; X says until when."""
    await rig.fault({"type": "rate_limited", "retry_after": 240}, method="GET")
    found = await rig.channel.probe()
    assert (found.ok, found.remaining) == (True, 0 if rig.name is X else None)
    assert rig.name is not X or 200 < found.wait_s <= 241


# --- the kernel's side ---


@pytest.mark.parametrize("way", WAYS)
async def test_the_kernel_keeps_the_bound_too(way: Way) -> None:
    """Without these a request of a killed process reached a server 55 s after the kill."""
    seen: list[tuple[int, tuple[int, int], int]] = []
    async with raw_server() as server:
        channel = channel_of(way[0], server.address, **way[1])
        await channel.open()

        def permit() -> bool:
            for raw in sockets_in_use(channel):
                linger = struct.unpack("ii", raw.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))
                user = raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                seen.append((user, linger, raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
            return True

        job = Rig(way[0], channel, sandbox=None).job()  # type: ignore[arg-type]  # there is no stand-in
        assert await channel.publish(job, PHONE, permit) == Doubt()
        await channel.close()
    assert set(seen) == {(int(ANSWER_S * 1000), (1, 0), 1)}


def test_the_fake_platform_is_a_channel_like_these(sms: World) -> None:
    """What the other tests use as a platform has all that the port asks for."""
    port = {name for name in dir(channel_of(SMS, "http://127.0.0.1:1")) if not name.startswith("_")}
    assert port <= set(dir(sms.platform))
