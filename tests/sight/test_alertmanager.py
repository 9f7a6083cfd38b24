"""Who is told of what: a page reaches mail and webhook, a ticket mail, the watchdog its own service."""

import json
import re
import subprocess
import tempfile

import pytest

from tests.sight.tools import ALERTS, DEPLOY, load, tool

FILE = DEPLOY / "alertmanager" / "alertmanager.yml"
CONFIG = load(FILE)
RECEIVERS = {receiver["name"]: receiver for receiver in CONFIG["receivers"]}


def test_amtool_takes_it() -> None:
    done = subprocess.run([tool("amtool"), "check-config", str(FILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_goes_where_its_severity_says(rule: dict[str, dict[str, str]]) -> None:
    found = receiver_of(f"alertname={rule['alert']}", f"severity={rule['labels']['severity']}")
    assert found == {"page": "page", "ticket": "mail", "none": "watchdog"}[rule["labels"]["severity"]]


def receiver_of(*labels: str) -> str:
    words = [tool("amtool"), "config", "routes", "test", f"--config.file={FILE}", *labels]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("alertname=TocsinParked", "severity=page", "realm=drill"), "mail"),
        (("alertname=TocsinAlarm", "severity=page", "realm=drill", "rule=missed-heartbeat"), "mail"),
        (("alertname=TocsinParked", "severity=ticket", "realm=drill"), "mail"),
        (("alertname=TocsinParked", "severity=page", "realm=live"), "page"),
        (("alertname=TocsinAlarm", "severity=page", "realm=drill", "rule=actual-in-drill"), "page"),
        (("alertname=TocsinAlarmAgain", "severity=page", "realm=drill", "rule=actual-in-drill"), "page"),
        (("alertname=TocsinWatchdog", "severity=none"), "watchdog"),
    ],
)
def test_a_drill_wakes_nobody_but_for_a_real_alert_in_it(labels: tuple[str, ...], receiver: str) -> None:
    assert receiver_of(*labels) == receiver


def test_the_realms_are_told_apart_and_one_does_not_silence_the_other() -> None:
    assert "realm" in CONFIG["route"]["group_by"]
    for rule in CONFIG["inhibit_rules"]:
        by_realm = "realm" in rule.get("equal", ()) or "realm != drill" in rule["target_matchers"]
        assert by_realm, rule
    for name, says in (("drill", "[FIRING] DRILL TocsinParked"), ("live", "[FIRING] TocsinParked")):
        assert _subject(realm=name, alertname="TocsinParked") == says


def _subject(**labels: str) -> str:
    data = FILE.with_name("messages.tmpl")
    given = {"status": "firing", "groupLabels": labels, "alerts": []}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(given, file)
        file.flush()
        words = [tool("amtool"), "template", "render", f"--template.glob={data}", f"--template.data={file.name}"]
        shown = subprocess.run(
            [*words, '--template.text={{ template "tocsin.subject" . }}'], capture_output=True, text=True, check=True
        )
    return shown.stdout.strip()


def test_a_page_goes_two_ways() -> None:
    assert RECEIVERS["page"]["email_configs"]
    assert RECEIVERS["page"]["webhook_configs"]
    assert set(RECEIVERS["mail"]) == {"name", "email_configs"}


def test_no_secret_stands_in_it() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert not re.findall(r"^\s*(?:smtp_auth_password|credentials|password|bearer_token):", text, re.MULTILINE)
    assert "secrets/" in (DEPLOY.parent / ".gitignore").read_text(encoding="utf-8")


def test_every_alert_that_inhibits_or_is_inhibited_exists() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert set(re.findall(r"Tocsin[A-Z]\w+", text)) <= {rule["alert"] for rule in ALERTS}


def test_the_message_says_what_to_do() -> None:
    words = [tool("amtool"), "template", "render", f"--template.glob={FILE.with_name('messages.tmpl')}"]
    done = subprocess.run(
        [*words, '--template.text={{ template "tocsin.text" . }}'], capture_output=True, text=True, check=True
    )
    assert "what to do:" in done.stdout
