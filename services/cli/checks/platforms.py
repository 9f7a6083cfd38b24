"""The platforms as seen from here: are the credentials taken, by a call that costs nothing; and what time is it.

Settings come from the environment of whoever asks; a room's own word is in its readiness (see `running`).
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast

import aiohttp
from pydantic import ValidationError

from services.cli.checks.finding import Found, bad, good
from services.dispatch.port import Probe
from services.dispatch.settings import DispatchSettings
from services.dispatch.sms.service import SmsChannel
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.x.service import XChannel
from services.dispatch.x.settings import XSettings
from services.phonebook.book import Phonebook
from services.runtime import proxy

WAIT_S = 10.0
#: Beyond it signatures and alerts are judged at a wrong time (the alert TocsinClockWrong).
SKEW_S = 2.0
_RENEW = "renew them in TOCSIN_{}_… (or the file that …_FILE names), then start the room again"
_WAIT = "the credentials are not what is wrong: see the platform's status page; what is planned waits"
_WAY = "is it up (its status page), and is the way to it open?"
_PROXY = "is the proxy of TOCSIN_{}_PROXY up, does it take its credentials, and does it let us through to there?"
_CLOCK = "set this machine's clock (with containers: the host's): timedatectl set-ntp true, or chrony"


def look() -> Iterator[Found]:
    """Each channel that has settings here."""
    for channel, kind in (("sms", SmsSettings), ("x", XSettings)):
        try:
            settings = kind()
        except (ValidationError, OSError):
            continue  # `configuration` says it
        yield from asyncio.run(_ask(channel, settings))


async def _ask(channel: str, settings: SmsSettings | XSettings) -> list[Found]:
    return [await _credentials(channel, settings), *await _clock(channel, settings)]


async def _credentials(channel: str, settings: SmsSettings | XSettings) -> Found:
    try:
        async with asyncio.timeout(WAIT_S):
            found = await _probe(settings)
    except Exception as error:  # noqa: BLE001 - whatever a platform or the way to it does is an answer
        says = f"{settings.base_url} does not answer ({type(error).__name__})"
        return bad(f"dispatch/{channel}", says, _PROXY.format(channel.upper()) if settings.proxy else _WAY)
    if not found.ok:
        do = _RENEW.format(channel.upper()) if "refuses the credentials" in found.says else _WAIT
        return bad(f"dispatch/{channel}", found.says, do)
    return good(f"dispatch/{channel}", f"its credentials are taken: {found.says}")


async def _probe(settings: SmsSettings | XSettings) -> Probe:
    if isinstance(settings, XSettings):
        channel: XChannel | SmsChannel = XChannel(settings)
    else:
        channel = SmsChannel(settings, cast("Phonebook", None))  # a probe needs nobody's number
    await channel.open()
    try:
        return await channel.probe()
    finally:
        await channel.close()


async def _clock(channel: str, settings: DispatchSettings) -> list[Found]:
    """By the Date of any answer; nothing where none comes, for that is said already."""
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WAIT_S)) as session:
            before = datetime.now(UTC)
            async with session.get(
                settings.base_url, allow_redirects=False, proxy=proxy.address(settings.proxy)
            ) as answer:
                after, date = datetime.now(UTC), answer.headers.get("Date")
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return []
    return [clock(f"the platform of {channel}", parsedate_to_datetime(date), before, after)] if date else []


def clock(whose: str, theirs: datetime, before: datetime, after: datetime) -> Found:
    """What `theirs` (whole seconds), told between `before` and `after` by our clock, says of our clock."""
    late = (theirs - after).total_seconds()  # they are at least so far ahead
    early = (before - theirs).total_seconds() - 1  # we are at least so far ahead; a Date is cut to its second
    off = max(late, early)
    if off > SKEW_S:
        word = "behind" if late > early else "ahead of"
        return bad("clock", f"this clock is {off:.0f} s {word} that of {whose}", _CLOCK)
    return good("clock", f"within {SKEW_S:g} s of {whose}")
