"""Every topic's parked record says what has not happened, and each kind of error what helps."""

import pytest

from schemas.topics import PARKED, TOPICS, Topic
from schemas.words import Realm
from services.cli.parked import words as parked_words
from services.runtime.decoding import UnreadableError


@pytest.mark.parametrize("topic", [each for each in TOPICS if each != PARKED], ids=lambda topic: topic.name)
@pytest.mark.parametrize("realm", Realm)
def test_every_topic_has_words(topic: Topic, realm: Realm) -> None:
    name = topic.name if topic.is_pattern else topic.full(realm)
    assert parked_words.effect_of(name) != parked_words.effect_of("no.such.topic")


def test_what_the_record_cannot_read_holds_nothing_up() -> None:
    assert "goes on" in parked_words.effect_of("broadcasts.released", "record")
    assert "nothing is sent" in parked_words.effect_of("broadcasts.released", "dispatch/sms")


def test_a_strange_record_is_dropped_and_a_failed_one_replayed() -> None:
    assert "tocsin parked drop t/0/1 --as" in parked_words.cure(UnreadableError.__name__, "t/0/1#audience")
    assert "tocsin parked replay t/0/1#audience --as" in parked_words.cure("KeyError", "t/0/1#audience")
    assert parked_words.why("KeyError") != parked_words.why(UnreadableError.__name__)
