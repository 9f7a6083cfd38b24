"""What people have asked of one version of a lineage, one signed Recompose after the other."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.decision import RecomposeStatement
from services.compose.guidance import Form


@dataclass(frozen=True)
class Wishes:
    """All of them together: a later one replaces an earlier one of the same kind. `editors` may not approve."""

    pack: str | None = None
    form: Form = "long"
    slots: dict[str, str] = field(default_factory=dict)
    editors: tuple[str, ...] = ()


NONE = Wishes()


def merged(statements: Iterable[RecomposeStatement]) -> Wishes:
    """The wishes of these statements, oldest first."""
    pack: str | None = None
    form: Form = "long"
    slots: dict[str, str] = {}
    editors: list[str] = []
    for wish in statements:
        pack, form = wish.pack or pack, wish.form or form
        slots |= wish.slots
        editors.append(wish.person)
    return Wishes(pack, form, slots, tuple(dict.fromkeys(editors)))
