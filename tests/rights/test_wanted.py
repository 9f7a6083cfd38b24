"""Rights are read off the list of topics: nothing in it is forgotten, and nobody gets more than it says."""

import ast
import dataclasses

import pytest

from schemas import topics
from schemas.topics import RECEIPTS, TOPICS
from schemas.words import Realm
from services.cli.checks.topics import CLOCK_TOPIC
from services.cli.rights import wanted
from services.cli.rights.acl import Acl, commands
from services.cli.rights.house import ROOM_NAMES, wanted_topics
from services.cli.rights.wanted import OPERATOR, Parties, UnknownPartyError, user
from tests.support.code import modules

LIVE = Parties(Realm.LIVE, ROOM_NAMES, frozenset({"county", "water"}))
DRILL = Parties(Realm.DRILL, ROOM_NAMES, frozenset({"county", "water"}))


def who_may(operation: str, topic: str, parties: Parties = LIVE) -> set[str]:
    """The users, but for the operator."""
    return {
        acl.user
        for acl in parties.rights()
        if (acl.resource, acl.operation, acl.name) == ("topic", operation, topic)
        and acl.user != user(parties.realm, OPERATOR)
    }


@pytest.mark.parametrize(
    ("topic", "writers"),
    [
        ("broadcasts.released", {"tocsin-live-approve"}),
        ("broadcasts.decided", {"tocsin-live-cli"}),
        ("trust", {"tocsin-live-cli"}),
        ("batches.sms.urgent", {"tocsin-live-audience"}),
        ("receipts", {"tocsin-live-receipts"}),
        ("alerts.accepted", {"tocsin-live-intake"}),
        ("deliveries", {"tocsin-live-dispatch-x", "tocsin-live-dispatch-sms"}),
    ],
)
def test_only_its_owner_writes_a_topic(topic: str, writers: set[str]) -> None:
    assert who_may("write", topic) == writers


def test_a_publisher_may_send_alerts_and_hear_its_own_answers_and_nothing_else() -> None:
    assert {acl for acl in LIVE.rights() if acl.user == "tocsin-live-publisher-county"} == {
        Acl("tocsin-live-publisher-county", "topic", "alerts.incoming", "write"),
        Acl("tocsin-live-publisher-county", "topic", "answers.county", "read"),
        Acl("tocsin-live-publisher-county", "group", "live.publisher-county.", "read", "prefixed"),
    }


def test_a_drill_reaches_no_live_topic_and_live_only_the_drills_way_in() -> None:
    live = {topic.of("").full(Realm.LIVE) for topic in TOPICS}
    assert {acl for acl in DRILL.rights() if acl.name in live} == set()
    crossing = {acl.user for acl in LIVE.rights() if acl.name.startswith("drill.") and acl.operation == "write"}
    assert crossing == {"tocsin-live-intake", "tocsin-live-agency"}
    assert who_may("write", "drill.alerts.incoming") == {"tocsin-live-intake"}


def test_groups_of_one_room_are_no_other_rooms() -> None:
    every = [acl for acl in [*LIVE.rights(), *DRILL.rights()] if acl.resource == "group"]
    groups = [acl for acl in every if acl.user not in {user(realm, OPERATOR) for realm in Realm}]
    assert len(groups) > 10
    for one in groups:
        assert [acl.user for acl in groups if one.name.startswith(acl.name)] == [one.user]


@pytest.mark.parametrize("parties", [LIVE, DRILL], ids=lambda parties: parties.realm.value)
def test_the_operator_sees_and_sets_back_the_groups_of_its_own_realm_alone(parties: Parties) -> None:
    """Backup asks how far each room has read, restore puts it back there."""
    who, prefix = user(parties.realm, OPERATOR), f"{parties.realm.value}."
    groups = {acl for acl in parties.rights() if acl.resource == "group" and acl.user == who}
    assert groups == {Acl(who, "group", prefix, step, "prefixed") for step in ("describe", "read")}
    assert all(acl.name.startswith(prefix) for acl in parties.rights() if acl.resource == "group")


