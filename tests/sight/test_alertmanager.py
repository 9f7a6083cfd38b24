"""Who is told of what: a page reaches mail and webhook, a ticket mail, the watchdog its own service."""

import re
import subprocess

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
    labels = [f"alertname={rule['alert']}", f"severity={rule['labels']['severity']}"]
    words = [tool("amtool"), "config", "routes", "test", f"--config.file={FILE}", *labels]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == {"page": "page", "ticket": "mail", "none": "watchdog"}[rule["labels"]["severity"]]


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
