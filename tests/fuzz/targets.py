"""What is fuzzed: every parser and gate for somebody else's bytes. Each ends in an answer or a CapError."""

from contextlib import suppress

from services.agency.admission import objection
from services.agency.feeds import FeedError, links
from services.agency.keys import Caller
from services.cap import json, xml
from services.cap.read import read
from services.cap.reading import CapError, Reading
from services.cap.references import read_references
from services.identifiers.detect import find
from services.intake.geometry import read_circle, read_ring
from services.intake.validate import validate
from services.place.publishers import Publisher, register_of

_PUBLISHERS = register_of((Publisher(id="kestrel", name="Kestrel", senders=("alerts@kestrel.example",)),))
GRADES = frozenset({"accept", "hold", "refuse"})


def everything(data: bytes) -> str:
    """Read, judge, write again and look for identifiers; the grade. Any other exception is a finding."""
    verdict = validate(data)
    if verdict.grade not in GRADES or (verdict.grade == "refuse") > bool(verdict.findings):
        raise AssertionError("a message was given no answer")
    text = data[:3000].decode("utf-8", errors="replace")
    for span in find(text):
        if not 0 <= span.start < span.end <= len(text):
            raise AssertionError("a span lies outside its text")
    read_ring(text[:500])
    read_circle(text[:80])
    read_references(text[:500])
    if verdict.alert is not None:
        _written_again(read(data))
    _door(data)
    return verdict.grade


def _door(data: bytes) -> None:
    """What the agencies' door and its poller make of bytes before intake sees them."""
    for caller in (Caller("kestrel"), Caller("kestrel", test=True)):
        objection(caller, data, "application/cap+xml", _PUBLISHERS)
    with suppress(FeedError):
        if any(not link.startswith("https://feeds.example/") for link in links(data, "https://feeds.example/all")):
            raise AssertionError("a feed led to another host")


def _written_again(reading: Reading) -> None:
    """What was read can be written as CAP 1.2, or is refused by name; what was written reads the same."""
    try:
        written = xml.write(reading.alert)
    except CapError:
        return
    if xml.read(written).alert != reading.alert or json.read(json.write(reading.alert)).alert != reading.alert:
        raise AssertionError("what was written reads differently")
