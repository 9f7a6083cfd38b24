"""A room's rights on the broker let it read what its code subscribes to, in the groups that it names."""

from typing import Any

import pytest

from schemas.words import Realm
from services.cli.house.blueprint import Blueprint
from services.cli.house.rooms import ROOMS, RoomSpec
from services.cli.rights.house import ROOM_NAMES, parties
from services.cli.rights.wanted import user


@pytest.mark.parametrize("spec", ROOMS, ids=lambda spec: spec.name)
def test_a_room_may_read_what_it_subscribes_to(spec: RoomSpec, plan: Blueprint) -> None:
    mine = [acl for acl in parties(Realm.LIVE).rights() if acl.user == user(Realm.LIVE, spec.name)]
    topics = {acl.name for acl in mine if acl.resource == "topic" and acl.operation == "read"}
    groups = tuple(acl.name for acl in mine if acl.resource == "group")
    subscribers: list[Any] = list(plan.rooms[spec.name].broker.subscribers)
    for subscriber in subscribers:
        assert set(subscriber.topic_names) <= topics
        assert str(subscriber.group_id).startswith(groups)


def test_every_room_has_a_user() -> None:
    assert {spec.name for spec in ROOMS} <= ROOM_NAMES
