"""The metrics that every room has. Series exist from the start, so that absent is never zero."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from schemas.words import Realm

#: Seconds, from one hop over Kafka to a night on call.
LATENCY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400)


class RoomMetrics:
    """One room's registry and what all rooms count."""

    def __init__(self, room: str, realm: Realm) -> None:
        """Make the registry; a room adds its own metrics to `registry`."""
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
        for rule in VERIFIER_RULES:
            self.refused.labels(rule)


#: Every rule that a `trusted.NotTrustedError` names.
VERIFIER_RULES = (
    "author", "canonical", "ceiling", "digest", "early", "expired", "held", "key", "lineage", "no_bundle",
    "other_digest", "person", "pin", "quorum", "reach", "realm", "reason", "revoked", "role", "serial", "shape",
    "signature", "signature_expired", "signatures", "word",
)  # fmt: skip
