"""What doctor looks at beside files: secrets, versions, clocks, backups, topics, platforms, the webhook, what waits."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from schemas.topics import ACCEPTED
from schemas.words import Realm
from services.cli.checks import (
    alarms,
    backups,
    cures,
    platforms,
    running,
    secret_values,
    topics,
    versions,
    waiting,
    webhook,
)
from services.cli.checks.finding import Found
from services.cli.context import Context
from services.cli.copies import last, manifest, marks
from services.cli.copies.last import Last
from services.cli.copies.stores import places
from services.cli.house.prepare import prepare
from services.cli.sight.asking import Answer, Sample
from services.runtime.doors import announce
from services.runtime.topics import configuration
from tests.support.serving import served

NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)
GOOD = "9f3c1a77e0b24d5580aa"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)


def said(found: Iterator[Found], verdict: str = "bad") -> str:
    return "\n".join(f"{each.subject}: {each.says} -> {each.do}" for each in found if each.verdict == verdict)


# --- secrets ---


@pytest.mark.parametrize("value", ["changeme", "secret-of-somebody", "x" * 32, "short", "test-token-0001"])
def test_a_placeholder_is_no_secret_and_is_never_said(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SMS_AUTH_TOKEN", value)
    found = said(secret_values.look())
    assert "TOCSIN_SMS_AUTH_TOKEN holds a placeholder" in found
    assert value not in found


def test_a_file_that_others_may_read_is_bad(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(GOOD)
    path.chmod(0o644)
    monkeypatch.setenv("TOCSIN_X_TOKEN_FILE", str(path))
    assert f"chmod 600 {path}" in said(secret_values.look())
    path.chmod(0o600)
    assert said(secret_values.look()) == ""


@pytest.mark.parametrize("text", ["", "\n", None])
def test_an_empty_or_missing_file_is_bad(text: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)
        path.chmod(0o600)
    monkeypatch.setenv("TOCSIN_X_TOKEN_FILE", str(path))
    assert str(path) in said(secret_values.look())


def test_two_tokens_of_one_account_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SMS_AUTH_TOKEN", GOOD)
    monkeypatch.setenv("TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN", GOOD[::-1])
    assert "every webhook is refused" in said(secret_values.look(), "mind")


# --- versions ---


def test_versions_have_a_sentence() -> None:
    assert versions.python((3, 10, 12)).says == "this is Python 3.10.12, and Tocsin needs 3.11 or later"
    assert versions.python((3, 12, 0)).verdict == "good"
    old = versions.server("intake", 130_014, [])
    assert "PostgreSQL is 13.14, and Tocsin needs 14 or later" in old.says
    assert old.verdict == "bad"
    assert versions.server("intake", 140_000, []).verdict == "good"
    assert "fsync=off" in versions.server("intake", 160_004, ["fsync"]).says


# --- clocks ---


@pytest.mark.parametrize(
    ("theirs", "verdict", "words"),
    [
        (0.0, "good", "within 2 s"), (-0.9, "good", "within"), (1.5, "good", "within"), (-2.5, "good", "within"),
        (60.0, "bad", "60 s behind"), (-61.0, "bad", "60 s ahead of"),
    ],
)  # fmt: skip
def test_a_clock_is_held_against_another(theirs: float, verdict: str, words: str) -> None:
    found = platforms.clock("it", NOW + timedelta(seconds=theirs), NOW, NOW)
    assert (found.verdict, words in found.says) == (verdict, True), found.says


def test_a_slow_answer_is_no_wrong_clock() -> None:
    assert platforms.clock("it", NOW + timedelta(seconds=4), NOW, NOW + timedelta(seconds=9)).verdict == "good"


# --- backups ---


def test_the_age_of_the_backup(tmp_path: Path) -> None:
    context = Context(tmp_path)
    context.home.mkdir()
    assert "never been backed up" in said(backups.look(context), "mind")
    kept = tmp_path / "b"
    kept.mkdir()
    (kept / manifest.MANIFEST).write_text("{}")
    for hours, verdict in ((1, "good"), (30, "mind"), (200, "bad")):
        last.note(context.home, Last(datetime.now(UTC) - timedelta(hours=hours), str(kept)))
        assert [each.verdict for each in backups.look(context)] == [verdict]
    (kept / manifest.MANIFEST).unlink()
    assert "not in" in said(backups.look(context), "mind")


def test_a_restore_that_broke_off_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context(tmp_path)
    prepare(context, sandbox=False)
    assert list(backups.restores(context)) == []
    found = [each for each in places(context) if each.room in {"phonebook", "dispatch/sms"}]
    marks.put(found)
    assert "the stores of phonebook, dispatch/sms are marked" in said(backups.restores(context))
    assert "tocsin restore DIR" in said(backups.restores(context))
    marks.lift(found)
    assert list(backups.restores(context)) == []
    monkeypatch.setenv("TOCSIN_INTAKE_PRIVATE_PORT", "abc")
    assert list(backups.restores(context)) == []


# --- topics ---


def test_a_topic_that_is_not_as_the_list_wants_it() -> None:
    name = ACCEPTED.full(Realm.LIVE)
    right = {**configuration(ACCEPTED), "partitions": str(ACCEPTED.partitions)}
    assert said(topics.differing({name: ACCEPTED}, {name: right}), "good")
    small = {**right, "max.message.bytes": "1048588"}
    assert "max.message.bytes=1048588, and the list says" in said(
        topics.differing({name: ACCEPTED}, {name: small}), "mind"
    )
    few = {**right, "partitions": "1"}
    assert "has 1 partitions" in said(topics.differing({name: ACCEPTED}, {name: few}), "mind")


# --- what answers over HTTP ---


def sms(monkeypatch: pytest.MonkeyPatch, url: str, **more: str) -> None:
    given = {"BASE_URL": url, "ACCOUNT_SID": "AC" + "1" * 32, "AUTH_TOKEN": GOOD, **more}
    for name, value in given.items():
        monkeypatch.setenv(f"TOCSIN_SMS_{name}", value)


@pytest.mark.connected
@pytest.mark.parametrize(
    ("status", "verdict", "words"),
    [(200, "good", "credentials are taken"), (401, "bad", "refuses the credentials"), (503, "bad", "status 503")],
)
def test_credentials_by_a_free_call(status: int, verdict: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"messages": [], "next_page_uri": None} if status == 200 else {"code": 20003, "message": "no"}
    with served(lambda _: web.json_response(body, status=status)) as url:
        sms(monkeypatch, url)
        found = list(platforms.look())
    assert words in said(iter(found), verdict)
    assert ("renew them" in said(iter(found))) is (
        status == 401
    )  # a platform's own trouble is no reason to renew a token
    assert "clock" in {each.subject for each in found}


@pytest.mark.connected
def test_a_platform_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(lambda _: web.Response()) as url:
        pass
    sms(monkeypatch, url)
    assert f"{url} does not answer" in said(platforms.look())


@pytest.mark.connected
def test_a_proxy_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(lambda _: web.Response()) as url:
        pass
    sms(monkeypatch, "https://platform.invalid", PROXY=url.replace("//", "//clinic:s3cret@"))
    found = said(platforms.look())
    assert "https://platform.invalid does not answer" in found
    assert "TOCSIN_SMS_PROXY" in found
    assert "s3cret" not in found


@pytest.mark.connected
def test_the_webhook_must_refuse_what_is_not_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(lambda _: web.Response(status=403)) as url:
        sms(monkeypatch, url, CALLBACK_URL=url)
        assert said(webhook.look()) == ""
        monkeypatch.setenv("TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN", GOOD)
        monkeypatch.setenv("TOCSIN_RECEIPTS_PUBLIC_URL", "https://elsewhere.example")
        assert "differ: each report is refused" in said(webhook.look())
    assert "does not answer" in said(webhook.look())
    with served(lambda _: web.Response(status=200)) as url:
        sms(monkeypatch, url, CALLBACK_URL=url)
        assert "another server stands there" in said(webhook.look())


@pytest.mark.connected
def test_the_door_that_takes_post_alone_is_not_asked_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refusal is counted, and the alert TocsinWebhooksRefused would go off at whoever asks doctor."""
    asked: list[str] = []

    def door(request: web.Request) -> web.Response:
        asked.append(request.method)
        return web.Response(status=405, headers={"Allow": "POST"})

    with served(door) as url:
        sms(monkeypatch, url, CALLBACK_URL=url)
        assert "leads to receipts" in said(webhook.look(), "good")
    assert asked == ["GET"]


