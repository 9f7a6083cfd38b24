"""Reading and writing CAP XML: names, values, hostile documents, encodings."""

import time
from datetime import UTC, datetime

import pytest

from schemas.cap import CapAlert, MsgType, Reference, Status
from schemas.words import Severity
from services.cap import xml
from services.cap.read import read
from services.cap.reading import POINT_LIMIT, SIZE_LIMIT, CapError
from tests.cap.messages import NAMESPACE, boil_water


def _refused(data: bytes, content_type: str | None = None) -> CapError:
    with pytest.raises(CapError) as caught:
        read(data, content_type)
    return caught.value


def test_a_clean_alert_is_read_without_a_note() -> None:
    reading = read(boil_water(), "application/cap+xml")
    alert = reading.alert
    assert (alert.identifier, alert.status, alert.msg_type) == ("KC-2026-0007", Status.ACTUAL, MsgType.ALERT)
    assert alert.sent == datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
    assert alert.sent.isoformat() == "2026-11-24T06:05:00-08:00"
    assert alert.info[0].severity is Severity.SEVERE
    assert alert.info[0].area[0].polygon == ("38.5,-121.6 38.6,-121.6 38.6,-121.5 38.5,-121.6",)
    assert (reading.form, reading.notes) == ("xml", ())


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("identifier", "a text"),
        ("sender", "a text"),
        ("sent", "a time with its offset"),
        ("status", "Actual, Exercise, System, Test, Draft"),
        ("msgType", "Alert, Update, Cancel, Ack, Error"),
        ("scope", "Public, Restricted, Private"),
        ("category", "Geo, Met, Safety"),
        ("event", "a text"),
        ("urgency", "Immediate, Expected, Future, Past, Unknown"),
        ("severity", "Extreme, Severe, Moderate, Minor, Unknown"),
        ("certainty", "Observed, Likely, Possible, Unlikely, Unknown"),
    ],
)
def test_a_required_element_that_is_missing_or_empty_is_named(element: str, expected: str) -> None:
    for value in (None, " \n"):
        data = boil_water(changes={element: value})
        error = _refused(data)
        assert (error.rule, error.element) == ("missing", element)
        assert element in error.says
        assert expected in str(error.expected)


@pytest.mark.parametrize("element", ["status", "msgType", "scope", "category", "sent"])
def test_an_unknown_word_is_refused_without_being_quoted(element: str) -> None:
    error = _refused(boil_water(changes={element: "Jane Doe"}))
    assert (error.rule, error.element) == ("unknown-value", element)
    assert error.expected
    assert "Jane" not in str(error)
    assert error.line


def test_words_are_case_sensitive_as_in_cap() -> None:
    assert _refused(boil_water(status="actual")).element == "status"


def test_text_is_trimmed_and_cap_1_0_likelihood_is_read() -> None:
    reading = read(boil_water(headline="\n  Boil water \n", certainty="Very Likely"))
    assert reading.alert.info[0].headline == "Boil water"
    assert reading.alert.info[0].certainty == "Likely"
    assert {note.rule for note in reading.notes} == {"old-word", "schema"}


def test_z_and_fractions_are_understood_and_noted() -> None:
    reading = read(boil_water(sent="2026-11-24T14:05:00Z", expires="2026-11-25T14:05:00.5+00:00"))
    assert reading.alert.sent == datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
    assert reading.alert.info[0].expires == datetime(2026, 11, 25, 14, 5, tzinfo=UTC)
    assert [note.element for note in reading.notes if note.rule == "time-form"] == ["sent", "expires"]


@pytest.mark.parametrize("text", ["2026-11-24T06:05:00", "2026-11-24 06:05:00-08:00", "2026-13-24T06:05:00-08:00",
                                  "2026-11-24T06:05-08:00", "2026-11-24T06:05:00+2:00",
                                  "2026-11-24T06:05:00+15:00"])  # fmt: skip
def test_a_time_without_offset_or_that_never_was_is_refused(text: str) -> None:
    assert _refused(boil_water(sent=text)).element == "sent"


def test_an_optional_value_that_cannot_be_read_is_left_out_and_noted() -> None:
    reading = read(boil_water(expires="soon", web="see our pages", language="english"))
    info = reading.alert.info[0]
    assert (info.expires, info.web, info.language) == (None, None, "und")
    assert {"unreadable", "language-unknown", "schema"} <= {note.rule for note in reading.notes}


