"""A person's word about what cannot be known, on a real SQLite ledger: by the code, and by the command."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.operations import Alarm
from schemas.words import Channel, Kind, Realm, Reason, Severity, State
from services.cli import main as roof
from services.cli.errors import Code
from services.dispatch.moves import MOVES, Who
from services.dispatch.persons import NotMovedError, Persons, Saying
from services.dispatch.tables import delivery, outbox_rows, person_move
from services.runtime.store import sqlite_url
from tests.dispatch.world import ANNA, BEN, LINEAGE, World

NAME, WHY = "officer-1", "the platform's log shows it"


async def unresolved(world: World, *people: str, mood: str = "lost", severity: Severity = Severity.SEVERE) -> None:
    """Messages whose answer never came, and a look-up that fails until patience is over."""
    world.one.sweeper._quarantine._patience_s = 0
    await world.release(to=people, severity=severity)
    jobs = await world.one.window()
    for job in jobs:
        await world.one.send(job, mood=mood)
    await world.one.window(0)
    world.platform.look_up_fails = True
    await world.one.sweep()
    world.clock.pass_time(world.platform.bounds.quarantine + 1)
    await world.one.sweep()
    world.platform.look_up_fails = False
    assert {row.state for row in world.rows(kind=Kind.ALERT)} == {State.UNRESOLVED}


def say(world: World, to: State, platform_id: str | None = None, target: str = ANNA, by: str = NAME) -> State:
    """What the command does."""
    row = world.row(target) if world.channel is Channel.SMS else world.rows(kind=Kind.ALERT)[0]
    ledger = Persons(sqlite_url(world.path), world.channel, Realm.LIVE)
    try:
        return ledger.settle(Saying(row.id, to, by, WHY, platform_id), world.clock.now())
    finally:
        ledger.close()


def words(world: World) -> list[tuple[str, str, str]]:
    return [(row.to, row.by, row.reason) for row in world.query(sa.select(person_move))]


# --- the moves ---


async def test_sent_is_kept_with_name_and_reason_and_reported(sms: World) -> None:
    await unresolved(sms, ANNA)
    before = sms.row().seq
    assert say(sms, State.SENT) is State.SENT
    row = sms.row()
    assert (row.state, row.reason, row.unreported, row.seq) == (State.SENT, None, True, before + 1)
    assert words(sms) == [("sent", NAME, WHY)]
    assert await sms.one.turn() == []


async def test_planned_by_a_person_leaves_no_maybe(sms: World) -> None:
    """Who has looked and seen nothing has answered for every attempt before: a later no is a no."""
    await unresolved(sms, ANNA)
    with sms.one.store.begin() as connection:
        connection.execute(sa.update(delivery).values(maybe=True))
    assert say(sms, State.PLANNED) is State.PLANNED
    await sms.one.turn("refuse")
    assert (sms.row().state, sms.row().maybe) == (State.FAILED, False)


async def test_planned_is_sent_again_once(sms: World) -> None:
    await unresolved(sms, ANNA)
    assert say(sms, State.PLANNED) is State.PLANNED
    await sms.one.settle()
    assert (sms.row().state, sms.row().attempt, len(sms.platform.messages)) == (State.SENT, 2, 1)


async def test_failed_is_never_sent_again(sms: World) -> None:
    await unresolved(sms, ANNA)
    assert say(sms, State.FAILED) is State.FAILED
    assert sms.row().reason == Reason.UNKNOWN_OUTCOME
    await sms.one.settle()
    assert sms.platform.messages == []


async def test_what_was_withdrawn_meanwhile_is_not_sent_again(sms: World) -> None:
    value = await sms.release(2, to=[ANNA])
    del value
    await sms.one.settle()
    await unresolved_older(sms)
    assert say_id(sms, sms.row(ANNA, version=1).id, State.PLANNED) is State.SUPERSEDED
    await sms.one.settle()
    assert sms.row(ANNA, version=1).state == State.SUPERSEDED


async def unresolved_older(world: World) -> None:
    """A row of version 1 as it stands after its look-up failed, while version 2 has gone out already."""
    row = dict(world.row(ANNA, version=2)._mapping)
    row |= {"id": "0" * 32, "version": 1, "ordinal": row["ordinal"] - 2000, "state": "unresolved", "attempt": 1}
    with world.one.store.begin() as connection:
        connection.execute(sa.insert(sa.table("delivery", *map(sa.column, row))).values({
            name: int(value.timestamp() * 1000) if hasattr(value, "timestamp") else value for name, value in row.items()
        }))  # fmt: skip


def say_id(world: World, name: str, to: State) -> State:
    ledger = Persons(sqlite_url(world.path), world.channel, Realm.LIVE)
    try:
        return ledger.settle(Saying(name, to, NAME, WHY), world.clock.now())
    finally:
        ledger.close()


async def test_a_post_that_is_found_is_taken_back_with_its_number(x: World) -> None:
    """It stands, by the platform's page; the alert was withdrawn: with the number it can be deleted."""
    await unresolved(x, mood="reset")
    await x.withdraw(x.broadcast(now=x.clock.moment.replace(hour=12, minute=0, second=0)))
    await x.one.settle()
    assert x.rows(kind=Kind.DELETION) == []
    [message] = x.platform.messages
    assert say(x, State.SENT, message.id) is State.SENT
    await x.one.settle()
    assert [row.state for row in x.rows(kind=Kind.DELETION)] == [State.SENT]
    assert message.deleted
    assert x.rows(kind=Kind.ALERT)[0].state == State.WITHDRAWN


