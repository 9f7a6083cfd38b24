"""The public door over HTTP on loopback: what gets a 2xx, and what stands in the store by then."""

import asyncio
import logging
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from schemas.delivery import Receipt
from schemas.words import ReplyWord
from services.receipts.answers import EMPTY
from services.receipts.gathering import Gatherer
from tests.receipts.world import ANNA, BEN, DELIVERY, NEXT, PUBLIC, STRANGER, World, world

pytestmark = pytest.mark.contract

SID = "SM" + "2" * 32


async def test_a_callback_is_answered_once_it_stands_in_the_outbox(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert await w.status("delivered", RawDlrDoneDate="2611241400", SomethingNew="ñ") == 204
        (report,) = w.receipts()
        assert (report.delivery, report.status, report.code) == (DELIVERY, "delivered", None)
        ((topic, key, value),) = w.published()
        assert (topic, key) == ("receipts", b"sms")
        assert ANNA.encode() not in value
        assert w.metric("tocsin_receipts_total", status="delivered") == 1


async def test_callbacks_of_one_moment_share_one_transaction(tmp_path: Path) -> None:
    async with world(tmp_path, limit=50, wait_s=0.2) as w:
        await w.status("sent")
        before = len(w.commits)
        statuses = await asyncio.gather(*(w.status("sent", f"{number:032x}") for number in range(120)))
        assert set(statuses) == {204}
        assert sum(w.commits[before:]) == 120
        assert max(w.commits) == 50
        assert len(w.commits) - before <= 6
        assert len({report.delivery for report in w.receipts()}) == 121


async def test_out_of_order_and_repeated_callbacks_are_all_reported_in_the_order_they_came(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for status in ("delivered", "sent", "delivered", "queued", "undelivered"):
            assert await w.status(status, ErrorCode="30003" if status == "undelivered" else "") == 204
        assert [r.status for r in w.receipts()] == ["delivered", "sent", "delivered", "accepted", "undelivered"]
        assert w.receipts()[-1].code == 30003


async def test_a_wrong_signature_is_refused_and_counted(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        with capture_logs() as logs:
            for _ in range(3):
                status, _ = await w.post(f"/twilio/status/{DELIVERY}", {"MessageSid": SID}, token="not-the-token")
                assert status == 403
            assert (await w.client.post("/twilio/reply", data={"From": ANNA, "Body": "STOP"})).status == 403
        assert w.metric("tocsin_webhooks_refused_total", why="signature") == 4
        assert [entry["event"] for entry in logs] == ["webhook.signature"]
        assert logs[0]["base"] == PUBLIC
        assert not w.published()
        assert w.book.opted_out([str(w.book.id_of(ANNA))]) == set()


async def test_the_query_is_part_of_what_is_signed_and_the_next_token_is_believed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        fields = {"MessageSid": SID, "MessageStatus": "sent"}
        assert (await w.post(f"/twilio/status/{DELIVERY}?a=1&b=%20x", fields, NEXT))[0] == 204


async def test_what_is_no_callback_gets_a_4xx(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert (await w.post(f"/twilio/status/{DELIVERY}", {"MessageStatus": "sent"}))[0] == 400
        assert (await w.post("/twilio/reply", {"Body": "STOP"}))[0] == 400
        assert (await w.post("/twilio/status/not-an-id", {"MessageSid": SID}))[0] == 404
        assert (await w.client.post("/twilio/reply", data=b"a=" + b"x" * 70_000)).status == 413
        assert (await w.client.post("/twilio/reply", data=b"\xff\xfe=\xff")).status == 400
        assert (await w.client.post("/twilio/reply", data=b"&".join(b"a%d=1" % n for n in range(300)))).status == 400
        assert (await w.client.get("/metrics")).status == 404
        assert (await w.client.get("/health/live")).status == 404
        assert not w.published()
        assert w.metric("tocsin_webhooks_refused_total", why="malformed") == 5


async def test_a_status_that_says_nothing_of_delivery_is_acknowledged_only(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert await w.status("received") == 204
        assert not w.published()
        assert w.metric("tocsin_receipts_ignored_total") == 1


async def test_when_the_store_fails_twilio_hears_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.store.engine.dispose()
        with w.store.begin() as connection:
            connection.exec_driver_sql("DROP TABLE outbox")
        assert await w.status("sent") == 503
        assert w.metric("tocsin_webhooks_refused_total", why="unavailable") == 1


async def test_a_caller_who_hangs_up_takes_no_other_with_it() -> None:
    committed: list[int] = []

    async def commit(batch: list[int]) -> None:
        await asyncio.sleep(0)
        committed.extend(batch)

    gatherer = Gatherer(commit, 3, 60.0)
    first, second = asyncio.create_task(gatherer.add(1)), asyncio.create_task(gatherer.add(2))
    await asyncio.sleep(0)
    first.cancel()
    await gatherer.add(3)
    await second
    assert committed == [1, 2, 3]
    assert first.cancelled()


async def test_stop_opts_out_in_the_phonebook_and_is_answered_in_the_persons_language(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await w.says(BEN, "Stop!", "SM1")
        ben = str(w.book.id_of(BEN))
        assert "ya no le enviaremos alertas" in answer
        assert w.book.opted_out([ben]) == {ben}
        (reply,) = w.replies()
        assert (reply.subscriber, reply.word, reply.language) == (ben, ReplyWord.STOP, "es")
        assert w.published()[0][1] == ben.encode()


async def test_stop_then_start_each_answered_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        anna = str(w.book.id_of(ANNA))
        assert "reply START" in await w.says(ANNA, "STOP", "SM1")
        assert await w.says(ANNA, "stop", "SM2") == EMPTY
        w.clock.move(seconds=5)
        assert "reply STOP" in await w.says(ANNA, "Yes", "SM3")
        assert w.book.opted_out([anna]) == set()
        w.clock.move(seconds=5)
        assert "reply START" in await w.says(ANNA, "end", "SM4")
        assert w.book.opted_out([anna]) == {anna}
        assert [r.word for r in w.replies()] == ["stop", "stop", "start", "stop"]


async def test_a_repeated_webhook_is_answered_the_same_and_acted_on_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        anna = str(w.book.id_of(ANNA))
        first = await w.says(ANNA, "STOP", "SM1")
        w.clock.move(minutes=1)
        await w.says(ANNA, "START", "SM2")
        w.clock.move(minutes=1)
        again = await w.says(ANNA, "STOP", "SM1")
        assert again == first
        assert w.book.opted_out([anna]) == set(), "an old STOP that comes again must not undo a later START"
        assert [r.word for r in w.replies()] == ["stop", "start"]
        assert w.metric("tocsin_replies_answered_total", answer="repeat") == 1
        w.clock.move(days=1, minutes=1)
        await w.says(BEN, "hello", "SM9")
        with w.store.begin() as connection:
            rows = connection.exec_driver_sql("SELECT count(*) FROM answered").scalar()
        assert rows == 1, "what is older than a day is forgotten"


async def test_a_webhook_without_a_sid_goes_by_twilios_token(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        fields = {"From": ANNA, "Body": "STOP"}
        header = {"I-Twilio-Idempotency-Token": "b1a2"}
        first = await w.post("/twilio/reply", fields, **header)
        assert first == await w.post("/twilio/reply", fields, **header)
        assert len(w.replies()) == 1


async def test_simultaneous_copies_are_acted_on_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answers = await asyncio.gather(*(w.says(ANNA, "hello", "SM1") for _ in range(8)))
        assert len(set(answers)) == 1
        assert "nobody reads" in answers[0]
        assert len(w.replies()) == 1


async def test_any_other_reply_gets_once_a_day_where_to_turn_to(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert "nobody reads replies" in (first := await w.says(ANNA, "is the water ok?", "SM1"))
        assert "911" in first
        assert "555-0142" in first
        assert await w.says(ANNA, "hello?", "SM2") == EMPTY
        assert "nadie lee" in await w.says(BEN, "hola", "SM3")
        w.clock.move(hours=23)
        assert await w.says(ANNA, "hello?", "SM4") == EMPTY
        w.clock.move(hours=2)
        assert "nobody reads replies" in await w.says(ANNA, "hello?", "SM5")


async def test_help_is_answered_each_time(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert "555-0142" in await w.says(ANNA, "HELP", "SM1")
        assert "555-0142" in await w.says(ANNA, "info", "SM2")


@pytest.mark.parametrize(("kind", "word"), [("STOP", "stop"), ("START", "start"), ("HELP", "help")])
async def test_where_twilio_has_answered_nothing_is_said_twice(tmp_path: Path, kind: str, word: str) -> None:
    async with world(tmp_path) as w:
        assert await w.says(ANNA, "a word of their own", "SM1", OptOutType=kind) == EMPTY
        assert [r.word for r in w.replies()] == [word]
        assert (w.book.opted_out([str(w.book.id_of(ANNA))]) != set()) is (kind == "STOP")


async def test_a_stranger_is_answered_politely_and_leaves_no_record(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert "is not signed up" in await w.says(STRANGER, "START", "SM1")
        assert "ya no le enviaremos" in await w.says(STRANGER, "Alto", "SM2")
        assert "nobody reads" in await w.says("+19995550000", "hi", "SM3")
        assert "nobody reads" in await w.says("22395", "hi", "SM4"), "a short code is no E.164 number"
        assert w.replies() == []


async def test_when_the_phonebook_is_gone_a_stop_is_not_swallowed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        with w.book.store.begin() as connection:
            connection.exec_driver_sql("DROP TABLE opt_out")
        with capture_logs() as logs:
            assert (await w.post("/twilio/reply", {"MessageSid": "SM1", "From": ANNA, "Body": "STOP"}))[0] == 503
        assert [(entry["event"], set(entry) & {"exception", "exc_info"}) for entry in logs] == [
            ("webhook.unavailable", set())
        ]
        assert ANNA not in str(logs)


async def test_texts_and_numbers_stand_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = "Maria Tuberculosis Ward7"
    caplog.set_level(logging.DEBUG)
    async with world(tmp_path) as w:
        with capture_logs() as logs:
            await w.says(ANNA, secret, "SM9a")
            await w.says(ANNA, "STOP", "SM9b")
            await w.says(STRANGER, secret, "SM9c")
            await w.post("/twilio/reply", {"From": ANNA, "Body": secret}, token="wrong")
            await w.status("delivered", Body=secret)
        places = [*_kept(tmp_path), str(w.published()).encode()]
        places += [str(logs).encode(), caplog.text.encode(), _scrape(w)]
        for needle in (secret, "Tuberculosis", ANNA, ANNA[2:], STRANGER[2:], "SM9"):
            assert all(needle.encode() not in place for place in places), needle
        assert any(w.book.hash_of(ANNA).hex().encode() in place for place in places), "the search itself works"


def _kept(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


def _scrape(w: World) -> bytes:
    return generate_latest(w.registry)


async def test_a_batch_that_fails_is_heard_by_each_and_the_next_goes_on() -> None:
    calls: list[int] = []

    async def commit(batch: list[Receipt]) -> None:
        calls.append(len(batch))
        if len(calls) == 1:
            raise OSError("disk full")

    gatherer: Gatherer[Receipt] = Gatherer(commit, 2, 60.0)
    report = Receipt(delivery=DELIVERY, platform_id="SM1", status="sent", at="2026-11-24T14:00:00Z")  # type: ignore[arg-type]  # pydantic reads it
    results = await asyncio.gather(gatherer.add(report), gatherer.add(report), return_exceptions=True)
    assert [type(result) for result in results] == [OSError, OSError]
    await asyncio.gather(gatherer.add(report), gatherer.add(report))
    assert calls == [2, 2]
