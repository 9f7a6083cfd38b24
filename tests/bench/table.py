"""The README's table of speed, out of the figures of the last run: `python -m tests.bench.table`.

`make bench` measures, writes `speed.json` beside this file, and calls this; nothing else writes either.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
FIGURES = HERE / "speed.json"
README = HERE.parents[1] / "README.md"
MARKS = re.compile(r"(<!-- tocsin:speed -->\n).*?(<!-- /tocsin:speed -->)", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """One figure: what it is, what was measured, the figure that has a bar, and the bar."""

    what: str
    measured: str
    figure: float
    unit: str = ""
    bar: float | None = None

    @property
    def reached(self) -> bool:
        return self.bar is None or self.figure <= self.bar

    def row(self) -> str:
        bar = "-" if self.bar is None else f"{self.bar:g}{self.unit}"
        shown = f"{self.figure:.2f}" if self.figure < 10 else f"{self.figure:.0f}"
        verdict = "" if self.bar is None else ("yes" if self.reached else "**no**")
        return f"| {self.what} | {self.measured} | {shown}{self.unit} | {bar} | {verdict} |"


@dataclass
class Run:
    """One run of all of it."""

    machine: str
    day: str
    rounds: int
    load: str
    lines: list[Line] = field(default_factory=list)

    def save(self) -> None:
        FIGURES.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")


def load() -> Run:
    found = json.loads(FIGURES.read_text())
    return Run(**{**found, "lines": [Line(**line) for line in found["lines"]]})


def text(run: Run) -> str:
    """The section's generated part."""
    head = "| what | measured | figure | bar | reached |\n| --- | --- | --- | --- | --- |\n"
    rows = "\n".join(line.row() for line in run.lines)
    where = f"Measured on {run.day}: {run.machine}; median of {run.rounds}, side by side; {run.load}.\n\n"
    return where + head + rows + "\n"


def write() -> None:
    readme = README.read_text()
    assert MARKS.search(readme), "the README has no place for the table of speed"
    README.write_text(MARKS.sub(lambda found: found[1] + text(load()) + found[2], readme))


if __name__ == "__main__":
    write()
