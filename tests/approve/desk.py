"""Approve's decisions on a real SQLite file, with a clock that the test moves. Shared by the tests of this folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from schemas.base import Record
from schemas.broadcast import Broadcast, Held
from schemas.operations import Alarm
from schemas.release import Approval, Release, Withheld
from schemas.topics import ALARMS, APPROVALS, RELEASED, WITHHELD, Topic
from schemas.trust import Bundle, Policy
from schemas.words import Realm
from services.approve import store, tables
from services.approve.app import make_parts
from services.approve.engine import Engine
from services.approve.outcomes import Outcome
from services.approve.proposal import Proposal
from services.approve.settings import ApproveSettings
from services.runtime import verifier
from services.runtime.keeper import bundle_path
from services.runtime.settings import SharedSettings
from tests.support.trust import KEYS, POLICY, FixedClock, digest_of, nonce, signed_bundle, statement, text_of

R = TypeVar("R", bound=Record)


class Desk:
    """One approve. `restart` ends it as a kill would: nothing but the files is left."""

    def __init__(self, folder: Path, policy: Policy = POLICY, *, engine: bool = True, bundle: bool = True) -> None:
        self.clock = FixedClock()
        self.shared = SharedSettings(data=folder, realm=Realm.LIVE)
        self._engine = Engine(KEYS["approve"] if engine else None, nonce)
        if bundle:
            self.seed(signed_bundle(statement(policy=policy)))
        self._open()

    def _open(self) -> None:
        settings = ApproveSettings(estimate_wait_s=5)
        self.parts = make_parts(self.shared, settings, self._engine, self.clock)

    def seed(self, bundle: Bundle) -> None:
        """Put a bundle where `tocsin keys bundle` would."""
        path = bundle_path(self.shared.home)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(bundle.model_dump_json())

    def restart(self) -> None:
        self.parts.store.close()
        self._open()

    def close(self) -> None:
        self.parts.store.close()

    # --- what comes in ---

    def composed(self, found: Broadcast) -> list[Outcome]:
        return self.take("composed", text_of(found).encode(), "corr")

    def held(self, record: Held) -> list[Outcome]:
        return self.take("held", record, "corr")

    def take(self, method: str, *args: Any) -> list[Outcome]:
        """One transaction of the approver's."""
        with self.parts.store.begin() as c:
            outcomes: list[Outcome] = getattr(self.parts.approver, method)(c, *args)
        return outcomes

    def after(self, **units: float) -> list[Outcome]:
        """Time passes, then a sweep looks."""
        self.clock.pass_time(**units)
        return self.take("sweep")

    # --- what is there and what went out ---

    def proposal(self, found: Broadcast) -> Proposal:
        with self.parts.store.begin() as c:
            proposal = store.find_proposal(c, digest_of(found))
        assert proposal is not None
        return proposal

    def state(self, found: Broadcast) -> str:
        return str(self.proposal(found).state)

    def published(self, topic: Topic, kind: type[R]) -> list[R]:
        """Everything in the outbox for a topic; nothing is relayed here."""
        rows = tables.outgoing
        query = sa.select(rows.c.value).where(rows.c.topic == topic.full(Realm.LIVE)).order_by(rows.c.id)
        with self.parts.store.begin() as c:
            return [kind.model_validate_json(row.value) for row in c.execute(query)]

    def releases(self) -> list[Release]:
        """Every Release, each believed as a dispatcher would with the bundle in force."""
        found = self.published(RELEASED, Release)
        for record in found:
            trusted = replace(self.parts.keeper.trust, revoked=frozenset())
            verifier.release(record, trusted, Realm.LIVE, record.at)
        return found

    def withheld(self) -> list[tuple[int, str]]:
        """Version and reason of each Withheld."""
        return [(record.version, str(record.reason)) for record in self.published(WITHHELD, Withheld)]

    def approvals(self) -> list[tuple[str, int, int]]:
        """State, have and need of each Approval."""
        return [(str(a.state), a.have, a.need) for a in self.published(APPROVALS, Approval)]

    def alarms(self) -> list[Alarm]:
        return self.published(ALARMS, Alarm)

    def pending(self) -> dict[str, Any]:
        """What `tocsin pending` would read."""
        with self.parts.store.begin() as c:
            shown = self.parts.showing.pending(c, self.clock.now())
        found: dict[str, Any] = json.loads(json.dumps(shown))
        return found
