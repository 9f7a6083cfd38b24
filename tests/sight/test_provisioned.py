"""What docker-compose.yml mounts is there, and everybody who names another finds it under that name."""

from typing import Any

from tests.sight.tools import DASHBOARDS, DEPLOY, PROMETHEUS, load
from tests.support.code import REPOSITORY

SERVICES: dict[str, dict[str, Any]] = load(REPOSITORY / "docker-compose.yml")["services"]


def test_every_mounted_file_or_folder_exists() -> None:
    mounted = [
        mount.split(":")[0]
        for name in ("prometheus", "alertmanager", "grafana")
        for mount in SERVICES[name]["volumes"]
        if mount.startswith("./")
    ]
    assert len(mounted) == 4
    assert [path for path in mounted if not (REPOSITORY / path).is_dir()] == []


def test_they_find_each_other() -> None:
    prometheus = load(PROMETHEUS / "prometheus.yml")
    [source] = load(DEPLOY / "grafana/provisioning/datasources/prometheus.yml")["datasources"]
    [provider] = load(DEPLOY / "grafana/provisioning/dashboards/tocsin.yml")["providers"]
    [managers] = prometheus["alerting"]["alertmanagers"]
    assert managers["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    assert source["url"] == "http://prometheus:9090"
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]
    assert all((PROMETHEUS / name).exists() for name in prometheus["rule_files"])
    assert f"{provider['options']['path']}/on-call.json" in SERVICES["grafana"]["environment"].values()
    assert "on-call" in {path.stem for path in DASHBOARDS}


def test_nobody_is_reached_from_outside() -> None:
    ports = [port for name in ("prometheus", "alertmanager", "grafana") for port in SERVICES[name]["ports"]]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)
