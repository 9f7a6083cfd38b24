"""A picture for a terminal, and the same as plain lines."""

from collections.abc import Iterator, Mapping

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.cli.sight.picture import ChannelView, Picture, RoomView

_OLD_OUTBOX_S = 30
_OLD_DOUBT_S = 600


def lines(seen: Picture) -> Iterator[str]:
    """Plain lines, the most urgent first."""
    yield f"{seen.at} {seen.realm}: {_people(seen)}"
    for channel in seen.channels:
        yield f"{channel.channel}: {_counts(channel.states)}; {'; '.join(text for text, _ in _marks(channel))}"
    for room in seen.rooms:
        says = "ready" if room.ready else "; ".join(room.missing)
        behind = f"lag {_number(room.lag, 0)}, outbox {_number(room.outbox_s, 0)} s"
        yield f"{_name(room)}: {says}; {_number(room.rate)}/s, {behind}"


def draw(seen: Picture) -> Group:
    """For a live terminal."""
    head = Text(f"tocsin top · {seen.realm} · {seen.at}", "bold")
    calm = not (seen.waiting or seen.held or seen.parked or seen.alarms or seen.guidance_overdue)
    people = Panel(Text(_people(seen), "green" if calm else "bold yellow"), title="on call", title_align="left")
    return Group(head, people, _channels(seen.channels), Text(), _rooms(seen.rooms))


def _people(seen: Picture) -> str:
    parts = [f"alerts: {_counts(seen.alerts)}"]
    parts.append(f"waiting for approval: {_counts(seen.waiting)}")
    if seen.waiting:
        parts.append(f"longest {_age(seen.oldest_wait_s)}")
    found = {"held": seen.held, "parked": seen.parked, "alarms": seen.alarms, "guidance overdue": seen.guidance_overdue}
    parts += [f"{name}: {number}" for name, number in found.items()]
    return " · ".join(parts)


def _channels(views: tuple[ChannelView, ...]) -> Table:
    table = Table("channel", "messages", "sent/s", "failed/s", "state", box=None, padding=(0, 2, 0, 0))
    for view in views:
        marks = Text()
        for text, style in _marks(view):
            marks.append(f"{text}  ", style)
        table.add_row(
            view.channel, _counts(view.states), _number(view.sent_rate), _number(view.failed_rate), marks
        )  # fmt: skip
    return table


def _marks(view: ChannelView) -> Iterator[tuple[str, str]]:
    """What a person should see of a channel, each with a colour."""
    if view.credentials is None:
        yield "its dispatcher does not answer", "bold red"
    else:
        yield ("credentials ok", "green") if view.credentials else ("REFUSED OR AWAY: tocsin doctor", "bold red")
    if view.sandbox:
        yield "SANDBOX", "yellow"
    if view.brake:
        yield "BRAKE ON", "bold red"
    if view.doubt_s:
        yield f"oldest doubt {_age(view.doubt_s)}", "red" if view.doubt_s > _OLD_DOUBT_S else "yellow"
    if view.states.get("unresolved"):
        yield "unresolved: tocsin doubt list", "bold red"
    if view.duplicates:
        yield f"sent twice: {view.duplicates}", "bold red"
    if view.probe_s is not None:
        yield f"probed {_age(view.probe_s)} ago", "dim"
    if view.remaining is not None:
        yield f"rate left {view.remaining}", "dim"


def _rooms(views: tuple[RoomView, ...]) -> Table:
    table = Table("room", "ready", "records/s", "lag", "outbox", "parked", "bundle", box=None, padding=(0, 2, 0, 0))
    for view in views:
        ready = Text("ready", "green") if view.ready else Text("; ".join(view.missing), "bold red")
        old = view.outbox_s is not None and view.outbox_s > _OLD_OUTBOX_S
        table.add_row(
            _name(view), ready, _number(view.rate), _number(view.lag, 0),
            Text(f"{_number(view.outbox_s, 0)} s", "red" if old else ""), str(view.parked), str(view.bundle or "-"),
        )  # fmt: skip
    return table


def _name(view: RoomView) -> str:
    return view.room if view.replicas == 1 else f"{view.room} ({view.replicas} replicas)"


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in numbers.items()) or "none"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _age(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
