"""One broker that asks who comes, with every user of both realms, topics and rights as the verbs make them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from schemas.words import Realm
from services.cli.kafka import Kafka
from services.cli.rights.house import parties
from services.cli.rights.verbs import acls, topics
from services.cli.rights.wanted import OPERATOR, Parties, user
from tests.support.secured import ADMIN, authority, being, secured_kafka


@dataclass(frozen=True)
class Secured:
    """The broker and who there is."""

    kafka: Kafka
    live: Parties
    drill: Parties


@pytest.fixture(scope="module")
def secured(kafka_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder: Path = tmp_path_factory.mktemp("secured")
    live, drill = parties(Realm.LIVE), parties(Realm.DRILL)
    with secured_kafka(folder / "kafka", [*live.users(), *drill.users()]) as kafka:
        os.environ["TOCSIN_KAFKA"] = kafka.bootstrap
        os.environ["TOCSIN_KAFKA_CA"] = str(authority(folder / "kafka"))
        try:
            for realm in Realm:
                with being(ADMIN):
                    acls(folder, realm, apply=True)
                with being(user(realm, OPERATOR)):
                    topics(folder, realm)
            yield Secured(kafka, live, drill)
        finally:
            del os.environ["TOCSIN_KAFKA"], os.environ["TOCSIN_KAFKA_CA"]
