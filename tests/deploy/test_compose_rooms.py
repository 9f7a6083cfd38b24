"""docker-compose.yml and Prometheus's targets name what the code has. No Docker engine is needed to know that."""

import importlib
import pkgutil
from typing import Any

import yaml
from pydantic_settings import BaseSettings

import services
from services.runtime.file_settings import FILE
from services.runtime.settings import names
from tests.support.rooms import REPOSITORY, rooms

PRIVATE_PORT = 9100


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    return loaded


def services_of_rooms() -> dict[str, dict[str, Any]]:
    """Compose's services that run a room, by the room's name."""
    found = {}
    for service in compose()["services"].values():
        command = service.get("command", [])
        if command[:2] == ["python", "-m"]:
            found[command[2].removeprefix("services.")] = service
    return found


def settings_of_all_rooms() -> set[str]:
    """Every environment variable that some settings class reads."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.endswith(".settings"):
            importlib.import_module(module.name)
    kinds = [BaseSettings]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    return {name for kind in kinds if kind.__module__.startswith("services.") for name in names(kind)}


def test_every_room_has_its_service() -> None:
    assert sorted(services_of_rooms()) == rooms()


def test_every_variable_is_a_setting() -> None:
    known = settings_of_all_rooms()
    override = yaml.safe_load((REPOSITORY / "deploy/compose/sandbox.yml").read_text())
    all_services = [*compose()["services"].values(), *override["services"].values()]
    given = {name for service in all_services for name in service.get("environment", {})}
    ours = {name for name in given if name.startswith("TOCSIN_")}
    assert "TOCSIN_KAFKA" in ours
    assert {name for name in ours if name not in known and name.removesuffix(FILE) not in known} == set()


def test_every_room_is_scraped_at_its_private_port() -> None:
    prometheus = yaml.safe_load((REPOSITORY / "deploy/prometheus/prometheus.yml").read_text())
    targets = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    assert sorted(targets) == sorted(
        f"{service['hostname']}:{PRIVATE_PORT}" for service in services_of_rooms().values()
    )
    for service in services_of_rooms().values():
        ports = [value for name, value in service["environment"].items() if name.endswith("_PRIVATE_PORT")]
        assert ports == [PRIVATE_PORT]


def test_the_sandbox_changes_services_that_there_are() -> None:
    override = yaml.safe_load((REPOSITORY / "deploy/compose/sandbox.yml").read_text())
    assert set(override["services"]) - {"prepare"} <= set(compose()["services"])


def test_private_ports_are_not_published() -> None:
    for service in services_of_rooms().values():
        assert not [port for port in service.get("ports", []) if port.endswith(f":{PRIVATE_PORT}")]


def test_the_phonebook_is_seen_by_those_who_need_it_and_no_other_room() -> None:
    having = {name for name, service in services_of_rooms().items() if "phonebook:/phonebook" in service["volumes"]}
    assert having == {"audience", "dispatch.sms", "receipts"}


def test_kafka_is_the_same_here_and_without_docker() -> None:
    image = compose()["services"]["kafka"]["image"]
    lock = (REPOSITORY / "deploy/kafka/jars.lock").read_text()
    assert f"org.apache.kafka:kafka_2.13:{image.rpartition(':')[2]} " in lock
