"""What waits is shown as approve holds it, hashed here, and signed by the demo's officer: as `tocsin approve` does."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from schemas.broadcast import Broadcast
from schemas.decision import Decision, Statement
from schemas.topics import DECIDED
from schemas.words import ApprovalState, Channel, DecisionWord, Realm
from services.cli import wire
from services.cli.context import Context
from services.cli.demo.patience import Patience
from services.cli.demo.stage import Stage
from services.cli.demo.trust import DemoTrust
from services.cli.errors import fail
from services.cli.signing import choose_role, nonce, open_trust
from services.runtime import verifier
from services.runtime.outbox import message_of

OFFICER = "officer-1"
OPEN = {ApprovalState.WAITING, ApprovalState.ESCALATED}
POLL_S = 0.2


async def waiting(context: Context, lineage: str, version: int) -> dict[str, Any]:
    """The proposal of this alert, once it waits for a person and the people whom it would reach are counted."""
    door = context.doors("approve")["private"]
    while True:
        found = await wire.get_json(f"{door}/lineages/{lineage}", "approve")
        for proposal in found or []:
            is_it = proposal["version"] == version and proposal["state"] in OPEN
            if is_it and proposal["reach"] is not None:
                return dict(proposal)
        await asyncio.sleep(POLL_S)


def show(stage: Stage, proposal: dict[str, Any]) -> Broadcast:
    """The exact texts; the digest is of the bytes that are shown, never what somebody says it is."""
    broadcast = verifier.broadcast_of(proposal["text"], proposal["digest"], Realm.LIVE)
    stage.say(
        f"waiting for approval: {broadcast.severity}, {proposal['have']} of {proposal['need']} approvals, "
        f"reach {proposal['reach']}, until {proposal['deadline']}"
    )
    stage.say(f"digest {proposal['digest']} (hashed here, over the bytes shown)")
    for rendition in broadcast.renditions:
        size = f"{sum(rendition.units)} {'segments' if rendition.channel is Channel.SMS else 'characters'}"
        title = f"{rendition.channel}, {rendition.language}, {rendition.form}, {size}"
        stage.text(title, "\n".join(rendition.parts))
    if broadcast.left_out:
        names = sorted({item.what for item in broadcast.left_out})
        stage.say(f"left out for want of room, and signed as such: {', '.join(names)}")
    return broadcast


async def agreed(stage: Stage, patience: Patience) -> bool:
    """Ask the person at the keyboard; without one, say so and go on."""
    if not patience.ask:
        stage.say(f"nobody is asked (no terminal, or --yes): the demo approves by itself, as {OFFICER}")
        return True
    return (await patience.line(f"Approve this as {OFFICER}? [Y/n] ")).strip().lower() in {"", "y", "yes"}


async def approve(context: Context, trust: DemoTrust, proposal: dict[str, Any], broadcast: Broadcast) -> None:
    """Sign an approval of exactly this digest and reach, and publish it."""
    policy = open_trust(context)
    _, rule = policy.strictest(broadcast.severity)
    now = datetime.now(UTC)
    key = trust.key(OFFICER)
    statement = Statement(
        realm=context.realm, decision=DecisionWord.APPROVE, digest=proposal["digest"], person=OFFICER,
        role=choose_role(policy, OFFICER, rule.roles, None), issued=now, reach=proposal["reach"], nonce=nonce(),
        expires=verifier.may_start_until(broadcast, policy.policy, rule, now),
    )  # fmt: skip
    if statement.expires <= now:
        fail("the alert has ended before it was approved")
    decision = Decision(
        lineage=broadcast.lineage, statement=statement, key=key.id, signature=key.sign("decision", statement)
    )
    await wire.send(context.kafka, [message_of(context.realm, DECIDED, broadcast.lineage, decision)])
