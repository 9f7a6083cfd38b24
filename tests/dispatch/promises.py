"""What must hold after each step of a history, and at its end."""

from typing import Any

import sqlalchemy as sa

from schemas.words import TAKE_BACKS, Severity, State
from services.dispatch.tables import platform_id
from tests.dispatch.account import Account, run
from tests.dispatch.fakes import BOUNDS

OPEN = {State.PLANNED, State.SENDING, State.UNKNOWN}
STOOD = {State.SENT, State.DELIVERED, State.WITHDRAWN, State.CORRECTED}
FINAL = {State.FAILED, State.EXPIRED, State.SUPERSEDED, State.SUPPRESSED, State.WITHDRAWN, State.CORRECTED}
ENDED = {State.SENT, State.DELIVERED, State.FAILED, State.SUPPRESSED, State.UNRESOLVED, State.EXPIRED}
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

    def _nobody_gets_the_same_twice(self) -> None:
        doubled = {text: n for text, n in self.account.platform.counts().items() if n > 1}
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
                assert new.state == old.state, (old.state, new.state)
            if old.state in {State.SENT, State.DELIVERED}:
                assert new.state in STOOD
            if old.state == State.DELIVERED:
                assert new.state != State.SENT
        self.account.maybe |= {row.target for row, _ in after.values() if row.state == State.UNRESOLVED}
        self._before = after

    def _rows(self) -> dict[str, tuple[Any, frozenset[str]]]:
        owned: dict[str, set[str]] = {}
        for name, value in self.world.query(sa.select(platform_id.c.delivery, platform_id.c.platform_id)):
            owned.setdefault(name, set()).add(value)
        return {row.id: (row, frozenset(owned.get(row.id, ()))) for row in self.world.rows()}

    # --- at the end ---

    def check_end(self) -> None:
        """Mend everything, run until nothing is left to do, and hold the ledger against the platform."""
        account = self.account
        account.platform.look_up_fails = False
        if account.told.braked:
            account.brake(on=False)
        for number in list(account.halfway):
            account.sweep(number)
        for _ in range(ROUNDS):
            self._honestly()
            if not OPEN & {State(row.state) for row in self.world.rows()} and not self._owed():
                break
            account.pass_time(BOUNDS.quarantine + 1)
        else:
            message = f"never settled: {[(r.kind, r.state, r.reason) for r in self.world.rows()]}"
            raise AssertionError(message)
        self.check()
        self._ledger_and_platform_agree()
        self._everybody_knows()

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
        rows = {row.id: row for row in self.world.rows()}
        arrived = {request.job.id for request in self.account.requests if request.message}
        for name in arrived:
            assert rows[name].state in STOOD | {State.UNRESOLVED}, (rows[name].state, "stands on the platform")
        for name, row in rows.items():
            if row.state in {State.SENT, State.DELIVERED, State.CORRECTED}:
                assert name in arrived, (row.kind, row.state, "is nowhere")
            if row.state == State.UNRESOLVED:
                assert self.account.told.look_up_failed

    def _everybody_knows(self) -> None:
        """Who has the alert hears that it is over, once; who was selected last has the last words."""
        told = self.account.told
        rows = self.world.rows()
        for target in set.union(*told.to.values()):
            mine = [row for row in rows if row.target == target]
            if told.taking_back:
                self._hears_that_it_is_over(target, mine)
            elif target in told.to[told.mark]:
                states = {State(row.state) for row in mine if row.ordinal == told.mark}
                good = {State.SENT, State.DELIVERED, State.FAILED, State.EXPIRED, State.UNRESOLVED}
                assert states & good or target in told.stopped, states

    def _hears_that_it_is_over(self, target: str, mine: list[Any]) -> None:
        has = any(row.state in STOOD for row in mine if row.kind not in TAKE_BACKS)
        backs = [row for row in mine if row.ordinal == self.account.told.mark and row.kind in TAKE_BACKS]
        if has:
            assert len(backs) == 1, (target, [(row.kind, row.state) for row in mine])
            assert backs[0].state in ENDED
        elif target not in self.account.maybe:
            assert not backs, "something was taken back that nobody got"
