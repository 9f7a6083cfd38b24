"""deploy/kubernetes as the cluster would get it: built by kubectl's kustomize, read once."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.code import REPOSITORY

KUBERNETES = REPOSITORY / "deploy" / "kubernetes"
OVERLAY = KUBERNETES / "overlays" / "example"


@cache
def built(overlay: Path = OVERLAY) -> tuple[dict[str, Any], ...]:
    """Every object of the example overlay, or of another; skips where there is no kubectl."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl on this machine, which has kustomize in it")
    done = subprocess.run([kubectl, "kustomize", overlay], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """The objects of one kind, by name."""
    return {each["metadata"]["name"]: each for each in built() if each["kind"] == kind}


def pods() -> dict[str, dict[str, Any]]:
    """The pod of everything that runs, by name."""
    rooms = {name: each["spec"]["template"] for name, each in of_kind("StatefulSet").items()}
    return rooms | {name: each["spec"]["jobTemplate"]["spec"]["template"] for name, each in of_kind("CronJob").items()}


def told(name: str) -> set[str]:
    """The variables that its container gets: its own, and those of the ConfigMaps that it takes whole."""
    only = container(name)
    taken = [each["configMapRef"]["name"] for each in only.get("envFrom", [])]
    return {each["name"] for each in only["env"]}.union(*(of_kind("ConfigMap")[config]["data"] for config in taken))


def container(name: str) -> dict[str, Any]:
    """Its one container."""
    [found] = pods()[name]["spec"]["containers"]
    only: dict[str, Any] = found
    return only
