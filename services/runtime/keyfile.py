"""A private key's file, read again when another key was put in its place: a room needs no restart for a new key."""

from pathlib import Path

from services.runtime.trust import SigningKey, read_key


class KeyFile:
    """One file. It is put in place whole (`os.replace`), so what is read is the old key or the new one."""

    def __init__(self, path: Path) -> None:
        """Nothing is read before it is asked for."""
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._key: SigningKey | None = None

    def read(self) -> SigningKey:
        """The key that is there now. OSError when the file cannot be read, ValueError when it holds no key."""
        found = self.path.stat()
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._key is None or seen != self._seen:
            self._key, self._seen = read_key(self.path), seen
        return self._key
