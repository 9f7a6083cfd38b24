"""What a fault can do, as it is written in an order. Seconds are numbers, or `[from, to]` for an even draw."""

from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MAX_SECONDS: Final = 86_400.0


def _span(value: float | tuple[float, float]) -> float | tuple[float, float]:
    low, high = value if isinstance(value, tuple) else (value, value)
    if not 0 <= low <= high <= MAX_SECONDS:
        raise ValueError(f"say seconds from 0 to {MAX_SECONDS:.0f}, or [from, to] with from no greater than to")
    return value


Span = Annotated[float | tuple[float, float], AfterValidator(_span)]
ServerError = Annotated[int, Field(ge=500, le=599)]
AnyStatus = Annotated[int, Field(ge=200, le=599)]
ClientError = Annotated[int, Field(ge=400, le=499)]


class _Effect(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Slow(_Effect):
    """The true answer, later: `last` accepts after the wait, `first` before it."""

    type: Literal["slow"]
    seconds: Span
    accept: Literal["first", "last"] = "last"


class Hang(_Effect):
    """A wait longer than clients have: `first` accepts and then waits, `never` drops the connection at its end."""

    type: Literal["hang"]
    seconds: Span
    accept: Literal["first", "last", "never"] = "first"


class RateLimited(_Effect):
    """429 in the platform's own words and headers. Nothing is accepted."""

    type: Literal["rate_limited"]
    retry_after: float = Field(1.0, ge=0, le=MAX_SECONDS)


class Broken(_Effect):
    """A server error in the platform's own shape, before acceptance or (`accept`) after it."""

    type: Literal["broken"]
    status: ServerError = 503
    accept: bool = False


class Reset(_Effect):
    """The connection is reset (RST), before acceptance or (`accept`) after it."""

    type: Literal["reset"]
    accept: bool = False


class Html(_Effect):
    """A page for people where JSON should be, as a proxy in front of the platform sends it."""

    type: Literal["html"]
    status: AnyStatus = 503
    accept: bool = False


class Empty(_Effect):
    """An answer without a body. By default the message was accepted."""

    type: Literal["empty"]
    status: AnyStatus = 201
    accept: bool = True


class Duplicate(_Effect):
    """X refuses the text as one it has seen, whether it has or not."""

    type: Literal["duplicate"]


class Payment(_Effect):
    """The account is out of credit."""

    type: Literal["payment"]


class Refuse(_Effect):
    """A refusal of your choice. `code` is Twilio's error number; `message` the sentence of either platform."""

    type: Literal["refuse"]
    status: ClientError
    code: int | None = None
    message: str = "Refused by order of a test."


class Late(_Effect):
    """Accepted at once, and absent from lists and time-lines for so many seconds."""

    type: Literal["late"]
    seconds: Span


class Callbacks(_Effect):
    """What goes wrong with the status callbacks of the texts that it strikes."""

    type: Literal["callbacks"]
    mode: Literal["off", "late", "repeat", "shuffle"]
    seconds: Span = 0.0
    """For `late`: added to each callback."""
    times: int = Field(2, ge=2, le=10)
    """For `repeat`: how often each is sent."""

    def onto(self, plan: "CallbackPlan", seconds: float, seed: int) -> "CallbackPlan":
        """Add this effect to what is already planned; `seconds` and `seed` were drawn for one text."""
        match self.mode:
            case "off":
                return replace(plan, off=True)
            case "late":
                return replace(plan, late=plan.late + seconds)
            case "repeat":
                return replace(plan, repeat=max(plan.repeat, self.times))
            case "shuffle":
                return replace(plan, shuffle=seed)


class Fate(_Effect):
    """How an accepted text ends. `sent` is final where a carrier sends no receipts."""

    type: Literal["fate"]
    status: Literal["delivered", "undelivered", "failed", "sent"]
    code: int | None = Field(None, description="Twilio's error code of an undelivered or failed text")

    @model_validator(mode="after")
    def _code_fits(self) -> Self:
        ends_badly = self.status in ("undelivered", "failed")
        if ends_badly != (self.code is not None):
            raise ValueError("undelivered and failed need a code (30003, 30005 …), delivered and sent have none")
        return self


@dataclass(frozen=True, slots=True)
class CallbackPlan:
    """How the callbacks of one text shall go."""

    off: bool = False
    late: float = 0.0
    repeat: int = 1
    shuffle: int | None = None
    """The seed of the wrong order, or None for the right one."""


Answering = RateLimited | Broken | Reset | Html | Empty | Duplicate | Payment | Refuse | Hang
"""The effects that take the place of the true answer."""

Effect = (
    Slow | Hang | RateLimited | Broken | Reset | Html | Empty | Duplicate | Payment | Refuse | Late | Callbacks | Fate
)
