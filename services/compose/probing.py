"""Whether a contact's page answers. Only when a person asks: tests and rooms never do."""

import urllib.error
import urllib.request

WAIT_S = 5.0


def reach(page: str, wait_s: float = WAIT_S) -> bool:
    """Ask for the head of a page; True when it answers with anything but an error."""
    if not page.startswith("https://"):
        return False
    request = urllib.request.Request(page, method="HEAD", headers={"User-Agent": "tocsin contact prober"})  # noqa: S310 - https only
    try:
        with urllib.request.urlopen(request, timeout=wait_s) as answer:  # noqa: S310 - https only, see above
            return bool(answer.status < 400)  # noqa: PLR2004 - HTTP's first error
    except (urllib.error.URLError, OSError, ValueError):
        return False
