"""Which faults a request meets: orders as they are written, and the decision for one request. Pure but for its dice.

An order names whom it meets (`match`), what happens (`effect`), and how often (`skip`, `times`, `probability`). Its
dice are its own and seeded, so the same requests in the same order meet the same faults.
"""

import itertools
import random
from dataclasses import dataclass, field
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.sandbox.effects import (
    Answering,
    CallbackPlan,
    Callbacks,
    Duplicate,
    Effect,
    Fate,
    Hang,
    Late,
    Slow,
)

PlatformName = Literal["x", "twilio"]


class Match(BaseModel):
    """Whom a fault meets: every part that is given must fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    platform: PlatformName | None = None
    method: Literal["GET", "POST", "DELETE"] | None = None
    path: str | None = Field(None, description="the request's path begins with this")
    contains: str | None = Field(None, description="the request's query or body contains this; forms are decoded")


class Order(BaseModel):
    """One fault as ordered through the control API."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: Match = Match()
    effect: Effect = Field(discriminator="type")
    times: int | None = Field(None, ge=1, description="how many requests it strikes; none for all")
    skip: int = Field(0, ge=0, description="how many matching requests pass before the first")
    probability: float = Field(1.0, gt=0, le=1)
    seed: int = 0

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if isinstance(self.effect, Duplicate) and self.match.platform != "x":
            raise ValueError('only X refuses duplicates: order it with "match": {"platform": "x"}')
        if isinstance(self.effect, Callbacks | Fate) and self.match.platform == "x":
            raise ValueError("X sends no callbacks and has no delivery: this effect is Twilio's")
        return self


@dataclass(frozen=True, slots=True)
class Facts:
    """What a fault may look at in one request."""

    platform: PlatformName
    method: str
    path: str
    content: str
    """The query (decoded) and the body (a form's decoded, JSON as it came), on lines of their own."""


@dataclass(slots=True)
class Plan:
    """What shall happen to one request."""

    wait_before: float = 0.0
    """Seconds before the platform looks at it."""
    wait_after: float = 0.0
    """Seconds between acceptance and the answer."""
    answer: Answering | None = None
    """What takes the place of the true answer."""
    lag: float = 0.0
    """Seconds until an accepted message shows in look-ups."""
    callbacks: CallbackPlan = field(default_factory=CallbackPlan)
    fate: Fate | None = None


NOTHING: Final = Plan()
"""The plan of a request that meets no fault. Never changed."""


class Fault:
    """An order at work: its dice, and how often it met and struck."""

    def __init__(self, name: str, order: Order) -> None:
        self.name = name
        self.order = order
        self.met = 0
        self.struck = 0
        self._dice = random.Random(order.seed)  # noqa: S311 - repeatable on purpose, nothing secret

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it was ordered to."""
        return self.order.times is not None and self.struck >= self.order.times

    def strikes(self, facts: Facts) -> bool:
        """Decide for one request, and count."""
        if self.spent or not _fits(self.order.match, facts):
            return False
        self.met += 1
        if self.met <= self.order.skip or self._dice.random() >= self.order.probability:
            return False
        self.struck += 1
        return True

    def seconds(self, span: float | tuple[float, float]) -> float:
        """A fixed time, or one drawn evenly between two."""
        return self._dice.uniform(*span) if isinstance(span, tuple) else span

    def mark(self, plan: Plan) -> None:
        """Write this fault's effect into the plan."""
        match self.order.effect:
            case Slow() | Hang() as effect:
                self._delay(plan, effect)
            case Late(seconds=span):
                plan.lag = max(plan.lag, self.seconds(span))
            case Callbacks() as effect:
                plan.callbacks = effect.onto(plan.callbacks, self.seconds(effect.seconds), self._dice.getrandbits(32))
            case Fate() as effect:
                plan.fate = effect
            case _:
                plan.answer = self.order.effect

    def _delay(self, plan: Plan, effect: Slow | Hang) -> None:
        seconds = self.seconds(effect.seconds)
        if effect.accept == "first":
            plan.wait_after += seconds
        else:
            plan.wait_before += seconds
        if isinstance(effect, Hang) and effect.accept == "never":
            plan.answer = effect


class Faults:
    """All orders in force, in the order in which they were given."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._names = (f"fault-{number}" for number in itertools.count(1))

    @property
    def any(self) -> bool:
        """Whether there is any; asked for each request."""
        return bool(self._faults)

    def order(self, order: Order) -> Fault:
        """Put a fault in force."""
        fault = Fault(next(self._names), order)
        self._faults[fault.name] = fault
        return fault

    def listing(self) -> list[Fault]:
        """Every fault, spent ones too."""
        return list(self._faults.values())

    def clear(self, name: str | None = None) -> int:
        """Take one fault, or all, out of force; the number taken."""
        if name is not None:
            return 0 if self._faults.pop(name, None) is None else 1
        count = len(self._faults)
        self._faults.clear()
        return count

    def plan(self, facts: Facts) -> Plan:
        """Decide one request. Waits and lags add up; of several answers the first ordered wins."""
        plan = Plan()
        for fault in self._faults.values():
            if plan.answer is not None and isinstance(fault.order.effect, Answering):
                continue
            if fault.strikes(facts):
                fault.mark(plan)
        return plan


def _fits(match: Match, facts: Facts) -> bool:
    return (
        match.platform in (None, facts.platform)
        and match.method in (None, facts.method)
        and (match.path is None or facts.path.startswith(match.path))
        and (match.contains is None or match.contains in facts.content)
    )
