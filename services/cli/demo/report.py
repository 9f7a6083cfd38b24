"""The end of the demo: what arrived, how fast, word for word, and how long it took to put right."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from services.cli.context import Context
from services.cli.demo.stage import Stage
from services.cli.demo.story import TAKEN_DOWN, Act


@dataclass(frozen=True)
class Outcome:
    """All that the report is made of. `record` is our own view, `phones` the address of the sandbox's page."""

    context: Context
    alert: Act
    cancel: Act
    record: dict[str, Any]
    phones: str

    @property
    def acts(self) -> tuple[tuple[str, Act], ...]:
        """Both acts, by name."""
        return ("alert", self.alert), ("cancel", self.cancel)


def report(stage: Stage, outcome: Outcome) -> None:
    """Print it."""
    stage.heading("Report")
    for name, act in outcome.acts:
        _counts(stage, name, act)
    stage.heading("What people read")
    for name, act in outcome.acts:
        _texts(stage, name, act)
    stage.heading("How long it took")
    for name, act in outcome.acts:
        _latencies(stage, name, act)
    sent = [item["accepted_ms"] for kind in outcome.cancel.messages.values() for item in kind]
    took = (max(sent + outcome.cancel.taken_down_ms) - outcome.cancel.began_ms) / 1000
    stage.say(f'from "it was wrong" to everything corrected: {took:.2f} s, a person\'s approval in it')
    _ours(stage, outcome.record)
    stage.heading("Where to look")
    lineage, context = outcome.alert.answer.lineage, outcome.context
    stage.say(f"phones and timeline: {outcome.phones}/   (SANDBOX: nobody was reached)")
    stage.say(f"where the alert is: tocsin status {lineage} --data {context.data}")
    stage.say(f"page of record: {context.home / 'pages'}   logs of every room: {context.home / 'logs'}")


def _counts(stage: Stage, name: str, act: Act) -> None:
    counts = act.counts
    doubled = counts["texts_extra"] + counts["posts_extra"]
    gone = f", {counts[TAKEN_DOWN]} {TAKEN_DOWN}" if counts[TAKEN_DOWN] else ""
    stage.say(
        f"{name}: {counts['posts']} posts and {counts['texts']} texts{gone}, counted by the platforms; "
        f"{counts['texts_distinct']} phones with this text, {doubled} doubled"
    )


def _texts(stage: Stage, name: str, act: Act) -> None:
    for body, number in Counter(text["body"] for text in act.messages["texts"]).most_common():
        stage.text(f"{name}: on {number} phones", body)
    for post in act.messages["posts"]:
        stage.text(f"{name}: post", post["text"])


def _latencies(stage: Stage, name: str, act: Act) -> None:
    """From the platforms' own clock: everything is measured from the moment of publishing."""
    posts = sorted(item["accepted_ms"] for item in act.messages["posts"])
    texts = sorted(item["accepted_ms"] for item in act.messages["texts"])
    marks = {
        "approved": act.approved_ms,
        "first post": posts[0],
        "first text": texts[0],
        "95 % of texts": texts[int(len(texts) * 0.95) - 1],
        "last text": texts[-1],
    }
    words = ", ".join(f"{mark} {(at - act.began_ms) / 1000:.2f} s" for mark, at in marks.items())
    stage.say(f"{name}, from publishing: {words}")


def _ours(stage: Stage, record: dict[str, Any]) -> None:
    for channel, states in sorted(record["deliveries"].items()):
        counts = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        stage.say(f"our own books, {channel}: {counts}")
    for version in record["versions"]:
        stages = ", ".join(f"{name} {value:.2f} s" for name, value in version["seconds"].items() if value is not None)
        stage.say(f"our own books, version {version['version']} ({version['kind']}): {stages}")
