"""One stored record of every kind and case, as the released version wrote it. They are never written anew."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.audience import Batch
from schemas.base import Record
from schemas.broadcast import Broadcast
from schemas.decision import Decision, Recompose
from schemas.guidance import GuidanceApproval
from schemas.release import Release, Stop
from schemas.trust import Bundle, Revocation
from schemas.words import BroadcastKind, DecisionWord, Realm
from services.runtime import trust, verifier
from tests.support.code import REPOSITORY
from tests.support.release import KINDS as RELEASED_KINDS

FOLDER = REPOSITORY / "schemas" / "specimens"
#: The public half of the key that signed the specimen of an approval of guidance; the private half was thrown away.
GUIDANCE_KEY = "dEMKkUlPEbTtkhYlRUUqEm-bFxcHcANzOfYQ2nAv1CU"
FILES = sorted(FOLDER.glob("*.json"))
KINDS = {kind.schema_name: kind for kind in RELEASED_KINDS}


def load(path: Path) -> Record:
    return KINDS[path.name.split(".")[0]].model_validate_json(path.read_bytes())


def specimen(name: str) -> Any:
    return load(FOLDER / f"{name}.json")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_specimen_comes_back_as_it_was(path: Path) -> None:
    record = load(path)
    assert json.loads(record.model_dump_json(by_alias=True, exclude_none=True)) == json.loads(path.read_bytes())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_field_from_the_future_is_ignored_outside_what_is_signed(path: Path) -> None:
    content = json.loads(path.read_bytes())
    kind = KINDS[path.name.split(".")[0]]
    assert kind.model_validate({**content, "from_the_future": {"a": 1}}) == load(path)


def test_every_kind_of_record_has_one() -> None:
    assert {path.name.split(".")[0] for path in FILES} == set(KINDS)


def test_an_update_a_cancel_a_withdrawal_a_drill_and_a_fictional_place_are_among_them() -> None:
    assert specimen("broadcast.v1.update").kind is BroadcastKind.UPDATE
    assert specimen("broadcast.v1.cancel").kind is BroadcastKind.CANCEL
    assert specimen("stop.v1.withdrawal").decision.statement.decision is DecisionWord.WITHDRAW
    assert specimen("broadcast.v1.drill").realm is Realm.DRILL
    assert (specimen("broadcast.v1.fictional").fictional, specimen("broadcast.v1.alert").fictional) == (True, None)
    assert specimen("alert.v1.drill").realm is Realm.DRILL


def test_the_signatures_of_the_released_version_are_still_believed() -> None:
    bundle: Bundle = specimen("bundle.v1.first")
    trusted = verifier.bundle(bundle, Realm.LIVE, None, None)
    release: Release = specimen("release.v1.one-approver")
    soon = release.at + timedelta(seconds=10)
    assert verifier.release(release, trusted, Realm.LIVE, soon).people == ("officer-1",)
    stop: Stop = specimen("stop.v1.withdrawal")
    issued = stop.decision.statement.issued
    assert verifier.stop(stop, trusted, Realm.LIVE, issued + timedelta(seconds=10)).people == ("officer-2",)
    batch: Batch = specimen("batch.v1.urgent")
    verifier.batch(batch, trusted, Realm.LIVE)
    recompose: Recompose = specimen("recompose.v1.pack")
    assert verifier.recompose(recompose, trusted, Realm.LIVE).id == "officer-1"
    revocation: Revocation = specimen("revocation.v1.lost-key")
    assert revocation.statement.key in verifier.revocation(revocation, Realm.LIVE, trusted).revoked


def test_an_approval_of_guidance_of_the_released_version_is_still_believed() -> None:
    approval: GuidanceApproval = specimen("guidance-approval.v1.health-officer")
    assert trust.verifies(GUIDANCE_KEY, "guidance", approval.statement, approval.signature)
    other = approval.statement.model_copy(update={"jurisdiction": "elsewhere"})
    assert not trust.verifies(GUIDANCE_KEY, "guidance", other, approval.signature)


@pytest.mark.parametrize("case", ["approve", "return", "override"])
def test_decisions_of_the_released_version_are_still_believed(case: str) -> None:
    trusted = verifier.bundle(specimen("bundle.v1.first"), Realm.LIVE, None, None)
    decision: Decision = specimen(f"decision.v1.{case}")
    roles = ("duty-officer", "communications-lead", "duty-director")
    assert verifier.signer(decision, trusted, Realm.LIVE, roles).id == decision.statement.person


def test_the_digest_of_a_broadcast_is_still_the_same() -> None:
    """Another spelling of a default, a new field that is not left out when empty, and every signature is void."""
    broadcast: Broadcast = specimen("broadcast.v1.alert")
    assert trust.digest_of(trust.canonical(broadcast)) == specimen("decision.v1.approve").statement.digest


def test_the_same_check_can_fail() -> None:
    trusted = verifier.bundle(specimen("bundle.v1.first"), Realm.LIVE, None, None)
    decision: Decision = specimen("decision.v1.approve")
    forged = decision.model_copy(update={"statement": decision.statement.model_copy(update={"reach": 1_000_000})})
    with pytest.raises(verifier.NotTrustedError):
        verifier.signer(forged, trusted, Realm.LIVE, ("duty-officer",))


@pytest.mark.parametrize("value", [False, "true", "no"])
def test_of_a_real_place_nothing_is_written_so_that_its_digest_has_one_spelling(value: object) -> None:
    content = json.loads((FOLDER / "broadcast.v1.alert.json").read_bytes())
    with pytest.raises(ValidationError):
        Broadcast.model_validate_json(json.dumps({**content, "fictional": value}))
