"""Any alert that the model can hold goes through both forms unchanged; any bytes end in an alert or a CapError."""

import contextlib
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cap import (
    Area,
    CapAlert,
    Category,
    Certainty,
    Info,
    MsgType,
    NamedValue,
    Reference,
    Resource,
    ResponseType,
    Scope,
    Status,
    Urgency,
)
from schemas.words import Severity
from services.cap import json, xml
from services.cap.read import read
from services.cap.reading import CapError
from services.cap.references import read_references, write_references
from services.cap.times import read_time, write_time
from tests.cap.messages import boil_water

text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"), include_characters="\n\t\r"), max_size=30
)
filled = text.map(str.strip).filter(bool)
maybe = st.none() | filled
name = st.text(
    st.characters(codec="ascii", categories=("L", "N"), include_characters="@.:-_/"), min_size=1, max_size=20
)
offset = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
local = st.datetimes(datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("9990-01-01"), timezones=offset)
moment = local.map(lambda at: at.replace(microsecond=0))
named = st.builds(NamedValue, valueName=text.map(str.strip), value=text.map(str.strip))
reference = st.builds(Reference, sender=name, identifier=name, sent=moment)
resource = st.builds(
    Resource,
    resourceDesc=filled,
    mimeType=filled,
    size=st.none() | st.integers(0, 10**12),
    uri=st.none() | st.just("https://kestrel.example/map.png"),
    derefUri=maybe,
    digest=maybe,
)
area = st.builds(
    Area,
    areaDesc=text.map(str.strip),
    polygon=st.tuples() | st.tuples(filled),
    circle=st.tuples(filled),
    geocode=st.tuples() | st.tuples(named, named),
    altitude=st.none() | st.just("12.5"),
    ceiling=st.none() | st.just("99"),
)
info = st.builds(
    Info,
    language=st.sampled_from(["en-US", "es-US", "zh-Hant-TW"]),
    category=st.lists(st.sampled_from(Category), min_size=1, max_size=3).map(tuple),
    event=filled,
    responseType=st.lists(st.sampled_from(ResponseType), max_size=2).map(tuple),
    urgency=st.sampled_from(Urgency),
    severity=st.sampled_from(Severity),
    certainty=st.sampled_from(Certainty),
    audience=maybe,
    eventCode=st.tuples() | st.tuples(named),
    effective=st.none() | moment,
    onset=st.none() | moment,
    expires=st.none() | moment,
    senderName=maybe,
    headline=maybe,
    description=maybe,
    instruction=maybe,
    web=st.none() | st.just("https://kestrel.example/a?b=c&d=%20"),
    contact=maybe,
    parameter=st.tuples() | st.tuples(named),
    resource=st.tuples() | st.tuples(resource),
    area=st.lists(area, max_size=2).map(tuple),
)
alerts = st.builds(
    CapAlert,
    identifier=filled,
    sender=filled,
    sent=moment,
    status=st.sampled_from(Status),
    msgType=st.sampled_from(MsgType),
    scope=st.sampled_from(Scope),
    source=maybe,
    restriction=maybe,
    addresses=maybe,
    code=st.lists(filled, max_size=2).map(tuple),
    note=maybe,
    references=st.lists(reference, max_size=3, unique=True).map(tuple),
    incidents=maybe,
    info=st.lists(info, max_size=2).map(tuple),
)


@given(alerts)
@settings(max_examples=150)
def test_every_alert_goes_through_both_forms_unchanged(alert: CapAlert) -> None:
    assert xml.read(xml.write(alert)).alert == alert
    assert json.read(json.write(alert)).alert == alert
    assert read(alert.model_dump_json(by_alias=True, exclude_none=True).encode()).alert == alert


@given(moment)
def test_times_come_back_the_same(at: datetime) -> None:
    again = read_time(write_time(at))
    assert again == at
    assert again is not None
    assert again.utcoffset() == at.utcoffset()


@given(st.lists(reference, max_size=5, unique=True).map(tuple), st.sampled_from([" ", "\n", " \t\n "]))
def test_references_come_back_the_same_whatever_the_blanks(references: tuple[Reference, ...], blank: str) -> None:
    assert read_references(write_references(references).replace(" ", blank)) == (references, 0)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_end_in_an_alert_or_a_cap_error(data: bytes) -> None:
    for candidate in (data, b"<" + data, b"{" + data):
        with contextlib.suppress(CapError):
            read(candidate)


@given(st.integers(0, len(boil_water()) - 1), st.binary(min_size=0, max_size=6), st.booleans(), st.booleans())
@settings(max_examples=300)
def test_a_damaged_alert_ends_in_an_alert_or_a_cap_error(at: int, damage: bytes, cut: bool, as_json: bool) -> None:
    whole = json.write(read(boil_water()).alert) if as_json else boil_water()
    damaged = whole[:at] + damage + (b"" if cut else whole[at + len(damage) :])
    with contextlib.suppress(CapError):
        read(damaged)