def test_the_operator_reads_every_topic_that_a_room_of_its_realm_reads() -> None:
    """Without it a group's place on a topic is left out of a backup, and nobody is told."""
    for parties in (LIVE, DRILL):
        reads = [acl for acl in parties.rights() if (acl.resource, acl.operation) == ("topic", "read")]
        may = [acl for acl in reads if acl.user == user(parties.realm, OPERATOR)]
        names = {acl.name for acl in reads if acl.user not in {each.user for each in may}}
        assert len(names) > 10
        assert {name for name in names if not any(covers(acl, name) for acl in may)} == set()


def covers(acl: Acl, name: str) -> bool:
    """Whether a right on a resource of this kind is one on `name`, or on all that begins so."""
    return name == acl.name or (acl.pattern == "prefixed" and name.startswith(acl.name))


def test_nobody_grants_rights_and_only_the_operator_and_the_door_make_topics() -> None:
    assert {acl.operation for acl in LIVE.rights() if acl.resource == "cluster"} == {"describe"}
    makers = {acl.user for acl in LIVE.rights() if acl.operation == "create"}
    assert makers == {"tocsin-live-operator", "tocsin-live-agency"}


def test_the_clocks_topic_is_the_one_that_doctor_uses() -> None:
    assert wanted.CLOCK == CLOCK_TOPIC


def test_a_party_that_this_list_does_not_know_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = dataclasses.replace(RECEIPTS, readers=("somebody new",))
    monkeypatch.setattr(wanted, "TOPICS", (*TOPICS, odd))
    with pytest.raises(UnknownPartyError, match="somebody new"):
        LIVE.rights()


def test_every_topic_has_somebody_who_writes_and_reads_it() -> None:
    for topic in wanted_topics(LIVE):
        for operation in ("write", "read"):
            named = [acl for acl in LIVE.rights() if acl.resource == "topic" and acl.operation == operation]
            fits = [acl for acl in named if covers(acl, topic.name)]
            assert {acl.user for acl in fits} - {"tocsin-live-operator"}, (topic.name, operation)


def test_the_command_line_reads_and_writes_what_the_list_gives_it() -> None:
    used = {"read": set[str](), "publish": set[str]()}
    for module in modules():
        if module.name.startswith("services.cli."):
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in used:
                    used[node.func.attr] |= {each.id for each in node.args[:1] if isinstance(each, ast.Name)}
    names = {key: value for key, value in vars(topics).items() if key.isupper()}
    assert {"RELEASED", "PARKED"} <= used["read"]
    assert {"STOPPED", "DECIDED", "TRUST"} <= used["publish"]
    assert [name for name in used["read"] & names.keys() if "cli" not in names[name].readers] == []
    assert [name for name in used["publish"] & names.keys() if "cli" not in names[name].writers] == []


def test_commands_are_kafkas_own() -> None:
    acls = [
        Acl("tocsin-live-agency", "topic", "answers.", "create", "prefixed"),
        Acl("tocsin-live-agency", "topic", "answers.", "write", "prefixed"),
        Acl("tocsin-live-operator", "cluster", "kafka-cluster", "describe"),
        Acl("tocsin-live-operator", "topic", "trust", "describe_configs"),
    ]
    begins = 'kafka-acls.sh --bootstrap-server "$KAFKA" --command-config "$KAFKA_ADMIN" --add --allow-principal'
    prefixed = "--topic answers. --resource-pattern-type prefixed"
    assert commands(acls) == [
        f"{begins} User:tocsin-live-agency --operation Create --operation Write {prefixed}",
        f"{begins} User:tocsin-live-operator --operation Describe --cluster",
        f"{begins} User:tocsin-live-operator --operation DescribeConfigs --topic trust --resource-pattern-type literal",
    ]
