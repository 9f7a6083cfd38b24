"""What every webhook goes through: size, form, signature; and what becomes of a failure."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict
from structlog.stdlib import get_logger

from services.receipts.metrics import ReceiptsMetrics
from services.receipts.signature import HEADER, Signatures
from services.receipts.statuses import MalformedError

log = get_logger(__name__)
#: Twilio's callbacks have about a dozen parameters and 600 bytes, an inbound text of 1,600 characters some 10 kB.
MAX_BODY = 65_536
MAX_FIELDS = 200
READ_S = 10.0
#: A wrong public URL refuses everything: worth a line in the log, but not one for each.
WARN_EVERY_S = 60.0

Take = Callable[[web.Request, MultiDict[str]], Awaitable[web.Response]]


class Webhook:
    """Guards a handler."""

    def __init__(self, signatures: Signatures, metrics: ReceiptsMetrics, clock: Callable[[], float]) -> None:
        """`clock` counts seconds."""
        self._signatures, self._metrics, self._clock = signatures, metrics, clock
        self._warned: float | None = None

    async def __call__(self, request: web.Request, take: Take) -> web.Response:
        """Give the fields of a request that Twilio signed to `take`; 400, 403, 408, 413 or 503 otherwise."""
        try:
            fields = await _fields(request)
            if not self._signatures.fits(request.raw_path, fields, request.headers.get(HEADER)):
                return self._not_signed()
            return await take(request, fields)
        except (MalformedError, web.HTTPException) as error:
            self._metrics.refused("malformed")
            return web.Response(status=error.status if isinstance(error, web.HTTPException) else 400)
        except Exception as error:  # noqa: BLE001 - nothing was taken: Twilio must hear so, and call again
            log.error("webhook.unavailable", error=type(error).__name__)  # noqa: TRY400 - a trace could name a number
            self._metrics.refused("unavailable")
            return web.Response(status=503)

    def _not_signed(self) -> web.Response:
        self._metrics.refused("signature")
        now = self._clock()
        if self._warned is None or now - self._warned >= WARN_EVERY_S:
            self._warned = now
            log.warning("webhook.signature", base=self._signatures.base, do="is this the base that Twilio calls?")
        return web.Response(status=403)


async def _fields(request: web.Request) -> MultiDict[str]:
    try:
        async with asyncio.timeout(READ_S):
            body = await request.read()
        return MultiDict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except ValueError:
        raise MalformedError("the body is no form") from None
