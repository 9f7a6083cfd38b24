"""Names of messages, and references that are not quite right."""

from datetime import datetime, timedelta, timezone

from services.cap.names import key_of, message_key
from services.cap.read import read
from services.cap.references import read_references
from tests.cap.messages import boil_water

PACIFIC = timezone(timedelta(hours=-8))
SENT = datetime(2026, 11, 24, 6, 5, tzinfo=PACIFIC)


def test_the_same_moment_in_another_offset_is_the_same_message() -> None:
    other = SENT.astimezone(timezone(timedelta(hours=1)))
    assert message_key("s", "i", SENT) == message_key("s", "i", other)
    assert len(message_key("s", "i", SENT)) == 32


def test_names_never_run_into_each_other() -> None:
    keys = {
        message_key("a", "b,c", SENT),
        message_key("a,b", "c", SENT),
        message_key("ab", "c", SENT),
        message_key("a", "bc", SENT),
    }
    assert len(keys) == 4


def test_a_message_and_a_reference_to_it_have_one_key() -> None:
    alert = read(boil_water()).alert
    referring = read(
        boil_water(msgType="Cancel", references="alerts@kestrel.example,KC-2026-0007,2026-11-24T14:05:00Z")
    ).alert
    assert key_of(referring.references[0]) == key_of(alert)


def test_more_references_than_any_lineage_has_are_left_out_and_noted() -> None:
    many = " ".join(f"a,{n},2026-01-01T00:00:00-00:00" for n in range(1001))
    reading = read(boil_water(msgType="Update", references=many))
    assert reading.alert.references == ()
    assert [(note.rule, note.element) for note in reading.notes] == [("unreadable", "references")]


def test_several_references_and_broken_ones_between() -> None:
    first = "a,1,2026-01-01T00:00:00-00:00"
    text = f"{first}\n bare  a,2,2026-13-01T00:00:00-00:00 a,3,2026-01-03T00:00:00Z {first}"
    references, unreadable = read_references(text)
    assert [one.identifier for one in references] == ["1", "3"]
    assert unreadable == 2
    assert read_references("") == ((), 0)
