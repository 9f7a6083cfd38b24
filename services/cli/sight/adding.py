"""One room's answer of those that its replicas give: counts added up, and of everything else the worst."""

import math
from collections.abc import Callable, Iterable, Sequence

from services.cli.sight.answer import Answer, Sample

#: What each process counts for itself. Any other gauge says how a shared store or an account is: each says the same.
_COUNTED = ("_total", "_count", "_sum", "_bucket", "tocsin_consumer_lag_records")
#: Gauges of which the least is the worst.
_LEAST = {
    "tocsin_room_ready",
    "tocsin_kafka_up",
    "tocsin_data_free_bytes",
    "tocsin_trust_bundle_serial",
    "tocsin_channel_credentials_ok",
    "tocsin_channel_last_probe_timestamp_seconds",
    "tocsin_channel_rate_remaining",
}


def together(answers: Sequence[Answer]) -> Answer:
    """What the room is, taken together; it is ready when each replica is. Of one replica its own answer."""
    if len(answers) == 1:
        return answers[0]
    missing = tuple(f"{sentence} (at {each.door})" for each in answers for sentence in each.missing)
    return Answer(missing, tuple(_add(sample for each in answers for sample in each.samples)))


def _add(samples: Iterable[Sample]) -> Iterable[Sample]:
    series: dict[tuple[str, frozenset[tuple[str, str]]], list[Sample]] = {}
    for sample in samples:
        series.setdefault((sample.name, frozenset(sample.labels.items())), []).append(sample)
    return [each[0]._replace(value=_one([sample.value for sample in each], name)) for (name, _), each in series.items()]


def _one(values: Sequence[float], name: str) -> float:
    """NaN is a figure that nobody has read yet: it hides no other."""
    known = [value for value in values if not math.isnan(value)]
    return _way(name)(known) if known else math.nan


def _way(name: str) -> Callable[[Sequence[float]], float]:
    if name.endswith(_COUNTED):
        return math.fsum
    return min if name in _LEAST else max
