"""The scrape settings for a cluster: promtool takes them, and they fit the pods that the manifests make."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.manifests import KUBERNETES, of_kind, pods
from tests.sight.tools import tool

FILE = KUBERNETES / "prometheus.yml"
META = "__meta_kubernetes_pod_label_"


def test_promtool_takes_all_but_the_clusters_own_discovery(tmp_path: Path) -> None:
    """Debian's promtool is built without Kubernetes; only that part is put away."""
    settings = yaml.safe_load(FILE.read_text())
    [job] = settings["scrape_configs"]
    assert job.pop("kubernetes_sd_configs")
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(settings))
    command = [tool("promtool"), "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_they_keep_every_room_and_name_it() -> None:
    [job] = yaml.safe_load(FILE.read_text())["scrape_configs"]
    [namespace] = job["kubernetes_sd_configs"][0]["namespaces"]["names"]
    assert namespace in of_kind("Namespace")
    keep, port, room, *_ = job["relabel_configs"]
    rooms = {name: pod for name, pod in pods().items() if name in of_kind("StatefulSet")}
    for name, pod in rooms.items():
        given = pod["metadata"]["labels"].items()
        labels = {META + key.replace("/", "_").replace(".", "_"): value for key, value in given}
        assert labels[keep["source_labels"][0]] == keep["regex"]
        assert labels[room["source_labels"][0]] == name
        ports: list[dict[str, Any]] = pod["spec"]["containers"][0]["ports"]
        assert port["regex"] in {each["name"] for each in ports}
