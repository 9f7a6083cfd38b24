"""A real broker with SASL and an authorizer: what each user can do there, tried, not read off the ACLs."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.fetch import FetchRequest
from pydantic import SecretStr

from schemas.topics import Topic
from schemas.words import Realm
from services.cli.checks import broker, running, topics
from services.cli.checks import rights as check
from services.cli.checks.finding import Found
from services.cli.context import Context
from services.cli.doctor import everything
from services.cli.errors import Failure
from services.cli.house.prepare import prepare
from services.cli.kafka import Kafka
from services.cli.rights.acl import Acl
from services.cli.rights.broker import rights_of
from services.cli.rights.house import ROOM_NAMES, parties, wanted_topics
from services.cli.rights.verbs import acls
from services.cli.rights.wanted import CLI, OPERATOR, publisher, user
from services.runtime.doors import announce
from services.runtime.kafka_access import KafkaAccess
from services.runtime.keeper import Keeper, bundle_path
from tests.rights.conftest import Secured
from tests.support.secured import ADMIN, access, being
from tests.support.serving import served

pytestmark = pytest.mark.connected

PARTIES = [*sorted(ROOM_NAMES), CLI]
EVERY = wanted_topics(parties(Realm.DRILL))
ALL = sorted({topic.full(realm) for topic in EVERY for realm in Realm})
NOT_ALLOWED = TopicAuthorizationFailedError.errno


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """aiokafka logs each refusal, and refusals are what these tests are about."""
    log = logging.getLogger("aiokafka")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    yield
    log.setLevel(before)


async def can_write(servers: str, who: str, topics: list[str]) -> set[str]:
    """The topics that take a record from this user."""
    taken = set()
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all", **access(who).arguments()) as producer:
        for topic in topics:
            try:
                await producer.send_and_wait(topic, b"a test's own", key=b"a test's")
            except TopicAuthorizationFailedError:
                continue
            taken.add(topic)
    return taken


async def can_read(servers: str, who: str, topics: list[str]) -> set[str]:
    """The topics whose first partition is given to this user."""
    client = AIOKafkaClient(bootstrap_servers=servers, **access(who).arguments())
    await client.bootstrap()
    try:
        given = set()
        for topic in topics:
            request = FetchRequest(0, 0, 1_000_000, 0, [(topic, [(0, 0, 1_000_000)])])
            answer = await client.send(client.get_random_node(), request)
            [(_, [(_, code, *_)])] = answer.topics
            assert code in {0, NOT_ALLOWED}
            given |= {topic} if code == 0 else set()
        return given
    finally:
        await client.close()


def listed(party: str, side: Callable[[Topic], tuple[str, ...]], *, everybody: bool) -> set[str]:
    """What the list of topics gives a room, in the drill's names. Read here by other code than the rights are."""
    return {
        topic.full(Realm.DRILL) for topic in EVERY if party in side(topic) or (everybody and "any room" in side(topic))
    }


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_writes_what_the_list_says_and_nothing_else(secured: Secured, party: str) -> None:
    """Into the drill's topics, so that the live ones stay clean for the rooms of the last test."""
    wanted = listed(party, lambda topic: topic.writers, everybody=party != CLI)
    found = asyncio.run(can_write(secured.kafka.bootstrap, user(Realm.DRILL, party), ALL))
    assert found == wanted


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_reads_what_the_list_says_and_nothing_else(secured: Secured, party: str) -> None:
    wanted = listed(party, lambda topic: topic.readers, everybody=False)
    found = asyncio.run(can_read(secured.kafka.bootstrap, user(Realm.DRILL, party), ALL))
    assert found == wanted


def test_a_publisher_sends_alerts_and_hears_its_own_answers_only(secured: Secured) -> None:
    one, other = sorted(secured.live.publishers)[:2]
    servers, who = secured.kafka.bootstrap, user(Realm.LIVE, publisher(one))
    assert asyncio.run(can_write(servers, who, [t for t in ALL if t != "alerts.incoming"])) == set()
    assert asyncio.run(can_read(servers, who, ALL)) == {f"answers.{one}"}
    assert f"answers.{other}" in ALL
    mine = {acl for acl in secured.live.rights() if acl.user == who}
    assert Acl(who, "topic", "alerts.incoming", "write") in mine


def test_a_room_cannot_join_another_rooms_group(secured: Secured) -> None:
    """It would take its partitions, and with them its records."""

    async def join(group: str) -> None:
        consumer = AIOKafkaConsumer(
            "drill.alerts.accepted", bootstrap_servers=secured.kafka.bootstrap, group_id=group,
            **access(user(Realm.DRILL, "audience")).arguments(),
        )  # fmt: skip
        try:
            await consumer.start()
            await consumer.getmany(timeout_ms=500)
        finally:
            await consumer.stop()

    asyncio.run(join("drill.audience.alerts.accepted"))
    with pytest.raises(GroupAuthorizationFailedError):
        asyncio.run(join("drill.record.alerts.accepted"))


async def come(servers: str, access: KafkaAccess) -> None:
    """Say hello to the broker. KafkaError where it does not let this in."""
    client = AIOKafkaClient(bootstrap_servers=servers, request_timeout_ms=3000, **access.arguments())
    try:
        await client.bootstrap()
    finally:
        await client.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kafka_user": "tocsin-live-nobody"},
        {"kafka_password": SecretStr("another user's")},
        {"kafka_protocol": "PLAINTEXT", "kafka_user": None},
        {"kafka_ca": None},
    ],
    ids=["a user that there is not", "a wrong password", "no user", "a broker that nobody vouches for"],
)
def test_nobody_gets_in_with(secured: Secured, wrong: dict[str, Any]) -> None:
    right = access(user(Realm.LIVE, "record"))
    asyncio.run(come(secured.kafka.bootstrap, right))
    with pytest.raises(KafkaError):
        asyncio.run(come(secured.kafka.bootstrap, right.model_copy(update=wrong)))


