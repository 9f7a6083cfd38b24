"""The metrics that every room has. Series exist from the start, so that absent is never zero."""

import shutil
import time
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from schemas.words import Realm

#: Seconds, from one hop over Kafka to a night on call.
LATENCY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400)


class RoomMetrics:
    """One room's registry and what all rooms count."""

    def __init__(self, room: str, realm: Realm) -> None:
        """Make the registry; a room adds its own metrics to `registry`."""
        self.room = room
        self.registry = CollectorRegistry()
        self.info = Info("tocsin_room", "Which room this is", registry=self.registry)
        self.info.info({"room": room, "realm": realm.value})
        self.handled = Counter(
            "tocsin_records_handled_total", "Records handled, by topic", ["topic"], registry=self.registry
        )
        self.seconds = Histogram(
            "tocsin_handler_seconds", "Time in a handler", ["topic"], buckets=LATENCY, registry=self.registry
        )
        self.parked = Counter("tocsin_records_parked_total", "Records parked for a person", registry=self.registry)
        self.refused = Counter(
            "tocsin_untrusted_total", "Records that the verifier refused, by rule", ["rule"], registry=self.registry
        )
        self.outbox_age = Gauge(
            "tocsin_outbox_oldest_seconds", "Age of the oldest unpublished row", registry=self.registry
        )
        self.ready = Gauge("tocsin_room_ready", "1 while every partition is assigned", registry=self.registry)
        self.bundle_serial = Gauge(
            "tocsin_trust_bundle_serial", "Serial of the trust bundle in force, 0 without one", registry=self.registry
        )
        self.lag = Gauge(
            "tocsin_consumer_lag_records", "Records that stand on a topic and are not handled, in this process's "
            "partitions", ["topic"], registry=self.registry,
        )  # fmt: skip
        self.kafka = Gauge("tocsin_kafka_up", "1 while Kafka answers this room", registry=self.registry)
        self.free = Gauge("tocsin_data_free_bytes", "Free bytes on the disk of the data folder", registry=self.registry)
        Gauge(
            "tocsin_clock_seconds", "This machine's clock, to be held against that of the scrape",
            registry=self.registry,
        ).set_function(time.time)  # fmt: skip
        for rule in VERIFIER_RULES:
            self.refused.labels(rule)

    def watch_disk(self, folder: Path) -> None:
        """Show the free space where `folder` is, or will be."""
        self.free.set_function(lambda: _free(folder.absolute()))


def _free(folder: Path) -> float:
    """Bytes that may still be written; NaN while the disk does not say."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        return float(shutil.disk_usage(there).free)
    except OSError:
        return float("nan")


#: Every rule that a `trusted.NotTrustedError` names.
VERIFIER_RULES = (
    "author", "canonical", "ceiling", "digest", "early", "expired", "fictional", "held", "key", "lineage",
    "no_bundle", "other_digest", "person", "pin", "quorum", "reach", "realm", "reason", "revoked", "role", "serial",
    "shape", "signature", "signature_expired", "signatures", "word",
)  # fmt: skip
