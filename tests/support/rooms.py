"""The rooms that there are: every package of services that can be run as a process."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def rooms() -> list[str]:
    """`intake`, `dispatch.x` and so on: what stands between `python -m services.` and the end."""
    services = REPOSITORY / "services"
    mains = (path for path in services.rglob("__main__.py") if path.parent.relative_to(services).parts[:1] != ("cli",))
    return sorted(".".join(path.parent.relative_to(services).parts) for path in mains)
