"""Every rule about one message alone, in the order in which a person reads the findings."""

from dataclasses import replace

from services.intake import (
    drills,
    forms,
    languages,
    meaning,
    naming,
    personal,
    places,
    profiles,
    remit,
    signing,
)
from services.intake.case import Case, Rule
from services.intake.findings import Remark, remarks_of
from services.intake.rules import STRICT

RULES: tuple[Rule, ...] = (
    *signing.RULES, *remit.RULES, *meaning.RULES, *drills.RULES, *personal.RULES, *places.RULES, *naming.RULES,
    *forms.RULES, *languages.RULES, *profiles.RULES,
)  # fmt: skip


def remarks(case: Case) -> list[Remark]:
    """All that is to be said about one message alone."""
    found = remarks_of(case.reading.notes)
    for rule in RULES:
        found.extend(rule(case))
    relaxed = frozenset(case.publisher.relaxed if case.publisher else ()) - STRICT
    return [replace(remark, relaxed=remark.rule in relaxed) for remark in found]
