"""Traces across rooms: off unless `TOCSIN_TRACES_URL` names a collector, and then OpenTelemetry (see `otlp`).

FastStream brings a telemetry middleware; it does not suit. It sees a record published where the outbox's relay stands,
long after the handler that wrote it, it notes the words of exceptions, which may hold a person's number, and it passes
on whatever baggage a stranger's record brings. Here a span knows its place by two things that are stored anyway: the
correlation id, whose digest is the trace's id, and the W3C `traceparent` header
(https://www.w3.org/TR/trace-context/#traceparent-header). Off, nothing of OpenTelemetry is imported.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

Role = Literal["consumer", "producer", "client"]
#: Numbers and closed words only: no person, number or text may ever stand in a trace.
Attributes = Mapping[str, str | int]


class Span(Protocol):
    """One piece of work in a trace."""

    def note(self, name: str, value: int) -> None:
        """Add a number to it."""
        ...

    def failed(self, kind: str) -> None:
        """It failed with this type of error; never the error's words."""
        ...


class OpenSpan(Span, Protocol):
    """A span that whoever began it ends."""

    def end(self) -> None:
        """It is over."""
        ...


class Backend(Protocol):
    """What makes spans when tracing is on."""

    def span(
        self, name: str, role: Role, correlation: str, headers: Mapping[str, str], attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """A span under `correlation`, below the one that `headers` name, or else the current one."""
        ...

    def begin(self, name: str, role: Role, correlation: str, attributes: Attributes) -> OpenSpan:
        """A span that is nobody's current one: several tasks work in it."""
        ...

    def carried(self) -> dict[str, str]:
        """The headers that take the current span to another room."""
        ...

    def close(self) -> None:
        """Send what is left, within a bounded time."""
        ...


class _NoSpan:
    def note(self, name: str, value: int) -> None:
        """Nothing."""

    def failed(self, kind: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


NOTHING: AbstractContextManager[Span] = nullcontext(_NoSpan())


class Tracing:
    """This process's tracing; there is one, `TRACING`."""

    def __init__(self) -> None:
        """Off."""
        self._backend: Backend | None = None

    @property
    def on(self) -> bool:
        """Whether spans are made."""
        return self._backend is not None

    def start(self, url: str, *, room: str, realm: str, replica: str) -> None:
        """Send spans to the OTLP collector at `url`."""
        from services.runtime.otlp import Otlp  # noqa: PLC0415 - off, it costs nothing, its import included

        self._backend = Otlp(url, room=room, realm=realm, replica=replica)

    def stop(self) -> None:
        """Send what is left and be off."""
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()

    def span(
        self, name: str, role: Role, correlation: str, headers: Mapping[str, str], attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """A span as `Backend.span` makes it, or nothing."""
        if self._backend is None:
            return NOTHING
        return self._backend.span(name, role, correlation, headers, attributes)

    def begin(self, name: str, role: Role, correlation: str, attributes: Attributes) -> OpenSpan:
        """A span as `Backend.begin` makes it, or nothing."""
        if self._backend is None:
            return _NoSpan()
        return self._backend.begin(name, role, correlation, attributes)

    def carried(self) -> dict[str, str]:
        """Headers for another room; none while off."""
        return {} if self._backend is None else self._backend.carried()


TRACING = Tracing()
