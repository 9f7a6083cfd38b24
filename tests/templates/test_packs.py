"""What every guidance pack in the repository must keep: sources, twins in both languages, slots that exist."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from services.compose import filling
from services.compose.guidance import Pack, Sentence, Wording
from services.compose.packfiles import read_packs

FOLDER = Path(__file__).parents[2] / "templates" / "guidance"
PACKS = read_packs(FOLDER)
COMPLETE = {
    "boil-water", "boil-water-lifted", "do-not-drink", "measles-exposure", "foodborne-outbreak", "food-recall",
    "extreme-heat", "smoke-air-quality", "carbon-monoxide", "chemical-release", "power-outage", "overdose-spike",
    "general",
}  # fmt: skip
DRAFTS = {
    "lead-in-water", "pertussis-exposure", "meningococcal-exposure", "drug-recall", "extreme-cold", "flood",
    "mould-cleanup", "rabies-exposure", "mosquito-borne", "tick-borne", "respiratory-season", "vaccination-clinic",
    "coping-after-disaster", "hospital-diversion", "health-it-outage", "algal-bloom-beach", "hurricane", "mpox",
    "legionnaires", "radiation", "earthquake-tsunami",
}  # fmt: skip
FORMS = ("minimum", "short", "long", "end")
WORDS_AT_MOST = 26

each = pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)


def sentences(wording: Wording, form: str) -> tuple[Sentence, ...]:
    found: tuple[Sentence, ...] = getattr(wording, form)
    return found


def numbers(text: str) -> Counter[str]:
    """The numbers of a sentence, slots among them: they stand for numbers too."""
    return Counter(re.findall(r"\{\{ \w+ \}\}|\d+", text))


def ids(found: Iterable[Sentence]) -> list[str]:
    return [sentence.id for sentence in found]


def test_all_hazards_are_here_and_twelve_of_them_and_general_are_complete_in_two_languages() -> None:
    assert PACKS.keys() == COMPLETE | DRAFTS
    assert {pack.id for pack in PACKS.values() if pack.is_complete} == COMPLETE
    for name in COMPLETE:
        assert PACKS[name].languages.keys() >= {"en", "es"}


@each
def test_a_pack_is_a_draft_until_people_have_reviewed_it(pack: Pack) -> None:
    assert (pack.status == "draft") is (not pack.reviewed_by)


@each
def test_every_sentence_has_facts_or_only_says_what_the_alert_knows(pack: Pack) -> None:
    for language, wording in pack.languages.items():
        for sentence in wording.all():
            alone = filling.compiled(sentence.text)[1] & pack.slots.keys()
            assert sentence.facts or alone, f"{language}/{sentence.id} has no fact"


@each
def test_every_fact_is_used_and_every_source_too(pack: Pack) -> None:
    used = {fact for wording in pack.languages.values() for s in wording.all() for fact in s.facts}
    assert set(pack.facts) - used == set()
    assert set(pack.sources) - {source for fact in pack.facts.values() for source in fact.sources} == set()


@each
def test_every_slot_of_a_sentence_is_declared_and_every_declared_one_is_used(pack: Pack) -> None:
    declared = pack.parameters.keys() | pack.slots.keys()
    for language, wording in pack.languages.items():
        named = {name for sentence in wording.all() for name in filling.compiled(sentence.text)[1]}
        assert named - declared - filling.COMMON == set(), language
        assert declared - named == set(), language


@each
def test_both_languages_say_the_same_steps_with_the_same_numbers_and_facts(pack: Pack) -> None:
    english = pack.languages["en"]
    for language, wording in pack.languages.items():
        for form in FORMS:
            ours, twins = sentences(english, form), sentences(wording, form)
            assert ids(ours) == ids(twins), f"{language}/{form}"
            for one, other in zip(ours, twins, strict=True):
                assert numbers(one.text) == numbers(other.text), f"{language}/{form}/{one.id}"
                assert one.facts == other.facts, f"{language}/{form}/{one.id}"


@each
def test_a_shorter_form_has_only_steps_of_the_longer_one(pack: Pack) -> None:
    for wording in pack.languages.values():
        for shorter, longer in (("minimum", "short"), ("short", "long")):
            few, many = ids(sentences(wording, shorter)), ids(sentences(wording, longer))
            assert set(few) <= set(many)
            assert few == [step for step in many if step in few], "in the same order of importance"
        for form in FORMS:
            assert len(set(ids(sentences(wording, form)))) == len(sentences(wording, form))


@each
def test_sentences_are_short_enough_to_read_aloud_and_end(pack: Pack) -> None:
    for wording in pack.languages.values():
        for sentence in wording.all():
            assert len(sentence.text.split()) <= WORDS_AT_MOST, sentence.text
            assert sentence.text[-1] in ".?", sentence.text


@each
def test_no_shouting_no_emoji_and_no_sign_that_texts_pay_double_for(pack: Pack) -> None:
    for wording in pack.languages.values():
        for sentence in wording.all():
            words = re.findall(r"\b[^\W\d_]{2,}\b", re.sub(r"\{\{.*?\}\}", "", sentence.text))
            assert [word for word in words if word.isupper()] in ([], ["HEPA"])
            assert all(character < "\u0250" and character != "°" for character in sentence.text), sentence.text


@each
def test_only_usted_is_used_in_spanish(pack: Pack) -> None:
    informal = re.compile(r"\b(tú|tu|tus|te|ti|contigo|hierve tu|llama|bebe|quédate|vosotros)\b", re.IGNORECASE)
    for sentence in pack.languages["es"].all() if "es" in pack.languages else ():
        assert not informal.search(sentence.text), sentence.text


@each
def test_a_bleach_amount_says_what_it_is_for(pack: Pack) -> None:
    for sentence in pack.languages["en"].all():
        if re.search(r"\d.*bleach", sentence.text):
            assert "surfaces" in sentence.text


def test_the_twin_check_can_fail() -> None:
    assert numbers("Boil 1 minute") != numbers("Hierva 2 minutos")
    assert numbers("{{ a }}") != numbers("{{ b }}")
