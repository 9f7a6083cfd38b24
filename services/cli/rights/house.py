"""The parties of this house: its rooms, and the publishers of its register."""

from collections.abc import Iterable
from pathlib import Path

from schemas.topics import TOPICS, Topic
from schemas.words import Realm
from services.cli.errors import Code, fail
from services.cli.house.rooms import ROOMS
from services.cli.rights.wanted import Parties
from services.intake.publishers import read_register
from services.intake.settings import IntakeSettings
from services.place.reading import DataError
from services.runtime.settings import load

ROOM_NAMES = frozenset(spec.name for spec in ROOMS)


def parties(realm: Realm, register: Path | None = None) -> Parties:
    """Everybody who has a user; ends the verb with a sentence where the register cannot be read."""
    try:
        found = read_register(register or load(IntakeSettings).publishers)
    except DataError as error:
        fail(str(error), Code.WRONG)
    return Parties(realm, ROOM_NAMES, frozenset(found.by_id))


def wanted_topics(there: Parties, topics: Iterable[Topic] = TOPICS) -> list[Topic]:
    """Every topic of the list; a pattern once for each publisher."""
    return [each for topic in topics for each in _each(topic, sorted(there.publishers))]


def _each(topic: Topic, publishers: list[str]) -> list[Topic]:
    return [topic.of(each) for each in publishers] if topic.is_pattern else [topic]
