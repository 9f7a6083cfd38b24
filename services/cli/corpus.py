"""`tocsin corpus DIR`: every alert of a folder as intake would judge it, and what that amounts to."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from services.cli.context import Context, JsonOption
from services.cli.judged import AtOption, HistoryOption, RegisterOption, facts, files_in, terms
from services.intake.validate import Verdict

FolderArgument = Annotated[Path, typer.Argument(help="A folder of alerts (.xml, .cap, .json), also in folders below.")]
GRADES: tuple[Literal["accept", "hold", "refuse"], ...] = ("accept", "hold", "refuse")


def corpus(
    folder: FolderArgument, at: AtOption = None, register: RegisterOption = None, history: HistoryOption = None, *,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Judge every alert of a folder by itself, one minute after its own `sent`, and count."""
    how, said = terms(at, register, history), Context(as_json=as_json)
    judged: list[tuple[Path, Verdict]] = []
    for path in files_in(folder):
        content = path.read_bytes()
        verdict = how.judge(content)
        judged.append((path.relative_to(folder).parent, verdict))
        if as_json:
            said.emit(facts(path, content, verdict))
    if not as_json:
        console = Console()
        console.print(_grades(judged))
        console.print(_rules(judged))


def _grades(judged: list[tuple[Path, Verdict]]) -> Table:
    table = Table("folder", *GRADES, "all", title="Grades")
    for name in sorted({str(folder) for folder, _ in judged}):
        counts = Counter(verdict.grade for folder, verdict in judged if str(folder) == name)
        table.add_row(name, *(str(counts[grade]) for grade in GRADES), str(counts.total()))
    return table


def _rules(judged: list[tuple[Path, Verdict]]) -> Table:
    """How many messages each rule found something in, gravest first."""
    counts = Counter(pair for _, verdict in judged for pair in {(one.cost, one.rule) for one in verdict.findings})
    table = Table("rule", "grade", "messages", title="What was found")
    for (cost, rule), number in sorted(counts.items(), key=lambda item: (-item[0][0], -item[1], item[0][1])):
        table.add_row(rule, cost.word, str(number))
    return table
