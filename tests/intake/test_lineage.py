"""Lineage, version, lateness and waiting, on a real store with a clock that the test moves."""

from pathlib import Path

import pytest

from schemas.words import Grade
from services.intake.metrics import Outcome
from tests.intake.desk import Desk, message, rules

A, B, C = ("a", 0), ("b", 1), ("c", 2)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_an_update_and_a_cancel_go_on_with_the_lineage(desk: Desk) -> None:
    await desk.take(message(*A))
    await desk.take(message(*B, A))
    assert await desk.take(message(*C, A, B, msgType="Cancel")) == [Outcome.ACCEPT]
    alerts = desk.alerts()
    assert [alert.version for alert in alerts] == [1, 2, 3]
    assert len({alert.lineage for alert in alerts}) == 1
    assert len(alerts[0].lineage) == 32
    assert [alert.findings for alert in alerts] == [(), (), ()]


async def test_other_alerts_have_other_lineages(desk: Desk) -> None:
    await desk.take(message("a"))
    await desk.take(message("z"))
    assert [alert.version for alert in desk.alerts()] == [1, 1]
    assert len({alert.lineage for alert in desk.alerts()}) == 2


async def test_the_root_is_found_through_any_message_of_the_chain(desk: Desk) -> None:
    await desk.take(message(*A))
    await desk.take(message(*B, A))
    await desk.take(message(*C, B))
    assert [alert.version for alert in desk.alerts()] == [1, 2, 3]
    assert len({alert.lineage for alert in desk.alerts()}) == 1


async def test_citing_only_the_first_of_the_chain_is_enough_when_sent_is_newer(desk: Desk) -> None:
    for data in (message(*A), message(*B, A), message(*C, A)):
        assert await desk.take(data) == [Outcome.ACCEPT]
    assert desk.alerts()[2].version == 3


async def test_what_an_accepted_one_already_refers_to_is_late(desk: Desk) -> None:
    await desk.take(message(*A))
    await desk.take(message(*C, A, B))
    assert rules(desk.alerts()[1]) == {"partly-unknown-reference"}
    assert await desk.take(message(*B, A)) == [Outcome.LATE]
    assert [refusal.rule for refusal in desk.refusals()] == ["late"]
    assert len(desk.alerts()) == 2
    assert await desk.take(message(*B, A)) == [Outcome.REPEAT]
    assert await desk.take(message("d", 4, B)) == [Outcome.ACCEPT]
    assert desk.alerts()[2].version == 3
    assert desk.alerts()[2].lineage == desk.alerts()[0].lineage


async def test_a_cancel_is_never_late(desk: Desk) -> None:
    await desk.take(message(*A))
    await desk.take(message(*C, A, B))
    assert await desk.take(message(*B, A, msgType="Cancel")) == [Outcome.HOLD]
    assert rules(desk.alerts()[2]) == {"older-than-newest"}
    assert desk.alerts()[2].version == 3


async def test_a_cancel_whose_parent_never_came_joins_the_one_that_refers_to_it(desk: Desk) -> None:
    await desk.take(message(*C, B))
    await desk.later(61)
    assert await desk.take(message(*B, A, msgType="Cancel")) == [Outcome.HOLD]
    assert desk.alerts()[1].lineage == desk.alerts()[0].lineage
    assert desk.alerts()[1].version == 2


async def test_an_older_one_that_does_not_refer_to_the_newest_is_held(desk: Desk) -> None:
    await desk.take(message(*A))
    await desk.take(message(*C, A))
    assert await desk.take(message(*B, A)) == [Outcome.HOLD]
    held = desk.alerts()[2]
    assert (held.grade, held.version, rules(held)) == (Grade.HOLD, 3, {"older-than-newest"})


async def test_an_older_one_that_refers_to_the_newest_is_not_held(desk: Desk) -> None:
    await desk.take(message(*A))
    await desk.take(message(*C, A))
    assert await desk.take(message(*B, A, C)) == [Outcome.ACCEPT]


async def test_an_update_that_comes_before_its_alert_waits_and_follows_it(desk: Desk) -> None:
    assert await desk.take(message(*B, A)) == [Outcome.WAIT]
    assert desk.published() == []
    assert await desk.later(59) == []
    assert await desk.take(message(*A)) == [Outcome.ACCEPT, Outcome.ACCEPT]
    assert [(alert.cap.identifier, alert.version) for alert in desk.alerts()] == [("a", 1), ("b", 2)]
    assert await desk.later(600) == []


async def test_a_whole_chain_in_reverse_comes_out_in_order(desk: Desk) -> None:
    desk.clock.forward(45 * 60)
    chain = [message(f"m{n}", n, *((f"m{n - 1}", n - 1),) if n else ()) for n in range(40)]
    for data in reversed(chain[1:]):
        assert await desk.take(data) == [Outcome.WAIT]
    assert await desk.take(chain[0]) == [Outcome.ACCEPT] * 40
    assert [alert.version for alert in desk.alerts()] == list(range(1, 41))
    assert len({alert.lineage for alert in desk.alerts()}) == 1


