"""One id that follows an alert from the agency's record through every topic, log line and ledger.

It is the place of that record in Kafka (`alerts.incoming/3/41`), so it needs no table. A record that no alert caused (a
person's word, a reply, a bundle) begins with its own place.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

_CURRENT: ContextVar[str] = ContextVar("tocsin_correlation", default="")


def current() -> str:
    """The id of what is being handled, empty where nothing is."""
    return _CURRENT.get()


@contextmanager
def bound(correlation: str, **more: str) -> Iterator[None]:
    """Handle something under this id: log lines and what is put into an outbox carry it. `more` stands on log lines."""
    token = _CURRENT.set(correlation)
    try:
        with structlog.contextvars.bound_contextvars(correlation=correlation, **more):
            yield
    finally:
        _CURRENT.reset(token)
