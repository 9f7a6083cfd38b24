"""X's counting against twitter-text's own conformance set, and what must hold for any text."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from twitter_text import extract_emojis_with_indices, extract_urls
from twitter_text.config import config

from services import limits
from services.limits import x

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "channels" / "twitter-text"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"twitter-text's conformance files are not at {DATA}")
PLAIN = st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Nd", "Zs"]))


def conformance(file: str, section: str) -> list[dict[str, Any]]:
    if not DATA.is_dir():
        return []
    tests: list[dict[str, Any]] = yaml.safe_load((DATA / "conformance" / file).read_text("utf-8"))["tests"][section]
    return tests


@needs_data
def test_the_rule_is_the_published_version_3() -> None:
    published = json.loads((DATA / "config" / "v3.json").read_text("utf-8"))
    ours = config["version3"]
    assert ours["max_weighted_tweet_length"] == published["maxWeightedTweetLength"] == x.LIMIT.maximum
    assert ours["ranges"] == published["ranges"]
    assert ours["default_weight"] == published["defaultWeight"]
    assert ours["transformed_url_length"] == published["transformedURLLength"]
    assert ours["emoji_parsing_enabled"] is published["emojiParsingEnabled"] is True


@needs_data
@pytest.mark.parametrize(
    "section", ["WeightedTweetsWithDiscountedEmojiCounterTest", "UnicodeDirectionalMarkerCounterTest"]
)
def test_version_3_conformance(section: str) -> None:
    cases = conformance("validate.yml", section)
    assert len(cases) >= 2
    for case in cases:
        counted = x.count(case["text"])
        assert counted.units == case["expected"]["weightedLength"], case["description"]
        if case["expected"]["weightedLength"] <= x.LIMIT.usable:
            assert counted.fits is case["expected"]["valid"], case["description"]
        else:
            assert not counted.fits, case["description"]


@needs_data
def test_version_2_conformance_holds_where_no_emoji_is_discounted() -> None:
    cases = [
        case
        for case in conformance("validate.yml", "WeightedTweetsCounterTest")
        if not extract_emojis_with_indices(case["text"])
    ]
    assert len(cases) >= 15
    for case in cases:
        assert x.count(case["text"]).units == case["expected"]["weightedLength"], case["description"]


@needs_data
def test_addresses_are_found_as_twitter_text_finds_them() -> None:
    cases = conformance("extract.yml", "urls")
    assert len(cases) >= 90
    for case in cases:
        assert extract_urls(case["text"]) == case["expected"], case["description"]


def test_an_address_counts_23_whatever_its_length() -> None:
    assert x.count("https://health.gov/" + "a" * 300).units == x.count("https://health.gov/").units == 23


def test_an_address_under_a_name_that_is_no_top_level_domain_counts_in_full() -> None:
    assert x.count("https://alerts.ferrow.example/").units == 30


def test_the_reserve_is_kept() -> None:
    assert x.count("a" * 275).fits
    assert not x.count("a" * 276).fits


def test_accents_weigh_one_in_either_spelling() -> None:
    assert x.count("sarampi\u00f3n").units == x.count("sarampio\u0301n").units == 9


@pytest.mark.parametrize("text", ["", " ", "\n\n", "bad \ufffe mark"])
def test_what_cannot_be_posted_never_fits(text: str) -> None:
    assert not x.count(text).fits


@given(PLAIN, PLAIN)
def test_plain_texts_add_up(one: str, two: str) -> None:
    assert x.count(f"{one} {two}").units == x.count(one).units + 1 + x.count(two).units


@given(st.text())
def test_any_text_is_counted_the_same_before_and_after_normalising(text: str) -> None:
    normal = limits.normalise(text)
    assert limits.normalise(normal) == normal
    assert x.count(normal).units <= x.count(text.replace("\r\n", "\n").replace("\r", "\n")).units