async def test_transitive_references_that_wait_come_out_by_sent(desk: Desk) -> None:
    await desk.take(message(*C, A, B))
    await desk.take(message(*B, A))
    assert await desk.take(message(*A)) == [Outcome.ACCEPT] * 3
    assert [alert.cap.identifier for alert in desk.alerts()] == ["a", "b", "c"]


async def test_an_orphan_goes_on_after_its_wait_held_and_alone(desk: Desk) -> None:
    await desk.take(message(*B, A, msgType="Cancel"))
    assert await desk.later(60) == [Outcome.HOLD]
    (alert,) = desk.alerts()
    assert (alert.version, alert.grade, rules(alert)) == (1, Grade.HOLD, {"unknown-reference"})
    assert await desk.take(message(*A)) == [Outcome.LATE]


async def test_a_wait_survives_a_restart(desk: Desk) -> None:
    await desk.take(message(*B, A))
    again = desk.restarted()
    assert await again.later(59) == []
    again = again.restarted()
    assert await again.later(2) == [Outcome.HOLD]
    assert again.published("alerts.accepted")[0].headers["tocsin-correlation"] == "alerts.incoming/0/1"


async def test_a_repeat_while_waiting_does_nothing_and_other_bytes_are_refused(desk: Desk) -> None:
    await desk.take(message(*B, A))
    assert await desk.take(message(*B, A)) == [Outcome.REPEAT]
    assert await desk.take(message(*B, A, headline="Other")) == [Outcome.REFUSE]
    assert await desk.take(message(*A)) == [Outcome.ACCEPT, Outcome.ACCEPT]
    assert desk.alerts()[1].cap.info[0].headline == "Boil tap water in Kestrel County"


async def test_orphans_that_refer_to_an_orphan_follow_it_when_its_wait_ends(desk: Desk) -> None:
    await desk.take(message(*B, A))
    desk.clock.forward(30)
    await desk.take(message(*C, B))
    assert await desk.later(30) == [Outcome.HOLD, Outcome.ACCEPT]
    assert [alert.version for alert in desk.alerts()] == [1, 2]
    assert await desk.later(600) == []


async def test_an_update_that_refers_to_nothing_is_held_at_once(desk: Desk) -> None:
    assert await desk.take(message("b", 1, msgType="Update")) == [Outcome.HOLD]
    assert rules(desk.alerts()[0]) == {"no-reference"}


async def test_an_update_whose_references_cannot_be_read_is_held(desk: Desk) -> None:
    assert await desk.take(message("b", 1, msgType="Update", references="a")) == [Outcome.HOLD]
    assert rules(desk.alerts()[0]) == {"no-reference", "reference-form"}


async def test_a_reference_to_itself_is_left_out(desk: Desk) -> None:
    await desk.take(message(*A))
    assert await desk.take(message(*B, A, B)) == [Outcome.ACCEPT]
    assert rules(desk.alerts()[1]) == {"self-reference"}
    assert await desk.take(message("s", 3, ("s", 3))) == [Outcome.HOLD]
    assert rules(desk.alerts()[2]) == {"self-reference", "no-reference"}
    assert await desk.take(message("r", 4, ("r", 2))) == [Outcome.HOLD]  # its own name with another `sent`
    assert rules(desk.alerts()[3]) == {"self-reference", "no-reference"}


async def test_references_into_two_lineages_are_held_with_the_newer(desk: Desk) -> None:
    await desk.take(message(*A))
    await desk.take(message("z", 1))
    assert await desk.take(message(*C, A, ("z", 1))) == [Outcome.HOLD]
    assert rules(desk.alerts()[2]) == {"several-lineages"}
    assert desk.alerts()[2].lineage == desk.alerts()[1].lineage


async def test_after_a_cancel_an_update_is_held(desk: Desk) -> None:
    await desk.take(message(*A))
    await desk.take(message(*B, A, msgType="Cancel"))
    assert await desk.take(message(*C, A, B)) == [Outcome.HOLD]
    assert rules(desk.alerts()[2]) == {"after-cancel"}


async def test_an_alert_that_refers_to_a_known_one_joins_it_held_and_does_not_wait_for_an_unknown(desk: Desk) -> None:
    await desk.take(message(*A))
    assert await desk.take(message(*B, A, msgType="Alert")) == [Outcome.HOLD]
    assert rules(desk.alerts()[1]) == {"alert-with-reference"}
    assert desk.alerts()[1].version == 2
    assert await desk.take(message("y", 3, ("gone", 0), msgType="Alert")) == [Outcome.ACCEPT]


async def test_counted_once_each(desk: Desk) -> None:
    await desk.take(message(*B, A))
    await desk.take(message(*A))
    await desk.take(message(*A))
    counts = {outcome: desk.count("tocsin_intake_alerts_total", outcome=outcome) for outcome in Outcome}
    assert counts == {
        "accept": 2,
        "wait": 1,
        "repeat": 1,
        "hold": 0,
        "refuse": 0,
        "late": 0,
        "hand-over": 0,
        "record": 0,
    }
