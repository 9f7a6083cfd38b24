"""X's rate windows: so many requests of one kind by one account in 15 minutes.

Every answer says what is left (https://docs.x.com/x-api/fundamentals/rate-limits). Windows are not kept over a restart.
"""

from dataclasses import dataclass
from typing import Literal

from services.sandbox.settings import Rules

Kind = Literal["create", "delete", "read"]


@dataclass(slots=True)
class Window:
    """One account's window of one kind."""

    limit: int
    used: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        """What each answer says about the window."""
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(max(0, self.limit - self.used)),
            "x-rate-limit-reset": str(self.reset_s),
        }


class Windows:
    """All accounts' windows."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, Kind], Window] = {}

    def take(self, account_id: str, kind: Kind, now_s: float, rules: Rules) -> tuple[Window, bool]:
        """Take one request out of the window; False where nothing was left."""
        limit = {"create": rules.x_create_limit, "delete": rules.x_delete_limit, "read": rules.x_read_limit}[kind]
        window = self._windows.get((account_id, kind))
        if window is None or now_s >= window.reset_s:
            window = self._windows[account_id, kind] = Window(limit, 0, int(now_s) + rules.x_window_s)
        window.limit = limit
        if window.used >= limit:
            return window, False
        window.used += 1
        return window, True
