"""The detector on texts that it was and was not tuned on: recall, precision, time, and what holds real notices."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from services.identifiers.detect import find

TEXTS = Path(__file__).parent / "texts"
HAN = Path(__file__).parents[3] / "shared" / "data" / "han"


@dataclass(frozen=True)
class Score:
    """By texts: `recall` of those with an identifier, `precision` of those that were stopped. `spans`: share found."""

    recall: float
    precision: float
    spans: float


def scored(name: str) -> Score:
    items = yaml.safe_load((TEXTS / f"{name}.yaml").read_text(encoding="utf-8"))
    found = [(item, [item["text"][one.start : one.end] for one in find(item["text"])]) for item in items]
    stopped = [item["holds"] for item, parts in found if parts]
    expected = [(span, parts) for item, parts in found if item["holds"] for span in map(str, item["spans"])]
    hits = [any(span in part or part in span for part in parts) for span, parts in expected]
    return Score(
        sum(stopped) / sum(item["holds"] for item in items), sum(stopped) / len(stopped), sum(hits) / len(hits)
    )


@pytest.mark.parametrize("name", ["tuned", "held_out", "hard", "fresh"])
def test_recall_and_precision(name: str) -> None:
    score = scored(name)
    print(f"{name}: recall {score.recall:.2f}, precision {score.precision:.2f}, spans found {score.spans:.2f}")
    assert score.recall >= 0.95
    assert score.precision >= 0.9
    assert score.spans >= 0.9


def test_a_text_takes_less_than_a_millisecond() -> None:
    items = [
        item["text"] for name in ("tuned", "held_out") for item in yaml.safe_load((TEXTS / f"{name}.yaml").read_text())
    ]
    for text in items:
        find(text)
    began = time.process_time()
    for text in items:
        find(text)
    spent = (time.process_time() - began) / len(items)
    print(f"{spent * 1000:.2f} ms of CPU a text of {sum(map(len, items)) // len(items)} characters")
    assert spent < 0.001


@pytest.mark.skipif(not HAN.exists(), reason=f"the notices are not there: {HAN}")
def test_what_real_notices_are_held_for() -> None:
    """Real outbreak notices publish days of a single patient's illness: a person must see that, so some are held."""
    notices = sorted(HAN.glob("*.txt"))
    bodies = [
        "\n".join(
            line for line in path.read_text(errors="replace").splitlines() if not line.startswith(("SOURCE:", "NOTE:"))
        )
        for path in notices
    ]
    found = [find(body) for body in bodies]
    held = [spans for spans in found if spans]
    kinds = Counter(kind.value for spans in held for kind in {one.kind for one in spans})
    print(f"{len(held)} of {len(notices)} notices held ({len(held) / len(notices):.0%}), for {dict(kinds)}")
    assert 0 < len(held) < len(notices) / 2
