"""`tocsin identifiers`: what in a text identifies a person, as the gate sees it."""

import json
import sys
from collections.abc import Iterable

from services.cli.context import Context, JsonOption
from services.cli.errors import Code, fail
from services.identifiers.detect import find
from services.identifiers.finding import mask


def identifiers(*, as_json: JsonOption = False) -> None:
    """Read texts from standard input and show what would hold them; with --json, lines `{"text": …}`."""
    if as_json:
        _answer(sys.stdin)
        return
    text = sys.stdin.read()
    found = find(text)
    print(mask(text, found).rstrip("\n"))
    for one in found:
        print(f"  {one.kind}: characters {one.start} to {one.end}")


def _answer(lines: Iterable[str]) -> None:
    """One object a line: the findings of the text of that line, in characters."""
    said = Context(as_json=True)
    for number, line in enumerate(lines, 1):
        if line.strip():
            found = find(_text(line, number))
            said.emit({"findings": [{"kind": one.kind.value, "start": one.start, "end": one.end} for one in found]})


def _text(line: str, number: int) -> str:
    try:
        return str(json.loads(line)["text"])
    except (ValueError, KeyError, TypeError):
        fail(f'line {number} is no object with a text: give one {{"text": "…"}} a line', Code.WRONG)