METRICS = """
tocsin_record_parked 2.0
tocsin_consumer_lag_records{topic="replies"} 700.0
tocsin_ledger_rows{channel="sms",state="unresolved"} 3.0
tocsin_oldest_doubt_seconds{channel="sms"} 900.0
tocsin_brake_on{channel="sms"} 1.0
tocsin_deliveries_total{channel="sms",state="failed",reason="auth"} 30.0
tocsin_deliveries_total{channel="sms",state="failed",reason="permanent_recipient"} 4.0
"""


@pytest.mark.connected
def test_what_waits_for_a_person(tmp_path: Path) -> None:
    def answer(request: web.Request) -> web.Response:
        ready = {"ready": True, "missing": []}
        return web.Response(text=METRICS) if request.path == "/metrics" else web.json_response(ready)

    context = Context(tmp_path)
    assert list(waiting.look(context)) == []
    with served(answer) as url:
        announce(context.home, "dispatch/sms", {"private": url})
        found = list(waiting.look(context))
    assert {each.verdict for each in found} == {"bad", "mind"}
    words = said(iter(found)) + said(iter(found), "mind")
    for each in (
        "2 records wait", "700 records stand", "of 3 messages", "in doubt for 15 min", "tocsin brake off sms",
        "30 messages have failed for good",
    ):  # fmt: skip
        assert each in words


