"""A store out of a backup: no deadline passes before what people decided meanwhile has been read again."""

from datetime import timedelta
from pathlib import Path

from schemas.words import DecisionWord, Severity
from services.approve import restoring
from tests.approve.desk import Desk
from tests.approve.test_deadlines import RELEASES
from tests.support.trust import broadcast, decision

MINOR = broadcast(Severity.MINOR)
GRACE = timedelta(minutes=15)


def restored(folder: Path) -> Desk:
    """A desk of which a deadline is long over when it is put back."""
    desk = Desk(folder, RELEASES)
    desk.composed(MINOR)
    with desk.parts.store.begin() as connection:
        restoring.mark(connection, GRACE)
    desk.clock.pass_time(hours=3)
    desk.restart()
    desk.take("trust_changed")  # every start begins with it, and it counts deadlines anew
    return desk


def test_a_rejection_that_comes_again_is_heard_before_the_deadline_releases(tmp_path: Path) -> None:
    """The house is started hours after the restore: the wait is counted from its first look."""
    desk = restored(tmp_path)
    issued = desk.clock.now()
    assert desk.after(seconds=1) == []
    assert desk.after(seconds=60) == []
    no = decision(
        MINOR, decision=DecisionWord.REJECT, reason="a test", issued=issued, expires=issued + timedelta(hours=2)
    )
    desk.take("decided", no)
    assert desk.after(seconds=3600) == []
    assert desk.releases() == []
    desk.close()


def test_the_wait_ends_also_over_restarts(tmp_path: Path) -> None:
    desk = restored(tmp_path)
    assert desk.after(seconds=0) == []
    desk.clock.pass_time(seconds=GRACE.total_seconds() - 1)
    desk.restart()
    desk.take("trust_changed")
    assert desk.take("sweep") == []
    assert desk.releases() == []
    desk.after(seconds=1)
    assert len(desk.releases()) == 1
    desk.close()


def test_without_it_the_deadline_comes_first(tmp_path: Path) -> None:
    desk = Desk(tmp_path, RELEASES)
    desk.composed(MINOR)
    desk.after(seconds=3600)
    assert len(desk.releases()) == 1
    desk.close()
