"""Settings that must not be used together stop the process with a sentence that says what to do."""

import socket
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.words import Channel, Realm
from services.dispatch.app import frame
from services.dispatch.sms.settings import VENDOR_HOSTS as TWILIO
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.x.settings import VENDOR_HOSTS as X_HOSTS
from services.dispatch.x.settings import XSettings
from services.runtime.settings import SharedSettings, load

SID, SERVICE = "AC" + "0" * 32, "MG" + "1" * 32


def shared(**changes: Any) -> SharedSettings:
    return SharedSettings(**{"realm": Realm.LIVE, **changes})


def sms(base_url: str = "http://127.0.0.1:4000", **changes: Any) -> SmsSettings:
    given = {"base_url": base_url, "account_sid": SID, "auth_token": SecretStr("t"), **changes}
    return SmsSettings(**given)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to, without a resolver."""
    known: dict[str, list[str]] = {}

    def look_up(host: str, *_: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


# --- a sandbox account reaches no address but loopback and what is listed ---


@pytest.mark.parametrize("base", ["http://127.0.0.1:4000", "http://localhost:4000", "http://[::1]:4000/"])
def test_a_sandbox_account_may_use_loopback(base: str) -> None:
    assert sms(base, sandbox=True).wrong(shared(), TWILIO) == []


@pytest.mark.parametrize("base", ["https://api.twilio.com", "https://twilio.com", "https://API.Dublin.IE1.Twilio.com"])
def test_a_sandbox_account_never_uses_the_vendors_own_host(base: str, names: dict[str, list[str]]) -> None:
    host = base.partition("//")[2].lower()
    names[host] = ["127.0.0.1"]
    [says] = sms(base, sandbox=True).wrong(shared(sandbox_hosts=host), TWILIO)
    assert says.startswith("TOCSIN_SMS_BASE_URL is the vendor's own host")


@pytest.mark.parametrize("base", ["https://api.x.com", "https://api.twitter.com"])
def test_nor_does_the_other_channel(base: str) -> None:
    [says] = XSettings(base_url=base, sandbox=True).wrong(shared(), X_HOSTS)
    assert "vendor's own host" in says


def test_a_host_that_only_ends_like_the_vendors_is_another(names: dict[str, list[str]]) -> None:
    names["nottwilio.com"] = ["10.1.2.3"]
    assert sms("http://nottwilio.com", sandbox=True).wrong(shared(sandbox_hosts="nottwilio.com"), TWILIO) == []


@pytest.mark.parametrize(
    ("addresses", "listed", "right"),
    [
        (["10.0.0.7"], "sandbox", True),
        (["172.18.0.3", "fd00::1"], "other, sandbox", True),
        (["10.0.0.7"], "", False),
        (["10.0.0.7"], "sandbox.example", False),
        (["93.184.216.34"], "sandbox", False),
        (["10.0.0.7", "93.184.216.34"], "sandbox", False),
        ([], "sandbox", False),
    ],
)
def test_any_other_host_is_listed_and_private(
    names: dict[str, list[str]], addresses: list[str], listed: str, right: bool
) -> None:
    if addresses:
        names["sandbox"] = addresses
    wrong = sms("http://sandbox:4000", sandbox=True).wrong(shared(sandbox_hosts=listed), TWILIO)
    assert (wrong == []) is right
    if not right:
        [says] = wrong
        assert says.startswith("TOCSIN_SMS_SANDBOX is true: BASE_URL must be loopback, or sandbox a private host named")


def test_an_empty_list_lists_nothing() -> None:
    assert sms("http:///path", sandbox=True).wrong(shared(), TWILIO) != []


def test_a_real_account_may_use_the_vendors_host_and_has_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sms("https://api.twilio.com").wrong(shared(), TWILIO) == []
    monkeypatch.setenv("TOCSIN_SMS_ACCOUNT_SID", SID)
    monkeypatch.setenv("TOCSIN_SMS_AUTH_TOKEN", "t")
    with pytest.raises(SystemExit):
        load(SmsSettings)


def test_a_drill_reaches_nobody() -> None:
    [says] = sms("https://api.twilio.com").wrong(shared(realm=Realm.DRILL), TWILIO)
    assert "a drill must not reach people" in says


@pytest.mark.parametrize("base", ["ftp://127.0.0.1", "127.0.0.1:4000", "", "https://"])
def test_an_address_that_is_none(base: str) -> None:
    [says] = sms(base).wrong(shared(), TWILIO)
    assert "BASE_URL must be an address such as https://" in says


# --- the inequality, and the process ---


def test_a_quarantine_that_is_too_short_stops_the_process(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        frame(shared(data=tmp_path), sms(quarantine_s=85), Channel.SMS, TWILIO)
    assert stopped.value.code == 2
    assert "TOCSIN_SMS_QUARANTINE_S is 85 and must be above 85" in capsys.readouterr().err


def test_every_mistake_is_named_at_once() -> None:
    found = sms("https://api.twilio.com", sandbox=True, quarantine_s=1).wrong(shared(), TWILIO)
    assert len(found) == 2


# --- the environment ---


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {"BASE_URL": "http://127.0.0.1:1", "ACCOUNT_SID": SID, "AUTH_TOKEN": "t"}.items():
        monkeypatch.setenv(f"TOCSIN_SMS_{name}", value)
    return monkeypatch


def test_a_misspelt_setting_stops_the_process_and_names_the_right_one(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("TOCSIN_SMS_QUARANTIN_S", "200")
    with pytest.raises(SystemExit):
        load(SmsSettings)
    says = capsys.readouterr().err
    assert "TOCSIN_SMS_QUARANTIN_S is no setting; did you mean TOCSIN_SMS_QUARANTINE_S?" in says


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACCOUNT_SID", "AC12"), ("MESSAGING_SERVICE_SID", "XX"), ("SENDER", "health dept"), ("WINDOW", "0"),
        ("FRESH_S", "-1"), ("RATE_PER_S", "many"), ("SANDBOX", "perhaps"),
    ],
)  # fmt: skip
def test_a_wrong_value_stops_the_process_and_is_named(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    environment.setenv(f"TOCSIN_SMS_{name}", value)
    with pytest.raises(SystemExit):
        load(SmsSettings)
    assert f"TOCSIN_SMS_{name}" in capsys.readouterr().err


def test_a_secret_may_come_from_a_file_and_is_never_shown(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("TOCSIN_SMS_AUTH_TOKEN")
    (tmp_path / "token").write_text("made-up-secret\n")
    environment.setenv("TOCSIN_SMS_AUTH_TOKEN_FILE", str(tmp_path / "token"))
    found = load(SmsSettings)
    assert found.auth_token.get_secret_value() == "made-up-secret"
    assert "made-up-secret" not in repr(found)


def test_somebody_must_be_the_sender() -> None:
    assert "nothing" not in (sms().without_sender() or "nothing")
    assert sms(messaging_service_sid=SERVICE).without_sender() is None
    assert sms(sender="+12025550100").without_sender() is None


def test_x_needs_one_kind_of_credentials_whole() -> None:
    def given(**names: str) -> str | None:
        secrets = {name: SecretStr(value) for name, value in names.items()}
        return XSettings.model_validate({"base_url": "http://127.0.0.1", **secrets}).without_credentials()

    four = {"consumer_key": "a", "consumer_secret": "b", "access_token": "c", "access_token_secret": "d"}
    assert given() is not None
    assert given(token="t") is None
    assert given(**four) is None
    assert given(**{name: four[name] for name in list(four)[:3]}) is not None


# --- proxies ---


def test_a_proxy_carries_texts_by_aiohttp_and_our_own_client_beside_it_is_refused() -> None:
    proxy = SecretStr("http://user:s3cret@proxy.example.org:3128")
    assert sms("https://api.twilio.com", proxy=proxy).wrong(shared(), TWILIO) == []
    [says] = sms("https://api.twilio.com", proxy=proxy, transport="lean").wrong(shared(), TWILIO)
    assert says == "TOCSIN_SMS_TRANSPORT=lean knows no proxy: leave it out, or say aiohttp"
    assert "s3cret" not in repr(sms(proxy=proxy))


@pytest.mark.parametrize("proxy", ["proxy:3128", "https://proxy:3128", "http://proxy", "http://:3128", "http://p:port"])
def test_a_proxy_needs_a_whole_address(
    proxy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"BASE_URL": "https://api.twilio.com", "ACCOUNT_SID": SID, "AUTH_TOKEN": "t"}.items():
        monkeypatch.setenv(f"TOCSIN_SMS_{name}", value)
    monkeypatch.setenv("TOCSIN_SMS_PROXY", proxy)
    with pytest.raises(SystemExit):
        load(SmsSettings)
    said = capsys.readouterr().err
    assert said == "tocsin: TOCSIN_SMS_PROXY: it must be an address such as http://proxy.example.org:3128\n"


def test_a_stand_in_is_reached_without_a_proxy() -> None:
    [says] = XSettings(
        base_url="http://127.0.0.1:4000", sandbox=True, proxy=SecretStr("http://proxy:3128")
    ).wrong(shared(), X_HOSTS)  # fmt: skip
    assert says.startswith("TOCSIN_X_SANDBOX is true")
