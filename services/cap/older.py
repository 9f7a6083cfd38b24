"""A CAP 1.0 message brought into CAP 1.2's form before it is read. CAP 1.1 needs nothing: 1.2 only added to it.

What changed: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html Appendix C. The forms of 1.0 are those of
its schema (`xsd/CAP-v1.0.xsd`): `NAME=value` as one text, and no scope or category required.
"""

from lxml import etree
from lxml.etree import _Element

from services.cap.reading import Note
from services.cap.schema import CAP_10

_NAMED = tuple(f"{{{CAP_10}}}{name}" for name in ("eventCode", "parameter", "geocode"))


def upgrade(root: _Element) -> list[Note]:
    """Change a CAP 1.0 tree in place; what had to be assumed is noted."""
    for element in root.iter(*_NAMED):
        if len(element) == 0:
            _split(element)
    return [*_assume(root, "scope", "Public"), *_categories(root)]


def _split(element: _Element) -> None:
    name, _, value = (element.text or "").strip().partition("=")
    element.text = None
    etree.SubElement(element, f"{{{CAP_10}}}valueName").text = name.strip()
    etree.SubElement(element, f"{{{CAP_10}}}value").text = value.strip()


def _categories(root: _Element) -> list[Note]:
    return [note for info in root.findall(f"{{{CAP_10}}}info") for note in _assume(info, "category", "Other")]


def _assume(parent: _Element, element: str, value: str) -> list[Note]:
    if parent.find(f"{{{CAP_10}}}{element}") is not None:
        return []
    etree.SubElement(parent, f"{{{CAP_10}}}{element}").text = value
    return [Note("assumed-1.0", f"{element} is missing, as CAP 1.0 allows; {value} was assumed", element=element)]
