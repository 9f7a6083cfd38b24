"""Mutations of the ledger, and the shortest history in which each breaks a promise (`mutations`, `scripts`).

Anna gets an alert from process 0; process 1 shares the ledger; Q is 120 s, and a request arrives within 45 s or never.

==========================================  ===========================================================================
without (two guards of one thing: both)     shortest failing history, as hypothesis has shrunk it
==========================================  ===========================================================================
owner: attempt not compared                 0 opens, stalls · Q · 1 finds nothing, opens attempt 2, writes · 0 says
                                            "attempt 1 never written", opens attempt 3: two texts
recoverer: attempt not compared             0 opens · 1's look-up finds nothing, stalls · Q · 0 finds nothing, opens
                                            attempt 2, writes · 1 goes on: planned, opens attempt 3: two texts
no quarantine                               0 opens, writes, arrives 45 s later · 1 looks up now, opens: two texts
quarantine on the wall clock                the same, with a step of 150 s in place of the sweep's own time
a failed look-up proves absence             arrives, answer lost · Q · look-up fails · 1 opens: two texts
no look-up                                  arrives, answer lost · Q · 1 opens: two texts
a time-out is no doubt                      arrives, answer lost · 0 opens again: two texts
expired intent started                      0 opens, stalls · Q · 1 opens attempt 2, writes · 0 writes: two texts
expiry not in the last check                0 opens 5 s before its end · 6 s · writes
expiry not in the gate                      8 min and 1 s · 0 opens
STOP not in the last check                  0 opens · STOP · writes
STOP not in the gate                        STOP · 0 opens
brake ignored                               brake · 0 opens
no mark                                     1 hears of the withdrawal · 0 opens
mark read too early                         the same: 0 goes by what it remembers from before
take-back planned once                      0 opens, writes · withdrawn · sweep · arrives: nobody tells Anna
take-back does not wait for doubt           sent · update written, on its way · withdrawn · take-back sent · the update
                                            arrives after its own take-back
update does not wait                        written, on its way · update sent by 1 · the old text comes after the new
withdrawal only to the sure ones            arrives, answer lost · look-up fails until `unresolved` · withdrawn: nobody
                                            tells Anna
maybe forgotten                             Extreme: arrives, answer lost, look-up fails: planned again · withdrawn:
                                            `superseded`, and it stands
no of attempt 2 speaks for attempt 1        the same · 1 opens attempt 2: refused: `failed`, and it stands
foreign id accepted                         an older alert reads alike · 0 writes, never arrives · Q · `sent`, nowhere
evidence overwritten                        written, reported · its answer times out: `unknown`
late evidence lost                          answer lost, look-up fails: `unresolved` · reported: still `unresolved`
second confirmation lost                    Extreme: sent twice by policy · both reported: nobody is told of the twin
ids drawn by lot                            sent · Kafka gives release and batch again · 1 opens: two texts
intent without compare-and-set (shared)     0 reads what is planned · 1 opens the same · 0 opens: two texts
==========================================  ===========================================================================

These run for every commit, as scripts of the machine's own rules: the real ledger passes, the mutant does not.
`--long` also gives each mutant to the machine itself, which finds it by searching.
"""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.dispatch.databases import Database
from tests.dispatch.machine import History, ManyTexts, OneLineage, SharedLineage
from tests.dispatch.mutations import MUTATIONS, SHARED_MUTATIONS
from tests.dispatch.scripts import SCRIPTS, SHARED_SCRIPTS, Play
from tests.support.postgres import Postgres

#: What the shared ledger plays for every commit; all of them with `--long`.
SHARED = {"owner: attempt not compared", "recoverer: attempt not compared", "mark read too early", "maybe forgotten",
          "take-back does not wait for doubt", "update does not wait", *SHARED_SCRIPTS}  # fmt: skip
ALL = {**MUTATIONS, **SHARED_MUTATIONS}
SEARCH = 1500


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


def _play(machine: type[History], script: Callable[[Play], None]) -> None:
    history = machine()
    script(Play(history))
    history.teardown()


def test_every_mutation_has_its_script_and_its_line() -> None:
    """The list above is whole."""
    assert SCRIPTS.keys() == MUTATIONS.keys()
    assert SHARED_SCRIPTS.keys() == SHARED_MUTATIONS.keys()
    assert all(name in str(__doc__) for name in ALL)


@pytest.mark.parametrize("name", MUTATIONS)
def test_its_script_finds_the_mutation_and_passes_without_it(sqlite: Database, name: str) -> None:
    """On SQLite."""
    machine, script = OneLineage.open(sqlite), SCRIPTS[name]
    _play(machine, script)
    with MUTATIONS[name].planted(), pytest.raises(AssertionError):
        _play(machine, script)


@pytest.mark.connected
@pytest.mark.parametrize("name", ALL)
def test_its_script_finds_the_mutation_on_a_shared_ledger(shared: Database, long: bool, name: str) -> None:
    """On PostgreSQL."""
    if name not in SHARED and not long:
        pytest.skip("with --long; every commit plays it on SQLite")
    machine, script = SharedLineage.open(shared), {**SCRIPTS, **SHARED_SCRIPTS}[name]
    _play(machine, script)
    with ALL[name].planted(), pytest.raises(AssertionError):
        _play(machine, script)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_machine_finds_the_mutation_by_itself(sqlite: Database, long: bool, name: str) -> None:
    """By searching, with nothing but the promises to go by; without shrinking: that has been done, see above."""
    if not long:
        pytest.skip("with --long; every commit plays the shortest history")
    with MUTATIONS[name].planted(), pytest.raises(AssertionError):
        _search(sqlite)


def _search(database: Database) -> None:
    budget = settings(
        max_examples=SEARCH, stateful_step_count=40, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for machine in (OneLineage, ManyTexts):
        run_state_machine_as_test(machine.open(database), settings=budget)
