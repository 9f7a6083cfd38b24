"""The two webhooks. A 2xx means that what was said stands in the store."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web
from multidict import MultiDict

from schemas.delivery import Receipt
from services.receipts.gathering import Gatherer
from services.receipts.metrics import ReceiptsMetrics
from services.receipts.replies import Incoming, Replies
from services.receipts.statuses import MalformedError, receipt_of
from services.receipts.webhook import MAX_BODY, Webhook

TOKEN_HEADER = "I-Twilio-Idempotency-Token"  # noqa: S105 - the name of a header


class Handlers:
    """Twilio's side of the public door."""

    def __init__(
        self,
        *,
        webhook: Webhook,
        gatherer: Gatherer[Receipt],
        replies: Replies,
        metrics: ReceiptsMetrics,
        now: Callable[[], datetime],
    ) -> None:
        self._webhook, self._gatherer, self._replies, self._metrics, self._now = (
            webhook, gatherer, replies, metrics, now,
        )  # fmt: skip

    def application(self) -> web.Application:
        """The public door; nothing else is behind it."""
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_post("/twilio/status/{delivery:[0-9a-f]{32}}", self.status)
        application.router.add_post("/twilio/reply", self.reply)
        return application

    async def status(self, request: web.Request) -> web.Response:
        """A delivery report."""
        return await self._webhook(request, self._take_status)

    async def reply(self, request: web.Request) -> web.Response:
        """Somebody answered a text."""
        return await self._webhook(request, self._take_reply)

    async def _take_status(self, request: web.Request, fields: MultiDict[str]) -> web.Response:
        report = receipt_of(request.match_info["delivery"], fields, self._now())
        if report is None:
            self._metrics.ignored()
        else:
            await self._gatherer.add(report)
        return web.Response(status=204)

    async def _take_reply(self, request: web.Request, fields: MultiDict[str]) -> web.Response:
        message = fields.get("MessageSid") or fields.get("SmsSid") or request.headers.get(TOKEN_HEADER)
        number = fields.get("From")
        if not message or not number:
            raise MalformedError("a reply without MessageSid or From")
        incoming = Incoming(message, number, fields.get("Body", ""), fields.get("OptOutType") or None)
        twiml = await self._replies.answer(incoming)
        return web.Response(text=twiml, content_type="text/xml", charset="utf-8")