def test_granting_again_changes_nothing(secured: Secured, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with being(ADMIN):
        acls(tmp_path, Realm.LIVE, apply=True, prune=True)
    assert capsys.readouterr().out == "the broker has exactly these rights\n"


def test_the_operator_grants_nothing(secured: Secured, tmp_path: Path) -> None:
    """Or whoever may put parked records back could give himself the rest."""

    async def grab() -> None:
        me = user(Realm.LIVE, OPERATOR)
        async with rights_of(secured.kafka.bootstrap, access(me)) as rights:
            await rights.add([Acl(me, "topic", "anything", "write")])

    with being(user(Realm.LIVE, "intake")), pytest.raises(Failure, match="may not grant rights"):
        acls(tmp_path, Realm.LIVE, apply=True)
    with pytest.raises(KafkaError, match=r"[Cc]luster"):
        asyncio.run(grab())


def doctor(folder: Path) -> list[Found]:
    with being(user(Realm.LIVE, OPERATOR)):
        return list(check.look(Context(folder)))


def change(secured: Secured, work: str, acl: Acl) -> None:
    async def errand() -> None:
        async with rights_of(secured.kafka.bootstrap, access(ADMIN)) as rights:
            step: Callable[[list[Acl]], Coroutine[Any, Any, None]] = getattr(rights, work)
            await step([acl])

    asyncio.run(errand())


def test_doctor_sees_rights_that_are_missing_and_those_too_many(
    secured: Secured, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [found.verdict for found in doctor(tmp_path)] == ["good"]
    change(secured, "remove", Acl("tocsin-live-record", "topic", "trust", "read"))
    change(secured, "add", Acl("tocsin-live-receipts", "topic", "broadcasts.released", "write"))
    missing, surplus = doctor(tmp_path)
    assert (missing.verdict, missing.says) == ("bad", "tocsin-live-record may not read topic trust")
    assert surplus.verdict == "mind"
    assert "tocsin-live-receipts may write topic broadcasts.released" in surplus.says
    with being(ADMIN):
        acls(tmp_path, Realm.LIVE, apply=True, prune=True)
    assert "taken away: tocsin-live-receipts may write broadcasts.released" in capsys.readouterr().out
    assert [found.verdict for found in doctor(tmp_path)] == ["good"]


def test_the_operator_may_do_all_that_doctor_does(secured: Secured, tmp_path: Path) -> None:
    """Topics beside the list, and the broker's clock, which takes a topic of its own."""
    with being(user(Realm.LIVE, OPERATOR)):
        found = [*broker.look(Context(tmp_path)), *running.look(Context(tmp_path)), *topics.look(Context(tmp_path))]
    assert [each.subject for each in found] == ["kafka", "rooms", "topics", "clock"]
    assert [each.verdict for each in found if each.subject != "rooms"] == ["good"] * 3


def test_topics_that_a_user_may_not_see_are_not_called_missing(secured: Secured, tmp_path: Path) -> None:
    """Kafka leaves them out of its list, as if nobody had made them."""
    with being(user(Realm.LIVE, "record")):
        [found] = broker.look(Context(tmp_path))
    assert (found.subject, found.verdict) == ("kafka", "mind")
    assert "tocsin-live-record may not see" in found.says
    assert found.do.startswith("ask as tocsin-live-operator")


def test_in_a_rooms_own_pod_doctor_calls_nothing_broken(
    secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kubectl exec record-0 -- tocsin doctor`: a data folder of its own, and a user that sees its own topics alone."""
    context = Context(tmp_path)
    prepare(context, sandbox=True)
    Keeper(context.shared, "record")  # the pod's copy of the bundle
    for path in (bundle_path(context.home), context.home / "sandbox.json"):
        path.unlink(missing_ok=True)
    monkeypatch.setenv("TOCSIN_RECORD_PRIVATE_PORT", "9100")
    with being(user(Realm.LIVE, "record")), served(lambda _: web.json_response({"missing": [], "alarms": []})) as url:
        announce(context.home, "record", {"private": url}, "record-0")
        found = list(everything(context))
    # The password of this test is short, and this room counts nothing.
    assert [each.subject for each in found if each.verdict == "bad"] == ["secrets"]
    assert {("trust", "good"), ("record", "good"), ("rooms", "mind"), ("kafka", "mind")} <= {
        (each.subject, each.verdict) for each in found
    }


def test_who_may_not_look_is_told_who_may(secured: Secured, tmp_path: Path) -> None:
    with being(user(Realm.LIVE, "record")):
        [found] = check.look(Context(tmp_path))
    assert (found.verdict, found.do) == ("mind", "ask as tocsin-live-operator")


def test_a_broker_that_asks_nobody_has_no_rights_to_give(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_KAFKA", kafka.bootstrap)
    with pytest.raises(Failure, match="asks nobody who he is"):
        acls(tmp_path, Realm.LIVE, apply=True)
    assert [found.verdict for found in check.look(Context(tmp_path))] == ["good"]
    monkeypatch.setenv("TOCSIN_KAFKA", "kafka.example:9092")
    assert [found.verdict for found in check.look(Context(tmp_path))] == ["mind"]
