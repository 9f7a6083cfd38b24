"""From an alert to every text about it: what is said, what is left out, and what stops it."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from schemas.alert import Finding
from schemas.broadcast import Broadcast, Rendition
from schemas.words import BroadcastKind, Channel, Grade, Severity
from services import limits
from services.compose.composer import Before, compose
from services.compose.library import Library
from services.compose.settings import ComposeSettings
from services.compose.subject import Stopped
from services.compose.wishes import Wishes
from services.runtime import trust
from tests.compose.alerts import (
    CENTRE,
    COUNTY,
    HAZARDS,
    NORTH,
    NOW,
    WEST,
    a_cancel,
    a_hazard,
    an_alert,
    an_area,
    an_info,
    composed,
    demo,
)  # fmt: skip

BOTH = {("x", "en"), ("x", "es"), ("sms", "en"), ("sms", "es")}
PLACES = ((NORTH,), (COUNTY,), (NORTH, WEST, CENTRE), (NORTH, WEST, CENTRE, "699001"))


def text(broadcast: Broadcast, channel: Channel, language: str, kind: str = "renditions") -> str:
    found: tuple[Rendition, ...] = getattr(broadcast, kind)
    return next(r.parts[0] for r in found if (r.channel, r.language) == (channel, language))


def targets(renditions: tuple[Rendition, ...]) -> set[tuple[str, str]]:
    return {(r.channel.value, r.language) for r in renditions}


def every_text(broadcast: Broadcast) -> list[Rendition]:
    return [*broadcast.renditions, *broadcast.corrections, *broadcast.withdrawals]


def stopped(*args: object, library: Library | None = None, **kwargs: object) -> dict[str, Finding]:
    with pytest.raises(Stopped) as caught:
        compose(args[0], library or demo(), ComposeSettings(), NOW, **kwargs)  # type: ignore[arg-type] # a test's shorthand
    return {finding.rule: finding for finding in caught.value.findings}


@pytest.mark.parametrize("hazard", HAZARDS)
@pytest.mark.parametrize("codes", PLACES)
def test_every_hazard_is_said_everywhere_in_both_languages(hazard: str, codes: tuple[str, ...]) -> None:
    made = composed(a_hazard(hazard, *codes))
    assert (made.kind, made.hazard, made.grade) == (BroadcastKind.ALERT, hazard, Grade.ACCEPT)
    assert targets(made.renditions) == targets(made.withdrawals) == BOTH
    corrected = composed(a_hazard(hazard, *codes), Before(1, corrected=made), NOW + timedelta(minutes=20))
    assert targets(corrected.corrections) == BOTH
    cancelled = composed(a_cancel(), Before(cancelled=made), NOW + timedelta(hours=3))
    assert targets(cancelled.renditions) == targets(cancelled.withdrawals) == BOTH


@pytest.mark.parametrize("hazard", HAZARDS)
@pytest.mark.parametrize("codes", PLACES)
def test_a_drill_is_said_everywhere_too_and_says_so_at_both_ends(hazard: str, codes: tuple[str, ...]) -> None:
    made = composed(a_hazard(hazard, *codes, status="Exercise", realm="drill"))
    cancelled = composed(a_cancel(status="Exercise", realm="drill"), Before(cancelled=made))
    assert targets(made.renditions) == targets(made.withdrawals) == targets(cancelled.renditions) == BOTH
    for rendition in (*every_text(made), *every_text(cancelled)):
        words = demo().words[rendition.language].exercise
        assert rendition.parts[0].startswith(words.opening + "\n")
        assert rendition.parts[0].endswith("\n" + words.closing)


def test_a_test_is_called_a_test_and_a_drills_realm_never_looks_real() -> None:
    assert text(composed(a_hazard("boil-water", status="Test", realm="drill")), Channel.X, "es").startswith("PRUEBA")
    assert text(composed(a_hazard("boil-water", status="Actual", realm="drill")), Channel.X, "en").startswith("EXER")


@pytest.mark.parametrize("hazard", HAZARDS)
def test_what_is_sent_is_what_was_counted_and_it_fits(hazard: str) -> None:
    made = composed(a_hazard(hazard, NORTH, WEST, CENTRE))
    for rendition in every_text(made):
        [body], [units] = rendition.parts, rendition.units
        assert limits.normalise(body) == body
        counted = limits.count(rendition.channel, body)
        assert counted.fits
        assert units == (counted.segments if rendition.channel is Channel.SMS else counted.units)


@pytest.mark.parametrize("hazard", HAZARDS)
def test_source_place_contact_and_link_are_never_left_out(hazard: str) -> None:
    made = composed(a_hazard(hazard))
    place = demo().jurisdiction
    for rendition in every_text(made):
        for part in (place.issuer[rendition.language], "Northgate", "555-01", place.page_of(made.lineage)):
            assert part in rendition.parts[0]
    for rendition in made.renditions:
        pack = demo().packs[hazard].languages[rendition.language]
        assert pack.name in rendition.parts[0]


def test_what_is_left_out_is_named_and_nothing_else_is_missing() -> None:
    made = composed(a_hazard("boil-water"))
    left = {item.what for item in made.left_out if (item.channel, item.language) == (Channel.X, "en")}
    steps = {f"boil-water/{s.id}" for s in demo().packs["boil-water"].languages["en"].long}
    assert left == steps - {"boil-water/boil", "boil-water/filter"}
    assert "275 twitter-text v3 weighted characters" in made.left_out[0].why


def test_many_areas_get_fewer_words_before_the_instruction_does_and_are_named_as_left_out() -> None:
    made = composed(a_hazard("boil-water", NORTH, WEST, CENTRE, "899001", msgType="Update", version=2))
    assert "en partes de Ferrow." in text(made, Channel.X, "es")
    assert any(
        "names of the areas (Northgate, Millbrook, Ciudad Ferrow y South Harbor)" in i.what for i in made.left_out
    )


def test_a_boil_notice_ends_by_word_and_heat_by_the_clock() -> None:
    assert "Until further notice." in text(composed(a_hazard("boil-water")), Channel.SMS, "en")
    assert "Until Nov 25, 6:00 PM." in text(composed(a_hazard("extreme-heat")), Channel.SMS, "en")
    assert "Hasta: 25 nov, 6:00 p. m.\n" in text(composed(a_hazard("extreme-heat")), Channel.SMS, "es")
    assert "Until" not in text(composed(a_hazard("food-recall")), Channel.SMS, "en")


def test_what_only_the_alert_knows_is_filled_in() -> None:
    made = composed(a_hazard("measles-exposure"))
    assert "Were you at Ferrow Central Library, Nov 22, 2:00-4:30 PM?" in text(made, Channel.X, "en")
    assert "¿Estuvo en Ferrow Central Library, 22 nov, 2:00-4:30 p. m.?" in text(made, Channel.X, "es")
    assert made.guidance[0].parameters["exposure_place"] == "Ferrow Central Library"


def test_an_optional_value_that_is_not_there_takes_its_sentence_with_it() -> None:
    info = an_info(event="Food Recall", parameter=[{"valueName": "TOCSIN:product", "value": "Ferrow cheese"}])
    made = composed(an_alert(info))
    assert "Lots" not in text(made, Channel.SMS, "en")
    assert "Ferrow cheese" in text(made, Channel.SMS, "en")


def test_an_update_and_a_correction_say_so_and_never_read_alike() -> None:
    first = composed(a_hazard("boil-water"))
    update = composed(a_hazard("boil-water", msgType="Update", version=2, sent="2026-11-24T15:00:00-05:00"))
    again = composed(a_hazard("boil-water"), Before(1, corrected=first), NOW + timedelta(minutes=20))
    assert "UPDATE 1, 3:00 PM" in text(update, Channel.X, "en")
    assert "NOVEDAD 1, 3:00 p. m." in text(update, Channel.X, "es")
    assert "CORRECTION 1, 2:26 PM (replaces 2:05 PM)" in text(again, Channel.X, "en", "corrections")
    assert "This replaces our message of Nov 24, 2:05 PM." in text(again, Channel.SMS, "en", "corrections")
    assert "IGNORE our Update 1 of Nov 24, 3:00 PM" in text(update, Channel.SMS, "en", "withdrawals")
    bodies = [r.parts[0] for b in (first, update, again) for r in every_text(b)]
    by_channel = {(r.channel, r.parts[0]) for b in (first, update, again) for r in every_text(b)}
    assert len(by_channel) >= len(set(bodies))
    for channel in Channel:
        said = [r.parts[0] for b in (first, update, again) for r in every_text(b) if r.channel is channel]
        assert len(said) == len(set(said))


def test_a_cancel_takes_hazard_place_and_reach_from_what_it_cancels() -> None:
    made = composed(a_hazard("boil-water", NORTH, WEST))
    cancel = composed(a_cancel(), Before(cancelled=made), NOW + timedelta(hours=30))
    assert (cancel.kind, cancel.hazard, cancel.severity) == (BroadcastKind.CANCEL, "boil-water", Severity.SEVERE)
    assert cancel.audience == made.audience
    assert cancel.expires == NOW + timedelta(hours=54)
    body = text(cancel, Channel.SMS, "en")
    assert "CANCELLED: our message of Nov 24, 2:05 PM about the boil water notice in Northgate and Millbrook." in body
    assert "Run each cold tap for 5 minutes" in body
    assert "SE ANULA nuestro mensaje del 24 nov, 2:05 p. m. sobre el aviso" in text(cancel, Channel.SMS, "es")


def test_a_cancel_of_nothing_is_for_a_person() -> None:
    assert stopped(a_cancel())["cancel.nothing"].element == "references"


def test_a_withdrawal_stands_alone() -> None:
    body = text(composed(a_hazard("boil-water")), Channel.SMS, "en", "withdrawals")
    assert body == (
        "Ferrow Health: IGNORE our message of Nov 24, 2:05 PM about the boil water notice in Northgate. "
        "We have taken it back.\nWhat is true now: https://alerts.ferrow.example/3f9a0c12 Questions: 555-0142."
    )


def test_the_same_alert_makes_the_same_bytes() -> None:
    one, two = composed(a_hazard("food-recall")), composed(a_hazard("food-recall"))
    assert trust.canonical(one) == trust.canonical(two)
    assert Broadcast.model_validate_json(trust.canonical(one)) == one


def test_a_held_alert_makes_a_held_broadcast_with_its_findings() -> None:
    finding = {"rule": "sender.unknown", "grade": "hold", "says": "nobody knows this sender"}
    made = composed(a_hazard("boil-water", grade="hold", findings=[finding]))
    assert made.grade is Grade.HOLD
    assert made.findings[0].says == "nobody knows this sender"


def test_an_alert_without_an_end_ends_by_policy_and_says_so() -> None:
    made = composed(an_alert(an_info(event="Heat Advisory", expires=None)))
    assert made.expires.isoformat() == "2026-11-25T19:05:00+00:00"
    assert "expires.missing" in {finding.rule for finding in made.findings}
    assert "Until further notice." in text(made, Channel.SMS, "en")


def test_the_gravest_severity_and_the_earliest_end_of_all_infos_count() -> None:
    calm = an_info(severity="Minor", expires="2026-11-24T20:00:00-05:00")
    made = composed(an_alert(calm, an_info(severity="Extreme", language="es-US")))
    assert made.severity is Severity.EXTREME
    assert made.expires.isoformat() == "2026-11-25T01:00:00+00:00"


def test_a_persons_wishes_are_followed_and_make_them_an_author() -> None:
    alert = an_alert(an_info(event="Heat Advisory and Air Quality Alert"))
    assert "pack.unsure" in stopped(alert)
    wishes = Wishes(pack="boil-water", form="minimum", editors=("ben",))
    made = composed(alert, Before(1), wishes=wishes)
    assert made.authors == ("ana", "ben")
    assert made.revision == 2
    assert {rendition.form for rendition in made.renditions} == {"minimum"}
    assert "pack.unknown" in stopped(alert, wishes=Wishes(pack="plague"))


def test_an_alert_without_a_pack_points_to_its_issuer_and_is_never_released_automatically() -> None:
    spanish = an_info(event="Plaga de ranas", language="es-US")
    made = composed(an_alert(an_info(event="Plague of frogs", severity="Minor"), spanish))
    assert (made.hazard, made.grade) == ("general", Grade.HOLD)
    assert "no guidance pack fits" in next(f.says for f in made.findings if f.rule == "pack.none")
    assert "Plague of frogs in Northgate.\nFollow the instruction of Ferrow Health." in text(made, Channel.X, "en")
    assert "Plaga de ranas en Northgate.\nSiga la instrucción de Salud Ferrow." in text(made, Channel.X, "es")
    cancelled = composed(a_cancel(), Before(cancelled=made), NOW + timedelta(hours=1))
    assert "Plague of frogs" in text(cancelled, Channel.SMS, "en")


def test_a_slot_can_be_filled_by_hand() -> None:
    alert = an_alert(an_info(event="Food Recall"))
    assert stopped(alert)["slot.missing"].element == "product"
    made = composed(alert, wishes=Wishes(slots={"product": "Ferrow cheese"}))
    assert "Ferrow cheese" in text(made, Channel.X, "es")


def test_a_person_in_a_slot_is_found_in_the_texts_and_holds_them() -> None:
    alert = an_alert(an_info(event="Food Recall"))
    made = composed(alert, wishes=Wishes(slots={"product": "cheese sold by patient Jane Doe, MRN 55512345"}))
    found = [one for one in made.findings if one.rule == "text.personal"]
    assert made.grade is Grade.HOLD
    assert {one.element for one in found} >= {"sms/en"}
    assert all("Jane" not in one.says for one in found)
    sms = text(made, Channel.SMS, "en")
    (there,) = [one for one in found if one.element == "sms/en" and "Doe" in covered(sms, one)]
    assert there.spans


def covered(text: str, finding: Finding) -> str:
    """What a finding's spans stand for."""
    return " ".join(text[span.start : span.end] for span in finding.spans or ())


