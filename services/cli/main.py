"""The `tocsin` command. Each verb is a file of its own; this one gathers them and turns failures into sentences."""

import logging
import sys
import traceback

import typer
from typer.exceptions import TyperException

from services.cli import brake, decisions, kafka_verbs, keys, parked, subscribers
from services.cli.asyncapi import asyncapi
from services.cli.demo.verb import demo
from services.cli.doctor import doctor
from services.cli.errors import Code, Failure
from services.cli.preview import preview
from services.cli.publish import publish
from services.cli.settings import CliSettings
from services.cli.status import status
from services.cli.up import up
from services.cli.validate import validate

EPILOG = (
    "Exit codes: 0 done · 1 refused, not found, or the answer is no · 2 wrong use or a wrong setting · "
    "3 something that is needed does not run or is not installed · 4 not in time · 130 interrupted."
)

app = typer.Typer(
    name="tocsin",
    help="Carries a public-health alert from the agency that issues it to people's phones, and can take it back.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
VERBS = (demo, up, publish, validate, preview, status, doctor, asyncapi)
GROUPS = {
    "brake": brake.app, "parked": parked.app, "keys": keys.app, "subscribers": subscribers.app,
    "kafka": kafka_verbs.app,
}  # fmt: skip
for verb in VERBS:
    app.command()(verb)
decisions.register(app)
decisions.register(app)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Run one verb; the process ends here, with the verb's exit code and never with a traceback."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)  # what it says is said again, in our words
    try:
        code = app(standalone_mode=False)
    except Failure as failure:
        _end(str(failure), failure.code)
    except TyperException as error:
        place = getattr(getattr(error, "ctx", None), "command_path", "tocsin")
        _end(f"{error.format_message()}\nTry `{place} --help`.", Code.WRONG)
    except (KeyboardInterrupt, typer.Abort):
        _end("interrupted", Code.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets a sentence
        _end(_bug(error), Code.BUG)
    sys.exit(code if isinstance(code, int) else 0)


def _end(sentence: str, code: int) -> None:
    print(f"tocsin: {sentence}", file=sys.stderr)
    sys.exit(code)


def _bug(error: Exception) -> str:
    if CliSettings().trace:
        traceback.print_exc()
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"this is a mistake in tocsin itself ({type(error).__name__} at {where.filename}:{where.lineno}); "
        "set TOCSIN_CLI_TRACE=1 to see all of it, and report it"
    )


if __name__ == "__main__":
    main()
