"""A Kafka that asks who comes: SCRAM for every user, and an authorizer that lets nobody do what no ACL allows."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.kafka import Kafka
from services.runtime.kafka_access import KafkaAccess

ADMIN = "admin"


def password(user: str) -> str:
    """Made up, and another one for each user."""
    return f"password-of-{user}"


def secured_kafka(folder: Path, users: Iterable[str]) -> Kafka:
    """A broker of this test, not started, with these users and one super user, `ADMIN`.

    The controller's own listener asks nobody: it is one process on loopback, and no client speaks to it.
    """
    login = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{ADMIN}" password='
    settings = {
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_PLAINTEXT",
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
    """The settings with which a room or a verb is this user."""
    return {
        "TOCSIN_KAFKA_PROTOCOL": "SASL_PLAINTEXT",
        "TOCSIN_KAFKA_USER": user,
        "TOCSIN_KAFKA_PASSWORD": password(user),
    }


@contextmanager
def being(user: str) -> Iterator[None]:
    """This process is `user` inside."""
    before = dict(os.environ)
    os.environ.update(environment(user))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def access(user: str) -> KafkaAccess:
    """The same, as a value."""
    with being(user):
        return KafkaAccess()