def test_what_is_reviewed_identifies_nobody() -> None:
    made = composed(an_alert(an_info(event="Food Recall")), wishes=Wishes(slots={"product": "Ferrow cheese"}))
    assert [one.rule for one in made.findings if one.rule == "text.personal"] == []


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2026-11-22", "with its zone"),
        ("2026-11-22T14:00:00/2026-11-22T16:00:00", "with its zone"),
        ("2026-11-22T16:00:00Z/2026-11-22T14:00:00Z", "ends before it begins"),
        ("Sunday", "cannot be read"),
    ],
)
def test_a_slot_that_cannot_be_read_says_what_is_wrong(value: str, says: str) -> None:
    slots = [{"valueName": "exposure_place", "value": "Library"}, {"valueName": "exposure_time", "value": value}]
    finding = stopped(an_alert(an_info(event="Measles", parameter=slots)))["slot.missing"]
    assert finding.element == "exposure_time"
    assert says in finding.says


def test_a_name_too_long_for_any_text_is_refused_not_cut() -> None:
    slots = [{"valueName": "product", "value": "cheese " * 20}]
    assert (
        "at most 80 characters" in stopped(an_alert(an_info(event="Food Recall", parameter=slots)))["slot.missing"].says
    )


def test_all_problems_are_said_at_once() -> None:
    info = an_info(event="Food Recall", expires="2026-11-24T10:00:00-05:00", area=[an_area("006001")])
    assert set(stopped(an_alert(info))) == {"area.outside", "expired", "slot.missing"}


