"""The first thousand of the row that `make fuzz` goes through."""

from collections import Counter

from tests.fuzz.inputs import broken, seeds
from tests.fuzz.targets import GRADES, everything


def test_a_thousand_broken_inputs_each_get_an_answer() -> None:
    grades = Counter(everything(data) for data in broken(7, 0, 1000))
    assert grades.total() == 1000
    assert set(grades) <= GRADES
    assert grades["refuse"] > 100


def test_an_input_can_be_had_again() -> None:
    assert list(broken(7, 5, 8)) == list(broken(7, 0, 8))[5:]
    assert len(seeds()) >= 2
