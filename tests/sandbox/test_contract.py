"""Every answer of the stand-ins, refusals and ordered faults too, against the vendors' OpenAPI documents."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError

from tests.sandbox.harness import BASIC, BEARER, MESSAGES, PHONE, SERVICE, SID, Sandbox, running
from tests.sandbox.vendors import Exchange, twilio_document, x_document

pytestmark = pytest.mark.contract
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
Headers = dict[str, str]
LIVE_FIELDS = "author_id,conversation_id,created_at,entities,in_reply_to_user_id,referenced_tweets,reply_settings"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running(tmp_path) as started:
        yield started


async def exchange(sandbox: Sandbox, document: OpenAPI, sent: Exchange, *, lawful: bool) -> tuple[int, Any]:
    """Send, check the request (unless it is meant to be wrong) and the answer; its status and JSON."""
    if lawful:
        sent.check_request(document)
    async with sandbox.session.request(
        sent.method, sandbox.address + sent.target, headers=sent.headers, data=sent.body
    ) as answer:
        raw = await answer.read()
        sent.check_answer(document, answer.status, answer.content_type, raw)
        return answer.status, json.loads(raw) if raw else None


async def on_x(
    sandbox: Sandbox, method: str, target: str, body: Any = None, *, lawful: bool = True, headers: Headers = BEARER
) -> tuple[int, Any]:
    raw = b"" if body is None else json.dumps(body).encode()
    sent = Exchange(method, target, {**headers, **JSON}, raw)
    return await exchange(sandbox, x_document(), sent, lawful=lawful)


async def on_twilio(
    sandbox: Sandbox, method: str, target: str, form: Any = None, *, lawful: bool = True, headers: Headers = BASIC
) -> tuple[int, Any]:
    raw = b"" if form is None else urlencode(form).encode()
    sent = Exchange(method, target, {**headers, **FORM}, raw)
    return await exchange(sandbox, twilio_document(), sent, lawful=lawful)


def text(**more: str) -> dict[str, str]:
    return {"To": PHONE, "Body": "Boil water.", "MessagingServiceSid": SERVICE, **more}


async def test_x_posts_replies_look_ups_and_deletions(sandbox: Sandbox) -> None:
    status, made = await on_x(sandbox, "POST", "/2/tweets", {"text": "Boil & wait https://cdc.gov/boil"})
    assert status == 201
    first = made["data"]["id"]
    reply = {"text": "Second", "reply": {"in_reply_to_tweet_id": first}, "reply_settings": "mentionedUsers"}
    assert (await on_x(sandbox, "POST", "/2/tweets", reply))[0] == 201
    status, me = await on_x(sandbox, "GET", "/2/users/me")
    own = me["data"]["id"]
    _, documented = await on_x(sandbox, "GET", f"/2/users/{own}/tweets?max_results=5&post.fields=entities,created_at")
    assert documented["data"][1]["created_at"] == "2026-11-22T12:00:00.000Z"
    status, page = await on_x(sandbox, "GET", f"/2/users/{own}/tweets?max_results=5&tweet.fields={LIVE_FIELDS}")
    assert (status, page["meta"]["result_count"]) == (200, 2)
    assert page["data"][0]["referenced_tweets"] == [{"type": "replied_to", "id": first}]
    assert page["data"][1]["entities"]["urls"][0]["expanded_url"] == "https://cdc.gov/boil"
    assert (await on_x(sandbox, "GET", f"/2/tweets/{first}"))[1]["data"]["id"] == first
    assert (await on_x(sandbox, "DELETE", f"/2/tweets/{first}"))[1] == {"data": {"deleted": True}}
    assert (await on_x(sandbox, "DELETE", f"/2/tweets/{first}"))[0] == 404
    assert (await on_x(sandbox, "GET", f"/2/tweets/{first}"))[1]["errors"][0]["resource_id"] == first
    assert (await on_x(sandbox, "GET", "/2/users/1/tweets"))[1] == {"meta": {"result_count": 0}}


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("POST", "/2/tweets", {"text": ""}, 400),
        ("POST", "/2/tweets", {"text": "a", "colour": "red"}, 400),
        ("POST", "/2/tweets", {"text": "a" * 281}, 400),
        ("POST", "/2/tweets", {"text": "a", "reply": {"in_reply_to_tweet_id": "9999999999999999999"}}, 403),
        ("DELETE", "/2/tweets/1", None, 404),
        ("GET", "/2/users/7/tweets?max_results=500", None, 400),
    ],
)
async def test_x_refuses_in_shape(sandbox: Sandbox, method: str, target: str, body: Any, status: int) -> None:
    assert (await on_x(sandbox, method, target, body, lawful=False))[0] == status


async def test_x_refuses_duplicates_strangers_and_too_many_in_its_own_words(sandbox: Sandbox) -> None:
    await sandbox.rules(x_create_limit=3)
    assert (await on_x(sandbox, "POST", "/2/tweets", {"text": "a"}, headers={}, lawful=False))[0] == 401
    assert (await on_x(sandbox, "POST", "/2/tweets", {"text": "a"}))[0] == 201
    status, said = await on_x(sandbox, "POST", "/2/tweets", {"text": "a"})
    assert (status, said["detail"]) == (403, "You are not allowed to create a Tweet with duplicate content.")
    await on_x(sandbox, "POST", "/2/tweets", {"text": "b"})
    assert (await on_x(sandbox, "POST", "/2/tweets", {"text": "c"}))[0] == 429


async def test_twilio_messages_their_list_changes_and_deletion(sandbox: Sandbox) -> None:
    status, made = await on_twilio(sandbox, "POST", MESSAGES, text(ValidityPeriod="600"))
    assert (status, made["status"]) == (201, "accepted")
    one = MESSAGES.replace(".json", f"/{made['sid']}.json")
    assert (await on_twilio(sandbox, "DELETE", one))[0] == 409
    sandbox.clock.advance(1)
    assert (await on_twilio(sandbox, "GET", one))[1]["status"] == "delivered"
    await on_twilio(sandbox, "POST", MESSAGES, text(Body="Second"))
    query = urlencode({"To": PHONE, "DateSent>": "2026-11-22T00:00:00Z", "PageSize": "1"})
    _, page = await on_twilio(sandbox, "GET", f"{MESSAGES}?{query}")
    assert [found["body"] for found in page["messages"]] == ["Second"]
    _, rest = await on_twilio(sandbox, "GET", page["next_page_uri"])
    assert ([found["sid"] for found in rest["messages"]], rest["next_page_uri"]) == ([made["sid"]], None)
    assert (await on_twilio(sandbox, "POST", one, {"Body": ""}))[1]["body"] == ""
    assert (await on_twilio(sandbox, "DELETE", one))[0] == 204
    assert (await on_twilio(sandbox, "GET", one))[0] == 404
    scheduled = text(ScheduleType="fixed", SendAt="2026-11-22T13:00:00Z")
    _, later = await on_twilio(sandbox, "POST", MESSAGES, scheduled)
    assert later["status"] == "scheduled"
    one = MESSAGES.replace(".json", f"/{later['sid']}.json")
    assert (await on_twilio(sandbox, "POST", one, {"Status": "canceled"}))[1]["status"] == "canceled"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [({"To": ""}, 400, 21604), ({"To": "+15005550004"}, 400, 21610), ({"Body": ""}, 400, 21602)],
)
async def test_twilio_refuses_in_shape(sandbox: Sandbox, form: dict[str, str], status: int, code: int) -> None:
    found, said = await on_twilio(sandbox, "POST", MESSAGES, text(**form))
    assert (found, said["code"]) == (status, code)


async def test_twilio_refuses_strangers_and_other_accounts(sandbox: Sandbox) -> None:
    for headers in (
        {},
        {"Authorization": aiohttp.encode_basic_auth("AC" + "c3" * 16, "t")},
        {"Authorization": "Basic !"},
    ):
        status, said = await on_twilio(sandbox, "POST", MESSAGES, text(), headers=headers, lawful=False)
        assert (status, said["code"]) == (401, 20003)
    status, said = await on_twilio(sandbox, "GET", f"/2010-04-01/Accounts/{SID}/Messages/SM{'0' * 32}.json")
    assert (status, said["code"]) == (404, 20404)


FAULTS: list[tuple[dict[str, Any], int]] = [
    ({"type": "rate_limited", "retry_after": 7}, 429),
    ({"type": "broken"}, 503),
    ({"type": "broken", "status": 500, "accept": True}, 500),
]


@pytest.mark.parametrize(("effect", "status"), FAULTS)
async def test_ordered_faults_keep_each_platforms_shape(sandbox: Sandbox, effect: dict[str, Any], status: int) -> None:
    await sandbox.fault(effect)
    assert (await on_x(sandbox, "POST", "/2/tweets", {"text": "a"}))[0] == status
    assert (await on_twilio(sandbox, "POST", MESSAGES, text()))[0] == status


async def test_ordered_refusals_keep_each_platforms_shape(sandbox: Sandbox) -> None:
    await sandbox.fault({"type": "payment"}, times=2)
    assert (await on_x(sandbox, "POST", "/2/tweets", {"text": "a"}))[0] == 402
    assert (await on_twilio(sandbox, "POST", MESSAGES, text()))[1]["code"] == 20005
    await sandbox.fault({"type": "duplicate"}, times=1, match={"platform": "x"})
    assert (await on_x(sandbox, "POST", "/2/tweets", {"text": "never seen"}))[0] == 403
    await sandbox.fault({"type": "refuse", "status": 400, "code": 21614, "message": "not mobile"}, times=2)
    assert (await on_twilio(sandbox, "POST", MESSAGES, text()))[1]["code"] == 21614
    assert (await on_x(sandbox, "POST", "/2/tweets", {"text": "a"}))[0] == 400


async def test_the_check_can_fail(sandbox: Sandbox) -> None:
    """A wrong request and a wrong answer are seen by the documents, so the tests above prove something."""
    with pytest.raises(OpenAPIError):
        await on_x(sandbox, "POST", "/2/tweets", {"text": "a", "reply_settings": "everyone"})
    with pytest.raises(OpenAPIError):
        await on_twilio(sandbox, "POST", MESSAGES.replace(SID, "AC1"), text())
    await sandbox.fault({"type": "html", "status": 503})
    with pytest.raises(OpenAPIError):
        await on_x(sandbox, "GET", "/2/users/me")
    sent = Exchange("POST", MESSAGES, {**BASIC, **FORM}, urlencode(text()).encode())
    with pytest.raises(OpenAPIError):
        sent.check_answer(twilio_document(), 201, "application/json", b'{"sid": "SM1", "status": "enqueued"}')
