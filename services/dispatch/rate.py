"""How many may start: a token bucket for the platform's rate, and a concurrency that learns from refusals.

The account's concurrency is the real limit of a texting platform and is not published; a refusal for rate halves what
we use of it, and quiet answers raise it again (additive increase, multiplicative decrease).
"""

from services.runtime.clock import Clock


class Rate:
    """Tokens for starts, and the concurrency in force."""

    def __init__(self, clock: Clock, per_s: float, concurrency: int) -> None:
        """`per_s` starts a second, 0 for no limit; at most `concurrency` in flight."""
        self._clock, self._per_s, self._most = clock, per_s, concurrency
        self.concurrency = float(concurrency)
        self._tokens, self._at = max(1.0, per_s), clock.boottime()
        self._closed_until = 0.0

    def take(self, wanted: int) -> int:
        """Take up to `wanted` tokens; how many were there."""
        if self._clock.boottime() < self._closed_until or wanted <= 0:
            return 0
        if self._per_s <= 0:
            return wanted
        self._refill()
        taken = min(wanted, int(self._tokens))
        self._tokens -= taken
        return taken

    def _refill(self) -> None:
        now = self._clock.boottime()
        self._tokens = min(max(1.0, self._per_s), self._tokens + (now - self._at) * self._per_s)
        self._at = now

    def give_back(self, unused: int) -> None:
        """Return tokens that started nothing."""
        if self._per_s > 0:
            self._tokens += unused

    def refused(self, retry_after_s: float | None) -> None:
        """The platform refused for rate: half the concurrency, and nothing before it says so.

        Refusals that come while it is closed are of the same burst, and one lesson.
        """
        now = self._clock.boottime()
        if now >= self._closed_until:
            self.concurrency = max(1.0, self.concurrency / 2)
        wait = 1.0 if retry_after_s is None else retry_after_s
        self._closed_until = max(self._closed_until, now + wait)

    def answered(self) -> None:
        """An answer without refusal: a little more."""
        self.concurrency = min(float(self._most), self.concurrency + 1 / max(1.0, self.concurrency))

    @property
    def wait_s(self) -> float:
        """Seconds until a start may be tried again."""
        closed = self._closed_until - self._clock.boottime()
        if self._per_s <= 0:
            return max(0.0, closed)
        self._refill()
        return max(0.0, closed, (1 - self._tokens) / self._per_s)
