"""The shortest histories that we know in which a mutation of the ledger breaks a promise; see `test_mutations`.

Each is a list of the machine's own rules, played in order with the promises checked after each. At its end everything
is mended, both processes work on until nothing is left to do, and the platform reports what it has: the real ledger
passes, the mutant does not. None has a step that could be left out, which is tested, too.
"""

from collections.abc import Callable, Sequence
from typing import Any

from schemas.words import Severity
from tests.dispatch.machine import History
from tests.dispatch.world import ANNA

LATE = {"which": 0, "fate": "late", "delay": 45.0, "lag": 0.0}
ARRIVES = {"which": 0, "fate": "arrives", "delay": 0.0, "lag": 0.0}
NEVER = {"which": 0, "fate": "never", "delay": 0.0, "lag": 0.0}
REFUSED = {"which": 0, "fate": "refused", "delay": 0.0, "lag": 0.0}


Step = tuple[str, dict[str, Any]]
Script = Callable[["Play"], None]


class Play:
    """Writes down which rules are called, by their names."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def begin(self, severity: Severity = Severity.SEVERE, minutes: int = 600, *, alike: bool = False) -> None:
        """The first release, to Anna."""
        self.first_release(severity=severity, to={ANNA}, minutes=minutes, alike=alike)

    def __getattr__(self, name: str) -> Callable[..., None]:
        def step(**named: Any) -> None:
            self.steps.append((name, named))

        return step

    # --- what several have in common ---

    def given_up(self) -> None:
        """It arrives, its answer is lost, and the look-up fails until patience is over."""
        self.answer_is_lost(by=0, fate="arrives")
        self.look_up_fails_for_long(by=1)


def steps_of(script: Script) -> list[Step]:
    """The rules of a script, in order."""
    play = Play()
    script(play)
    return play.steps


def run_steps(machine: type[History], steps: Sequence[Step]) -> None:
    """Play them on the machine's database, with the promises checked after each, and to the end."""
    history = machine()
    for name, named in steps:
        getattr(history, name)(**named)
        history.promises_hold()
    history.teardown()


