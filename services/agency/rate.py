"""How often one key may post: a bucket that fills evenly."""

from collections.abc import Callable


class Rate:
    """`per_minute` posts, of which all may come at once after a quiet minute."""

    def __init__(self, per_minute: int, seconds: Callable[[], float]) -> None:
        """`seconds` is a clock that only goes forward."""
        self._size, self._seconds = per_minute, seconds
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, agency: str) -> float:
        """Seconds until this agency may post, having taken one post where that is now (0)."""
        now = self._seconds()
        level, filled = self._buckets.get(agency, (float(self._size), now))
        level = min(float(self._size), level + (now - filled) * self._size / 60)
        if level < 1:
            self._buckets[agency] = level, now
            return (1 - level) * 60 / self._size
        self._buckets[agency] = level - 1, now
        return 0.0
