"""The hot path's interface: POST one body to one address, asked for its permit right before the first byte.

Two implementations, chosen by one setting, that pass the same contract and fault tests: `transport.AiohttpPoster` on
the pooled aiohttp session, and `lean.LeanPoster`, an HTTP/1.1 client of our own. Neither ever repeats a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from services.dispatch.port import Doubt, NotSent, Permit

#: Bytes of an answer, as it comes and unpacked; a platform's is 1 KB. What is longer is not read: doubt.
LARGEST = 1_048_576


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its status, its body (unpacked), and the seconds of its Retry-After."""

    status: int
    body: bytes
    retry_after_s: float | None = None


class Poster(Protocol):
    """Posts to one address with one set of headers."""

    async def post(self, body: bytes, permit: Permit) -> Answer | NotSent | Doubt:
        """Send `body` once. Never written is NotSent; written without a whole answer within R is Doubt."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


@dataclass(frozen=True)
class Target:
    """Where a poster posts to, and the headers of every request; `User-Agent`, `Host` and lengths are its own."""

    url: str
    headers: Mapping[str, str]


def seconds(value: str | bytes | None) -> float | None:
    """A header that holds seconds, such as Retry-After; None when it is missing or no number."""
    try:
        return None if value is None else max(0.0, float(value))
    except ValueError:
        return None
