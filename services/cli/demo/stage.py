"""What the audience sees: lines, and progress that moves where a person looks and is printed where nobody does."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

#: Seconds between two printed lines of progress.
PRINT_S = 2.0


class Bars:
    """Counts that grow towards their totals."""

    def __init__(self, stage: "Stage", totals: Mapping[str, int], progress: Progress | None) -> None:
        """With `progress` bars move; without, a line is printed now and then."""
        self._stage, self._totals, self._progress = stage, totals, progress
        self._tasks = {name: progress.add_task(name, total=total) for name, total in totals.items()} if progress else {}
        self._printed = 0.0
        self._said: Mapping[str, int] = {}

    def update(self, counts: Mapping[str, int]) -> None:
        """Show these counts."""
        if self._progress is not None:
            for name, count in counts.items():
                self._progress.update(self._tasks[name], completed=count)
        elif self._is_due(counts):
            self._printed, self._said = time.monotonic(), dict(counts)
            words = (f"{name} {count} of {self._totals[name]}" for name, count in counts.items())
            self._stage.say("  " + ", ".join(words))

    def _is_due(self, counts: Mapping[str, int]) -> bool:
        done = all(counts.get(name, 0) >= total for name, total in self._totals.items())
        return counts != self._said and (done or time.monotonic() - self._printed >= PRINT_S)


class Stage:
    """Standard output, for a person at a terminal or for a log."""

    def __init__(self, console: Console) -> None:
        """Print on `console`."""
        self._console = console
        self.moving = console.is_terminal

    def say(self, line: str) -> None:
        """A line."""
        self._console.print(escape(line), highlight=False, soft_wrap=True)

    def heading(self, line: str) -> None:
        """What comes now."""
        self._console.print(f"\n[bold]{escape(line)}[/bold]", highlight=False, soft_wrap=True)

    def text(self, title: str, body: str) -> None:
        """One message, word for word."""
        if self.moving:
            self._console.print(Panel(escape(body), title=escape(title), title_align="left", width=76))
        else:
            self.say(f"--- {title}\n{body}")

    @contextmanager
    def bars(self, totals: Mapping[str, int]) -> Iterator[Bars]:
        """Counts that grow, until the block ends."""
        if not self.moving:
            yield Bars(self, totals, None)
            return
        columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            yield Bars(self, totals, progress)
