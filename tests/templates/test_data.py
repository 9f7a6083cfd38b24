"""Contacts, words, text templates and the fictional jurisdiction, as they stand in the repository."""

import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment
from jinja2.meta import find_undeclared_variables
from shapely import Polygon, union_all

from schemas.words import Channel, Kind
from services.compose.words import read_words
from services.place.contacts import read_contacts
from services.place.jurisdiction import read_jurisdiction

REPOSITORY = Path(__file__).parents[2]
TEMPLATES = REPOSITORY / "templates"
DEMO = REPOSITORY / "deploy" / "jurisdictions" / "demo.yaml"
KINDS = [kind for kind in Kind if kind is not Kind.DELETION]
LANGUAGES = ["en", "es"]
NEEDED = {
    Kind.ALERT: {"issuer", "hazard", "place", "guidance", "until", "contact", "link"},
    Kind.UPDATE: {"issuer", "number", "hazard", "place", "guidance", "until", "contact", "link"},
    Kind.CORRECTION: {"issuer", "number", "hazard", "place", "guidance", "until", "contact", "link"},
    Kind.CANCEL: {"issuer", "earlier", "about", "place", "guidance", "contact", "link"},
    Kind.WITHDRAWAL: {"issuer", "earlier", "about", "place", "contact", "link"},
}


def source(kind: Kind, channel: Channel, language: str) -> str:
    return (TEMPLATES / "text" / kind / f"{channel}.{language}.txt.j2").read_text("utf-8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_says_all_that_a_stranger_needs(kind: Kind, channel: Channel, language: str) -> None:
    text = source(kind, channel, language)
    named = find_undeclared_variables(Environment().parse(text))  # noqa: S701 - parsed, never rendered
    assert named >= NEEDED[kind] | {"exercise"}
    assert text.index("exercise.opening") < text.index("{{ issuer }}") < text.index("{{ link }}")
    assert text.index("{{ link }}") < text.index("exercise.closing")
    if kind is not Kind.WITHDRAWAL:
        assert {"at", "clock"} & named, "a text says its time, so that two versions never read alike"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channel", list(Channel))
def test_both_languages_of_a_template_say_the_same_things(kind: Kind, channel: Channel) -> None:
    parse = Environment().parse  # noqa: S701 - parsed, never rendered
    english, spanish = (find_undeclared_variables(parse(source(kind, channel, language))) for language in LANGUAGES)
    assert english == spanish


def fields(words: Any) -> Any:
    """The shape of a words file: its keys, and the fields of its patterns."""
    if isinstance(words, dict):
        return {key: fields(value) for key, value in words.items() if key not in {"before", "language"}}
    if isinstance(words, list):
        return len(words)
    return sorted(name for _, name, _, _ in string.Formatter().parse(str(words)) if name)


def test_the_words_of_both_languages_have_the_same_patterns() -> None:
    english, spanish = (yaml.safe_load((TEMPLATES / "words" / f"{name}.yaml").read_text()) for name in LANGUAGES)
    assert fields(english) == fields(spanish)
    assert set(read_words(TEMPLATES / "words", LANGUAGES)) == set(LANGUAGES)


def test_made_up_contacts_can_reach_nobody_and_real_ones_wait_for_a_call() -> None:
    for contact in read_contacts(TEMPLATES / "contacts").values():
        numbers = [value.rpartition(" ")[2] for mode, value in contact.modes.items() if mode in {"voice", "text"}]
        pages = [value for mode, value in contact.modes.items() if mode in {"web", "chat"}]
        if contact.fictional:
            assert all(re.fullmatch(r"555-01\d\d", number) for number in numbers), contact.id
            assert all(re.match(r"https://[a-z.-]+\.(example|invalid)/", page) for page in pages), contact.id
            assert "fictional" in contact.run_by
        else:
            assert contact.verified_on is None, f"{contact.id}: who has called it?"
            assert contact.source is not None
        assert set(contact.text) == set(contact.languages)


def test_no_contact_is_voice_only_where_another_mode_exists() -> None:
    made_up = [contact for contact in read_contacts(TEMPLATES / "contacts").values() if contact.fictional]
    assert {contact.kind for contact in made_up} >= {
        "hotline", "telehealth", "poison_centre", "support_community", "clinic", "crisis_line", "shelter", "media_desk",
    }  # fmt: skip
    assert [contact.id for contact in made_up if set(contact.modes) == {"voice"}] == []


def test_the_demo_says_that_it_is_fictional_and_its_districts_are_the_whole() -> None:
    place = read_jurisdiction(DEMO, "the demo")
    assert "FICTIONAL" in DEMO.read_text("utf-8")
    assert place.is_sandbox
    assert place.page == "https://alerts.ferrow.example/"
    districts = [Polygon(region.outline) for region in place.areas if not region.whole]
    whole = Polygon(place.whole.outline)
    assert 4 <= len(districts) <= 6
    assert union_all(districts).symmetric_difference(whole).area < 1e-9
    assert sum(district.area for district in districts) == pytest.approx(whole.area)


def test_the_demo_fills_what_its_packs_need() -> None:
    place = read_jurisdiction(DEMO, "the demo")
    for path in (TEMPLATES / "guidance").glob("*.yaml"):
        pack = yaml.safe_load(path.read_text("utf-8"))
        needed = {name for name, parameter in pack["parameters"].items() if parameter["required"]}
        assert needed <= place.parameters.keys(), pack["id"]
        assert set(pack["contacts"]) <= place.contacts.keys(), pack["id"]