def test_what_a_room_cannot_count_is_no_number() -> None:
    uncounted = (Sample("tocsin_ledger_rows", {"state": "unresolved"}, float("nan")),
                 Sample("tocsin_brake_on", {}, float("nan")))  # fmt: skip
    assert list(waiting._room("dispatch/sms", Answer((), uncounted))) == []


# --- rooms ---


@pytest.mark.parametrize(
    ("sentence", "then"),
    [
        ("Twilio refuses the credentials: check ACCOUNT_SID and AUTH_TOKEN", "what is planned waits"),
        ("Twilio answers with status 503", "its status page"),
        ("the store is away: what needs it waits", "/house/live/dispatch-sms.db"),
        ("trust: no partitions assigned yet", "TOCSIN_REPLICA"),
        ("something new", "deploy/runbook.md#tocsinroomnotready"),
    ],
)
def test_a_room_that_is_not_ready_is_never_left_without_a_next_step(sentence: str, then: str) -> None:
    assert then in cures.cure("dispatch/sms", sentence, "/house/live")


@pytest.mark.connected
def test_a_room_that_ended_and_one_that_does_not_end(tmp_path: Path) -> None:
    context = Context(tmp_path)
    with served(lambda _: web.Response()) as url:
        pass
    command = [sys.executable, "-c", "input()", "services.dispatch.sms"]  # as its process is told from any other
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        announce(context.home, "dispatch/sms", {"private": url})
        doors = context.home / "doors" / "dispatch-sms.json"
        doors.write_text(json.dumps({"private": url, "pid": process.pid}))
        assert f"kill -9 {process.pid}" in said(running.look(context))
        process.kill()
    assert "kill -9" not in said(running.look(context))
    assert "docker compose logs dispatch-sms" in said(running.look(context))
    (context.home / "logs").mkdir()
    (context.home / "logs" / "dispatch-sms.log").touch()
    assert "logs/dispatch-sms.log" in said(running.look(context))


@pytest.mark.connected
def test_each_alarm_says_itself_what_to_do(tmp_path: Path) -> None:
    context = Context(tmp_path)
    assert list(alarms.look(context)) == []
    each = {"room": "approve", "rule": "held", "lineage": "a" * 32, "says": "held for 600 s", "do": "`tocsin pending`"}
    with served(lambda _: web.json_response({"alarms": [each]})) as url:
        announce(context.home, "record", {"private": url})
        found = said(alarms.look(context), "mind")
    assert found == f"approve: alarm: held for 600 s (alert {'a' * 32}) -> `tocsin pending`"
    assert list(alarms.look(context)) == []
