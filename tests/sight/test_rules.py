"""Rules and dashboards name what the code has; each alert has its runbook and its case, and promtool agrees."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.operations import ALARM_RULES
from services.cli.house.blueprint import Blueprint, blueprint
from services.cli.house.rooms import ROOMS
from services.cli.known_settings import settings_classes
from services.cli.verbs import GROUPS, VERBS
from services.runtime.metrics import LATENCY
from services.runtime.settings import names
from tests.sight.tools import ALERTS, DASHBOARDS, DEPLOY, PROMETHEUS, RECORDED, Selector, load, queries, selectors, tool

RUNBOOK = (DEPLOY / "runbook.md").read_text(encoding="utf-8")
#: Labels that a scrape adds, and what Prometheus itself has.
OF_THE_SCRAPE = {"room", "realm", "exported_realm", "instance", "job"}
OF_PROMETHEUS = {"up", "ALERTS"}
CASE_FILES = sorted(path.name for path in PROMETHEUS.glob("tests*.yml"))
CASES = [case for name in CASE_FILES for case in load(PROMETHEUS / name)["tests"]]
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS}
EXPRESSIONS = {
    **{rule["alert"]: rule["expr"] for rule in ALERTS},
    **{rule["record"]: rule["expr"] for rule in RECORDED},
    **{f"{name} {n}": query for name, board in BOARDS.items() for n, query in enumerate(queries(board))},
}
Series = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blueprint]:
    with blueprint(tmp_path_factory.mktemp("house")) as built:
        yield built


@pytest.fixture(scope="module")
def series(plan: Blueprint) -> Series:
    """Every series that the code makes at its start: labels by the sample's name."""
    found: Series = {}
    for room, registry in plan.registries().items():
        for family in registry.collect():
            for sample in family.samples:
                found.setdefault(sample.name, []).append({**sample.labels, "room": room.replace("/", "-")})
    return found


# --- what expressions name exists ---


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_metric_label_and_value_is_the_codes(where: str, series: Series) -> None:
    recorded = {rule["record"] for rule in RECORDED}
    found = list(selectors(EXPRESSIONS[where]))
    assert found or EXPRESSIONS[where] == "vector(1)\n"
    for each in found:
        if each.metric in recorded | OF_PROMETHEUS:
            continue
        assert each.metric in series, f"{each.metric} is no metric of any room"
        assert _nothing(each, series[each.metric]) == []


def _nothing(selector: Selector, known: list[dict[str, str]]) -> list[str]:
    """The matchers whose label, or one of whose values, no series has: closed sets can be asked."""
    wrong = []
    for label, how, value in selector.matchers:
        have = {labels[label] for labels in known if label in labels}
        values = value.split("|") if "~" in how else [value]
        if label not in OF_THE_SCRAPE - {"room"}:
            wrong += [f'{label}="{each}"' for each in values if not any(re.fullmatch(each, one) for one in have)]
    return wrong


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_grouping_label_is_there(where: str, series: Series) -> None:
    names = {
        name.strip()
        for group in re.findall(r"(?:by|on) \(([a-z_, ]+)\)", EXPRESSIONS[where])
        for name in group.split(",")
    }
    have = {
        label for each in selectors(EXPRESSIONS[where]) for labels in series.get(each.metric, []) for label in labels
    }
    for each in selectors(EXPRESSIONS[where]):  # a recorded metric has the labels that it was grouped by
        have |= {
            label for rule in RECORDED if rule["record"] == each.metric for label in re.findall(r"[a-z]+", rule["expr"])
        }
    assert names - have - OF_THE_SCRAPE - {"alertname"} == set()


@pytest.mark.parametrize("rule", ALERTS + RECORDED, ids=lambda rule: rule.get("alert") or rule["record"])
def test_what_is_added_up_keeps_its_realm(rule: dict[str, str]) -> None:
    """One Prometheus may see both: a drill must not hide what is wrong in live, nor sound like it."""
    added = re.findall(r"\b(?:sum|max|min|count|avg|topk)\b(?!_)\s*(.*)", rule["expr"])
    assert [each for each in added if not re.match(r"by \([^)]*\brealm\b", each)] == []
    joined = re.findall(r"\bon \(([^)]*)\)", rule["expr"])
    assert [labels for labels in joined if not re.search(r"\b(?:realm|instance)\b", labels)] == []


def test_every_room_is_missed() -> None:
    """One line for each, which an operator may take out: in live, whatever a drill has."""
    [rule] = [each for each in ALERTS if each["alert"] == "TocsinRoomMissing"]
    rooms = [spec.name.replace("/", "-") for spec in ROOMS]
    wanted = [f'absent(up{{job="tocsin", room="{room}", realm!="drill"}})' for room in rooms]
    assert sorted(rule["expr"].strip().replace("\n", " ").split(" or ")) == sorted(wanted)


def test_an_alert_with_rules_of_its_own_is_not_an_alarm_again() -> None:
    """Each rule of a room is told once: by TocsinAlarm and TocsinAlarmAgain, or by an alert that knows more of it."""
    own = {"duplicate", "late_evidence", "unresolved", "reach", "deadline", "held", "reads_alike"}
    for name in ("TocsinAlarm", "TocsinAlarmAgain"):
        [text] = [rule["expr"] for rule in ALERTS if rule["alert"] == name]
        [left_out] = re.findall(r'rule!~"([^"]*)"', text)
        assert set(left_out.split("|")) == own
    assert own < {rule for rules in ALARM_RULES.values() for rule in rules}


