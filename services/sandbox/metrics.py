"""What the sandbox did, for Prometheus: read off its own counters at each scrape. Every series is marked SANDBOX."""

from collections.abc import Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.sandbox.gate import DROPPED
from services.sandbox.twilio.handlers import CALLBACKS
from services.sandbox.world import WORLD

PLATFORMS = ("x", "twilio")
OUTCOMES = ("accepted", "limited", "refused", "broken", "dropped")


class SandboxCollector(Collector):
    """Requests by platform and outcome, callbacks by outcome, faults in force."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Every series, those at zero too."""
        world = self._app[WORLD]
        requests = CounterMetricFamily(
            "tocsin_sandbox_requests", "SANDBOX: requests by platform and outcome", labels=["platform", "outcome"]
        )
        totals = {(platform, outcome): 0 for platform in PLATFORMS for outcome in OUTCOMES}
        for (platform, _, status), number in world.answers.items():
            totals[platform, outcome_of(status)] += number
        for labels, number in totals.items():
            requests.add_metric(labels, number)
        yield requests
        yield from self._callbacks()
        faults = sum(1 for fault in world.faults.listing() if not fault.spent)
        yield GaugeMetricFamily("tocsin_sandbox_faults", "SANDBOX: faults in force", value=faults)

    def _callbacks(self) -> Iterator[Metric]:
        callbacks = self._app.get(CALLBACKS)
        family = CounterMetricFamily(
            "tocsin_sandbox_callbacks", "SANDBOX: status callbacks by outcome", labels=["outcome"]
        )
        for outcome in ("taken", "refused", "lost", "forbidden"):
            family.add_metric([outcome], callbacks.outcomes[outcome] if callbacks else 0)
        yield family
        waiting = callbacks.waiting if callbacks else 0
        yield GaugeMetricFamily("tocsin_sandbox_callbacks_waiting", "SANDBOX: status callbacks to come", value=waiting)


def outcome_of(status: int) -> str:
    """The closed word for a status."""
    if status == DROPPED:
        return "dropped"
    if status < 400:  # noqa: PLR2004 - HTTP status classes
        return "accepted"
    if status == 429:  # noqa: PLR2004
        return "limited"
    return "refused" if status < 500 else "broken"  # noqa: PLR2004


def registry_of(app: web.Application) -> CollectorRegistry:
    """A registry of the sandbox's own."""
    registry = CollectorRegistry()
    registry.register(SandboxCollector(app))
    return registry
