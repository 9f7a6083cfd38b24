"""One call from Twilio to us, with Twilio's retries.

The URL's fragment overrides them (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides): `rc`
retries (0 to 5, default 1), `rp` on what (`ct`, `rt`, `4xx`, `5xx`, `all`, default `ct`), `ct`, `rt` and `tt`
milliseconds to connect, to answer, and in all. The fragment itself is neither sent nor signed. Between tries pass
half a second, then twice as long each time: Twilio does not say how long it waits.
"""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from services.sandbox.twilio.signature import signature
from services.sandbox.world import Sleep

_FIRST_PAUSE_S: Final = 0.5
_MAX_RETRIES: Final = 5
_MAX_MS: Final = 15_000


@dataclass(frozen=True, slots=True)
class Overrides:
    """How hard one webhook is tried. Times in seconds."""

    retries: int = 1
    on: frozenset[str] = frozenset({"ct"})
    connect_s: float = 5.0
    read_s: float = 15.0
    total_s: float = 15.0

    def again(self, failure: str) -> bool:
        """Whether this kind of failure is tried again."""
        return failure in self.on or "all" in self.on


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: the last status (None: no answer), the body, the tries."""

    status: int | None
    body: str
    tries: int

    @property
    def taken(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and self.status < 300  # noqa: PLR2004 - HTTP status


class ForbiddenTargetError(ValueError):
    """A webhook that would leave this machine (or the hosts that the settings name)."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"the sandbox calls loopback only, and {host} is not: use 127.0.0.1, set TOCSIN_SANDBOX_DELIVER_TO, "
            "or name a private host in TOCSIN_SANDBOX_HOSTS"
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls webhooks over one session, inside the bounds of the settings."""

    session: aiohttp.ClientSession
    sleep: Sleep
    deliver_to: str | None
    allowed_hosts: frozenset[str]

    async def call(self, url: str, parameters: Mapping[str, str], token: str) -> Outcome:
        """Sign and post `parameters`; raise `ForbiddenTargetError` before anything leaves."""
        bare, fragment = urldefrag(url)
        target = self._target(bare)
        overrides = read_overrides(fragment)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": signature(token, bare, parameters),
        }
        body = urlencode(parameters).encode()
        spent, pause, outcome = 0.0, _FIRST_PAUSE_S, Outcome(None, "", 0)
        for tries in range(1, overrides.retries + 2):
            failure, outcome = await self._once(target, body, headers, overrides, tries)
            if failure is None or not overrides.again(failure) or spent + pause > overrides.total_s:
                break
            if tries <= overrides.retries:
                await self.sleep(pause)
                spent, pause = spent + pause, pause * 2
        return outcome

    async def _once(
        self, target: URL, body: bytes, headers: Mapping[str, str], overrides: Overrides, tries: int
    ) -> tuple[str | None, Outcome]:
        timeout = aiohttp.ClientTimeout(overrides.total_s, sock_connect=overrides.connect_s, sock_read=overrides.read_s)
        try:
            async with self.session.post(
                target, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                return _failure(answer.status), Outcome(answer.status, await answer.text(errors="replace"), tries)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return "ct", Outcome(None, "", tries)
        except (aiohttp.ClientError, TimeoutError):
            return "rt", Outcome(None, "", tries)

    def _target(self, bare: str) -> URL:
        if self.deliver_to is not None:
            to, given = urlsplit(self.deliver_to), urlsplit(bare)
            bare = urlunsplit((to.scheme, to.netloc, given.path, given.query, ""))
        host = (urlsplit(bare).hostname or "").lower()
        if not (_all(host, loopback=True) if host not in self.allowed_hosts else _all(host, loopback=False)):
            raise ForbiddenTargetError(host)
        return URL(bare, encoded=True)


def read_overrides(fragment: str) -> Overrides:
    """Read a URL's fragment; what it does not say, or says wrongly, stays as Twilio has it."""
    given = dict(parse_qsl(fragment))
    return Overrides(
        retries=_bounded(given.get("rc"), 0, _MAX_RETRIES, 1),
        on=frozenset(given.get("rp", "ct").split(",")),
        connect_s=_bounded(given.get("ct"), 100, 10_000, 5_000) / 1000,
        read_s=_bounded(given.get("rt"), 100, _MAX_MS, _MAX_MS) / 1000,
        total_s=_bounded(given.get("tt"), 100, _MAX_MS, _MAX_MS) / 1000,
    )


def _bounded(value: str | None, low: int, high: int, default: int) -> int:
    return int(value) if value is not None and value.isdigit() and low <= int(value) <= high else default


def _failure(status: int) -> str | None:
    return None if status < 400 else f"{status // 100}xx"  # noqa: PLR2004 - HTTP status


@lru_cache(maxsize=256)
def _all(host: str, *, loopback: bool) -> bool:
    """Whether every address of `host` is loopback, or else private."""
    try:
        addresses = [ipaddress.ip_address(host)]
    except ValueError:
        try:
            addresses = [ipaddress.ip_address(found[4][0]) for found in socket.getaddrinfo(host, None)]
        except OSError:
            return False
    return all(address.is_loopback if loopback else address.is_private for address in addresses)
