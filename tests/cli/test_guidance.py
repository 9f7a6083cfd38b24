"""`tocsin guidance …`, and the worked example of templates/guidance/README.md, followed step by step."""

import json
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from schemas.words import Realm
from services.cli.demo.reviews import make_demo_reviews
from services.cli.demo.trust import make_demo_trust
from services.cli.errors import Failure
from services.cli.guidance.verbs import app
from services.compose import library
from services.compose.composer import compose
from services.compose.settings import HOME, ComposeSettings
from services.compose.subject import Stopped
from tests.compose.alerts import COUNTY, NOW, an_alert, an_area, an_info

README = (HOME / "templates" / "guidance" / "README.md").read_text("utf-8")
PLACE = HOME / "deploy" / "jurisdictions" / "demo.yaml"


def example(name: str) -> str:
    found = re.search(rf"<!-- example:{re.escape(name)} -->\n```yaml\n(.*?)```", README, re.DOTALL)
    assert found, f"the README has no example {name}"
    return found[1]


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of templates/ to write in, and a data folder of its own."""
    folder = tmp_path / "templates"
    shutil.copytree(HOME / "templates", folder)
    monkeypatch.setenv("TOCSIN_COMPOSE_TEMPLATES", str(folder))
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path / "data"))
    return folder / "guidance"


def tocsin(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=stdin)


def said(*arguments: str, stdin: str = "") -> str:
    result = tocsin(*arguments, stdin=stdin)
    assert result.exception is None, result.exception
    return result.output


def failed(*arguments: str) -> str:
    result = tocsin(*arguments)
    assert isinstance(result.exception, Failure), result.output
    return f"{result.output}{result.exception}"


def test_the_readmes_example_adds_a_hazard_and_a_language_and_no_python(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place.yaml"
    content = yaml.safe_load(PLACE.read_text("utf-8"))
    content["parameters"] |= yaml.safe_load(example("parameters"))
    place.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    monkeypatch.setenv("TOCSIN_COMPOSE_JURISDICTION", str(place))
    for name in ("heat-at-work.yaml", "heat-at-work.ar.yaml"):
        (templates / name).write_text(example(name), "utf-8")
    assert "1 pack: no problems" in said("lint", "heat-at-work")
    assert "اشرب الماء" in said("show", "heat-at-work")
    line = '{"event": "Heat at work", "category": "Health", "headline": ""}\n'
    assert json.loads(said("find", "--json", stdin=line))["pack"] == "heat-at-work"
    made = compose(an_alert(an_info(event="Heat at work")), library.read(ComposeSettings()), ComposeSettings(), NOW)
    assert "rest 15 minutes in the shade" in made.renditions[0].parts[0]
    pack = library.read(ComposeSettings()).packs["heat-at-work"]
    assert pack.files().keys() == {"", "ar"}
    assert len(set(pack.files().values())) == 2


def test_the_readme_names_every_slot_of_every_pack(templates: Path) -> None:
    for pack in library.read(ComposeSettings()).packs.values():
        for slot in pack.slots:
            assert f"`{slot}`" in README, f"{pack.id}/{slot}"


def test_new_writes_what_lint_then_asks_to_be_filled(templates: Path) -> None:
    assert "frogs.yaml: fill it" in said("new", "frogs")
    assert "everything is still to be written" in said("lint", "frogs")
    assert "never overwritten" in failed("new", "frogs")
    said("new", "boil-water", "--language", "fr")
    assert "placeholder.open" in failed("lint", "boil-water")
    content = yaml.safe_load((templates / "boil-water.fr.yaml").read_text("utf-8"))
    assert [step["id"] for step in content["wording"]["minimum"]] == ["boil"]


def test_find_answers_every_line_and_says_what_is_wrong_with_one(templates: Path) -> None:
    lines = [
        '{"event": "Boil Water Notice", "category": "Health", "headline": "x"}', "not json", "[]",
        '{"event": ["Tornado Warning"], "category": ["Met"], "headline": null}',
        '{"event": "Warning", "eventCode": [{"valueName": "SAME", "value": "BWW"}]}',
        '{"event": "Heat Advisory and Air Quality Alert"}',
    ]  # fmt: skip
    answers = [json.loads(line) for line in said("find", "--json", stdin="\n".join(lines)).splitlines()]
    assert [answer["pack"] for answer in answers] == ["boil-water", None, None, None, "boil-water", None]
    assert [answer["sure"] for answer in answers] == [True, False, False, False, True, False]
    assert "line 2" in answers[1]["why"]
    assert answers[3]["candidates"] == ["general"]
    assert set(answers[5]["candidates"]) == {"extreme-heat", "smoke-air-quality"}


def test_show_html_sets_each_sentence_beside_its_facts_and_its_twin(templates: Path) -> None:
    html = said("show", "carbon-monoxide", "--html")
    row = html[html.index("long<br>generator") :].split("</tr>")[0]
    assert "Run a generator outdoors only" in row
    assert 'lang="es"' in row
    assert "Use el generador solo afuera" in row
    assert "https://vdh.es.virginia.gov/" in row
    assert "2026-11-23" in row
    assert '<mark title="generator_distance">20 feet (6 m)</mark> or more' in row
    assert "20 foot" in html
    assert "<script" not in html


def test_diff_names_what_has_changed(templates: Path, tmp_path: Path) -> None:
    path = templates / "boil-water.yaml"
    old = tmp_path / "old.yaml"
    old.write_text(path.read_text("utf-8"), "utf-8")
    assert "no difference" in said("diff", "boil-water", str(old))
    path.write_text(path.read_text("utf-8").replace("Filters are not enough.", "Filters do not help."), "utf-8")
    changes = failed("diff", "boil-water", str(old))
    assert "/languages/en/short/filter/text" in changes
    assert "- Filters are not enough.\n  + Filters do not help." in changes


def test_two_people_approve_and_one_may_not_be_both(templates: Path, tmp_path: Path) -> None:
    home = tmp_path / "data" / "live"
    trust = make_demo_trust(home, Realm.LIVE)
    until = str(datetime.now(UTC).date() + timedelta(days=30))

    def approve(person: str, role: str, *more: str) -> tuple[str, ...]:
        key = str(trust.people[person])
        return ("approve", "boil-water", "--as", person, "--key", key, "--role", role, "--until", until, *more)

    assert "nobody has read at the authority itself: cdc-water" in failed(*approve("officer-1", "subject-reviewer"))
    assert "officer-1 is no health-officer" in failed(*approve("officer-1", "health-officer", "--sandbox-only"))
    assert "no file of its own in ar" in failed(
        *approve("officer-1", "subject-reviewer", "--sandbox-only", "--language", "ar")
    )
    assert "is approved by officer-1" in said(*approve("officer-1", "subject-reviewer", "--sandbox-only"))
    assert "no health-officer has approved it" in said("show", "boil-water")
    assert "is approved by officer-2" in said(*approve("officer-2", "health-officer", "--sandbox-only"))
    assert f"approved by officer-1 and officer-2 until {date.fromisoformat(until) + timedelta(days=1)}" in said(
        "show", "boil-water"
    )
    assert "approval boil-water by officer-1" in said("due", "--days", "60")
    assert "no approval holds longer" in failed(
        *approve("officer-2", "health-officer", "--sandbox-only")[:-2], "2031-01-01", "--sandbox-only"
    )


def test_the_demos_approvals_hold_in_the_sandbox_only_and_are_signed_once(templates: Path, tmp_path: Path) -> None:
    home = tmp_path / "data" / "live"
    trust = make_demo_trust(home, Realm.LIVE)
    complete = [pack for pack in library.read(ComposeSettings()).packs.values() if pack.is_complete]
    assert len(make_demo_reviews(home, Realm.LIVE, trust)) == 2 * len(complete)
    assert make_demo_reviews(home, Realm.LIVE, trust) == []
    states = [json.loads(line) for line in said("list", "--json").splitlines()]
    boil = next(state for state in states if state["pack"] == "boil-water")
    assert "for drills and sandbox accounts only" in boil["why"]
    assert boil["state"] == "complete draft"


def test_the_demo_signs_nothing_for_a_real_place(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = yaml.safe_load(PLACE.read_text("utf-8"))
    place = tmp_path / "place.yaml"
    place.write_text(yaml.safe_dump({**content, "fictional": False}, allow_unicode=True), "utf-8")
    monkeypatch.setenv("TOCSIN_COMPOSE_JURISDICTION", str(place))
    assert make_demo_reviews(tmp_path, Realm.LIVE, make_demo_trust(tmp_path, Realm.LIVE)) == []


def test_an_unknown_pack_is_answered_with_those_that_there_are(templates: Path) -> None:
    assert "there is no pack plague; there are algal-bloom-beach" in failed("show", "plague")


def test_contacts_are_listed_without_asking_anybody(templates: Path) -> None:
    assert "us-poison-help" in said("contacts")
    assert "checked never" in said("contacts")


def test_a_jurisdiction_is_added_by_copying_one_and_says_what_it_leaves_open(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = yaml.safe_load(PLACE.read_text("utf-8"))
    content["id"], content["names"], content["timezone"] = "elsewhere", {"en": "Elsewhere"}, "America/Denver"
    content["languages"], content["fictional"] = ["en"], False
    content["areas"] = [{**content["areas"][0], "code": "elsewhere"}]
    del content["parameters"]["boil_minutes"]
    place = tmp_path / "elsewhere.yaml"
    place.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    monkeypatch.setenv("TOCSIN_COMPOSE_JURISDICTION", str(place))
    states = {state["pack"]: state for state in map(json.loads, said("list", "--json").splitlines())}
    assert states["boil-water"]["open"] == ["boil_minutes"]
    assert states["carbon-monoxide"]["open"] == []
    with pytest.raises(Stopped, match="elsewhere gives no boil_minutes") as stopped:
        compose(an_alert(an_info(area=[an_area(COUNTY)])), library.read(ComposeSettings()), ComposeSettings(), NOW)
    assert {finding.rule for finding in stopped.value.findings} == {"pack.draft", "parameter.missing"}
