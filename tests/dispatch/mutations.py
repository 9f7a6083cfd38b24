"""Mutations of the ledger: one mechanism of the protocol taken away from the real code, by changing its words.

A cut names a function and words that stand in it exactly once; a ledger that is written otherwise fails here, loudly.
Where two places guard the same thing, either alone is enough, so both are cut: that one may go is not a mutation.
"""

import importlib
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import pytest

from services.dispatch import gate, takeback
from services.runtime.prepared import Prepared


@dataclass(frozen=True)
class Cut:
    """`function` of `module` (Class.method for a method), with `new` in the place of `old`."""

    module: str
    function: str
    old: str
    new: str = ""

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        """Change the function where it is, whoever has imported it."""
        found: Any = importlib.import_module(f"services.dispatch.{self.module}")
        for name in self.function.split("."):
            found = getattr(found, name)
        assert isinstance(found, FunctionType)
        source = textwrap.dedent(inspect.getsource(found))
        assert source.count(self.old) == 1, f"{self.old!r} stands {source.count(self.old)} times in {self.function}"
        made: dict[str, Any] = {}
        code = compile(source.replace(self.old, self.new), f"<{self.function} mutated>", "exec")
        exec(code, found.__globals__, made)  # noqa: S102 - our own source, changed in one place
        patch.setattr(found, "__code__", made[found.__name__].__code__)


@dataclass(frozen=True)
class Mutation:
    """What is missing, in words, and the cuts that take it away."""

    name: str
    cuts: tuple[Cut, ...]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The ledger without it."""
        with pytest.MonkeyPatch.context() as patch:
            for cut in self.cuts:
                cut.apply(patch)
            patch.setattr(gate, "_CANDIDATES", Prepared(gate._candidates()))
            patch.setattr(gate, "_CLAIM", Prepared(gate._claim()))
            for name, make in (("_OWING", takeback._owing), ("_FOLLOW", takeback._follow)):
                patch.setattr(takeback, name, takeback._each(make))
            yield


def _of(name: str, module: str, function: str, old: str, new: str = "", *more: Cut) -> Mutation:
    return Mutation(name, (Cut(module, function, old, new), *more))


_NEWER_MARK = Cut("gate", "_candidates", "sa.or_(row.c.kind == Kind.DELETION, ~newer_mark),")
_SUPERSEDE = Cut(
    "planner", "raise_mark", "settle_planned(connection, OVERTAKEN, now, OF_LINEAGE, lineage=broadcast.lineage)"
)
_HELD = Cut("gate", "open_intents", " if row.kind == Kind.DELETION or held.get(row.lineage, -1) <= row.ordinal")
_OPENS = "gate.open_intents(connection, self.plan.channel, slots, now)"
_OPT_SUPPRESSES = "settling.settle_planned(connection, OPTED_OUT, now, OF_TARGET, target=target)"

MUTATIONS = {
    mutation.name: mutation
    for mutation in (
        _of("owner: attempt not compared", "gate", "_settle_one", " & (delivery.c.attempt == job.attempt)"),
        _of("recoverer: attempt not compared", "recovery", "_same", " & (delivery.c.attempt == attempt.number)"),
        _of("no quarantine", "recovery", "Quarantine.observe", "> self._quarantine_s", ">= 0"),
        _of("quarantine on the wall clock", "sweep", "Sweep._recover", "jobs.keys(), self._clock.boottime()",
            "jobs.keys(), self._clock.now().timestamp()"),
        _of("a failed look-up proves absence", "sweep", "Sweep._look", "complete=False", "complete=True"),
        _of("no look-up", "recovery", "settle", "claims.shared(connection, listed)", "listed[:0]"),
        _of("a time-out is no doubt", "gate", "_settle_one", '{"state": State.UNKNOWN, "reason": reason}',
            '{"state": State.PLANNED, "reason": reason}'),
        _of("expired intent started", "pump", "Fresh.permit", "clock.boottime() <= self.until and "),
        _of("expiry not in the last check", "pump", "Fresh.permit", "clock.now() < job.ends and "),
        _of("expiry not in the gate", "gate", "_candidates", "row.c.ends > NOW,"),
        _of("STOP not in the last check", "ledger", "Ledger.may_start", " and job.target not in self.stopped"),
        _of("STOP not in the gate", "gate", "_candidates", "~opted_out,", "",
            Cut("ledger", "Ledger.opt", _OPT_SUPPRESSES, "pass")),
        _of("brake ignored", "gate", "open_intents", " or braked(connection, channel)"),
        _of("no mark", "gate", "_candidates", _NEWER_MARK.old, "", _SUPERSEDE, _HELD),
        _of("mark read too early", "ledger", "Ledger._window", _OPENS,
            f"[row for row in {_OPENS} if self.marks.get(row.lineage, 0) <= row.ordinal]",
            _NEWER_MARK, _SUPERSEDE, _HELD),
        _of("take-back planned once", "takeback", "derive", "now - timedelta(seconds=plan.take_back_s)", "now"),
        _of("take-back does not wait for doubt", "takeback", "_owing", "other.c.state.in_(DOUBT)", "sa.false()",
            Cut("gate", "_candidates", "~open_before,", "sa.or_(row.c.kind.in_(TAKE_BACKS), ~open_before),")),
        _of("update does not wait", "gate", "_candidates", "~open_before,",
            "sa.or_(row.c.kind.not_in(TAKE_BACKS), ~open_before),"),
        _of("withdrawal only to the sure ones", "takeback", "_standing", "[*STANDS, State.UNRESOLVED]", "[*STANDS]"),
        _of("maybe forgotten", "recovery", "_give_up", "maybe=True", "maybe=False"),
        _of("no of attempt 2 speaks for attempt 1", "gate", "_settle_one", "mine, delivery.c.maybe",
            "mine, sa.false()"),
        _of("foreign id accepted", "claims", "shared", "owners = _owners(connection, found)", "return list(found)"),
        _of("evidence overwritten", "gate", "_settle_one", " & (delivery.c.state == State.SENDING)"),
        _of("late evidence lost", "evidence", "accept", "row.state in _OPEN)",
            "row.state in _OPEN and row.state != State.UNRESOLVED)"),
        _of("second confirmation lost", "evidence", "accept", "if ids:", "if False:"),
        _of("undelivered correction counts", "evidence", "report", "if followers:", "if False:"),
        _of("revoked is for good", "again", "carry_on", "_take_up(connection, believed, word, ends, now)", "False"),
        _of("later withdrawal is a repeat", "again", "hear", "Heard.LATER if later else ", ""),
        _of("ids drawn by lot", "ids", "delivery_id", "name.encode()", 'name.encode() + __import__("os").urandom(8)',
            Cut("planner", "plan_batch", "insert_new(connection, batch, [row])",
                "(insert_new(connection, batch, [row]) or True)")),
    )
}  # fmt: skip

#: Two transactions at once: only where a ledger is shared.
SHARED_MUTATIONS = {
    mutation.name: mutation
    for mutation in (
        _of("intent without compare-and-set", "gate", "_candidates", ".with_for_update(skip_locked=True, of=row)", "",
            Cut("gate", "_claim", " & (delivery.c.state == State.PLANNED)")),
    )
}  # fmt: skip
