"""Written forms, the fullest first: steps go whole and by name, never one that a shorter form still has."""

from hypothesis import given
from hypothesis import strategies as st

from services.compose.filling import Line
from services.compose.forms import ORDER, candidates, endings
from services.compose.guidance import Form

STEPS = "abcdefgh"


def lines(ids: str) -> list[Line]:
    return [Line(step, f"Do {step}.") for step in ids]


SIZES = st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(0, 2))


@given(SIZES)
def test_every_form_is_whole_or_loses_its_last_steps_only(sizes: tuple[int, int, int]) -> None:
    least, more, most = sizes
    forms = {"minimum": STEPS[:least], "short": STEPS[: least + more], "long": STEPS[: least + more + most]}
    found = list(candidates({form: lines(forms[form]) for form in ORDER}))
    assert found[0].text == " ".join(f"Do {step}." for step in forms["long"])
    assert found[-1].form == "minimum"
    for one in found:
        said = [step for step in forms["long"] if f"Do {step}." in one.text]
        assert said == list(forms["long"])[: len(said)]
        assert set(said) | set(one.without) == set(forms["long"])
        assert set(forms["minimum"]) <= set(said)
    lengths = [len(one.text) for one in found]
    assert lengths == sorted(lengths, reverse=True)


def test_a_wished_form_begins_there() -> None:
    forms: dict[Form, list[Line]] = {"long": lines("abc"), "short": lines("ab"), "minimum": lines("a")}
    assert {one.form for one in candidates(forms, "short")} == {"short", "minimum"}
    assert [one.text for one in candidates(forms, "minimum")] == ["Do a."]


def test_endings_may_be_left_out_whole() -> None:
    assert [one.text for one in endings(lines("ab"))] == ["Do a. Do b.", "Do a.", ""]
    assert [one.without for one in endings(lines("ab"))] == [(), ("b",), ("a", "b")]
