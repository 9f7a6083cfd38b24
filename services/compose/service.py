"""Compose's one job: every accepted alert ends as one Broadcast or one Held, and a repeat gets the stored one."""

from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa
from structlog.stdlib import get_logger

from schemas.alert import Alert, Finding
from schemas.broadcast import Broadcast, Held
from schemas.decision import Recompose, RecomposeStatement
from schemas.release import Withheld
from schemas.topics import COMPOSED, HELD
from schemas.trust import Bundle, Revocation
from schemas.words import BroadcastKind, Grade, Realm, Severity
from services.compose import store
from services.compose.composer import Before, compose
from services.compose.library import Library
from services.compose.metrics import RULES, ComposeMetrics, Outcome
from services.compose.reviews import Cabinet
from services.compose.settings import ComposeSettings
from services.compose.subject import Stopped
from services.compose.wishes import merged
from services.identifiers.masking import masked
from services.runtime import correlation, verifier
from services.runtime.clock import Clock
from services.runtime.keeper import Keeper
from services.runtime.metrics import RoomMetrics
from services.runtime.outbox import SCHEMA_HEADER, Outbox
from services.runtime.store import Store
from services.runtime.verifier import NotTrustedError

log = get_logger(__name__)
BROADCAST_SCHEMA = f"{Broadcast.schema_name}/{Broadcast.schema_version}"
Result = Broadcast | Held | None


class AnotherAlertError(Exception):
    """Two alerts with one lineage and version: intake gives each a place of its own, so one is not intake's."""


class OtherRealmError(Exception):
    """A record of the other realm on this realm's topic: somebody crossed the line that separates drills from life."""


