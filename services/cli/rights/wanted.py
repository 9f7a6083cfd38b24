"""The rights of every user, out of `schemas.topics`: a topic's writers may write it, its readers may read it.

One user for each room, for each registered publisher, for the command line, and for the operator who makes topics,
puts parked records back, and makes and restores backups. Nobody else may do anything, and no room can write what
another decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.topics import INCOMING, TOPICS, Topic
from schemas.words import Realm
from services.cli.rights.acl import CLUSTER, Acl, Operation, Pattern

CLI, OPERATOR = "cli", "operator"
#: Live parties that follow what became of a drill, too: the agencies' door, and `tocsin publish`.
FOLLOW_DRILLS = ("agency", CLI)
#: The topic by which `tocsin doctor` asks the broker for its clock (services.cli.checks.topics).
CLOCK = "tocsin.clock"
_OPERATES: tuple[Operation, ...] = ("create", "describe", "describe_configs", "read", "write")
#: How far a room has read (`tocsin backup`), and setting it back there (`tocsin restore`).
_KEEPS: tuple[Operation, ...] = ("describe", "read")


class UnknownPartyError(ValueError):
    """The list of topics names a writer or reader of whom this file does not know which user it is."""


def followed() -> list[Topic]:
    """The drill's topics without which a live party cannot start: what it follows, and where intake hands drills to."""
    return [topic for topic in TOPICS if topic == INCOMING or topic.is_pattern or {*FOLLOW_DRILLS} & {*topic.readers}]


def user(realm: Realm, party: str) -> str:
    """The broker's user of a room, a publisher (`publisher-<id>`), the command line or the operator."""
    return f"tocsin-{realm.value}-{party.replace('/', '-')}"


def publisher(each: str) -> str:
    """The party that a registered publisher is; no room has such a name."""
    return f"publisher-{each}"


@dataclass(frozen=True)
class Parties:
    """Who there is in one realm: rooms by name (`dispatch/sms`), publishers by their id in the register."""

    realm: Realm
    rooms: frozenset[str]
    publishers: frozenset[str]

    def rights(self) -> list[Acl]:
        """Every ACL of the realm, sorted. UnknownPartyError where the list of topics names somebody new."""
        found = set(_operator(self.realm))
        for topic in TOPICS:
            for word in topic.writers:
                found.update(self._of_party(topic, word, "write"))
            for word in topic.readers:
                found.update(self._of_party(topic, word, "read"))
        return sorted(found | {self._group(party) for party in self._readers()})

    def users(self) -> list[str]:
        """Every user of the realm."""
        return sorted({acl.user for acl in self.rights()})

    def is_ours(self, name: str) -> bool:
        """Whether a user of the broker is one of this realm's, also one that is wanted no more."""
        return name.startswith(user(self.realm, ""))

    def _of_party(self, topic: Topic, word: str, operation: Operation) -> Iterator[Acl]:
        if word == "agencies":
            for each in self.publishers:
                name = (topic.of(each) if topic.is_pattern else topic).full(self.realm)
                yield Acl(user(self.realm, publisher(each)), "topic", name, operation)
        elif word == "any room":
            for room in self.rooms:
                yield Acl(user(self.realm, room), "topic", topic.full(self.realm), operation)
        elif word == "intake (live, to drill)":
            if self.realm is Realm.LIVE:
                yield Acl(user(self.realm, "intake"), "topic", topic.full(Realm.DRILL), operation)
        elif word in self.rooms or word == CLI:
            yield from self._of_room(topic, word, operation)
        else:
            raise UnknownPartyError(f"{topic.name} names {word!r}, which is no room, publisher or verb that has a user")

    def _of_room(self, topic: Topic, room: str, operation: Operation) -> Iterator[Acl]:
        """A room that writes a topic of each publisher makes it, too: the register grows while it runs."""
        follows = room in FOLLOW_DRILLS and (operation == "read" or topic.is_pattern)
        for realm in {self.realm, Realm.DRILL} if follows else {self.realm}:
            name = topic.of("").full(realm)
            yield Acl(user(self.realm, room), "topic", name, operation, _pattern(topic))
            if topic.is_pattern and operation == "write":
                yield Acl(user(self.realm, room), "topic", name, "create", "prefixed")

    def _readers(self) -> frozenset[str]:
        """Who reads as a member of a group; the command line reads outside every group."""
        named = {word for topic in TOPICS for word in topic.readers}
        agencies = {publisher(each) for each in self.publishers} if "agencies" in named else set()
        return (self.rooms & named) | agencies

    def _group(self, party: str) -> Acl:
        """Groups are called `<realm>.<party>.…` (services.runtime.room), so that one prefix holds them all."""
        prefix = f"{self.realm.value}.{party.replace('/', '-')}."
        return Acl(user(self.realm, party), "group", prefix, "read", "prefixed")


def _pattern(topic: Topic) -> Pattern:
    return "prefixed" if topic.is_pattern else "literal"


def _operator(realm: Realm) -> Iterator[Acl]:
    """Makes topics, gives parked records and groups back to their room, looks at rights (`doctor`); grants none."""
    name = user(realm, OPERATOR)
    yield Acl(name, "cluster", CLUSTER, "describe")
    yield from (Acl(name, "topic", CLOCK, step) for step in _OPERATES)
    for topic in TOPICS:
        for step in _OPERATES:
            yield Acl(name, "topic", topic.of("").full(realm), step, _pattern(topic))
    yield from (Acl(name, "group", f"{realm.value}.", step, "prefixed") for step in _KEEPS)
    if realm is Realm.LIVE:  # live groups read there, too
        for topic in followed():
            for step in ("create", *_KEEPS):
                yield Acl(name, "topic", topic.of("").full(Realm.DRILL), step, _pattern(topic))
