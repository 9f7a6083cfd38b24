"""One message at a time to its place, inside one transaction: what was decided, what is kept, what is published."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import sqlalchemy as sa

from schemas.alert import Refusal
from schemas.base import Record
from schemas.cap import CapAlert, MsgType
from schemas.topics import ACCEPTED, ALARMS, INCOMING, REFUSED, Topic
from schemas.words import Grade, Realm
from services.cap.names import key_of
from services.cap.read import read
from services.cap.reading import CapError, Reading
from services.intake import content, heartbeats, judge, memory, misplaced, store
from services.intake.answers import ROOM, alert_of, refusal_of
from services.intake.case import Case
from services.intake.completing import completed
from services.intake.findings import Remark
from services.intake.history import Filed, History, Place
from services.intake.judge import Accept, Answer, HandOver, Late, Refuse, Wait
from services.intake.likeness import looks_like, sketch_of
from services.intake.metrics import Outcome
from services.intake.rules import STRICT, Cost
from services.intake.signing import SignatureState, state_of
from services.intake.store import Original
from services.intake.validate import refusal_of as remark_of
from services.place.publishers import Register
from services.runtime.clock import Clock
from services.runtime.outbox import CORRELATION_HEADER, Message, Outbox
from services.runtime.trust import digest_of

OUR_HEADERS = "tocsin-"
#: Whoever polls a feed for the first time says so; nothing of it is released by itself.
FIRST_POLL, FIRST_POLL_HEADER = "first-poll", "tocsin-first-poll"
#: How long another sender's message is remembered for one that looks like it.
LIKE_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One record as it came. `origin` is its one place in Kafka."""

    data: bytes
    origin: str
    content_type: str | None = None
    key: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one message, and the rules that had a part in it."""

    outcome: Outcome
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Filing:
    """What filing needs besides the connection. `wait` is how long an orphan waits for its parent."""

    outbox: Outbox
    clock: Clock
    realm: Realm
    register: Register
    wait: timedelta
    stale: timedelta = timedelta(days=1)

    def take(self, connection: sa.Connection, parcel: Parcel, reading: Reading | CapError) -> list[Result]:
        """File what came in one record, and what had waited for it."""
        store.lock(connection)
        digest = digest_of(parcel.data)
        before = store.original(connection, digest)
        if before is not None and (before.place is not Place.REFUSED or before.origin == parcel.origin):
            return [Result(Outcome.REPEAT)]
        original = Original(
            digest, parcel.data, parcel.content_type, parcel.origin, self.clock.now(), place=Place.REFUSED,
            rule=FIRST_POLL if FIRST_POLL_HEADER in parcel.headers else None,
        )  # fmt: skip
        if isinstance(reading, CapError):
            return [self._refuse(connection, original, None, Refuse(remark_of(reading)))]
        gated = judge.gate(reading.alert, self.realm)
        if isinstance(gated, HandOver):
            return [self._hand_over(connection, original, parcel, reading.alert)]
        if isinstance(gated, Answer):
            return [self._record(connection, original, reading, gated)]
        if isinstance(gated, Refuse):
            return [self._refuse(connection, original, reading, gated)]
        return list(self._settle(connection, original, reading))

    def end_waits(self, connection: sa.Connection) -> list[Result]:
        """Let the first go on, held, whose parent has not come in time; nothing when there is none."""
        store.lock(connection)
        original = store.due(connection, self.clock.now())
        if original is None:
            return []
        return list(self._settle(connection, original, try_read(original.data, original.content_type), waited=True))

    @property
    def awaits_beats(self) -> bool:
        """Whether any publisher promised a heartbeat; the drill waits for none."""
        return self.realm is Realm.LIVE and bool(heartbeats.promised(self.register))

    def hear_beats(self, connection: sa.Connection) -> None:
        """Say which publishers have fallen silent that promised not to, and which are back."""
        for key, alarm in heartbeats.changed(connection, self.realm, self.register, self.clock.now()):
            self.outbox.put(connection, ALARMS, key, alarm)

    def end_alarms(self, connection: sa.Connection) -> None:
        """Say which alarms of real alerts in the drill a person has had the time to see."""
        for alarm in misplaced.seen(connection, self.realm, self.clock.now()):
            self.outbox.put(connection, ALARMS, f"{ROOM}#{alarm.rule}", alarm)

    def _settle(
        self, connection: sa.Connection, original: Original, reading: Reading | CapError, *, waited: bool = False
    ) -> Iterator[Result]:
        """This message, then whatever waited for it, then whatever waited for that."""
        result = self._one(connection, original, reading, waited=waited)
        yield result
        arrived = _arrived(result, reading)
        while arrived:
            for orphan in store.waiting_for(connection, arrived.pop()):
                again = try_read(orphan.data, orphan.content_type)
                result = self._one(connection, orphan, again, waited=False)
                yield result
                arrived.extend(_arrived(result, again))

    def _one(
        self, connection: sa.Connection, original: Original, reading: Reading | CapError, *, waited: bool
    ) -> Result:
        if isinstance(reading, CapError):
            return self._refuse(connection, original, None, Refuse(remark_of(reading)))
        history = store.history(connection, reading.alert, original.digest)
        case = Case(reading, original.received, self.register, self.stale.total_seconds())
        proven = state_of(case) is SignatureState.VERIFIED
        decision = judge.decide(reading.alert, history, waited=waited, proven=proven)
        match decision:
            case Accept():
                return self._accept(connection, original, case, decision, history)
            case Wait():
                return self._wait(connection, original, reading)
            case Late():
                return self._late(connection, original, reading, decision)
            case Refuse():
                return self._refuse(connection, original, reading, decision)
            case HandOver() | Answer():
                raise AssertionError("the gate decides that")

    def _accept(
        self, connection: sa.Connection, original: Original, case: Case, decision: Accept, history: History
    ) -> Result:
        reading = self._completed(connection, case.reading, history)
        found = [*content.remarks(case), *decision.remarks]
        if original.rule == FIRST_POLL:
            says = "it stood in a feed that was read for the first time: people may have heard of it another way"
            found.append(Remark(FIRST_POLL, says))
        if refused := next((one for one in found if one.cost is Cost.REFUSE), None):
            return self._refuse(connection, original, reading, Refuse(refused))
        if decision.replaces is not None:
            store.replaced(connection, decision.replaces.digest)
        found.extend(self._likeness(connection, original, case, decision))
        held = [one.rule for one in found if one.cost is Cost.HOLD]
        kept = replace(original, rule=min(held, key=lambda rule: rule not in STRICT, default=None))
        self._file(connection, kept, reading, Place.ACCEPTED, lineage=decision.lineage, version=decision.version)
        if state_of(case) is SignatureState.VERIFIED:
            store.prove(connection, original.digest)
        record = alert_of(self.realm, original, reading, decision, found=found, publisher=case.publisher)
        self._publish(connection, original, ACCEPTED, decision.lineage, record)
        outcome = Outcome.HOLD if record.grade is Grade.HOLD else Outcome.ACCEPT
        return Result(outcome, tuple(found))

    def _completed(self, connection: sa.Connection, reading: Reading, history: History) -> Reading:
        """A Cancel without info, with what it cancels said; everything else as it is."""
        alert = reading.alert
        if alert.info or alert.msg_type is not MsgType.CANCEL:
            return reading
        digests = [one.digest for one in history.parents if one.place is Place.ACCEPTED]
        kept = [one for one in (store.original(connection, digest) for digest in digests) if one is not None]
        read_again = [try_read(one.data, one.content_type) for one in kept]
        return replace(reading, alert=completed(alert, (one.alert for one in read_again if isinstance(one, Reading))))

    def _likeness(self, connection: sa.Connection, original: Original, case: Case, decision: Accept) -> list[Remark]:
        """Whether a new lineage is about what another sender's recent one is about."""
        sketch = sketch_of(case.alert, case.ground, key=key_of(case.alert), lineage=decision.lineage)
        asked = decision.version == 1 and case.alert.msg_type is MsgType.ALERT
        recent = memory.sketches(connection, original.received - LIKE_WITHIN, case.alert.sender) if asked else ()
        found = looks_like(sketch, recent)
        memory.keep_sketch(connection, sketch, original.received)
        return found

    def _wait(self, connection: sa.Connection, original: Original, reading: Reading) -> Result:
        self._file(connection, original, reading, Place.WAITING)
        return Result(Outcome.WAIT)

    def _late(self, connection: sa.Connection, original: Original, reading: Reading, decision: Late) -> Result:
        self._file(connection, original, reading, Place.LATE, lineage=decision.lineage)
        record = self._refusal(original, reading, decision.remark)
        self._publish(connection, original, REFUSED, original.digest, record)
        return Result(Outcome.LATE, (decision.remark,))

    def _refuse(
        self, connection: sa.Connection, original: Original, reading: Reading | None, decision: Refuse
    ) -> Result:
        remark, taken_by = decision.remark, decision.taken_by
        store.unfile(connection, original.digest)
        store.keep(connection, replace(original, place=Place.REFUSED, rule=remark.rule))
        record = self._refusal(original, reading, remark, taken_by.digest if taken_by else None)
        self._publish(connection, original, REFUSED, original.digest, record)
        if decision.alarm:
            alarm = misplaced.found(connection, self.realm, original.digest, original.received)
            self._publish(connection, original, ALARMS, f"{ROOM}#{alarm.rule}", alarm)
        return Result(Outcome.REFUSE, (remark,))

    def _record(self, connection: sa.Connection, original: Original, reading: Reading, answer: Answer) -> Result:
        """Keep an Ack or Error with what it names, and tell its sender that it goes no further."""
        store.keep(connection, replace(original, place=Place.RECORDED, rule=answer.remark.rule))
        store.cite(connection, key_of(reading.alert), judge.others(reading.alert))
        record = self._refusal(original, reading, answer.remark)
        self._publish(connection, original, REFUSED, original.digest, record)
        return Result(Outcome.RECORD, (answer.remark,))

    def _hand_over(self, connection: sa.Connection, original: Original, parcel: Parcel, alert: CapAlert) -> Result:
        """The only crossing between the realms: the bytes as they came, without headers of this realm."""
        store.keep(connection, replace(original, place=Place.HANDED_OVER))
        heartbeats.heard(connection, self.register, alert, original.received)
        headers = {name: value for name, value in parcel.headers.items() if not name.lower().startswith(OUR_HEADERS)}
        self.outbox.put_message(connection, Message(INCOMING.full(Realm.DRILL), parcel.key, parcel.data, headers))
        return Result(Outcome.HAND_OVER)

    def _file(
        self, connection: sa.Connection, original: Original, reading: Reading, place: Place,
        *, lineage: str | None = None, version: int | None = None,
    ) -> None:  # fmt: skip
        alert = reading.alert
        store.keep(connection, replace(original, place=place))
        filed = Filed(
            key=key_of(alert), sender=alert.sender, identifier=alert.identifier, sent=alert.sent,
            msg_type=alert.msg_type, place=place, digest=original.digest, received=original.received,
            lineage=lineage, version=version,
        )  # fmt: skip
        deadline = original.received + self.wait if place is Place.WAITING else None
        store.file(connection, alert, filed, deadline)

    def _refusal(
        self, original: Original, reading: Reading | None, remark: Remark, taken_by: str | None = None
    ) -> Refusal:
        publisher = self.register.of(reading.alert.sender) if reading else None
        return refusal_of(self.realm, original, reading, remark, taken_by=taken_by, publisher=publisher)

    def _publish(self, connection: sa.Connection, original: Original, topic: Topic, key: str, record: Record) -> None:
        self.outbox.put(connection, topic, key, record, {CORRELATION_HEADER: original.origin})


def _arrived(result: Result, reading: Reading | CapError) -> list[str]:
    """The key for which others may have waited."""
    there = result.outcome in {Outcome.ACCEPT, Outcome.HOLD, Outcome.LATE}
    return [key_of(reading.alert)] if there and isinstance(reading, Reading) else []


def try_read(data: bytes, content_type: str | None) -> Reading | CapError:
    """The reading, or the error as a value: both have an answer."""
    try:
        return read(data, content_type)
    except CapError as error:
        return error
