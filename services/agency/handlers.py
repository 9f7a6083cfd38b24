"""The doorway: HTTP requests of agencies, and intake's answers."""

from collections import defaultdict
from typing import Any

from aiohttp import web

from schemas.alert import Alert, Refusal
from schemas.base import second_text
from schemas.broadcast import Held
from schemas.release import Approval, Withheld
from services.agency.keys import Caller, Keys
from services.agency.metrics import AgencyMetrics
from services.agency.openapi import DOCUMENT
from services.agency.rate import Rate
from services.agency.service import Agency, NotYoursError
from services.agency.store import Post
from services.agency.telling import Teller
from services.cap.reading import SIZE_LIMIT
from services.runtime.decoding import Envelope


class Handlers:
    """What the door serves and what the room subscribes to."""

    def __init__(self, agency: Agency, teller: Teller, keys: Keys, rate: Rate, metrics: AgencyMetrics) -> None:
        """Requests go to `agency`, what the rooms say to `teller`."""
        self._agency, self._teller, self._keys, self._rate, self._metrics = agency, teller, keys, rate, metrics

    def application(self) -> web.Application:
        """The public door; nothing else is behind it."""
        application = web.Application(client_max_size=SIZE_LIMIT)
        application.router.add_post("/alerts", self.post)
        application.router.add_get("/alerts/{source:sha256:[0-9a-f]{64}}", self.status)
        application.router.add_get("/openapi.json", self.document)
        return application

    async def document(self, _request: web.Request) -> web.Response:
        """What this door understands, as OpenAPI 3.1."""
        return web.json_response(DOCUMENT)

    async def post(self, request: web.Request) -> web.Response:
        """One alert, XML or JSON."""
        caller = self._known(request)
        if wait := self._rate.wait(caller.agency):
            raise self._no(web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)}), "too-many")
        data = await self._body(request)
        try:
            taken = await self._agency.take(caller, data, request.content_type)
        except NotYoursError as error:
            raise self._no(web.HTTPForbidden(text=str(error)), "forbidden") from None
        self._metrics.posts.labels("repeat" if taken.repeated else taken.post.state).inc()
        return web.json_response(_shown(taken.post), status=_STATUS[taken.post.state])

    async def status(self, request: web.Request) -> web.Response:
        """What became of an alert that this agency posted."""
        post = await self._agency.status(self._known(request).agency, request.match_info["source"])
        if post is None:
            raise web.HTTPNotFound(text="you sent nothing with this hash, or intake has not spoken of it yet")
        return web.json_response(_shown(post))

    async def accepted(self, record: Alert, _envelope: Envelope) -> None:
        """`alerts.accepted`."""
        await self._teller.accepted(record)

    async def refused(self, record: Refusal, _envelope: Envelope) -> None:
        """`alerts.refused`."""
        await self._teller.refused(record)

    async def held(self, record: Held, _envelope: Envelope) -> None:
        """`broadcasts.held`."""
        await self._teller.held(record)

    async def approval(self, record: Approval, _envelope: Envelope) -> None:
        """`approvals`."""
        await self._teller.approval(record)

    async def withheld(self, record: Withheld, _envelope: Envelope) -> None:
        """`broadcasts.withheld`."""
        await self._teller.withheld(record)

    def _known(self, request: web.Request) -> Caller:
        caller = self._keys.caller(request.headers.get("Authorization"))
        if caller is None:
            challenge = {"WWW-Authenticate": "Bearer"}
            text = "no such API key: send `Authorization: Bearer` and your key"
            raise self._no(web.HTTPUnauthorized(text=text, headers=challenge), "unauthorized")
        return caller

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


#: Held, waiting and `sent` are 202: somebody is at it. What is decided is 201, or 422 where nobody will hear it.
_STATUS = defaultdict(
    lambda: 202, {"accepted": 201, "released": 201, "recorded": 201, "refused": 422, "returned": 422, "withheld": 422}
)


def _shown(post: Post) -> dict[str, Any]:
    return {"source": post.source, "state": post.state, "received": second_text(post.received),
            "status": f"/alerts/{post.source}", **{k: v for k, v in post.answer.items() if k != "state"}}  # fmt: skip
