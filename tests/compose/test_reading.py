"""Wrong data is refused with the file, the place in it, and what to do."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.compose import library
from services.compose.packfiles import digest_of, read_pack, read_packs
from services.compose.settings import HOME, ComposeSettings
from services.compose.words import read_words
from services.place.reading import DataError

PACK: dict[str, Any] = yaml.safe_load((HOME / "templates" / "guidance" / "boil-water.yaml").read_text("utf-8"))
PLACE: dict[str, Any] = yaml.safe_load((HOME / "deploy" / "jurisdictions" / "demo.yaml").read_text("utf-8"))


def written(folder: Path, content: dict[str, Any], name: str = "boil-water.yaml") -> Path:
    path = folder / name
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "blue"}, "colour is a word that nothing reads"),
        ({"status": "approved"}, "an approved pack names who reviewed it"),
        ({"review_by": "next year"}, "review_by"),
        ({"facts": {}}, "names facts that are not there"),
        ({"sources": {}}, "names sources that are not there"),
        ({"id": "boiled-water"}, "name the file boiled-water.yaml"),
        ({"digest": "sha256:0"}, "its digest is computed"),
        ({"contacts": []}, "contacts"),
    ],
)
def test_a_wrong_pack_names_its_mistake(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=r"boil-water\.yaml") as caught:
        read_pack(written(tmp_path, {**PACK, **change}))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"contacts": {"hotline": "nobody"}}, "names the contact nobody for hotline"),
        ({"parameters": {"boil_minutes": {"en": "one", "es": "uno"}}}, "boil_minutes must be a quantity"),
        ({"languages": ["en", "fr"]}, "fr"),
        ({"parameters": {"generator_distance": 10}}, "carbon-monoxide takes at least 20"),
        ({"parameters": {"boil_minutes": 10}}, "at least 1 and at most 3"),
    ],
)
def test_what_does_not_go_together_is_said_at_start(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    settings = ComposeSettings(jurisdiction=written(tmp_path, {**PLACE, **change}))
    with pytest.raises(DataError) as caught:
        library.read(settings)
    assert says in str(caught.value)


def test_a_missing_file_or_folder_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="check the setting that names it"):
        read_words(tmp_path, ["en"])
    with pytest.raises(DataError, match="TOCSIN_COMPOSE_TEMPLATES"):
        read_packs(tmp_path)


def test_what_is_no_yaml_is_said(tmp_path: Path) -> None:
    path = tmp_path / "boil-water.yaml"
    path.write_text("{", "utf-8")
    with pytest.raises(DataError, match="is no YAML"):
        read_pack(path)


def test_a_comment_changes_no_digest_and_a_word_does(tmp_path: Path) -> None:
    before = read_pack(written(tmp_path, PACK)).digest
    path = tmp_path / "boil-water.yaml"
    path.write_text("# read by nobody\n" + path.read_text("utf-8"), "utf-8")
    assert read_pack(path).digest == before
    assert digest_of({**PACK, "until": "none"}) != before


def leaves(content: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(content, dict):
        return [leaf for key, value in content.items() for leaf in leaves(value, (*at, key))]
    if isinstance(content, list):
        return [leaf for number, value in enumerate(content) for leaf in leaves(value, (*at, number))]
    return [at]


@given(st.sampled_from(leaves(PACK)), st.text(min_size=1, max_size=5))
def test_any_word_of_a_pack_is_under_its_digest(leaf: tuple[Any, ...], word: str) -> None:
    changed: Any = copy.deepcopy(PACK)
    here = changed
    for step in leaf[:-1]:
        here = here[step]
    before, here[leaf[-1]] = here[leaf[-1]], word
    assert (digest_of(changed) == digest_of(PACK)) is (before == word)
