"""Messages for tests: a boil-water alert as XML, with any element replaced or left out."""

from collections.abc import Mapping

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"

_ALERT = {
    "identifier": "KC-2026-0007",
    "sender": "alerts@kestrel.example",
    "sent": "2026-11-24T06:05:00-08:00",
    "status": "Actual",
    "msgType": "Alert",
    "scope": "Public",
    "references": None,
}
_INFO = {
    "language": "en-US",
    "category": "Health",
    "event": "Boil water notice",
    "urgency": "Immediate",
    "severity": "Severe",
    "certainty": "Observed",
    "expires": "2026-11-25T06:05:00-08:00",
    "headline": "Boil tap water in Kestrel County",
    "web": "https://health.kestrel.example/water",
}
_AREA = (
    "<area><areaDesc>Kestrel County</areaDesc><polygon>38.5,-121.6 38.6,-121.6 38.6,-121.5 38.5,-121.6</polygon></area>"
)
_ORDER = ("identifier", "sender", "sent", "status", "msgType", "source", "scope", "note", "references")


def boil_water(
    changes: Mapping[str, str | None] | None = None, *, namespace: str = NAMESPACE, area: str = _AREA, **more: str
) -> bytes:
    """The alert in CAP 1.2; a change or a keyword replaces an element's text, None leaves the element out."""
    changes = {**(changes or {}), **more}
    top = {**_ALERT, **{name: value for name, value in changes.items() if name in _ORDER}}
    inner = {**_INFO, **{name: value for name, value in changes.items() if name not in _ORDER}}
    head = "".join(_element(name, top.get(name)) for name in _ORDER)
    info = "".join(_element(name, value) for name, value in inner.items())
    return f'<alert xmlns="{namespace}">\n{head}<info>\n{info}{area}</info></alert>'.encode()


def _element(name: str, value: str | None) -> str:
    return "" if value is None else f"<{name}>{value}</{name}>\n"
