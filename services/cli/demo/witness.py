"""What the platforms themselves have: posts and texts, counted by the sandbox and not by us."""

from typing import Any

import aiohttp

from services.cli.errors import Code, fail

_TIMEOUT = aiohttp.ClientTimeout(total=10)


class Witness:
    """The sandbox's own count, from one moment on."""

    def __init__(self, address: str) -> None:
        """`address` is the sandbox's public door."""
        self.address = address

    async def counts(self, since_ms: int) -> dict[str, Any]:
        """Totals of all that was accepted since."""
        return dict(await self._get(f"/_sandbox/counts?since={since_ms}"))

    async def messages(self, since_ms: int) -> dict[str, list[dict[str, Any]]]:
        """Every text and post accepted since, oldest first."""
        return dict(await self._get(f"/_sandbox/messages?since={since_ms}&limit=100000"))

    async def _get(self, path: str) -> Any:  # noqa: ANN401 - the sandbox's own JSON
        try:
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(self.address + path) as answer:
                answer.raise_for_status()
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            fail(f"the sandbox does not answer at {self.address} ({type(error).__name__})", Code.MISSING)
