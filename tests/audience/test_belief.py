"""What is not believed selects nobody; what only lacked a bundle is judged again; replies reach the phonebook."""

import asyncio
from pathlib import Path

import pytest

from schemas.alert import Alert
from schemas.audience import Reply
from schemas.cap import Area
from schemas.trust import Person
from schemas.words import Channel, Grade, Realm, ReplyWord
from services.audience.geometry import kept_of
from services.audience.service import WrongRealmError
from services.audience.signing import BatchKey
from services.cap.areas import areas_of, geometry_hash
from services.runtime.trust import digest_of, new_key, write_key
from services.runtime.trusted import NotTrustedError
from tests.audience.world import (
    BATCHES,
    NOW,
    World,
    broadcast,
    new_world,
    people,
    public,
    release,
    row,
    trust_of,
    withdrawal,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


async def test_a_release_with_one_byte_changed_or_a_signature_missing_selects_nobody(world: World) -> None:
    people(world, row(1))
    good = release(broadcast(), 1)
    wrong = good.decisions[0].model_copy(update={"signature": "A" * 86})
    for bad in (
        good.model_copy(update={"broadcast": good.broadcast.replace("Boil", "Boi1")}),
        good.model_copy(update={"decisions": (wrong,)}),
        good.model_copy(update={"digest": "sha256:" + "0" * 64}),
        good.model_copy(update={"lineage": "sha256:" + "b" * 64}),
    ):
        assert not await world.service.released(bad, "c1")
    await world.work()
    assert world.batches() == []
    assert world.refused == ["digest", "signature", "digest", "lineage"]


async def test_a_withdrawal_by_somebody_without_the_role_stops_nothing(world: World) -> None:
    people(world, row(1))
    world.trusted = trust_of(Person(id="officer-1", roles=("clerk",), keys=()))
    assert not await world.service.stopped(withdrawal(broadcast()), "c1")
    world.trusted = trust_of()
    assert len(await world.release(broadcast(), 1)) == 1


async def test_a_release_that_came_before_the_bundle_is_believed_after_it_and_once(world: World) -> None:
    people(world, row(1))
    world.trusted = None
    for _ in range(2):
        await world.service.released(release(broadcast(), 1), "c1")
    world.restart()
    changed = asyncio.Event()
    watch = asyncio.create_task(world.service.watch(changed))
    world.trusted = trust_of()
    changed.set()
    while not world.batches():
        await asyncio.sleep(0)
        await world.work()
    watch.cancel()
    assert len(world.batches()) == 1
    assert world.refused[:2] == ["no_bundle", "no_bundle"]


async def test_stop_and_start_reach_the_phonebook_by_id(world: World) -> None:
    (who,) = people(world, row(1))

    def said(word: ReplyWord, second: int) -> Reply:
        at = NOW.replace(second=second)
        return Reply(realm=Realm.LIVE, channel=Channel.SMS, subscriber=who, word=word, language="en", at=at)

    await world.service.replied(said(ReplyWord.STOP, 1))
    assert world.book.opted_out([who]) == {who}
    await world.service.replied(said(ReplyWord.START, 2))
    await world.service.replied(said(ReplyWord.STOP, 1))
    await world.service.replied(said(ReplyWord.HELP, 3))
    assert world.book.opted_out([who]) == set()


def test_geometry_has_one_hash_whoever_asks() -> None:
    areas = (
        Area(area_desc="a", polygon=("1,2 3,4 5,6 1,2", "0,0 0,1 1,1 0,0"), circle=("1,2 3",)),
        Area(area_desc="b"),
    )
    infos = [{"language": "en", "category": ["Health"], "event": "e", "urgency": "Past", "severity": "Minor",
              "certainty": "Likely", "area": [area.model_dump(by_alias=True) for area in areas]}]  # fmt: skip
    cap = {"identifier": "i", "sender": "s", "sent": NOW, "status": "Actual", "msgType": "Alert", "scope": "Public",
           "info": infos}  # fmt: skip
    alert = Alert(realm=Realm.LIVE, lineage="l", version=1, grade=Grade.ACCEPT, source="sha256:" + "0" * 64,
                  received=NOW, publisher="p", cap=cap)  # type: ignore[arg-type]  # fmt: skip
    told = "polygon 1,2 3,4 5,6 1,2\npolygon 0,0 0,1 1,1 0,0\ncircle 1,2 3"
    assert geometry_hash(areas_of(alert.cap)) == geometry_hash(areas) == digest_of(told.encode())
    assert geometry_hash(areas[1:]) is None
    assert kept_of(alert)[0]["circle"] == ["1,2 3"]


async def test_a_record_of_the_other_realm_is_parked(world: World) -> None:
    reply = Reply(
        realm=Realm.DRILL, channel=Channel.SMS, subscriber="0" * 32, word=ReplyWord.STOP, language="en", at=NOW
    )
    with pytest.raises(WrongRealmError):
        await world.service.replied(reply)


def test_a_key_that_nobody_would_believe_signs_nothing(tmp_path: Path) -> None:
    key = BatchKey(tmp_path / "audience.pem", trust_of)
    assert "tocsin keys new" in (key.missing() or "")
    write_key(new_key(), tmp_path / "audience.pem")
    with pytest.raises(NotTrustedError, match="no engine's for batch"):
        key.read()
    write_key(BATCHES, tmp_path / "known.pem")
    assert BatchKey(tmp_path / "known.pem", trust_of).read().id == public(BATCHES).id
