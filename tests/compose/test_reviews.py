"""Approvals: two people, one place, these very words, until a date; and what compose does without them."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.alert import Alert
from schemas.broadcast import Broadcast
from schemas.guidance import GuidanceApproval
from schemas.words import Channel, Grade, Realm
from services.compose.composer import Before, compose
from services.compose.library import Library
from services.compose.reviews import Cabinet, Reviews, believe, read_approvals
from services.compose.settings import ComposeSettings
from services.compose.subject import Stopped
from services.compose.wishes import Wishes
from tests.compose.alerts import NOW, a_cancel, a_hazard, an_alert, an_info, demo
from tests.compose.reviewers import BOTH, HAL, SUE, TRUST, YEAR, approval, library, pair, reviews


def made(found: Library, alert: Alert | None = None, now: datetime = NOW, **wishes: Any) -> Broadcast:
    return compose(alert or a_hazard("boil-water"), found, ComposeSettings(), now, **wishes)


def stops(found: Library, **changes: Any) -> dict[str, str]:
    with pytest.raises(Stopped) as caught:
        made(found, **changes)
    return {finding.rule: finding.says for finding in caught.value.findings}


def says(broadcast: Broadcast) -> dict[str, str]:
    return {finding.rule: finding.says for finding in broadcast.findings}


def test_two_people_make_it_an_approved_pack_and_the_approver_sees_who_and_until_when() -> None:
    broadcast = made(library(reviews(*pair())))
    assert (broadcast.grade, broadcast.guidance[0].status) == (Grade.ACCEPT, "approved")
    assert says(broadcast)["pack.approved"] == "boil-water 1 is approved by sue and hal until 2027-11-24"


@pytest.mark.parametrize(
    ("approvals", "why"),
    [
        ([], "no subject-reviewer and no health-officer has approved it for ferrow"),
        (pair()[:1], "no health-officer has approved it"),
        (pair(issued=NOW - YEAR, until=NOW), "its approval ran out"),
        (pair(sandbox_only=True), "for drills and sandbox accounts only"),
        (pair(jurisdiction="elsewhere"), "has approved it for ferrow"),
        (pair(digest="sha256:" + "0" * 64), "Version 1 was approved; its words were changed since"),
        ([approval("bob", BOTH, "subject-reviewer"), approval("bob", BOTH, "health-officer")], "one person"),
    ],
)
def test_anything_less_reaches_nobody_and_says_why(approvals: list[GuidanceApproval], why: str) -> None:
    assert why in stops(library(reviews(*approvals)))["pack.draft"]


def forged() -> list[GuidanceApproval]:
    one, other = pair()
    return [one, other.model_copy(update={"statement": other.statement.model_copy(update={"sandbox_only": True})})]


@pytest.mark.parametrize(
    ("approvals", "why"),
    [
        (forged(), "the signature does not fit"),
        ([pair()[0], approval("sue", SUE, "health-officer")], "sue is no health-officer"),
        ([pair()[0], approval("hal", SUE, "health-officer")], "does not belong to the signer"),
        ([pair()[0], approval("ann", HAL, "health-officer")], "nobody of that name"),
        (pair(realm="drill"), "for the other realm"),
        (pair(until=NOW - YEAR), "ends before it begins"),
    ],
)
def test_what_the_trust_bundle_does_not_bear_out_is_not_believed(approvals: list[GuidanceApproval], why: str) -> None:
    found = reviews(*approvals)
    assert any(why in sentence for sentence in found.refused)
    assert "pack.draft" in stops(library(found))


def test_a_key_taken_away_takes_its_approvals_with_it() -> None:
    found = believe(pair(), replace(TRUST, revoked=frozenset({SUE.id})), Realm.LIVE)
    assert "was revoked" in found.refused[0]


def test_an_approval_for_drills_holds_in_drills_and_in_sandboxes() -> None:
    only = reviews(*pair(sandbox_only=True))
    drill = a_hazard("boil-water", status="Exercise", realm="drill")
    assert made(library(only), drill).guidance[0].status == "draft"
    assert "for drills and sandbox accounts only" in says(made(library(only), drill))["pack.approved"]
    demo_place = replace(demo(), reviews=only)
    assert "for drills and sandbox accounts only" in says(made(demo_place))["pack.approved"]


def test_nothing_approved_rests_on_memory() -> None:
    found = library(reviews(*pair()), read_first_hand=False)
    assert "nobody has read at the authority itself" in stops(found)["pack.draft"]


def test_a_draft_or_overdue_pack_gives_way_to_a_registered_issuers_own_words_held_for_a_person() -> None:
    info = an_info(instruction="Boil all tap water for one full minute.\nMore tomorrow.")
    for found, rule in (
        (library(Reviews()), "no subject-reviewer"),
        (library(reviews(*pair()), review_by="2026-11-01"), "reviewed by"),
    ):
        broadcast = made(found, an_alert(info))
        assert broadcast.grade is Grade.HOLD
        assert rule in says(broadcast)["issuer.words"]
        assert broadcast.languages == ("en",)
        assert broadcast.guidance == ()
        body = next(r.parts[0] for r in broadcast.renditions if r.channel is Channel.SMS)
        assert "Boil Water Advisory in Northgate.\nBoil all tap water for one full minute. More tomorrow." in body
        assert {i.why for i in broadcast.left_out if i.language == "es"} == {"the issuer gave no instruction in es"}
    assert "pack.draft" in stops(library(Reviews()), alert=an_alert(info, publisher="unknown"))


def test_words_too_long_for_a_channel_are_not_cut_but_pointed_to() -> None:
    info = an_info(instruction="Boil your water. " * 40)
    broadcast = made(library(Reviews()), an_alert(info))
    x = next(r for r in broadcast.renditions if r.channel is Channel.X)
    assert x.form == "minimum"
    assert "Follow the instruction of Ferrow Health." in x.parts[0]
    assert "boil-water/instruction" in {item.what for item in broadcast.left_out}


def test_a_person_may_choose_the_issuers_words_and_becomes_an_author() -> None:
    alert = an_alert(an_info(instruction="Boil tap water for 3 minutes."))
    wishes = Wishes(slots={"words": "issuer"}, editors=("ben",))
    broadcast = made(demo(), alert, wishes=wishes)
    assert says(broadcast)["issuer.words"].endswith("ben chose them")
    assert "ben" in broadcast.authors
    assert "instruction.differs" not in says(broadcast)


def test_what_was_sent_can_be_taken_back_when_its_pack_is_no_longer_approved() -> None:
    sent = made(library(reviews(*pair())))
    later = made(library(Reviews()), a_cancel(), NOW + timedelta(hours=1), before=Before(cancelled=sent))
    assert later.grade is Grade.HOLD
    assert {(r.channel.value, r.language) for r in later.renditions} >= {("x", "en"), ("sms", "es")}


def test_the_cabinet_reads_its_folder_anew_when_a_file_comes_and_names_what_is_no_approval(tmp_path: Path) -> None:
    cabinet = Cabinet(tmp_path, Realm.LIVE)
    assert cabinet.reviews(TRUST) == cabinet.reviews(None) == Reviews()
    for number, each in enumerate(pair()):
        (tmp_path / f"{number}.json").write_text(each.model_dump_json())
    assert len(cabinet.reviews(TRUST).statements) == 2
    assert cabinet.reviews(TRUST) is cabinet.reviews(TRUST)
    (tmp_path / "x.json").write_text("{}")
    assert cabinet.reviews(TRUST).refused == ("x.json is no approval of guidance: remove it, or have it signed anew",)
    assert len(read_approvals(tmp_path)[0]) == 2
