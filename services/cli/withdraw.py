"""`tocsin withdraw`: one person's signed word that goes straight to whoever takes an alert back."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from schemas.release import Stop
from schemas.topics import STOPPED
from schemas.words import DecisionWord, Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import fail
from services.cli.exact_bytes import Hashed, released
from services.cli.lineages import LineageArgument, whole
from services.cli.proof import proof
from services.cli.reasons import clean
from services.cli.signing import (
    KeyOption,
    PersonOption,
    RoleOption,
    Signer,
    YesOption,
    confirm,
    open_trust,
    sign_decision,
)
from services.runtime import verifier
from services.runtime.trusted import NotTrustedError, Trust


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


def _stop(context: Context, found: Hashed, signer: Signer, trust: Trust, reason: str) -> Stop:
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
