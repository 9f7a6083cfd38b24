"""Two state machines for hypothesis over one account: a lineage with all that can happen to it, and many texts at once.

The first is wide: update, correction, Cancel, withdrawal, STOP, brake, look-ups that fail, steps of the wall clock. The
second is deep: one alert to many, where each text meets a fate of its own, so that in one history every order of
stalls, crashes and answers is met by somebody. What fences one attempt from the next shows only there.
"""

import random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.words import BroadcastKind, Severity
from tests.dispatch.account import LATEST, PATIENCE_S, Account
from tests.dispatch.databases import Database
from tests.dispatch.fakes import BOUNDS
from tests.dispatch.promises import Promises
from tests.dispatch.world import ANNA, BEN, Process, people

PROCESS = st.integers(0, 1)
#: Which of those that there are; counted round.
WHICH = st.integers(0, 3)
TARGETS = (ANNA, BEN)
MANY = people(10)
SEEDS = st.integers(0, 2**32)


class History(RuleBasedStateMachine):
    """What both machines share."""

    database: Database
    account: Account | None = None
    promises: Promises

    @classmethod
    def open(cls, database: Database) -> "type[History]":
        """A machine whose histories are all on this database."""
        return type(cls.__name__, (cls,), {"database": database})

    def begin(self, severity: Severity, to: set[str], minutes: int, *, alike: bool = False) -> None:
        self.account = Account(self.database, severity, minutes, sorted(to) if alike else ())
        self.promises = Promises(self.account)
        self.account.release(1, 1, BroadcastKind.ALERT, to, 0)

    @property
    def a(self) -> Account:
        """The account; hypothesis asks for preconditions before `begin`, too."""
        assert self.account
        return self.account

    @invariant()
    def promises_hold(self) -> None:
        if self.account:
            self.promises.check()

    def teardown(self) -> None:
        if self.account:
            self.promises.check_end()

    @rule(by=PROCESS, stalls=st.booleans())
    def sweep(self, by: int, stalls: bool) -> None:
        self.a.sweep(by, stalls=stalls)

    @rule(by=st.sampled_from([(0,), (1,), (0, 1), (1, 0)]), then=st.sampled_from(["fails", "stalled", "works"]))
    def quarantine_passes(self, by: tuple[int, ...], then: str) -> None:
        """Q goes by; a look-up fails, or the first's stalls with its answer; the last goes on with its work."""
        self.a.quarantine_passes(by)
        if by[0] not in self.a.halfway and then == "stalled":
            self.a.sweep(by[0], stalls=True)
        elif by[0] not in self.a.halfway and then == "fails":
            self.a.sweep_without_look_up(by[0])
        if by[-1] not in self.a.halfway:
            self.a.sweep(by[-1])
            self.a.window(by[-1], len(MANY))


def _flying(machine: Any) -> list[tuple[Process, str]]:
    return [(process, name) for process in machine.a.world.processes for name in sorted(process.flying)]


