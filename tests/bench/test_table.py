"""The README's table of speed is the last run's, to the letter."""

from dataclasses import replace

from tests.bench import table


def test_the_readme_shows_what_was_measured() -> None:
    found = table.MARKS.search(table.README.read_text())
    assert found
    assert found[0].removeprefix(found[1]).removesuffix(found[2]) == table.text(table.load())


def test_a_bar_that_is_missed_is_said() -> None:
    line = table.Line("a text", "162 us of CPU", 1.36, " x", 1.35)
    assert line.row() == "| a text | 162 us of CPU | 1.36 x | 1.35 x | **no** |"
    assert replace(line, figure=1.35).row() == "| a text | 162 us of CPU | 1.35 x | 1.35 x | yes |"
    assert replace(line, bar=None).row() == "| a text | 162 us of CPU | 1.36 x | - |  |"
