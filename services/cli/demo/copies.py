"""A fresh copy of one of deploy/demo's alerts: a name of its own, and every time moved so that `sent` is now."""

from datetime import datetime, timedelta
from pathlib import Path

from lxml import etree

FOLDER = Path(__file__).parents[3] / "deploy" / "demo"
ALERT, CANCEL = FOLDER / "boil-water.xml", FOLDER / "boil-water-cancel.xml"
_NS = "{urn:oasis:names:tc:emergency:cap:1.2}"
_TIMES = ("sent", "effective", "onset", "expires")


def fresh(path: Path, suffix: str, now: datetime, references: str | None = None) -> tuple[bytes, str]:
    """The bytes of the copy, and how a later message refers to it: sender,identifier,sent."""
    tree = etree.parse(path, etree.XMLParser(no_network=True, resolve_entities=False))
    root = tree.getroot()
    moved = now.replace(microsecond=0) - datetime.fromisoformat(_text(root, "sent"))
    for element in root.iter(*(f"{_NS}{name}" for name in _TIMES)):
        element.text = _later(element.text or "", moved)
    _set(root, "identifier", f"{_text(root, 'identifier')}-{suffix}")
    if references is not None:
        _set(root, "references", references)
    name = ",".join(_text(root, part) for part in ("sender", "identifier", "sent"))
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8"), name


def _later(text: str, by: timedelta) -> str:
    return (datetime.fromisoformat(text) + by).isoformat(timespec="seconds")


def _text(root: "etree._Element", name: str) -> str:
    return root.findtext(f"{_NS}{name}") or ""


def _set(root: "etree._Element", name: str, value: str) -> None:
    element = root.find(f"{_NS}{name}")
    if element is None:
        raise ValueError(f"the demo's alert has no {name}")
    element.text = value