def test_an_unknown_metric_and_an_unknown_value_are_seen(series: Series) -> None:
    [wrong] = selectors('tocsin_ledger_rows{state="unresolve"}')
    assert _nothing(wrong, series[wrong.metric]) == ['state="unresolve"']
    assert [each.metric for each in selectors("sum by (tocsin) (rate(tocsin_ledger_rose[5m]))")] == [
        "tocsin_ledger_rose"
    ]


def test_the_bounds_of_objectives_are_the_histograms() -> None:
    bounds = {float(le) for text in EXPRESSIONS.values() for le in re.findall(r'le="([0-9.]+)"', text)}
    assert bounds
    assert bounds <= set(LATENCY)


def test_every_metric_of_the_house_is_on_a_dashboard_or_in_a_rule(series: Series) -> None:
    """What nobody looks at would not be missed: the sandbox's own excepted, which is no part of the pipeline."""
    read = {each.metric for text in EXPRESSIONS.values() for each in selectors(text)}
    names = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in series if not name.endswith("_created")}
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in read}
    assert {name for name in names - shown if not name.startswith("tocsin_sandbox_")} == set()


# --- alerts ---


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_it_is_and_where_its_runbook_stands(rule: dict[str, Any]) -> None:
    name = rule["alert"]
    assert rule["labels"]["severity"] in {"page", "ticket", "none"}
    assert rule["annotations"]["runbook"] == f"deploy/runbook.md#{name.lower()}"
    section = RUNBOOK.split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert rule["annotations"]["summary"] in section
    assert [part for part in ("**For people.**", "**What to do.**\n\n1. ", "**Who can.**") if part not in section] == []


def test_the_runbook_has_no_section_without_an_alert_and_no_dead_link() -> None:
    sections = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    assert sections == [rule["alert"] for rule in ALERTS]
    assert set(re.findall(r"\(#([a-z]+)\)", RUNBOOK)) <= {name.lower() for name in sections}


def test_the_runbook_names_commands_settings_and_dashboards_that_there_are() -> None:
    assert set(re.findall(r"`tocsin ([a-z]+)", RUNBOOK)) <= {*VERBS, *GROUPS}
    settings = {name for kinds in settings_classes().values() for kind in kinds for name in names(kind)}
    assert set(re.findall(r"TOCSIN_[A-Z_]+[A-Z]", RUNBOOK)) <= settings
    titles = {board["title"].removeprefix("Tocsin: ").lower() for board in BOARDS.values()}
    named = set(re.findall(r"[Dd]ashboard\s+\*([^*]+)\*", RUNBOOK))
    assert named
    assert {" ".join(name.split()).lower() for name in named} <= titles


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_has_a_case_in_which_it_is_quiet_and_one_in_which_it_fires(rule: dict[str, Any]) -> None:
    cases = [one for case in CASES for one in case.get("alert_rule_test", []) if one["alertname"] == rule["alert"]]
    assert any(case["exp_alerts"] for case in cases)
    assert any(not case["exp_alerts"] for case in cases) or rule["alert"] == "TocsinWatchdog"


def test_promtool_takes_the_rules_and_every_case_holds() -> None:
    promtool = tool("promtool")
    for words in (
        ["check", "rules", "alerts.yml", "objectives.yml"],
        ["check", "config", "prometheus.yml"],
        ["test", "rules", *CASE_FILES],
    ):
        done = subprocess.run([promtool, *words], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_that_has_grown_deaf_is_seen(tmp_path: Path) -> None:
    """The cases can fail: without its threshold reached, an alert that should fire is missed."""
    promtool = tool("promtool")
    (tmp_path / "objectives.yml").write_text((PROMETHEUS / "objectives.yml").read_text())
    cases = load(PROMETHEUS / "tests.yml")
    cases["tests"] = [case for case in cases["tests"] if case["name"] == "TocsinOldDoubt"]
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(cases))
    text = (PROMETHEUS / "alerts.yml").read_text()
    assert "tocsin_oldest_doubt_seconds > 600" in text
    (tmp_path / "alerts.yml").write_text(
        text.replace("tocsin_oldest_doubt_seconds > 600", "tocsin_oldest_doubt_seconds > 6000")
    )
    done = subprocess.run(
        [promtool, "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "TocsinOldDoubt" in done.stdout + done.stderr


# --- dashboards ---


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_provisioned_whole(name: str) -> None:
    board = BOARDS[name]
    source = load(DEPLOY / "grafana/provisioning/datasources/prometheus.yml")["datasources"][0]["uid"]
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert board["uid"] == f"tocsin-{name}"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert {target["datasource"]["uid"] for panel in panels for target in panel["targets"]} == {source}
    assert all(panel["title"] and panel["description"] for panel in panels)
    assert not _overlapping(board["panels"])


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_shows_one_realm_at_a_time_and_each_room_once(name: str) -> None:
    board = BOARDS[name]
    assert [variable["name"] for variable in board["templating"]["list"]] == ["realm"]
    for target in (target for panel in board["panels"] for target in panel.get("targets", [])):
        unbound = [each.text for each in selectors(target["expr"]) if "realm" not in dict_of(each)]
        assert unbound == []
        assert re.search(r"\b(?:sum|max|min|topk|histogram_quantile)\b|^tocsin:", target["expr"]), (
            "a room of two processes would be there twice"
        )


def dict_of(selector: Selector) -> dict[str, str]:
    return {label: value for label, _, value in selector.matchers}


def _overlapping(panels: list[dict[str, Any]]) -> list[tuple[int, int]]:
    places: dict[tuple[int, int], int] = {}
    twice = []
    for panel in panels:
        at = panel["gridPos"]
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            if cell in places:
                twice.append(cell)
            places[cell] = panel["id"]
    return twice
