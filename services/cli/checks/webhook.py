"""The webhook: does the address that the platform was given lead to the door of receipts?

That door takes POST alone and says so, which costs it nothing. Where that is not the answer (a proxy before it may
refuse GET itself) it is asked as the platform asks, without a signature: it must refuse that with 403, and counts it as
a refused webhook. It is asked from here: a firewall before us is not seen.
"""

import asyncio
from collections.abc import Iterator

import aiohttp
from pydantic import ValidationError

from services.cli.checks.finding import Found, bad, good, mind
from services.dispatch.sms.settings import SmsSettings
from services.receipts.settings import ReceiptsSettings

WAIT_S = 10.0
_POST_ALONE, _REFUSED = 405, 403
_DO = "the proxy before receipts, its certificate, and TOCSIN_RECEIPTS_PUBLIC_URL = TOCSIN_SMS_CALLBACK_URL"


def look() -> Iterator[Found]:
    """The address of delivery reports, and that both rooms were given the same."""
    try:
        callback = SmsSettings().callback_url
    except (ValidationError, OSError):
        return  # `configuration` says it
    if not callback:
        yield mind("webhook", "no delivery reports are asked for, and doubt waits for the look-up",
                   "set TOCSIN_SMS_CALLBACK_URL to the public base address of receipts")  # fmt: skip
        return
    public = _public()
    if public is not None and public.rstrip("/") != callback.rstrip("/"):
        yield bad("webhook", "TOCSIN_SMS_CALLBACK_URL and TOCSIN_RECEIPTS_PUBLIC_URL differ: each report is refused",
                  "set both to the same address, letter by letter")  # fmt: skip
    yield asyncio.run(_ask(callback.rstrip("/")))


def _public() -> str | None:
    try:
        return ReceiptsSettings().public_url
    except (ValidationError, OSError):
        return None


async def _ask(base: str) -> Found:
    url = f"{base}/twilio/reply"
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAIT_S)) as session:
            status = _REFUSED if await _takes_post_alone(session, url) else await _unsigned(session, url)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return bad("webhook", f"{url} does not answer ({type(error).__name__}): no report and no STOP comes", _DO)
    if status != _REFUSED:
        says = f"{url} answers {status} to a request without a signature, and receipts would say {_REFUSED}"
        return bad("webhook", f"{says}: another server stands there", _DO)
    return good("webhook", f"{base} leads to receipts (asked from here, not from outside)")


async def _unsigned(session: aiohttp.ClientSession, url: str) -> int:
    async with session.post(url, data={}, allow_redirects=False) as answer:
        return answer.status


async def _takes_post_alone(session: aiohttp.ClientSession, url: str) -> bool:
    async with session.get(url, allow_redirects=False) as answer:
        return answer.status == _POST_ALONE and answer.headers.get("Allow") == "POST"
