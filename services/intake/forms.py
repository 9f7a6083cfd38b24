"""The form of single elements beyond what CAP's schema sees (CAP 1.2 §3.2.2 to §3.2.4)."""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import combinations

from schemas.cap import Area, Info, Resource
from services.intake.case import Case, Rule
from services.intake.findings import Remark

_MIME = re.compile(r"[\w.+-]+/[\w.+-]+(\s*;.*)?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CAPITALS = re.compile(r"[A-Z0-9_.:-]+")
_HTML = re.compile(r"</?[a-zA-Z][^<>]{0,300}>|&(?:[a-zA-Z]{2,8}|#\d{1,6});")


def texts_of(info: Info) -> dict[str, str]:
    """The texts that people read, by element."""
    names = ("event", "headline", "description", "instruction", "contact", "audience", "web")
    return {name: text for name in names if (text := getattr(info, name))}


def _altitudes(case: Case) -> Iterator[Remark]:
    areas = [area for info in case.alert.info for area in info.area]
    if any(area.ceiling is not None and area.altitude is None for area in areas):
        yield Remark("ceiling-alone", "ceiling stands without altitude", "ceiling")
    if any(_below(area) for area in areas):
        yield Remark("ceiling-below", "ceiling is lower than altitude", "ceiling")


def _below(area: Area) -> bool:
    return area.ceiling is not None and area.altitude is not None and float(area.ceiling) < float(area.altitude)


def _resources(case: Case) -> Iterator[Remark]:
    found = [remark for info in case.alert.info for resource in info.resource for remark in _resource(resource)]
    yield from dict.fromkeys(found)


def _resource(resource: Resource) -> Iterator[Remark]:
    if resource.mime_type is None or _MIME.fullmatch(resource.mime_type) is None:
        yield Remark("mime-type", "mimeType is missing or is no media type such as image/png", "mimeType")
    if resource.uri and _SCHEME.match(resource.uri) is None and not resource.deref_uri:
        yield Remark("relative-uri", "uri is relative, and derefUri does not hold the content", "uri")
    if resource.deref_uri:
        yield Remark("inline-resource", "derefUri holds a file; it is not sent on", "derefUri")
        if not _is_base64(resource.deref_uri):
            yield Remark("not-base64", "derefUri is not base64", "derefUri")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        return False
    return True


def _html(case: Case) -> Iterator[Remark]:
    marked = {element for info in case.alert.info for element, text in texts_of(info).items() if _HTML.search(text)}
    for element in sorted(marked):
        yield Remark("html", f"{element} holds HTML; it is read as plain text", element)


def _geocode_names(case: Case) -> Iterator[Remark]:
    names = {code.value_name for info in case.alert.info for area in info.area for code in area.geocode}
    if any(name.upper() in {"SAME", "FIPS6", "UGC", "EMMA_ID"} and not _CAPITALS.fullmatch(name) for name in names):
        yield Remark("geocode-name", "valueName of a geocode is an acronym, which CAP writes in capitals", "geocode")


def _same_form(case: Case) -> Iterator[Remark]:
    codes = [
        code for info in case.alert.info for area in info.area for code in area.geocode if code.value_name == "SAME"
    ]
    if any(not re.fullmatch(r"\d{6}", code.value) for code in codes):
        yield Remark("same-form", "a SAME code has not six digits", "geocode", expected="PSSCCC, for example 006037")


def _same_text(case: Case) -> Iterator[Remark]:
    for one, other in combinations(case.alert.info[:12], 2):
        same = one.description and one.description == other.description and one.headline == other.headline
        if same and one.language != other.language and one.area == other.area:
            yield Remark("same-text", "two infos of different languages have the same text", "language")
            return


RULES: tuple[Rule, ...] = (_altitudes, _resources, _html, _geocode_names, _same_form, _same_text)
