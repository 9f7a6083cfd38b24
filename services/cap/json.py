"""The same alert as JSON: CAP's element names as keys, a list where CAP allows several, `references` as CAP writes it.

`{"identifier": …, "info": [{"language": "en-US", "area": [{"areaDesc": …, "polygon": ["38.5,-121.6 …"]}]}]}`.
A key twice is refused: which of the two counts would be the reader's choice. Numbers are refused where CAP has a code
or a text (a geocode's leading zero is gone once it was a number).
"""

import json
import re
from dataclasses import replace

from pydantic import BaseModel

from schemas.cap import CapAlert
from services.cap import jws
from services.cap.build import Node, build
from services.cap.reading import CapError, Reading
from services.cap.shape import ALERT, Field, Shape, as_model, values_of
from services.cap.signature import Signature

_NUMBERS = frozenset({"size", "altitude", "ceiling"})
#: Characters that XML 1.0 cannot carry (https://www.w3.org/TR/xml/#charsets), lone surrogates among them.
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = ("sender", "identifier", "sent")


class _Number(str):
    """A JSON number, digit for digit as it was written."""

    __slots__ = ()


def read(data: bytes) -> Reading:
    """Read one alert, or CapError. `data` begins with a BOM or `{`."""
    document = _parse(data)
    if isinstance(document, dict) and jws.is_flattened(document):
        return _signed(*jws.from_flattened(document))
    return _reading(document)


def read_compact(data: bytes) -> Reading:
    """Read one alert in a compact JWS, or CapError."""
    return _signed(*jws.opened(data.decode("ascii", errors="replace").strip()))


def _signed(payload: bytes, signature: Signature) -> Reading:
    """The alert that is in a JWS: nothing of it is read but what was signed."""
    document = _parse(payload)
    if jws.is_flattened(document):
        raise CapError("shape", "The JWS holds another JWS", element="alert", expected="one alert in one JWS")
    return replace(_reading(document), signatures=(signature,))


def _reading(document: object) -> Reading:
    if isinstance(document, dict) and list(document) == ["alert"]:
        document = document["alert"]
    if not isinstance(document, dict):
        raise CapError("shape", "The JSON is not an object", element="alert", expected='{"identifier": …, …}')
    alert, notes = build(_node(ALERT, document))
    return Reading(alert, "json", tuple(notes))


def _parse(data: bytes) -> object:
    try:
        return json.loads(
            data, object_pairs_hook=_unique, parse_int=_Number, parse_float=_Number, parse_constant=_no_constant
        )
    except RecursionError:
        raise CapError("too-deep", "The JSON is nested too deeply", expected="alert, info, area, geocode") from None
    except UnicodeDecodeError:
        raise CapError("encoding", "The JSON is not in UTF-8, UTF-16 or UTF-32", expected="UTF-8") from None
    except json.JSONDecodeError as error:
        says = "The JSON is not well-formed"
        raise CapError("not-well-formed", says, expected="one JSON object", line=error.lineno) from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            element = key if ALERT.knows(key) else None
            raise CapError("duplicate-key", f"The key {element or 'of an object'} stands twice in one object",
                           element=element, expected="each key once")  # fmt: skip
        found[key] = value
    return found


def _no_constant(_name: str) -> None:
    raise CapError("not-well-formed", "The JSON holds NaN or Infinity", expected="one JSON object")


def _node(shape: Shape, document: dict[str, object]) -> Node:
    node = Node(shape.element)
    for key, value in document.items():
        part = shape.get(key)
        if part is None:
            node.children.append(Node(key))
        elif part.element == "references":
            node.children.extend(_references(part, value))
        else:
            node.children.extend(_child(part, item) for item in _items(value))
    return node


def _items(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _child(part: Field, value: object) -> Node:
    if isinstance(part.value, Shape):
        if not isinstance(value, dict):
            raise CapError("shape", f"{part.element} is not an object", element=part.element, expected="an object")
        return _node(part.value, value)
    return Node(part.element, text=_text(part.element, value))


def _text(element: str, value: object) -> str:
    if not isinstance(value, str) or (isinstance(value, _Number) and element not in _NUMBERS):
        raise CapError("shape", f"{element} is not a text", element=element, expected="a text in quotation marks")
    if _FORBIDDEN.search(value):
        raise CapError("characters", f"{element} holds characters that CAP cannot carry", element=element,
                       expected="no control characters")  # fmt: skip
    return value.strip()


def _references(part: Field, value: object) -> list[Node]:
    """A text as CAP writes it, or a list of such texts or of objects as an Alert record has them."""
    texts = [_reference(part, item) for item in _items(value)]
    return [Node(part.element, text=" ".join(texts))] if texts else []


def _reference(part: Field, item: object) -> str:
    if isinstance(item, dict):
        return ",".join(_text(part.element, item.get(name, "")) for name in _REFERENCE)
    return _text(part.element, item)


def write(alert: CapAlert) -> bytes:
    """UTF-8 JSON in CAP's own names; empty elements are left out."""
    return json.dumps(_object(ALERT, alert), ensure_ascii=False, indent=2).encode()


def _object(shape: Shape, model: BaseModel) -> dict[str, object]:
    written: dict[str, object] = {}
    for part in shape.fields:
        values = [_value(part, value) for value in values_of(part, model)]
        if values:
            written[part.element] = values if part.many else values[0]
    return written


def _value(part: Field, value: object) -> object:
    if isinstance(part.value, Shape):
        return _object(part.value, as_model(value))
    return part.value.write(value)
