"""The elements of CAP 1.2 in schema order, with the models' attributes: one table for both forms, both ways.

https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html §3.2 and §3.4.1
"""

from dataclasses import dataclass

from pydantic import BaseModel

from schemas.cap import (
    Area,
    CapAlert,
    Category,
    Certainty,
    Info,
    MsgType,
    NamedValue,
    Resource,
    ResponseType,
    Scope,
    Status,
    Urgency,
)
from schemas.words import Severity
from services.cap.values import DECIMAL, FILLED, LANGUAGE, NAME, REFERENCES, SIZE, TEXT, TIME, WEB, Kind, word


@dataclass(frozen=True, slots=True)
class Field:
    """One element in its parent. An optional one whose value cannot be read is left out with a note."""

    element: str
    attribute: str
    value: "Kind | Shape"
    required: bool = False
    many: bool = False
    #: What is assumed where an optional element is not there and CAP gives it a default.
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """An element with children."""

    element: str
    model: type[BaseModel]
    fields: tuple[Field, ...]

    def get(self, element: str) -> Field | None:
        """The child of that name."""
        return next((field for field in self.fields if field.element == element), None)

    def knows(self, element: str) -> bool:
        """Whether a child of that name is possible here or deeper."""
        inner = (field.value for field in self.fields if isinstance(field.value, Shape))
        return self.get(element) is not None or any(shape.knows(element) for shape in inner)


def _snake(element: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in element)


def must(element: str, value: "Kind | Shape", *, many: bool = False) -> Field:
    """A required element."""
    return Field(element, _snake(element), value, required=True, many=many)


def may(element: str, value: "Kind | Shape" = TEXT, *, many: bool = False) -> Field:
    """An optional element."""
    return Field(element, _snake(element), value, many=many)


def _named(element: str) -> Shape:
    return Shape(element, NamedValue, (must("valueName", TEXT), must("value", TEXT)))


RESOURCE = Shape(
    "resource",
    Resource,
    (must("resourceDesc", TEXT), may("mimeType"), may("size", SIZE), may("uri"), may("derefUri"), may("digest")),
)
AREA = Shape(
    "area",
    Area,
    (
        must("areaDesc", TEXT),
        may("polygon", many=True),
        may("circle", many=True),
        may("geocode", _named("geocode"), many=True),
        may("altitude", DECIMAL),
        may("ceiling", DECIMAL),
    ),
)
INFO = Shape(
    "info",
    Info,
    (
        Field("language", "language", LANGUAGE, default="en-US"),
        must("category", word(Category), many=True),
        must("event", FILLED),
        may("responseType", word(ResponseType), many=True),
        must("urgency", word(Urgency)),
        must("severity", word(Severity)),
        must("certainty", word(Certainty, {"Very Likely": "Likely"})),
        may("audience"),
        may("eventCode", _named("eventCode"), many=True),
        may("effective", TIME),
        may("onset", TIME),
        may("expires", TIME),
        may("senderName"),
        may("headline"),
        may("description"),
        may("instruction"),
        may("web", WEB),
        may("contact"),
        may("parameter", _named("parameter"), many=True),
        may("resource", RESOURCE, many=True),
        may("area", AREA, many=True),
    ),
)
ALERT = Shape(
    "alert",
    CapAlert,
    (
        must("identifier", NAME),
        must("sender", NAME),
        must("sent", TIME),
        must("status", word(Status)),
        must("msgType", word(MsgType)),
        may("source"),
        must("scope", word(Scope)),
        may("restriction"),
        may("addresses"),
        may("code", many=True),
        may("note"),
        may("references", REFERENCES),
        may("incidents"),
        may("info", INFO, many=True),
    ),
)


def values_of(field: Field, model: BaseModel) -> tuple[object, ...]:
    """What a model has for one element, none, one or many."""
    value = getattr(model, field.attribute)
    if field.many:
        return tuple(value)
    return () if value is None or value == () else (value,)


def as_model(value: object) -> BaseModel:
    """A part of a model that has a Shape, which is always a model."""
    if not isinstance(value, BaseModel):
        raise TypeError(type(value))
    return value