def test_nothing_public_is_made_of_what_is_not_public() -> None:
    assert set(stopped(an_alert(an_info(), scope="Restricted"))) == {"scope"}
    assert set(stopped(an_alert(an_info(), msgType="Ack"))) == {"msgType"}
    assert set(stopped(an_alert())) == {"info.missing"}


def changed(pack: Mapping[str, object] | None = None, place: Mapping[str, object] | None = None) -> Library:
    """The demo's library with another boil-water pack or another jurisdiction."""
    library = demo()
    packs = {**library.packs, "boil-water": library.packs["boil-water"].model_copy(update=pack or {})}
    jurisdiction = library.jurisdiction.model_copy(update=place or {})
    return Library(packs, library.contacts, library.words, library.texts, jurisdiction)


def test_guidance_past_its_review_is_held() -> None:
    overdue = changed(pack={"review_by": "2026-11-23"})
    assert "reviewed by 2026-11-23" in stopped(a_hazard("boil-water"), library=overdue)["pack.overdue"].says
    today = changed(pack={"review_by": "2026-11-24"})
    assert compose(a_hazard("boil-water"), today, ComposeSettings(), NOW).hazard == "boil-water"


def test_a_draft_reaches_nobody_real() -> None:
    assert "pack.draft" in stopped(a_hazard("boil-water"), library=changed(place={"fictional": False}))


