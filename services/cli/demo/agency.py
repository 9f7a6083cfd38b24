"""API keys of the demo's publisher, for `tocsin up --sandbox`: one for alerts, one to try it out with.

The keys themselves lie in the data folder, where their owner's would never be.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import yaml

from services.cli.private import new_private

#: Of deploy/publishers.yaml.
PUBLISHER = "ferrow-health"


def demo_keys(home: Path) -> dict[str, str]:
    """The keys by what they are for, `live` and `test`; made where there are none yet."""
    path = home / "agency-demo.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(new_private(path), "w") as file:
            json.dump({use: secrets.token_urlsafe(24) for use in ("live", "test")}, file)
    found: dict[str, str] = json.loads(path.read_text())
    return found


def environment(home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The setting that lets the agencies' door know these keys; what is set already is kept."""
    if "TOCSIN_AGENCY_KEYS" in given:
        return {}
    path = home / "agency-keys.yaml"
    entries = [
        {"agency": PUBLISHER, "sha256": hashlib.sha256(key.encode()).hexdigest(), "test": use == "test"}
        for use, key in demo_keys(home).items()
    ]
    path.write_text(yaml.safe_dump(entries))
    return {"TOCSIN_AGENCY_KEYS": str(path.resolve())}
