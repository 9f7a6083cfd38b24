"""A language written from right to left is added by files alone, from the first skeleton to the texts."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from schemas.broadcast import Rendition
from schemas.words import Channel
from services.cli.errors import Failure
from services.cli.guidance.verbs import app
from services.compose import library
from services.compose.allowed import permit
from services.compose.composer import Before, compose
from services.compose.library import Library
from services.compose.settings import HOME, ComposeSettings
from tests.compose.alerts import NORTH, NOW, a_hazard, an_alert, an_area, an_info
from tests.compose.reviewers import pair, reviews

HERE = Path(__file__).parent / "arabic"
WORDS = yaml.safe_load((HERE / "boil-water.yaml").read_text("utf-8"))
PLACE = yaml.safe_load((HERE / "place.yaml").read_text("utf-8"))
OPENING = "{% if exercise %}\n{{ exercise.opening }}\n{% endif %}\n"
CLOSING = "\n{% if exercise %}\n{{ exercise.closing }}\n{% endif %}\n"


def in_arabic(content: Any) -> Any:
    """The fictional county with one language more."""
    content["languages"].append("ar")
    content["names"]["ar"], content["issuer"]["ar"] = PLACE["names"], PLACE["issuer"]
    for area in content["areas"]:
        area["names"]["ar"] = PLACE["areas"][area["code"]]
        if "parts" in area:
            area["parts"]["ar"] = PLACE["parts"]
    for value in content["parameters"].values():
        if isinstance(value, dict):
            value["ar"] = PLACE["formula_water"]
    return content


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of templates/ with Arabic words and text templates, and a county that speaks it; no pack does yet."""
    templates, place = tmp_path / "templates", tmp_path / "place.yaml"
    shutil.copytree(HOME / "templates", templates)
    shutil.copy(HERE / "words.yaml", templates / "words" / "ar.yaml")
    for kind, text in PLACE["texts"].items():
        for channel in ("x", "sms"):
            (templates / "text" / kind / f"{channel}.ar.txt.j2").write_text(OPENING + text + CLOSING, "utf-8")
    contacts = templates / "contacts" / "ferrow.yaml"
    listed = yaml.safe_load(contacts.read_text("utf-8"))
    for contact in listed:
        contact["text"]["ar"], contact["hours"] = PLACE["contact"], {**contact.get("hours", {}), "ar": PLACE["hours"]}
        contact["languages"].append("ar")
    contacts.write_text(yaml.safe_dump(listed, allow_unicode=True), "utf-8")
    demo = yaml.safe_load((HOME / "deploy" / "jurisdictions" / "demo.yaml").read_text("utf-8"))
    place.write_text(yaml.safe_dump(in_arabic(demo), allow_unicode=True), "utf-8")
    monkeypatch.setenv("TOCSIN_COMPOSE_TEMPLATES", str(templates))
    monkeypatch.setenv("TOCSIN_COMPOSE_JURISDICTION", str(place))
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path / "data"))
    return templates / "guidance"


def tocsin(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exception is None or isinstance(result.exception, Failure), result.exception
    return f"{result.output}{result.exception or ''}"


def filled(folder: Path) -> Path:
    """What `new` has written, filled in by its writer."""
    tocsin("new", "boil-water", "--language", "ar")
    path = folder / "boil-water.ar.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    wording = content["wording"]
    wording["name"], wording["about"], wording["why"] = WORDS["name"], WORDS["about"], WORDS["why"]
    for form in ("minimum", "short", "long", "end", "error"):
        for sentence in wording[form]:
            sentence["text"] = WORDS[form][sentence["id"]]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return path


def read() -> Library:
    return library.read(ComposeSettings())


def arabic(texts: tuple[Rendition, ...]) -> dict[Channel, Rendition]:
    return {text.channel: text for text in texts if text.language == "ar"}


def test_the_skeleton_asks_for_every_step_and_lint_for_what_is_not_written(folder: Path) -> None:
    tocsin("new", "boil-water", "--language", "ar")
    assert "placeholder.open" in tocsin("lint", "boil-water")
    assert '"TODO" # Boiling kills the germs.' in (folder / "boil-water.ar.yaml").read_text("utf-8")


def test_the_twin_check_hears_another_number_and_a_step_that_is_missing(folder: Path) -> None:
    path = filled(folder)
    assert "1 pack: no problems" in tocsin("lint", "boil-water")
    good = path.read_text("utf-8")
    path.write_text(good.replace("ثم اتركه يبرد", "ثم اتركه يبرد \u0663 دقائق"), "utf-8")
    assert "twin.numbers" in tocsin("lint", "boil-water")
    path.write_text(good.replace("{{ boil_minutes }} ثم", "قليلا ثم"), "utf-8")
    assert "twin.values" in tocsin("lint", "boil-water")
    content = yaml.safe_load(good)
    del content["wording"]["end"][1]
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    assert "twin.steps" in tocsin("lint", "boil-water")


def test_the_reviewers_page_sets_it_from_right_to_left(folder: Path) -> None:
    filled(folder)
    html = tocsin("show", "boil-water", "--html")
    assert 'lang="ar" dir="rtl"' in html
    assert 'lang="es" dir="ltr"' in html
    assert WORDS["long"]["ice"] in html
    assert "What is signed in ar" in html


def test_texts_come_out_whole_and_are_counted_as_their_channel_counts_them(folder: Path) -> None:
    filled(folder)
    made = compose(a_hazard("boil-water"), read(), ComposeSettings(), NOW)
    texts = arabic(made.renditions)
    assert texts.keys() == {Channel.X, Channel.SMS}
    assert arabic(made.withdrawals).keys() == texts.keys()
    sms, post = texts[Channel.SMS].parts[0], texts[Channel.X].parts[0]
    assert "اغل ماء الصنبور دقيقة واحدة" in post
    assert "نورثغيت" in sms
    assert texts[Channel.SMS].units == (1 if len(sms) <= 70 else -(-len(sms) // 67),), "70 or 67 characters in UCS-2"
    assert read().words["ar"].quantity(2, "minute") == "دقيقتين"
    assert texts[Channel.X].units == (len(post),), "an Arabic letter weighs one, and .example is no address to X"
    later = compose(a_hazard("boil-water"), read(), ComposeSettings(), NOW, before=Before(1, corrected=made))
    assert arabic(later.corrections).keys() == texts.keys()


def test_it_has_a_digest_and_needs_approvals_of_its_own(folder: Path) -> None:
    before = read().packs["boil-water"].digest
    filled(folder)
    pack, place = read().packs["boil-water"], read().jurisdiction.model_copy(update={"fictional": False})
    assert (pack.digest, set(pack.files())) == (before, {"", "ar"})
    alert = an_alert(an_info(area=[an_area(NORTH)]))
    base = permit(pack, place, reviews(*pair()), alert.realm, NOW)
    assert base.languages == {"en", "es"}
    own = {"language": "ar", "digest": pack.files()["ar"], "version": pack.translations["ar"].version}
    both = permit(pack, place, reviews(*pair(), *pair(**own)), alert.realm, NOW)
    assert both.languages == {"en", "es", "ar"}
