"""`tocsin pending|approve|return|reject|override`: what waits for a person, and a person's word."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from schemas.words import DecisionWord, Realm
from services.cli.closing import read_hold, say, shown
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.deciding import Wish
from services.cli.exact_bytes import hashed
from services.cli.proof import check_code, proof
from services.cli.signing import KeyOption, PersonOption, RoleOption, Signer, YesOption

DigestArgument = Annotated[str, typer.Argument(metavar="DIGEST", help="8 or more hex digits, as `pending` shows them.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why; it stands in the signed record.")]


def pending(data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False) -> None:
    """Show everything that waits for a person: the exact texts, who would get them, and until when."""
    context = Context(data, realm, as_json)
    found = context.get("approve", "/pending")
    for item in found["waiting"]:
        _show_waiting(context, item)
    for item in found["held"]:
        _show_held(context, item)
    if not found["waiting"] and not found["held"] and not as_json:
        print("nothing waits")


def _show_waiting(context: Context, item: dict[str, Any]) -> None:
    found = hashed(context, item["text"], "approve", item)
    fields = {**item, "digest": found.digest, "check_code": check_code(found.digest)}
    context.say(f"{proof(found)}\n", **fields)


def _show_held(context: Context, item: dict[str, Any]) -> None:
    found = read_hold(context, item)
    context.say(f"{shown(found)}\n", **{**item, "digest": found.digest, "check_code": check_code(found.digest)})


def _verb(word: DecisionWord, says: str) -> Callable[..., None]:
    """One verb a word; they differ in nothing else."""

    def verb(
        digest: DigestArgument, *, person: PersonOption, key: KeyOption, role: RoleOption = None,
        reason: ReasonOption = None, yes: YesOption = False, data: DataOption = DEFAULT_DATA,
        realm: RealmOption = Realm.LIVE, as_json: JsonOption = False,
    ) -> None:  # fmt: skip
        say(Context(data, realm, as_json), digest, Wish(word, Signer(person, key, role), reason, yes))

    verb.__doc__ = says
    return verb


VERBS: dict[str, Callable[..., None]] = {
    "pending": pending,
    "approve": _verb(DecisionWord.APPROVE, "Sign that exactly these texts may go out to exactly these people."),
    "return": _verb(DecisionWord.RETURN, "Send it back for other words, with a reason; also what has no texts."),
    "reject": _verb(DecisionWord.REJECT, "Refuse it, with a reason: it is not sent; also what has no texts."),
    "override": _verb(DecisionWord.OVERRIDE, "Release it alone, with a reason, in a role that policy names for it."),
}
