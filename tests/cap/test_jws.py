"""Signed JSON: both forms, and what only pretends."""

import json as standard
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from services.cap import json
from services.cap.read import read
from services.cap.reading import CapError
from services.cap.signature import Seal
from tests.cap.messages import boil_water

KEY = ECKey.generate_key("P-256")
ALERT = read(boil_water()).alert
PAYLOAD = json.write(ALERT)


def compact(payload: bytes = PAYLOAD, **header: Any) -> str:
    protected = {"alg": "ES256", "jwk": KEY.as_dict(private=False), **header}
    return jws.serialize_compact(protected, payload, KEY, algorithms=["ES256"])


def flattened(text: str) -> bytes:
    protected, payload, signature = text.split(".")
    return standard.dumps({"protected": protected, "payload": payload, "signature": signature}).encode()


@pytest.mark.parametrize("data", [compact().encode(), b"\n " + compact().encode() + b"\n", flattened(compact())])
def test_both_forms_are_read_from_their_payload(data: bytes) -> None:
    reading = read(data, "application/json")
    (signature,) = reading.signatures
    assert (reading.alert, signature.seal, reading.form) == (ALERT, Seal.INTACT, "json")
    assert signature.key is not None
    assert signature.key.startswith("sha256:")


def test_other_content_under_the_same_signature_fails() -> None:
    mine = compact().split(".")
    other = compact(json.write(read(boil_water(severity="Minor")).alert)).split(".")
    (signature,) = read(".".join((mine[0], other[1], mine[2])).encode()).signatures
    assert signature.seal is Seal.FAILED


def test_none_and_shared_secrets_prove_nothing() -> None:
    secret = OctKey.generate_key(256)
    shared = jws.serialize_compact({"alg": "HS256", "jwk": secret.as_dict()}, PAYLOAD, secret, algorithms=["HS256"])
    unsigned = flattened(compact()).replace(b'"protected": "', b'"protected": "eyJhbGciOiJub25lIn0","x":"')
    for data in (shared.encode(), unsigned):
        assert [one.seal for one in read(data).signatures] == [Seal.UNCHECKED]


def test_a_header_without_a_key_fails() -> None:
    (signature,) = read(jws.serialize_compact({"alg": "ES256"}, PAYLOAD, KEY, algorithms=["ES256"]).encode()).signatures
    assert (signature.seal, signature.key) == (Seal.FAILED, None)


@pytest.mark.parametrize(
    "data",
    [
        b"eyJ.x.y",
        b"eyJ!!!.e30.AA",
        b'{"payload": 1, "protected": "e30", "signature": ""}',
        b'{"payload": "!!", "protected": "e30", "signature": ""}',
        flattened(compact(flattened(compact()))),
        compact(b"not json").encode(),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(data: bytes) -> None:
    with pytest.raises(CapError) as caught:
        read(data)
    assert caught.value.expected
