"""The pods that back up and restore, as the cluster starts them: an empty folder, and every store in PostgreSQL."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.cli.context import Context
from services.cli.copies import last, manifest
from services.cli.copies.last import Last
from services.cli.copies.stores import Place, places
from services.cli.environ import environ
from services.cli.house.rooms import ROOMS
from services.cli.kafka import Kafka
from services.runtime.store import Store
from tests.deploy.manifests import container, of_kind
from tests.support.house import TOCSIN
from tests.support.postgres import Postgres


def test_the_note_of_a_backup_makes_its_folder(tmp_path: Path) -> None:
    made = Last(datetime(2026, 11, 29, 2, 17, tzinfo=UTC), "/backups/live-20261129T021700Z")
    last.note(tmp_path / "data" / "live", made)
    assert last.read(tmp_path / "data" / "live") == made


class Pod:
    """The CronJob's container: its command and variables, with its mounts under a folder of this test."""

    def __init__(self, folder: Path, url: str, kafka: str) -> None:
        """What the Secret `tocsin-backup` holds is `url`; who comes is asked by the broker of tests/rights alone."""
        self._folder, self._only = folder, container("backup")
        mounts = {each["mountPath"] for each in self._only["volumeMounts"]}
        [config] = [each["configMapRef"]["name"] for each in self._only["envFrom"]]
        own = {each["name"]: each["value"] for each in self._only["env"]}
        told = {**of_kind("ConfigMap")[config]["data"], **own, "TOCSIN_KAFKA": kafka}
        self.environment = {
            name: self.path(value) if value.startswith(tuple(mounts)) else value
            for name, value in told.items()
            if not name.startswith("TOCSIN_KAFKA_")
        }
        for name, value in self.environment.items():
            if name.endswith("_URL_FILE"):
                Path(value).parent.mkdir(parents=True, exist_ok=True)
                Path(value).write_text(url)

    def path(self, inside: str) -> str:
        """Where a path of the container is here."""
        return str(self._folder / inside.lstrip("/"))

    def places(self) -> list[Place]:
        """The stores as the container is told of them."""
        with environ(self.environment):
            return list(places(Context(Path(self.environment["TOCSIN_DATA"]))))

    def run(self, *instead: str) -> str:
        """What the command says, or another verb in the place of `backup`."""
        _, *words = self._only["command"]
        words = [self.path(each) if each.startswith("/") else each for each in [*(instead or words[:1]), *words[1:]]]
        environment = {"PATH": os.environ["PATH"], **self.environment}
        done = subprocess.run([*TOCSIN, *words], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.mark.connected
@pytest.mark.timeout(1200)
def test_it_copies_every_store_and_puts_them_back(own_postgres: Postgres, kafka: Kafka, tmp_path: Path) -> None:
    pod = Pod(tmp_path, own_postgres.url(), kafka.bootstrap)
    stores = pod.places()
    assert len(stores) == len(ROOMS) + 1
    for place in stores:
        Store(place.url, place.tables).close()
    said = pod.run()
    [source] = Path(pod.path("/backups")).glob("live-*")
    made = manifest.read(source)
    assert f"{len(stores)} stores" in said
    assert {store.room: store.kind for store in made.stores} == {place.room: "postgresql" for place in stores}
    assert made.offsets is not None
    assert not any(Path(pod.path("/data")).rglob("*.db"))
    said = pod.run("restore", "--over", "--without-kafka")
    assert f"restored {len(stores)} stores" in said