class OneLineage(History):
    """Wide: everything that can happen to one lineage, to two people."""

    @initialize(
        severity=st.sampled_from([Severity.SEVERE, Severity.SEVERE, Severity.EXTREME]),
        to=st.sets(st.sampled_from(TARGETS), min_size=1), minutes=st.sampled_from([8, 600]), alike=st.booleans(),
    )  # fmt: skip
    def first_release(self, severity: Severity, to: set[str], minutes: int, alike: bool) -> None:
        self.begin(severity, to, minutes, alike=alike)

    @precondition(lambda self: not self.a.told.taking_back and len(self.a.told.values) < 3)
    @rule(update=st.booleans(), more=st.booleans(), by=PROCESS)
    def next_release(self, update: bool, more: bool, by: int) -> None:
        """An update or a correction goes to whoever was selected before, and perhaps to all."""
        last = self.a.told.values[-1]
        to = set(TARGETS) if more else set.union(*self.a.told.to.values())
        if update:
            self.a.release(last.version + 1, 1, BroadcastKind.UPDATE, to, by)
        else:
            self.a.release(last.version, last.revision + 1, last.kind, to, by)

    @precondition(lambda self: not self.a.told.taking_back)
    @rule(cancel=st.booleans(), by=PROCESS)
    def take_back(self, cancel: bool, by: int) -> None:
        self.a.take_back(cancel=cancel, by=by)

    @precondition(lambda self: self.a.withdrawn)
    @rule(by=PROCESS)
    def withdraw_again(self, by: int) -> None:
        self.a.withdraw_again(by)

    @rule(by=PROCESS, first=st.booleans())
    def others_sign(self, by: int, first: bool) -> None:
        self.a.others_sign(by, first=first)

    @rule(what=st.sampled_from(["stop", "brake", "look-up", "wall clock"]), one=st.booleans())
    def something_odd(self, what: str, one: bool) -> None:
        match what:
            case "stop":
                self.a.stop(TARGETS[one])
            case "brake":
                self.a.brake(on=not self.a.told.braked)
            case "look-up":
                self.a.break_look_up()
            case _:
                self._sweep_and_open(1)
                self.a.clock.step_wall(150 if one else -150)
                self._sweep_and_open(1)

    def _sweep_and_open(self, by: int) -> None:
        if by not in self.a.halfway:
            self.a.sweep(by)
            self.a.window(by, 2)

    @rule(by=PROCESS, slots=st.sampled_from([0, 2]))
    def window(self, by: int, slots: int) -> None:
        self.a.window(by, slots)

    @rule(by=PROCESS, slots=st.sampled_from([0, 2]))
    def window_unanswered(self, by: int, slots: int) -> None:
        self.a.window_unanswered(by, slots)

    @precondition(lambda self: self.a.told.values)
    @rule(which=st.integers(0, 2), by=PROCESS)
    def redelivered(self, which: int, by: int) -> None:
        self.a.redelivered(which, by)

    @precondition(lambda self: self.a.unresolved())
    @rule(which=WHICH, proves=st.booleans())
    def person(self, which: int, proves: bool) -> None:
        self.a.person(which, proves=proves)

    @precondition(lambda self: bool(_flying(self)))
    @rule(
        which=WHICH, fate=st.sampled_from(["arrives", "late", "never", "connect", "refused"]),
        delay=st.floats(0, LATEST), lag=st.sampled_from([0.0, 0.5, BOUNDS.visible]),
    )  # fmt: skip
    def write(self, which: int, fate: str, delay: float, lag: float) -> None:
        flying = _flying(self)
        process, name = flying[which % len(flying)]
        self.a.write(process, name, fate, delay if fate == "late" else 0.0, lag)

    @precondition(lambda self: self.a.waiting())
    @rule(which=WHICH, lost=st.booleans())
    def answer(self, which: int, lost: bool) -> None:
        waiting = self.a.waiting()
        self.a.answer(waiting[which % len(waiting)], lost=lost)

    @rule(by=PROCESS, fate=st.sampled_from(["arrives", "late", "never"]))
    def answer_is_lost(self, by: int, fate: str) -> None:
        """An attempt whose answer never comes: the doubt that everything else turns on."""
        self.a.window(by, 1)
        process = self.a.process(by)
        for name in list(process.flying)[:1]:
            self.a.write(process, name, fate, LATEST if fate == "late" else 0.0)
        for request in self.a.waiting(process):
            self.a.answer(request, lost=True)
        self.a.window(by, 0)

    @precondition(lambda self: not self.a.halfway)
    @rule(by=PROCESS)
    def look_up_fails_for_long(self, by: int) -> None:
        """Until patience is over."""
        for seconds in (BOUNDS.quarantine + 1, PATIENCE_S + 1, 0.0):
            self.a.sweep_without_look_up(by)
            self.a.pass_time(seconds)

    @rule(by=PROCESS)
    def crash(self, by: int) -> None:
        self.a.crash(by)

    @precondition(lambda self: self.a.arrived())
    @rule(which=WHICH, status=st.sampled_from(["accepted", "sent", "delivered", "undelivered"]), by=PROCESS)
    def report(self, which: int, status: str, by: int) -> None:
        arrived = self.a.arrived()
        self.a.report(arrived[which % len(arrived)], status, by)

    @rule(seconds=st.sampled_from([0.4, 4.0, 11.0, 31.0, 61.0, 121.0]))
    def pass_time(self, seconds: float) -> None:
        self.a.pass_time(seconds)


class ManyTexts(History):
    """Deep: one alert to ten people, perhaps its withdrawal, and nothing but processes that stall and die."""

    @initialize()
    def first_release(self) -> None:
        self.begin(Severity.SEVERE, set(MANY), 600)

    @rule(by=PROCESS, seed=SEEDS)
    def work(self, by: int, seed: int) -> None:
        """Commit and open; each intent stalls or meets a fate of its own; each answer is read, lost, or awaited."""
        dice, process = random.Random(seed), self.a.process(by)  # noqa: S311 - a test's dice
        self.a.window(by, len(MANY))
        for name in list(process.flying):
            fate = dice.choice(["stalls", "stalls", "connect", "never", "arrives", "late"])
            if fate != "stalls":
                delay = dice.uniform(0, LATEST) if fate == "late" else 0.0
                self.a.write(process, name, fate, delay, dice.choice([0.0, BOUNDS.visible]))
        for request in self.a.waiting(process):
            if dice.random() < 0.7:
                self.a.answer(request, lost=dice.random() < 0.5)

    @precondition(lambda self: not self.a.told.taking_back and len(self.a.requests) > 2 * len(MANY))
    @rule(by=PROCESS)
    def take_back(self, by: int) -> None:
        self.a.take_back(cancel=False, by=by)

    @rule(by=st.sampled_from([0, 1, None]), seconds=st.sampled_from([4.0, 11.0, 61.0]))
    def crash_or_time(self, by: int | None, seconds: float) -> None:
        if by is None:
            self.a.pass_time(seconds)
        else:
            self.a.crash(by)


class SharedLineage(OneLineage):
    """One lineage on PostgreSQL: the other process also acts between two statements of a window's transaction."""

    @rule(by=PROCESS, statement=st.integers(1, 9), what=st.sampled_from(["window", "sweep", "take back", "report"]))
    def window_met(self, by: int, statement: int, what: str) -> None:
        other, a = 1 - by, self.a

        def meets() -> None:
            match what:
                case "window":
                    a.window(other, 2)
                case "sweep" if other not in a.halfway:
                    a.sweep(other)
                case "take back" if not a.told.taking_back:
                    a.take_back(cancel=False, by=other)
                case "report" if a.arrived():
                    a.report(a.arrived()[-1], "delivered", other)

        with a.database.between(by, statement, meets):
            a.window(by, 2)
