"""Broken alerts without end: real ones and our own, with bytes, words and pieces exchanged; one seed gives one row."""

import random
from collections.abc import Iterator
from pathlib import Path

from services.cap import json
from services.cap.read import read
from tests.cap.messages import boil_water

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "cap"
#: Larger seeds only take longer: what is in them is in the small ones too.
SEED_SIZE = 12_000
FEED = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><link type="application/cap+xml" href="/cap/1"/></entry>
<entry><link href="https://feeds.example/cap/2"/></entry></feed>"""
WORDS = [
    b"<info>",
    b"</info>",
    b"<alert",
    b"xmlns=",
    b"<!DOCTYPE a [",
    b"<!ENTITY x 'y'>",
    b"&x;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?xml",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x00",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"info":',
    b"null",
    b"1e999",
    b"\\ud800",
    b"eyJ",
    b".",
    b",",
    b"38.5,-121.6",
    b"NaN,NaN",
    b"1e308,1e308",
    b"-00:00",
    b"9999-12-31T23:59:59-14:00",
    b"0001-01-01T00:00:00+14:00",
    b"<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'>",
    b"</Signature>",
    b"<geocode><valueName>SAME</valueName><value>",
    b"\xf0\x9f\x98\x80",
    b"Patient John Smith, MRN 123456, born 4 May 1980",
    b"*" * 300,
    b"<code>",
    b"\r\n",
    b"\xc3",
    b"&#0;",
    b"&#x10FFFF;",
    b"%s",
    b"' OR 1=1",
]


def seeds() -> list[bytes]:
    """Our own message in both forms, and the small ones of the corpus where it is there."""
    own = [boil_water(), json.write(read(boil_water()).alert), FEED]
    real = [path.read_bytes() for path in sorted(CORPUS.rglob("*.xml"))] if CORPUS.exists() else []
    return own + [data for data in real if len(data) <= SEED_SIZE]


def broken(seed: int, start: int, stop: int) -> Iterator[bytes]:
    """Inputs number `start` to `stop` of this seed; each depends on its number alone, so that one can be had again."""
    pool = seeds()
    for number in range(start, stop):
        yield one(random.Random(seed * 1_000_003 + number), pool)  # noqa: S311 - no secret


def one(chance: random.Random, pool: list[bytes]) -> bytes:
    """A seed that went through a few changes."""
    data = bytearray(chance.choice(pool))
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        _change(chance, data, pool)
    return bytes(data)


def _change(chance: random.Random, data: bytearray, pool: list[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    end = min(len(data), at + chance.choice((1, 1, 4, 40, 400)))
    match chance.randrange(6):
        case 0:
            data[at:end] = bytes(chance.randrange(256) for _ in range(end - at))
        case 1:
            del data[at:end]
        case 2:
            data[at:at] = chance.choice(WORDS) * chance.choice((1, 1, 1, 30))
        case 3:
            data[at:at] = data[at:end] * chance.choice((1, 2, 20))
        case 4:
            other = chance.choice(pool)
            begin = chance.randrange(len(other))
            data[at:end] = other[begin : begin + chance.choice((10, 100, 1000))]
        case _:
            data[at:end] = bytes(reversed(data[at:end]))