def test_a_hole_that_the_jurisdiction_leaves_is_named() -> None:
    finding = stopped(a_hazard("boil-water"), library=changed(place={"parameters": {}}))["parameter.missing"]
    assert finding.element in demo().packs["boil-water"].parameters
    assert f"ferrow gives no {finding.element}, which boil-water needs" in finding.says


def test_a_contact_is_needed_checked_and_in_date() -> None:
    assert "contact.missing" in stopped(a_hazard("boil-water"), library=changed(place={"contacts": {}}))
    unverified = changed(place={"contacts": {"hotline": ("us-988",)}})
    assert "contact.unverified" in stopped(a_hazard("boil-water"), library=unverified)


def test_a_contact_is_for_the_public_and_for_all_areas_of_the_alert() -> None:
    north = changed(place={"contacts": {"hotline": ("ferrow-media-desk", "ferrow-north-clinic", "ferrow-hotline")}})
    for codes, contact in (((NORTH,), "ferrow-north-clinic"), ((NORTH, WEST), "ferrow-hotline")):
        made = compose(a_hazard("boil-water", *codes), north, ComposeSettings(), NOW)
        assert made.contacts[0].id == contact


def test_a_language_without_reviewed_words_is_left_out_by_name() -> None:
    english = {"languages": {"en": demo().packs["boil-water"].languages["en"]}}
    made = compose(a_hazard("boil-water"), changed(pack=english), ComposeSettings(), NOW)
    assert made.languages == ("en",)
    assert {(i.channel.value, i.what) for i in made.left_out if i.language == "es"} == {
        ("x", "every text"), ("sms", "every text"),
    }  # fmt: skip


def test_a_text_that_cannot_be_made_leaves_out_that_text_and_asks_a_person() -> None:
    long = "a" * 80
    info = an_info(event="Measles", parameter=[
        {"valueName": "exposure_place", "value": long},
        {"valueName": "exposure_time", "value": "2026-11-22T14:00:00Z/2026-11-24T14:00:00Z"},
    ])  # fmt: skip
    made = composed(an_alert(info, status="Exercise", realm="drill"))
    assert ("x", "es") not in targets(made.renditions)
    assert ("sms", "es") in targets(made.renditions)
    assert made.grade is Grade.HOLD
    assert any(item.what == "the whole alert" for item in made.left_out)
