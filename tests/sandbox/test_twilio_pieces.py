"""Twilio's rules, life of a text, callbacks, signature and TwiML, without HTTP."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from services.sandbox.effects import CallbackPlan, Fate
from services.sandbox.faults import Plan
from services.sandbox.settings import Rules
from services.sandbox.store import Row
from services.sandbox.twilio.answers import Refusal
from services.sandbox.twilio.callbacks import planned
from services.sandbox.twilio.changes import change
from services.sandbox.twilio.lifecycle import date_sent_ms, error_at, status_at, steps
from services.sandbox.twilio.listing import read_ask
from services.sandbox.twilio.optout import keyword
from services.sandbox.twilio.rules import read_message
from services.sandbox.twilio.signature import signature
from services.sandbox.twilio.texts import Arrival, accepted
from services.sandbox.twilio.twiml import TwimlError, messages
from services.sandbox.twilio.webhook import read_overrides

PHONE = "+12025550123"
FORM = {"To": PHONE, "Body": "Boil water.", "MessagingServiceSid": "MG" + "b2" * 16}


def text(
    form: dict[str, str] | None = None, plan: Plan | None = None, *, sent_ms: int = 200, delivered_ms: int = 800
) -> Row:
    asked, rules = read_message({**FORM, **(form or {})}), Rules(sent_ms=sent_ms, delivered_ms=delivered_ms)
    return accepted(asked, Arrival("AC1", 900, 1000), rules, plan or Plan(), random.Random(1))  # noqa: S311


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21604), ({"To": "2025550123"}, 21211), ({"To": "whatsapp:+12025550123"}, 21211),
        ({"To": "+15005550001"}, 21211), ({"To": "+15005550004"}, 21610), ({"To": "+15005550009"}, 21614),
        ({"Body": ""}, 21602), ({"Body": "a" * 1601}, 21617), ({"MessagingServiceSid": ""}, 21603),
        ({"MessagingServiceSid": "MG1"}, 21701), ({"From": "not a sender ID"}, 21212),
        ({"StatusCallback": "ftp://a/b"}, 21609), ({"StatusCallback": "http://a_b/c"}, 21609),
        ({"ValidityPeriod": "0"}, 90007), ({"ValidityPeriod": "36001"}, 90007),
        ({"MessagingServiceSid": "", "From": PHONE, "ScheduleType": "fixed", "SendAt": "2026-11-23T00:00:00Z"}, 35118),
        ({"ScheduleType": "fixed", "SendAt": "soon"}, 35111),
    ],
)  # fmt: skip
def test_each_wrong_form_gets_twilios_number(form: dict[str, str], code: int) -> None:
    with pytest.raises(Refusal) as caught:
        read_message({**FORM, **form})
    assert caught.value.code == code


def test_the_longest_body_and_validity_pass() -> None:
    assert read_message({**FORM, "Body": "a" * 1600, "ValidityPeriod": "36000"}).validity_s == 36_000


def test_a_text_through_a_service_begins_accepted_and_ends_delivered() -> None:
    row = text(sent_ms=200, delivered_ms=800)
    assert [tuple(step) for step in steps(row)] == [
        ("accepted", 1000), ("queued", 1050), ("sent", 1200), ("delivered", 1800),
    ]  # fmt: skip
    assert [status_at(row, at) for at in (1000, 1100, 1799, 1800)] == ["accepted", "queued", "sent", "delivered"]
    assert (date_sent_ms(row, 1199), date_sent_ms(row, 1200)) == (None, 1200)


def test_a_text_from_a_number_begins_queued() -> None:
    row = text({"MessagingServiceSid": "", "From": "+12025550100"}, sent_ms=200, delivered_ms=800)
    assert [step.status for step in steps(row)] == ["queued", "sent", "delivered"]


@pytest.mark.parametrize(
    ("status", "code", "path"),
    [
        ("undelivered", 30003, ["accepted", "queued", "sent", "undelivered"]),
        ("failed", 30007, ["accepted", "queued", "failed"]),
        ("sent", None, ["accepted", "queued", "sent"]),
    ],
)
def test_an_ordered_fate_is_met_and_its_code_shows_only_at_the_end(
    status: Any, code: int | None, path: list[str]
) -> None:
    row = text(plan=Plan(fate=Fate(type="fate", status=status, code=code)))
    assert [step.status for step in steps(row)] == path
    assert error_at(row, 1000) is None
    assert error_at(row, 10_000) == code


def test_a_text_that_waits_longer_than_its_validity_never_leaves() -> None:
    row = text({"ValidityPeriod": "60"}, sent_ms=90_000, delivered_ms=91_000)
    assert date_sent_ms(row, 10**9) is None
    assert (status_at(row, 1000 + 59_999), status_at(row, 1000 + 60_000)) == ("queued", "failed")
    assert error_at(row, 10**9) == 30036


def test_a_scheduled_text_waits_and_can_be_canceled_until_it_leaves() -> None:
    row = text({"ScheduleType": "fixed", "SendAt": "1970-01-01T01:00:00Z"})
    assert status_at(row, 3_599_999) == "scheduled"
    assert change(row, {"Status": "canceled"}, 3_599_999) == {"canceled_ms": 3_599_999}
    with pytest.raises(Refusal) as caught:
        change(row, {"Status": "canceled"}, 3_700_000)
    assert caught.value.code == 30409


@pytest.mark.parametrize(
    ("form", "code"),
    [({}, 30400), ({"Status": "canceled", "Body": ""}, 30400), ({"Body": "other"}, 30400), ({"Body": ""}, 20009)],
)
def test_nothing_else_may_be_changed(form: dict[str, str], code: int) -> None:
    with pytest.raises(Refusal) as caught:
        change(text(), form, 1000)
    assert caught.value.code == code


def test_callbacks_go_out_for_all_but_the_first_status() -> None:
    due = planned(steps(text(sent_ms=200, delivered_ms=800))[1:], CallbackPlan())
    assert [(step.status, at) for step, at in due] == [("queued", 1050), ("sent", 1200), ("delivered", 1800)]


@given(st.integers(0, 2**32 - 1))
def test_shuffled_callbacks_keep_the_moments_and_lose_the_order(seed: int) -> None:
    due = planned(steps(text())[1:], CallbackPlan(shuffle=seed, late=1.5, repeat=2))
    order = [step.status for step, _ in due]
    assert order[::2] == order[1::2]
    assert sorted(order[::2]) == ["delivered", "queued", "sent"]
    assert order[::2] != ["queued", "sent", "delivered"]
    assert [at for _, at in due] == sorted(at for _, at in due)


@given(
    st.text(min_size=1, max_size=20),
    st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), st.text(), max_size=6),
)
def test_signatures_are_those_that_the_vendors_own_validator_accepts(token: str, parameters: dict[str, str]) -> None:
    url = "https://alerts.example.org/twilio/status?m=d-1"
    assert RequestValidator(token).validate(url, parameters, signature(token, url, parameters))


def test_the_documented_signature_comes_out() -> None:
    parameters = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
        "To": "+18005551212",
    }  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, parameters) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("query", "bounds"),
    [
        ({}, (None, None)),
        ({"DateSent": "1970-01-02"}, (86_400_000, 172_800_000)),
        ({"DateSent>": "1970-01-02"}, (86_400_000, None)),
        ({"DateSent<": "1970-01-02"}, (None, 172_800_000)),
        ({"DateSent>": "1970-01-01T00:01:00Z", "DateSent<": "1970-01-01T00:02:00Z"}, (60_000, 121_000)),
        ({"DateSent>": "Thu, 01 Jan 1970 00:01:00 +0000"}, (60_000, None)),
    ],
)
def test_date_filters_include_what_they_name(query: dict[str, str], bounds: tuple[int | None, int | None]) -> None:
    ask = read_ask("AC1", "/list", query)
    assert (ask.from_ms, ask.before_ms) == bounds


@pytest.mark.parametrize("query", [{"DateSent": "yesterday"}, {"PageSize": "-1"}, {"Page": "x"}])
def test_a_filter_that_cannot_be_read_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        read_ask("AC1", "/list", query)


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("", []),
        ("<Response/>", []),
        ("<Response><Message>Stopped.</Message></Response>", ["Stopped."]),
        ("<Response><Message to='+1'><Body>Hola</Body></Message><Message>Two</Message></Response>", ["Hola", "Two"]),
    ],
)
def test_twiml_texts_are_read(answer: str, texts: list[str]) -> None:
    assert messages(answer) == texts


@pytest.mark.parametrize(
    "answer",
    ["ok", "<html/>", "<Response><Message>", "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"],
)
def test_what_is_not_twiml_is_refused(answer: str) -> None:
    with pytest.raises(TwimlError):
        messages(answer)


@pytest.mark.parametrize(
    ("body", "kind"), [(" Stop ", "STOP"), ("REVOKE", "STOP"), ("unstop", "START"), ("info", "HELP"), ("stop it", None)]
)
def test_keywords_are_whole_replies(body: str, kind: str | None) -> None:
    assert keyword(body) == kind


def test_overrides_are_read_from_the_fragment_and_wrong_ones_ignored() -> None:
    given_ = read_overrides("rc=3&rp=5xx,ct&ct=1000&tt=9000")
    assert (given_.retries, given_.connect_s, given_.total_s) == (3, 1.0, 9.0)
    assert (given_.again("5xx"), given_.again("4xx")) == (True, False)
    assert read_overrides("rc=9&ct=1") == read_overrides("")
    assert read_overrides("rp=all").again("4xx")
