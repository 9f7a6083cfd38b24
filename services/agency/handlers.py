"""The doorway: HTTP requests of agencies, and intake's answers."""

from typing import Any

from aiohttp import web

from schemas.alert import Alert, Refusal
from schemas.base import second_text
from services.agency.keys import Keys
from services.agency.metrics import AgencyMetrics
from services.agency.openapi import DOCUMENT
from services.agency.rate import Rate
from services.agency.service import Agency
from services.agency.store import Post
from services.runtime.decoding import Envelope

#: Bytes of one alert; intake's own limit (DESIGN §4).
LIMIT = 5 * 1024 * 1024


class Handlers:
    """What the door serves and what the room subscribes to."""

    def __init__(self, agency: Agency, keys: Keys, rate: Rate, metrics: AgencyMetrics) -> None:
        """Hand everything to `agency`."""
        self._agency, self._keys, self._rate, self._metrics = agency, keys, rate, metrics

    def application(self) -> web.Application:
        """The public door; nothing else is behind it."""
        application = web.Application(client_max_size=LIMIT)
        application.router.add_post("/alerts", self.post)
        application.router.add_get("/alerts/{source:sha256:[0-9a-f]{64}}", self.status)
        application.router.add_get("/openapi.json", self.document)
        return application

    async def document(self, _request: web.Request) -> web.Response:
        """What this door understands, as OpenAPI 3.1."""
        return web.json_response(DOCUMENT)

    async def post(self, request: web.Request) -> web.Response:
        """One alert, XML or JSON."""
        agency = self._known(request)
        if wait := self._rate.wait(agency):
            raise self._no(web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)}), "too-many")
        data = await self._body(request)
        taken = await self._agency.take(agency, data, request.content_type)
        self._metrics.posts.labels("repeat" if taken.repeated else taken.post.state).inc()
        return web.json_response(_shown(taken.post), status=_STATUS[taken.post.state])

    async def status(self, request: web.Request) -> web.Response:
        """What became of an alert that this agency posted."""
        post = await self._agency.status(self._known(request), request.match_info["source"])
        if post is None:
            raise web.HTTPNotFound(text="you posted nothing with this hash")
        return web.json_response(_shown(post))

    async def accepted(self, record: Alert, _envelope: Envelope) -> None:
        """`alerts.accepted`."""
        await self._agency.accepted(record)

    async def refused(self, record: Refusal, _envelope: Envelope) -> None:
        """`alerts.refused`."""
        await self._agency.refused(record)

    def _known(self, request: web.Request) -> str:
        agency = self._keys.agency(request.headers.get("Authorization"))
        if agency is None:
            challenge = {"WWW-Authenticate": "Bearer"}
            text = "no such API key: send `Authorization: Bearer` and your key"
            raise self._no(web.HTTPUnauthorized(text=text, headers=challenge), "unauthorized")
        return agency

    async def _body(self, request: web.Request) -> bytes:
        try:
            data = await request.read()
        except web.HTTPRequestEntityTooLarge:
            self._metrics.posts.labels("too-large").inc()
            raise
        if not data.strip():
            raise self._no(web.HTTPBadRequest(text="the body is empty: post one CAP alert, XML or JSON"), "empty")
        return data

    def _no(self, error: web.HTTPException, outcome: str) -> web.HTTPException:
        self._metrics.posts.labels(outcome).inc()
        return error


_STATUS = {"accepted": 201, "held": 202, "sent": 202, "refused": 422}


def _shown(post: Post) -> dict[str, Any]:
    return {"source": post.source, "state": post.state, "received": second_text(post.received),
            "status": f"/alerts/{post.source}", **post.answer}  # fmt: skip
