"""The demo, act by act. Each act ends when the platforms have it, by their own count."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.broadcast import Broadcast
from schemas.topics import INCOMING
from schemas.words import Channel, State
from services.cli.context import Context
from services.cli.demo import approval, copies
from services.cli.demo.patience import Patience
from services.cli.demo.stage import Stage
from services.cli.demo.trust import DemoTrust
from services.cli.demo.witness import Witness
from services.cli.errors import fail
from services.cli.publish import Answer, send_and_follow

LOOK_S = 0.25
ANSWER_S = 30.0
TAKEN_DOWN = "earlier posts taken down"


@dataclass
class Act:
    """One alert on its way: what was sent, when (Unix ms), and what the platforms had at its end.

    `name` is how a Cancel refers to it; `taken_down_ms` are the moments at which earlier posts went.
    """

    answer: Answer
    broadcast: Broadcast
    began_ms: int
    approved_ms: int
    name: str = ""
    taken_down_ms: list[int] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class Story:
    """A boil-water alert goes out, and is taken back."""

    def __init__(
        self, context: Context, stage: Stage, *, trust: DemoTrust, witness: Witness, patience: Patience, people: int
    ) -> None:
        """`people` are in the phonebook, all in the areas that the alert names."""
        self._context, self._stage, self._trust, self._witness = context, stage, trust, witness
        self._patience, self._people = patience, people
        self._name = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")

    async def alert(self) -> Act:
        """Publish the alert, have it approved, and watch it arrive."""
        content, name = copies.fresh(copies.ALERT, self._name, datetime.now(UTC))
        act = await self._publish(copies.ALERT, content, 1)
        act.name = name
        await self._watch(act, {"posts": _posts(act.broadcast), "texts": self._people}, act.began_ms)
        return act

    async def cancel(self, alert: Act) -> Act:
        """Publish the Cancel of `alert`, have it approved, and watch until everything of it is put right."""
        content, _ = copies.fresh(copies.CANCEL, self._name, datetime.now(UTC), references=alert.name)
        act = await self._publish(copies.CANCEL, content, 2)
        owed = {"posts": _posts(act.broadcast), "texts": self._people, TAKEN_DOWN: alert.counts["posts"]}
        await self._watch(act, owed, alert.began_ms)
        act.taken_down_ms = [post["deleted_ms"] for post in act.messages["posts"] if post["deleted_ms"]]
        act.messages["posts"] = [post for post in act.messages["posts"] if post["accepted_ms"] >= act.began_ms]
        act.messages["texts"] = [text for text in act.messages["texts"] if text["accepted_ms"] >= act.began_ms]
        return act

    async def _publish(self, path: Path, content: bytes, version: int) -> Act:
        began = _now_ms()
        answer = await send_and_follow(self._context.kafka, self._context.realm, content, ANSWER_S)
        if answer.state != "accepted" or answer.lineage is None:
            fail(f"intake's answer to {path.name} was: {answer.state} {answer.says or ''}")
        where = f"lineage {answer.lineage[:12]}…, version {answer.version}"
        self._stage.say(f"published deploy/demo/{path.name} to {INCOMING.name}: accepted, {where}")
        proposal = await approval.waiting(self._context, answer.lineage, version)
        broadcast = approval.show(self._stage, proposal)
        if not await approval.agreed(self._stage, self._patience):
            fail("not approved: nothing was sent to anybody")
        await approval.approve(self._context, self._trust, proposal, broadcast)
        self._stage.say(f"approved by {approval.OFFICER}: signed, and verified again by every dispatcher")
        return Act(answer, broadcast, began, _now_ms())

    async def _watch(self, act: Act, totals: dict[str, int], taken_since_ms: int) -> None:
        """Until the platforms have as many as are owed, by their count, and posts of before are gone."""
        with self._stage.bars(totals) as bars:
            while True:
                act.counts = await self._witness.counts(act.began_ms)
                act.counts[TAKEN_DOWN] = (await self._witness.counts(taken_since_ms))["posts_deleted"]
                bars.update({name: act.counts[name] for name in totals})
                if all(act.counts[name] >= total for name, total in totals.items()):
                    break
                await asyncio.sleep(LOOK_S)
        act.messages = await self._witness.messages(taken_since_ms)

    async def settled(self, act: Act) -> dict[str, Any]:
        """What record says of an act's lineage, once nothing of it moves any more."""
        while True:
            found = await asyncio.to_thread(self._context.get, "record", f"/alerts/{act.answer.lineage}")
            if found is not None and not _moving(found["deliveries"]):
                return dict(found)
            await asyncio.sleep(LOOK_S)


def _moving(deliveries: dict[str, dict[str, int]]) -> bool:
    """Whether something is still to be sent, or a text not yet reported delivered."""
    texts = deliveries.get(Channel.SMS, {})
    return (
        not texts or State.SENT in texts or any({State.PLANNED, State.SENDING} & set(of) for of in deliveries.values())
    )


def _posts(broadcast: Broadcast) -> int:
    return sum(len(rendition.parts) for rendition in broadcast.renditions if rendition.channel is Channel.X)


def _now_ms() -> int:
    return int(time.time() * 1000)
