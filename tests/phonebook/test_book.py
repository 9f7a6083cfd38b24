"""Ids and numbers, who is selected and in which language, and that stop means stop."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.phonebook.book import Phonebook
from services.phonebook.choosing import language_for
from services.phonebook.tables import subscriber
from tests.phonebook.books import NOW, new_book, number, row, take


@pytest.fixture
def book(tmp_path: Path) -> Phonebook:
    return new_book(tmp_path)


def one(book: Phonebook, index: int) -> str:
    found = book.id_of(number(index))
    assert found is not None
    return found


def test_number_and_id_lead_to_each_other_and_to_nothing_else(book: Phonebook) -> None:
    take(book, row(1), row(2, "es;en"))
    first, second = one(book, 1), one(book, 2)
    assert len(first) == 32
    assert book.number_of([first, second, "0" * 32]) == {first: number(1), second: number(2)}
    assert book.number_of([]) == {}
    assert book.id_of(number(3)) is None
    assert book.language_of(second) == "es"
    assert book.language_of("0" * 32) is None


def test_no_number_stands_in_the_file(book: Phonebook, tmp_path: Path) -> None:
    take(book, row(1))
    book.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert number(1)[1:].encode() not in stored
    assert b"web-form" in stored


def test_selected_by_area_once_and_in_their_first_language_that_is_offered(book: Phonebook) -> None:
    take(book, row(1, "fr;es", "north;east"), row(2, "en", "east"), row(3, "es-MX", "north"), row(4, "fr", "south"))
    selected = dict(book.select(["north", "east"], ["en", "es"]))
    assert selected == {one(book, 1): "es", one(book, 2): "en", one(book, 3): "es"}
    assert list(selected) == sorted(selected)
    reach = book.count(["north", "east"], ["en", "es"])
    assert (reach.people, reach.by_language, reach.by_area) == (3, {"es": 2, "en": 1}, {"north": 2, "east": 2})
    assert book.count().people == 4
    assert list(book.select([], ["en"])) == []


@pytest.mark.parametrize(
    ("theirs", "offered", "language"),
    [
        (["es", "en"], ["en", "es"], "es"),
        (["es-MX", "en"], ["en", "es-US"], "es-US"),
        (["ES"], ["en", "es"], "es"),
        (["zh", "fr"], ["en", "es"], "en"),
        (["pt-BR"], ["pt-PT", "pt-BR"], "pt-BR"),
        (["fr"], [], "fr"),
    ],
)
def test_language(theirs: list[str], offered: list[str], language: str) -> None:
    assert language_for(theirs, offered) == language


def test_who_said_stop_is_not_selected_and_has_no_number(book: Phonebook) -> None:
    take(book, row(1), row(2))
    first, second = one(book, 1), one(book, 2)
    assert book.opt_out(first, "STOP by text", NOW)
    assert book.number_of([first, second]) == {second: number(2)}
    assert [each for each, _ in book.select(["north"], ["en"])] == [second]
    assert [each for each, _ in book.still([first, second], ["en"])] == [second]
    assert book.count(["north"], ["en"]).people == 1
    assert book.opted_out([first, second]) == {first}
    assert book.count_opted_out() == 1
    assert book.opt_in(first, "START by text", NOW + timedelta(seconds=1))
    assert book.number_of([first]) == {first: number(1)}
    assert not book.opt_out("f" * 32, "STOP by text", NOW)


def test_a_stop_from_a_number_that_nobody_entered_counts_when_somebody_does(book: Phonebook) -> None:
    assert book.opt_out("+1 201 555 0101", "STOP by text", NOW)
    report = take(book, row(1))
    assert (report.written.new, report.written.kept_out) == (0, 1)
    assert book.id_of(number(1)) is None


def test_forgotten_people_leave_a_hash_that_keeps_them_out(book: Phonebook, tmp_path: Path) -> None:
    take(book, row(1, areas="north;east"))
    gone = one(book, 1)
    assert book.forget(number(1), NOW)
    assert not book.forget(number(1), NOW)
    assert book.number_of([gone]) == {}
    assert take(book, row(1)).written.kept_out == 1
    assert list(book.select(["north", "east"], ["en"])) == []
    book.opt_in(number(1), "START by text", NOW + timedelta(days=1))
    assert take(book, row(1)).written.new == 1
    assert one(book, 1) != gone


def test_an_altered_value_costs_one_text_and_not_the_batch(book: Phonebook) -> None:
    take(book, row(1), row(2))
    with book.store.begin() as connection:
        connection.execute(subscriber.update().where(subscriber.c.id == one(book, 1)).values(number=b"x" * 40))
    assert book.number_of([one(book, 1), one(book, 2)]) == {one(book, 2): number(2)}


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


@settings(max_examples=30)
@given(
    moments=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=6),
    imports=st.lists(st.integers(0, 6), max_size=3),
    order=st.randoms(use_true_random=False),
)
def test_the_latest_word_counts_in_any_order_and_no_import_speaks(
    tmp_path_factory: pytest.TempPathFactory, moments: list[tuple[bool, int]], imports: list[int], order: object
) -> None:
    """A STOP, said at any time and delivered in any order and twice, holds until a later START: never an import."""
    book = new_book(tmp_path_factory.mktemp("book"))
    take(book, row(1))
    who = one(book, 1)
    said = moments + moments
    order.shuffle(said)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    for index, (stop, second) in enumerate(said):
        (book.opt_out if stop else book.opt_in)(who, "reply", at(second))
        if index in imports:
            take(book, row(1, "es", f"area{index}", f"2026-10-{index + 1:02d}"), now=at(100))
    stops = [second for stop, second in moments if stop]
    starts = [second for stop, second in moments if not stop]
    out = bool(stops) and max(stops) >= max(starts, default=-1)
    assert book.opted_out([who]) == ({who} if out else set())
    book.close()
