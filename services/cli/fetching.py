"""Alerts from the web: each address of a list, fetched once, as large as intake takes and no larger."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp

from services.cap.reading import SIZE_LIMIT
from services.cli.errors import Code, fail

_TIMEOUT = aiohttp.ClientTimeout(total=30)


def addresses(path: Path) -> list[str]:
    """Those of a file, or of standard input for `-`: one a line; empty lines and lines with # are left out."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path} cannot be read ({type(error).__name__}): give a file with one address a line", Code.WRONG)
    found = list(dict.fromkeys(_lines(text)))
    if wrong := [one for one in found if not one.startswith(("https://", "http://"))]:
        fail(f"{wrong[0]} is no address: one http(s)://… a line", Code.WRONG)
    if not found:
        fail(f"{path} holds no address: one http(s)://… a line", Code.WRONG)
    return found


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


async def fetch(url: str) -> bytes:
    """What stands there. Redirects are not followed: they lead elsewhere than the list says."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(url, allow_redirects=False, raise_for_status=True) as answer,
        ):
            if answer.status != 200:  # noqa: PLR2004 - HTTP's own number
                fail(f"{url} answers {answer.status}: give the address of the alert itself", Code.MISSING)
            data = b"".join([part async for part in _limited(answer)])
    except aiohttp.ClientResponseError as error:
        fail(f"{url} answers {error.status}", Code.MISSING)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        fail(f"{url} cannot be fetched ({type(error).__name__})", Code.MISSING)
    if len(data) > SIZE_LIMIT:
        fail(f"{url} has more than {SIZE_LIMIT:,} bytes, and no alert has", Code.WRONG)
    if not data.strip():
        fail(f"{url} is empty", Code.WRONG)
    return data


async def _limited(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    seen = 0
    async for part in answer.content.iter_chunked(65_536):
        seen += len(part)
        yield part
        if seen > SIZE_LIMIT:
            return
