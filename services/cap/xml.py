"""CAP as XML: read leniently by element name, written strictly.

No DTD, no entities, no network. libxml2's own limits (10 MB a text, 256 levels) stay on: our size limit is below them,
so a real alert never meets them and a bomb does.
"""

from dataclasses import replace
from typing import Final

from lxml import etree
from lxml.etree import _Element
from pydantic import BaseModel

from schemas.cap import CapAlert
from services.cap import older, schema, signature
from services.cap.build import Node, build
from services.cap.reading import CapError, Note, Reading
from services.cap.schema import CAP_10, CAP_11, CAP_12
from services.cap.shape import ALERT, Shape, as_model, values_of
from services.cap.values import Kind

#: Tags and attributes. Each costs about 100 bytes in memory whatever its length; the most seen are 2,755.
MARKUP_LIMIT = 50_000
#: Elements in one parent that are none of CAP's. A few are somebody's extension, thousands are none.
STRANGERS_LIMIT = 1_000
_OLDER: Final = {CAP_10, CAP_11}
_DTD: Final = "a document without DOCTYPE"


def read(data: bytes) -> Reading:
    """Read one CAP 1.2, 1.1 or 1.0 message, or CapError. `data` begins with a BOM or `<`."""
    root = _parse(data)
    namespace = _namespace(root)
    checked = schema.check(root, namespace)
    assumed = older.upgrade(root) if namespace == CAP_10 else []
    alert, notes = build(_node(root, namespace))
    if namespace in _OLDER:
        notes.insert(
            0, Note(f"cap-{namespace[-3:]}", f"alert is CAP {namespace[-3:]}; it was read as CAP 1.2", "alert")
        )
    checked.extend(assumed)
    if root.find(signature.SIGNATURE) is None:
        return Reading(alert, "xml", (*notes, *checked))
    return _signed(data, Reading(alert, "xml", (*notes, *checked)), namespace)


def _signed(data: bytes, reading: Reading, namespace: str) -> Reading:
    """The alert as the intact signature covers it: what stands around the signed part is not read."""
    signed = signature.check(data, reading.alert.sent)
    if signed.content is None:
        return replace(reading, signatures=signed.signatures)
    if namespace == CAP_10:
        older.upgrade(signed.content)
    alert, _ = build(_node(signed.content, namespace))
    return replace(reading, alert=alert, signatures=signed.signatures)


def _parse(data: bytes) -> _Element:
    if data.count(b"<") > MARKUP_LIMIT or data.count(b"=") > MARKUP_LIMIT:
        raise CapError("too-much-markup", "The document has too many tags or attributes",
                       expected=f"at most {MARKUP_LIMIT:,}")  # fmt: skip
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _not_well_formed(data, error) from None
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # lxml-stubs leave it out
        raise CapError("dtd", "The document has a DOCTYPE, and with it could hide or multiply text", expected=_DTD)
    return root


def _not_well_formed(data: bytes, error: etree.XMLSyntaxError) -> CapError:
    """Without libxml2's sentence, which may quote the document."""
    if b"<!DOCTYPE" in data:
        return CapError("dtd", "The document has a DOCTYPE, and with it could hide or multiply text", expected=_DTD)
    line = error.lineno if isinstance(error.lineno, int) else None
    code = getattr(error, "code", 0)
    kind = etree.ErrorTypes._getName(code, "unknown error")  # noqa: SLF001 - the table's only door
    return CapError("not-well-formed", f"The XML is not well-formed ({kind})", expected="well-formed XML", line=line)


def _namespace(root: _Element) -> str:
    name = etree.QName(root)
    if name.localname == "alert" and name.namespace in {CAP_12, CAP_11, CAP_10}:
        return str(name.namespace)
    raise CapError("root", "The document's outermost element is not CAP's", element="alert",
                   expected=f'<alert xmlns="{CAP_12}">', line=_line(root))  # fmt: skip


def _node(element: _Element, namespace: str, shape: Shape | None = ALERT) -> Node:
    """The element as a tree, no deeper than CAP goes; elements of other namespaces (signatures) are passed over."""
    prefix = f"{{{namespace}}}"
    node = Node(str(element.tag).rpartition("}")[2], line=_line(element))
    if shape is None:
        node.text = "".join(map(str, element.itertext())).strip()
        return node
    strangers = 0
    for child in element.iterchildren(tag=etree.Element):
        tag = str(child.tag)
        if tag.startswith(prefix):
            known = shape.get(tag.removeprefix(prefix))
            strangers += known is None
            if strangers > STRANGERS_LIMIT:
                raise CapError("too-much-markup", "There are too many elements that are none of CAP's",
                               expected=f"at most {STRANGERS_LIMIT:,}", line=_line(child))  # fmt: skip
            node.children.append(_node(child, namespace, _inner(known.value) if known else None))
    return node


def _line(element: _Element) -> int | None:
    line: int | None = getattr(element, "sourceline", None)  # lxml-stubs say an ellipsis
    return line


def _inner(value: Kind | Shape) -> Shape | None:
    return value if isinstance(value, Shape) else None


def write(alert: CapAlert) -> bytes:
    """CAP 1.2, valid by its schema, UTF-8 with declaration; CapError names what CAP cannot carry."""
    root = etree.Element(f"{{{CAP_12}}}alert", nsmap={None: CAP_12})  # type: ignore[dict-item]  # None: no prefix
    try:
        _fill(root, ALERT, alert)
    except ValueError:  # lxml: control characters
        raise CapError("characters", "A text holds characters that XML cannot carry", expected="no controls") from None
    for note in schema.check(root, CAP_12):
        raise CapError("schema", note.says, element=note.element, expected="a value that CAP 1.2 allows")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _fill(parent: _Element, shape: Shape, model: BaseModel) -> None:
    for part in shape.fields:
        for value in values_of(part, model):
            child = etree.SubElement(parent, f"{{{CAP_12}}}{part.element}")
            if isinstance(part.value, Shape):
                _fill(child, part.value, as_model(value))
            else:
                child.text = part.value.write(value)
