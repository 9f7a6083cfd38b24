"""The private JSON door's paths."""

from collections.abc import Awaitable, Callable

import sqlalchemy as sa
from aiohttp import web

from schemas.words import Channel, Kind, State
from services.record import views
from services.record.views import Json
from services.runtime.clock import Clock
from services.runtime.store import Store

PAGE, LONGEST_PAGE = 50, 1000
FILTERS: dict[str, frozenset[str]] = {
    "state": frozenset(State),
    "channel": frozenset(Channel),
    "kind": frozenset(Kind),
}


class Routes:
    """Answers from the projection."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Read from `store`."""
        self._store, self._clock = store, clock

    def all(self) -> list[web.RouteDef]:
        """What `app.py` adds to the private door."""
        return [
            web.get("/alerts", self.alerts),
            web.get("/alerts/{lineage}", self.alert),
            web.get("/broadcasts/{lineage}", self.broadcast),
            web.get("/deliveries/{lineage}", self.deliveries),
            web.get("/alarms", self.alarms),
            web.get("/refusals", self._limited(views.refusals)),
            web.get("/readings", self._limited(views.readings)),
            web.get("/parked", self._limited(views.parked)),
            web.get("/latency", self._limited(views.latencies)),
        ]

    async def alerts(self, request: web.Request) -> web.Response:
        """`?limit=50&before=…`."""
        before = request.query.get("before")
        return web.json_response(await self._store.transact(views.alerts, self._clock.now(), _limit(request), before))

    async def alert(self, request: web.Request) -> web.Response:
        """One lineage."""
        lineage = request.match_info["lineage"]
        return _or_404(await self._store.transact(views.alert, lineage, self._clock.now()), "no alert of this lineage")

    async def broadcast(self, request: web.Request) -> web.Response:
        """The newest released Broadcast of a lineage, as signed."""
        found = await self._store.transact(views.broadcast, request.match_info["lineage"])
        return _or_404(found, "nothing of this lineage was released")

    async def deliveries(self, request: web.Request) -> web.Response:
        """`?state=…&channel=…&kind=…&limit=50&after=…`."""
        wanted = {name: request.query[name] for name in FILTERS if name in request.query}
        wrong = [f"{name} is one of {', '.join(sorted(FILTERS[name]))}" for name in wanted if _unknown(name, wanted)]
        if wrong:
            return web.json_response({"error": "; ".join(wrong)}, status=400)
        lineage, after = request.match_info["lineage"], request.query.get("after", "")
        return web.json_response(await self._store.transact(views.deliveries, lineage, wanted, _limit(request), after))

    async def alarms(self, _request: web.Request) -> web.Response:
        """What is wrong now."""
        return web.json_response(await self._store.transact(views.alarms, self._clock.now()))

    def _limited(self, view: Callable[[sa.Connection, int], Json]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            return web.json_response(await self._store.transact(view, _limit(request)))

        return answer


def _unknown(name: str, wanted: dict[str, str]) -> bool:
    return wanted[name] not in FILTERS[name]


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", str(PAGE))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LONGEST_PAGE):
        raise web.HTTPBadRequest(text=f"limit is a number from 1 to {LONGEST_PAGE}")
    return int(text)


def _or_404(found: Json | None, says: str) -> web.Response:
    return web.json_response(found) if found is not None else web.json_response({"error": says}, status=404)
