"""The yardstick: nothing but POSTs of a text's body, 256 at once, by a client that is asked for nothing more.

`python -m tests.bench.bare aiohttp|lean|twilio ADDRESS NUMBER` prints microseconds of CPU for each.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from services.dispatch.lean import LeanPoster
from services.dispatch.posting import Answer, Target
from services.dispatch.sms.request import Bodies
from services.dispatch.transport import Limits
from tests.support.fleet import SERVICE, SID, TOKEN

AT_ONCE, WARM = 256, 1024
TEXT = "Text: alert ffffff v1r1"
Post = Callable[[bytes], Awaitable[object]]


def target(address: str) -> Target:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
        "Authorization": aiohttp.encode_basic_auth(SID, TOKEN),
    }  # fmt: skip
    return Target(f"{address}/2010-04-01/Accounts/{SID}/Messages.json", headers)


async def with_aiohttp(address: str) -> Post:
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE))
    there = target(address)

    async def post(body: bytes) -> None:
        async with session.post(there.url, data=body, headers=there.headers) as answer:
            assert answer.status == 201
            await answer.read()

    return post


async def with_lean(address: str) -> Post:
    poster = LeanPoster(target(address), Limits(AT_ONCE, 10))

    async def post(body: bytes) -> None:
        answer = await poster.post(body, lambda: True)
        assert isinstance(answer, Answer)
        assert answer.status == 201

    return post


def messages_of(address: str) -> Any:
    """The vendor's own client as it comes, with its pool, on its way to `address`."""
    http = AsyncTwilioHttpClient()
    messages = Client(SID, TOKEN, http_client=http).messages
    send = http.request

    async def here(method: str, url: str, *args: object, **more: object) -> object:
        return await send(method, url.replace("https://api.twilio.com", address), *args, **more)

    http.request = here
    return messages


async def with_twilio(address: str) -> Post:
    messages = messages_of(address)

    async def post(body: bytes) -> None:
        made = await messages.create_async(
            to="+12025550123", messaging_service_sid=SERVICE, body=TEXT, validity_period=3600
        )
        assert made.sid.startswith("SM")

    return post


async def measure(post: Post, number: int) -> float:
    """Microseconds of CPU for each of `number` posts."""
    now = datetime.now(UTC)
    bodies = Bodies(SERVICE, None, None)
    made = iter(
        [
            bodies.body(f"+1202555{n % 10_000:04d}", TEXT, "", now + timedelta(hours=6), now)
            for n in range(number + WARM)
        ]
    )

    async def work(share: int) -> None:
        for _ in range(share):
            await post(next(made))

    await asyncio.gather(*(work(WARM // AT_ONCE) for _ in range(AT_ONCE)))
    began = time.process_time()
    await asyncio.gather(*(work(number // AT_ONCE) for _ in range(AT_ONCE)))
    return (time.process_time() - began) * 1e6 / (number // AT_ONCE * AT_ONCE)


async def main(client: str, address: str, number: str) -> None:
    make = {"aiohttp": with_aiohttp, "lean": with_lean, "twilio": with_twilio}[client]
    print(await measure(await make(address), int(number)), flush=True)
    os._exit(0)  # the sessions are left as they stand


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
