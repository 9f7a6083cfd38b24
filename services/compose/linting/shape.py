"""Rules about what a pack consists of."""

from collections.abc import Iterator
from datetime import date, timedelta

from services.compose.guidance import Wording
from services.compose.linting.rules import FORMS, Case, rule

YEAR, HALF = timedelta(days=366), timedelta(days=184)
#: Reviewed every six months; all others every twelve.
HALF_YEARLY = ("measles", "mpox", "respiratory", "drug", "overdose")
COMPLETE_IN = ("en", "es")
NEEDED_ROLES = ("risk", "wrong", "emergency")


@rule("complete.missing")
def missing(case: Case) -> Iterator[tuple[str, str]]:
    """A pack that calls itself complete lacks a part, or one that does not says nothing of what it lacks."""
    if not case.must_be_complete:
        return
    pack = case.pack
    for language in COMPLETE_IN:
        if language not in pack.languages:
            yield f"languages/{language}", "a complete pack has it: write it, or say so under `incomplete`"
    for role in NEEDED_ROLES:
        if not pack.roles.get(role):  # type: ignore[call-overload] # the names above are roles
            yield f"roles/{role}", "a complete pack says which step does this"
    if not pack.roles.get("clinic") and not pack.roles.get("poison"):
        yield "roles/clinic", "a complete pack says when to call a clinic or the poison centre"
    for language, wording in pack.languages.items():
        yield from _unexplained(language, wording)


def _unexplained(language: str, wording: Wording) -> Iterator[tuple[str, str]]:
    if not wording.error:
        yield f"{language}/error", "what to do when the alert was a mistake is not written"
    for sentence in wording.long:
        if sentence.id not in wording.why:
            yield f"{language}/why/{sentence.id}", "what this step does for you is not written"


@rule("form.order")
def order(case: Case) -> Iterator[tuple[str, str]]:
    """A shorter form has a step that the longer one lacks, or in another order, or one step twice."""
    for language, wording in case.pack.languages.items():
        for form in FORMS:
            steps = [sentence.id for sentence in getattr(wording, form)]
            if len(steps) != len(set(steps)):
                yield f"{language}/{form}", "one step stands twice"
        for shorter, longer in (("minimum", "short"), ("short", "long")):
            few = [sentence.id for sentence in getattr(wording, shorter)]
            many = [sentence.id for sentence in getattr(wording, longer)]
            if few != [step for step in many if step in few]:
                yield f"{language}/{shorter}", f"its steps are not steps of {longer}, in the same order of importance"


@rule("review.too-far")
def too_far(case: Case) -> Iterator[tuple[str, str]]:
    """The next review is further away than the kind of hazard allows, or the reading of a source lies ahead."""
    pack = case.pack
    longest = HALF if pack.id.startswith(HALF_YEARLY) else YEAR
    read = [date.fromisoformat(source.read_on) for source in pack.sources.values()]
    if read and date.fromisoformat(pack.review_by) > max(read) + longest:
        yield "review_by", f"it is more than {longest.days} days after the sources were read: review it earlier"
    if any(day > case.today for day in read):
        yield "sources", "a source was read on a day that has not come"


@rule("review.overdue")
def overdue(case: Case) -> Iterator[tuple[str, str]]:
    """The day of its review has passed."""
    if date.fromisoformat(case.pack.review_by) < case.today:
        yield "review_by", f"it was to be reviewed by {case.pack.review_by}: review it, then write the new day"
