"""The private JSON door over HTTP on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from schemas.words import Channel, State
from services.record.routes import Routes
from services.runtime.doors import private_application
from tests.record.world import World, alert, broadcast, release, rows, world
from tests.support import trust
from tests.support.trust import LINEAGE, NOW

pytestmark = pytest.mark.contract


@asynccontextmanager
async def door(folder: Path) -> AsyncIterator[tuple[World, "TestClient[Any, Any]"]]:
    with world(folder) as w:
        application = private_application(w.registry, list, Routes(w.store, w.clock).all())
        async with TestClient(TestServer(application)) as client:
            yield w, client


async def get(client: "TestClient[Any, Any]", path: str, status: int = 200) -> Any:
    answer = await client.get(path)
    assert answer.status == status, await answer.text()
    return await answer.json()


async def test_status_of_one_alert(tmp_path: Path) -> None:
    async with door(tmp_path) as (w, client):
        found = broadcast()
        await w.feed(alert())
        await w.feed(release(found))
        await w.feed(rows(found, {"a" * 32: State.DELIVERED, "b" * 32: State.UNKNOWN}))
        await w.feed(rows(found, {"c" * 32: State.SENT}, channel=Channel.X))
        seen = await get(client, f"/alerts/{LINEAGE}")
        assert seen["state"] == "released"
        assert seen["deliveries"] == {"sms": {"delivered": 1, "unknown": 1}, "x": {"sent": 1}}
        assert seen["kinds"]["sms"] == {"alert": {"delivered": 1, "unknown": 1}}
        assert "no alert" in (await get(client, "/alerts/nobody", 404))["error"]
        kept = await get(client, f"/broadcasts/{LINEAGE}")
        assert kept["broadcast"] == trust.text_of(found)
        assert "released" in (await get(client, "/broadcasts/nobody", 404))["error"]
        assert (await get(client, "/latency"))["latency"][0]["seconds"]["released"] == 120


async def test_alerts_newest_first_page_by_page(tmp_path: Path) -> None:
    async with door(tmp_path) as (w, client):
        for number in range(7):
            await w.feed(alert(f"line-{number}", received=NOW + timedelta(seconds=number // 2)))
        await w.feed(alert("line-3", version=2, received=NOW + timedelta(seconds=9)))
        seen, path = [], "/alerts?limit=3"
        while path:
            page = await get(client, path)
            seen += [(each["lineage"], each["version"], each["state"]) for each in page["alerts"]]
            path = f"/alerts?limit=3&before={page['next']}" if page["next"] else ""
        assert [name for name, _, _ in seen] == [f"line-{n}" for n in (3, 6, 5, 4, 2, 1, 0)]
        assert seen[0] == ("line-3", 2, "accepted")


async def test_deliveries_by_state_and_page(tmp_path: Path) -> None:
    async with door(tmp_path) as (w, client):
        found = broadcast()
        states = {f"{number:032x}": State.SENT if number % 2 else State.FAILED for number in range(10)}
        await w.feed(rows(found, states))
        page = await get(client, f"/deliveries/{LINEAGE}?state=sent&channel=sms&limit=3")
        rest = await get(client, f"/deliveries/{LINEAGE}?state=sent&limit=3&after={page['next']}")
        assert [row["id"] for row in page["deliveries"] + rest["deliveries"]] == [f"{n:032x}" for n in (1, 3, 5, 7, 9)]
        assert rest["next"] is None
        assert "state is one of" in (await get(client, f"/deliveries/{LINEAGE}?state=lost", 400))["error"]
        for limit in ("0", "1001", "-1", "ten", "٣"):
            assert (await client.get(f"/alerts?limit={limit}")).status == 400


async def test_lists_are_there_from_the_start(tmp_path: Path) -> None:
    async with door(tmp_path) as (_, client):
        assert await get(client, "/alerts") == {"alerts": [], "next": None}
        assert await get(client, "/alarms") == {"alarms": []}
        assert await get(client, "/refusals") == {"refusals": []}
        assert await get(client, "/parked") == {"parked": []}
        assert await get(client, "/latency") == {"latency": []}