async def test_a_persons_word_about_a_take_back_settles_what_it_takes_back(sms: World) -> None:
    value = await sms.release(to=[ANNA])
    await sms.one.turn()
    await sms.withdraw(value)
    await sms.one.sweep()
    sms.one.sweeper._quarantine._patience_s = 0
    await sms.one.turn("lost")
    sms.platform.look_up_fails = True
    await sms.one.sweep()
    sms.clock.pass_time(sms.platform.bounds.quarantine + 1)
    await sms.one.sweep()
    take_back = sms.row(ANNA, Kind.WITHDRAWAL)
    assert (take_back.state, sms.row().state) == (State.UNRESOLVED, State.SENT)
    assert say_id(sms, take_back.id, State.SENT) is State.SENT
    assert sms.row().state == State.WITHDRAWN


async def test_with_the_last_of_an_alert_its_alarm_is_over(sms: World) -> None:
    await unresolved(sms, ANNA, BEN)
    assert alarms(sms) == [("unresolved", LINEAGE, False)]
    say(sms, State.SENT)
    assert alarms(sms) == [("unresolved", LINEAGE, False)]
    say(sms, State.FAILED, target=BEN)
    assert alarms(sms) == [("unresolved", LINEAGE, False), ("unresolved", LINEAGE, True)]


def alarms(world: World) -> list[tuple[str, str | None, bool]]:
    rows = world.query(sa.select(outbox_rows).order_by(outbox_rows.c.id))
    found = [Alarm.model_validate_json(row.value) for row in rows if row.topic.endswith("alarms")]
    assert {each.room for each in found} == {"dispatch/sms"}
    return [(each.rule, each.lineage, each.over) for each in found]


# --- what is refused, and changes nothing ---


async def test_only_the_unresolved_may_be_settled(sms: World) -> None:
    """Every state but one is refused: compare-and-set, so evidence that came in the meantime wins."""
    await unresolved(sms, ANNA)
    name = sms.row().id
    for state in set(State) - {State.UNRESOLVED}:
        with sms.one.store.begin() as connection:
            connection.execute(sa.text("UPDATE delivery SET state = :state"), {"state": state.value})
        for to in (State.SENT, State.PLANNED, State.FAILED):
            with pytest.raises(NotMovedError):
                say_id(sms, name, to)
        assert sms.row().state == state
    assert words(sms) == []


async def test_the_three_moves_and_no_other(sms: World) -> None:
    await unresolved(sms, ANNA)
    for to in set(State) - {new for _, new in MOVES[Who.PERSON]}:
        with pytest.raises(NotMovedError):
            say(sms, to)
    assert sms.row().state == State.UNRESOLVED


async def test_a_name_and_a_reason_are_needed(sms: World) -> None:
    await unresolved(sms, ANNA)
    with pytest.raises(NotMovedError, match="a name and a reason"):
        say(sms, State.SENT, by=" ")
    assert sms.row().state == State.UNRESOLVED


