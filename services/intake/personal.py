"""The identifier gate: a text that names a patient wakes a person; only where it stands leaves intake."""

from collections.abc import Iterator

from schemas.alert import Span
from schemas.cap import Info
from services.identifiers.detect import find
from services.intake.case import Case, Rule
from services.intake.findings import Remark

_TEXTS = ("headline", "description", "instruction", "event", "audience", "contact", "sender_name", "web")
_FILES = ("uri", "resource_desc")
#: Spans that one finding carries; a text with more is covered whole by whoever shows it.
_SPANS = 50


def _personal(case: Case) -> Iterator[Remark]:
    seen: set[str] = set()
    for element, text in _texts(case):
        if text in seen:
            continue
        seen.add(text)
        if found := find(text):
            where = ", ".join(f"{one.kind} at {one.start + 1} to {one.end}" for one in found[:5])
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""  # noqa: PLR2004 - as many as were named
            says = f"{element} may identify a person ({where}{more}; characters counted from 1)"
            spans = tuple(Span(kind=one.kind.value, start=one.start, end=one.end) for one in found[:_SPANS])
            yield Remark("personal", says, element, expected="no name, number or place of a person", spans=spans)


def _texts(case: Case) -> Iterator[tuple[str, str]]:
    alert = case.alert
    yield from (("note", alert.note),) if alert.note else ()
    for info in alert.info:
        yield from _of_info(info)


def _of_info(info: Info) -> Iterator[tuple[str, str]]:
    for name in _TEXTS:
        if text := getattr(info, name):
            yield {"sender_name": "senderName"}.get(name, name), text
    for resource in info.resource:
        for name in _FILES:
            if text := getattr(resource, name):
                yield {"resource_desc": "resourceDesc"}.get(name, name), text
    yield from (("areaDesc", area.area_desc) for area in info.area if area.area_desc)
    yield from (("value", parameter.value) for parameter in info.parameter if parameter.value)


RULES: tuple[Rule, ...] = (_personal,)
