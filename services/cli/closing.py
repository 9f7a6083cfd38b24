"""`tocsin return` and `tocsin reject` of an alert of which no texts could be made: what compose said is signed over."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from schemas.broadcast import Held
from schemas.decision import Decision
from schemas.topics import DECIDED
from schemas.words import DecisionWord
from services.cli.context import Context
from services.cli.deciding import Wish, await_verdict, check_reason, check_signer, decide, roles_of, say_why_not
from services.cli.errors import Code, fail
from services.cli.exact_bytes import digits_of
from services.cli.proof import check_code, visible
from services.cli.signing import confirm, open_trust, sign_decision
from services.runtime import holds
from services.runtime.trusted import Trust

_ENDING = frozenset({DecisionWord.RETURN, DecisionWord.REJECT})
#: Nothing starts by it: it counts for as long as its topic is kept, so that a store that reads all again ends the same.
_VALID = timedelta(milliseconds=DECIDED.retention_ms)


@dataclass(frozen=True)
class Hold:
    """A held alert that hashes to its digest by our own reckoning. `facts` are what approve says of it, unsigned."""

    record: Held
    digest: str
    facts: dict[str, Any]


def say(context: Context, prefix: str, wish: Wish) -> None:
    """A person's word about whatever has this digest: an alert without texts, or texts."""
    check_reason(wish)
    if found := find_hold(context, prefix):
        _close(context, found, wish)
    else:
        decide(context, prefix, wish)


def find_hold(context: Context, prefix: str) -> Hold | None:
    """The alert that is or was held under the beginning of a digest; None where that names none."""
    digits = digits_of(prefix)
    items = context.get("approve", f"/held/{digits}") if digits else None
    if not items:
        return None
    if len(items) > 1:
        fail(f"{len(items)} held alerts have a digest that begins with {digits}: give more of its digits", Code.WRONG)
    found = read_hold(context, items[0])
    if not found.digest.startswith(f"sha256:{digits}"):
        fail(f"approve gave an alert that hashes to {found.digest}, which is not what you asked for: do not sign "
             "anything, and have that machine looked at")  # fmt: skip
    return found


def read_hold(context: Context, item: dict[str, Any]) -> Hold:
    """What approve gave, hashed here; ends when it is no held alert of this realm."""
    try:
        record = Held.model_validate_json(item["text"])
    except ValidationError:
        fail("what approve gave is no held alert that this version can read: do not sign anything")
    if record.realm is not context.realm:
        fail(f"what approve gave is of the realm {record.realm}, not {context.realm}: do not sign anything")
    return Hold(record, holds.digest_of(record), item)


def shown(found: Hold) -> str:
    """All of it, as text, with nothing in it that a terminal would obey."""
    record = found.record
    lines = [f"{record.severity} · {record.event} · version {record.version} · no texts could be made"]
    lines += [f"finding     {finding.says}" for finding in record.findings]
    lines += [
        f"digest      {found.digest}",
        f"check code  {check_code(found.digest)}",
        f"lineage     {record.lineage}",
        f"deadline    {found.facts['deadline']}",
    ]
    for said in found.facts["decisions"]:
        lines.append(f"decision    {said['person']} as {said['role']}: {said['decision']} ({said['verdict']})")
    return "\n".join(map(visible, lines))


def _close(context: Context, found: Hold, wish: Wish) -> None:
    if wish.word not in _ENDING:
        fail(f"no texts could be made of it, so there is nothing to {wish.word}: `tocsin recompose "
             f"{found.record.lineage}` may make some, `tocsin reject` ends it", Code.WRONG)  # fmt: skip
    if found.facts["state"] != "held":
        fail(f"{found.digest} waits no more: it is {found.facts['state']}")
    trust = open_trust(context)
    record = _signed(context, found, wish, trust)
    if not context.as_json:
        print(shown(found))
    confirm(f"{wish.word} this as {wish.signer.person}?", yes=wish.yes)
    context.publish(DECIDED, record.lineage, record)
    _say_verdict(context, found, record)


def _signed(context: Context, found: Hold, wish: Wish, trust: Trust) -> Decision:
    alert, issued = found.record, datetime.now(UTC).replace(microsecond=0)
    record = sign_decision(
        wish.signer, trust, roles_of(wish.word, alert.severity, found.facts, trust), lineage=alert.lineage,
        realm=context.realm, word=wish.word, digest=found.digest, reason=wish.reason, issued=issued,
        expires=issued + _VALID,
    )  # fmt: skip
    check_signer(record, trust, context)
    return record


def _say_verdict(context: Context, found: Hold, record: Decision) -> None:
    facts, verdict = await_verdict(lambda: _facts(context, found), record)
    said = record.statement
    fields = {
        "digest": found.digest, "lineage": found.record.lineage, "version": found.record.version,
        "decision": said.decision, "person": said.person, "role": said.role, "verdict": verdict,
        "state": facts["state"],
    }  # fmt: skip
    if verdict == "counted":
        context.say(f"{said.decision} by {said.person} is counted: it waits no more, its publisher is told", **fields)
        return
    say_why_not(context, fields, verdict)


def _facts(context: Context, found: Hold) -> dict[str, Any]:
    again = find_hold(context, found.digest)
    return again.facts if again else found.facts
