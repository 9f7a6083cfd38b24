"""The key that signs batches: read from its file when it is needed, and known to the trust bundle as an engine's."""

from collections.abc import Callable
from pathlib import Path

from services.runtime.keyfile import KeyFile
from services.runtime.trust import SigningKey
from services.runtime.trusted import NotTrustedError, Trust


class BatchKey:
    """One file. A key that nobody would believe is not used: batches wait instead of being refused."""

    def __init__(self, path: Path, trusted: Callable[[], Trust]) -> None:
        """`trusted` raises NotTrustedError while there is no bundle."""
        self._path, self._trusted, self._file = path, trusted, KeyFile(path)

    def read(self) -> SigningKey:
        """The key, or NotTrustedError with a sentence."""
        key = self._load()
        engine = self._trusted().engine(key.id, "batch")
        self._trusted().public(engine, key.id)
        return key

    def missing(self) -> str | None:
        """Why no batch can be signed, for readiness."""
        try:
            self.read()
        except NotTrustedError as error:
            return f"no batch can be signed: {error}"
        return None

    def _load(self) -> SigningKey:
        try:
            return self._file.read()
        except OSError as error:
            says = f"{self._path}: {error.strerror}; make the key with `tocsin keys new audience --out {self._path}`"
            raise NotTrustedError("key", says) from error
        except ValueError as error:
            raise NotTrustedError("key", f"{self._path} holds no Ed25519 key that can be read") from error
