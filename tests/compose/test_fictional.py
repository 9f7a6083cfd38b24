"""What is composed of a fictional place says so in the bytes that people sign; those of a real place do not change."""

import json
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from schemas.broadcast import Broadcast
from schemas.words import BroadcastKind, Realm
from services.compose.app import warn_of_a_fictional_place
from services.compose.composer import Before, compose
from services.compose.library import Library
from services.compose.settings import ComposeSettings
from services.runtime import trust
from tests.compose.alerts import NOW, a_cancel, a_hazard, composed, demo
from tests.compose.reviewers import library, pair, reviews


def real(*, contacts: bool = True) -> Library:
    """The demo's packs, approved for a real place, whose contacts are real too."""
    found = library(reviews(*pair()))
    known = {name: each.model_copy(update={"fictional": not contacts}) for name, each in found.contacts.items()}
    return replace(found, contacts=known)


def made(found: Library) -> Broadcast:
    return compose(a_hazard("boil-water"), found, ComposeSettings(), NOW)


def test_what_the_demo_composes_is_marked_as_fictional() -> None:
    written = json.loads(trust.canonical(composed(a_hazard("boil-water"))))
    assert written["fictional"] is True
    assert written["guidance"][0]["status"] == "draft"


def test_so_is_what_cancels_it() -> None:
    before = composed(a_hazard("boil-water"))
    cancel = compose(a_cancel(), demo(), ComposeSettings(), NOW, before=Before(cancelled=before))
    assert (cancel.kind, cancel.fictional) == (BroadcastKind.CANCEL, True)


def test_no_real_place_gives_people_the_number_of_a_contact_that_does_not_exist() -> None:
    assert made(real(contacts=False)).fictional is True


def test_of_a_real_place_nothing_is_said_and_no_digest_changes() -> None:
    found = made(real())
    assert found.fictional is None
    written = trust.canonical(found)
    assert b"fictional" not in written
    bare = found.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"fictional"})
    assert trust.digest_of(trust.canonical(bare)) == trust.digest_of(written)


@pytest.mark.parametrize(("fictional", "realm", "warned"), [
    (True, Realm.LIVE, True), (True, Realm.DRILL, False), (False, Realm.LIVE, False),
])  # fmt: skip
def test_compose_warns_at_its_start_of_a_fictional_place_in_the_live_realm(
    fictional: bool, realm: Realm, warned: bool
) -> None:
    with capture_logs() as logs:
        warn_of_a_fictional_place(demo().jurisdiction.model_copy(update={"fictional": fictional}), realm)
    assert [line["event"] for line in logs] == (["place.fictional"] if warned else [])
    assert all("TOCSIN_COMPOSE_JURISDICTION" in line["says"] for line in logs)
