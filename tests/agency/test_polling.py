"""A feed on loopback: conditional requests, each alert once, and the first time only what is in force, held."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web
from prometheus_client import CollectorRegistry

from schemas.words import Realm
from services.agency.feeds import FeedError, links
from services.agency.metrics import AgencyMetrics
from services.agency.polling import FIRST_POLL_HEADER, Poller
from services.agency.store import METADATA, OUTBOX
from services.intake.metrics import Outcome
from services.runtime.doors import Door
from services.runtime.outbox import Outbox
from services.runtime.store import Store, sqlite_url
from tests.dispatch.proxies import proxying
from tests.dispatch.servers import until
from tests.intake.desk import Desk, Hands, message, rules

pytestmark = pytest.mark.contract


class Site:
    """A publisher's web site: a feed and its alerts, and what was asked for."""

    def __init__(self) -> None:
        self.alerts = {"a": message("a"), "old": message("old", expires="2026-11-24T14:00:30-00:00")}
        self.asked: list[tuple[str, str | None]] = []
        self.base = ""

    async def feed(self, request: web.Request) -> web.Response:
        tag = f'"{len(self.alerts)}"'
        self.asked.append(("feed", request.headers.get("If-None-Match")))
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        entries = "".join(
            f'<entry><link href="/page/{name}"/><link type="application/cap+xml" href="/cap/{name}"/></entry>'
            for name in self.alerts
        )
        away = '<entry><link type="application/cap+xml" href="http://elsewhere.example/x"/></entry>'
        text = f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}{away}</feed>'
        return web.Response(text=text, headers={"ETag": tag}, content_type="application/atom+xml")

    async def cap(self, request: web.Request) -> web.Response:
        self.asked.append((request.match_info["name"], None))
        return web.Response(body=self.alerts[request.match_info["name"]], content_type="application/cap+xml")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site, application = Site(), web.Application()
    application.add_routes([web.get("/feed", site.feed), web.get("/cap/{name}", site.cap)])
    door = Door(application, "127.0.0.1", 0)
    site.base = await door.start()
    yield site
    await door.stop()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(sqlite_url(tmp_path / "agency.db"), METADATA)


def poller(store: Store, site: Site) -> Poller:
    clock, metrics = Hands(), AgencyMetrics(CollectorRegistry())
    feeds = (f"{site.base}/feed",)
    return Poller(store, Outbox(store, OUTBOX, clock, Realm.LIVE), Realm.LIVE, feeds, 60, clock.now, metrics)


async def test_a_feed_may_stand_behind_a_proxy(store: Store, site: Site) -> None:
    async with proxying() as proxy:
        running = asyncio.create_task(replace(poller(store, site), proxy=proxy.address).run())
        await until(lambda: len(sent(store)) == 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert proxy.heads[0].startswith(f"GET {site.base}/feed HTTP".encode())


def sent(store: Store) -> list[tuple[bytes, dict[str, str]]]:
    with store.begin() as connection:
        rows = connection.execute(sa.select(OUTBOX.c.value, OUTBOX.c.headers).order_by(OUTBOX.c.id)).all()
    return [(row.value, row.headers) for row in rows]


async def test_the_first_poll_takes_what_is_in_force_and_later_ones_what_is_new(store: Store, site: Site) -> None:
    polling = poller(store, site)
    async with aiohttp.ClientSession() as session:
        assert await polling.poll(session, polling.feeds[0]) == 1
        assert await polling.poll(session, polling.feeds[0]) == 0
        site.alerts["b"] = message("b", 1)
        assert await polling.poll(session, polling.feeds[0]) == 1
    assert site.asked == [("feed", None), ("a", None), ("old", None), ("feed", '"2"'), ("feed", '"2"'), ("b", None)]
    assert [(data, FIRST_POLL_HEADER in headers) for data, headers in sent(store)] == [
        (message("a"), True), (message("b", 1), False),
    ]  # fmt: skip
    store.close()


async def test_a_feed_that_fails_is_asked_again(store: Store, site: Site) -> None:
    polling = poller(store, site)
    async with aiohttp.ClientSession() as session:
        assert await polling.poll(session, f"{site.base}/nothing") == 0
        assert await polling.poll(session, f"{site.base}/cap/a") == 0
    assert polling.metrics.polls.labels("failed")._value.get() == 1
    store.close()


async def test_the_oldest_reading_counts_and_what_has_not_changed_is_read(store: Store, site: Site) -> None:
    polling = replace(poller(store, site), feeds=(f"{site.base}/feed", f"{site.base}/nothing"))
    hands, metrics = polling.now.__self__, polling.metrics  # type: ignore[attr-defined]  # a method of the clock's
    shown = metrics.feeds_read._value.get
    assert math.isnan(shown()), "a house without feeds waits for none"
    polling.begin()
    begun = shown()
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            hands.forward(60)
            for feed in polling.feeds:
                await polling.poll(session, feed)
    assert shown() == begun, "the other one was never read"
    assert (metrics.polls.labels("read")._value.get(), metrics.polls.labels("failed")._value.get()) == (2, 2)
    del polling._read[polling.feeds[1]]
    async with aiohttp.ClientSession() as session:
        await polling.poll(session, polling.feeds[0])
    assert site.asked[-1] == ("feed", '"2"'), "the answer was 304"
    assert shown() == begun + 120


async def test_intake_holds_what_came_by_a_first_poll(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert await desk.take(message("a"), headers={FIRST_POLL_HEADER: "1"}) == [Outcome.HOLD]
    assert rules(desk.alerts()[0]) == {"first-poll"}


def test_rss_and_what_is_no_feed() -> None:
    rss = b"<rss><channel><item><link> /cap/1 </link></item><item><link>https://x.example/cap/1</link></item></channel></rss>"
    assert links(rss, "https://x.example/feed") == ["https://x.example/cap/1"]
    with pytest.raises(FeedError):
        links(b"<feed", "https://x.example/feed")


def test_a_link_that_is_no_address_costs_its_entry_and_not_the_feed() -> None:
    """Found by fuzzing: a bracket in a host's name made the whole feed unreadable."""
    bad = '<entry><link href="https://feeds.examp[le/cap/2"/></entry>'
    good = '<entry><link href="/cap/1"/></entry>'
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom">{bad}{good}</feed>'
    assert links(feed.encode(), "https://feeds.example/all") == ["https://feeds.example/cap/1"]


def test_a_feed_read_over_tls_leads_nowhere_without_it() -> None:
    feed = b"<rss><channel><item><link>http://x.example/cap/1?a=b</link></item></channel></rss>"
    assert links(feed, "https://x.example/feed") == ["https://x.example/cap/1?a=b"]
    assert links(feed, "http://x.example/feed") == ["http://x.example/cap/1?a=b"]
