"""What CAP's own schema says of a message: by element, never by its value.

libxml2's sentences quote the value, so only the kind of error and the element's name are taken from them.
"""

import re
from functools import cache
from pathlib import Path
from threading import Lock

from lxml import etree
from lxml.etree import _Element

from services.cap.reading import Note

CAP_12 = "urn:oasis:names:tc:emergency:cap:1.2"
CAP_11 = "urn:oasis:names:tc:emergency:cap:1.1"
CAP_10 = "http://www.incident.com/cap/1.0"
_FILES = {CAP_12: "CAP-v1.2.xsd", CAP_11: "CAP-v1.1.xsd", CAP_10: "CAP-v1.0.xsd"}
_ELEMENT = re.compile(r"^Element '(?:\{[^}']*\})?([A-Za-z0-9]{1,40})'")
#: A schema object keeps the errors of its last document, so two threads must not use it at once.
_LOCK = Lock()
_NOTE_LIMIT = 20
_PLACE = "stands where CAP's schema does not expect it (the order of elements counts)"
_CONTENT = "has text or attributes that CAP's schema does not allow there"
_VALUE = "has a value whose form CAP's schema does not allow"
_SAYS = {
    "SCHEMAV_ELEMENT_CONTENT": _PLACE,
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": _CONTENT,
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": _CONTENT,
    "SCHEMAV_CVC_TYPE_3_1_1": _CONTENT,
}


@cache
def _schema(namespace: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(__file__).parent / "xsd" / _FILES[namespace]))


def check(root: _Element, namespace: str) -> list[Note]:
    """One note for each element and kind of error, at most 20."""
    schema = _schema(namespace)
    with _LOCK:
        errors = [] if schema.validate(root) else list(schema.error_log)  # type: ignore[call-overload]  # lxml-stubs
    notes: dict[tuple[str, str], Note] = {}
    for entry in errors:
        element = _element(entry.message)
        says = _SAYS.get(entry.type_name, _VALUE)
        notes.setdefault((element, says), Note("schema", f"{element} {says}", element=element, line=entry.line or None))
    return list(notes.values())[:_NOTE_LIMIT]


def _element(message: str) -> str:
    match = _ELEMENT.match(message)
    return match.group(1) if match else "an element"
