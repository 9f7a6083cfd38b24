"""Bytes of either form, told apart by their first characters; what their sender calls them is only compared.

A sender's content type is often wrong or absent, the first character never is.
"""

from typing import Final

from services.cap import json, xml
from services.cap.jws import is_compact
from services.cap.reading import SIZE_LIMIT, CapError, Form, Note, Reading

_EXPECTED: Final = "CAP 1.2 XML (beginning with <) or an alert as JSON (beginning with {)"
_BLANK: Final = b" \t\r\n"
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_UTF32: Final = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_PACKED: Final = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_FORMS: Final[dict[str, Form]] = {"<": "xml", "{": "json"}
_WIDE: Final[dict[bytes, Form]] = {b"<\0": "xml", b"\0<": "xml", b"{\0": "json", b"\0{": "json"}


def read(data: bytes, content_type: str | None = None) -> Reading:
    """Read one alert as XML or JSON, or CapError with what to do."""
    if len(data) > SIZE_LIMIT:
        raise CapError("too-large", f"The message has {len(data):,} bytes", expected=f"at most {SIZE_LIMIT:,} bytes")
    form, trimmed = _form(data)
    reading = _read(form, trimmed)
    claimed = _claimed(content_type)
    if claimed and claimed != form:
        says = f"the content type says {claimed.upper()}, the message is {form.upper()}"
        return Reading(reading.alert, form, (Note("content-type", says), *reading.notes))
    return reading


def _read(form: Form, trimmed: bytes) -> Reading:
    if is_compact(trimmed):
        return json.read_compact(trimmed)
    return xml.read(trimmed) if form == "xml" else json.read(trimmed)


def _form(data: bytes) -> tuple[Form, bytes]:
    for magic, name in _PACKED.items():
        if data.startswith(magic):
            raise CapError("packed", f"The message is packed with {name}", expected=f"{_EXPECTED}, unpacked")
    trimmed = _trim(data)
    form = _FORMS.get(trimmed[:1].decode("latin-1")) or _WIDE.get(trimmed[:2])
    if form is None and is_compact(trimmed):
        form = "json"
    if form is None and trimmed[:2] in _UTF16:
        form = _WIDE.get(trimmed[2:4])
    if form is None:
        raise CapError("form", "The message is empty" if not trimmed else "The message is neither XML nor JSON",
                       expected=_EXPECTED)  # fmt: skip
    return form, trimmed


def _trim(data: bytes) -> bytes:
    """Without what editors and relays put in front: a byte order mark of UTF-8, blanks, both in any order."""
    if data.startswith(_UTF32):
        return data
    for mark, encoding in _UTF16.items():
        if data.startswith(mark):
            return _trim_wide(data, mark, encoding)
    while True:
        trimmed = data.lstrip(_BLANK).removeprefix(_UTF8_BOM)
        if trimmed == data:
            return data
        data = trimmed


def _trim_wide(data: bytes, mark: bytes, encoding: str) -> bytes:
    try:
        return mark + data[2:].decode(encoding).lstrip("\ufeff \t\r\n").encode(encoding)
    except UnicodeDecodeError:
        raise CapError("encoding", "The message begins like UTF-16 and is not", expected="UTF-8") from None


def _claimed(content_type: str | None) -> Form | None:
    kind = (content_type or "").partition(";")[0].strip().lower()
    if kind.endswith(("xml", "/cap")):
        return "xml"
    return "json" if kind.endswith("json") else None