def owner_attempt(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.quarantine_passes(by=(1,), then="works")
    m.write(**ARRIVES)  # attempt 1 is stale: surely not sent


def recoverer_attempt(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.write(**NEVER)
    m.quarantine_passes(by=(1,), then="stalled")  # nothing there, says the look-up of attempt 1
    m.quarantine_passes(by=(0,), then="works")
    m.write(**ARRIVES)  # attempt 2


def no_quarantine(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.write(**LATE)


def wall_clock(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.something_odd(what="wall clock", one=True)


def failed_look_up(m: Play) -> None:
    m.begin()
    m.answer_is_lost(by=0, fate="arrives")
    m.quarantine_passes(by=(1,), then="fails")


def answer_lost(m: Play) -> None:
    m.begin()
    m.answer_is_lost(by=0, fate="arrives")


def stale_intent(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.quarantine_passes(by=(1,), then="works")


def expires_in_flight(m: Play) -> None:
    m.begin(minutes=8)
    m.pass_time(seconds=475.0)
    m.window(by=0, slots=2)
    m.pass_time(seconds=6.0)


def expired(m: Play) -> None:
    m.begin(minutes=8)
    m.pass_time(seconds=481.0)
    m.window(by=0, slots=2)


def stop_in_flight(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.something_odd(what="stop", one=False)


def stopped(m: Play) -> None:
    m.begin()
    m.something_odd(what="stop", one=False)
    m.window(by=0, slots=2)


def brake(m: Play) -> None:
    m.begin()
    m.something_odd(what="brake", one=False)
    m.window(by=0, slots=2)


def withdrawn_before(m: Play) -> None:
    m.begin()
    m.take_back(cancel=False, by=1)
    m.window(by=0, slots=2)


def withdrawn_in_flight(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.write(**LATE)
    m.take_back(cancel=False, by=0)


def update_in_flight_at_a_withdrawal(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.write(**ARRIVES)
    m.answer(which=0, lost=False)
    m.next_release(update=True, more=False, by=0)
    m.window(by=0, slots=2)
    m.write(**LATE)
    m.take_back(cancel=False, by=0)


def updated_in_flight(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.write(**LATE)
    m.next_release(update=True, more=False, by=0)


def unresolved_and_withdrawn(m: Play) -> None:
    m.begin()
    m.given_up()
    m.take_back(cancel=False, by=0)


def sent_again_and_withdrawn(m: Play) -> None:
    m.begin(Severity.EXTREME)
    m.given_up()
    m.take_back(cancel=False, by=0)


def sent_again_and_refused(m: Play) -> None:
    m.begin(Severity.EXTREME)
    m.given_up()
    m.window(by=1, slots=2)
    m.write(**REFUSED)


def reads_alike(m: Play) -> None:
    m.begin(alike=True)
    m.answer_is_lost(by=0, fate="never")


def report_before_time_out(m: Play) -> None:
    m.begin()
    m.window(by=0, slots=2)
    m.write(**ARRIVES)
    m.report(which=0, status="accepted", by=1)
    m.answer(which=0, lost=True)


def report_after_all(m: Play) -> None:
    m.begin()
    m.given_up()


def sent_twice_by_policy(m: Play) -> None:
    m.begin(Severity.EXTREME)
    m.given_up()


def _sent(m: Play) -> None:
    """What is planned goes out, and its answer is read."""
    m.window(by=0, slots=2)
    m.write(**ARRIVES)
    m.answer(which=0, lost=False)
    m.window(by=0, slots=0)


def correction_undelivered(m: Play) -> None:
    m.begin()
    _sent(m)
    m.next_release(update=False, more=False, by=0)
    m.sweep(by=0, stalls=False)
    _sent(m)
    m.report(which=1, status="undelivered", by=0)
    m.take_back(cancel=False, by=0)


def key_taken_away(m: Play) -> None:
    m.begin()
    m.others_sign(by=0, first=False)


def withdrawn_again(m: Play) -> None:
    m.begin()
    _sent(m)
    m.take_back(cancel=False, by=0)
    m.sweep(by=0, stalls=False)
    m.window(by=0, slots=2)
    m.write(**REFUSED)
    m.window(by=0, slots=0)
    m.pass_time(seconds=4.0)
    m.withdraw_again(by=0)


def handled_twice(m: Play) -> None:
    m.begin()
    m.redelivered(which=0, by=1)


def two_gates(m: Play) -> None:
    m.begin()
    m.window_met(by=0, statement=3, what="window")


#: By the mutation that each finds.
SCRIPTS: dict[str, Script] = {
    "owner: attempt not compared": owner_attempt,
    "recoverer: attempt not compared": recoverer_attempt,
    "no quarantine": no_quarantine,
    "quarantine on the wall clock": wall_clock,
    "a failed look-up proves absence": failed_look_up,
    "no look-up": answer_lost,
    "a time-out is no doubt": answer_lost,
    "expired intent started": stale_intent,
    "expiry not in the last check": expires_in_flight,
    "expiry not in the gate": expired,
    "STOP not in the last check": stop_in_flight,
    "STOP not in the gate": stopped,
    "brake ignored": brake,
    "no mark": withdrawn_before,
    "mark read too early": withdrawn_before,
    "take-back planned once": withdrawn_in_flight,
    "take-back does not wait for doubt": update_in_flight_at_a_withdrawal,
    "update does not wait": updated_in_flight,
    "withdrawal only to the sure ones": unresolved_and_withdrawn,
    "maybe forgotten": sent_again_and_withdrawn,
    "no of attempt 2 speaks for attempt 1": sent_again_and_refused,
    "foreign id accepted": reads_alike,
    "evidence overwritten": report_before_time_out,
    "late evidence lost": report_after_all,
    "second confirmation lost": sent_twice_by_policy,
    "undelivered correction counts": correction_undelivered,
    "revoked is for good": key_taken_away,
    "later withdrawal is a repeat": withdrawn_again,
    "ids drawn by lot": handled_twice,
}
SHARED_SCRIPTS: dict[str, Script] = {"intent without compare-and-set": two_gates}
