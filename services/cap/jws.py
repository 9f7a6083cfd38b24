"""Signed JSON: a JWS around an alert, flattened or compact, checked against the key that it brings.

JWS is RFC 7515 (https://www.rfc-editor.org/rfc/rfc7515): `{"payload", "protected", "signature"}`, or three parts with
dots between. The key is the public `jwk` or the first certificate of `x5c` in the protected header; whose it is, is not
asked here. Content is read from the payload and from nothing else.
"""

import base64
import binascii
import hashlib
import json
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from services.cap.reading import CapError
from services.cap.signature import Seal, Signature

#: Without `none` and without secrets that both sides share.
ALGORITHMS: Final = (
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
)
_KEYS: Final = (ECKey, OKPKey, RSAKey)
_PARTS: Final = 3
_HEADER_LIMIT: Final = 60_000


def is_flattened(document: object) -> bool:
    """Whether JSON that was read is a JWS and no alert."""
    return isinstance(document, dict) and {"payload", "protected", "signature"} <= document.keys()


def is_compact(data: bytes) -> bool:
    """Whether bytes are three parts of base64url with dots between, the first of which is JSON."""
    return data.startswith(b"eyJ") and data.count(b".") == _PARTS - 1


def from_flattened(document: dict[str, object]) -> tuple[bytes, Signature]:
    """The payload, and what its signature proves."""
    parts = [document[name] for name in ("protected", "payload", "signature")]
    if not all(isinstance(part, str) for part in parts):
        raise CapError("shape", "The JWS has a part that is no text", expected="protected, payload, signature as texts")
    return opened(".".join(map(str, parts)))


def opened(compact: str) -> tuple[bytes, Signature]:
    """The payload of a compact JWS, and what its signature proves; CapError where it cannot be taken apart."""
    protected, payload, _ = compact.split(".", _PARTS - 1)
    if len(protected) > _HEADER_LIMIT:
        raise CapError("shape", "The JWS has too large a header", expected=f"at most {_HEADER_LIMIT:,} characters")
    header, content = _header(protected), _decoded(payload)
    if header.get("alg") not in ALGORITHMS:
        return content, Signature(Seal.UNCHECKED)
    try:
        key, valid = _key(header)
        jws.deserialize_compact(compact, key, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, TypeError, KeyError, IndexError):
        return content, Signature(Seal.FAILED)
    return content, Signature(Seal.INTACT, _fingerprint(key), valid=valid)


def _header(protected: str) -> dict[str, object]:
    try:
        header = json.loads(_decoded(protected))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise CapError("shape", "The JWS has no header that can be read", expected="a JSON object in base64url")
    return header


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise CapError(
            "shape", "The JWS has a part that is no base64url", expected="base64url without blanks"
        ) from None


def _key(header: dict[str, object]) -> tuple[Key, tuple[datetime, datetime] | None]:
    """The key, and the span in which its certificate is valid."""
    chain = header.get("x5c")
    if isinstance(chain, list):
        certificate = x509.load_der_x509_certificate(base64.b64decode(str(chain[0]), validate=True))
        public = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return _imported(public, str(header["alg"])), (
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )
    found = header.get("jwk")
    if not isinstance(found, dict) or "d" in found:
        raise ValueError("a public key is wanted")
    return _asymmetric(import_key({str(name): str(value) for name, value in found.items()})), None


def _imported(public: bytes, algorithm: str) -> Key:
    if algorithm.startswith("Ed"):
        return import_key(public, "OKP")
    return import_key(public, "EC") if algorithm.startswith("ES") else import_key(public, "RSA")


def _asymmetric(key: Key) -> Key:
    if not isinstance(key, _KEYS):
        raise TypeError("a secret that both sides share proves nothing")
    return key


def _fingerprint(key: Key) -> str:
    pem = key.as_pem(private=False) if isinstance(key, _KEYS) else b""
    body = b"".join(line for line in pem.splitlines() if not line.startswith(b"-"))
    der = load_der_public_key(base64.b64decode(body)).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"sha256:{hashlib.sha256(der).hexdigest()}"