class Compose:
    """Takes alerts, wishes and what became of Broadcasts; everything it says is in its outbox when it returns."""

    def __init__(
        self, rows: Store, outbox: Outbox, keeper: Keeper, library: Library, settings: ComposeSettings, *, realm: Realm,
        clock: Clock, metrics: ComposeMetrics, room_metrics: RoomMetrics, cabinet: Cabinet | None = None,
    ) -> None:  # fmt: skip
        """`rows` is compose's own store."""
        self._store, self._outbox, self._keeper, self._library = rows, outbox, keeper, library
        self._settings, self._realm, self._clock = settings, realm, clock
        self._metrics, self._room_metrics, self._cabinet = metrics, room_metrics, cabinet

    async def accept(self, alert: Alert) -> None:
        """`alerts.accepted`: compose it, or answer a repeat with what is stored."""
        if alert.realm is not self._realm:
            raise OtherRealmError(f"an alert of the realm {alert.realm} came to {self._realm}")
        self._count(*await self._store.transact(self._accept, alert))

    async def recompose(self, record: Recompose) -> None:
        """`recompositions`: a person's signed wish makes the next revision."""
        try:
            verifier.recompose(record, self._keeper.trust, self._realm)
        except NotTrustedError as error:
            if error.rule == "no_bundle":
                raise  # parked, and replayed once there is a bundle: the wish may be a right one
            self._refused("recompose", error)
            return
        self._count(*await self._store.transact(self._recompose, record.statement))

    async def withheld(self, record: Withheld) -> None:
        """`broadcasts.withheld`: nobody has it, so nobody needs a correction of it."""
        await self._store.transact(store.withhold, record)

    async def trust(self, record: Bundle | Revocation) -> None:
        """A newer bundle, or a key taken away."""
        try:
            if isinstance(record, Bundle):
                self._keeper.take_bundle(record)
            else:
                self._keeper.take_revocation(record)
        except NotTrustedError as error:
            self._refused("trust", error)
        self._room_metrics.bundle_serial.set(self._keeper.serial)

    # --- in one transaction ---

    def _accept(self, connection: sa.Connection, alert: Alert) -> tuple[Outcome, Result]:
        store.lock(connection)
        kept = store.alert(connection, alert.lineage, alert.version)
        if kept is None:
            store.keep_alert(connection, alert)
            said = store.broadcasts(connection, alert.lineage, alert.version)  # see `learning`
            known = store.alert(connection, alert.lineage, alert.version) if said else None
            return self._repeat(connection, known) if known else self._make(connection, alert)
        if kept.source != alert.source:
            raise AnotherAlertError(f"version {alert.version} of {alert.lineage} was made of other bytes before")
        return self._repeat(connection, kept)

    def _repeat(self, connection: sa.Connection, kept: store.Kept) -> tuple[Outcome, Result]:
        """Say again what was said: the same bytes, the same digest."""
        composed = store.broadcasts(connection, kept.alert.lineage, kept.alert.version)
        if composed:
            self._publish(connection, kept.alert.lineage, composed[-1].canonical)
        if kept.held is not None:
            self._outbox.put(connection, HELD, kept.alert.lineage, kept.held)
        return Outcome.REPEATED, None

    def _recompose(self, connection: sa.Connection, statement: RecomposeStatement) -> tuple[Outcome, Result]:
        store.lock(connection)
        kept = store.alert(connection, statement.lineage, statement.version)
        if kept is None or store.newest_version(connection, statement.lineage) > statement.version:
            log.warning("recompose.stale", lineage=statement.lineage, version=statement.version)
            return Outcome.STALE, None
        # The agency's record, not the wish, is what all of it follows.
        with correlation.bound(kept.correlation or correlation.current()):
            if not store.keep_wish(connection, statement):
                return self._repeat(connection, kept)
            outcome, made = self._make(connection, kept.alert)
            if outcome is Outcome.COMPOSED:
                store.keep_held(connection, kept.alert, None)
            return outcome, made

    def _make(self, connection: sa.Connection, alert: Alert) -> tuple[Outcome, Result]:
        wishes = merged(store.wishes(connection, alert.lineage, alert.version))
        before = self._before(connection, alert)
        now = self._clock.now()
        try:
            made = compose(alert, self._shelves(), self._settings, now, wishes=wishes, before=before)
        except Stopped as stopped:
            held = self._held(alert, stopped.findings, before)
            store.keep_held(connection, alert, held)
            self._outbox.put(connection, HELD, alert.lineage, held)
            return Outcome.HELD, held
        self._publish(connection, alert.lineage, store.keep_broadcast(connection, made))
        return Outcome.COMPOSED, made

    def _shelves(self) -> Library:
        """The library with the approvals that are believed now."""
        try:
            trusted = self._keeper.trust
        except NotTrustedError:
            return self._library
        return self._library.reviewed(self._cabinet.reviews(trusted)) if self._cabinet else self._library

    def _before(self, connection: sa.Connection, alert: Alert) -> Before:
        """What this alert's texts refer to: an earlier revision that may have gone out, or what a Cancel cancels."""
        lineage = [(found.broadcast, found.withheld) for found in store.broadcasts(connection, alert.lineage)]
        same = [(b, w) for b, w in lineage if b.version == alert.version]
        out = [b for b, withheld in same if withheld is None]
        earlier = [(b, w) for b, w in lineage if b.version < alert.version and b.kind is not BroadcastKind.CANCEL]
        sent = [b for b, withheld in earlier if withheld is None] or [b for b, _ in earlier]
        return Before(
            revision=max((b.revision for b, _ in same), default=0),
            corrected=out[-1] if out else None,
            cancelled=sent[-1] if sent else None,
        )

    def _held(self, alert: Alert, findings: list[Finding], before: Before) -> Held:
        severities = [info.severity for info in alert.cap.info]
        severity = min(severities, key=lambda word: word.gravity) if severities else Severity.UNKNOWN
        if before.cancelled is not None:
            severity = min(severity, before.cancelled.severity, key=lambda word: word.gravity)
        now = self._clock.now()
        return Held(
            realm=alert.realm, lineage=alert.lineage, version=alert.version, identifier=alert.cap.identifier,
            severity=severity, event=masked(alert.cap.info[0].event if alert.cap.info else alert.cap.msg_type.value),
            findings=tuple(findings), held=now, deadline=now + self._wait(severity),
        )  # fmt: skip

    def _wait(self, severity: Severity) -> timedelta:
        """How long until somebody is woken: policy's deadline for the severity, the setting's without a bundle."""
        try:
            return timedelta(seconds=self._keeper.trust.rule(severity).deadline_s)
        except NotTrustedError:
            return timedelta(seconds=self._settings.held_deadline_s)

    def _publish(self, connection: sa.Connection, lineage: str, canonical: bytes) -> None:
        self._outbox.put(connection, COMPOSED, lineage, canonical, {SCHEMA_HEADER: BROADCAST_SCHEMA})

    # --- counting ---

    def _count(self, outcome: Outcome, result: Result) -> None:
        self._outbox.wake()
        self._metrics.outcomes.labels(outcome).inc()
        if isinstance(result, Held):
            self._count_held(result.findings)
        if isinstance(result, Broadcast):
            self._metrics.seconds.observe(max(0.0, (self._clock.now() - result.received).total_seconds()))
            self._count_held(result.findings)
            for item in result.left_out:
                self._metrics.left_out.labels(item.channel).inc()

    def _count_held(self, findings: Iterable[Finding]) -> None:
        for rule in {f.rule if f.rule in RULES else "intake" for f in findings if f.grade is Grade.HOLD}:
            self._metrics.held.labels(rule).inc()

    def count_overdue(self) -> None:
        """Show how many packs and contacts are past their review today."""
        self._metrics.overdue.set(len(self._library.overdue(self._clock.now().date())))

    def _refused(self, what: str, error: NotTrustedError) -> None:
        log.warning("not_trusted", what=what, rule=error.rule, says=str(error))
        self._room_metrics.refused.labels(error.rule).inc()
