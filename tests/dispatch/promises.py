"""What must hold after each step of a history, and at its end."""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from schemas.words import TAKE_BACKS, Reason, Severity, State
from services.dispatch.tables import platform_id
from tests.dispatch.account import LATEST, Account, run
from tests.dispatch.fakes import BOUNDS

OPEN = {State.PLANNED, State.SENDING, State.UNKNOWN}
STOOD = {State.SENT, State.DELIVERED, State.WITHDRAWN, State.CORRECTED}
FINAL = {State.FAILED, State.EXPIRED, State.SUPERSEDED, State.SUPPRESSED, State.WITHDRAWN, State.CORRECTED}
#: Has it, or may have it.
HAS = {State.SENT, State.DELIVERED, State.UNRESOLVED}
ROUNDS = 40


class Promises:
    """The promises of one account."""

    def __init__(self, account: Account) -> None:
        self.account, self.world = account, account.world
        self._before: dict[str, tuple[Any, frozenset[str]]] = {}

    # --- after each step ---

    def check(self) -> None:
        self._nobody_gets_the_same_twice()
        self._only_evidence_moves_what_is_settled()
        assert self.account.database.foreign_moves() == set(), "a move that is not in the table"

    def _nobody_gets_the_same_twice(self) -> None:
        apart = self.account.older | self.account.undelivered
        messages = [m for m in self.account.platform.messages if m.id not in apart]
        counts = Counter((message.address, message.text) for message in messages)
        doubled = {text: n for text, n in counts.items() if n > 1}
        by_policy = self.account.severity is Severity.EXTREME and self.account.told.look_up_failed
        assert not doubled or by_policy, doubled

    def _only_evidence_moves_what_is_settled(self) -> None:
        after = self._rows()
        for name, (old, had) in self._before.items():
            new, have = after[name]
            assert new.attempt >= old.attempt
            assert had <= have
            assert new.seq > old.seq or (new.state, new.attempt) == (old.state, old.attempt), (old, new)
            if had == have and old.state in FINAL:
                assert new.state == old.state or self._may_move(old, new), (old.state, new.state)
            if old.state in {State.SENT, State.DELIVERED}:
                assert new.state in STOOD or (new.state == State.FAILED and self.account.lost(name))
            if old.state == State.DELIVERED:
                assert new.state != State.SENT
        self.account.maybe |= {row.target for row, _ in after.values() if row.state == State.UNRESOLVED}
        self._before = after

    def _may_move(self, old: Any, new: Any) -> bool:
        """What moves a final state, if not an id: a report, that of its follower, or those who sign for a lost key."""
        match old.state:
            case State.SUPPRESSED:
                return bool(old.reason == Reason.REVOKED)
            case State.FAILED:
                return new.state == State.DELIVERED and not self.account.lost(old.id)
            case State.WITHDRAWN | State.CORRECTED:
                return new.state in {State.SENT, State.UNRESOLVED} and self.account.lost(old.follower)
        return False

    def _rows(self) -> dict[str, tuple[Any, frozenset[str]]]:
        owned: dict[str, set[str]] = {}
        for name, value in self.world.query(sa.select(platform_id.c.delivery, platform_id.c.platform_id)):
            owned.setdefault(name, set()).add(value)
        return {row.id: (row, frozenset(owned.get(row.id, ()))) for row in self.account.rows()}

    # --- at the end ---

    def check_end(self) -> None:
        """Mend everything, run until nothing is left to do, and hold the ledger against the platform; then once more
        when the platform has reported every message.
        """
        account = self.account
        account.platform.look_up_fails = False
        if account.told.braked:
            account.brake(on=False)
        for number in list(account.halfway):
            account.sweep(number)
        self._until_settled()
        self._ledger_and_platform_agree()
        self._everybody_knows()
        for request in account.arrived():
            account.report(request, "accepted", 0)
        self._until_settled()
        self._every_message_is_known()
        self._everybody_knows()

    def _until_settled(self) -> None:
        for _ in range(ROUNDS):
            self._honestly()
            if not OPEN & {State(row.state) for row in self.account.rows()} and not self._owed():
                break
            self.account.pass_time(BOUNDS.quarantine + 1)
        else:
            message = f"never settled: {[(r.kind, r.state, r.reason) for r in self.account.rows()]}"
            raise AssertionError(message)
        self.account.pass_time(LATEST + 1)  # nothing is on its way any more
        self.check()

    def _honestly(self) -> None:
        """Both processes work, and the platform answers at once."""
        account = self.account
        for number, process in enumerate(self.world.processes):
            account.sweep(number)
            account.window(number, 64)
            for name in list(process.flying):
                account.write(process, name, "arrives")
            for request in account.waiting(process):
                account.answer(request, lost=False)
            account.window(number, 0)
            account.sweep(number)

    def _owed(self) -> int:
        return run(self.account.process(0).ledger.owe(BOUNDS.last_arrival)).planned

    def _ledger_and_platform_agree(self) -> None:
        rows = {row.id: row for row in self.account.rows()}
        arrived = {request.job.id for request in self.account.requests if request.message}
        for name in arrived:
            known = rows[name].state in STOOD | {State.UNRESOLVED} or self._failed(rows[name])
            assert known, (rows[name].state, "stands on the platform")
        for name, row in rows.items():
            if row.state in {State.SENT, State.DELIVERED, State.CORRECTED}:
                assert name in arrived, (row.kind, row.state, "is nowhere")
            if row.state == State.UNRESOLVED:
                assert self.account.told.look_up_failed

    def _every_message_is_known(self) -> None:
        """When all reports have come, nothing that stands is settled otherwise, and every twin is counted."""
        rows, twins = self._rows(), 0
        for request in self.account.arrived():
            assert request.message
            row, owned = rows[request.job.id]
            assert request.message.id in owned
            assert row.state in STOOD or self._failed(row), (row.state, "although a report has come")
            twins += request.message.id != min(owned)
        assert run(self.account.process(0).ledger.counter("duplicates_detected")) == twins, "twins are miscounted"

    def _everybody_knows(self) -> None:
        """Who has the alert hears that it is over, once; who was selected last has the last words."""
        told = self.account.told
        rows = self.account.rows()
        for target in set.union(*told.to.values()):
            mine = [row for row in rows if row.target == target]
            if told.taking_back:
                self._hears_that_it_is_over(target, mine)
            elif target in told.to[told.mark]:
                last = [row for row in mine if row.ordinal == told.mark]
                assert any(map(self._has_or_cannot, last)), [(row.kind, row.state, row.reason) for row in last]

    def _hears_that_it_is_over(self, target: str, mine: list[Any]) -> None:
        arrived = {request.job.id for request in self.account.arrived(target)}
        there = [row for row in mine if row.kind not in TAKE_BACKS and (row.id in arrived or row.state in STOOD)]
        backs = [row for row in mine if row.ordinal == self.account.told.mark and row.kind in TAKE_BACKS]
        if any(not self._failed(row) for row in there):
            said = [(row.kind, row.state, row.reason) for row in mine]
            tried = [row for row in backs if row.id not in self.account.told.came_to_nothing]
            assert any(map(self._has_or_cannot, tried)), said
            lost = self.account.undelivered
            assert sum(row.state in HAS and not lost & self.account.messages(row.id) for row in backs) <= 1, said
        elif not there and target not in self.account.maybe:
            assert not backs, "something was taken back that nobody got"

    def _has_or_cannot(self, row: Any) -> bool:
        """Whether somebody has a message, or why not: refused, not delivered, over before it could start, or STOP."""
        match row.state:
            case State.FAILED:
                return self._failed(row)
            case State.EXPIRED:
                return bool(row.ends <= self.account.clock.now())
            case State.SUPPRESSED:
                return row.reason == Reason.OPTED_OUT and row.target in self.account.told.stopped
        return row.state in HAS

    def _failed(self, row: Any) -> bool:
        """Whether the ledger says `failed`, and the platform has said so."""
        account = self.account
        said = account.lost(row.id) if account.messages(row.id) else row.id in account.refused
        return row.state == State.FAILED and said
