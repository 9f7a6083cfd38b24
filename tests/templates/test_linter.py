"""Every rule of the linter trips on the specimen made for it, and stays quiet on the one beside it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from services.compose.linting import CONTACT_RULES, RULES, lint, lint_contacts
from services.compose.packfiles import read_packs
from services.compose.settings import HOME
from services.place.contacts import Contact, read_contacts
from tests.compose.library import GUIDANCE, TODAY, content, hearings, problems

PACKS = read_packs(GUIDANCE)
Change = Callable[[dict[str, Any]], None]


def step(pack: str, language: str, form: str, name: str) -> Callable[[str], Change]:
    """A change that gives one step of a pack another text."""

    def to(text: str) -> Change:
        def change(found: dict[str, Any]) -> None:
            next(s for s in found["languages"][language][form] if s["id"] == name)["text"] = text

        change.__dict__["pack"] = pack
        return change

    return to


def both(one: Change, other: Change) -> Change:
    def change(found: dict[str, Any]) -> None:
        one(found)
        other(found)

    change.__dict__["pack"] = one.__dict__["pack"]
    return change


def at(pack: str, *path: Any, to: Any) -> Change:
    """A change that sets one value of a pack; None takes it out."""

    def change(found: dict[str, Any]) -> None:
        here: Any = found
        for name in path[:-1]:
            here = here[name]
        if to is None:
            del here[path[-1]]
        else:
            here[path[-1]] = to

    change.__dict__["pack"] = pack
    return change


FILTER = step("boil-water", "en", "long", "filter")
ICE = step("boil-water", "en", "long", "ice")
ICE_ES = step("boil-water", "es", "long", "ice")
DRINK = step("do-not-drink", "en", "long", "boil")
ABOVE = step("chemical-release", "en", "long", "above")
BLEACH = step("food-recall", "en", "long", "bleach")
GENERATOR = step("carbon-monoxide", "en", "long", "indoors")
PILLS = step("radiation", "en", "long", "pills")
LONGEST_MINUTES = "Keep tap water at a rolling boil for {{ boil_minutes }}, then let it cool."
ADDRESSLESS = {"authority": "Somebody", "address": None, "read_on": "2026-11-23", "how": "stored"}
ADDRESSED = {**ADDRESSLESS, "address": "https://health.example/"}

#: A rule, what trips it, and what looks like it and must not.
SPECIMENS: dict[str, tuple[Change, Change]] = {
    "fact.none": (
        at("boil-water", "languages", "en", "long", 3, "facts", to=[]),
        at("measles-exposure", "languages", "en", "long", 0, "facts", to=[]),
    ),
    "fact.unused": (
        at("boil-water", "facts", "more", to={"says": "More.", "sources": ["epa"]}),
        at("boil-water", "facts", "ice", to={"says": "Ice is thrown away.", "sources": ["epa"]}),
    ),
    "fact.other-number": (
        step("measles-exposure", "en", "long", "vaccine")("A measles vaccine within 73 hours may help."),
        step("measles-exposure", "en", "long", "vaccine")("A measles vaccine within 72 hours may help."),
    ),
    "source.no-address": (
        at("boil-water", "sources", "epa", to=ADDRESSLESS),
        at("boil-water", "sources", "epa", to=ADDRESSED),
    ),
    "source.not-first-hand": (
        both(at("boil-water", "status", to="approved"), at("boil-water", "reviewed_by", to=["Somebody"])),
        at("boil-water", "status", to="draft"),
    ),
    "slot.undeclared": (FILTER("Boil it for {{ minutes }}."), FILTER("Boil it, says {{ issuer }}.")),
    "number.no-unit": (FILTER("Boil it 3."), FILTER("Boil it 3 minutes.")),
    "placeholder.open": (FILTER("Boil it TODO."), FILTER("Boil it for {{ boil_minutes }}.")),
    "sentence.long": (FILTER(" ".join(["boil"] * 27) + "."), FILTER(" ".join(["boil"] * 26) + ".")),
    "sentence.unended": (FILTER("A filter is not enough"), FILTER("Is a filter enough?")),
    "sentence.small-start": (FILTER("use a filter."), FILTER("{{ issuer }} tests the water.")),
    "sentence.not-twice": (FILTER("Do not never drink it."), FILTER("Never drink it, not even boiled.")),
    "sign.shouting": (FILTER("Do NOT drink it."), FILTER("Use a HEPA filter.")),
    "sign.emoji": (FILTER("Boil it 💧."), FILTER("Hiérvala en México.")),
    "language.informal": (ICE_ES("Tira tu hielo."), ICE_ES("Tire su hielo.")),
    "language.foreign": (ICE_ES("Throw away the ice and do not eat it."), ICE_ES("Tire el hielo y no lo coma.")),
    "danger.boil": (DRINK("First boil it for some time."), DRINK("Never boil it.")),
    "danger.basement": (ABOVE("Go down to the basement."), ABOVE("Stay out of the basement.")),
    "danger.bleach-purpose": (
        BLEACH("Use 1 tablespoon of bleach in 1 gallon (4 liters) of water."),
        BLEACH("For surfaces use 1 tablespoon of bleach in 1 gallon (4 liters) of water."),
    ),
    "danger.generator": (GENERATOR("Put the generator 10 feet away."), GENERATOR("Put the generator 25 feet away.")),
    "danger.iodide": (
        PILLS("Take potassium iodide now."),
        PILLS("Take potassium iodide only when officials say so."),
    ),
    "danger.dead-number": (FILTER("Call 1-800-273-8255."), FILTER("Call 988.")),
    "parameter.two-values": (
        step("carbon-monoxide", "en", "short", "indoors")("Wait 5 minutes before you go in."),
        step("measles-exposure", "en", "short", "call")("If you may not be immune, call today."),
    ),
    "parameter.constant": (
        step("boil-water", "en", "short", "boil")("Boil tap water for 1 minute."),
        step("boil-water", "en", "short", "boil")(LONGEST_MINUTES),
    ),
    "complete.missing": (
        at("boil-water", "roles", "risk", to=None),
        at("boil-water", "roles", "poison", to=["clinic"]),
    ),
    "form.order": (
        at("boil-water", "languages", "en", "short", to=[
            {"id": "filter", "text": "Filters are not enough.", "facts": ["filters"]},
            {"id": "boil", "text": "Boil tap water {{ boil_minutes }}.", "facts": ["rolling-boil", "uses"]},
        ]),
        at("boil-water", "version", to="2"),
    ),
    "review.too-far": (
        at("measles-exposure", "review_by", to="2027-11-23"),
        at("boil-water", "review_by", to="2027-11-23"),
    ),
    "review.overdue": (
        at("boil-water", "review_by", to="2026-11-23"),
        at("boil-water", "review_by", to="2026-11-24"),
    ),
    "twin.steps": (
        at("boil-water", "languages", "es", "end", 1, "id", to="hielo"),
        ICE_ES("Tire todo el hielo."),
    ),
    "twin.numbers": (
        step("measles-exposure", "es", "long", "vaccine")("La vacuna en los primeros 72 días puede ayudar."),
        step("measles-exposure", "es", "long", "vaccine")("La vacuna en las primeras 72 horas puede ayudar."),
    ),
    "twin.values": (
        step("boil-water", "es", "long", "boil")("Deje hervir el agua y luego déjela enfriar."),
        step("boil-water", "es", "long", "boil")("Deje hervir el agua {{ boil_minutes }}."),
    ),
    "twin.negation": (ICE_ES("No tire el hielo."), ICE_ES("Tire ya el hielo.")),
    "twin.copied": (ICE_ES("Throw away ice made with tap water."), ICE_ES("Tire el hielo.")),
}  # fmt: skip


def changed(change: Change) -> set[str]:
    found = content(change.__dict__["pack"])
    change(found)
    return {problem.rule for problem in problems(found)}


def test_every_rule_has_both_specimens() -> None:
    assert SPECIMENS.keys() == RULES.keys()
    assert CONTACTS.keys() == set(CONTACT_RULES)


@pytest.mark.parametrize("rule", SPECIMENS)
def test_a_rule_trips(rule: str) -> None:
    assert rule in changed(SPECIMENS[rule][0])


@pytest.mark.parametrize("rule", SPECIMENS)
def test_a_rule_stays_quiet(rule: str) -> None:
    assert rule not in changed(SPECIMENS[rule][1])


@pytest.mark.parametrize("pack", PACKS)
def test_every_pack_is_clean_or_says_why_it_is_a_draft(pack: str) -> None:
    assert lint(PACKS[pack], hearings(), TODAY) == []
    assert PACKS[pack].is_complete or PACKS[pack].status == "draft"


FERROW = {c.id: c for c in read_contacts(HOME / "templates" / "contacts").values()}["ferrow-hotline"]
CONTACTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "contact.dead-number": ({"modes": {"voice": "1-800-273-8255"}}, {"modes": {"voice": "988"}}),
    "contact.form": ({"modes": {"web": "ferrow.example"}}, {"modes": {"web": "https://ferrow.example/"}}),
    "contact.hours": ({"opens": "unknown"}, {"opens": ["mon-sun 07:00-21:00"]}),
    "contact.overdue": ({"review_by": "2026-11-23"}, {"review_by": "2026-11-24"}),
    "contact.too-far": ({"review_by": "2028-01-01"}, {"review_by": "2027-05-20"}),
    "contact.unvetted": ({"kind": "support_community"}, {"kind": "support_community", "vetted_by": "A hospital"}),
    "contact.voice-only": (
        {"modes": {"voice": "988"}},
        {"modes": {"voice": "988"}, "voice_only": "there is no other way"},
    ),
    "contact.unnamed-source": ({"fictional": False}, {"fictional": True}),
}


@pytest.mark.parametrize("rule", CONTACTS)
def test_a_contacts_rule_trips_and_stays_quiet(rule: str) -> None:
    trips, quiet = (Contact.model_validate({**FERROW.model_dump(), **change}) for change in CONTACTS[rule])
    assert rule in {problem.rule for problem in lint_contacts([trips], TODAY)}
    assert rule not in {problem.rule for problem in lint_contacts([quiet], TODAY)}


def test_every_contact_is_clean() -> None:
    assert lint_contacts(read_contacts(HOME / "templates" / "contacts").values(), TODAY) == []


def test_a_pack_is_overdue_on_a_later_day() -> None:
    assert {p.rule for p in lint(PACKS["mpox"], hearings(), date(2028, 1, 1))} == {"review.overdue"}


def test_every_fact_of_a_complete_pack_has_authority_address_and_date_and_the_share_read_there_is_printed() -> None:
    facts = first_hand = 0
    for pack in PACKS.values():
        first_hand += len(pack.first_hand()) if pack.is_complete else 0
        for fact in pack.facts.values() if pack.is_complete else ():
            sources = [pack.sources[name] for name in fact.sources]
            assert all(source.authority and source.address and source.read_on for source in sources)
            facts += 1
            if pack.status == "approved":
                assert all(source.is_first_hand for source in sources)
    print(f"facts of complete packs: {facts}, read at the authority itself: {first_hand} ({first_hand / facts:.0%})")
    assert first_hand
