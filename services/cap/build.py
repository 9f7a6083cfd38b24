"""From a tree of elements, whichever form it came in, to the model."""

from dataclasses import dataclass, field

from pydantic import BaseModel

from schemas.cap import CapAlert
from services.cap.reading import POINT_LIMIT, CapError, Note
from services.cap.shape import ALERT, Field, Shape
from services.cap.values import Kind, Unreadable

_NAME_SHOWN = 40


@dataclass(slots=True)
class Node:
    """One element: its trimmed text, its children in order, and its line where the form has lines."""

    element: str
    text: str = ""
    children: list["Node"] = field(default_factory=list)
    line: int | None = None


def build(root: Node) -> tuple[CapAlert, list[Note]]:
    """The alert and what was forgiven, or CapError for the first element without which nobody can judge it."""
    return _Builder().alert(root)


class _Builder:
    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._points = 0

    def alert(self, root: Node) -> tuple[CapAlert, list[Note]]:
        alert = self._part(ALERT, root, "alert")
        if not isinstance(alert, CapAlert):
            raise TypeError(type(alert))
        return alert, self._notes

    def _part(self, shape: Shape, node: Node, place: str) -> BaseModel:
        found: dict[str, list[Node]] = {}
        for child in node.children:
            found.setdefault(child.element, []).append(child)
        values = {}
        for part in shape.fields:
            nodes = found.pop(part.element, [])
            value = self._many(part, nodes, place, node) if part.many else self._one(part, nodes, place, node)
            if value is not None:
                values[part.attribute] = value
        for unknown in found.values():
            self._note("unknown-element", unknown[0], place, "is no element of CAP here; it was left out")
        return shape.model(**values)

    def _one(self, part: Field, nodes: list[Node], place: str, parent: Node) -> object:
        if len(nodes) > 1:
            says = f"{part.element} stands {len(nodes)} times in {place}"
            raise CapError("repeated", says, element=part.element, expected="one", line=nodes[1].line)
        if nodes:
            return self._value(part, nodes[0], place)
        if part.required:
            raise _missing(part, place, parent)
        if part.default is not None:
            says = f"{part.element} is missing in {place}; CAP says to take {part.default}"
            self._notes.append(Note(f"no-{part.element}", says, element=part.element, line=parent.line))
        return None

    def _many(self, part: Field, nodes: list[Node], place: str, parent: Node) -> tuple[object, ...] | None:
        places = [f"{part.element} {number} of {place}" for number in range(1, len(nodes) + 1)]
        values = [self._value(part, node, where) for node, where in zip(nodes, places, strict=True)]
        kept = tuple(value for value in values if value is not None)
        if part.required and not kept:
            raise _missing(part, place, parent)
        return kept or None

    def _value(self, part: Field, node: Node, place: str) -> object:
        if isinstance(part.value, Shape):
            return self._part(part.value, node, place if part.many else part.element)
        if not node.text and not part.required:
            self._note("empty-element", node, place, "is there but empty; it was left out")
            return None
        self._count_points(part, node)
        return self._read(part, part.value, node, place)

    def _read(self, part: Field, kind: Kind, node: Node, place: str) -> object:
        try:
            return kind.read(node.text, lambda rule, says: self._note(rule, node, place, says))
        except Unreadable as error:
            if part.required:
                rule = "unknown-value" if node.text else "missing"
                says = f"{part.element} has a value that cannot be read" if node.text else f"{part.element} is empty"
                raise CapError(rule, f"{says}, in {place}", element=part.element, expected=error.expected,
                               line=node.line) from None  # fmt: skip
            self._note("unreadable", node, place, f"cannot be read and was left out; expected {error.expected}")
            return None

    def _count_points(self, part: Field, node: Node) -> None:
        if part.element in {"polygon", "circle"}:
            self._points += node.text.count(",")
            if self._points > POINT_LIMIT:
                raise CapError("too-many-points", "The areas have too many points", element=part.element,
                               expected=f"at most {POINT_LIMIT:,} points in all")  # fmt: skip

    def _note(self, rule: str, node: Node, place: str, says: str) -> None:
        name = node.element[:_NAME_SHOWN] if node.element.isascii() and node.element.isalnum() else "an element"
        where = "" if place.startswith(f"{name} ") else f" in {place}"
        self._notes.append(Note(rule, f"{name}{where} {says}", element=name, line=node.line))


def _missing(part: Field, place: str, parent: Node) -> CapError:
    says = f"{part.element} is missing in {place}"
    return CapError("missing", says, element=part.element, expected=_expected(part), line=parent.line)


def _expected(part: Field) -> str:
    if isinstance(part.value, Shape):
        return "the element"
    try:
        part.value.read("", lambda _rule, _says: None)
    except Unreadable as error:
        return error.expected
    return "a text"
