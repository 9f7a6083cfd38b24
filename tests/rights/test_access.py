"""How a process shows Kafka who it is: its settings, and the sentences for those that cannot be meant."""

import ssl
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.runtime.broker import make_broker
from services.runtime.kafka_access import OPEN, KafkaAccess
from services.runtime.settings import SharedSettings, load

USER = {"kafka_user": "tocsin-live-record", "kafka_password": "a word"}


def test_without_settings_nobody_is_asked() -> None:
    assert KafkaAccess().arguments() == {"security_protocol": "PLAINTEXT", "ssl_context": None} == OPEN.arguments()


def test_a_password_comes_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "password"
    secret.write_text("a word\n")
    monkeypatch.setenv("TOCSIN_KAFKA_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("TOCSIN_KAFKA_USER", "tocsin-live-record")
    monkeypatch.setenv("TOCSIN_KAFKA_PASSWORD_FILE", str(secret))
    shared = SharedSettings()
    found = shared.arguments()
    assert isinstance(found.pop("ssl_context"), ssl.SSLContext)
    assert found == {
        "security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "tocsin-live-record", "sasl_plain_password": "a word",
    }  # fmt: skip
    assert "a word" not in repr(shared)


def test_tls_checks_the_brokers_certificate_and_name() -> None:
    tls = KafkaAccess(kafka_protocol="SSL").tls
    assert tls is not None
    assert tls.verify_mode is ssl.CERT_REQUIRED
    assert tls.check_hostname


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_rooms_broker_is_told_the_same(mechanism: str) -> None:
    access = KafkaAccess.model_validate({"kafka_protocol": "SASL_SSL", "kafka_mechanism": mechanism, **USER})
    told = make_broker("127.0.0.1:9", "a test", access=access)._connection_kwargs
    wanted = access.arguments()
    assert {name: told[name] for name in wanted if name != "ssl_context"} == {
        name: value for name, value in wanted.items() if name != "ssl_context"
    }
    assert isinstance(told["ssl_context"], ssl.SSLContext)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kafka_protocol": "SASL_SSL"}, "needs TOCSIN_KAFKA_USER"),
        ({"kafka_protocol": "SASL_SSL", "kafka_user": "somebody"}, "TOCSIN_KAFKA_PASSWORD_FILE"),
        (USER, "asks nobody who he is"),
        ({"kafka_protocol": "SASL_PLAINTEXT", "kafka_mechanism": "PLAIN", **USER}, "in clear"),
        ({"kafka_protocol": "SSL", "kafka_ca": Path("/nowhere/ca.pem")}, "no such file"),
        ({"kafka_protocol": "TLS"}, "SASL_SSL"),
    ],
)
def test_what_cannot_be_meant_is_said(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        KafkaAccess.model_validate(given)


def test_a_room_stops_with_the_sentence_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOCSIN_KAFKA_PROTOCOL", "SASL_SSL")
    with pytest.raises(SystemExit, match="2"):
        load(SharedSettings)
    assert capsys.readouterr().err == (
        "tocsin: TOCSIN_KAFKA_PROTOCOL=SASL_SSL needs TOCSIN_KAFKA_USER and TOCSIN_KAFKA_PASSWORD (or "
        "TOCSIN_KAFKA_PASSWORD_FILE)\n"
    )
