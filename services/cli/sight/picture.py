"""Adds one look up: rooms, people on call, channels. With the look before it, rates too."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.words import Channel, State
from services.cli.sight.asking import Answer, Look, Sample


@dataclass(frozen=True)
class RoomView:
    """One room. `rate` is records handled a second, None without an earlier look; what is not known is None, not 0.

    Of several replicas counts are added up, and of everything else it is the worst.
    """

    room: str
    ready: bool
    missing: tuple[str, ...]
    lag: int | None
    outbox_s: float | None
    rate: float | None
    parked: int
    bundle: int
    replicas: int


@dataclass(frozen=True)
class ChannelView:
    """One channel. Ages in seconds, rates a second.

    `credentials` is None while its dispatcher does not say, `remaining` where the platform does not.
    """

    channel: str
    states: dict[str, int]
    sent_rate: float | None
    failed_rate: float | None
    doubt_s: float
    credentials: bool | None
    brake: bool
    sandbox: bool
    probe_s: float | None
    remaining: int | None
    duplicates: int


@dataclass(frozen=True)
class Picture:
    """The whole house at one moment."""

    at: str
    realm: str
    rooms: tuple[RoomView, ...]
    channels: tuple[ChannelView, ...]
    alerts: dict[str, int]
    waiting: dict[str, int]
    oldest_wait_s: float
    held: int
    parked: int
    alarms: int
    guidance_overdue: int


def picture(realm: str, now: Look, before: Look | None) -> Picture:
    """Add one look up; `before` is the look before it."""
    approve, record, compose = (now.answers[name] for name in ("approve", "record", "compose"))
    waiting = {s.labels["severity"]: int(s.value) for s in _of(approve, "tocsin_approvals_waiting")}
    return Picture(
        at=now.at.isoformat(timespec="seconds"), realm=realm,
        rooms=tuple(_room(name, now, before) for name in now.answers),
        channels=tuple(_channel(channel.value, now, before) for channel in Channel),
        alerts=now.alerts, waiting={severity: number for severity, number in waiting.items() if number},
        oldest_wait_s=_sum(approve, "tocsin_approvals_oldest_seconds"),
        held=int(_sum(approve, "tocsin_held_waiting")), parked=int(_sum(record, "tocsin_record_parked")),
        alarms=int(_sum(record, "tocsin_record_alarms")),
        guidance_overdue=int(_sum(compose, "tocsin_guidance_overdue")),
    )  # fmt: skip


def _room(name: str, now: Look, before: Look | None) -> RoomView:
    answer = now.answers[name]
    return RoomView(
        room=name, ready=not answer.missing, missing=answer.missing,
        lag=int(_sum(answer, "tocsin_consumer_lag_records")) if answer.samples else None,
        outbox_s=_sum(answer, "tocsin_outbox_oldest_seconds") if answer.samples else None,
        rate=_rate(name, now, before, "tocsin_records_handled_total"),
        parked=int(_sum(answer, "tocsin_records_parked_total")),
        bundle=int(_sum(answer, "tocsin_trust_bundle_serial")), replicas=len(now.replicas(name)),
    )  # fmt: skip


def _channel(channel: str, now: Look, before: Look | None) -> ChannelView:
    name = f"dispatch/{channel}"
    answer = now.answers[name]
    rows = {s.labels["state"]: int(s.value) for s in _of(answer, "tocsin_ledger_rows")}
    probed = _sum(answer, "tocsin_channel_last_probe_timestamp_seconds")
    credentials = _value(answer, "tocsin_channel_credentials_ok")
    remaining = _value(answer, "tocsin_channel_rate_remaining")
    return ChannelView(
        channel=channel, states={state.value: rows[state] for state in State if rows.get(state)},
        sent_rate=_rate(name, now, before, "tocsin_deliveries_total", state=State.SENT),
        failed_rate=_rate(name, now, before, "tocsin_deliveries_total", state=State.FAILED),
        doubt_s=_sum(answer, "tocsin_oldest_doubt_seconds"),
        credentials=None if credentials is None else credentials == 1, brake=_sum(answer, "tocsin_brake_on") == 1,
        sandbox=_sum(answer, "tocsin_channel_sandbox") == 1,
        probe_s=round(now.at.timestamp() - probed, 1) if probed else None,
        remaining=None if remaining is None or math.isnan(remaining) else int(remaining),
        duplicates=int(_sum(answer, "tocsin_duplicates_detected")),
    )  # fmt: skip


def _of(answer: Answer, name: str, **labels: str) -> Iterator[Sample]:
    return (s for s in answer.samples if s.name == name and labels.items() <= s.labels.items())


def _value(answer: Answer, name: str) -> float | None:
    return next((sample.value for sample in _of(answer, name)), None)


def _sum(answer: Answer, name: str, **labels: str) -> float:
    """Of what is known: NaN is a figure that nobody has read yet."""
    return math.fsum(sample.value for sample in _of(answer, name, **labels) if not math.isnan(sample.value))


def _rate(room: str, now: Look, before: Look | None, name: str, **labels: str) -> float | None:
    """A counter's growth a second; from 0 where the room has begun anew, None where it was not seen before.

    Of each replica for itself: what one that has ended had counted is no loss of the others.
    """
    seen = {each.door: each for each in before.replicas(room) if each.samples} if before else {}
    pairs = [(seen[each.door], each) for each in now.replicas(room) if each.samples and each.door in seen]
    seconds = (now.at - before.at).total_seconds() if before else 0.0
    if not pairs or seconds <= 0:
        return None
    return round(sum(_growth(_sum(old, name, **labels), _sum(new, name, **labels)) for old, new in pairs) / seconds, 2)


def _growth(old: float, new: float) -> float:
    return new - old if new >= old else new
