r"""Canonical bytes, digests and Ed25519 signatures.

Signed bytes are `tag ‖ "\n" ‖ RFC 8785(statement)` (https://www.rfc-editor.org/rfc/rfc8785); the tag keeps a
signature made for one purpose from being used for another. Keys and signatures are base64url without padding.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import rfc8785
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.base import Record, Signed

Purpose = Literal["decision", "recompose", "bundle", "revocation", "batch", "guidance", "reading"]
PUBLIC_BYTES = 32


def canonical(value: dict[str, Any] | Record | Signed) -> bytes:
    """RFC 8785 of a model (null members left out of Records, kept in signed statements) or of parsed JSON."""
    if isinstance(value, Signed):
        value = value.model_dump(mode="json")
    elif isinstance(value, Record):
        value = value.model_dump(mode="json", by_alias=True, exclude_none=True)
    return rfc8785.dumps(value)


def digest_of(data: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def signed_bytes(purpose: Purpose, statement: Signed) -> bytes:
    """What a signature covers."""
    return f"tocsin.{purpose}.v1\n".encode() + canonical(statement)


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding; ValueError for anything else.

    Only the one spelling that `encode` gives is taken: unused bits would let a signature be written in several ways.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        message = "not base64url"
        raise ValueError(message) from error
    if encode(data) != text:
        message = "not base64url as it is written here: no padding, no unused bits"
        raise ValueError(message)
    return data


def key_id(public: bytes) -> str:
    """The id of a key, made of its public half, so that two keys never share one."""
    return "ed25519-" + hashlib.sha256(public).hexdigest()[:16]


def is_key_id(name: str, public: str) -> bool:
    """Whether `name` is the id of the Ed25519 key whose public half is `public`."""
    try:
        raw = decode(public)
    except ValueError:
        return False
    return len(raw) == PUBLIC_BYTES and name == key_id(raw)


@dataclass(frozen=True)
class SigningKey:
    """A private Ed25519 key and the id under which the trust bundle knows it."""

    id: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """The public key as the bundle writes it."""
        return encode(_raw(self.private))

    def sign(self, purpose: Purpose, statement: Signed) -> str:
        """The signature of one statement."""
        return encode(self.private.sign(signed_bytes(purpose, statement)))


def new_key() -> SigningKey:
    """A fresh key."""
    return _signing_key(Ed25519PrivateKey.generate())


def _signing_key(private: Ed25519PrivateKey) -> SigningKey:
    return SigningKey(key_id(_raw(private)), private)


def _raw(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def write_key(key: SigningKey, path: Path) -> None:
    """Write a private key as PKCS#8 PEM that only its owner can read. An existing file is never overwritten."""
    pem = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(pem)


def read_key(path: Path) -> SigningKey:
    """Read a private key; ValueError when the file holds no Ed25519 key, OSError when it cannot be read."""
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted, and we ask for no password
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        message = f"{path} holds no Ed25519 key that can be read; make one with `tocsin keys new`"
        raise ValueError(message)  # noqa: TRY004 - a wrong file is a wrong value for whoever typed its name
    return _signing_key(private)


def verifies(public: str, purpose: Purpose, statement: Signed, signature: str) -> bool:
    """Whether `signature` is `public`'s over `statement`. Anything odd is a no."""
    try:
        key = Ed25519PublicKey.from_public_bytes(decode(public))
        key.verify(decode(signature), signed_bytes(purpose, statement))
    except (InvalidSignature, ValueError):
        return False
    return True
