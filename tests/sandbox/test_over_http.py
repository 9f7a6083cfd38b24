"""Faults, headers, limits, counts, restart and the page, over loopback HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.sandbox.harness import BASIC, BEARER, MESSAGES, PHONE, SERVICE, Sandbox, running

pytestmark = pytest.mark.contract
TEXT = {"To": PHONE, "Body": "Boil water.", "MessagingServiceSid": SERVICE}


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running(tmp_path) as started:
        yield started


async def accepted(sandbox: Sandbox) -> tuple[int, int]:
    found = await sandbox.counts()
    return found["texts"], found["posts"]


@pytest.mark.parametrize(("accept", "left"), [(False, (0, 0)), (True, (1, 1))])
@pytest.mark.parametrize("effect", ["broken", "html", "empty"])
async def test_an_answer_says_nothing_about_acceptance(
    sandbox: Sandbox,
    effect: str,
    accept: bool,
    left: tuple[int, int],
) -> None:
    await sandbox.fault({"type": effect, "status": 500, "accept": accept})
    requests: list[tuple[str, dict[str, Any]]] = [
        (MESSAGES, {"data": TEXT, "headers": BASIC}),
        ("/2/tweets", {"json": {"text": "a"}, "headers": BEARER}),
    ]
    for path, body in requests:
        async with sandbox.session.post(sandbox.address + path, **body) as answer:
            assert answer.status == 500
            assert (answer.content_type == "text/html") == (effect == "html")
            assert ("x-rate-limit-reset" in answer.headers) == (path == "/2/tweets" and effect != "html")
    assert await accepted(sandbox) == left


@pytest.mark.parametrize(("accept", "left"), [(False, (0, 0)), (True, (1, 1))])
async def test_a_reset_is_a_reset(sandbox: Sandbox, accept: bool, left: tuple[int, int]) -> None:
    await sandbox.fault({"type": "reset", "accept": accept})
    with pytest.raises(aiohttp.ClientOSError, match="reset"):
        await sandbox.text()
    with pytest.raises(aiohttp.ClientOSError, match="reset"):
        await sandbox.post()
    await sandbox.json("DELETE", "/_sandbox/faults")
    assert await accepted(sandbox) == left
    dropped = [found for found in (await sandbox.counts())["answers"] if found["status"] == 0]
    assert sum(found["n"] for found in dropped) == 2


@pytest.mark.parametrize(("accept", "meanwhile"), [("first", 1), ("last", 0)])
async def test_a_slow_answer_is_accepted_before_or_after_the_wait(
    sandbox: Sandbox, accept: str, meanwhile: int
) -> None:
    await sandbox.fault({"type": "slow", "seconds": 5, "accept": accept})
    asking = asyncio.create_task(sandbox.text())
    await sandbox.clock.asleep()
    assert (await sandbox.counts())["texts"] == meanwhile
    sandbox.clock.advance(5)
    assert (await asking)["status"] == "accepted"
    row = (await sandbox.json("GET", "/_sandbox/messages"))["texts"][0]
    assert row["accepted_ms"] - row["arrived_ms"] == (0 if accept == "first" else 5000)


async def test_a_client_that_gives_up_does_not_take_its_request_back(sandbox: Sandbox) -> None:
    await sandbox.fault({"type": "hang", "seconds": 60, "accept": "last"})
    asking = asyncio.create_task(sandbox.text())
    await sandbox.clock.asleep()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await accepted(sandbox) == (0, 0)
    sandbox.clock.advance(60)
    async with asyncio.timeout(10):
        while await accepted(sandbox) != (1, 0):
            pass


async def test_a_hang_that_never_accepts_ends_in_a_dropped_connection(sandbox: Sandbox) -> None:
    await sandbox.fault({"type": "hang", "seconds": 10, "accept": "never"})
    asking = asyncio.create_task(sandbox.text())
    await sandbox.clock.asleep()
    sandbox.clock.advance(10)
    with pytest.raises(aiohttp.ClientError):
        await asking
    assert await accepted(sandbox) == (0, 0)


async def test_a_lag_hides_from_look_ups_and_from_nothing_else(sandbox: Sandbox) -> None:
    await sandbox.fault({"type": "late", "seconds": [5, 9]}, seed=3)
    await sandbox.text()
    made = await sandbox.post()
    assert await accepted(sandbox) == (1, 1)
    await sandbox.post(status=403)
    sandbox.clock.advance(4.9)
    assert (await sandbox.listed(To=PHONE))["messages"] == []
    assert "data" not in await sandbox.timeline()
    sandbox.clock.advance(4.2)
    assert len((await sandbox.listed(To=PHONE))["messages"]) == 1
    assert (await sandbox.timeline())["data"][0]["id"] == made["data"]["id"]


async def test_a_duplicate_is_refused_also_when_two_come_at_once(sandbox: Sandbox) -> None:
    async def once() -> int:
        async with sandbox.session.post(sandbox.address + "/2/tweets", json={"text": "a"}, headers=BEARER) as answer:
            return answer.status

    assert sorted(await asyncio.gather(*(once() for _ in range(8)))) == [201] + [403] * 7
    sandbox.clock.advance(86_400)
    assert await once() == 201
    assert (await sandbox.counts())["posts_extra"] == 1


async def test_a_deleted_post_may_be_posted_again_and_a_reply_to_it_may_not(sandbox: Sandbox) -> None:
    first = (await sandbox.post("a"))["data"]["id"]
    await sandbox.json("DELETE", f"/2/tweets/{first}", headers=BEARER)
    await sandbox.post("b", 403, reply={"in_reply_to_tweet_id": first})
    await sandbox.post("a")


async def test_nobody_deletes_anothers_post(sandbox: Sandbox) -> None:
    first = (await sandbox.post("a"))["data"]["id"]
    await sandbox.json("DELETE", f"/2/tweets/{first}", 404, headers={"Authorization": "Bearer another"})
    assert (await sandbox.counts())["posts_deleted"] == 0


async def test_every_answer_of_x_says_what_is_left(sandbox: Sandbox) -> None:
    await sandbox.rules(x_create_limit=2, x_window_s=60)
    left = []
    for text in ("a", "a", "b"):
        async with sandbox.session.post(sandbox.address + "/2/tweets", json={"text": text}, headers=BEARER) as answer:
            left.append((answer.status, answer.headers["x-rate-limit-remaining"]))
            reset = int(answer.headers["x-rate-limit-reset"])
    assert left == [(201, "1"), (403, "0"), (429, "0")]
    assert reset == sandbox.clock.ms // 1000 + 60
    sandbox.clock.advance(60)
    await sandbox.post("b")


async def test_twilio_refuses_more_than_so_many_at_once_and_says_how_many_there_are(sandbox: Sandbox) -> None:
    await sandbox.rules(twilio_concurrency=2)
    await sandbox.fault({"type": "slow", "seconds": 1}, times=2)
    slow = [asyncio.create_task(sandbox.text(body=str(number))) for number in range(2)]
    await sandbox.clock.asleep(2)
    async with sandbox.session.post(sandbox.address + MESSAGES, data=TEXT, headers=BASIC) as answer:
        assert (answer.status, (await answer.json())["code"]) == (429, 20429)
        assert answer.headers["Twilio-Concurrent-Requests"] == "3"
    sandbox.clock.advance(1)
    await asyncio.gather(*slow)
    await sandbox.text()
    assert (await sandbox.counts())["texts"] == 3


async def test_unknown_addresses_answer_in_the_platforms_shape(sandbox: Sandbox) -> None:
    found = await sandbox.json("PUT", "/2/tweets", 404, headers=BEARER)
    assert found["title"] == "Not Found Error"
    found = await sandbox.json("GET", MESSAGES.replace("Messages", "Calls"), 404, headers=BASIC)
    assert found["code"] == 20404


async def test_the_token_of_the_settings_is_the_only_one(tmp_path: Path) -> None:
    async with running(tmp_path, twilio_auth_token="another") as sandbox:
        await sandbox.text(status=401)


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as sandbox:
        await sandbox.text()
        made = await sandbox.post("a")
        before = await sandbox.counts(each="1")
    async with running(tmp_path) as sandbox:
        after = await sandbox.counts(each="1")
        for name in ("texts", "posts", "texts_each", "posts_each"):
            assert after[name] == before[name]
        await sandbox.post("a", 403)
        assert (await sandbox.post("b"))["data"]["id"] > made["data"]["id"]
        assert len((await sandbox.listed())["messages"]) == 1


async def test_forgetting_empties_the_count(sandbox: Sandbox) -> None:
    await sandbox.text()
    await sandbox.post()
    await sandbox.json("DELETE", "/_sandbox/messages")
    found = await sandbox.counts()
    assert (found["texts"], found["posts"], found["answers"]) == (0, 0, [])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/_sandbox/faults", {"effect": {"type": "explode"}}),
        ("PATCH", "/_sandbox/rules", {"x_create_limits": 5}),
        ("PATCH", "/_sandbox/rules", [1]),
        ("POST", "/_sandbox/phones/12/reply", {"body": "STOP"}),
        ("POST", f"/_sandbox/phones/{PHONE}/reply", {"text": "STOP"}),
        ("GET", "/_sandbox/counts?since=noon", None),
    ],
)
async def test_a_wrong_order_to_the_sandbox_is_refused_with_a_reason(
    sandbox: Sandbox, method: str, path: str, body: Any
) -> None:
    assert (await sandbox.json(method, path, 400, json=body))["error"]


async def test_faults_are_listed_with_what_they_did_and_cleared(sandbox: Sandbox) -> None:
    made = await sandbox.fault({"type": "broken"}, times=1, match={"platform": "twilio"})
    await sandbox.text(status=503)
    listed = await sandbox.json("GET", "/_sandbox/faults")
    assert [(fault["id"], fault["struck"], fault["spent"]) for fault in listed] == [(made["id"], 1, True)]
    assert await sandbox.json("DELETE", f"/_sandbox/faults/{made['id']}") == {"cleared": 1}
    await sandbox.json("DELETE", f"/_sandbox/faults/{made['id']}", 404)


async def test_another_sites_page_cannot_order_anything(sandbox: Sandbox) -> None:
    await sandbox.json("DELETE", "/_sandbox/messages", 403, headers={"Origin": "https://evil.example"})
    await sandbox.json("DELETE", "/_sandbox/messages", 200, headers={"Origin": sandbox.address})


async def page(sandbox: Sandbox, **query: str) -> str:
    async with sandbox.session.get(sandbox.address + "/", params=query) as answer:
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return await answer.text()


async def test_the_page_shows_what_people_would_see_and_says_sandbox(sandbox: Sandbox) -> None:
    first = (await sandbox.post("Boil <b>water</b>"))["data"]["id"]
    await sandbox.post("Still boiling", reply={"in_reply_to_tweet_id": first})
    await sandbox.json("DELETE", f"/2/tweets/{first}", headers=BEARER)
    await sandbox.text(body="Agua & más")
    await sandbox.fault({"type": "broken"}, times=3)
    shown = await page(sandbox)
    assert "SANDBOX" in shown
    assert "Boil &lt;b&gt;water&lt;/b&gt;</del>" in shown
    assert shown.index("Boil &lt;b&gt;") < shown.index('class="replies"') < shown.index("Still boiling")
    assert "Agua &amp; más" in shown
    assert "struck 0 of 3" in shown


async def test_the_page_shows_24_phones_and_finds_any_other(sandbox: Sandbox) -> None:
    for number in range(30):
        await sandbox.text(to=f"+120255501{number:02d}")
    shown = await page(sandbox)
    assert shown.count('class="phone"') == 24
    assert "The 24 with the newest texts, of 30." in shown
    assert (await page(sandbox, q="0150101")).count('class="phone"') == 0
    assert (await page(sandbox, q="5550101")).count('class="phone"') == 1
    for name in ("page.css", "page.js"):
        async with sandbox.session.get(f"{sandbox.address}/_sandbox/assets/{name}") as answer:
            assert answer.status == 200
    async with sandbox.session.get(f"{sandbox.address}/_sandbox/assets/page.html.j2") as answer:
        assert answer.status == 404
