"""A store out of a backup: no deadline passes before what people decided meanwhile has been read again."""

from datetime import timedelta
from pathlib import Path

from schemas.words import DecisionWord, Severity
from services.approve import restoring
from tests.approve.desk import Desk
from tests.approve.test_deadlines import RELEASES
from tests.support.trust import broadcast, decision

MINOR = broadcast(Severity.MINOR)


def test_a_rejection_that_comes_again_is_heard_before_the_deadline_releases(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RELEASES)
    desk.composed(MINOR)
    issued = desk.clock.now()
    desk.clock.pass_time(hours=1)  # the deadline is long over when it is restored
    with desk.parts.store.begin() as connection:
        assert restoring.wait(connection, desk.clock.now() + timedelta(minutes=15)) == 1
    assert desk.after(seconds=60) == []
    no = decision(
        MINOR, decision=DecisionWord.REJECT, reason="a test", issued=issued, expires=issued + timedelta(hours=2)
    )
    desk.take("decided", no)
    assert desk.after(seconds=3600) == []
    assert desk.releases() == []
    desk.close()


def test_without_it_the_deadline_comes_first(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RELEASES)
    desk.composed(MINOR)
    desk.after(seconds=3600)
    assert len(desk.releases()) == 1
    desk.close()
