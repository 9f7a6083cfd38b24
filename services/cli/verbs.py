"""Which verbs there are, and where each is; only what is asked for is loaded, so that a short verb is a quick one."""

from collections.abc import Iterable
from importlib import import_module

import typer

EPILOG = (
    "Exit codes: 0 done · 1 refused, not found, or the answer is no · 2 wrong use or a wrong setting · "
    "3 something that is needed does not run or is not installed · 4 not in time · 130 interrupted."
)

_DECISIONS = "services.cli.decisions"
#: In the order of `tocsin --help`. A verb is a function of its own name, or stands under it in its module's VERBS.
VERBS = {
    "demo": "services.cli.demo.verb",
    "up": "services.cli.up",
    "validate": "services.cli.validate",
    "corpus": "services.cli.corpus",
    "identifiers": "services.cli.identifiers",
    "preview": "services.cli.preview",
    "publish": "services.cli.publish",
    "pending": _DECISIONS,
    "approve": _DECISIONS,
    "return": _DECISIONS,
    "reject": _DECISIONS,
    "override": _DECISIONS,
    "recompose": "services.cli.recompose",
    "withdraw": "services.cli.withdraw",
    "held": "services.cli.withheld",
    "bytes": "services.cli.withheld",
    "status": "services.cli.status",
    "top": "services.cli.top",
    "compare": "services.cli.compare",
    "doctor": "services.cli.doctor",
    "backup": "services.cli.backup",
    "restore": "services.cli.restore",
    "asyncapi": "services.cli.asyncapi",
}
GROUPS = {
    "brake": "services.cli.brake",
    "doubt": "services.cli.doubt",
    "parked": "services.cli.parked.verbs",
    "keys": "services.cli.keys.verbs",
    "guidance": "services.cli.guidance.verbs",
    "subscribers": "services.cli.subscribers.verbs",
    "kafka": "services.cli.kafka.verbs",
}


def _whole() -> None:
    """Carries a public-health alert from the agency that issues it to people's phones, and can take it back."""


def command(words: Iterable[str]) -> typer.Typer:
    """The `tocsin` command for these words: with the one verb that they begin with, else with every verb."""
    first = next(iter(words), "")
    chosen = [first] if first in VERBS or first in GROUPS else [*VERBS, *GROUPS]
    app = typer.Typer(
        name="tocsin", epilog=EPILOG, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
    )
    app.callback()(_whole)
    for name in chosen:
        if name in GROUPS:
            app.add_typer(import_module(GROUPS[name]).app, name=name)
        else:
            module = import_module(VERBS[name])
            app.command(name)(getattr(module, "VERBS", {}).get(name) or getattr(module, name))
    return app
