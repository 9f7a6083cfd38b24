"""Words, statuses, signatures, texts: no I/O but reading our own data files."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from pydantic import SecretStr, ValidationError
from twilio.request_validator import RequestValidator

from schemas.words import ReplyWord
from services.limits.sms import segments
from services.place.contacts import read_place
from services.receipts.answers import EMPTY, AnswerTexts
from services.receipts.app import build
from services.receipts.place import Place
from services.receipts.settings import ROOT, ReceiptsSettings
from services.receipts.signature import Signatures
from services.receipts.statuses import WORDS as STATUSES
from services.receipts.statuses import MalformedError, receipt_of
from services.receipts.words import Meanings, Vocabulary, WordsError, plain

WORDS, CONTACTS = ROOT / "templates" / "words" / "replies.yaml", ROOT / "templates" / "contacts"
VOCABULARY = Vocabulary.read(WORDS)
MEANINGS = Meanings(VOCABULARY)
DEMO = ROOT / "deploy" / "jurisdictions" / "demo.yaml"
FERROW, BOOK = read_place(DEMO, CONTACTS, "the demo")
PLACE = Place.of(FERROW, BOOK)
TEXTS = AnswerTexts(VOCABULARY, PLACE)
TODAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
DELIVERY = "0f" * 16


@pytest.mark.parametrize(
    ("text", "word", "language"),
    [
        ("STOP", ReplyWord.STOP, "en"),
        ("  Stop.\n", ReplyWord.STOP, "en"),
        ("“stop!”", ReplyWord.STOP, "en"),
        ("STOP ALL", ReplyWord.STOP, "en"),
        ("opt-out", ReplyWord.STOP, "en"),
        ("revoke", ReplyWord.STOP, "en"),
        ("¡ALTO!", ReplyWord.STOP, "es"),
        ("Parar", ReplyWord.STOP, "es"),
        ("cancelar", ReplyWord.STOP, "es"),
        ("\uff53\uff54\uff4f\uff50", ReplyWord.STOP, "en"),
        ("yes", ReplyWord.START, "en"),
        ("Sí", ReplyWord.START, "es"),
        ("si\u0301", ReplyWord.START, "es"),
        ("alta", ReplyWord.START, "es"),
        ("Help?", ReplyWord.HELP, "en"),
        ("AYUDA", ReplyWord.HELP, "es"),
        ("info", ReplyWord.HELP, None),
        ("please stop texting me", ReplyWord.OTHER, None),
        ("don't stop", ReplyWord.OTHER, None),
        ("", ReplyWord.OTHER, None),
        ("👍", ReplyWord.OTHER, None),
    ],
)
def test_a_word_counts_when_it_is_the_whole_message(text: str, word: ReplyWord, language: str | None) -> None:
    assert MEANINGS.of(text) == (word, language)


def test_all_words_that_twilio_and_the_carriers_know_are_there() -> None:
    stops = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"]
    assert {MEANINGS.of(word)[0] for word in [*stops, "ALTO", "PARAR", "BAJA", "CANCELAR"]} == {ReplyWord.STOP}
    assert {MEANINGS.of(word)[0] for word in ["START", "YES", "UNSTOP", "ALTA", "INICIAR"]} == {ReplyWord.START}
    assert {MEANINGS.of(word)[0] for word in ["HELP", "INFO", "AYUDA"]} == {ReplyWord.HELP}


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error_and_plain_is_stable(text: str) -> None:
    MEANINGS.of(text)
    assert all(sign.isalnum() for sign in plain(text).replace("\u0307", ""))


def test_a_word_with_two_meanings_is_refused() -> None:
    languages = VOCABULARY.model_dump()["languages"]
    languages["es"]["start"] = (*languages["es"]["start"], "Énd")
    with pytest.raises(WordsError, match="means stop in one language and start in es"):
        Vocabulary.model_validate({"languages": languages}).meanings()


def test_a_template_with_an_unknown_slot_stops_the_start() -> None:
    languages = VOCABULARY.model_dump()["languages"]
    languages["en"]["answers"]["help"] = "call {{ hotlime }}"
    with pytest.raises(WordsError, match="hotlime"):
        AnswerTexts(Vocabulary.model_validate({"languages": languages}), PLACE)


@pytest.mark.parametrize("language", sorted(TEXTS.languages))
def test_each_answer_names_its_issuer_and_the_ways_out(language: str) -> None:
    for answer in ("stop", "start", "help", "other", "unknown"):
        text = TEXTS.text(answer, language, TODAY)
        assert text.startswith(PLACE.issuer[language])
        assert segments(text).encoding == "GSM-7", text
        assert segments(text).segments <= 2, text
    assert "911" in TEXTS.text("other", language, TODAY)
    assert "555-0142" in TEXTS.text("other", language, TODAY)
    assert "555-0142" in TEXTS.text("help", language, TODAY)


def test_a_hotline_past_its_review_is_left_out() -> None:
    late = date(2027, 5, 21)
    assert "555-0142" in TEXTS.text("other", "en", date(2027, 5, 20))
    assert "555-0142" not in TEXTS.text("other", "en", late)
    assert "911" in TEXTS.text("other", "en", late)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verified_on": None}, "555-0199"),
        ({"review_by": "2026-11-23"}, "555-0199"),
        ({"modes": {"text": "555-0143"}}, "555-0199"),
        ({"audience": ("professionals",)}, "555-0199"),
        ({"areas": ("ferrow-north",)}, "555-0199"),
        ({"areas": ("ferrow",)}, "555-0142"),
        ({}, "555-0142"),
    ],
)
def test_of_several_hotlines_the_first_that_is_right_for_anybody_is_named(change: dict[str, Any], says: str) -> None:
    first = BOOK["ferrow-hotline"].model_copy(update=change)
    second = BOOK["ferrow-hotline"].model_copy(update={"id": "second", "modes": {"voice": "555-0199"}})
    both = FERROW.model_copy(update={"contacts": {"hotline": (first.id, second.id)}})
    texts = AnswerTexts(VOCABULARY, Place.of(both, {first.id: first, second.id: second}))
    assert says in texts.text("help", "en", TODAY)


def test_a_place_without_a_hotline_still_answers() -> None:
    texts = AnswerTexts(VOCABULARY, Place.of(FERROW.model_copy(update={"contacts": {}}), BOOK))
    assert "911" in texts.text("other", "en", TODAY)


def test_the_language_is_the_persons_then_the_words_then_the_places() -> None:
    assert TEXTS.language("es-MX", "en") == "es"
    assert TEXTS.language("vi", "es") == "es"
    assert TEXTS.language(None, None) == "en"


def test_twiml_is_escaped_and_may_be_empty() -> None:
    assert "Msg&amp;data" in TEXTS.twiml("help", "en", TODAY)
    assert TEXTS.twiml("none", "en", TODAY) == EMPTY


@pytest.mark.parametrize(("status", "word"), sorted(STATUSES.items()))
def test_each_status_has_our_word(status: str, word: str) -> None:
    report = receipt_of(DELIVERY, {"MessageSid": "SM1", "MessageStatus": status, "ErrorCode": "30003"}, AT)
    assert report is not None
    assert (report.status, report.code, report.delivery, report.platform_id) == (word, 30003, DELIVERY, "SM1")


def test_unknown_statuses_and_odd_codes_do_no_harm() -> None:
    assert receipt_of(DELIVERY, {"MessageSid": "SM1", "MessageStatus": "teleported"}, AT) is None
    assert receipt_of(DELIVERY, {"MessageSid": "SM1"}, AT) is None
    for code in ("", "0", "none", "-1", "٣", "9" * 40):
        report = receipt_of(DELIVERY, {"SmsSid": "SM1", "SmsStatus": "failed", "ErrorCode": code}, AT)
        assert report is not None
        assert report.code is None


@pytest.mark.parametrize("sid", ["", "a" * 65, "SM1\n", "SM 1"])
def test_a_callback_needs_a_sid(sid: str) -> None:
    with pytest.raises(MalformedError):
        receipt_of(DELIVERY, {"MessageSid": sid, "MessageStatus": "sent"}, AT)


#: Twilio's own example: https://www.twilio.com/docs/usage/security#validating-requests
TWILIO = {
    "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
    "To": "+18005551212",
}  # fmt: skip


def test_twilios_own_vector() -> None:
    checks = Signatures(["12345"], lambda: "https://mycompany.com")
    fields = MultiDict(TWILIO)
    assert checks.fits("/myapp.php?foo=1&bar=2", fields, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    assert not checks.fits("/myapp.php?foo=1&bar=3", fields, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    assert not checks.fits("/myapp.php?foo=1&bar=2", fields, None)
    assert not checks.fits("/myapp.php?foo=1&bar=2", MultiDict(TWILIO | {"To": "+18005551213"}), "RSOYDt4T1cUTdK=")


def test_a_second_token_is_believed_while_tokens_are_exchanged_and_a_third_is_not() -> None:
    checks = Signatures(["old", "new"], lambda: "https://hooks.example")
    for token, fits in (("old", True), ("new", True), ("other", False)):
        signature = RequestValidator(token).compute_signature("https://hooks.example/a", TWILIO)
        assert checks.fits("/a", MultiDict(TWILIO), signature) is fits


def test_the_scheme_is_part_of_what_is_signed_and_the_default_port_is_not() -> None:
    signature = RequestValidator("t").compute_signature("https://h.example/a", TWILIO)
    assert Signatures(["t"], lambda: "https://h.example:443").fits("/a", MultiDict(TWILIO), signature)
    assert not Signatures(["t"], lambda: "http://h.example").fits("/a", MultiDict(TWILIO), signature)


def test_settings_say_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="anybody could sign"):
        ReceiptsSettings(twilio_auth_token=SecretStr(""))
    with pytest.raises(ValidationError, match="TOCSIN_RECEIPTS_PUBLIC_URL is missing"):
        ReceiptsSettings(twilio_auth_token=SecretStr("t"), public_bind="10.0.0.1")
    with pytest.raises(ValidationError, match="without a query"):
        ReceiptsSettings(twilio_auth_token=SecretStr("t"), public_url="https://h.example/?a=1")
    (tmp_path / "token").write_text("from-a-file\n")
    monkeypatch.setenv("TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN_FILE", str(tmp_path / "token"))
    settings = ReceiptsSettings()
    assert settings.tokens == ["from-a-file"]
    assert "from-a-file" not in repr(settings)


@pytest.mark.parametrize(
    ("url", "public"),
    [
        (None, False), ("http://127.0.0.1:8080", False), ("http://receipts:8080", False), ("http://localhost", False),
        ("https://receipts.health.example/t", False), ("https://a.example.org", False), ("http://[::1]:1", False),
        ("https://receipts.health.gov", True), ("https://203.0.113.7", True), ("http://example.de", True),
    ],
)  # fmt: skip
def test_replies_may_come_from_people_where_the_world_has_the_address(url: str | None, public: bool) -> None:
    assert ReceiptsSettings(twilio_auth_token=SecretStr("t"), public_url=url).is_public is public


def test_nobody_is_given_the_number_of_a_fictional_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path))
    monkeypatch.setenv("TOCSIN_RECEIPTS_TWILIO_AUTH_TOKEN", "a-token-of-nobody")
    monkeypatch.setenv("TOCSIN_RECEIPTS_PUBLIC_URL", "https://receipts.health.gov")
    with pytest.raises(SystemExit) as ended:
        build()
    assert ended.value.code == 2
    assert "name your own in TOCSIN_RECEIPTS_JURISDICTION" in capsys.readouterr().err