def test_what_cap_does_not_know_is_noted_by_name_and_order_by_the_schema() -> None:
    odd = boil_water().replace(b"<headline>", b"<advice>x</advice><headline>")
    rules = {(note.rule, note.element) for note in read(odd).notes}
    assert ("unknown-element", "advice") in rules
    assert any(rule == "schema" for rule, _ in rules)


def test_twice_the_same_single_element_is_refused() -> None:
    error = _refused(boil_water().replace(b"<scope>", b"<status>Test</status><scope>"))
    assert (error.rule, error.element) == ("repeated", "status")


def test_names_that_cap_forbids_are_read_and_noted() -> None:
    reading = read(boil_water(sender="OB Self Test"))
    assert reading.alert.sender == "OB Self Test"
    assert [note.rule for note in reading.notes] == ["name-characters"]


def test_an_empty_area_description_is_read_and_noted() -> None:
    reading = read(boil_water(area="<area><areaDesc/></area>"))
    assert reading.alert.info[0].area[0].area_desc == ""
    assert [note.rule for note in reading.notes] == ["empty-element"]
    assert _refused(boil_water(area="<area/>")).element == "areaDesc"


def test_a_prefixed_namespace_and_a_signature_are_no_matter() -> None:
    data = (
        boil_water()
        .replace(b"</", b"</c:")
        .replace(b"<", b"<c:")
        .replace(b"<c:/c:", b"</c:")
        .replace(b"xmlns=", b"xmlns:c=")
    )
    signed = data.replace(b"</c:alert>", b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></c:alert>')
    assert read(data).alert == read(boil_water()).alert == read(signed).alert


def test_cap_1_1_is_read_and_said() -> None:
    reading = read(boil_water(namespace="urn:oasis:names:tc:emergency:cap:1.1"))
    assert [note.rule for note in reading.notes] == ["cap-1.1"]


@pytest.mark.parametrize("data", [b"<alert/>", b'<alert xmlns="urn:x"/>', boil_water().replace(b"alert", b"notice")])
def test_another_root_is_refused(data: bytes) -> None:
    error = _refused(data)
    assert error.rule == "root"
    assert NAMESPACE in str(error.expected)


BOMBS = {
    "billion laughs": b'<!DOCTYPE a [<!ENTITY a "ha">' + b"".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'.encode() for n in range(1, 12)
    ).replace(b"&a0;", b"&a;") + b"]>" + boil_water(headline="&a11;"),
    "in an attribute": b'<!DOCTYPE a [<!ENTITY b "&#97;&#98;">]>' + boil_water().replace(b"<alert", b'<alert x="&b;"'),
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + boil_water(headline="&x;"),
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]>' + boil_water(),
    "external DTD": b'<!DOCTYPE alert SYSTEM "http://127.0.0.1:9/x.dtd">' + boil_water(),
    "empty DTD": b"<!DOCTYPE alert>" + boil_water(),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BOMBS))
def test_a_document_type_is_refused_at_once(name: str) -> None:
    began = time.process_time()
    assert _refused(BOMBS[name]).rule == "dtd"
    assert time.process_time() - began < 0.5


def test_a_document_type_hidden_in_utf_16_is_refused() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>' + BOMBS["external entity"].decode()
    assert _refused(text.encode("utf-16")).rule in {"dtd", "not-well-formed"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("not-well-formed", b"<a>" * 40_000),
        ("too-much-markup", b"<a>" + b"<b/>" * 300_000 + b"</a>"),
        ("too-much-markup", b"<a " + b" ".join(b'x%d=""' % n for n in range(300_000)) + b"/>"),
        ("not-well-formed", b"<" + b"a" * (SIZE_LIMIT - 10)),
        ("not-well-formed", b"<" + bytes(1000)),
        ("root", b"<a>" + b"&lt;" * 1_000_000 + b"</a>"),
        ("too-large", b"<" * (SIZE_LIMIT + 1)),
    ],
)
def test_junk_is_refused_quickly(name: str, data: bytes) -> None:
    began = time.process_time()
    assert _refused(data).rule == name
    assert time.process_time() - began < 1


