"""The keys of the numbers: AES-256-GCM to hide them, HMAC-SHA256 to recognise them.

The file holds one hash key, for ever (a number is recognised by its hash, also after it has been forgotten), and one
or more encryption keys, each with a name. The newest encrypts, all decrypt. Every stored value says its key's name.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.phonebook.errors import PhonebookError

KEY_BYTES = 32
#: NIST SP 800-38D §8.2.2: a random 96-bit nonce, for at most 2^32 values under one key.
NONCE_BYTES = 12
MODE = 0o600


class Keyring:
    """All keys of one file. A value under a key that came later makes it read the file again."""

    def __init__(self, path: Path) -> None:
        """Read `path`, or say what to do when it is not there."""
        self.path = path
        self._load()

    def hash(self, number: str) -> bytes:
        """The keyed hash of a number in canonical E.164: 32 bytes, the same for ever."""
        return hmac.digest(self._hash_key, number.encode(), hashlib.sha256)

    @property
    def fingerprint(self) -> str:
        """Which hash key this is, without saying it: a phonebook remembers it and refuses another."""
        return _fingerprint(self._hash_key)

    @property
    def newest(self) -> str:
        """The name of the key that encrypts."""
        return self._newest

    def encrypt(self, subscriber: str, number: str) -> tuple[str, bytes]:
        """The key's name and the hidden number, bound to the subscriber's id: it reads nowhere else."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self._newest, nonce + self._keys[self._newest].encrypt(nonce, number.encode(), subscriber.encode())

    def decrypt(self, subscriber: str, key_name: str, value: bytes) -> str | None:
        """The number, or nothing where the value was altered or belongs to another subscriber.

        Raises:
            PhonebookError: the key that the value names is not in the file, also when read again.
        """
        if key_name not in self._keys:
            self._load()
        key = self._keys.get(key_name)
        if key is None:
            raise PhonebookError(
                f"{self.path} has no key named {key_name}, so the numbers under it cannot be read and nobody of them"
                " gets a text; put that key back into the file (from its copy)"
            )
        try:
            return key.decrypt(value[:NONCE_BYTES], value[NONCE_BYTES:], subscriber.encode()).decode()
        except InvalidTag:
            return None

    def _load(self) -> None:
        try:
            content = json.loads(self.path.read_text())
            self._hash_key = _decode(content["hash_key"])
            self._keys = {each["name"]: AESGCM(_decode(each["key"])) for each in content["keys"]}
            self._newest: str = content["keys"][-1]["name"]
        except FileNotFoundError as error:
            raise PhonebookError(
                f"{self.path} is not there: no number can be read or stored; for a new phonebook type"
                " `tocsin subscribers init`, for an old one put its keys back"
            ) from error
        except PermissionError as error:
            raise PhonebookError(
                f"{self.path} may not be read by this user; give it to the user of the rooms"
            ) from error
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise PhonebookError(
                f"{self.path} is not a file of phonebook keys ({type(error).__name__}); put its copy back"
            ) from error


def fingerprint_of(content: bytes) -> str:
    """The fingerprint of a file of keys that is not in its place. ValueError when it is none."""
    try:
        return _fingerprint(_decode(json.loads(content)["hash_key"]))
    except (KeyError, TypeError) as error:
        message = f"this is no file of phonebook keys ({type(error).__name__})"
        raise ValueError(message) from None


def _fingerprint(hash_key: bytes) -> str:
    return hmac.digest(hash_key, b"tocsin.phonebook.v1", hashlib.sha256).hex()


def ensure(path: Path, now: datetime) -> bool:
    """Make the file of keys (mode 0600) where none is; whether it was made. Never touches one that is there."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"v": 1, "hash_key": _encode(secrets.token_bytes(KEY_BYTES)), "keys": [_new_key(now)]}
    fresh = _written(path, content)
    try:
        os.link(fresh, path)  # unlike a rename, this never replaces a file that somebody made in the meantime
    except FileExistsError:
        return False
    finally:
        fresh.unlink()
    return True


def add_key(path: Path, now: datetime) -> str:
    """Add an encryption key, which encrypts from now on; its name. The others go on decrypting."""
    content = json.loads(path.read_text())
    key = _new_key(now)
    content["keys"].append(key)
    _written(path, content).replace(path)
    return key["name"]


def _written(path: Path, content: dict[str, Any]) -> Path:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    return fresh


def _new_key(now: datetime) -> dict[str, str]:
    return {
        "name": f"{now:%Y%m%d}-{secrets.token_hex(3)}",
        "made": now.isoformat(timespec="seconds"),
        "key": _encode(secrets.token_bytes(KEY_BYTES)),
    }


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()


def _decode(value: str) -> bytes:
    key = base64.urlsafe_b64decode(value)
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return key
