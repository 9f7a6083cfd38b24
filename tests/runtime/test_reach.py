"""What a room says of itself when Kafka does not let it in, or takes a right from it while it runs."""

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from prometheus_client import CollectorRegistry, Gauge

from services.runtime.lag import Lag
from services.runtime.reach import Reach

ONE = TopicPartition("deliveries", 0)


class FakeConsumer:
    """Reads one partition, as long as it may."""

    def __init__(self) -> None:
        self.allowed = True

    def assignment(self) -> set[TopicPartition]:
        return {ONE}

    async def end_offsets(self, partitions: set[TopicPartition]) -> dict[TopicPartition, int]:
        if not self.allowed:
            raise TopicAuthorizationFailedError(ONE)
        return dict.fromkeys(partitions, 10)

    async def position(self, partition: TopicPartition) -> int:
        return 10


def test_a_room_that_is_well_says_nothing() -> None:
    assert Reach("kafka:9093", "tocsin-live-record").missing() is None


def test_a_broker_that_does_not_answer_is_named() -> None:
    reach = Reach("kafka:9093", None)
    reach.failed(KafkaConnectionError("Unable to bootstrap"))
    assert str(reach.missing()).startswith("Kafka at kafka:9093 does not answer, or does not let this room in")
    reach.well()
    assert reach.missing() is None


def test_what_is_refused_is_named_with_the_user() -> None:
    reach = Reach("kafka:9093", "tocsin-live-record")
    reach.failed(TopicAuthorizationFailedError("deliveries is missing, and this user may not make it"))
    assert str(reach.missing()).startswith(
        "Kafka refuses tocsin-live-record: deliveries is missing, and this user may not make it; "
    )


async def test_a_right_that_is_taken_away_shows_until_it_is_back() -> None:
    consumer, reach = FakeConsumer(), Reach("kafka:9093", "tocsin-live-record")
    registry = CollectorRegistry()
    lag = Lag(Gauge("lag", "", ["topic"], registry=registry), Gauge("up", "", registry=registry), reach)
    lag.watch("deliveries", lambda: consumer)
    consumer.allowed = False
    await lag.look()
    assert str(reach.missing()).startswith("Kafka refuses tocsin-live-record: it may not read deliveries; ")
    consumer.allowed = True
    await lag.look()
    assert reach.missing() is None
