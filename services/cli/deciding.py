"""A person's word about one digest: shown, confirmed, signed, checked, published, and what approve made of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from schemas.decision import Decision
from schemas.topics import DECIDED
from schemas.words import PUBLIC_CHANNELS, ApprovalState, DecisionWord, Severity
from services.cli.context import Context
from services.cli.errors import Code, fail
from services.cli.exact_bytes import Hashed, waiting
from services.cli.proof import proof
from services.cli.reasons import clean
from services.cli.signing import Signer, confirm, open_trust, sign_decision
from services.runtime import verifier
from services.runtime.trusted import NotTrustedError, Trust

OPEN = {ApprovalState.WAITING, ApprovalState.COUNTED, ApprovalState.ESCALATED}
NEEDS_REASON = {DecisionWord.RETURN, DecisionWord.REJECT, DecisionWord.OVERRIDE}
#: How long a verb waits for the number of people, and for approve to say what the decision was good for.
REACH_S, VERDICT_S = 5.0, 10.0
POLL_S = 0.2


@dataclass(frozen=True)
class Wish:
    """What somebody wants to say."""

    word: DecisionWord
    signer: Signer
    reason: str | None
    yes: bool


def decide(context: Context, prefix: str, wish: Wish) -> None:
    """The whole way; every end but the good one is a sentence."""
    check_reason(wish)
    found = _with_reach(context, prefix)
    if wish.word is DecisionWord.APPROVE and verifier.must_say_why(found.broadcast) and not wish.reason:
        fail("it may identify a person: approve it with a --reason, which stands on record", Code.WRONG)
    if found.facts["state"] not in OPEN:
        fail(f"{found.digest} waits no more: it is {found.facts['state']}")
    trust = open_trust(context)
    record = _signed(context, found, wish, trust)
    _check(found, record, trust, context)
    if not context.as_json:
        print(proof(found))
    confirm(f"{wish.word} this as {wish.signer.person}?", yes=wish.yes)
    context.publish(DECIDED, found.broadcast.lineage, record)
    _say_verdict(context, found, record)


def check_reason(wish: Wish) -> None:
    """Nothing where the reason is there if it must be and identifies nobody; otherwise an end with a sentence."""
    if wish.word in NEEDS_REASON and not wish.reason:
        fail(f"{wish.word} needs --reason: it stands in the signed record", Code.WRONG)
    clean(wish.reason)


def _with_reach(context: Context, prefix: str) -> Hashed:
    """What is decided about; right after composing, audience may still be counting."""
    until = time.monotonic() + REACH_S
    while True:
        found = waiting(context, prefix)
        counted = found.facts["reach"] is not None or not _selects(found)
        if counted or found.facts["state"] not in OPEN or time.monotonic() >= until:
            return found
        time.sleep(POLL_S)


def _selects(found: Hashed) -> bool:
    return any(rendition.channel not in PUBLIC_CHANNELS for rendition in found.broadcast.renditions)


def _signed(context: Context, found: Hashed, wish: Wish, trust: Trust) -> Decision:
    alert, issued = found.broadcast, datetime.now(UTC).replace(microsecond=0)
    expires = verifier.may_start_until(alert, trust.policy, trust.rule(alert.severity), issued)
    if expires <= issued:
        fail(f"the alert expired at {alert.expires:%Y-%m-%d %H:%M} UTC: nothing can be decided about it")
    return sign_decision(
        wish.signer, trust, roles_of(wish.word, alert.severity, found.facts, trust), lineage=alert.lineage,
        realm=context.realm, word=wish.word, digest=found.digest, reason=wish.reason, issued=issued, expires=expires,
        reach=found.facts["reach"] if _selects(found) else None,
    )  # fmt: skip


def roles_of(word: DecisionWord, severity: Severity, facts: dict[str, Any], trust: Trust) -> tuple[str, ...]:
    """Roles of the rule that approve keeps: a graver release of the same lineage may have made it another one."""
    if word is DecisionWord.OVERRIDE:
        return trust.policy.override_roles
    rule = trust.rule(severity)
    more = trust.policy.override_roles if word is not DecisionWord.APPROVE else ()
    return tuple(dict.fromkeys((*facts["roles"], *rule.roles, *rule.escalate_to, *more)))


def check_signer(record: Decision, trust: Trust, context: Context) -> None:
    """What every room will say of the signature, said here before it is published."""
    try:
        verifier.signer(record, trust, context.realm, (record.statement.role,))
    except NotTrustedError as error:
        fail(f"nobody would believe that: {error}")


def _check(found: Hashed, record: Decision, trust: Trust, context: Context) -> None:
    check_signer(record, trust, context)
    statement = record.statement
    approving = statement.decision in {DecisionWord.APPROVE, DecisionWord.OVERRIDE}
    if approving and statement.person in found.broadcast.authors:
        fail(f"{statement.person} published or edited this, and nobody approves their own: somebody else must")


def _say_verdict(context: Context, found: Hashed, record: Decision) -> None:
    facts, verdict = await_verdict(lambda: waiting(context, found.digest).facts, record)
    said = record.statement
    fields = {
        "digest": found.digest, "lineage": found.broadcast.lineage, "version": found.broadcast.version,
        "decision": said.decision, "person": said.person, "role": said.role, "reach": said.reach, "verdict": verdict,
        "state": facts["state"], "have": facts["have"], "need": facts["need"],
    }  # fmt: skip
    if verdict == "counted":
        context.say(f"{said.decision} by {said.person} is counted: {facts['state']}, {facts['have']} of "
                    f"{facts['need']}", **fields)  # fmt: skip
        return
    say_why_not(context, fields, verdict)


def say_why_not(context: Context, fields: dict[str, Any], verdict: str) -> NoReturn:
    """End with what a verdict that is not `counted` means; `fields` are what --json says, `state` among them."""
    if context.as_json:
        context.emit(fields)
    if verdict == "waits":
        fail("published, and it will count; approve has not said so in time: `tocsin pending` shows it", Code.TIMEOUT)
    if verdict == "late":
        fail(f"it came too late: this digest is {fields['state']} already")
    fail(f"approve did not count it: {MEANING.get(verdict, verdict)}")


def await_verdict(ask: Callable[[], dict[str, Any]], record: Decision) -> tuple[dict[str, Any], str]:
    """What approve made of the decision, and how the digest stands now; `ask` gives approve's facts of it."""
    until = time.monotonic() + VERDICT_S
    while True:
        facts = ask()
        verdicts = {said["nonce"]: str(said["verdict"]) for said in facts["decisions"]}
        verdict = verdicts.get(record.statement.nonce, "waits")
        if verdict != "waits" or time.monotonic() >= until:
            return facts, verdict
        time.sleep(POLL_S)


#: The rules that can be broken although the signature was good when it was checked here.
MEANING = {
    "author": "nobody approves what they published or edited",
    "key": "the bundle that approve has does not know this key; has it the newest one?",
    "reason": "it is held because it may identify a person, and the decision gives no reason",
    "person": "the bundle that approve has does not know this person; has it the newest one?",
    "reach": "more people would get it now than you were shown; look again",
    "revoked": "this key was taken away",
    "role": "this role may not decide it; a graver alert of the same lineage may still be live",
    "signature_expired": "the signature has run out: look at the clock of this machine",
}
