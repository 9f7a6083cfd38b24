"""The trust bundle on this process's own disk: verifying never needs Kafka.

Each room keeps its own copy in `<data>/<realm>/trust/<room>.json`. The first bundle is `<data>/<realm>/bundle.json`,
or, where there is no such file, the one on the `trust` topic whose digest `TOCSIN_BUNDLE_DIGEST` pins: a topic alone
is never believed. From then on it only moves upwards. What this disk holds was believed when it was written and is not
asked for signatures again: whoever signed it may since have left.

What is believed is in force at once, also while the disk cannot take it: then it is written at the next question.
"""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError
from structlog.stdlib import get_logger

from schemas.trust import Bundle, Revocation
from schemas.words import Realm
from services.runtime import trusted
from services.runtime.settings import SharedSettings
from services.runtime.trusted import NotTrustedError, Trust

log = get_logger(__name__)
#: How many revocations that nobody could verify are remembered; more would let a stranger fill the disk.
EARLY_LIMIT = 100


def bundle_path(home: Path) -> Path:
    """Where `tocsin keys bundle` writes, and where a new room looks first."""
    return home / "bundle.json"


class Keeper:
    """The trust of one room, kept on disk and only ever moved forward."""

    def __init__(self, shared: SharedSettings, room: str) -> None:
        """Load what is there; without a bundle the room runs, but believes nobody.

        NotTrustedError with a sentence when the room's own copy cannot be read.
        """
        self._realm: Realm = shared.realm
        self._pinned = shared.bundle_digest
        self._seed = bundle_path(shared.home)
        self._file = shared.home / "trust" / f"{room.replace('/', '-')}.json"
        self._bundle: Bundle | None = None
        self._revocations: list[Revocation] = []
        #: Came before a bundle that shows who may revoke: the topic is compacted, so a bundle can stand after them.
        self._early: list[Revocation] = []
        self._trust: Trust | None = None
        #: Why what is believed does not stand on disk, None where it does.
        self._unkept: OSError | None = None
        self._listeners: list[Callable[[], None]] = []
        self._load()

    def _load(self) -> None:
        if self._file.exists():
            self._read_own()
        try:
            self._take_seed()
        except NotTrustedError as error:
            log.warning("trust.seed_refused", rule=error.rule, serial=self.serial)

    def _read_own(self) -> None:
        try:
            kept = json.loads(self._file.read_text())
            self._bundle = Bundle.model_validate(kept["bundle"]) if kept["bundle"] else None
            self._revocations = [Revocation.model_validate(item) for item in kept["revocations"]]
            self._early = [Revocation.model_validate(item) for item in kept["early"]]
        except OSError as error:
            raise NotTrustedError("shape", _unreadable(self._file, error)) from error
        except (ValueError, KeyError, TypeError) as error:
            says = f"{self._file} cannot be read; delete it, and the room begins again with {self._seed}"
            raise NotTrustedError("shape", says) from error
        if self._bundle and self._bundle.statement.realm is not self._realm:
            raise NotTrustedError("realm", f"{self._file} is for {self._bundle.statement.realm}")
        if self._bundle:
            self._trust = Trust(self._bundle.statement, frozenset(r.statement.key for r in self._revocations))

    def _take_seed(self) -> None:
        """The file that `tocsin keys bundle` wrote, when it is the first or newer than what is kept."""
        try:
            seed = read_bundle(self._seed)
        except FileNotFoundError:
            return
        except OSError as error:
            raise NotTrustedError("no_bundle", _unreadable(self._seed, error)) from error
        if seed.statement.serial > self.serial:
            with contextlib.suppress(OSError):  # the file itself is there for the next start
                self._take(seed)

    @property
    def trust(self) -> Trust:
        """The trust in force, or NotTrustedError while there is none."""
        if self._trust is None:
            self._take_seed()
        elif self._unkept:
            with contextlib.suppress(OSError):
                self._write()
        if self._trust is None:
            raise NotTrustedError("no_bundle", f"no trust bundle in {self._seed}; make one with `tocsin keys bundle`")
        return self._trust

    @property
    def serial(self) -> int:
        """The bundle's serial, 0 while there is none."""
        return self._trust.bundle.serial if self._trust else 0

    def missing(self) -> str | None:
        """A readiness check: the sentence that says that there is no bundle, or that it cannot be kept, or None."""
        try:
            self.trust  # noqa: B018 - asking looks once more for the file, and writes once more
        except NotTrustedError as error:
            return str(error)
        if self._unkept:
            why = self._unkept.strerror
            return f"the trust bundle cannot be kept in {self._file.parent} ({why}): make room, or let this user write"
        return None

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change of trust."""
        self._listeners.append(listener)

    def take(self, candidate: Bundle | Revocation) -> None:
        """Believe a record of the `trust` topic and keep it, or NotTrustedError.

        OSError where the disk cannot take it: it is in force, and must come again to be surely kept.
        """
        if isinstance(candidate, Bundle):
            self.take_bundle(candidate)
        else:
            self.take_revocation(candidate)

    def take_bundle(self, candidate: Bundle) -> None:
        """Believe a newer bundle from the topic and keep it; NotTrustedError for one that cannot be believed."""
        if self._trust is None:
            self._take_seed()
        if self._trust is None and self._pinned is None:
            says = f"no first bundle: put it into {self._seed} or pin its digest in TOCSIN_BUNDLE_DIGEST"
            raise NotTrustedError("no_bundle", says)
        self._take(candidate)

    def take_revocation(self, candidate: Revocation) -> None:
        """Take a key away for good; NotTrustedError for one that cannot be believed (yet: it is tried again)."""
        if self._trust is None:
            self._take_seed()
        if candidate.statement.key in {known.statement.key for known in self._revocations}:
            self._keep_at_last()
            return
        try:
            self._revoke(candidate)
        except NotTrustedError:
            self._remember_early(candidate)
            raise
        self._keep()

    def _remember_early(self, candidate: Revocation) -> None:
        if candidate not in self._early and candidate.statement.realm is self._realm:
            self._early = [*self._early, candidate][-EARLY_LIMIT:]
            self._write()

    def _take(self, candidate: Bundle) -> None:
        if self._bundle == candidate:
            self._keep_at_last()
            return
        self._trust = trusted.bundle(candidate, self._realm, self._trust, self._pinned)
        self._bundle = candidate
        for waiting in tuple(self._early):
            try:
                self._revoke(waiting)
            except NotTrustedError:
                continue
            self._early.remove(waiting)
        self._keep()

    def _revoke(self, candidate: Revocation) -> None:
        if self._trust is None:
            raise NotTrustedError("no_bundle", "a revocation came before any bundle; it waits for one")
        self._trust = trusted.revocation(candidate, self._realm, self._trust)
        self._revocations.append(candidate)

    def _keep(self) -> None:
        for listener in self._listeners:
            listener()
        self._write()

    def _keep_at_last(self) -> None:
        if self._unkept:
            self._write()

    def _write(self) -> None:
        kept = {
            "bundle": self._bundle.model_dump(mode="json") if self._bundle else None,
            "revocations": [item.model_dump(mode="json") for item in self._revocations],
            "early": [item.model_dump(mode="json") for item in self._early],
        }
        fresh = self._file.with_suffix(f".{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w") as out:
                json.dump(kept, out)
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self._file)
        except OSError as error:
            if not self._unkept:
                log.warning("trust.not_kept", error=type(error).__name__, errno=error.errno, serial=self.serial)
            self._unkept = error
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
        self._unkept = None


def _unreadable(path: Path, error: OSError) -> str:
    return f"{path} cannot be read ({error.strerror}): let this room's user read it, as `ls -l` shows who may"


def read_bundle(path: Path) -> Bundle:
    """A bundle file, or NotTrustedError when it holds none. OSError where it cannot be read."""
    try:
        return Bundle.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise NotTrustedError("shape", f"{path} holds no trust bundle; make one with `tocsin keys bundle`") from error
