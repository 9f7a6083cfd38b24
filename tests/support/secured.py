"""A Kafka that asks who comes: TLS, SCRAM for every user, and an authorizer that lets nobody do what no ACL allows."""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from services.cli.environ import environ
from services.cli.kafka import Kafka
from services.runtime.kafka_access import KafkaAccess

ADMIN = "admin"


def password(user: str) -> str:
    """Made up, and another one for each user."""
    return f"password-of-{user}"


def authority(folder: Path) -> Path:
    """The file of the one certificate that clients believe: the broker's own."""
    return folder.with_name("authority.crt")


def key_and_certificate(folder: Path) -> Path:
    """Makes both for 127.0.0.1, and the authority's file beside them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's broker")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate = made.public_bytes(Encoding.PEM)
    authority(folder).write_bytes(certificate)
    both = folder.with_name("broker.both")
    both.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate)
    return both


def secured_kafka(folder: Path, users: Iterable[str]) -> Kafka:
    """A broker of this test, not started, with these users and one super user, `ADMIN`.

    The controller's own listener asks nobody: it is one process on loopback, and no client speaks to it.
    """
    login = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{ADMIN}" password='
    settings = {
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(key_and_certificate(folder)),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority(folder)),
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "listener.name.plaintext.scram-sha-512.sasl.jaas.config": f'{login}"{password(ADMIN)}";',
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
    }
    scram = [f"--add-scram=SCRAM-SHA-512=[name={user},password={password(user)}]" for user in (ADMIN, *users)]
    return Kafka(folder, more=settings, format_with=scram)


def environment(user: str) -> dict[str, str]:
    """The settings with which a room or a verb is this user; `TOCSIN_KAFKA_CA` names the broker's `authority`."""
    return {
        "TOCSIN_KAFKA_PROTOCOL": "SASL_SSL",
        "TOCSIN_KAFKA_CA": os.environ["TOCSIN_KAFKA_CA"],
        "TOCSIN_KAFKA_USER": user,
        "TOCSIN_KAFKA_PASSWORD": password(user),
    }


def being(user: str) -> AbstractContextManager[None]:
    """This process is `user` inside."""
    return environ({**os.environ, **environment(user)})


def access(user: str) -> KafkaAccess:
    """The same, as a value."""
    with being(user):
        return KafkaAccess()
