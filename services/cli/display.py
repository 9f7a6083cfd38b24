"""What `up` shows while it runs: a live table for a person, lines for a log, JSON objects for a program."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from services.cli.house.supervisor import Event

_COLOURS = {
    "ready": "green", "starting": "yellow", "waiting": "yellow", "restarting": "red", "wrong": "bold red",
    "stopped": "dim",
}  # fmt: skip


class Display(Protocol):
    """Told of rooms and of everything else. A context, because a live table owns the terminal while it is up."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(self, *_: object) -> None:
        """End: the terminal is as it was."""
        ...

    def room(self, event: Event) -> None:
        """Show that a room is in another state."""
        ...

    def say(self, line: str) -> None:
        """Show a line."""
        ...


class Lines:
    """One line an event, plain or JSON."""

    def __init__(self, *, as_json: bool, out: Callable[[str], None] = lambda line: print(line, flush=True)) -> None:
        """`out` gets each line."""
        self._json, self._out = as_json, out

    def __enter__(self) -> Self:
        """Nothing to begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def room(self, event: Event) -> None:
        """One line about a room."""
        if self._json:
            self._out(json.dumps({"room": event.room, "realm": event.realm, "state": event.state, "says": event.says,
                                  "doors": event.doors, "pid": event.pid}))  # fmt: skip
        else:
            where = " ".join(f"{name} {address}" for name, address in event.doors.items())
            words = (f"{_now()} {event.realm} {event.room}: {event.state}", where, event.says)
            self._out(" · ".join(filter(None, words)))

    def say(self, line: str) -> None:
        """One line about anything else."""
        self._out(json.dumps({"says": line}) if self._json else f"{_now()} {line}")


class LiveTable:
    """A table that moves: one row a room, and the lines above it."""

    def __init__(self, console: Console) -> None:
        """Draw on `console`."""
        self._rows: dict[tuple[str, str], Event] = {}
        self._live = Live(self._table(), console=console, refresh_per_second=4)

    def __enter__(self) -> Self:
        """Take the terminal."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give the terminal back; the last table stays."""
        self._live.stop()

    def room(self, event: Event) -> None:
        """Change a room's row."""
        self._rows[event.realm, event.room] = event
        self._live.update(self._table())

    def say(self, line: str) -> None:
        """A line above the table."""
        self._live.console.print(Text(f"{_now()} {line}"))

    def _table(self) -> Table:
        table = Table("realm", "room", "state", "doors", "says", box=None, padding=(0, 2, 0, 0))
        for event in self._rows.values():
            state = Text(event.state, _COLOURS[event.state])
            doors = "\n".join(f"{name} {address}" for name, address in event.doors.items())
            table.add_row(event.realm, event.room, state, doors, Text(event.says))
        return table


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
