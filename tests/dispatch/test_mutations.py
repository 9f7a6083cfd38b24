"""Mutations of the ledger, and the shortest history in which each breaks a promise (`mutations`, `scripts`).

Anna gets an alert from process 0; process 1 shares the ledger; Q is 120 s, and a request arrives within 45 s or never.
At the end of each history both work on until nothing is left to do, which is where most of them come to light.

==========================================  ===========================================================================
without (two guards of one thing: both)     shortest failing history
==========================================  ===========================================================================
owner: attempt not compared                 0 opens, stalls · Q · 1 finds nothing, opens attempt 2 · 0 finds its own
                                            too old, says "never written" of attempt 1: opened again, two texts
recoverer: attempt not compared             0 opens, answer awaited · Q · 1's look-up finds nothing, and stalls · Q ·
                                            0 finds nothing, writes attempt 2 · 1 goes on: planned again, two texts
no quarantine                               0 opens, writes, on its way: looked up at once, two texts
quarantine on the wall clock                0 opens · 1 sees it, and the clock steps 150 s: both write
a failed look-up proves absence             arrives, answer lost · Q · the look-up fails: two texts
no look-up                                  arrives, answer lost: two texts
a time-out is no doubt                      arrives, answer lost: two texts
expired intent started                      0 opens, stalls · Q · 1 opens attempt 2: both write
expiry not in the last check                0 opens 5 s before its end · 6 s: it writes
expiry not in the gate                      the end has come: 0 opens
STOP not in the last check                  0 opens · STOP: it writes
STOP not in the gate                        STOP: 0 opens
brake ignored                               brake: 0 opens
no mark                                     1 hears of the withdrawal: 0 opens
mark read too early                         the same: 0 goes by what it remembers from before
take-back planned once                      0 opens, writes, on its way · withdrawn: nobody tells Anna
take-back does not wait for doubt           sent · an update is on its way · withdrawn: the update comes after its own
                                            take-back
update does not wait                        on its way · an update: the old text comes after the new
withdrawal only to the sure ones            arrives, answer lost, look-up fails: `unresolved` · withdrawn: nobody tells
                                            Anna
maybe forgotten                             Extreme: the same, planned again · withdrawn: `superseded`, and it stands
no of attempt 2 speaks for attempt 1        Extreme: the same, planned again · refused: `failed`, and it stands
foreign id accepted                         an older alert reads alike · never arrives: `sent`, and it is nowhere
evidence overwritten                        arrives, is reported · its answer times out: `unknown`
late evidence lost                          arrives, answer lost, look-up fails · reported: still `unresolved`
second confirmation lost                    Extreme: the same, sent twice by policy: nobody is told of the twin
undelivered correction counts               sent · its correction is sent, and reported undelivered · withdrawn:
                                            nobody tells Anna
revoked is for good                         the signer's key is taken away · others sign: nobody tells Anna
later withdrawal is a repeat                sent · withdrawn, and the take-back is refused · withdrawn again: nobody
                                            tells Anna
ids drawn by lot                            Kafka gives release and batch again: two texts
intent without compare-and-set (shared)     0 reads what is planned · 1 opens the same · 0 opens it: two texts
==========================================  ===========================================================================

Every commit plays them, as scripts of the machine's own rules: the real ledger passes, the mutant does not. `--long`
also looks whether a step of one could be left out, and gives the mutants to the machine itself, which has nothing but
the promises to go by. What fences one attempt from the next is found by the deep machine, the rest by the wide one.
"""

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.dispatch.databases import Database
from tests.dispatch.machine import ManyTexts, OneLineage, SharedLineage
from tests.dispatch.mutations import MUTATIONS, SHARED_MUTATIONS
from tests.dispatch.scripts import SCRIPTS, SHARED_SCRIPTS, run_steps, steps_of
from tests.support.postgres import Postgres

#: What the shared ledger plays for every commit; all of them with `--long`.
SHARED = {"owner: attempt not compared", "recoverer: attempt not compared", "mark read too early", "maybe forgotten",
          "take-back does not wait for doubt", "update does not wait", *SHARED_SCRIPTS}  # fmt: skip
ALL = {**MUTATIONS, **SHARED_MUTATIONS}
SEARCH = 500


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A ledger in a file."""
    database = Database(tmp_path_factory.mktemp("ledger"))
    yield database
    database.close()


@pytest.fixture(scope="module")
def shared(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A ledger on PostgreSQL."""
    database = Database(tmp_path_factory.mktemp("ledger"), postgres.url("t_mutations"))
    yield database
    database.close()


def test_every_mutation_has_its_script_and_its_line() -> None:
    """The list above is whole."""
    assert SCRIPTS.keys() == MUTATIONS.keys()
    assert SHARED_SCRIPTS.keys() == SHARED_MUTATIONS.keys()
    assert all(name in str(__doc__) for name in ALL)


@pytest.mark.parametrize("name", MUTATIONS)
def test_its_script_finds_the_mutation_and_passes_without_it(sqlite: Database, name: str) -> None:
    """On SQLite."""
    machine, steps = OneLineage.open(sqlite), steps_of(SCRIPTS[name])
    run_steps(machine, steps)
    with MUTATIONS[name].planted(), pytest.raises(AssertionError):
        run_steps(machine, steps)


@pytest.mark.connected
@pytest.mark.parametrize("name", ALL)
def test_its_script_finds_the_mutation_on_a_shared_ledger(shared: Database, long: bool, name: str) -> None:
    """On PostgreSQL."""
    if name not in SHARED and not long:
        pytest.skip("with --long; every commit plays it on SQLite")
    machine, steps = SharedLineage.open(shared), steps_of({**SCRIPTS, **SHARED_SCRIPTS}[name])
    run_steps(machine, steps)
    with ALL[name].planted(), pytest.raises(AssertionError):
        run_steps(machine, steps)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", MUTATIONS)
def test_no_step_of_a_script_can_be_left_out(sqlite: Database, long: bool, name: str) -> None:
    """Then the mutant passes as well, or the step after it has nothing to act on."""
    if not long:
        pytest.skip("with --long")
    machine, steps = OneLineage.open(sqlite), steps_of(SCRIPTS[name])
    for number in range(1, len(steps)):
        with MUTATIONS[name].planted(), contextlib.suppress(ZeroDivisionError):
            run_steps(machine, steps[:number] + steps[number + 1 :])


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_machine_finds_the_mutation_by_itself(sqlite: Database, long: bool, name: str) -> None:
    """By searching."""
    if not long:
        pytest.skip("with --long; every commit plays the shortest history")
    with MUTATIONS[name].planted(), pytest.raises(AssertionError):
        _search(sqlite)


def _search(database: Database) -> None:
    budget = settings(
        max_examples=SEARCH, stateful_step_count=40, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for machine in (ManyTexts, OneLineage):
        run_state_machine_as_test(machine.open(database), settings=budget)
