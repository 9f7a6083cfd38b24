"""Which written forms of an instruction may be tried on a channel, the fullest first.

A shorter form is written, never cut: what may go, whole and by name, are the last steps of a form, as long as every
step of the next shorter form is still there. Steps stand in order of importance.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from services.compose.filling import Line
from services.compose.guidance import Form

ORDER: tuple[Form, ...] = ("long", "short", "minimum")


@dataclass(frozen=True)
class Candidate:
    """One way to say it: the form, its finished text, and the steps of the long form that are not in it."""

    form: Form
    text: str
    without: tuple[str, ...]


def candidates(lines: Mapping[Form, Sequence[Line]], first: Form = "long") -> Iterator[Candidate]:
    """Every text that may be tried, from `first` on."""
    everything = [line.id for line in lines["long"]]
    forms = ORDER[ORDER.index(first) :]
    for form, shorter in zip(forms, (*forms[1:], None), strict=True):
        for kept in _prefixes(lines[form], lines[shorter] if shorter else lines[form]):
            steps = {line.id for line in kept}
            text = " ".join(line.text for line in kept)
            yield Candidate(form, text, tuple(step for step in everything if step not in steps))


def endings(lines: Sequence[Line]) -> Iterator[Candidate]:
    """What to do when it is over: all of it, then without the last steps, at last nothing."""
    for length in range(len(lines), -1, -1):
        text = " ".join(line.text for line in lines[:length])
        form: Form = "short" if length == len(lines) else "minimum"
        yield Candidate(form, text, tuple(line.id for line in lines[length:]))


def _prefixes(lines: Sequence[Line], must: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """`lines` whole, then shorter, down to the shortest that has every step of `must`."""
    needed = {line.id for line in must}
    whole = range(len(lines), 0, -1)
    yield from (lines[:n] for n in takewhile(lambda n: needed <= {line.id for line in lines[:n]}, whole))
