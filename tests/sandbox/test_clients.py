"""The clients that the channels use, against the stand-ins: tweepy's AsyncClient and the twilio package."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import tweepy
from tweepy.asynchronous import AsyncClient
from twilio.base.exceptions import TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from yarl import URL

from tests.sandbox.harness import PHONE, SERVICE, SID, TOKEN, Sandbox, running

pytestmark = pytest.mark.contract


class Redirected:
    """A session that sends tweepy's requests to the stand-in, after they were signed."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._session = sandbox.session
        self._base = URL(sandbox.address)

    def request(self, method: str, url: str, **more: Any) -> Any:
        to = URL(str(url), encoded=True).with_scheme("http").with_host("127.0.0.1").with_port(self._base.port)
        return self._session.request(method, to, **more)


class Pooled(AsyncHttpClient):  # type: ignore[misc] # twilio ships no types
    """The twilio package's transport over the test's session."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True, timeout=10)
        self._sandbox = sandbox

    async def request(self, method: str, url: str, **more: Any) -> Response:
        to = URL(url)
        headers = {**(more["headers"] or {}), "Authorization": aiohttp.encode_basic_auth(*more["auth"])}
        to = to.with_scheme("http").with_host("127.0.0.1").with_port(URL(self._sandbox.address).port)
        async with self._sandbox.session.request(
            method, to, params=more["params"], data=more["data"], headers=headers
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running(tmp_path) as started:
        yield started


@pytest.fixture
def x(sandbox: Sandbox) -> Any:
    client = AsyncClient(consumer_key="k", consumer_secret="ks", access_token="77012-at", access_token_secret="ats")
    client.session = Redirected(sandbox)
    return client


async def test_tweepy_posts_as_the_account_of_its_token_and_reads_it_back(x: Any) -> None:
    assert (await x.get_me(user_auth=True)).data.id == 77012
    made = await x.create_tweet(text="Boil water & wait. https://cdc.gov/boil")
    assert await x.create_tweet(text="More", in_reply_to_tweet_id=made.data["id"])
    page = await x.get_users_tweets(
        77012, user_auth=True, max_results=5, tweet_fields=["created_at", "entities", "referenced_tweets"],
        start_time=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip
    newest, first = page.data
    assert newest.referenced_tweets[0].id == first.id == int(made.data["id"])
    assert first.created_at == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert first.entities["urls"][0]["expanded_url"] == "https://cdc.gov/boil"
    assert (await x.delete_tweet(first.id)).data["deleted"]
    with pytest.raises(tweepy.NotFound):
        await x.delete_tweet(first.id)


async def test_tweepy_reads_every_page(x: Any) -> None:
    for number in range(12):
        await x.create_tweet(text=f"Post {number}")
    seen: list[str] = []
    token = None
    while True:
        page = await x.get_users_tweets(77012, user_auth=True, max_results=5, pagination_token=token)
        seen += [post.text for post in page.data]
        token = page.meta.get("next_token")
        if token is None:
            break
    assert seen == [f"Post {number}" for number in reversed(range(12))]
    newer = await x.get_users_tweets(77012, user_auth=True, since_id=page.data[-1].id, max_results=100)
    assert len(newer.data) == 11


async def test_tweepy_names_the_refusals(sandbox: Sandbox, x: Any) -> None:
    await x.create_tweet(text="a")
    with pytest.raises(tweepy.Forbidden, match="duplicate content"):
        await x.create_tweet(text="a")
    with pytest.raises(tweepy.BadRequest, match="too long"):
        await x.create_tweet(text="a" * 281)
    await sandbox.fault({"type": "rate_limited", "retry_after": 30}, times=1)
    with pytest.raises(tweepy.TooManyRequests) as limited:
        await x.create_tweet(text="b")
    assert limited.value.reset_time == sandbox.clock.ms // 1000 + 30
    await sandbox.fault({"type": "payment"}, times=1)
    with pytest.raises(tweepy.HTTPException) as poor:
        await x.create_tweet(text="b")
    assert poor.value.response.status == 402
    await sandbox.fault({"type": "html", "status": 503, "accept": True}, times=1)
    with pytest.raises(aiohttp.ContentTypeError):
        await x.create_tweet(text="b")
    assert (await sandbox.counts())["posts"] == 2, "the page came after acceptance"


async def test_the_twilio_package_sends_lists_and_reads_errors(sandbox: Sandbox) -> None:
    client = Client(SID, TOKEN, http_client=Pooled(sandbox))
    made = [
        await client.messages.create_async(to=PHONE, messaging_service_sid=SERVICE, body=f"Text {number}")
        for number in range(5)
    ]
    assert made[0].status == "accepted"
    await client.messages.create_async(to="+12025550199", from_="+12025550100", body="Another")
    sandbox.clock.advance(1)
    for bounds in (
        {"date_sent": datetime(2026, 11, 22, tzinfo=UTC)},
        {"date_sent_after": datetime(2026, 11, 22, 12, tzinfo=UTC)},
        {"date_sent_before": datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC)},
    ):
        found = await client.messages.list_async(to=PHONE, page_size=2, **bounds)
        assert [message.sid for message in found] == [message.sid for message in reversed(made)]
    after = await client.messages.list_async(to=PHONE, date_sent_after=datetime(2026, 11, 22, 12, 0, 2, tzinfo=UTC))
    assert after == []
    assert (await client.messages(made[0].sid).fetch_async()).status == "delivered"
    with pytest.raises(TwilioRestException) as refused:
        await client.messages.create_async(to="+15005550009", messaging_service_sid=SERVICE, body="a")
    assert (refused.value.status, refused.value.code) == (400, 21614)
    stranger = Client("AC" + "c3" * 16, TOKEN, SID, http_client=Pooled(sandbox))
    with pytest.raises(TwilioRestException) as wrong:
        await stranger.messages(made[0].sid).fetch_async()
    assert (wrong.value.status, wrong.value.code) == (401, 20003)
