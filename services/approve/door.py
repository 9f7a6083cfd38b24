"""Private JSON: what waits, one digest, one lineage. For the command line and the board; never a public port."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from aiohttp import web

from services.approve.showing import Showing
from services.runtime.clock import Clock
from services.runtime.store import Store

Show = Callable[[sa.Connection, datetime, str], list[dict[str, Any]]]
#: With or without `sha256:`, eight digits or more: fewer would sooner or later name two.
_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})")


class PrivateDoor:
    """GET /pending, /digests/{prefix}, /lineages/{lineage}, /held/{prefix}."""

    def __init__(self, store: Store, showing: Showing, clock: Clock) -> None:
        """Read from `store`."""
        self._store, self._showing, self._clock = store, showing, clock

    def routes(self) -> list[web.RouteDef]:
        """What the private door adds."""
        return [
            web.get("/pending", self._pending),
            web.get("/digests/{prefix}", self._digest),
            web.get("/lineages/{lineage}", self._lineage),
            web.get("/held/{prefix}", self._held),
        ]

    async def _pending(self, _request: web.Request) -> web.Response:
        return web.json_response(await self._store.transact(self._showing.pending, self._clock.now()))

    async def _digest(self, request: web.Request) -> web.Response:
        return await self._under(request, self._showing.by_prefix)

    async def _held(self, request: web.Request) -> web.Response:
        return await self._under(request, self._showing.held_by_prefix)

    async def _under(self, request: web.Request, show: Show) -> web.Response:
        """200 with the list of what the prefix names, 400 when it is no digest's beginning."""
        match = _PREFIX.fullmatch(request.match_info["prefix"].lower())
        if match is None:
            return web.json_response({"says": "a digest is sha256: and hex digits; give 8 or more of them"}, status=400)
        prefix = f"sha256:{match[1]}"
        return web.json_response(await self._store.transact(show, self._clock.now(), prefix))

    async def _lineage(self, request: web.Request) -> web.Response:
        lineage = request.match_info["lineage"]
        return web.json_response(await self._store.transact(self._showing.lineage, self._clock.now(), lineage))
