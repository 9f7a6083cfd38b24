"""The README's tables are the code's: `python -m services.cli.tables` writes them."""

import re
from collections import Counter

import pytest
import yaml

from schemas.topics import TOPICS
from services.cli import tables
from services.cli.errors import Code
from services.cli.house.blueprint import Blueprint
from services.cli.house.rooms import ROOMS, SANDBOX
from services.cli.verbs import GROUPS, VERBS
from services.compose.packfiles import read_packs

TEXT = tables.README.read_text(encoding="utf-8")


def between(name: str) -> str:
    found = re.search(rf"<!-- tocsin:{name} -->\n(.*?)\n<!-- /tocsin:{name} -->", TEXT, re.DOTALL)
    assert found, f"the README has no marks for {name}"
    return found[1]


@pytest.mark.parametrize("name", ["services", "topics", "settings"])
def test_a_table_is_the_codes(name: str) -> None:
    assert between(name) == getattr(tables, name)()


def test_the_metrics_are_the_rooms(plan: Blueprint) -> None:
    assert between("metrics") == tables.metrics(plan)


def test_every_topic_room_and_exit_code_is_there() -> None:
    assert all(f"| `{topic.name}` |" in between("topics") for topic in TOPICS)
    assert all(f"| `{spec.name}` |" in between("services") for spec in (*ROOMS, SANDBOX))
    said = {int(code) for code in re.findall(r"^\| (\d+) \| ", TEXT, re.MULTILINE)}
    assert said == set(Code)


def test_how_far_the_guidance_is_is_said_as_it_is() -> None:
    shelf = read_packs(tables.ROOT / "templates" / "guidance").values()
    complete = [pack for pack in shelf if not pack.incomplete]
    second_hand = [pack for pack in complete if not all(source.is_first_hand for source in pack.sources.values())]
    says = re.search(r"\*\*Guidance\*\* \| (\d+) packs .*?drafts\*\*: (\d+) are complete, and (\d+) of", TEXT)
    assert says is not None
    assert tuple(map(int, says.groups())) == (len(shelf), len(complete), len(second_hand))


def test_as_many_alerts_as_it_says() -> None:
    groups = yaml.safe_load((tables.ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"]
    found = Counter(rule["labels"]["severity"] for group in groups for rule in group["rules"] if "alert" in rule)
    says = re.search(r"alerts\.yml`: (\d+) \*pages\*, (\d+) \*tickets\* and the watchdog", TEXT)
    assert says is not None
    assert found == {"page": int(says[1]), "ticket": int(says[2]), "none": 1}


def test_every_verb_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"(?:`|^)tocsin ([a-z]+)", TEXT, re.MULTILINE))
    assert named <= {*VERBS, *GROUPS}
    assert len(named) > 10


def test_every_metric_has_its_series_from_the_start(plan: Blueprint) -> None:
    """Absent is never zero: a labelled metric without a pre-created series has no samples."""
    by_topic = {"tocsin_records_handled", "tocsin_handler_seconds", "tocsin_consumer_lag_records"}
    deaf = {name for name, room in plan.rooms.items() if not room.broker.subscribers}  # they handle no record
    empty = [
        f"{room}: {family.name}"
        for room, registry in plan.registries().items()
        for family in registry.collect()
        if not family.samples and not (room in deaf and family.name in by_topic)
    ]
    assert empty == []


def test_every_setting_says_what_it_is() -> None:
    rows = [line.split(" | ") for line in between("settings").splitlines()[2:]]
    assert [row[0] for row in rows if len(row) < 4 or len(row[3].strip(" |")) < 10] == []


def test_a_table_that_has_grown_old_is_seen() -> None:
    text = "a\n<!-- tocsin:x -->\nold\n<!-- /tocsin:x -->\nb"
    assert tables.put(text, "x", "| new |") == "a\n<!-- tocsin:x -->\n| new |\n<!-- /tocsin:x -->\nb"
    with pytest.raises(ValueError, match="no marks"):
        tables.put("nothing here", "x", "| new |")
