"""What `tocsin top` makes of the rooms' answers: added up, with rates, and everything that is wrong in plain sight."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from services.cli import main as roof
from services.cli.errors import Code
from services.cli.house.rooms import ROOMS
from services.cli.sight.asking import Answer, Look, Sample
from services.cli.sight.drawing import draw, lines
from services.cli.sight.picture import ChannelView, Picture, picture

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


def samples(**changes: float) -> tuple[Sample, ...]:
    """A texting dispatcher that is well, but for `changes`."""
    values: dict[str, float] = {
        "tocsin_channel_credentials_ok": 1, "tocsin_brake_on": 0, "tocsin_channel_sandbox": 0,
        "tocsin_oldest_doubt_seconds": 0, "tocsin_duplicates_detected": 0, "tocsin_trust_bundle_serial": 3,
        "tocsin_channel_rate_remaining": float("nan"), "tocsin_outbox_oldest_seconds": 0,
        "tocsin_channel_last_probe_timestamp_seconds": START.timestamp() - 30, **changes,
    }  # fmt: skip
    return tuple(Sample(name, {"channel": "sms"}, value) for name, value in values.items())


def rows(metric: str, **states: float) -> tuple[Sample, ...]:
    return tuple(
        Sample(metric, {"channel": "sms", "state": state, "reason": "none"}, value) for state, value in states.items()
    )


def look(seconds: float = 0, **answers: Answer) -> Look:
    """All rooms well and idle, but for those that are given."""
    well = {spec.name: Answer((), (Sample("tocsin_room_ready", {}, 1),)) for spec in ROOMS}
    return Look(START + timedelta(seconds=seconds), well | {n.replace("_", "/"): a for n, a in answers.items()})


def sms(seen: Picture) -> ChannelView:
    return next(each for each in seen.channels if each.channel == "sms")


def shown(seen: Picture) -> str:
    console = Console(width=200, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115 - the test's own end
    console.print(draw(seen))
    return console.export_text()


def test_messages_by_state_are_those_that_there_are() -> None:
    answer = Answer((), samples() + rows("tocsin_ledger_rows", planned=2, delivered=7, failed=0))
    assert sms(picture("live", look(dispatch_sms=answer), None)).states == {"planned": 2, "delivered": 7}


def test_a_rate_is_growth_a_second_and_none_without_a_look_before() -> None:
    before = look(dispatch_sms=Answer((), samples() + rows("tocsin_deliveries_total", sent=10, failed=1)))
    now = look(2, dispatch_sms=Answer((), samples() + rows("tocsin_deliveries_total", sent=30, failed=1)))
    assert sms(picture("live", before, None)).sent_rate is None
    view = sms(picture("live", now, before))
    assert (view.sent_rate, view.failed_rate) == (10, 0)


def test_a_room_that_began_anew_counts_from_nothing() -> None:
    before = look(dispatch_sms=Answer((), samples() + rows("tocsin_deliveries_total", sent=1000)))
    now = look(2, dispatch_sms=Answer((), samples() + rows("tocsin_deliveries_total", sent=4)))
    assert sms(picture("live", now, before)).sent_rate == 2


def test_partitions_of_a_room_are_added_up() -> None:
    lag = tuple(Sample("tocsin_consumer_lag_records", {"topic": name}, value) for name, value in (("a", 3), ("b", 4)))
    seen = picture("live", look(compose=Answer((), lag)), None)
    assert {room.room: room.lag for room in seen.rooms if room.lag} == {"compose": 7}


def test_a_room_that_is_away_is_said_so_and_hides_nothing_else() -> None:
    seen = picture("live", look(dispatch_sms=Answer(("it does not run",))), look())
    assert [(room.room, room.missing) for room in seen.rooms if not room.ready] == [
        ("dispatch/sms", ("it does not run",))
    ]
    assert "it does not run" in shown(seen)
    assert sms(seen).credentials is None
    assert "its dispatcher does not answer" in shown(seen)
    assert any("dispatch/sms" in line and "lag -, outbox - s" in line for line in lines(seen))  # unknown is not nothing
    assert any("dispatch/sms: it does not run" in line for line in lines(seen))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tocsin_channel_credentials_ok": 0}, "REFUSED OR AWAY: tocsin doctor"),
        ({"tocsin_brake_on": 1}, "BRAKE ON"),
        ({"tocsin_channel_sandbox": 1}, "SANDBOX"),
        ({"tocsin_oldest_doubt_seconds": 725}, "oldest doubt 12 min 5 s"),
        ({"tocsin_duplicates_detected": 1}, "sent twice: 1"),
        ({"tocsin_channel_rate_remaining": 74}, "rate left 74"),
    ],
)
def test_what_a_person_must_see_of_a_channel_is_in_both_views(changes: dict[str, float], says: str) -> None:
    calm = picture("live", look(dispatch_sms=Answer((), samples())), None)
    seen = picture("live", look(dispatch_sms=Answer((), samples(**changes))), None)
    assert says in shown(seen)
    assert any(says in line for line in lines(seen))
    assert says not in shown(calm)
    assert "probed 30 s ago" in shown(calm)


def test_unresolved_names_the_command() -> None:
    answer = Answer((), samples() + rows("tocsin_ledger_rows", unresolved=2))
    assert "unresolved: tocsin doubt list" in shown(picture("live", look(dispatch_sms=answer), None))


def test_what_waits_for_people_stands_first() -> None:
    approve = (
        Sample("tocsin_approvals_waiting", {"severity": "Severe"}, 1), Sample("tocsin_held_waiting", {}, 2),
        Sample("tocsin_approvals_waiting", {"severity": "Minor"}, 0), Sample("tocsin_approvals_oldest_seconds", {}, 90),
    )  # fmt: skip
    seen = picture("live", look(approve=Answer((), approve)), None)
    assert (seen.waiting, seen.held) == ({"Severe": 1}, 2)
    assert "waiting for approval: 1 Severe · longest 1 min 30 s · held: 2" in next(lines(seen))


def test_without_a_house_it_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["tocsin", "top", "--once", "--data", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        roof.main()
    assert end.value.code == Code.MISSING
    assert "is `tocsin up --realm live` running?" in capsys.readouterr().err
