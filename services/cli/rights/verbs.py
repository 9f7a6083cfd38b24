"""`tocsin kafka topics|users|acls`: what a broker that asks who comes needs before the rooms may start."""

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer
from aiokafka.errors import ClusterAuthorizationFailedError, SecurityDisabled

from schemas.words import Realm
from services.cli import wire
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.rights.acl import Acl, commands
from services.cli.rights.broker import rights_of
from services.cli.rights.house import parties, wanted_topics
from services.cli.rights.wanted import Parties, followed
from services.runtime import topics as topic_maker
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import SharedSettings, load

RegisterOption = Annotated[
    Path | None, typer.Option("--register", help="The register of publishers; else TOCSIN_INTAKE_PUBLISHERS.")
]
#: Bytes of chance in a password: 256 bits, far beyond guessing.
_PASSWORD_BYTES = 32


def topics(
    data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, register: RegisterOption = None, *,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Make the topics of a realm that are missing, each publisher's own too (as the operator)."""
    context = Context(data, realm, as_json)
    made: list[str] = wire.run(_make(context, parties(realm, register)))
    context.say(f"{len(made)} topics made" if made else "all topics are there", made=made)


async def _make(context: Context, there: Parties) -> list[str]:
    """The realm's own; for live also those of the drill's that live parties follow, whether a drill runs or not."""
    access, replication = load(KafkaAccess), load(SharedSettings).replication
    wanted = {context.realm: wanted_topics(there)}
    if context.realm is Realm.LIVE:
        wanted[Realm.DRILL] = wanted_topics(there, followed())
    return [
        name
        for realm, each in wanted.items()
        for name in await topic_maker.ensure(context.kafka, realm, replication, each, access=access)
    ]


def users(
    into: Annotated[Path, typer.Option("--into", help="Folder of the passwords, one file a user; kept where it is.")],
    data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, register: RegisterOption = None, *,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Make a password for each user who has none yet, and print Kafka's commands that enter them."""
    context = Context(data, realm, as_json)
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in parties(realm, register).users():
        file = into / name
        if not file.exists():
            file.touch(0o600)
            file.write_text(secrets.token_urlsafe(_PASSWORD_BYTES))
        command = (
            'kafka-configs.sh --bootstrap-server "$KAFKA" --command-config "$KAFKA_ADMIN" --alter --entity-type users '
            f'--entity-name {name} --add-config "SCRAM-SHA-512=[password=$(cat {file})]"'
        )
        context.say(command, user=name, file=str(file))


def acls(
    data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, register: RegisterOption = None, *,
    apply: Annotated[bool, typer.Option("--apply", help="Grant them on the broker, as a super user of it.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="With --apply: take away what is not listed.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Print who may do what, as commands of kafka-acls.sh; or grant it."""
    context = Context(data, realm, as_json)
    there = parties(realm, register)
    if prune and not apply:
        fail("--prune only goes with --apply", Code.WRONG)
    if apply:
        _say_done(context, *_asked(_grant(context, there, prune=prune)))
    elif as_json:
        for acl in there.rights():
            context.emit(vars(acl))
    else:
        print("\n".join(commands(there.rights())))


def _say_done(context: Context, added: list[Acl], removed: list[Acl]) -> None:
    for word, found in (("granted", added), ("taken away", removed)):
        for acl in found:
            context.say(f"{word}: {acl.sentence}", did=word, **vars(acl))
    if not added and not removed and not context.as_json:
        print("the broker has exactly these rights")


async def _grant(context: Context, there: Parties, *, prune: bool) -> tuple[list[Acl], list[Acl]]:
    wanted = set(there.rights())
    async with rights_of(context.kafka, load(KafkaAccess)) as rights:
        standing, _ = await rights.standing()
        added = sorted(wanted - standing)
        await rights.add(added)
        ours = {acl for acl in standing if there.is_ours(acl.user)}
        removed = sorted(ours - wanted) if prune else []
        await rights.remove(removed)
    return added, removed


def _asked(work: Any) -> Any:  # noqa: ANN401 - any errand, any answer
    """Run an errand about rights; the two ways in which a broker has none to give become sentences."""

    async def errand() -> Any:  # noqa: ANN401
        try:
            return await work
        except SecurityDisabled:
            fail("this broker asks nobody who he is: it needs SASL and an authorizer first (README, Deploying)")
        except ClusterAuthorizationFailedError:
            fail("this user may not grant rights: name one of the broker's super users in TOCSIN_KAFKA_USER")

    return wire.run(errand())
