"""Held never means silent: deadlines, what happens at them, and that a restart forgets none."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.words import Severity
from services.approve import store
from services.approve.outcomes import Escalated, Released
from services.approve.proposal import OPEN
from tests.approve.desk import Desk
from tests.support.trust import (
    NOW,
    POLICY,
    PUBLIC_ONLY,
    broadcast,
    decision,
    estimate,
    held,
    rule,
    signed_bundle,
    statement,
)

SEVERE = broadcast()
MODERATE = broadcast(Severity.MODERATE)
RELEASES = POLICY.model_copy(
    update={
        "severities": {
            **POLICY.severities,
            Severity.MINOR: rule(1, "release", deadline_s=600),
            Severity.SEVERE: rule(1, "release", deadline_s=600),
        }
    }
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.close()


def test_at_the_deadline_somebody_is_woken_and_it_waits_again(desk: Desk) -> None:
    desk.composed(SEVERE)
    assert desk.after(seconds=599) == []
    assert desk.after(seconds=1) == [Escalated("approval")]
    assert desk.state(SEVERE) == "escalated"
    (alarm,) = desk.alarms()
    assert "director" in alarm.do
    assert (alarm.lineage, alarm.since, alarm.over) == (SEVERE.lineage, NOW, False)
    assert desk.after(seconds=599) == []
    assert desk.after(seconds=1) == [Escalated("approval")]
    desk.take("decided", decision(SEVERE, issued=desk.clock.now(), expires=desk.clock.now() + timedelta(hours=1)))
    assert len(desk.releases()) == 1
    assert [a.over for a in desk.alarms()] == [False, False, True]


def late(desk: Desk) -> dict[str, int]:
    with desk.parts.store.begin() as connection:
        return desk.parts.showing.counts(connection, desk.clock.now())[3]


def test_what_is_late_is_shown_until_somebody_has_answered(desk: Desk) -> None:
    desk.composed(SEVERE)
    assert late(desk) == {"approval": 0, "held": 0}
    desk.after(seconds=600)
    assert late(desk) == {"approval": 1, "held": 0}
    desk.take("decided", decision(SEVERE, issued=desk.clock.now(), expires=desk.clock.now() + timedelta(hours=1)))
    assert late(desk) == {"approval": 0, "held": 0}


def test_a_held_alert_is_late_until_a_broadcast_has_come_of_it(desk: Desk) -> None:
    desk.held(held())
    desk.after(minutes=9)
    assert late(desk) == {"approval": 0, "held": 0}
    desk.after(minutes=1)
    assert late(desk) == {"approval": 0, "held": 1}
    desk.composed(broadcast(composed=desk.clock.now()))
    assert late(desk) == {"approval": 0, "held": 0}


def test_a_role_that_was_woken_may_approve(desk: Desk) -> None:
    desk.composed(SEVERE)
    desk.after(seconds=600)
    now = desk.clock.now()
    desk.take("decided", decision(SEVERE, "director-1", issued=now, expires=now + timedelta(hours=1)))
    assert len(desk.releases()) == 1


def test_a_deadline_that_passed_while_approve_was_down_is_found_at_once(desk: Desk) -> None:
    desk.composed(SEVERE)
    desk.restart()
    assert desk.after(seconds=599) == []
    desk.restart()
    desk.clock.pass_time(hours=2)
    desk.restart()
    assert desk.take("sweep") == [Escalated("approval")]
    assert desk.take("sweep") == []
    assert len(desk.alarms()) == 1


def test_what_was_counted_before_a_restart_is_counted_after_it(desk: Desk) -> None:
    extreme = broadcast(Severity.EXTREME)
    desk.composed(extreme)
    desk.take("decided", decision(extreme))
    desk.restart()
    desk.take("decided", decision(extreme, "officer-2"))
    assert len(desk.releases()) == 1


def test_policy_may_withhold_at_the_deadline_but_not_in_silence(desk: Desk) -> None:
    desk.composed(MODERATE)
    desk.after(seconds=600)
    assert desk.withheld() == [(1, "deadline")]
    assert [alarm.over for alarm in desk.alarms()] == [False, True]
    assert "nothing was sent" in desk.alarms()[0].says


def test_the_engine_releases_at_the_deadline_within_its_ceiling_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RELEASES)
    minor, severe = broadcast(Severity.MINOR), broadcast(lineage="m" * 64)
    desk.composed(minor)
    desk.composed(severe)
    assert desk.after(seconds=599) == []
    outcomes = desk.after(seconds=1)
    assert [type(outcome) for outcome in outcomes] == [Released, Escalated]
    assert [record.lineage for record in desk.releases()] == [minor.lineage]
    assert (desk.state(minor), desk.state(severe)) == ("released", "escalated")
    desk.close()


def test_a_composers_clock_that_runs_ahead_delays_the_engine_and_does_not_break_the_release(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RELEASES)
    ahead = broadcast(Severity.MINOR, composed=NOW + timedelta(seconds=300))
    desk.composed(ahead)
    assert desk.after(seconds=600) == []
    assert len(desk.after(seconds=300)) == 1
    assert len(desk.releases()) == 1
    desk.close()


def test_a_question_about_a_larger_audience_escalates_and_never_withholds_what_is_out(desk: Desk) -> None:
    desk.composed(MODERATE)
    desk.take("decided", decision(MODERATE, reach=10))
    desk.take("estimated", estimate(MODERATE, 500))
    assert desk.after(seconds=600) == [Escalated("approval")]
    assert (desk.state(MODERATE), desk.withheld()) == ("escalated", [])
    desk.after(hours=6)
    assert (desk.state(MODERATE), desk.withheld(), len(desk.releases())) == ("released", [], 1)


def test_without_a_bundle_nothing_goes_and_the_alarm_says_what_is_missing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, bundle=False)
    desk.composed(broadcast(Severity.MINOR, **PUBLIC_ONLY))
    desk.after(minutes=5)
    assert desk.releases() == []
    assert "tocsin keys bundle" in desk.alarms()[0].do
    desk.close()


def test_a_shorter_deadline_in_a_new_bundle_holds_for_what_waits(desk: Desk) -> None:
    desk.composed(SEVERE)
    shorter = POLICY.model_copy(update={"severities": {**POLICY.severities, Severity.SEVERE: rule(1, deadline_s=60)}})
    desk.parts.keeper.take(signed_bundle(statement(2, shorter)))
    desk.take("trust_changed")
    assert desk.after(seconds=60) == [Escalated("approval")]


def test_nothing_that_waits_is_without_a_moment_at_which_somebody_looks(desk: Desk) -> None:
    """For every severity, at every step of a day."""
    for number, severity in enumerate(Severity):
        desk.composed(broadcast(severity, lineage=f"{number}" * 64, expires=NOW + timedelta(days=2)))
    for _ in range(48):
        desk.after(minutes=30)
        for item in desk.pending()["waiting"]:
            with desk.parts.store.begin() as c:
                proposal = store.find_proposal(c, item["digest"])
            assert proposal is not None
            assert proposal.state in OPEN
            assert proposal.due is not None
            assert proposal.due > desk.clock.now()


def test_a_decision_whose_broadcast_never_comes_is_forgotten_after_it_has_run_out(desk: Desk) -> None:
    desk.take("decided", decision(SEVERE, expires=NOW + timedelta(minutes=1)))
    desk.after(minutes=2)
    desk.composed(SEVERE)
    assert desk.pending()["waiting"][0]["decisions"] == []