async def test_a_post_is_not_there_without_its_number(x: World) -> None:
    await unresolved(x)
    with pytest.raises(NotMovedError, match="nobody could delete it"):
        say(x, State.SENT)
    assert (x.rows()[0].state, words(x)) == (State.UNRESOLVED, [])


async def test_one_message_is_one_deliverys(sms: World) -> None:
    await sms.release(to=[BEN], lineage="e" * 32)
    await sms.one.turn()
    await unresolved_of(sms)
    with pytest.raises(NotMovedError, match="another delivery's"):
        say(sms, State.SENT, sms.platform.messages[0].id)
    assert sms.row().state == State.UNRESOLVED


async def unresolved_of(world: World) -> None:
    world.one.sweeper._quarantine._patience_s = 0
    await world.release(to=[ANNA])
    await world.one.turn("lost")
    world.platform.look_up_fails = True
    await world.one.sweep()
    world.clock.pass_time(world.platform.bounds.quarantine + 1)
    await world.one.sweep()


async def test_what_has_ended_is_not_planned_again(sms: World) -> None:
    await unresolved(sms, ANNA)
    sms.clock.pass_time(7 * 3600)
    with pytest.raises(NotMovedError, match="say `failed`"):
        say(sms, State.PLANNED)


# --- the command ---


def run(monkeypatch: pytest.MonkeyPatch, *given: str) -> int:
    monkeypatch.setattr("sys.argv", ["tocsin", "doubt", *given])
    with pytest.raises(SystemExit) as end:
        roof.main()
    return int(end.value.code or 0)


async def test_the_list_says_since_when_why_and_what_to_do(
    sms: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await unresolved(sms, ANNA)
    assert run(monkeypatch, "list", "--data", str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert f"sms {sms.row().id}  unresolved since 2026-11-24 12:02:01 UTC" in said
    assert "look-up kept failing: only a person can tell" in said
    assert f"tocsin doubt sent|planned|failed sms {sms.row().id} --as NAME" in said
    assert run(monkeypatch, "list", "--data", str(tmp_path), "--json") == 0
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["moves"] == ["sent", "planned", "failed"]


async def test_all_of_one_alert_at_once(
    sms: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await unresolved(sms, ANNA, BEN)
    options = ["--as", NAME, "--reason", WHY, "--data", str(tmp_path)]
    assert run(monkeypatch, "failed", "sms", "--lineage", LINEAGE, *options) == 0
    assert set(sms.states().values()) == {State.FAILED}
    assert words(sms) == [("failed", NAME, WHY)] * 2
    assert run(monkeypatch, "failed", "sms", "--lineage", LINEAGE, *options) == Code.NO
    assert "is unresolved on sms" in capsys.readouterr().err
    assert run(monkeypatch, "list", "--data", str(tmp_path)) == 0
    assert capsys.readouterr().out == "nothing is in doubt\n"


async def test_a_refusal_is_a_sentence_and_an_exit_code(
    sms: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await unresolved(sms, ANNA)
    options = ["--as", NAME, "--reason", WHY, "--data", str(tmp_path)]
    assert run(monkeypatch, "sent", "sms", "f" * 32, sms.row().id, *options) == Code.NO
    said = capsys.readouterr()
    assert f"{'f' * 32}: refused: the ledger of sms has no delivery" in said.out
    assert "1 of 2 were refused" in said.err
    assert sms.row().state == State.SENT


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        (("list", "--data", "/nowhere"), Code.MISSING, "no channel has a ledger"),
        (("sent", "x", "--as", "a", "--reason", "b"), Code.WRONG, "name deliveries by their ids"),
        (("sent", "x", "1", "2", "--platform-id", "3", "--as", "a", "--reason", "b"), Code.WRONG, "exactly one"),
        (("failed", "x", "1", "--as", "a"), Code.WRONG, "--reason"),
        (("failed", "x", "1", "--as", "a", "--reason", "b", "--data", "/nowhere"), Code.MISSING, "there is no ledger"),
    ],
)
def test_wrong_use(
    given: tuple[str, ...], code: Code, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *given) == code
    assert says in capsys.readouterr().err