def test_too_large_says_both_sizes() -> None:
    error = _refused(boil_water() + b" " * SIZE_LIMIT)
    assert f"{len(boil_water()) + SIZE_LIMIT:,} bytes" in error.says
    assert f"{SIZE_LIMIT:,}" in str(error.expected)


def test_too_many_points_are_refused_and_as_many_as_allowed_are_read() -> None:
    polygon = "<area><areaDesc>a</areaDesc><polygon>{}</polygon></area>"
    assert read(boil_water(area=polygon.format("1,2 " * POINT_LIMIT))).alert.info
    error = _refused(boil_water(area=polygon.format("1,2 " * (POINT_LIMIT + 1))))
    assert (error.rule, error.element) == ("too-many-points", "polygon")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "windows-1252", "utf-8-sig"]
)
def test_encodings(encoding: str) -> None:
    text = boil_water(headline="Aviso: agua de caño").decode()
    declared = encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    data = f'<?xml version="1.0" encoding="{declared}"?>\n{text}'.encode(encoding)
    assert read(data).alert.info[0].headline == "Aviso: agua de caño"


def test_bytes_that_are_not_the_declared_encoding_are_refused() -> None:
    data = boil_water(headline="Aviso: agua de caño").decode().encode("latin-1")
    assert _refused(data).rule == "not-well-formed"


@pytest.mark.parametrize("before", [b"\n ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", b"\n\xef\xbb\xbf"])
def test_blanks_and_a_byte_order_mark_before_the_declaration(before: bytes) -> None:
    assert read(before + b'<?xml version="1.0"?>' + boil_water()).alert.identifier == "KC-2026-0007"


def test_blanks_between_a_utf_16_mark_and_the_declaration() -> None:
    text = '\n <?xml version="1.0" encoding="UTF-16"?>' + boil_water().decode()
    assert read(text.encode("utf-16")).alert.identifier == "KC-2026-0007"


@pytest.mark.parametrize(
    "data", [b"", b"   ", b"hello", b"\xff\xfe", b"\xff\xfea", b"\x00\x00\xfe\xff\x00\x00\x00<", b"[1]"]
)
def test_neither_form_is_refused_with_what_is_expected(data: bytes) -> None:
    error = _refused(data)
    assert error.rule in {"form", "encoding"}
    assert error.expected


def test_packed_bytes_are_refused_by_their_name() -> None:
    error = _refused(b"\x1f\x8b\x08\x00abc")
    assert (error.rule, "gzip" in error.says) == ("packed", True)


def test_a_content_type_that_errs_is_noted() -> None:
    assert [note.rule for note in read(boil_water(), "application/json; charset=utf-8").notes] == ["content-type"]
    assert read(boil_water(), "application/octet-stream").notes == ()


def test_utc_is_written_as_minus_zero_and_references_come_back() -> None:
    alert = read(boil_water(sent="2026-11-24T14:05:00-00:00")).alert
    referring = alert.model_copy(update={"references": (
        Reference(sender="a@b.example", identifier="1", sent=datetime(2026, 1, 1, tzinfo=UTC)),
        Reference(sender="a@b.example", identifier="2", sent=datetime(2026, 1, 2, tzinfo=UTC)),
    )})  # fmt: skip
    written = xml.write(referring)
    assert b"<sent>2026-11-24T14:05:00-00:00</sent>" in written
    assert b"a@b.example,1,2026-01-01T00:00:00-00:00 a@b.example,2,2026-01-02T00:00:00-00:00" in written
    assert xml.read(written).alert == referring


def test_what_cap_cannot_carry_is_not_written() -> None:
    alert = read(boil_water()).alert
    bad_name = Reference(sender="a b", identifier="1", sent=alert.sent)
    for update in ({"references": (bad_name,)}, {"note": "bell \x07"}):
        with pytest.raises(CapError):
            xml.write(alert.model_copy(update=update))
    web = alert.info[0].model_copy(update={"web": "http://[not an address"})
    with pytest.raises(CapError) as caught:
        xml.write(alert.model_copy(update={"info": (web,)}))
    assert caught.value.element == "web"


def test_the_model_that_travels_keeps_the_offset() -> None:
    alert = read(boil_water()).alert
    assert CapAlert.model_validate_json(alert.model_dump_json(by_alias=True)).sent.isoformat().endswith("-08:00")
