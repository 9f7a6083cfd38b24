"""Test words in a message that says it is real. Status decides (live or drill); words that disagree wake a person.

The words are in `drill_words.yaml`. Those that only look like it are left alone: a test for a disease, a drilled well.
FEMA and the FCC on the wording of tests: https://www.fema.gov/emergency-managers/practitioners/integrated-public-alert-warning-system
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from schemas.cap import Status
from services.intake.case import Case, Rule
from services.intake.findings import Remark

_WORDS: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "drill_words.yaml").read_text(encoding="utf-8"))
_ALONE = re.compile("|".join(_WORDS.pop("alone")), re.IGNORECASE)
_MARKED = re.compile("|".join(f"(?:{one})" for words in _WORDS.values() for one in words), re.IGNORECASE)
#: TEST in capitals among ordinary words is a label, not a medical test.
_LABEL = re.compile(r"(?:^|[.!:] )TEST(?: -|:|\.|!|$)")


def _test_words(case: Case) -> Iterator[Remark]:
    if case.alert.status is not Status.ACTUAL:
        return
    for info in case.alert.info:
        for element in ("event", "headline", "description", "instruction"):
            text = getattr(info, element) or ""
            alone = element in {"event", "headline"} and _ALONE.fullmatch(text)
            if alone or _LABEL.search(text) or _MARKED.search(text):
                says = f"status is Actual, and {element} speaks of a test or an exercise"
                yield Remark("test-words", says, element, expected="status Exercise or Test, or other words")
                return


RULES: tuple[Rule, ...] = (_test_words,)
