"""`tocsin withdraw` and `tocsin recompose`: one person's signed word that goes straight to whoever carries it out."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from schemas.decision import Recompose, RecomposeStatement
from schemas.release import Stop
from schemas.topics import RECOMPOSITIONS, STOPPED
from schemas.words import DecisionWord, Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.finding import Found, released
from services.cli.lineages import whole
from services.cli.proof import proof
from services.cli.reasons import clean
from services.cli.signing import (
    KeyOption,
    PersonOption,
    RoleOption,
    Signer,
    YesOption,
    choose_role,
    confirm,
    nonce,
    open_key,
    open_trust,
    sign_decision,
)
from services.runtime import verifier
from services.runtime.trusted import NotTrustedError, Trust

LineageArgument = Annotated[
    str, typer.Argument(metavar="LINEAGE", help="Or its first 8 digits, or its page's address.")
]


class Form(StrEnum):
    """How long the texts are."""

    LONG = "long"
    SHORT = "short"
    MINIMUM = "minimum"


def withdraw(
    lineage: LineageArgument, *, person: PersonOption, key: KeyOption, role: RoleOption = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the signed record.")],
    yes: YesOption = False, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take back what was sent, everywhere, at once: one person's word, straight to every dispatcher."""
    context = Context(data, realm, as_json)
    clean(reason)
    lineage = whole(context, lineage)
    trust, found = open_trust(context), released(context, lineage)
    record = _stop(context, found, Signer(person, key, role), trust, reason)
    if not as_json:
        print(proof(found))
    confirm(f"take this back everywhere, as {person}?", yes=yes)
    context.publish(STOPPED, lineage, record)
    context.say(
        f"withdrawn: whoever got it gets the withdrawal; `tocsin status {lineage}` shows what is still out",
        lineage=lineage, version=found.broadcast.version, revision=found.broadcast.revision, digest=found.digest,
        decision="withdraw", person=person, source=found.source,
    )  # fmt: skip


def _stop(context: Context, found: Found, signer: Signer, trust: Trust, reason: str) -> Stop:
    issued, lineage = datetime.now(UTC).replace(microsecond=0), found.broadcast.lineage
    decision = sign_decision(
        signer, trust, trust.policy.withdraw_roles, lineage=lineage, realm=context.realm, word=DecisionWord.WITHDRAW,
        digest=found.digest, reason=reason, issued=issued, expires=issued + timedelta(seconds=trust.policy.take_back_s),
    )  # fmt: skip
    record = Stop(realm=context.realm, lineage=lineage, digest=found.digest, broadcast=found.text, decision=decision)
    try:
        verifier.stop(record, trust, context.realm, issued)
    except NotTrustedError as error:
        fail(f"no dispatcher would believe that: {error}")
    return record


def recompose(
    lineage: LineageArgument, *, person: PersonOption, key: KeyOption, role: RoleOption = None,
    pack: Annotated[str | None, typer.Option("--pack", help="Another guidance pack, by its id.")] = None,
    form: Annotated[Form | None, typer.Option("--form", help="Another length of the texts.")] = None,
    slot: Annotated[list[str] | None, typer.Option("--slot", metavar="NAME=VALUE", help="Fill a slot.")] = None,
    version: Annotated[int | None, typer.Option(help="Of the lineage; the newest, where record can say it.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for the record.")] = None,
    data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Ask compose for other words: another pack, a shorter form, a slot filled. They are approved as any others."""
    context = Context(data, realm, as_json)
    if pack is None and form is None and not slot:
        fail("say what shall be different: --pack ID, --form long|short|minimum, or --slot NAME=VALUE", Code.WRONG)
    clean(reason)
    lineage = whole(context, lineage)
    trust, signing = open_trust(context), open_key(key)
    statement = RecomposeStatement(
        realm=realm,
        lineage=lineage,
        version=version or _newest(context, lineage),
        pack=pack,
        form=form.value if form else None,
        slots=dict(map(_slot, slot or ())),
        person=person,
        role=choose_role(trust, person, trust.policy.recompose_roles, role),
        reason=reason,
        issued=datetime.now(UTC).replace(microsecond=0),
        nonce=nonce(),
    )
    signature = signing.sign("recompose", statement)
    record = Recompose(lineage=lineage, statement=statement, key=signing.id, signature=signature)
    try:
        verifier.recompose(record, trust, realm)
    except NotTrustedError as error:
        fail(f"compose would not believe that: {error}")
    context.publish(RECOMPOSITIONS, lineage, record)
    context.say(
        f"asked for other words of version {statement.version}; `tocsin pending` shows them when they are composed",
        lineage=lineage, version=statement.version, decision="recompose", person=person,
    )  # fmt: skip


def _newest(context: Context, lineage: str) -> int:
    found = context.get("record", f"/alerts/{lineage}")
    if found is None:
        fail(f"no alert of lineage {lineage} has come in this realm: `tocsin status` lists those that have")
    return int(found["version"])


def _slot(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        fail(f"--slot {text}: write NAME=VALUE", Code.WRONG)
    return name, value
