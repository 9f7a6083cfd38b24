"""The linter of guidance packs and contacts: every contradiction that a reviewer would have to find, as a rule."""

# The modules of rules enter them as they are imported.
from services.compose.linting import dangers, facts, shape, twins, wording
from services.compose.linting.contacts import CONTACT_RULES, lint_contacts
from services.compose.linting.rules import RULES, Case, Problem, lint

__all__ = [
    "CONTACT_RULES", "RULES", "Case", "Problem", "dangers", "facts", "lint", "lint_contacts", "shape", "twins",
    "wording",
]  # fmt: skip
