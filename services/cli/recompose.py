"""`tocsin recompose`: one person's signed word that asks compose for other texts."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from schemas.decision import Recompose, RecomposeStatement
from schemas.topics import RECOMPOSITIONS
from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.lineages import LineageArgument, whole
from services.cli.reasons import clean
from services.cli.signing import (
    KeyOption,
    PersonOption,
    RoleOption,
    choose_role,
    nonce,
    open_key,
    open_trust,
)
from services.runtime import verifier
from services.runtime.trusted import NotTrustedError


class Form(StrEnum):
    """How long the texts are."""

    LONG = "long"
    SHORT = "short"
    MINIMUM = "minimum"


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
