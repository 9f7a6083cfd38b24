"""`tocsin doctor`: each thing that can be missing or wrong is named, with what to type."""

import json
import os
from pathlib import Path

import pytest

from schemas.words import Realm
from services.cli.checks import configuration, machine, phonebook, review, trust
from services.cli.checks.finding import Found
from services.cli.context import Context
from services.cli.house.prepare import prepare
from services.cli.house.stand_ins import StandIns, stand_ins
from services.cli.known_settings import settings_classes
from services.dispatch.sms.settings import VENDOR_HOSTS, SmsSettings
from services.dispatch.x.settings import XSettings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)


def of(found: list[Found], verdict: str) -> list[str]:
    return [f"{each.subject}: {each.says}" for each in found if each.verdict == verdict]


def look_at_trust(context: Context) -> list[Found]:
    return [*trust.look(context), *phonebook.look(context)]


def test_a_misspelt_variable_of_any_room_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SMS_BASE_ULR", "http://127.0.0.1")
    monkeypatch.setenv("TOCSIN_COMPOSE_TEMPLATE", "/tmp")  # noqa: S108 - never opened
    said = " ".join(of(list(configuration.look()), "bad"))
    assert "TOCSIN_SMS_BASE_ULR is no setting; did you mean TOCSIN_SMS_BASE_URL?" in said
    assert "did you mean TOCSIN_COMPOSE_TEMPLATES?" in said


def test_a_secret_from_a_file_is_no_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token\n")
    monkeypatch.setenv("TOCSIN_X_TOKEN_FILE", str(tmp_path / "token"))
    assert of(list(configuration.look()), "bad") == []


def test_a_value_that_a_room_would_refuse_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SMS_ACCOUNT_SID", "not-a-sid")
    monkeypatch.setenv("TOCSIN_DISPATCH", "x")
    said = of(list(configuration.look()), "bad")
    assert any(line.startswith("dispatch/sms: TOCSIN_SMS_ACCOUNT_SID") for line in said)
    assert all("not-a-sid" not in line for line in said)  # a value may be a secret


def test_what_only_the_sandbox_gives_is_no_fault() -> None:
    found = list(configuration.look())
    assert of(found, "bad") == []
    assert any("TOCSIN_SMS_BASE_URL is not set" in line for line in of(found, "mind"))


def test_an_empty_folder_has_no_trust_and_no_phonebook(tmp_path: Path) -> None:
    found = look_at_trust(Context(tmp_path))
    assert [each.subject for each in found if each.verdict == "mind"] == ["trust", "phonebook"]
    assert all(each.do for each in found)


def test_what_up_prepares_is_well(tmp_path: Path) -> None:
    context = Context(tmp_path, Realm.DRILL)
    prepare(context, sandbox=True)
    assert {each.verdict for each in look_at_trust(context)} == {"good"}


def test_keys_that_others_may_read_are_bad(tmp_path: Path) -> None:
    context = Context(tmp_path)
    prepare(context, sandbox=True)
    (context.home / "keys" / "approve.pem").chmod(0o644)
    (context.home / "phonebook.keys.json").chmod(0o640)
    assert {each.subject for each in look_at_trust(context) if each.verdict == "bad"} == {"approve", "phonebook"}


def test_a_bundle_that_was_changed_is_not_believed(tmp_path: Path) -> None:
    context = Context(tmp_path)
    prepare(context, sandbox=True)
    path = context.home / "bundle.json"
    path.write_text(path.read_text().replace('"serial": 1', '"serial": 7'))
    assert [each.subject for each in trust.look(context) if each.verdict == "bad"] == ["trust"]


def test_guidance_is_within_review() -> None:
    assert of(list(review.look()), "bad") == []


def test_this_machine(tmp_path: Path) -> None:
    found = {each.subject: each for each in machine.look(tmp_path, kafka_named=True)}
    assert set(found) == {"disk", "clock", "suspend", "kernel", "files"}
    assert "GB free" in found["disk"].says


def test_every_room_has_its_settings_listed() -> None:
    assert {"every room", "intake", "dispatch/sms", "sandbox", "phonebook", "cli"} <= set(settings_classes())
    assert settings_classes()["dispatch/x"] == [XSettings]


@pytest.mark.connected  # it looks for free ports
def test_stand_ins_stay_where_they_were_and_are_marked(tmp_path: Path) -> None:
    first = stand_ins(tmp_path)
    assert stand_ins(tmp_path) == first
    assert StandIns(**json.loads((tmp_path / "sandbox.json").read_text())) == first
    assert (tmp_path / "sandbox.json").stat().st_mode & 0o077 == 0


@pytest.mark.connected  # it looks for free ports
def test_what_is_given_as_a_file_is_given(tmp_path: Path) -> None:
    environment = stand_ins(tmp_path).environment({"TOCSIN_SMS_AUTH_TOKEN_FILE": "/run/secrets/token"})
    assert "TOCSIN_SMS_AUTH_TOKEN" not in environment
    assert "TOCSIN_X_TOKEN" in environment


@pytest.mark.connected  # it looks for free ports
def test_another_stand_in_may_be_named_but_a_vendor_never(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"TOCSIN_SMS_BASE_URL": "https://api.twilio.com"}
    environment = {**given, **stand_ins(tmp_path).environment(given)}
    assert environment["TOCSIN_SMS_BASE_URL"] == "https://api.twilio.com"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = SmsSettings()
    wrong = settings.wrong(Context(tmp_path).shared, VENDOR_HOSTS)
    assert any("vendor's own host" in sentence for sentence in wrong)
