"""The trust bundle on this process's own disk: verifying never needs Kafka.

Each room keeps its own copy in `<data>/<realm>/trust/<room>.json`, taken at first from `<data>/<realm>/bundle.json`
(or refused, when `TOCSIN_BUNDLE_DIGEST` pins another one) and then only from the `trust` topic, upwards.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from schemas.trust import Bundle, Revocation
from schemas.words import Realm
from services.runtime import verifier
from services.runtime.settings import SharedSettings
from services.runtime.verifier import NotTrustedError, Trust


def bundle_path(home: Path) -> Path:
    """Where `tocsin keys bundle` writes, and where a new room looks first."""
    return home / "bundle.json"


class Keeper:
    """The trust of one room, kept on disk and only ever moved forward."""

    def __init__(self, shared: SharedSettings, room: str) -> None:
        """Load what is there; without a bundle the room runs, but believes nobody."""
        self._realm: Realm = shared.realm
        self._pinned = shared.bundle_digest
        self._seed = bundle_path(shared.home)
        self._file = shared.home / "trust" / f"{room.replace('/', '-')}.json"
        self._bundle: Bundle | None = None
        self._revocations: list[Revocation] = []
        self._trust: Trust | None = None
        self._listeners: list[Callable[[], None]] = []
        self._load()

    def _load(self) -> None:
        if self._file.exists():
            kept = json.loads(self._file.read_text())
            self._bundle = Bundle.model_validate(kept["bundle"])
            self._trust = verifier.bundle(self._bundle, self._realm, None, pinned=None)
            for item in kept["revocations"]:
                self._revoke(Revocation.model_validate(item))
        if self._seed.exists():
            self._take_seed(read_bundle(self._seed))

    def _take_seed(self, seed: Bundle) -> None:
        """The file that `tocsin keys bundle` wrote, when it is the first or newer than what is kept."""
        if self._trust is None or seed.statement.serial > self.serial:
            self.take_bundle(seed)

    @property
    def trust(self) -> Trust:
        """The trust in force, or NotTrustedError while there is none."""
        if self._trust is None and self._seed.exists():
            self.take_bundle(read_bundle(self._seed))
        if self._trust is None:
            raise NotTrustedError("no_bundle", f"no trust bundle in {self._seed}; make one with `tocsin keys bundle`")
        return self._trust

    @property
    def serial(self) -> int:
        """The bundle's serial, 0 while there is none."""
        return self._trust.bundle.serial if self._trust else 0

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change of trust."""
        self._listeners.append(listener)

    def take_bundle(self, candidate: Bundle) -> None:
        """Believe a newer bundle and keep it; NotTrustedError for one that cannot be believed."""
        if self._bundle == candidate:
            return
        self._believe(candidate)
        self._keep()

    def take_revocation(self, candidate: Revocation) -> None:
        """Take a key away for good; NotTrustedError for one that cannot be believed."""
        if candidate in self._revocations:
            return
        self._revoke(candidate)
        self._keep()

    def _believe(self, candidate: Bundle) -> None:
        self._trust = verifier.bundle(candidate, self._realm, self._trust, self._pinned)
        self._bundle = candidate

    def _revoke(self, candidate: Revocation) -> None:
        self._trust = verifier.revocation(candidate, self._realm, self.trust)
        self._revocations.append(candidate)

    def _keep(self) -> None:
        assert self._bundle is not None  # noqa: S101 - both callers have just believed one
        kept = {
            "bundle": self._bundle.model_dump(mode="json"),
            "revocations": [item.model_dump(mode="json") for item in self._revocations],
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        with fresh.open("w") as out:
            json.dump(kept, out)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._file)
        for listener in self._listeners:
            listener()


def read_bundle(path: Path) -> Bundle:
    """A bundle file, or NotTrustedError when it holds none."""
    try:
        return Bundle.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise NotTrustedError("shape", f"{path} holds no trust bundle; make one with `tocsin keys bundle`") from error
